//! The data directory: where everything is, and how a database in it is opened.
//!
//! ```text
//! place          which directory this is; a copy's does not match
//! lock           held while the directory is open
//! journal/*.wal  every batch, synced before it is acknowledged
//! snapshots/*.redb  immutable, compact copies of all rows, named after their last batch
//! live/main.redb    all rows now; may be torn in a copy, and can be made from the other two
//! live/clean     says that main.redb was closed well and not touched since
//! ```

use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use redb::{Builder, Database, ReadOnlyDatabase, ReadableDatabase, StorageBackend, TableHandle};

use crate::backend::Backend;
use crate::error::guarded;
use crate::files::{FileHandle, Files};
use crate::live::{META, META_KEY, Meta};
use crate::read::{definition, fetch_from};
use crate::table::Catalogue;
use crate::{Error, Key, Record, Table, key, record};

/// Milliseconds since 1970.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// A day.
pub(crate) const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// Pages of a database that is read or written once need little memory.
const PASSING_CACHE: usize = 8 << 20;

pub(crate) const LIVE_FILE: &str = "main.redb";
pub(crate) const LOCK_FILE: &str = "lock";

/// A data directory and how it is to be kept.
#[derive(Clone)]
pub(crate) struct Home {
    pub(crate) files: Arc<dyn Files>,
    pub(crate) dir: PathBuf,
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) clock: Clock,
    pub(crate) machine: String,
    pub(crate) cache_bytes: usize,
    pub(crate) keep_days: u32,
    pub(crate) snapshot_bytes: u64,
}

impl fmt::Debug for Home {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Home")
            .field("dir", &self.dir)
            .finish_non_exhaustive()
    }
}

/// An open database with the file beneath it.
pub(crate) struct OpenFile {
    pub(crate) database: Database,
    pub(crate) backend: Backend,
}

impl Home {
    pub(crate) fn live_dir(&self) -> PathBuf {
        self.dir.join("live")
    }

    pub(crate) fn live_file(&self) -> PathBuf {
        self.live_dir().join(LIVE_FILE)
    }

    pub(crate) fn journal_dir(&self) -> PathBuf {
        self.dir.join("journal")
    }

    pub(crate) fn snapshot_dir(&self) -> PathBuf {
        self.dir.join("snapshots")
    }

    /// Makes the folders, and their names survive a power loss.
    pub(crate) fn make_dirs(&self) -> Result<(), Error> {
        let (live, journal, snapshots) = (self.live_dir(), self.journal_dir(), self.snapshot_dir());
        for dir in [&self.dir, &live, &journal, &snapshots] {
            self.files.make_dir(dir)?;
        }
        self.files.sync_dir(&self.dir)?;
        self.sync_above()
    }

    /// Makes the directory's own name survive a power loss, where its parent can be opened at all.
    pub(crate) fn sync_above(&self) -> Result<(), Error> {
        let above = match self.dir.parent() {
            Some(above) if above.as_os_str().is_empty() => Path::new("."),
            Some(above) => above,
            None => return Ok(()),
        };
        match self.files.sync_dir(above) {
            Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(()),
            outcome => Ok(outcome?),
        }
    }

    pub(crate) fn now(&self) -> u64 {
        (self.clock)()
    }

    /// Bytes of a file; 0 when it is missing.
    pub(crate) fn len_of(&self, path: &Path) -> Result<u64, Error> {
        Ok(self.files.stamp(path)?.map_or(0, |stamp| stamp.len))
    }

    /// Opens a database that is there; with `check`, every page of it is verified first.
    pub(crate) fn open_database(&self, path: &Path, check: bool) -> Result<OpenFile, Error> {
        self.open_file(Backend::forgiving(self.files.open(path)?), check)
    }

    /// The same of a file that may have no name yet.
    pub(crate) fn open_file(&self, backend: Backend, check: bool) -> Result<OpenFile, Error> {
        guarded(|| {
            if backend.len()? == 0 {
                return Err(Error::corrupt_file("it is empty"));
            }
            let database = Builder::new()
                .set_cache_size(self.cache_bytes)
                .set_check_integrity_on_open(check)
                .create_with_backend(backend.clone())?;
            Ok(OpenFile { database, backend })
        })
    }

    /// Opens a database to verify every page of it, without changing a byte of the file.
    pub(crate) fn verify_database(&self, path: &Path) -> Result<Database, Error> {
        guarded(|| {
            let file = self.files.open_to_read(path)?;
            if file.len()? == 0 {
                return Err(Error::corrupt_file("it is empty"));
            }
            Ok(Builder::new()
                .set_cache_size(PASSING_CACHE)
                .set_check_integrity_on_open(true)
                .create_with_backend(Backend::scratch(file))?)
        })
    }

    /// Looks at a database that was closed well, without changing it.
    pub(crate) fn look_at(&self, path: &Path) -> Result<ReadOnlyDatabase, Error> {
        guarded(|| {
            let file = self.files.open_to_read(path)?;
            Ok(Builder::new()
                .set_cache_size(PASSING_CACHE)
                .open_read_only_with_backend(Backend::new(file))?)
        })
    }

    /// Gives a file that is complete and synced, and has no name, the name of another one, which is
    /// replaced. For a moment it has a passing name: a copy that is made meanwhile hardly sees it.
    pub(crate) fn put(&self, file: &dyn FileHandle, path: &Path) -> Result<(), Error> {
        let mut passing = path.to_owned().into_os_string();
        passing.push(".new");
        let passing = PathBuf::from(passing);
        self.files.remove(&passing)?;
        file.link(&passing)?;
        self.files.rename(&passing, path)?;
        Ok(self.files.sync_dir(path.parent().unwrap_or(&self.dir))?)
    }

    /// Creates the tables of the catalogue that are missing in a database.
    pub(crate) fn create_tables(&self, database: &Database) -> Result<(), Error> {
        guarded(|| {
            let present: Vec<String> = database
                .begin_read()?
                .list_tables()?
                .map(|table| table.name().to_owned())
                .collect();
            let mut missing = self
                .catalogue
                .names()
                .filter(|name| !present.iter().any(|known| known == name))
                .peekable();
            if missing.peek().is_none() {
                return Ok(());
            }
            let transaction = database.begin_write()?;
            for name in missing {
                transaction.open_table(definition(name))?;
            }
            Ok(transaction.commit()?)
        })
    }
}

/// Makes a new, empty database in a file that is empty.
pub(crate) fn new_database(backend: &Backend) -> Result<Database, Error> {
    guarded(|| {
        Ok(Builder::new()
            .set_cache_size(PASSING_CACHE)
            .create_with_backend(backend.clone())?)
    })
}

/// One row of a database, whatever the catalogue says; none when there is no such table.
pub(crate) fn find_row<K: Key, V: Record>(
    database: &impl ReadableDatabase,
    table: &Table<K, V>,
    key: &K,
) -> Result<Option<V>, Error> {
    guarded(|| {
        let key = key::encoded(key);
        let transaction = database.begin_read()?;
        let found = match transaction.open_table(definition(table.name())) {
            Ok(table) => fetch_from(&table, &key)?,
            Err(redb::TableError::TableDoesNotExist(_)) => None,
            Err(error) => return Err(error.into()),
        };
        found
            .map(|bytes| record::decode(table.name(), &key, &bytes))
            .transpose()
    })
}

/// The row about the store itself.
pub(crate) fn read_meta(database: &impl ReadableDatabase) -> Result<Meta, Error> {
    find_row(database, &META, &META_KEY)?
        .ok_or_else(|| Error::corrupt_file("it does not say what it is"))
}
