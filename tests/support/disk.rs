//! The machine's disk, until a test says that it is full.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use storage::{Disk, FileHandle, Files, Stamp};

/// Passes everything on to the disk; writes only while there is room.
#[derive(Debug)]
pub struct SmallDisk {
    full: Arc<AtomicBool>,
    /// So many more writes fit.
    writes: Arc<AtomicU64>,
    /// Bytes that are said to be free.
    free: AtomicU64,
}

impl SmallDisk {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            full: Arc::default(),
            writes: Arc::new(AtomicU64::new(u64::MAX)),
            free: AtomicU64::new(u64::MAX),
        })
    }

    /// From now on nothing new fits, or everything does again.
    pub fn set_full(&self, full: bool) {
        self.writes.store(u64::MAX, Ordering::SeqCst);
        self.full.store(full, Ordering::SeqCst);
    }

    /// It is full after so many more writes.
    pub fn full_after(&self, writes: u64) {
        self.writes.store(writes, Ordering::SeqCst);
    }

    pub fn set_free(&self, bytes: u64) {
        self.free.store(bytes, Ordering::SeqCst);
    }

    fn room(&self) -> io::Result<()> {
        room(&self.full)
    }

    fn wrapped(&self, file: Arc<dyn FileHandle>) -> Arc<dyn FileHandle> {
        let (full, writes) = (self.full.clone(), self.writes.clone());
        Arc::new(SmallFile { file, full, writes })
    }
}

fn room(full: &AtomicBool) -> io::Result<()> {
    if full.load(Ordering::SeqCst) {
        return Err(io::ErrorKind::StorageFull.into());
    }
    Ok(())
}

impl Files for SmallDisk {
    fn make_dir(&self, dir: &Path) -> io::Result<()> {
        Disk.make_dir(dir)
    }

    fn names(&self, dir: &Path) -> io::Result<Vec<String>> {
        Disk.names(dir)
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn FileHandle>> {
        Disk.open(path).map(|file| self.wrapped(file))
    }

    fn open_to_read(&self, path: &Path) -> io::Result<Arc<dyn FileHandle>> {
        Disk.open_to_read(path)
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn FileHandle>> {
        self.room()?;
        Disk.create(path).map(|file| self.wrapped(file))
    }

    fn create_unnamed(&self, dir: &Path) -> io::Result<Arc<dyn FileHandle>> {
        self.room()?;
        Disk.create_unnamed(dir).map(|file| self.wrapped(file))
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
        let said = self.free.load(Ordering::SeqCst);
        Disk.free_bytes(dir).map(|free| free.min(said))
    }
}

#[derive(Debug)]
struct SmallFile {
    file: Arc<dyn FileHandle>,
    full: Arc<AtomicBool>,
    writes: Arc<AtomicU64>,
}

impl FileHandle for SmallFile {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read_at(offset, out)
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let counted = |left: u64| left.checked_sub(1);
        let order = Ordering::SeqCst;
        if self.writes.fetch_update(order, order, counted).is_err() {
            self.full.store(true, order);
        }
        room(&self.full)?;
        self.file.write_at(offset, data)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        room(&self.full)?;
        self.file.set_len(len)
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }

    fn link(&self, path: &Path) -> io::Result<()> {
        room(&self.full)?;
        self.file.link(path)
    }
}
