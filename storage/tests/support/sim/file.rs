//! An open file of the simulated disk.

use std::path::{Path, PathBuf};
use std::{fmt, io};

use novacore_storage::FileHandle;

use super::disk::{self, State};
use super::{SimDisk, Sync};

/// How the file came to be open.
#[derive(Debug)]
pub enum Home {
    Named,
    ReadOnly,
    Unnamed,
    /// Has a passing name, which goes with the handle.
    Passing(String),
}

pub struct SimFile {
    pub disk: SimDisk,
    pub generation: u64,
    pub inode: u64,
    /// Where it was opened.
    pub folder: PathBuf,
    /// What its syncs are for.
    pub syncs: Sync,
    pub home: Home,
}

impl fmt::Debug for SimFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SimFile({} in {})", self.inode, self.folder.display())
    }
}

impl SimFile {
    fn change(&self, work: impl FnOnce(&mut State) -> io::Result<()>) -> io::Result<()> {
        if matches!(self.home, Home::ReadOnly) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        self.disk.change(self.generation, work)
    }
}

/// As many of `len` bytes as are written before the end comes, or the disk is full.
fn part(state: &mut State, len: usize) -> (usize, io::Result<()>) {
    if state.cutting {
        let written = state.rng.below(len as u64 + 1);
        return (usize::try_from(written).unwrap_or(0), Ok(()));
    }
    let Some(room) = &mut state.faults.room else {
        return (len, Ok(()));
    };
    let written = len.min(usize::try_from(*room).unwrap_or(len));
    *room -= written as u64;
    if written < len {
        return (written, Err(io::ErrorKind::StorageFull.into()));
    }
    (len, Ok(()))
}

fn position(offset: u64) -> io::Result<usize> {
    usize::try_from(offset).map_err(|_| io::ErrorKind::FileTooLarge.into())
}

impl FileHandle for SimFile {
    fn len(&self) -> io::Result<u64> {
        self.disk.look(self.generation, |state| {
            Ok(state.inode(self.inode)?.bytes.len() as u64)
        })
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let start = position(offset)?;
        self.disk.look(self.generation, |state| {
            let bytes = &state.inode(self.inode)?.bytes;
            let Some(found) = bytes.get(start..start + out.len()) else {
                return Err(io::ErrorKind::UnexpectedEof.into());
            };
            out.copy_from_slice(found);
            Ok(())
        })
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let start = position(offset)?;
        self.change(|state| {
            let (written, outcome) = part(state, data.len());
            state.inode_mut(self.inode)?.write(start, &data[..written]);
            state.touch(self.inode);
            outcome
        })
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let len = position(len)?;
        self.change(|state| {
            state.inode_mut(self.inode)?.set_len(len);
            state.touch(self.inode);
            Ok(())
        })
    }

    fn sync(&self) -> io::Result<()> {
        self.disk.change(self.generation, |state| {
            state.sync_file(self.inode, self.syncs)
        })
    }

    fn link(&self, path: &Path) -> io::Result<()> {
        if matches!(self.home, Home::Named | Home::ReadOnly) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let (folder, name) = disk::split(path)?;
        self.change(|state| state.link(folder, name, self.inode))
    }
}

impl Drop for SimFile {
    fn drop(&mut self) {
        if let Home::Passing(name) = &self.home {
            let _ = self.disk.change(self.generation, |state| {
                state.unlink(&self.folder, name);
                Ok(())
            });
        }
    }
}
