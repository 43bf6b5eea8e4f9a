//! A disk that flips bits and keeps quiet about it.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use novacore_storage::{Disk, FileHandle, Files, Stamp};

/// Flips one bit of a file.
pub fn flip(file: &Path, bit: u64) {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(file)
        .unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, bit / 8).unwrap();
    byte[0] ^= 1 << (bit % 8);
    file.write_all_at(&byte, bit / 8).unwrap();
}

/// The disk, but files tell the stamp that they had when this was made, for as long as they have the
/// same length: a disk that rots does not set the time of change.
#[derive(Debug)]
pub struct Quiet {
    stamps: HashMap<PathBuf, Stamp>,
}

impl Quiet {
    /// Remembers the stamps of these files.
    pub fn new(dir: &Path, files: &[(PathBuf, u64)]) -> Self {
        let stamp = |path: &PathBuf| {
            let path = dir.join(path);
            let stamp = Disk.stamp(&path).unwrap().unwrap();
            (path, stamp)
        };
        let stamps = files.iter().map(|(path, _)| stamp(path)).collect();
        Self { stamps }
    }
}

impl Files for Quiet {
    fn stamp(&self, path: &Path) -> io::Result<Option<Stamp>> {
        let now = Disk.stamp(path)?;
        let before = self.stamps.get(path).copied();
        Ok(match (now, before) {
            (Some(now), Some(before)) if now.inode == before.inode && now.len == before.len => {
                Some(before)
            }
            _ => now,
        })
    }

    fn make_dir(&self, dir: &Path) -> io::Result<()> {
        Disk.make_dir(dir)
    }

    fn names(&self, dir: &Path) -> io::Result<Vec<String>> {
        Disk.names(dir)
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn FileHandle>> {
        Disk.open(path)
    }

    fn open_to_read(&self, path: &Path) -> io::Result<Arc<dyn FileHandle>> {
        Disk.open_to_read(path)
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn FileHandle>> {
        Disk.create(path)
    }

    fn create_unnamed(&self, dir: &Path) -> io::Result<Arc<dyn FileHandle>> {
        Disk.create_unnamed(dir)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        Disk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        Disk.remove(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        Disk.sync_dir(dir)
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn Send + Sync>>> {
        Disk.lock(path)
    }

    fn free_bytes(&self, dir: &Path) -> io::Result<u64> {
        Disk.free_bytes(dir)
    }
}
