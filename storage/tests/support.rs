//! A store in a temporary folder, and the tables that the tests share.

pub mod rng;
pub mod sim;

use std::path::Path;

use novacore_storage::{Error, Migration, Options, Record, Store, Table, TableInfo};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;
use uuid::Uuid;

/// A row with a text in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    pub text: String,
    pub stars: u32,
}

impl Record for Note {}

pub fn note(text: &str) -> Note {
    Note {
        text: text.to_owned(),
        stars: 0,
    }
}

pub const NOTES: Table<u64, Note> = Table::new("test.notes");
pub const BY_OWNER: Table<(Uuid, u64), ()> = Table::new("test.by_owner");
pub const WORDS: Table<(String, u64), Note> = Table::new("test.words");

pub const CATALOGUE: &[TableInfo] = &[
    NOTES.info("tests", "number", "a note"),
    BY_OWNER.info("tests", "owner, number", "(index)").by_user(),
    WORDS.info("tests", "word, number", "a note"),
];

pub fn options(dir: &Path, migrations: &'static [Migration]) -> Options {
    Options {
        cache_bytes: 4 << 20,
        ..Options::new(dir.to_owned(), CATALOGUE, migrations)
    }
}

pub fn open(dir: &Path) -> Result<Store, Error> {
    Store::open(options(dir, &[]))
}

/// A new store; the folder lives as long as the first part of the answer.
pub fn new_store() -> (TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    (dir, store)
}

/// The database file of a data directory.
pub fn file(dir: &Path) -> std::path::PathBuf {
    dir.join("live/main.redb")
}

/// A table as redb has it, for looking beneath the crate.
pub const fn raw(name: &str) -> redb::TableDefinition<'_, &'static [u8], &'static [u8]> {
    redb::TableDefinition::new(name)
}

/// An id that reads well in a failure.
pub fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}
