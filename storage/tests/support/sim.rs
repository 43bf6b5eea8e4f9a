//! A disk that behaves as badly as a real one may.
//!
//! `SimDisk` is the disk; `SimFiles` is how one process sees it, and is what a store is given. Whatever
//! was not synced when the power goes is kept, dropped or torn, file by file and sector by sector,
//! so it is also reordered; so are names whose folder was not synced. Everything follows from a seed
//! and from the order of the calls.
//!
//! What is taken from real file systems: a sync that fails leaves the bytes readable, but no later sync
//! writes them; the time of change of a file reaches the disk independently of the content until both
//! are synced; a process that is killed loses nothing but its unnamed files and its locks.

mod disk;
mod file;
mod folder;
mod inode;
mod tests;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{fmt, io};

use disk::State;
use novacore_storage::{FileHandle, Files, Stamp};

use crate::support::rng::Rng;
use file::{Home, SimFile};

/// One kind of sync, by what it is for: the name of the store's folder, "" for the directory itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sync {
    /// The content of a file in the folder; the marker of a clean close, in `live`, is "clean".
    File(&'static str),
    /// The folder itself.
    Folder(&'static str),
}

impl Sync {
    /// What a folder is for.
    fn purpose(folder: &Path) -> &'static str {
        let names = ["journal", "snapshots", "live"];
        let known = names.into_iter().find(|name| folder.ends_with(name));
        known.unwrap_or("")
    }

    /// The sync of a file that is opened under this name.
    fn of_file(folder: &Path, name: &str) -> Self {
        match Self::purpose(folder) {
            "live" if name.starts_with("clean") => Self::File("clean"),
            purpose => Self::File(purpose),
        }
    }
}

/// What goes wrong next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// During the n-th change from now everything stops, until the process is replaced.
    Stop(u64),
    /// The n-th sync from now fails.
    SyncFails(u64),
    /// After this many more bytes the disk is full.
    FullAfter(u64),
}

/// The disk. Clones are the same disk.
#[derive(Clone)]
pub struct SimDisk {
    state: Arc<Mutex<State>>,
}

impl SimDisk {
    /// An empty disk; `root` is there and stays.
    pub fn new(seed: u64, root: &Path) -> Self {
        let state = Arc::new(Mutex::new(State::new(Rng::new(seed), root)));
        Self { state }
    }

    /// The files as the present process sees them; useless once the process or the power has gone.
    pub fn files(&self) -> Arc<dyn Files> {
        let generation = self.state().generation;
        Arc::new(SimFiles {
            disk: self.clone(),
            generation,
        })
    }

    /// Arms a fault, in the place of an earlier one of its kind.
    pub fn arm(&self, fault: Fault) {
        let mut state = self.state();
        match fault {
            Fault::Stop(n) => state.faults.stop = Some(n),
            Fault::SyncFails(n) => state.faults.sync_fails = Some(n),
            Fault::FullAfter(bytes) => state.faults.room = Some(bytes),
        }
    }

    /// The disk is well again and takes everything.
    pub fn heal(&self) {
        let mut state = self.state();
        state.faults.sync_fails = None;
        state.faults.room = None;
        state.faults.stop = None;
    }

    /// From now on calls of this kind say Ok and do nothing: the build in which they were forgotten.
    pub fn forget(&self, sync: Option<Sync>) {
        self.state().faults.forgets = sync;
    }

    /// A file system that has no files without a name.
    pub fn without_unnamed(&self) {
        self.state().no_unnamed = true;
    }

    /// Whether an armed `Stop` has struck.
    pub fn stopped(&self) -> bool {
        self.state().stopped
    }

    /// Nothing works any more until the process is replaced.
    pub fn stop(&self) {
        self.state().stopped = true;
    }

    /// The process dies: what it wrote stays, its locks and its unnamed files do not.
    pub fn kill(&self) {
        self.state().end_process();
    }

    /// The power fails: what was not synced is kept, dropped or torn.
    pub fn power_loss(&self) {
        self.state().lose_power();
    }

    /// Inverts one bit of a file, on the disk and for everybody who reads it.
    pub fn flip(&self, path: &Path, byte: usize, bit: u8) {
        self.state().flip(path, byte, bit);
    }

    /// Every file with its length, for a failure's report.
    pub fn listing(&self) -> Vec<(PathBuf, u64)> {
        self.state().listing()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Anything that only looks.
    fn look<T>(
        &self,
        generation: u64,
        work: impl FnOnce(&State) -> io::Result<T>,
    ) -> io::Result<T> {
        let state = self.state();
        state.alive(generation)?;
        work(&state)
    }

    /// Anything that changes the disk. When the end comes during it, it is done, or not, or in part.
    fn change<T>(
        &self,
        generation: u64,
        work: impl FnOnce(&mut State) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut state = self.state();
        state.alive(generation)?;
        if !state.ends_now() {
            return work(&mut state);
        }
        if state.rng.coin() {
            let _ = work(&mut state);
        }
        state.stopped = true;
        Err(disk::gone())
    }
}

/// The disk as one process sees it.
struct SimFiles {
    disk: SimDisk,
    generation: u64,
}

impl fmt::Debug for SimFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SimFiles({})", self.generation)
    }
}

impl SimFiles {
    fn handle(&self, inode: u64, path: (&Path, &str), home: Home) -> Arc<dyn FileHandle> {
        let (folder, name) = path;
        Arc::new(SimFile {
            disk: self.disk.clone(),
            generation: self.generation,
            inode,
            folder: folder.to_owned(),
            syncs: Sync::of_file(folder, name),
            home,
        })
    }

    fn open_as(&self, path: &Path, home: Home) -> io::Result<Arc<dyn FileHandle>> {
        let (folder, name) = disk::split(path)?;
        let inode = self.disk.look(self.generation, |state| {
            state.find(folder, name).ok_or_else(disk::not_found)
        })?;
        Ok(self.handle(inode, (folder, name), home))
    }
}

impl Files for SimFiles {
    fn make_dir(&self, dir: &Path) -> io::Result<()> {
        self.disk.change(self.generation, |state| {
            state.make_dir(dir);
            Ok(())
        })
    }

    fn names(&self, dir: &Path) -> io::Result<Vec<String>> {
        self.disk
            .look(self.generation, |state| Ok(state.names(dir)))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn FileHandle>> {
        self.open_as(path, Home::Named)
    }

    fn open_to_read(&self, path: &Path) -> io::Result<Arc<dyn FileHandle>> {
        self.open_as(path, Home::ReadOnly)
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn FileHandle>> {
        let (folder, name) = disk::split(path)?;
        let inode = self.disk.change(self.generation, |state| {
            let inode = state.new_inode();
            state.link(folder, name, inode).map(|()| inode)
        })?;
        Ok(self.handle(inode, (folder, name), Home::Named))
    }

    fn create_unnamed(&self, dir: &Path) -> io::Result<Arc<dyn FileHandle>> {
        let (inode, home) = self
            .disk
            .change(self.generation, |state| state.create_unnamed(dir))?;
        Ok(self.handle(inode, (dir, ""), home))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk
            .change(self.generation, |state| state.rename(from, to))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let (folder, name) = disk::split(path)?;
        self.disk.change(self.generation, |state| {
            state.unlink(folder, name);
            Ok(())
        })
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.disk
            .change(self.generation, |state| state.sync_dir(dir))
    }

    fn stamp(&self, path: &Path) -> io::Result<Option<Stamp>> {
        let (folder, name) = disk::split(path)?;
        self.disk
            .look(self.generation, |state| Ok(state.stamp(folder, name)))
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn Send + std::marker::Sync>>> {
        let (folder, name) = disk::split(path)?;
        let taken = self.disk.change(self.generation, |state| {
            if state.find(folder, name).is_none() {
                let inode = state.new_inode();
                state.link(folder, name, inode)?;
            }
            Ok(state.locks.insert(path.to_owned()))
        })?;
        let guard = || -> Box<dyn Send + std::marker::Sync> {
            Box::new(Locked {
                disk: self.disk.clone(),
                generation: self.generation,
                path: path.to_owned(),
            })
        };
        Ok(taken.then(guard))
    }

    fn free_bytes(&self, _dir: &Path) -> io::Result<u64> {
        self.disk.look(self.generation, |state| {
            Ok(state.faults.room.unwrap_or(1 << 40))
        })
    }
}

/// A lock that is held.
struct Locked {
    disk: SimDisk,
    generation: u64,
    path: PathBuf,
}

impl Drop for Locked {
    fn drop(&mut self) {
        let mut state = self.disk.state();
        if state.generation == self.generation {
            state.locks.remove(&self.path);
        }
    }
}
