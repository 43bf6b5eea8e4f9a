//! Vectors of many owners in memory, against what the caller has.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};
use std::thread;

use novacore_storage::{Block, Label, Loaded, Near, Query, Vectors};
use uuid::Uuid;

use crate::vector::{Recall, brute, clustered, labels};

pub const ADA: Uuid = Uuid::from_u128(0xADA);
pub const BOB: Uuid = Uuid::from_u128(0xB0B);
pub const MODEL: &str = "tiny:1";

type Rows = BTreeMap<(Uuid, Label), (String, Vec<f32>)>;

/// What the caller has: by owner and label the model and its vector.
#[derive(Default)]
pub struct Truth {
    rows: Mutex<Rows>,
    pub loads: AtomicUsize,
}

impl Truth {
    pub fn put(&self, owner: Uuid, label: Label, vector: &[f32]) {
        self.put_of(owner, MODEL, label, vector);
    }

    pub fn put_of(&self, owner: Uuid, model: &str, label: Label, vector: &[f32]) {
        let row = (model.to_owned(), vector.to_owned());
        self.rows.lock().unwrap().insert((owner, label), row);
    }

    pub fn remove(&self, owner: Uuid, place: u64) {
        let mut rows = self.rows.lock().unwrap();
        rows.retain(|(whose, label), _| *whose != owner || label.0 != place);
    }

    /// All labels that a search by this model should find, in order.
    pub fn labels(&self, owner: Uuid, model: &str) -> Vec<Label> {
        let rows = self.rows.lock().unwrap();
        let own = rows
            .iter()
            .filter(|((whose, _), (of, _))| *whose == owner && of == model);
        own.map(|((_, label), _)| *label).collect()
    }

    pub fn load(&self, owner: Uuid, model: &str, dim: usize) -> Loaded {
        self.loads.fetch_add(1, Ordering::SeqCst);
        let mut block = Block::new(dim);
        for ((whose, label), (of, vector)) in &*self.rows.lock().unwrap() {
            if *whose == owner && of == model {
                block.put(*label, vector);
            }
        }
        let model = model.to_owned();
        Loaded { model, rows: block }
    }

    /// A search that trusts what is in memory: no label is asked for again.
    pub fn search(&self, vectors: &Vectors, owner: Uuid, query: Query<'_>) -> Vec<Near> {
        let load = || Ok::<_, ()>(self.load(owner, query.model, query.vector.len()));
        let same = |_| Ok(Some(query.vector.to_vec()));
        vectors.nearest(owner, query, load, same).unwrap()
    }

    /// All labels that are found, in order.
    pub fn found(&self, vectors: &Vectors, owner: Uuid, query: Query<'_>) -> Vec<Label> {
        let mut found = labels(&self.search(vectors, owner, query));
        found.sort_unstable();
        found
    }
}

pub fn query(vector: &[f32]) -> Query<'_> {
    Query {
        model: MODEL,
        vector,
        k: 10_000,
    }
}

pub fn vectors(dir: &Path, graph_above: usize) -> Vectors {
    Vectors::new(1 << 30, graph_above, dir.join("vectors"))
}

/// Promise: of bytes, compared again as they are, 99 of the 100 nearest are found.
#[test]
fn searches_find_what_is_nearest() {
    let (dir, truth) = (tempfile::tempdir().unwrap(), Truth::default());
    let vectors = vectors(dir.path(), 50_000);
    let rows = clustered(3, 3000, 64);
    for (label, vector) in &rows {
        truth.put(ADA, *label, vector);
    }
    let mut recall = Recall::default();
    for (_, vector) in &clustered(4, 40, 64) {
        let query = Query {
            k: 10,
            ..query(vector)
        };
        let load = || Ok::<_, ()>(truth.load(ADA, MODEL, 64));
        let exact = |label: Label| Ok(rows.iter().find(|(l, _)| *l == label).map(|r| r.1.clone()));
        let found = vectors.nearest(ADA, query, load, exact).unwrap();
        recall.count(&brute(&rows, vector, 10), &labels(&found));
    }
    recall.at_least(99);
    assert_eq!(truth.loads.load(Ordering::SeqCst), 1);
}

/// Promise: the best are compared again by what the caller has, and one it has no more is left out.
#[test]
fn the_caller_has_the_last_word() {
    let (dir, truth) = (tempfile::tempdir().unwrap(), Truth::default());
    let vectors = vectors(dir.path(), 50_000);
    for place in 0..3 {
        truth.put(ADA, (place, 0), &[1.0, 0.0]);
    }
    let load = || Ok(truth.load(ADA, MODEL, 2));
    let exact = |label: Label| match label.0 {
        0 => Ok(None),
        1 => Ok(Some(vec![0.0, 1.0])),
        _ => Ok(Some(vec![2.0, 0.0])),
    };
    let near = |place, cosine| Near {
        label: (place, 0),
        cosine,
    };
    let found = vectors.nearest::<()>(ADA, query(&[1.0, 0.0]), load, exact);
    assert_eq!(found, Ok(vec![near(2, 1.0), near(1, 0.0)]));
    let failing = |_| Err("unreadable");
    let found = vectors.nearest(ADA, query(&[1.0, 0.0]), || Err("not asked"), failing);
    assert_eq!(found, Err("unreadable"));
}

/// Promise: vectors of another model, or dimension, are never found, and take the place of those they
/// replace.
#[test]
fn models_are_never_mixed() {
    let (dir, truth) = (tempfile::tempdir().unwrap(), Truth::default());
    let vectors = vectors(dir.path(), 50_000);
    truth.put(ADA, (1, 0), &[1.0, 0.0]);
    truth.put(ADA, (2, 0), &[0.0, 1.0]);
    let old = query(&[1.0, 1.0]);
    let new = Query {
        model: "tiny:2",
        ..old
    };
    assert_eq!(truth.found(&vectors, ADA, old), [(1, 0), (2, 0)]);
    truth.put_of(ADA, "tiny:2", (1, 0), &[1.0, 0.0]);
    vectors.put(ADA, "tiny:2", (1, 0), &[1.0, 0.0]);
    assert_eq!(truth.found(&vectors, ADA, old), [(2, 0)]);
    assert_eq!(truth.found(&vectors, ADA, new), [(1, 0)]);
    vectors.put(ADA, "tiny:2", (3, 0), &[1.0, 0.0, 0.0]);
    vectors.put(ADA, MODEL, (4, 0), &[1.0, 0.0]);
    assert_eq!(truth.found(&vectors, ADA, new), [(1, 0)]);
    assert_eq!(
        truth.found(
            &vectors,
            ADA,
            Query {
                vector: &[1.0],
                ..new
            }
        ),
        []
    );
    // Even what is loaded may be of another.
    let load = || Ok::<_, ()>(truth.load(BOB, "tiny:3", 2));
    assert_eq!(vectors.nearest(BOB, old, load, |_| Ok(None)), Ok(vec![]));
}

/// Promise: a change told while the owner is loaded is not missed, though the load did not see it; and
/// neither other owners nor who tells wait for the load.
#[test]
fn a_load_and_a_change_do_not_miss_each_other() {
    let (dir, truth) = (tempfile::tempdir().unwrap(), Truth::default());
    let vectors = vectors(dir.path(), 50_000);
    for place in 0..4 {
        truth.put(ADA, (place, 0), &[1.0, 0.5]);
        truth.put(BOB, (place, 0), &[1.0, 0.5]);
    }
    let (begun, has_begun) = mpsc::channel();
    let (go_on, may_go_on) = mpsc::channel::<()>();
    thread::scope(|scope| {
        let (truth, vectors) = (&truth, &vectors);
        let first = scope.spawn(move || {
            let load = || {
                let loaded = truth.load(ADA, MODEL, 2);
                begun.send(()).unwrap();
                may_go_on.recv().unwrap();
                Ok::<_, ()>(loaded)
            };
            vectors.nearest(ADA, query(&[1.0, 1.0]), load, |_| Ok(Some(vec![1.0, 1.0])))
        });
        has_begun.recv().unwrap();
        vectors.put(ADA, MODEL, (9, 1), &[1.0, 0.0]);
        vectors.put(ADA, MODEL, (2, 0), &[1.0, 1.0]);
        vectors.remove(ADA, 1);
        vectors.put(ADA, MODEL, (3, 0), &[1.0, 1.0]);
        vectors.remove(ADA, 3);
        assert_eq!(truth.found(vectors, BOB, query(&[1.0, 1.0])).len(), 4);
        let second = scope.spawn(|| truth.search(vectors, ADA, query(&[1.0, 1.0])));
        go_on.send(()).unwrap();
        let mut found = labels(&first.join().unwrap().unwrap());
        found.sort_unstable();
        assert_eq!(found, [(0, 0), (2, 0), (9, 1)]);
        assert_eq!(second.join().unwrap().len(), 3);
    });
    assert_eq!(truth.loads.load(Ordering::SeqCst), 2);
}

/// Promise: a load that fails, or panics, is the error of one search; those who wait for it and the next
/// try themselves, and changes told meanwhile are not lost.
#[test]
fn a_failed_load_is_tried_again() {
    let (dir, truth) = (tempfile::tempdir().unwrap(), Truth::default());
    let vectors = vectors(dir.path(), 50_000);
    truth.put(ADA, (1, 0), &[1.0, 0.0]);
    let (begun, has_begun) = mpsc::channel();
    let (go_on, may_go_on) = mpsc::channel::<()>();
    thread::scope(|scope| {
        let (truth, vectors) = (&truth, &vectors);
        let failing = scope.spawn(move || {
            let load = || {
                begun.send(()).unwrap();
                may_go_on.recv().unwrap();
                Err("the disk")
            };
            vectors.nearest(ADA, query(&[1.0, 1.0]), load, |_| Ok(None))
        });
        has_begun.recv().unwrap();
        let waiting = scope.spawn(|| truth.found(vectors, ADA, query(&[1.0, 1.0])));
        truth.put(ADA, (2, 0), &[1.0, 0.0]);
        vectors.put(ADA, MODEL, (2, 0), &[1.0, 0.0]);
        go_on.send(()).unwrap();
        assert_eq!(failing.join().unwrap(), Err("the disk"));
        assert_eq!(waiting.join().unwrap(), [(1, 0), (2, 0)]);
    });
    let other = Query {
        model: "tiny:2",
        ..query(&[1.0, 1.0])
    };
    let panicking = || -> Result<Loaded, ()> { std::panic::resume_unwind(Box::new("told to")) };
    let search = || vectors.nearest(ADA, other, panicking, |_| Ok(None));
    assert!(catch_unwind(AssertUnwindSafe(search)).is_err());
    truth.put(ADA, (3, 0), &[1.0, 0.0]);
    vectors.put(ADA, MODEL, (3, 0), &[1.0, 0.0]);
    assert_eq!(truth.found(&vectors, ADA, query(&[1.0, 1.0])).len(), 3);
}
