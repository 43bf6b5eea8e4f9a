//! Checks and figures.

use std::fs;

use novacore_storage::{Error, Options, Store};

use super::{Time, write};
use crate::support::{BY_OWNER, file, id};

/// Promise: a sound directory has no findings, and the check has read everything.
#[test]
fn a_sound_directory_has_no_findings() {
    let time = Time::new();
    let dir = tempfile::tempdir().unwrap();
    let store = time.open(dir.path());
    write(&store, 1..=50);
    store.snapshot(&mut |_| ()).unwrap();
    write(&store, 51..=60);
    let mut steps = 0;
    let report = store.check(true, &mut |_| steps += 1).unwrap();
    assert_eq!(report.findings, []);
    assert_eq!((report.rows, report.batches, report.snapshots), (61, 60, 2));
    assert!(steps > 3);
    store.close().unwrap();
    assert_eq!(
        time.open(dir.path())
            .check(false, &mut |_| ())
            .unwrap()
            .findings,
        []
    );
}

/// Promise: damage in a snapshot or in the journal is found, though the live file is whole.
#[test]
fn damage_beside_the_live_file_is_found() {
    for (name, text) in [
        ("snapshots/00000000000000000005.redb", "note 3"),
        ("journal/00000000000000000006.wal", "note 7"),
    ] {
        let time = Time::new();
        let dir = tempfile::tempdir().unwrap();
        let store = time.open(dir.path());
        write(&store, 1..=5);
        store.snapshot(&mut |_| ()).unwrap();
        write(&store, 6..=9);
        store.close().unwrap();
        let path = dir.path().join(name);
        let mut bytes = fs::read(&path).unwrap();
        let at = bytes.windows(6).position(|part| part == text.as_bytes());
        bytes[at.unwrap()] ^= 4;
        fs::write(&path, bytes).unwrap();
        let store = time.open(dir.path());
        let findings = store.check(false, &mut |_| ()).unwrap().findings;
        let place = name.split('/').next().unwrap();
        assert!(
            findings.iter().any(|it| it.place.starts_with(place)),
            "{name}: {findings:?}"
        );
    }
}

/// Promise: a row that was altered in the live file behind its back is found, and can be had back.
#[test]
fn damage_in_the_live_file_is_found_and_mended() {
    let time = Time::new();
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(Options {
        cache_bytes: 0,
        ..time.options(dir.path())
    })
    .unwrap();
    write(&store, 1..=200);
    store.compact(&mut |_| ()).unwrap();
    let path = file(dir.path());
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes
        .windows(8)
        .position(|part| part == b"note 150")
        .unwrap();
    bytes[at + 5] = b'9';
    fs::write(&path, bytes).unwrap();
    let findings = store.check(false, &mut |_| ()).unwrap().findings;
    assert_eq!(findings.len(), 1, "{findings:?}");
    store.rebuild(&mut |_| ()).unwrap();
    assert_eq!(store.check(true, &mut |_| ()).unwrap().findings, []);
}

/// Promise: sizes are told by table and by user.
#[test]
fn sizes_are_told_by_table_and_user() {
    let time = Time::new();
    let dir = tempfile::tempdir().unwrap();
    let store = time.open(dir.path());
    write(&store, 1..=10);
    let put: Result<(), Error> = store
        .write(|tx| {
            for n in 0..30 {
                tx.put(&BY_OWNER, &(id(u128::from(n % 3 == 0)), n), &())?;
            }
            Ok(())
        })
        .wait();
    put.unwrap();
    let stats = store.stats(&mut |_| ()).unwrap();
    let rows = |name: &str| {
        stats
            .tables
            .iter()
            .find(|it| it.table == name)
            .unwrap()
            .rows
    };
    assert_eq!((rows("test.notes"), rows("test.by_owner")), (10, 30));
    let users: Vec<_> = stats.users.iter().map(|it| (it.user, it.rows)).collect();
    assert_eq!(users, vec![(id(0), 20), (id(1), 10)]);
    assert!(stats.disk.live > 0 && stats.disk.journal > 0);
    assert_eq!(stats.disk, store.disk_use().unwrap());
}
