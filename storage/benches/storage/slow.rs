//! The disk, made as slow as many are: a sync takes a millisecond more.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use novacore_storage::{Disk, FileHandle, Files, Stamp};

/// What a sync takes in addition.
const SYNC: Duration = Duration::from_millis(1);

#[derive(Debug)]
pub struct SlowDisk;

#[derive(Debug)]
struct SlowFile(Arc<dyn FileHandle>);

fn slow(file: io::Result<Arc<dyn FileHandle>>) -> io::Result<Arc<dyn FileHandle>> {
    Ok(Arc::new(SlowFile(file?)))
}

impl Files for SlowDisk {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn FileHandle>> {
        slow(Disk.open(path))
    }

    fn open_to_read(&self, path: &Path) -> io::Result<Arc<dyn FileHandle>> {
        slow(Disk.open_to_read(path))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn FileHandle>> {
        slow(Disk.create(path))
    }

    fn create_unnamed(&self, dir: &Path) -> io::Result<Arc<dyn FileHandle>> {
        slow(Disk.create_unnamed(dir))
    }

    fn make_dir(&self, dir: &Path) -> io::Result<()> {
        Disk.make_dir(dir)
    }

    fn names(&self, dir: &Path) -> io::Result<Vec<String>> {
        Disk.names(dir)
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

    fn stamp(&self, path: &Path) -> io::Result<Option<Stamp>> {
        Disk.stamp(path)
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn Send + Sync>>> {
        Disk.lock(path)
    }

    fn free_bytes(&self, dir: &Path) -> io::Result<u64> {
        Disk.free_bytes(dir)
    }
}

impl FileHandle for SlowFile {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read_at(offset, out)
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write_at(offset, data)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync(&self) -> io::Result<()> {
        thread::sleep(SYNC);
        self.0.sync()
    }

    fn link(&self, path: &Path) -> io::Result<()> {
        self.0.link(path)
    }
}
