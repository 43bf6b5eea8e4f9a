//! Backups, restoring to a moment, and upgrades.

use std::fs;
use std::path::Path;

use novacore_storage::{
    Error, Migration, Options, Restore, Restored, Store, inspect, restore, upgrade_check,
};

use super::{Time, numbers, shell, upto, write};
use crate::support::{NOTES, file, note};

fn restored(time: &Time, from: &Path, into: &Path, at_ms: Option<u64>) -> Result<Restored, Error> {
    let restore_this = Restore {
        from: from.to_owned(),
        into: into.to_owned(),
        at_ms,
        partial: false,
        options: time.options(into),
    };
    restore(&restore_this, &mut |_| ())
}

/// Promise: a backup is a data directory: it opens, holds everything acknowledged before it, is read
/// back, and nothing that is there is overwritten.
#[test]
fn a_backup_is_a_data_directory() {
    let time = Time::new();
    let (dir, parent) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = time.open(dir.path());
    write(&store, 1..=20);
    let into = parent.path().join("backup");
    let made = store.backup(&into, &mut |_| ()).unwrap();
    assert_eq!((made.seq, made.rows > 20), (20, true));
    write(&store, 21..=22);
    let again = store.backup(&into, &mut |_| ()).unwrap_err();
    assert_eq!(again, Error::NotEmpty { dir: into.clone() });
    let looked = inspect(&time.options(&into), &mut |_| ()).unwrap();
    assert_eq!(
        (looked.seq, looked.held, looked.findings),
        (20, true, Vec::new())
    );
    let copy = time.open(&into);
    assert!(copy.held());
    assert_eq!(numbers(&copy), upto(20));
    assert_ne!(copy.seq(), store.seq());
}

/// Promise: a restore to a moment is exact to the batch, from a copy and from a backup; it is held, is a
/// history of its own, and the source stays as it was.
#[test]
fn a_moment_is_restored_exactly() {
    let time = Time::new();
    let (dir, parent) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = time.open(dir.path());
    let mut moments = Vec::new();
    for n in 1..=30 {
        time.pass(1000);
        write(&store, n..=n);
        moments.push(time.now());
        if n % 10 == 0 {
            store.snapshot(&mut |_| ()).unwrap();
        }
    }
    let copy = parent.path().join("copy");
    shell("cp -a \"$1\" \"$2\"", dir.path(), &copy);
    fs::write(file(&copy), b"torn").unwrap();
    for n in [1, 5, 10, 11, 29, 30] {
        for (moment, last) in [(moments[n - 1], n as u64), (moments[n - 1] + 999, n as u64)] {
            let into = parent.path().join(format!("at {moment}"));
            let made = restored(&time, &copy, &into, Some(moment)).unwrap();
            assert_eq!((made.seq, made.ms), (last, moments[n - 1]));
            let back = time.open(&into);
            assert_eq!(numbers(&back), upto(last));
            assert!(back.held());
            assert_ne!(back.lineage(), store.lineage());
            write(&back, last + 1..=last + 1);
            assert_eq!(numbers(&back), upto(last + 1));
        }
    }
    let into = parent.path().join("before all");
    let before_all = restored(&time, &copy, &into, Some(1)).unwrap_err();
    assert_eq!(before_all, Error::TooLongAgo);
    assert_eq!(fs::read(file(&copy)).unwrap(), b"torn");
}

/// Promise: restoring never overwrites, and never reads a directory that somebody writes to.
#[test]
fn a_restore_refuses_what_would_do_harm() {
    let time = Time::new();
    let (dir, parent) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = time.open(dir.path());
    write(&store, 1..=3);
    let into = parent.path().join("into");
    assert_eq!(
        restored(&time, dir.path(), &into, None).unwrap_err(),
        Error::InUse
    );
    store.close().unwrap();
    fs::create_dir_all(&into).unwrap();
    fs::write(into.join("mine"), "").unwrap();
    let refused = restored(&time, dir.path(), &into, None).unwrap_err();
    assert_eq!(refused, Error::NotEmpty { dir: into.clone() });
    fs::remove_file(into.join("mine")).unwrap();
    assert_eq!(restored(&time, dir.path(), &into, None).unwrap().seq, 3);
    let empty = tempfile::tempdir().unwrap();
    assert!(restored(&time, empty.path(), &parent.path().join("nothing"), None).is_err());
}

/// Promise: when batches are missing the directory is not opened as if they had never been; what can be
/// had is had on demand.
#[test]
fn missing_batches_are_no_small_thing() {
    let time = Time::new();
    let (dir, parent) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for part in 0..3 {
        let store = time.open(dir.path());
        write(&store, part * 5 + 1..=part * 5 + 5);
        store.close().unwrap();
    }
    fs::remove_file(dir.path().join("journal/00000000000000000006.wal")).unwrap();
    fs::remove_file(file(dir.path())).unwrap();
    let refused = Store::open(time.options(dir.path())).unwrap_err();
    assert!(
        matches!(
            refused,
            Error::Incomplete {
                reachable: 5,
                known: 15,
                ..
            }
        ),
        "{refused:?}"
    );
    let into = parent.path().join("into");
    let wanted = Restore {
        from: dir.path().to_owned(),
        into: into.clone(),
        at_ms: None,
        partial: true,
        options: time.options(&into),
    };
    let made = restore(&wanted, &mut |_| ()).unwrap();
    assert_eq!((made.seq, made.damage.is_empty()), (5, false));
    assert_eq!(numbers(&time.open(&into)), upto(5));
}

const STARS: Migration = Migration {
    to: 2,
    name: "stars",
    run: |tx| tx.put(&NOTES, &1, &note("note 1")),
};

/// Promise: before a migration there is a snapshot of how it was, from which it can be had back.
#[test]
fn an_upgrade_takes_a_snapshot_first() {
    let time = Time::new();
    let (dir, parent) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = time.open(dir.path());
    write(&store, 2..=4);
    store.close().unwrap();
    let newer = Options {
        migrations: &[STARS],
        ..time.options(dir.path())
    };
    let looked = upgrade_check(&newer).unwrap();
    assert_eq!(
        (looked.found, looked.supported, looked.pending),
        (Some(1), 2, vec!["stars"])
    );
    time.pass(1000);
    let store = Store::open(newer).unwrap();
    assert_eq!(store.opened().migrated_from, Some(1));
    assert_eq!(numbers(&store), upto(4));
    store.close().unwrap();
    let into = parent.path().join("before");
    let made = restored(&time, dir.path(), &into, Some(time.now() - 1)).unwrap();
    assert_eq!((made.seq, made.snapshot, made.replayed), (3, Some(3), 0));
    assert_eq!(numbers(&time.open(&into)), vec![2, 3, 4]);
}
