//! Snapshots, their retirement, and the live file made anew from them.

use std::fs;
use std::path::Path;

use novacore_storage::{Error, Options, Read, Span, Start, Store};

use super::{DAY, Time, files_with, numbers, upto, write};
use crate::support::sim::{Fault, SimDisk};
use crate::support::{NOTES, file, note};

fn names(dir: &Path, folder: &str) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(dir.join(folder))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.metadata().unwrap().len() > 0)
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Promise: without the live file everything comes back from the newest snapshot and the journal; with
/// that snapshot damaged, from the one before it.
#[test]
fn everything_comes_back_without_the_live_file() {
    let time = Time::new();
    let dir = tempfile::tempdir().unwrap();
    let store = time.open(dir.path());
    for part in 0..3 {
        write(&store, part * 10 + 1..=part * 10 + 10);
        assert_eq!(store.snapshot(&mut |_| ()).unwrap().seq, part * 10 + 10);
    }
    write(&store, 31..=35);
    store.close().unwrap();
    for damaged in [None, Some("00000000000000000030.redb")] {
        fs::remove_file(file(dir.path())).unwrap();
        if let Some(name) = damaged {
            let path = dir.path().join("snapshots").join(name);
            let mut bytes = fs::read(&path).unwrap();
            let middle = bytes.len() / 3;
            bytes[middle..].fill(0x5A);
            fs::write(&path, bytes).unwrap();
        }
        let store = time.open(dir.path());
        assert_eq!(store.opened().start, Start::Rebuilt);
        assert_eq!(store.opened().damage.is_empty(), damaged.is_none());
        assert_eq!(numbers(&store), upto(35));
        store.close().unwrap();
    }
}

/// Promise: a snapshot is taken by itself when the journal has grown long, and writing goes on.
#[test]
fn a_long_journal_makes_a_snapshot() {
    let time = Time::new();
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(Options {
        snapshot_bytes: 1 << 20,
        ..time.options(dir.path())
    })
    .unwrap();
    let text = "x".repeat(50_000);
    for n in 0..200 {
        let row = note(&text);
        let put: Result<(), Error> = store.write(move |tx| tx.put(&NOTES, &n, &row)).wait();
        put.unwrap();
    }
    store.maintain().unwrap(); // Waits for the one under way.
    assert!(!names(dir.path(), "snapshots").is_empty());
    store.close().unwrap();
    fs::remove_file(file(dir.path())).unwrap();
    let rows: Result<u64, Error> = time
        .open(dir.path())
        .read(|tx| tx.count(&NOTES, Span::all()));
    assert_eq!(rows, Ok(200));
}

/// Promise: old snapshots and journal are emptied, never what a copy may need that began within a day,
/// and their names go at the next start.
#[test]
fn what_is_old_is_retired() {
    let time = Time::new();
    let dir = tempfile::tempdir().unwrap();
    let store = time.open(dir.path());
    for day in 0..20 {
        write(&store, day + 1..=day + 1);
        store.snapshot(&mut |_| ()).unwrap();
        store.maintain().unwrap();
        time.pass(DAY);
    }
    let before = fs::read_dir(dir.path().join("snapshots")).unwrap().count();
    let kept = names(dir.path(), "snapshots");
    assert_eq!(before, 21, "no name vanishes while it is open");
    assert!((8..=10).contains(&kept.len()), "{kept:?}");
    assert_eq!(
        names(dir.path(), "journal").len(),
        kept.len() - 1,
        "and the journal after the oldest"
    );
    store.close().unwrap();
    fs::remove_file(file(dir.path())).unwrap();
    let store = time.open(dir.path());
    assert_eq!(numbers(&store), upto(20));
    let after = fs::read_dir(dir.path().join("snapshots")).unwrap().count();
    assert_eq!(after, kept.len());
}

/// Promise: what was deleted is gone from the live file at once after a scrub, and from everything a
/// day later; what was not deleted stays, and readers go on meanwhile.
#[test]
fn a_scrub_removes_what_was_deleted() {
    let time = Time::new();
    let dir = tempfile::tempdir().unwrap();
    let store = time.open(dir.path());
    write(&store, 1..=3);
    let secret = "a word that nobody else has";
    let put: Result<(), Error> = store
        .write(move |tx| tx.put(&NOTES, &99, &note(secret)))
        .wait();
    put.unwrap();
    store.snapshot(&mut |_| ()).unwrap();
    let gone: Result<bool, Error> = store.write(|tx| tx.delete(&NOTES, &99)).wait();
    assert_eq!(gone, Ok(true));
    let during: Result<Vec<u64>, Error> = store.read(|tx| {
        store.scrub(&mut |_| ())?;
        let rows = tx.scan(&NOTES, Span::all(), usize::MAX)?;
        Ok(rows.into_iter().map(|(n, _)| n).collect())
    });
    assert_eq!(
        during,
        Ok(upto(3)),
        "a reader finishes with the file it began with"
    );
    assert_eq!(
        files_with(&dir.path().join("live"), secret),
        Vec::<String>::new()
    );
    assert_eq!(numbers(&store), upto(3));
    time.pass(DAY + 1);
    assert!(store.maintain().unwrap().retired > 0);
    assert_eq!(files_with(dir.path(), secret), Vec::<String>::new());
    write(&store, 4..=4);
    store.close().unwrap();
    fs::remove_file(file(dir.path())).unwrap();
    assert_eq!(numbers(&time.open(dir.path())), upto(4));
}

/// Promise: compacting makes the live file small, and loses nothing.
#[test]
fn compacting_makes_it_small() {
    let time = Time::new();
    let dir = tempfile::tempdir().unwrap();
    let store = time.open(dir.path());
    let text = "y".repeat(100_000);
    for n in 100..200 {
        let row = note(&text);
        let put: Result<(), Error> = store.write(move |tx| tx.put(&NOTES, &n, &row)).wait();
        put.unwrap();
    }
    write(&store, 1..=5);
    let gone: Result<u64, Error> = store
        .write(|tx| tx.delete_span(&NOTES, Span::all().from(&100)))
        .wait();
    assert_eq!(gone, Ok(100));
    let sizes = store.compact(&mut |_| ()).unwrap();
    assert!(sizes.after * 10 < sizes.before, "{sizes:?}");
    assert_eq!(numbers(&store), upto(5));
    write(&store, 6..=7);
    store.close().unwrap();
    let store = time.open(dir.path());
    assert_eq!(
        (store.opened().start, numbers(&store)),
        (Start::Clean, upto(7))
    );
}

/// Promise: a damaged live file is made anew while the store is open.
#[test]
fn the_live_file_can_be_rebuilt() {
    let time = Time::new();
    let dir = tempfile::tempdir().unwrap();
    let store = time.open(dir.path());
    write(&store, 1..=5);
    store.rebuild(&mut |_| ()).unwrap();
    write(&store, 6..=6);
    assert_eq!(numbers(&store), upto(6));
    assert_eq!(store.check(true, &mut |_| ()).unwrap().findings, []);
}

/// Promise: a snapshot for which there is no room is given up at once, not gathered in memory; writing and
/// reading go on, and with room it is taken.
#[test]
fn a_snapshot_without_room_is_given_up() {
    let disk = SimDisk::new(1, Path::new("/srv/data"));
    let store = Store::open(Options {
        files: disk.files(),
        ..Time::new().options(Path::new("/srv/data"))
    })
    .unwrap();
    let text = "z".repeat(1 << 20);
    for n in 1..=24 {
        let row = note(&text);
        let put: Result<(), Error> = store.write(move |tx| tx.put(&NOTES, &n, &row)).wait();
        put.unwrap();
    }
    disk.arm(Fault::FullAfter(4 << 20));
    let mut last = 0;
    let refused = store.snapshot(&mut |progress| last = progress.done);
    assert_eq!(refused, Err(Error::Full));
    assert_eq!(last, 4, "there are tables after the one with the notes");
    disk.heal();
    let rows: Result<u64, Error> = store.read(|tx| tx.count(&NOTES, Span::all()));
    assert_eq!(rows, Ok(24));
    store.snapshot(&mut |_| ()).unwrap();
}
