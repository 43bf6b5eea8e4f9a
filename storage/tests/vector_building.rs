//! What happens while a graph is made. The making is held up at the manifest it looks for first: a pipe,
//! which somebody reads only when there is somebody who writes.

use std::fs;
use std::path::Path;
use std::thread;

use novacore_storage::{Built, Query, Vectors};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use tempfile::TempDir;

use crate::vector::clustered;
use crate::vector_owners::{ADA, MODEL, Truth, query, vectors};

const DIRECTION: [f32; 4] = [1.0, 0.5, 0.0, -1.0];

fn files(dir: &Path) -> std::path::PathBuf {
    dir.join("vectors").join(ADA.simple().to_string())
}

/// Makes a graph of 150 rows; `meanwhile` happens after they were copied.
fn build(meanwhile: impl FnOnce(&Truth, &Vectors)) -> (TempDir, Truth, Vectors, Built) {
    let (dir, truth) = (tempfile::tempdir().unwrap(), Truth::default());
    let vectors = vectors(dir.path(), 100);
    for (label, vector) in clustered(30, 150, 4) {
        truth.put(ADA, label, &vector);
    }
    truth.search(&vectors, ADA, query(&DIRECTION));
    fs::create_dir_all(files(dir.path())).unwrap();
    let pipe = files(dir.path()).join("manifest");
    mknodat(CWD, &pipe, FileType::Fifo, Mode::RWXU, 0).unwrap();
    let built = thread::scope(|scope| {
        let building = scope.spawn(|| vectors.build(ADA).unwrap());
        let held_up = fs::OpenOptions::new().write(true).open(&pipe).unwrap();
        meanwhile(&truth, &vectors);
        drop(held_up);
        building.join().unwrap()
    });
    (dir, truth, vectors, built)
}

/// Promise: what is told while a graph is made is in it when it takes over, be it little or much; and
/// rows that went meanwhile leave the files as others do.
#[test]
fn changes_beside_the_making_are_made_good() {
    for changes in [1, 60] {
        let (dir, truth, vectors, built) = build(|truth, vectors| {
            for place in 0..changes {
                truth.remove(ADA, place);
                vectors.remove(ADA, place);
                truth.put(ADA, (place + 1000, 0), &DIRECTION);
                vectors.put(ADA, MODEL, (place + 1000, 0), &DIRECTION);
            }
            assert_eq!(vectors.wants_graph(), None);
            let found = truth.found(vectors, ADA, query(&DIRECTION));
            assert_eq!(found, truth.labels(ADA, MODEL));
        });
        assert_eq!((built, vectors.usage().graphs), (Built::Made, 1));
        assert_eq!(vectors.tombstones(ADA), usize::try_from(changes).unwrap());
        let found = truth.found(&vectors, ADA, query(&DIRECTION));
        assert_eq!(found, truth.labels(ADA, MODEL));
        assert_eq!((vectors.tidy(), vectors.wants_graph()), (Ok(0), Some(ADA)));
        assert!(files(dir.path()).join("rows.hnsw.data").exists());
    }
}

/// Promise: a graph of rows that were let go of meanwhile, for those of another model, is thrown away.
#[test]
fn a_graph_of_rows_that_are_gone_is_thrown_away() {
    let new = Query {
        model: "tiny:2",
        ..query(&DIRECTION)
    };
    let (_dir, truth, vectors, built) = build(|truth, vectors| {
        truth.put_of(ADA, "tiny:2", (7, 0), &DIRECTION);
        assert_eq!(truth.found(vectors, ADA, new), [(7, 0)]);
    });
    assert_eq!((built, vectors.usage().graphs), (Built::Nothing, 0));
    assert_eq!(truth.found(&vectors, ADA, new), [(7, 0)]);
    assert_eq!(vectors.tidy(), Ok(1));
}

/// Promise: when an owner is removed while their graph is made, nothing of them is on disk afterwards.
#[test]
fn nothing_of_a_removed_owner_is_written() {
    let (dir, ..) = build(|truth, vectors| {
        truth
            .labels(ADA, MODEL)
            .iter()
            .for_each(|l| truth.remove(ADA, l.0));
        vectors.remove_owner(ADA).unwrap();
    });
    assert_eq!(fs::read_dir(dir.path().join("vectors")).unwrap().count(), 0);
}
