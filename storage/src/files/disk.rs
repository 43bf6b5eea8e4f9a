//! The real disk.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::UNIX_EPOCH;

use rustix::fs::{AtFlags, CWD, Mode, OFlags};

use super::{FileHandle, Files, Stamp};

/// Files are for their owner only.
const PRIVATE: u32 = 0o600;

/// The file system of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct Disk;

impl Files for Disk {
    fn make_dir(&self, dir: &Path) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(dir)
    }

    fn names(&self, dir: &Path) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut names = Vec::new();
        for entry in entries {
            // No file of ours has a name that is not UTF-8.
            names.extend(entry?.file_name().into_string().ok());
        }
        names.sort();
        Ok(names)
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn FileHandle>> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        // An earlier release, or a tool that copied it, may have let others in.
        if file.metadata()?.permissions().mode() & 0o077 != 0 {
            file.set_permissions(Permissions::from_mode(PRIVATE))?;
        }
        Ok(Arc::new(DiskFile {
            file,
            home: Home::Named,
        }))
    }

    fn open_to_read(&self, path: &Path) -> io::Result<Arc<dyn FileHandle>> {
        let file = File::open(path)?;
        Ok(Arc::new(DiskFile {
            file,
            home: Home::Named,
        }))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn FileHandle>> {
        let file = create_new(path)?;
        Ok(Arc::new(DiskFile {
            file,
            home: Home::Named,
        }))
    }

    fn create_unnamed(&self, dir: &Path) -> io::Result<Arc<dyn FileHandle>> {
        let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
        match rustix::fs::open(dir, flags, Mode::from_raw_mode(PRIVATE)) {
            Ok(file) => {
                let file = File::from(file);
                Ok(Arc::new(DiskFile {
                    file,
                    home: Home::Unnamed,
                }))
            }
            // NFS, overlayfs on old kernels and others have no files without a name.
            Err(_) => named_temporary(dir),
        }
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        match fs::remove_file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            outcome => outcome,
        }
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        File::open(dir)?.sync_all()
    }

    fn stamp(&self, path: &Path) -> io::Result<Option<Stamp>> {
        let found = match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            found => found?,
        };
        let born = found
            .created()
            .ok()
            .and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        Ok(Some(Stamp {
            inode: found.ino(),
            born_ns: born.map_or(0, |at| at.as_nanos().cast_signed()),
            len: found.len(),
            changed_ns: i128::from(found.ctime()) * 1_000_000_000 + i128::from(found.ctime_nsec()),
        }))
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn Send + Sync>>> {
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(PRIVATE)
            .open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(Locked(file)))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn free_bytes(&self, dir: &Path) -> io::Result<u64> {
        let found = rustix::fs::statvfs(dir)?;
        Ok(found.f_bavail.saturating_mul(found.f_frsize))
    }
}

/// A lock that is held.
struct Locked(File);

impl Drop for Locked {
    fn drop(&mut self) {
        // Closing the file is not enough: a child process that another thread is just starting has a
        // copy of it until it runs its own program, and would hold the lock for that long.
        let _ = self.0.unlock();
    }
}

fn create_new(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(PRIVATE)
        .open(path)
}

/// A file under a passing name, removed when it did not get its real one.
fn named_temporary(dir: &Path) -> io::Result<Arc<dyn FileHandle>> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let path = dir.join(format!("{}-{number}.tmp", std::process::id()));
    let file = create_new(&path)?;
    Ok(Arc::new(DiskFile {
        file,
        home: Home::Passing(path),
    }))
}

#[derive(Debug)]
enum Home {
    Named,
    Unnamed,
    Passing(PathBuf),
}

#[derive(Debug)]
struct DiskFile {
    file: File,
    home: Home,
}

impl Drop for DiskFile {
    fn drop(&mut self) {
        if let Home::Passing(path) = &self.home {
            // Gone already when it got its real name.
            let _ = fs::remove_file(path);
        }
    }
}

impl FileHandle for DiskFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(out, offset)
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.file.write_all_at(data, offset)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn sync(&self) -> io::Result<()> {
        // The length is data to fdatasync; times are not, and nothing here depends on them.
        self.file.sync_data()
    }

    fn link(&self, path: &Path) -> io::Result<()> {
        match &self.home {
            Home::Named => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "the file has a name",
            )),
            Home::Passing(passing) => {
                // Unlike a link, renaming would replace what is there.
                if fs::hard_link(passing, path).is_ok() {
                    return fs::remove_file(passing);
                }
                if path.try_exists()? {
                    return Err(io::ErrorKind::AlreadyExists.into());
                }
                fs::rename(passing, path)
            }
            Home::Unnamed => {
                let mut descriptor = OsString::from("/proc/self/fd/");
                descriptor.push(self.file.as_raw_fd().to_string());
                rustix::fs::linkat(
                    CWD,
                    PathBuf::from(descriptor),
                    CWD,
                    path,
                    AtFlags::SYMLINK_FOLLOW,
                )?;
                Ok(())
            }
        }
    }
}
