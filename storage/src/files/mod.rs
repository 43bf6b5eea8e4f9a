//! The file system as this crate uses it.
//!
//! Everything that must survive is written through these two traits. There are two implementations: the
//! disk, and the tests' simulated files, which lose, tear and reorder whatever was not synced. What must
//! stay true of every caller: a file's content counts as kept only after [`FileHandle::sync`], its name
//! only after [`Files::sync_dir`] of the folder it is in; after a failed sync nothing is known of what
//! was written since the last good one.

mod disk;
mod system;

use std::fmt::Debug;
use std::io;
use std::path::Path;
use std::sync::Arc;

pub use disk::Disk;
pub use system::{FileSystem, file_system};

/// All bytes of a file.
pub(crate) fn read_whole(files: &dyn Files, path: &Path) -> io::Result<Vec<u8>> {
    let file = files.open_to_read(path)?;
    let len = usize::try_from(file.len()?).map_err(|_| io::ErrorKind::OutOfMemory)?;
    let mut bytes = vec![0; len];
    file.read_at(0, &mut bytes)?;
    Ok(bytes)
}

/// Which file this is: no tool that copies bytes back can make these four the same again, because
/// nothing but the kernel sets the time of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Stamp {
    /// Number of the file in its file system.
    pub inode: u64,
    /// When the file was made, in nanoseconds since 1970; 0 where the file system does not say.
    pub born_ns: i128,
    /// Bytes.
    pub len: u64,
    /// When anything about the file last changed, in nanoseconds since 1970.
    pub changed_ns: i128,
}

/// Names, folders and locks.
pub trait Files: Debug + Send + Sync {
    /// Makes a folder, and those above it, for its owner only; fine when it is there.
    ///
    /// # Errors
    /// What the system says.
    fn make_dir(&self, dir: &Path) -> io::Result<()>;

    /// The names of the files in a folder, sorted; a folder that is not there has none.
    ///
    /// # Errors
    /// What the system says.
    fn names(&self, dir: &Path) -> io::Result<Vec<String>>;

    /// Opens a file that is there, to read and to write.
    ///
    /// # Errors
    /// `NotFound`, or what the system says.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn FileHandle>>;

    /// Opens a file that is there, to read only.
    ///
    /// # Errors
    /// `NotFound`, or what the system says.
    fn open_to_read(&self, path: &Path) -> io::Result<Arc<dyn FileHandle>>;

    /// Makes a new file, for its owner only.
    ///
    /// # Errors
    /// `AlreadyExists`, or what the system says.
    fn create(&self, path: &Path) -> io::Result<Arc<dyn FileHandle>>;

    /// Makes a file in `dir` that nobody can see until [`FileHandle::link`] gives it its name, and that
    /// is gone with its handle otherwise. Where the file system cannot do that, a file whose name ends
    /// in `.tmp` stands in.
    ///
    /// # Errors
    /// What the system says.
    fn create_unnamed(&self, dir: &Path) -> io::Result<Arc<dyn FileHandle>>;

    /// Gives a file another name, in the place of whatever had that name.
    ///
    /// # Errors
    /// What the system says.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file; fine when it is not there.
    ///
    /// # Errors
    /// What the system says.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes what was created, linked, renamed and removed in a folder survive a power loss.
    ///
    /// # Errors
    /// What the system says.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;

    /// Which file is at a path; none when there is none.
    ///
    /// # Errors
    /// What the system says.
    fn stamp(&self, path: &Path) -> io::Result<Option<Stamp>>;

    /// Takes the lock of a file, which is made when it is missing. None when somebody else has it.
    /// Dropping the guard gives it back, and so does the end of the process.
    ///
    /// # Errors
    /// What the system says.
    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn Send + Sync>>>;

    /// Bytes that this program may still write in the file system of `dir`.
    ///
    /// # Errors
    /// What the system says.
    fn free_bytes(&self, dir: &Path) -> io::Result<u64>;
}

/// The bytes of one file. Clones of the handle are the same open file.
#[expect(
    clippy::len_without_is_empty,
    reason = "it is a file, not a collection"
)]
pub trait FileHandle: Debug + Send + Sync {
    /// Length in bytes.
    ///
    /// # Errors
    /// What the system says.
    fn len(&self) -> io::Result<u64>;

    /// Fills `out` from `offset` on.
    ///
    /// # Errors
    /// `UnexpectedEof` when the file ends before, or what the system says.
    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()>;

    /// Writes all of `data` at `offset`; the file grows when it must.
    ///
    /// # Errors
    /// `StorageFull`, or what the system says; any part may have been written.
    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()>;

    /// Makes the file this long; what is added reads as zeros.
    ///
    /// # Errors
    /// What the system says.
    fn set_len(&self, len: u64) -> io::Result<()>;

    /// Makes content and length survive a power loss.
    ///
    /// # Errors
    /// What the system says; nothing is known then of what was written since the last good sync.
    fn sync(&self) -> io::Result<()>;

    /// Gives a file from [`Files::create_unnamed`] its name.
    ///
    /// # Errors
    /// `AlreadyExists`, or what the system says.
    fn link(&self, path: &Path) -> io::Result<()>;
}
