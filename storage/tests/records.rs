//! Values on disk: their bytes, their versions, their checksums.

use novacore_storage::{Error, Read, Record, Span, Store, Table, unpack};
use redb::ReadableDatabase;
use serde::{Deserialize, Serialize};

use crate::support::{NOTES, Note, file, new_store, note, open, raw};

/// The stored bytes under a key of the notes.
fn stored(dir: &std::path::Path, key: u64) -> Vec<u8> {
    let database = redb::Database::open(file(dir)).unwrap();
    let table = database
        .begin_read()
        .unwrap()
        .open_table(raw(NOTES.name()))
        .unwrap();
    table
        .get(key.to_be_bytes().as_slice())
        .unwrap()
        .unwrap()
        .value()
        .to_vec()
}

/// Puts bytes under a key of the notes behind the store's back.
fn tamper(dir: &std::path::Path, key: u64, bytes: &[u8]) {
    let database = redb::Database::open(file(dir)).unwrap();
    let transaction = database.begin_write().unwrap();
    let mut table = transaction.open_table(raw(NOTES.name())).unwrap();
    table.insert(key.to_be_bytes().as_slice(), bytes).unwrap();
    drop(table);
    transaction.commit().unwrap();
}

fn with_one_note() -> (tempfile::TempDir, Store) {
    let (dir, store) = new_store();
    let row = Note {
        text: "Zoë".to_owned(),
        stars: 300,
    };
    store
        .write(move |tx| tx.put(&NOTES, &7, &row))
        .wait()
        .unwrap();
    (dir, store)
}

/// Promise: bytes written by any release stay readable. When this fails, data of existing
/// installations would not be read: give the record a new version instead.
#[test]
fn golden_bytes() {
    let (dir, store) = with_one_note();
    store.close().unwrap();
    let golden = b"\x01\x82\xa4text\xa4Zo\xc3\xab\xa5stars\xcd\x01\x2c\xa0\x8f\xa3\x2d";
    assert_eq!(stored(dir.path(), 7), golden);
}

/// Promise: a flipped bit is noticed on every kind of read, and harms no other row.
#[test]
fn a_flipped_bit_is_noticed() {
    let (dir, store) = with_one_note();
    store
        .write(|tx| tx.put(&NOTES, &8, &note("whole")))
        .wait()
        .unwrap();
    store.close().unwrap();
    let whole = stored(dir.path(), 7);
    for bit in (0..whole.len()).map(|byte| byte * 8 + byte % 8) {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        tamper(dir.path(), 7, &bytes);
        let store = open(dir.path()).unwrap();
        let reads: [Result<(), Error>; 4] = [
            store.read(|tx| tx.get(&NOTES, &7).map(drop)),
            store.read(|tx| tx.contains(&NOTES, &7).map(drop)),
            store.read(|tx| tx.scan(&NOTES, Span::all(), 9).map(drop)),
            store.write(|tx| tx.get(&NOTES, &7).map(drop)).wait(),
        ];
        for read in reads {
            let named = matches!(&read, Err(Error::Corrupt { table, .. }) if table == NOTES.name());
            assert!(named, "bit {bit}: {read:?}");
        }
        assert_eq!(
            store.read(|tx| tx.get(&NOTES, &8)),
            Ok::<_, Error>(Some(note("whole")))
        );
        store.close().unwrap();
    }
}

/// Promise: a value that ends up under another key is noticed.
#[test]
fn a_misplaced_value_is_noticed() {
    let (dir, store) = with_one_note();
    store.close().unwrap();
    let bytes = stored(dir.path(), 7);
    tamper(dir.path(), 8, &bytes);
    let store = open(dir.path()).unwrap();
    assert!(matches!(
        store.read(|tx| tx.get(&NOTES, &8)),
        Err(Error::Corrupt { .. })
    ));
}

/// What a later release makes of a note.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Rated {
    text: String,
    rating: f32,
}

impl Record for Rated {
    const VERSION: u8 = 2;
    fn upgrade(version: u8, body: &[u8]) -> Result<Self, Error> {
        match version {
            1 => unpack(body).map(|Note { text, .. }| Self { text, rating: 0.5 }),
            _ => Err(Error::UnknownVersion { version }),
        }
    }
}

/// Promise: an old version is upgraded while it is read; an unknown one is refused by name.
#[test]
fn versions_are_upgraded_or_refused() {
    const RATED: Table<u64, Rated> = Table::new("test.notes");
    let (_dir, store) = with_one_note();
    let rated = Rated {
        text: "Zoë".to_owned(),
        rating: 0.5,
    };
    assert_eq!(
        store.read(|tx| tx.get(&RATED, &7)),
        Ok::<_, Error>(Some(rated))
    );
    store
        .write(|tx| {
            tx.put(
                &RATED,
                &7,
                &Rated {
                    text: String::new(),
                    rating: 1.0,
                },
            )
        })
        .wait()
        .unwrap();
    let old_release: Result<_, Error> = store.read(|tx| tx.get(&NOTES, &7));
    assert_eq!(old_release, Err(Error::UnknownVersion { version: 2 }));
}

/// A note as a release knows it that has one more, optional field.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Coloured {
    text: String,
    #[serde(default)]
    colour: Option<String>,
    stars: u32,
}

impl Record for Coloured {}

/// Promise: an optional field can be added without a new version, and old releases skip it.
#[test]
fn optional_fields_need_no_new_version() {
    const COLOURED: Table<u64, Coloured> = Table::new("test.notes");
    let (_dir, store) = with_one_note();
    let found = store
        .read(|tx| tx.get(&COLOURED, &7))
        .map_err(|e: Error| e)
        .unwrap()
        .unwrap();
    assert_eq!((found.colour.as_deref(), found.stars), (None, 300));
    let coloured = Coloured {
        colour: Some("teal".to_owned()),
        ..found
    };
    store
        .write(move |tx| tx.put(&COLOURED, &7, &coloured))
        .wait()
        .unwrap();
    let read_back: Result<_, Error> = store.read(|tx| tx.get(&NOTES, &7));
    assert_eq!(read_back.unwrap().unwrap().stars, 300);
}

/// Bytes in a record take one byte each, not two.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Blob {
    bytes: Vec<u8>,
}

impl Record for Blob {}

/// Promise: a byte vector comes back as it was.
#[test]
fn byte_vectors_are_stored_compactly() {
    const BLOBS: Table<u64, Blob> = Table::new("test.notes");
    let (dir, store) = new_store();
    let bytes: Vec<u8> = (0..=255).rev().collect();
    let blob = Blob {
        bytes: bytes.clone(),
    };
    store
        .write(move |tx| tx.put(&BLOBS, &1, &blob))
        .wait()
        .unwrap();
    assert_eq!(
        store.read(|tx| tx.get(&BLOBS, &1)),
        Ok::<_, Error>(Some(Blob { bytes }))
    );
    store.close().unwrap();
    assert!(stored(dir.path(), 1).len() < 256 + 24);
}
