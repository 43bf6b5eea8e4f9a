//! Owners that come and go in memory, with graphs made beside, against what the caller has.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use novacore_storage::{Built, Label, Query, Usage, Vectors};
use proptest::prelude::*;
use uuid::Uuid;

use crate::support::id;
use crate::support::rng::Rng;
use crate::vector::noise;
use crate::vector_owners::{ADA, BOB, MODEL, Truth, query, vectors};

/// Promise: owners leave memory when all take too much, those searched longest ago first, and never
/// the one just searched.
#[test]
fn those_searched_longest_ago_leave() {
    let (dir, truth) = (tempfile::tempdir().unwrap(), Truth::default());
    for owner in [1, 2, 3] {
        for place in 0..100 {
            truth.put(id(owner), (place, 0), &[1.0, 0.5]);
        }
    }
    let all = vectors(dir.path(), 50_000);
    assert_eq!(all.usage(), Usage::default());
    let search = |vectors: &Vectors, owner| truth.found(vectors, id(owner), query(&[1.0, 1.0]));
    assert_eq!(search(&all, 1).len(), 100);
    let one = all.usage();
    assert_eq!((one.owners, one.vectors, one.graphs), (1, 100, 0));
    assert!(one.bytes >= 100 * 32);

    let two = Vectors::new(one.bytes * 5 / 2, 50_000, dir.path().join("vectors"));
    let loads = || truth.loads.load(Ordering::SeqCst);
    for (owner, loaded) in [
        (1, 1),
        (2, 1),
        (1, 0),
        (3, 1),
        (1, 0),
        (3, 0),
        (2, 1),
        (1, 1),
    ] {
        let before = loads();
        assert_eq!(search(&two, owner).len(), 100);
        assert_eq!(loads() - before, loaded, "owner {owner}");
        assert!(two.usage().owners <= 2);
    }
    let none = Vectors::new(0, 50_000, dir.path().join("vectors"));
    assert_eq!(search(&none, 1).len(), 100);
    assert_eq!(search(&none, 2).len(), 100);
    assert_eq!(none.usage().owners, 1);
}

#[derive(Debug, Clone)]
enum Act {
    Put(usize, Label, Vec<f32>),
    /// Told of twice.
    Again(usize, Label, Vec<f32>),
    Remove(usize, u64),
    RemoveOwner(usize),
    /// All vectors of the owner are put anew, by the other model.
    OtherModel(usize),
    Search(usize),
    Build,
    Tidy,
    /// The process ends and begins again.
    Restart,
}

fn act() -> impl Strategy<Value = Act> {
    let label = || (0_u64..12, 0_u8..2);
    let vector = || proptest::collection::vec(-1.0_f32..1.0, 3);
    prop_oneof![
        12 => (0_usize..2, label(), vector()).prop_map(|(o, l, v)| Act::Put(o, l, v)),
        2 => (0_usize..2, label(), vector()).prop_map(|(o, l, v)| Act::Again(o, l, v)),
        4 => (0_usize..2, 0_u64..12).prop_map(|(o, p)| Act::Remove(o, p)),
        1 => (0_usize..2).prop_map(Act::RemoveOwner),
        1 => (0_usize..2).prop_map(Act::OtherModel),
        8 => (0_usize..2).prop_map(Act::Search),
        5 => Just(Act::Build),
        1 => Just(Act::Tidy),
        1 => Just(Act::Restart),
    ]
}

const OWNERS: [Uuid; 2] = [ADA, BOB];
const MODELS: [&str; 2] = [MODEL, "tiny:2"];

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    /// Promise: whatever was told, built, let go of and loaded again, a search finds what the caller
    /// has, and nothing else. With room for one owner only, so that they keep leaving, and not.
    #[test]
    fn a_search_finds_what_the_caller_has(acts in proptest::collection::vec(act(), 1..80), room: bool) {
        let (dir, truth) = (tempfile::tempdir().unwrap(), Truth::default());
        let budget = if room { 1 << 30 } else { 0 };
        let begin = || Vectors::new(budget, 6, dir.path().join("vectors"));
        let (mut vectors, mut model) = (begin(), [0, 0]);
        for act in acts {
            match act {
                Act::Put(who, label, vector) => {
                    truth.put_of(OWNERS[who], MODELS[model[who]], label, &vector);
                    vectors.put(OWNERS[who], MODELS[model[who]], label, &vector);
                }
                Act::Again(who, label, vector) => {
                    truth.put_of(OWNERS[who], MODELS[model[who]], label, &vector);
                    vectors.put(OWNERS[who], MODELS[model[who]], label, &[1.0, 2.0, 3.0]);
                    vectors.put(OWNERS[who], MODELS[model[who]], label, &vector);
                    vectors.put(OWNERS[who], MODELS[model[who]], label, &vector);
                }
                Act::Remove(who, place) => {
                    truth.remove(OWNERS[who], place);
                    vectors.remove(OWNERS[who], place);
                    vectors.remove(OWNERS[who], place);
                }
                Act::RemoveOwner(who) => {
                    (0..12).for_each(|place| truth.remove(OWNERS[who], place));
                    vectors.remove_owner(OWNERS[who]).unwrap();
                    let files = OWNERS[who].simple().to_string();
                    prop_assert!(!dir.path().join("vectors").join(files).exists());
                }
                Act::OtherModel(who) => {
                    for label in truth.labels(OWNERS[who], MODELS[model[who]]) {
                        let (new, vector) = (MODELS[1 - model[who]], [0.5, 0.0, 1.0]);
                        truth.put_of(OWNERS[who], new, label, &vector);
                        vectors.put(OWNERS[who], new, label, &vector);
                    }
                    model[who] = 1 - model[who];
                }
                Act::Search(who) => {
                    for of in MODELS {
                        let query = Query { model: of, ..query(&[1.0, 0.5, -0.5]) };
                        let found = truth.found(&vectors, OWNERS[who], query);
                        prop_assert_eq!(found, truth.labels(OWNERS[who], of));
                    }
                }
                Act::Build => while let Some(owner) = vectors.wants_graph() {
                    prop_assert_ne!(vectors.build(owner).unwrap(), Built::Nothing);
                },
                Act::Tidy => drop(vectors.tidy().unwrap()),
                Act::Restart => vectors = begin(),
            }
        }
    }
}

/// Promise: with searches, loads, graphs, and owners that leave, all at once: what was removed is not
/// found by any search that begins afterwards, what was put is, and in the end all is as the caller has it.
#[test]
fn nothing_is_missed_when_all_happens_at_once() {
    let (dir, truth) = (tempfile::tempdir().unwrap(), Truth::default());
    let mut rng = Rng::new(11);
    for place in 0..60 {
        for owner in OWNERS {
            truth.put(owner, (place, 0), &noise(&mut rng, 4));
        }
    }
    let vectors = Vectors::new(0, 40, dir.path().join("vectors"));
    let done = AtomicBool::new(false);
    let direction = [0.3, 0.5, -0.5, 1.0];
    thread::scope(|scope| {
        let writing = OWNERS.map(|owner| {
            let (truth, vectors) = (&truth, &vectors);
            scope.spawn(move || {
                let mut rng = Rng::new(u64::try_from(owner.as_u128()).unwrap());
                for _ in 0..400 {
                    let place = rng.below(80);
                    if rng.chance(40) {
                        truth.remove(owner, place);
                        vectors.remove(owner, place);
                    } else {
                        let vector = noise(&mut rng, 4);
                        truth.put(owner, (place, 0), &vector);
                        vectors.put(owner, MODEL, (place, 0), &vector);
                    }
                    let found = truth.found(vectors, owner, query(&direction));
                    assert_eq!(found, truth.labels(owner, MODEL));
                }
            })
        });
        for owner in OWNERS {
            let (truth, vectors, done) = (&truth, &vectors, &done);
            scope.spawn(move || {
                while !done.load(Ordering::SeqCst) {
                    truth.search(vectors, owner, query(&direction));
                }
            });
        }
        scope.spawn(|| {
            while !done.load(Ordering::SeqCst) {
                if let Some(owner) = vectors.wants_graph() {
                    vectors.build(owner).unwrap();
                }
                vectors.tidy().unwrap();
                assert!(vectors.usage().owners <= 2);
                thread::yield_now();
            }
        });
        let ended = writing.map(thread::ScopedJoinHandle::join);
        done.store(true, Ordering::SeqCst);
        assert!(ended.iter().all(Result::is_ok));
    });
}

/// Promise: a graph is wanted by who has many vectors, and again when many rows of it are dead; and
/// no more when few are left.
#[test]
fn a_graph_is_made_for_the_large() {
    let (dir, truth) = (tempfile::tempdir().unwrap(), Truth::default());
    let vectors = vectors(dir.path(), 100);
    let mut rng = Rng::new(12);
    for place in 0..100 {
        truth.put(ADA, (place, 0), &noise(&mut rng, 4));
    }
    let search = || truth.found(&vectors, ADA, query(&[1.0, 0.0, 0.0, 1.0]));
    assert_eq!((search().len(), vectors.wants_graph()), (100, None));
    assert_eq!(vectors.build(ADA), Ok(Built::Nothing));
    let put = |place, vector: &[f32]| {
        truth.put(ADA, (place, 0), vector);
        vectors.put(ADA, MODEL, (place, 0), vector);
    };
    (100..150).for_each(|place| put(place, &noise(&mut rng, 4)));
    assert_eq!(vectors.wants_graph(), Some(ADA));
    assert_eq!(vectors.build(ADA), Ok(Built::Made));
    assert_eq!((vectors.wants_graph(), vectors.usage().graphs), (None, 1));
    let other = |place: u16| put(place.into(), &[f32::from(place), 1.0, 2.0, 3.0]);
    (0..29).for_each(other);
    assert_eq!((vectors.wants_graph(), vectors.tombstones(ADA)), (None, 29));
    (29..50).for_each(other);
    assert_eq!(
        (vectors.wants_graph(), vectors.tombstones(ADA)),
        (Some(ADA), 50)
    );
    assert_eq!(search().len(), 150);
    assert_eq!(vectors.build(ADA), Ok(Built::Made));
    assert_eq!((vectors.wants_graph(), vectors.tombstones(ADA)), (None, 0));
    for place in 90..150 {
        truth.remove(ADA, place);
        vectors.remove(ADA, place);
    }
    assert_eq!(vectors.build(ADA), Ok(Built::Dropped));
    assert_eq!((vectors.usage().graphs, search().len()), (0, 90));
    assert_eq!(vectors.build(BOB), Ok(Built::Nothing));
}
