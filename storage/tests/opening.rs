//! Opening: locks, damage, formats and migrations.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use novacore_storage::{Error, Migration, Options, Read, Span, Start, Store, Table, TableInfo};

use crate::support::{CATALOGUE, NOTES, Note, file, new_store, note, open, options};

fn with_note(text: &str) -> tempfile::TempDir {
    let (dir, store) = new_store();
    let row = note(text);
    store
        .write(move |tx| tx.put(&NOTES, &1, &row))
        .wait()
        .unwrap();
    store.close().unwrap();
    dir
}

fn text(store: &Store) -> String {
    let found: Result<_, Error> = store.read(|tx| tx.get(&NOTES, &1));
    found.unwrap().unwrap().text
}

/// Every file below a directory with its bytes.
fn contents(dir: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(dir.join("live"))
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    files.sort();
    files
        .into_iter()
        .map(|path| {
            let bytes = fs::read(&path).unwrap();
            (path, bytes)
        })
        .collect()
}

/// Promise: a directory serves one store at a time.
#[test]
fn a_second_open_is_refused() {
    let (dir, store) = new_store();
    assert_eq!(open(dir.path()).unwrap_err(), Error::InUse);
    store.close().unwrap();
    open(dir.path()).unwrap();
}

/// Promise: what is created is readable by its owner only, and says where it comes from.
#[test]
fn a_new_directory_is_private() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    let store = open(&dir).unwrap();
    for path in [dir.clone(), dir.join("live")] {
        assert_eq!(
            fs::metadata(path).unwrap().permissions().mode() & 0o777,
            0o700
        );
    }
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&file(&dir)), 0o600);
    store.close().unwrap();
    fs::set_permissions(file(&dir), fs::Permissions::from_mode(0o644)).unwrap();
    let store = open(&dir).unwrap();
    assert_eq!(mode(&file(&dir)), 0o600, "what an earlier release made");
    let (_other_dir, other) = new_store();
    assert_ne!(store.lineage(), other.lineage());
    assert_eq!(store.seq(), 0);
}

/// Promise: a creation that was cut short is begun anew.
#[test]
fn an_unfinished_creation_is_begun_anew() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("live")).unwrap();
    fs::write(dir.path().join("live/main.redb.new"), b"half").unwrap();
    let store = open(dir.path()).unwrap();
    assert_eq!(store.seq(), 0);
    assert!(!dir.path().join("live/main.redb.new").exists());
}

/// Promise: a damaged live file is made anew from the journal, and never replaced by an empty store.
#[test]
fn a_damaged_live_file_is_made_anew() {
    let whole = with_note("here");
    let bytes = fs::read(file(whole.path())).unwrap();
    let mut zeroed = bytes.clone();
    zeroed[..4096].fill(0);
    let mut scrambled = bytes.clone();
    scrambled[64..].fill(0xA5);
    for damaged in [
        Vec::new(),
        b"not a database".to_vec(),
        zeroed,
        scrambled,
        bytes[..bytes.len() / 2].to_vec(),
    ] {
        let dir = with_note("here");
        fs::write(file(dir.path()), &damaged).unwrap();
        let store = open(dir.path()).unwrap();
        assert_eq!(
            store.opened().start,
            Start::Rebuilt,
            "{} bytes",
            damaged.len()
        );
        assert_eq!(text(&store), "here");
        assert!(!store.held());
    }
}

/// Promise: a directory whose data is gone is not taken for a new one.
#[test]
fn lost_data_is_noticed() {
    let dir = with_note("here");
    for folder in ["live", "journal", "snapshots"] {
        fs::remove_dir_all(dir.path().join(folder)).unwrap();
    }
    let opened = open(dir.path());
    assert!(
        matches!(opened, Err(Error::Incomplete { .. })),
        "{opened:?}"
    );
}

/// Promise: a redb file of another program is not taken for ours.
#[test]
fn a_foreign_database_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("live")).unwrap();
    drop(redb::Database::create(file(dir.path())).unwrap());
    assert!(matches!(open(dir.path()), Err(Error::Corrupt { .. })));
}

const ADD_STAR: Migration = Migration {
    to: 2,
    name: "a star for everybody",
    run: |tx| {
        for (key, mut note) in tx.scan(&NOTES, Span::all(), usize::MAX)? {
            note.stars += 1;
            tx.put(&NOTES, &key, &note)?;
        }
        tx.record_change("notes", b"all")
    },
};
const RENAME: Migration = Migration {
    to: 3,
    name: "a new text",
    run: |tx| tx.put(&NOTES, &1, &note("migrated")),
};
const FAIL: Migration = Migration {
    to: 4,
    name: "bad",
    run: |_| Err(Error::Full),
};
const PANIC: Migration = Migration {
    to: 4,
    name: "worse",
    run: |_| std::panic::resume_unwind(Box::new("oh")),
};

/// Promise: pending migrations run once, in order; a new store runs none.
#[test]
fn migrations_run_once() {
    let dir = with_note("old");
    for _ in 0..2 {
        let store = Store::open(options(dir.path(), &[ADD_STAR])).unwrap();
        let found: Result<_, Error> = store.read(|tx| tx.get(&NOTES, &1));
        assert_eq!(found.unwrap().unwrap().stars, 1);
        let changes: Result<Vec<_>, Error> = store.read(|tx| tx.changes_after(1, 9));
        assert_eq!((store.seq(), changes.unwrap().len()), (2, 1));
        store.close().unwrap();
    }
    let store = Store::open(options(dir.path(), &[ADD_STAR, RENAME])).unwrap();
    assert_eq!((store.seq(), text(&store)), (3, "migrated".to_owned()));

    let fresh = tempfile::tempdir().unwrap();
    let store = Store::open(options(fresh.path(), &[ADD_STAR, RENAME])).unwrap();
    let rows: Result<u64, Error> = store.read(|tx| tx.count(&NOTES, Span::all()));
    assert_eq!((store.seq(), rows), (0, Ok(0)));
}

/// Promise: when one of several migrations fails, or panics, all is as before.
#[test]
fn a_failed_migration_changes_nothing() {
    for (bad, cause) in [
        (&[ADD_STAR, RENAME, FAIL], Error::Full),
        (
            &[ADD_STAR, RENAME, PANIC],
            Error::Panicked {
                message: "oh".to_owned(),
            },
        ),
    ] {
        let dir = with_note("old");
        let failed = Store::open(options(dir.path(), bad)).unwrap_err();
        let name = bad[2].name;
        assert_eq!(
            failed,
            Error::Migration {
                to: 4,
                name,
                cause: Box::new(cause)
            }
        );
        let store = open(dir.path()).unwrap();
        assert_eq!((store.seq(), text(&store)), (1, "old".to_owned()));
    }
}

/// Promise: what a newer release wrote is refused and not touched.
#[test]
fn a_newer_format_is_refused() {
    let dir = with_note("old");
    Store::open(options(dir.path(), &[ADD_STAR, RENAME]))
        .unwrap()
        .close()
        .unwrap();
    let before = contents(dir.path());
    let refused = Store::open(options(dir.path(), &[ADD_STAR])).unwrap_err();
    assert_eq!(
        refused,
        Error::NewerFormat {
            found: 3,
            supported: 2
        }
    );
    assert_eq!(
        refused,
        Store::open(options(dir.path(), &[ADD_STAR])).unwrap_err()
    );
    let after = contents(dir.path());
    assert!(before == after);
    let store = Store::open(options(dir.path(), &[ADD_STAR, RENAME])).unwrap();
    assert_eq!(text(&store), "migrated");
}

/// Promise: a catalogue that contradicts itself, or migrations out of order, are found at once.
#[test]
fn wrong_declarations_are_refused() {
    const TWICE: &[TableInfo] = &[CATALOGUE[0], CATALOGUE[0]];
    const META: Table<u8, Note> = Table::new("storage.meta");
    const RESERVED: &[TableInfo] = &[META.info("tests", "", "")];
    let dir = tempfile::tempdir().unwrap();
    for catalogue in [TWICE, RESERVED] {
        let options = Options {
            catalogue,
            ..options(dir.path(), &[])
        };
        assert!(matches!(
            Store::open(options),
            Err(Error::Misdeclared { .. })
        ));
    }
    let options = options(dir.path(), &[RENAME, ADD_STAR]);
    assert!(matches!(
        Store::open(options),
        Err(Error::Misdeclared { .. })
    ));
}

/// Promise: a table that a release adds is there after opening, without a migration.
#[test]
fn new_tables_appear() {
    let dir = tempfile::tempdir().unwrap();
    let catalogue = &CATALOGUE[1..];
    Store::open(Options {
        catalogue,
        ..options(dir.path(), &[])
    })
    .unwrap()
    .close()
    .unwrap();
    let store = open(dir.path()).unwrap();
    let found: Result<_, Error> = store.read(|tx| tx.get(&NOTES, &1));
    assert_eq!((found, store.seq()), (Ok(None), 0));
}
