//! Which directory this is, and whether its live file is as it was left.

use std::fs;

use novacore_storage::{Error, Start, Store};

use super::{Time, numbers, shell, upto, write};
use crate::support::{NOTES, note};

/// Promise: after a good close the live file is opened without a check, in the same directory and in a
/// moved one, which is no copy.
#[test]
fn a_good_close_is_believed() {
    let time = Time::new();
    let parent = tempfile::tempdir().unwrap();
    let (here, there) = (parent.path().join("here"), parent.path().join("there"));
    let store = time.open(&here);
    assert_eq!(store.opened().start, Start::New);
    write(&store, 1..=5);
    store.close().unwrap();
    fs::rename(&here, &there).unwrap();
    let store = time.open(&there);
    assert_eq!(store.opened().start, Start::Clean);
    assert!(!store.held());
    assert_eq!(numbers(&store), upto(5));
}

/// Promise: no copy is taken for a directory that was closed well, whatever made it, and each knows
/// that it is a copy until it is adopted.
#[test]
fn a_copy_is_checked_and_held() {
    let ways = [
        "cp -a \"$1\" \"$2\"",
        "cp -r \"$1\" \"$2\"",
        "mkdir \"$2\"; tar -C \"$1\" -cf - . | tar -C \"$2\" -xpf -",
        "mkdir \"$2\"; cp -a \"$1\"/. \"$2\"/; touch -r \"$1/live/main.redb\" \"$2/live/main.redb\"",
    ];
    let rsync =
        "command -v rsync >/dev/null || { cp -a \"$1\" \"$2\"; exit 0; }; rsync -a \"$1\"/ \"$2\"/";
    for way in ways.into_iter().chain([rsync]) {
        let time = Time::new();
        let parent = tempfile::tempdir().unwrap();
        let (here, there) = (parent.path().join("here"), parent.path().join("there"));
        let store = time.open(&here);
        write(&store, 1..=5);
        store.close().unwrap();
        shell(way, &here, &there);
        let copy = time.open(&there);
        assert_eq!(copy.opened().start, Start::Checked, "{way}");
        assert!(copy.held(), "{way}");
        assert_eq!(numbers(&copy), upto(5));
        copy.adopt().unwrap();
        assert!(!copy.held());
        copy.maintain().unwrap(); // Makes a live file that can be believed.
        copy.close().unwrap();
        let copy = time.open(&there);
        assert_eq!((copy.opened().start, copy.held()), (Start::Clean, false));
        assert!(!time.open(&here).held(), "the original is none");
    }
}

/// Promise: an older copy laid back over the directory, in place, is noticed; what was acknowledged
/// since then comes from the journal, and the directory counts as a copy.
#[test]
fn an_older_copy_laid_over_is_noticed() {
    let ways = [
        "cp -a \"$1\"/. \"$2\"/",
        "cp -a --no-preserve=timestamps \"$1\"/. \"$2\"/",
        "command -v rsync >/dev/null && rsync -a --inplace \"$1\"/ \"$2\"/ || cp -a \"$1\"/. \"$2\"/",
    ];
    for way in ways {
        let time = Time::new();
        let parent = tempfile::tempdir().unwrap();
        let (here, old) = (parent.path().join("here"), parent.path().join("old"));
        let store = time.open(&here);
        write(&store, 1..=5);
        store.close().unwrap();
        shell("cp -a \"$1\" \"$2\"", &here, &old);
        let store = time.open(&here);
        write(&store, 6..=9);
        store.close().unwrap();
        shell(way, &old, &here);
        let store = time.open(&here);
        assert_ne!(store.opened().start, Start::Clean, "{way}");
        assert_eq!(numbers(&store), upto(9), "{way}");
    }
}

/// Promise: what belongs to another machine is held, too, though every file is the same.
#[test]
fn another_machine_is_another_place() {
    let time = Time::new();
    let dir = tempfile::tempdir().unwrap();
    let on = |machine: &str| {
        let mut options = time.options(dir.path());
        options.machine = machine.to_owned();
        Store::open(options).unwrap()
    };
    on("one").close().unwrap();
    assert!(on("two").held());
    assert!(!on("one").held());
}

/// Promise: files of two histories are not mixed.
#[test]
fn two_histories_are_refused() {
    let time = Time::new();
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for dir in [&one, &two] {
        let store = time.open(dir.path());
        write(&store, 1..=3);
        store.snapshot(&mut |_| ()).unwrap();
        write(&store, 4..=5);
        store.close().unwrap();
    }
    fs::remove_file(one.path().join("live/main.redb")).unwrap();
    shell(
        "cp -a \"$1\"/journal/00000000000000000004.wal \"$2\"/journal/",
        two.path(),
        one.path(),
    );
    let refused = Store::open(time.options(one.path())).unwrap_err();
    assert!(refused.to_string().contains("two histories"), "{refused}");
}

/// Promise: a directory that is moved away while it is open takes no further write, says why, and goes
/// on when it is back.
#[test]
fn a_directory_that_was_moved_away_takes_no_write() {
    let time = Time::new();
    let parent = tempfile::tempdir().unwrap();
    let (here, there) = (parent.path().join("here"), parent.path().join("there"));
    let store = time.open(&here);
    write(&store, 1..=3);
    fs::rename(&here, &there).unwrap();
    time.open(&here).close().unwrap();
    let displaced = Error::Displaced { dir: here.clone() };
    assert_eq!(store.probe().wait(), Err(displaced.clone()));
    let put: Result<(), Error> = store.write(|tx| tx.put(&NOTES, &4, &note("lost"))).wait();
    assert_eq!(put, Err(displaced));
    assert_eq!(numbers(&store), upto(3), "reading goes on");
    fs::remove_dir_all(&here).unwrap();
    fs::rename(&there, &here).unwrap();
    store.probe().wait().unwrap();
    write(&store, 4..=4);
    assert_eq!(numbers(&store), upto(4));
}
