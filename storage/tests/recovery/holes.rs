//! What is missing or damaged in the journal: natural in a copy, damage at home, never passed over.

use std::fs;
use std::path::Path;

use novacore_storage::{Error, Options, Restore, Start, Store, Writing, inspect, restore};

use super::{Time, numbers, shell, upto, write};
use crate::support::file;
use crate::support::sim::{Fault, SimDisk};

/// A directory with fifteen notes in three journal files, and a copy of it without its live file.
fn copied(time: &Time, parent: &Path) -> (std::path::PathBuf, std::path::PathBuf) {
    let (here, copy) = (parent.join("here"), parent.join("copy"));
    for part in 0..3 {
        let store = time.open(&here);
        write(&store, part * 5 + 1..=part * 5 + 5);
        store.close().unwrap();
    }
    shell("cp -a \"$1\" \"$2\"", &here, &copy);
    fs::remove_file(file(&copy)).unwrap();
    (here, copy)
}

fn flip(path: &Path, text: &str) {
    let mut bytes = fs::read(path).unwrap();
    let at = bytes
        .windows(text.len())
        .position(|part| part == text.as_bytes());
    bytes[at.unwrap()] ^= 1;
    fs::write(path, bytes).unwrap();
}

/// Promise: a copy that lacks a file of the journal opens with what comes before it, says so as long as it
/// is held, can be written to, and is whole from there on.
#[test]
fn a_copy_with_a_gap_opens_with_what_comes_before() {
    let time = Time::new();
    let parent = tempfile::tempdir().unwrap();
    let (_, copy) = copied(&time, parent.path());
    fs::remove_file(copy.join("journal/00000000000000000006.wal")).unwrap();
    for open in 0..2 {
        let store = time.open(&copy);
        assert!(store.held());
        assert!(!store.opened().damage.is_empty(), "at opening {open}");
        assert_eq!(numbers(&store), upto(5 + open));
        write(&store, 6 + open..=6 + open);
        assert_eq!(store.check(true, &mut |_| ()).unwrap().findings, []);
        store.close().unwrap();
    }
    let store = time.open(&copy);
    store.adopt().unwrap();
    store.close().unwrap();
    let store = time.open(&copy);
    assert_eq!(store.opened().damage, Vec::<String>::new());
    assert_eq!(numbers(&store), upto(7));
}

/// Promise: a byte that turned in the middle of a copy's journal is damage there, too: nothing behind it
/// is given up without being asked for.
#[test]
fn a_damaged_copy_is_no_torn_copy() {
    let time = Time::new();
    let parent = tempfile::tempdir().unwrap();
    let (_, copy) = copied(&time, parent.path());
    let damaged = copy.join("journal/00000000000000000011.wal");
    flip(&damaged, "note 13");
    let refused = Store::open(time.options(&copy)).unwrap_err();
    let Error::Incomplete {
        reachable,
        known,
        reason,
    } = refused
    else {
        panic!("{refused:?}");
    };
    assert_eq!((reachable, known), (12, 15));
    assert!(reason.contains("00000000000000000011.wal"), "{reason}");
    let into = parent.path().join("into");
    let mut wanted = Restore {
        from: copy.clone(),
        into: into.clone(),
        at_ms: None,
        partial: false,
        options: time.options(&into),
    };
    let refused = restore(&wanted, &mut |_| ()).unwrap_err();
    assert!(matches!(refused, Error::Incomplete { .. }), "{refused:?}");
    wanted.into = parent.path().join("part");
    wanted.partial = true;
    assert_eq!(restore(&wanted, &mut |_| ()).unwrap().seq, 12);
    let looked = inspect(&time.options(&copy), &mut |_| ()).unwrap();
    assert!(!looked.findings.is_empty());
}

/// Promise: a bounded restore passes over missing batches no more than any other.
#[test]
fn a_moment_beyond_a_gap_is_refused() {
    let time = Time::new();
    let parent = tempfile::tempdir().unwrap();
    let (here, _) = copied(&time, parent.path());
    fs::remove_file(here.join("journal/00000000000000000006.wal")).unwrap();
    let into = parent.path().join("into");
    let wanted = Restore {
        from: here,
        into: into.clone(),
        at_ms: Some(time.now()),
        partial: false,
        options: time.options(&into),
    };
    let refused = restore(&wanted, &mut |_| ()).unwrap_err();
    assert!(matches!(refused, Error::Incomplete { .. }), "{refused:?}");
}

/// Promise: damage in old journal is found by looking, though what is newer leads to the present.
#[test]
fn damage_of_long_ago_is_found() {
    let time = Time::new();
    let parent = tempfile::tempdir().unwrap();
    let (here, _) = copied(&time, parent.path());
    let store = time.open(&here);
    store.snapshot(&mut |_| ()).unwrap();
    store.close().unwrap();
    flip(&here.join("journal/00000000000000000006.wal"), "note 7");
    let looked = inspect(&time.options(&here), &mut |_| ()).unwrap();
    assert!(!looked.findings.is_empty());
    let store = time.open(&here);
    assert!(!store.check(false, &mut |_| ()).unwrap().findings.is_empty());
}

/// Promise: a journal file that should be there and is not is noticed by the live file that is ahead.
#[test]
fn a_journal_that_is_behind_the_live_file_is_noticed() {
    let time = Time::new();
    let parent = tempfile::tempdir().unwrap();
    let (here, _) = copied(&time, parent.path());
    fs::remove_file(here.join("journal/00000000000000000011.wal")).unwrap();
    let looked = inspect(&time.options(&here), &mut |_| ()).unwrap();
    assert_eq!((looked.seq, looked.findings.len()), (15, 1), "{looked:?}");
    fs::remove_file(here.join("live/clean")).unwrap();
    let store = time.open(&here);
    assert_eq!(store.opened().start, Start::Checked);
    assert_eq!(store.opened().damage.len(), 1, "{:?}", store.opened());
    assert_eq!(numbers(&store), upto(15));
    store.close().unwrap();
    fs::remove_file(file(&here)).unwrap();
    assert_eq!(
        numbers(&time.open(&here)),
        upto(15),
        "by the snapshot taken at once"
    );
}

/// Promise: a new journal file comes after every other of the same first seq, though names before it
/// have gone; so what is acknowledged into it counts.
#[test]
fn a_new_journal_file_has_the_last_word() {
    let time = Time::new();
    let dir = tempfile::tempdir().unwrap();
    let store = time.open(dir.path());
    write(&store, 1..=3);
    store.close().unwrap();
    // What a crash leaves that came while a file was begun, twice; the first name has gone since.
    fs::write(
        dir.path().join("journal/00000000000000000004-1.wal"),
        b"NOVA",
    )
    .unwrap();
    let store = time.open(dir.path());
    write(&store, 4..=6);
    store.close().unwrap();
    fs::remove_file(file(dir.path())).unwrap();
    assert_eq!(numbers(&time.open(dir.path())), upto(6));
}

/// Promise: what replaced the live file is alone: the old file is closed when nobody reads it.
#[test]
fn a_replaced_file_is_closed() {
    let time = Time::new();
    let dir = tempfile::tempdir().unwrap();
    let store = time.open(dir.path());
    write(&store, 1..=3);
    store.compact(&mut |_| ()).unwrap();
    // The file was made without a name, which is what the system goes on calling it.
    let live = dir.path().join("live").display().to_string();
    let open = fs::read_dir("/proc/self/fd").unwrap().filter(|entry| {
        let to = fs::read_link(entry.as_ref().unwrap().path());
        to.is_ok_and(|to| to.display().to_string().starts_with(&live))
    });
    assert_eq!(open.count(), 1);
}

/// Promise: a damaged journal file is written anew only when a snapshot has what it would lose; when none
/// can be taken the store opens to be read, and everything stays as it is.
#[test]
fn a_damaged_file_is_not_renewed_without_a_snapshot() {
    let root = Path::new("/srv/data");
    let mut refused = 0;
    for sync in 1..40 {
        let disk = SimDisk::new(sync, root);
        let options = || Options {
            files: disk.files(),
            ..Time::new().options(root)
        };
        let store = Store::open(options()).unwrap();
        write(&store, 1..=300); // More than a checkpoint behind the damage.
        disk.stop();
        drop(store);
        disk.heal();
        disk.kill();
        disk.flip(&root.join("journal/00000000000000000001.wal"), 400, 1);
        disk.arm(Fault::SyncFails(sync));
        let Ok(store) = Store::open(options()) else {
            continue;
        };
        assert_eq!(numbers(&store), upto(300));
        let renewed = root.join("journal/00000000000000000001-1.wal");
        let snapshot = root.join("snapshots/00000000000000000300.redb");
        let is_there = |wanted: &Path| disk.listing().iter().any(|(path, _)| path == wanted);
        assert!(!is_there(&renewed) || is_there(&snapshot), "sync {sync}");
        refused += u32::from(matches!(store.writing(), Writing::Refused { .. }));
        disk.heal();
        store.probe().wait().unwrap();
        write(&store, 301..=301);
        assert_eq!(numbers(&store), upto(301));
    }
    assert!(refused > 0);
}
