//! Snapshots: immutable, compact copies of all rows, each in a file of its own.
//!
//! A snapshot is copied from a read transaction while writing goes on, into a file that nobody sees
//! until it is whole and synced. What must stay true: a file in `snapshots/` with bytes in it is
//! complete, and never changes; retiring it means to make it empty, because a copy of the directory
//! must not find a name missing that it has just listed.

use std::path::PathBuf;

use redb::{Database, Durability, ReadTransaction, ReadableTable, TableHandle};

use crate::backend::Backend;
use crate::error::guarded;
use crate::home::{Home, find_row, new_database, read_meta};
use crate::live::Meta;
use crate::read::definition;
use crate::report::{OnProgress, Progress, SnapshotInfo};
use crate::{Error, Table, key, record};

/// When a snapshot was taken; a row that only snapshots have, and what was made from them.
pub(crate) const TAKEN: Table<u8, u64> = Table::new("storage.snapshot");
const TAKEN_KEY: u8 = 0;

/// The times of a snapshot, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Times {
    pub(crate) seq: u64,
    /// When its last batch was written.
    pub(crate) ms: u64,
    /// When it was taken; no earlier.
    pub(crate) taken_ms: u64,
}

/// So many bytes are copied in one transaction.
const COPY_BYTES: usize = 4 << 20;

/// The seqs of all snapshots, oldest first.
pub(crate) fn list(home: &Home) -> Result<Vec<u64>, Error> {
    let dir = home.snapshot_dir();
    let mut found = Vec::new();
    for name in home.files.names(&dir)? {
        let Some(seq) = parse(&name) else { continue };
        if home.len_of(&dir.join(name))? > 0 {
            found.push(seq);
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// Where a snapshot is.
pub(crate) fn path(home: &Home, seq: u64) -> PathBuf {
    home.snapshot_dir().join(format!("{seq:020}.redb"))
}

fn parse(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".redb")?;
    let seq = digits.parse().ok()?;
    (format!("{seq:020}") == digits).then_some(seq)
}

/// What a snapshot says of its rows.
pub(crate) fn meta(home: &Home, seq: u64) -> Result<Meta, Error> {
    read_meta(&home.look_at(&path(home, seq))?)
}

/// When the last batch of a snapshot was written, and when it was taken.
pub(crate) fn times(home: &Home, seq: u64) -> Result<Times, Error> {
    let file = home.look_at(&path(home, seq))?;
    let taken_ms = find_row(&file, &TAKEN, &TAKEN_KEY)?.unwrap_or(0);
    let ms = read_meta(&file)?.ms;
    Ok(Times { seq, ms, taken_ms })
}

/// Copies what a read transaction sees into a new snapshot.
pub(crate) fn write(
    home: &Home,
    from: &ReadTransaction,
    meta: &Meta,
    progress: OnProgress<'_>,
) -> Result<SnapshotInfo, Error> {
    let dir = home.snapshot_dir();
    let path = path(home, meta.seq);
    if home.len_of(&path)? == 0 {
        // A retired one of the same batch.
        home.files.remove(&path)?;
        let file = home.files.create_unnamed(&dir)?;
        let backend = Backend::new(file.clone());
        let mut database = new_database(&backend)?;
        copy_rows(from, &database, progress)?;
        say_when(home, &database)?;
        guarded(|| {
            database.compact()?;
            Ok(database.close()?)
        })?;
        file.sync()?;
        file.link(&path)?;
        home.files.sync_dir(&dir)?;
    }
    Ok(SnapshotInfo {
        seq: meta.seq,
        ms: meta.ms,
        bytes: home.len_of(&path)?,
    })
}

fn say_when(home: &Home, database: &Database) -> Result<(), Error> {
    guarded(|| {
        let key = key::encoded(&TAKEN_KEY);
        let value = record::encode(&key, &home.now())?;
        let transaction = database.begin_write()?;
        transaction
            .open_table(definition(TAKEN.name()))?
            .insert(key.as_slice(), value.as_slice())?;
        Ok(transaction.commit()?)
    })
}

/// Copies all rows, each checked, and makes them durable.
pub(crate) fn copy_rows(
    from: &ReadTransaction,
    into: &Database,
    progress: OnProgress<'_>,
) -> Result<(), Error> {
    guarded(|| {
        let mut names: Vec<String> = from
            .list_tables()?
            .map(|table| table.name().to_owned())
            .collect();
        names.sort();
        let total = names.len() as u64;
        for (done, name) in names.iter().enumerate() {
            progress(Progress {
                step: "copying tables",
                done: done as u64,
                total,
            });
            copy_table(from, into, name)?;
        }
        Ok(into.begin_write()?.commit()?)
    })
}

fn copy_table(from: &ReadTransaction, into: &Database, name: &str) -> Result<(), Error> {
    let source = from.open_table(definition(name))?;
    let mut rows = source.iter()?;
    loop {
        let mut transaction = into.begin_write()?;
        transaction.set_durability(Durability::None)?;
        let mut copied = 0;
        {
            let mut target = transaction.open_table(definition(name))?;
            while copied < COPY_BYTES {
                let Some(row) = rows.next() else { break };
                let (key, value) = row?;
                record::verify(name, key.value(), value.value())?;
                copied += key.value().len() + value.value().len();
                target.insert(key.value(), value.value())?;
            }
        }
        transaction.commit()?;
        if copied < COPY_BYTES {
            return Ok(());
        }
    }
}
