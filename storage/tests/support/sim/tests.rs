//! The simulated disk itself: what it must keep, and that it does lose the rest.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use novacore_storage::{FileHandle, Files};

use super::{Fault, SimDisk, Sync};

fn dir() -> PathBuf {
    PathBuf::from("/data")
}

fn path(name: &str) -> PathBuf {
    dir().join(name)
}

fn all(file: &dyn FileHandle) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(file.len().unwrap()).unwrap()];
    file.read_at(0, &mut bytes).unwrap();
    bytes
}

fn content(disk: &SimDisk, name: &str) -> Option<Vec<u8>> {
    let file = disk.files().open_to_read(&path(name));
    file.ok().map(|file| all(&*file))
}

/// What a file is after each of many power losses.
fn after_losses(work: impl Fn(&SimDisk, &dyn Files)) -> BTreeSet<Option<Vec<u8>>> {
    after_losses_of("f", work)
}

fn after_losses_of(name: &str, work: impl Fn(&SimDisk, &dyn Files)) -> BTreeSet<Option<Vec<u8>>> {
    let outcomes = (0..200).map(|seed| {
        let disk = SimDisk::new(seed, &dir());
        work(&disk, &*disk.files());
        disk.power_loss();
        content(&disk, name)
    });
    outcomes.collect()
}

fn synced(files: &dyn Files, bytes: &[u8]) -> std::sync::Arc<dyn FileHandle> {
    let file = files.create(&path("f")).unwrap();
    file.write_at(0, bytes).unwrap();
    file.sync().unwrap();
    files.sync_dir(&dir()).unwrap();
    file
}

/// Promise: what was synced, name and content, is there after every power loss.
#[test]
fn synced_files_survive() {
    let outcomes = after_losses(|_, files| drop(synced(files, b"kept")));
    assert_eq!(outcomes, BTreeSet::from([Some(b"kept".to_vec())]));
}

/// Promise: unsynced content is kept, dropped, torn between sectors and reordered.
#[test]
fn unsynced_content_is_torn() {
    let outcomes = after_losses(|_, files| {
        let file = synced(files, &[1; 1024]);
        file.write_at(0, &[2; 1024]).unwrap();
        file.write_at(1024, &[3; 512]).unwrap();
    });
    let part = |first: u8, second: u8| [[first; 512], [second; 512]].concat();
    for (first, second) in [(1, 1), (1, 2), (2, 1), (2, 2)] {
        let old = part(first, second);
        assert!(outcomes.contains(&Some(old.clone())), "{first} {second}");
        let longer = [old, vec![3; 512]].concat();
        assert!(outcomes.contains(&Some(longer)), "{first} {second} 3");
    }
    let whole = |bytes: &Option<Vec<u8>>| {
        let mut sectors = bytes.as_ref().unwrap().chunks(512);
        sectors.all(|sector| sector.iter().all(|byte| *byte == sector[0]))
    };
    assert!(outcomes.iter().all(whole));
}

/// Promise: a length that was not synced may be lost, and one that grew reads as zeros.
#[test]
fn unsynced_lengths_are_lost() {
    let outcomes = after_losses(|_, files| synced(files, b"abcd").set_len(2).unwrap());
    let cut = |bytes: &[u8]| Some(bytes.to_vec());
    assert_eq!(outcomes, BTreeSet::from([cut(b"ab"), cut(b"abcd")]));
}

/// Promise: a name whose folder was not synced may be lost, with all of the file.
#[test]
fn unsynced_names_are_lost() {
    let outcomes = after_losses(|_, files| {
        let file = files.create_unnamed(&dir()).unwrap();
        file.write_at(0, b"x").unwrap();
        file.sync().unwrap();
        assert_eq!(files.names(&dir()).unwrap(), [""; 0]);
        file.link(&path("f")).unwrap();
    });
    assert_eq!(outcomes, BTreeSet::from([None, Some(b"x".to_vec())]));
    let outcomes = after_losses(|_, files| {
        drop(synced(files, b"old"));
        let new = files.create(&path("g")).unwrap();
        new.write_at(0, b"new").unwrap();
        new.sync().unwrap();
        files.sync_dir(&dir()).unwrap();
        files.rename(&path("g"), &path("f")).unwrap();
    });
    let either = [b"old", b"new"].map(|bytes| Some(bytes.to_vec()));
    assert_eq!(outcomes, BTreeSet::from(either));
    let outcomes = after_losses(|_, files| {
        drop(synced(files, b"x"));
        files.remove(&path("f")).unwrap();
    });
    assert_eq!(outcomes, BTreeSet::from([None, Some(b"x".to_vec())]));
    let outcomes = after_losses_of("below/f", |_, files| {
        files.make_dir(&path("below")).unwrap();
        files.create(&path("below/f")).unwrap().sync().unwrap();
        files.sync_dir(&path("below")).unwrap();
    });
    assert_eq!(outcomes, BTreeSet::from([None, Some(Vec::new())]));
}

/// Promise: a killed process loses no byte, but its unnamed files, its locks and its handles.
#[test]
fn a_kill_keeps_what_was_written() {
    let disk = SimDisk::new(1, &dir());
    let files = disk.files();
    let file = files.create(&path("f")).unwrap();
    file.write_at(3, b"x").unwrap();
    let guard = files.lock(&path("lock")).unwrap();
    assert!(guard.is_some());
    assert!(files.lock(&path("lock")).unwrap().is_none());
    disk.kill();
    file.write_at(0, b"late").unwrap_err();
    files.stamp(&path("f")).unwrap_err();
    assert_eq!(content(&disk, "f"), Some(b"\0\0\0x".to_vec()));
    let second = disk.files().lock(&path("lock")).unwrap();
    assert!(second.is_some());
    drop(guard);
    assert!(disk.files().lock(&path("lock")).unwrap().is_none());
    drop(second);
    assert!(disk.files().lock(&path("lock")).unwrap().is_some());
}

/// Promise: after a failed sync the bytes are readable, but a later sync does not save them.
#[test]
fn a_failed_sync_is_not_made_good_by_the_next() {
    let outcomes = after_losses(|disk, files| {
        let file = synced(files, b"old");
        disk.arm(Fault::SyncFails(2));
        file.sync().unwrap();
        file.write_at(0, b"new").unwrap();
        file.sync().unwrap_err();
        assert_eq!(all(&*file), b"new");
        file.sync().unwrap();
    });
    let either = [b"old", b"new"].map(|bytes| Some(bytes.to_vec()));
    assert_eq!(outcomes, BTreeSet::from(either));
}

/// Promise: the end comes during the named change, and nothing works after it.
#[test]
fn everything_stops() {
    let outcomes = after_losses(|disk, files| {
        let file = synced(files, b"old");
        disk.arm(Fault::Stop(3));
        file.write_at(0, b"new").unwrap();
        file.set_len(2).unwrap();
        file.sync().unwrap_err();
        assert!(disk.stopped());
        file.len().unwrap_err();
        files.names(&dir()).unwrap_err();
    });
    assert!(outcomes.contains(&Some(b"ne".to_vec())));
    assert!(outcomes.contains(&Some(b"old".to_vec())));
}

/// Promise: a full disk takes what fits and says so, until there is room again.
#[test]
fn a_full_disk_says_so() {
    let disk = SimDisk::new(1, &dir());
    let file = disk.files().create(&path("f")).unwrap();
    disk.arm(Fault::FullAfter(3));
    assert_eq!(disk.files().free_bytes(&dir()).unwrap(), 3);
    let full = file.write_at(0, b"abcd").unwrap_err();
    assert_eq!(full.kind(), ErrorKind::StorageFull);
    assert_eq!(all(&*file), b"abc");
    disk.heal();
    file.write_at(0, b"abcd").unwrap();
    assert_eq!(all(&*file), b"abcd");
}

/// Promise: a forgotten sync says Ok and saves nothing; all others work.
#[test]
fn a_sync_can_be_forgotten() {
    for forgotten in [Sync::File("live"), Sync::Folder("live")] {
        let survived = (0..50).filter(|seed| {
            let disk = SimDisk::new(*seed, &dir());
            let files = disk.files();
            files.make_dir(&path("live")).unwrap();
            files.sync_dir(&dir()).unwrap();
            disk.forget(Some(forgotten));
            let file = files.create(&path("live/f")).unwrap();
            file.write_at(0, b"x").unwrap();
            file.sync().unwrap();
            files.sync_dir(&path("live")).unwrap();
            disk.power_loss();
            content(&disk, "live/f") == Some(b"x".to_vec())
        });
        assert!((1..50).contains(&survived.count()), "{forgotten:?}");
    }
}

/// Promise: every change of a file gives it a later time of change; a name taken is not given twice;
/// files that should have no name may have a passing one.
#[test]
fn names_and_stamps() {
    let disk = SimDisk::new(1, &dir());
    let files = disk.files();
    let stamp = |name: &str| files.stamp(Path::new(&path(name))).unwrap();
    assert_eq!(stamp("f"), None);
    let file = files.create(&path("f")).unwrap();
    let first = stamp("f").unwrap();
    file.write_at(0, b"x").unwrap();
    let second = stamp("f").unwrap();
    assert!(second.changed_ns > first.changed_ns && second.len == 1);
    assert_eq!(second.inode, first.inode);
    let taken = files.create(&path("f")).unwrap_err();
    assert_eq!(taken.kind(), ErrorKind::AlreadyExists);
    disk.without_unnamed();
    let passing = files.create_unnamed(&dir()).unwrap();
    let mut names = files.names(&dir()).unwrap();
    names.sort_by_key(|name| name == "f");
    names.reverse();
    let passing_name = Path::new(&names[1]).extension();
    assert!(passing_name.is_some_and(|x| x == "tmp"), "{names:?}");
    passing.link(&path("g")).unwrap();
    assert_eq!(files.names(&dir()).unwrap().len(), 3);
    drop(passing);
    assert_eq!(files.names(&dir()).unwrap(), ["f", "g"]);
    disk.flip(&path("f"), 0, 1);
    assert_eq!(content(&disk, "f"), Some(vec![b'x' ^ 2]));
    assert_eq!(disk.listing(), [(path("f"), 1), (path("g"), 0)]);
}
