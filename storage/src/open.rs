//! A directory before it is served.
//!
//! Opening means: take the lock, create what is missing, refuse what a newer release wrote, bring an
//! older format up to date in one transaction. What must stay true: a directory that cannot be opened
//! is left as it was found, and the database file appears under its name only when it is complete.

use std::collections::HashSet;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use redb::{Builder, Database, ReadableDatabase, TableHandle};
use uuid::Uuid;

use crate::error::guarded;
use crate::live::{Live, META, META_KEY, Meta};
use crate::read::{definition, fetch_from};
use crate::table::Catalogue;
use crate::writer::attempt;
use crate::{Error, Migration, Options, WriteTx, key, record};

/// Format of a store without migrations.
const FIRST_FORMAT: u32 = 1;

/// Opens or creates the store of a directory.
pub(crate) fn open(options: Options) -> Result<Live, Error> {
    let Options {
        dir,
        cache_bytes,
        catalogue,
        migrations,
    } = options;
    let catalogue = Catalogue::new(catalogue)?;
    let supported = supported_format(migrations)?;
    let home = dir.join("live");
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&home)?;
    let lock = take_lock(&dir)?;
    let path = home.join("main.redb");
    guarded(|| {
        if !path.try_exists()? {
            create_file(&home, &path, supported, &catalogue)?;
        }
        make_private(&path)?;
        // Opening for writing writes, even when nothing is changed: look before. A file that needs a
        // repair cannot be looked at, and is asked again once it is repaired.
        if let Ok(unchanged) = Builder::new().open_read_only(&path) {
            check_format(&read_meta(&unchanged)?, supported)?;
        }
        let file = LiveFile { path, cache_bytes };
        let database = file.open()?;
        let mut meta = read_meta(&database)?;
        check_format(&meta, supported)?;
        bring_up_to_date(&database, &catalogue, migrations, &mut meta)?;
        Ok(Live::new(database, &meta, catalogue, lock, file))
    })
}

/// Where the live file is, and how much memory its pages may take.
pub(crate) struct LiveFile {
    path: PathBuf,
    cache_bytes: usize,
}

impl LiveFile {
    /// Opens the database file, which must exist: an empty one is damage, not a new store.
    pub(crate) fn open(&self) -> Result<Database, Error> {
        Ok(Builder::new()
            .set_cache_size(self.cache_bytes)
            .open(&self.path)?)
    }
}

/// The format that the migrations lead to; they must be in order.
fn supported_format(migrations: &[Migration]) -> Result<u32, Error> {
    let mut format = FIRST_FORMAT;
    for migration in migrations {
        if migration.to <= format {
            let reason = format!("the migration {} is out of order", migration.name);
            return Err(Error::Misdeclared { reason });
        }
        format = migration.to;
    }
    Ok(format)
}

/// The directory belongs to whoever has this; the system takes it back when the process ends.
pub(crate) struct DirLock(File);

impl Drop for DirLock {
    fn drop(&mut self) {
        // Closing the file is not enough: a child process that another thread is just starting has a
        // copy of it until it runs its own program, and would hold the lock for that long.
        let _ = self.0.unlock();
    }
}

fn take_lock(dir: &Path) -> Result<DirLock, Error> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(dir.join("lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(DirLock(file)),
        Err(TryLockError::WouldBlock) => Err(Error::InUse),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// Takes a file that an earlier release made away from everybody but its owner.
fn make_private(path: &Path) -> Result<(), Error> {
    if fs::metadata(path)?.permissions().mode() & 0o077 != 0 {
        fs::set_permissions(path, Permissions::from_mode(0o600))?;
    }
    Ok(())
}

/// Creates the database file beside its place, complete and synced, and moves it there.
fn create_file(home: &Path, path: &Path, format: u32, catalogue: &Catalogue) -> Result<(), Error> {
    let unfinished = home.join("main.redb.new");
    if unfinished.try_exists()? {
        fs::remove_file(&unfinished)?;
    }
    // Made before redb opens it, which would let others read it.
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&unfinished)?;
    let database = Builder::new().create(&unfinished)?;
    let transaction = database.begin_write()?;
    let mut tx = WriteTx::new(&transaction, catalogue, 0);
    #[expect(
        clippy::disallowed_methods,
        reason = "a lineage is made once and must be unique; no test depends on it"
    )]
    let lineage = Uuid::new_v4();
    let seq = 0;
    tx.put(
        &META,
        &META_KEY,
        &Meta {
            format,
            seq,
            lineage,
        },
    )?;
    tx.finish()?;
    transaction.commit()?;
    database.close()?;
    fs::rename(&unfinished, path)?;
    File::open(home)?.sync_all()?;
    Ok(())
}

/// The row about the store itself; a file without it is not ours.
fn read_meta(database: &impl ReadableDatabase) -> Result<Meta, Error> {
    let key = key::encoded(&META_KEY);
    let transaction = database.begin_read()?;
    let found = match transaction.open_table(definition(META.name())) {
        Ok(table) => fetch_from(&table, &key)?,
        Err(redb::TableError::TableDoesNotExist(_)) => None,
        Err(error) => return Err(error.into()),
    };
    match found {
        Some(bytes) => record::decode(META.name(), &key, &bytes),
        None => Err(Error::corrupt_file("it does not say what it is")),
    }
}

fn check_format(meta: &Meta, supported: u32) -> Result<(), Error> {
    if meta.format > supported {
        let found = meta.format;
        return Err(Error::NewerFormat { found, supported });
    }
    Ok(())
}

/// Creates missing tables and runs the migrations that have not run, all in one transaction.
///
/// A new store has the newest format from the start and runs none.
fn bring_up_to_date(
    database: &Database,
    catalogue: &Catalogue,
    migrations: &[Migration],
    meta: &mut Meta,
) -> Result<(), Error> {
    let missing = missing_tables(database, catalogue)?;
    let pending: Vec<&Migration> = migrations
        .iter()
        .filter(|migration| migration.to > meta.format)
        .collect();
    if missing.is_empty() && pending.is_empty() {
        return Ok(());
    }
    let transaction = database.begin_write()?;
    for name in missing {
        transaction.open_table(definition(name))?;
    }
    let mut tx = WriteTx::new(&transaction, catalogue, meta.seq + 1);
    for migration in pending {
        let run = migration.run;
        attempt(&mut tx, run).map_err(|cause| Error::Migration {
            to: migration.to,
            name: migration.name,
            cause: Box::new(cause),
        })?;
        meta.format = migration.to;
        meta.seq = tx.seq();
        tx.put(&META, &META_KEY, meta)?;
    }
    tx.finish()?;
    transaction.commit()?;
    Ok(())
}

fn missing_tables(database: &Database, catalogue: &Catalogue) -> Result<Vec<&'static str>, Error> {
    let transaction = database.begin_read()?;
    let present: HashSet<String> = transaction
        .list_tables()?
        .map(|table| table.name().to_owned())
        .collect();
    Ok(catalogue
        .names()
        .filter(|name| !present.contains(*name))
        .collect())
}
