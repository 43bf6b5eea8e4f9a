//! The full-text index: what is found.

use std::path::Path;

use novacore_storage::{Posting, TextIndex, TextOp, Word, analyse, words};
use uuid::Uuid;

use crate::support::id;

pub const ADA: Uuid = Uuid::from_u128(1);
pub const BOB: Uuid = Uuid::from_u128(2);
pub const LINEAGE: Uuid = Uuid::from_u128(99);

/// A document whose place is its number.
pub fn put(owner: Uuid, number: u64, text: &str) -> TextOp {
    TextOp::Put {
        owner,
        id: id(number.into()),
        place: number,
        text: text.to_owned(),
    }
}

pub fn remove(owner: Uuid, number: u64) -> TextOp {
    TextOp::Remove {
        owner,
        id: id(number.into()),
    }
}

pub fn open(dir: &Path) -> TextIndex {
    TextIndex::open(dir, LINEAGE, 1000).unwrap()
}

/// An index that lives as long as its folder, which is the first part of the answer.
pub fn new_index() -> (tempfile::TempDir, TextIndex) {
    let dir = tempfile::tempdir().unwrap();
    let index = open(&dir.path().join("text"));
    (dir, index)
}

/// The places of the owner's documents that contain any word of the query.
pub fn found(index: &TextIndex, owner: Uuid, query: &str) -> Vec<u64> {
    let lists = index.postings_of(owner, &analyse(query)).unwrap();
    let mut places: Vec<u64> = lists.iter().flatten().map(|found| found.place).collect();
    places.sort_unstable();
    places.dedup();
    places
}

fn posting(place: u64, frequency: u32, length: u32) -> Posting {
    Posting {
        place,
        frequency,
        length,
    }
}

/// Promise: text is lower-cased, folded to ASCII, rid of stop words, stemmed.
#[test]
fn analysis() {
    assert_eq!(
        analyse("The CATS were running to Zoë's café"),
        ["cat", "run", "zoe", "cafe"]
    );
    assert_eq!(analyse("I don't, you can't!"), [""; 0]);
    assert_eq!(analyse("  ...  "), [""; 0]);
}

/// Promise: the words of a text are told once each, as they stand there first, however many they are.
#[test]
fn different_words() {
    let word = |typed: &str, stem: &str| Word {
        typed: typed.to_owned(),
        stem: stem.to_owned(),
    };
    assert_eq!(
        words("Running cats: the CAT ran, a café runs"),
        [
            word("Running", "run"),
            word("cats", "cat"),
            word("ran", "ran"),
            word("café", "cafe")
        ]
    );
    let many: Vec<_> = (0..500).map(|n| format!("w{n}")).collect();
    let many = many.join(" ");
    assert_eq!(words(&many).len(), 500);
}

/// Promise: all documents with a stem are told, by place, how often it is in them and how long they are;
/// at once, and the same after a commit and after opening the index again.
#[test]
fn found_at_once_and_after_commit() {
    let (dir, index) = new_index();
    let long = "river and mountain ".repeat(305);
    index
        .apply(vec![
            put(ADA, 3, "Grandmother's recipe for plum cake"),
            put(ADA, u64::MAX, &long),
            put(ADA, 1, "Ada runs every morning by the river"),
            put(
                ADA,
                2,
                "The river was frozen; we skated on the frozen river",
            ),
        ])
        .unwrap();
    assert!(index.pending());
    let expected = [
        vec![
            posting(1, 1, 5),
            posting(2, 2, 5),
            posting(u64::MAX, 305, 600),
        ],
        vec![posting(2, 2, 5)],
        vec![],
        vec![posting(1, 1, 5)],
        vec![posting(2, 2, 5)],
    ];
    // The stem "the" is in no document, and a stem may be asked for twice.
    let stems = ["river", "frozen", "the", "run", "frozen"];
    assert_eq!(index.postings_of(ADA, &stems).unwrap(), expected);
    index.commit(7).unwrap();
    assert!(!index.pending());
    assert_eq!(index.watermark(), 7);
    assert_eq!(index.postings_of(ADA, &stems).unwrap(), expected);
    drop(index);
    let index = open(&dir.path().join("text"));
    assert_eq!(index.postings_of(ADA, &stems).unwrap(), expected);
    assert_eq!(index.postings(ADA, "river").unwrap(), expected[0]);
    assert_eq!(index.postings_of::<&str>(ADA, &[]).unwrap(), [[]; 0]);
}

/// Promise: nobody finds, or is influenced by, what others wrote; not even with the same ids and places.
#[test]
fn owners_are_isolated() {
    let (_dir, index) = new_index();
    index
        .apply(vec![
            put(ADA, 1, "blue heron"),
            put(ADA, 2, "blue blue sky over the sea"),
        ])
        .unwrap();
    index.commit(1).unwrap();
    let all = |index: &TextIndex| index.postings_of(ADA, &["blue", "heron", "sky"]).unwrap();
    let alone = all(&index);
    assert_eq!(alone[0], [posting(1, 1, 2), posting(2, 2, 4)]);
    let others = (10..200).map(|n| put(BOB, n, "heron heron heron on a long and cold evening"));
    index
        .apply(
            others
                .chain([put(BOB, 1, "Bob's document with Ada's id")])
                .collect(),
        )
        .unwrap();
    assert_eq!(all(&index), alone);
    index.commit(2).unwrap();
    assert_eq!(all(&index), alone);
    assert_eq!(found(&index, BOB, "blue sky"), [0; 0]);
    index
        .apply((1..200).map(|n| remove(BOB, n)).collect())
        .unwrap();
    assert_eq!(all(&index), alone);
    assert_eq!(found(&index, BOB, "heron"), [0; 0]);
    index.commit(3).unwrap();
    assert_eq!(all(&index), alone);
    assert_eq!(found(&index, BOB, "heron"), [0; 0]);
}

/// Promise: whoever knows another's id cannot put it into a stem.
#[test]
fn a_stem_is_only_a_stem() {
    let (_dir, index) = new_index();
    index.apply(vec![put(ADA, 1, "secret")]).unwrap();
    index.commit(1).unwrap();
    // Neither longer nor shorter stems reach over the boundary of an owner.
    let ada = ADA.simple().to_string();
    for stem in [format!("{ada}secret"), ada, String::new(), "secre".into()] {
        assert_eq!(index.postings(BOB, &stem).unwrap(), []);
        assert_eq!(index.postings(ADA, &stem).unwrap(), []);
    }
}

/// Promise: a rewritten or removed document never surfaces in its old form.
#[test]
fn old_versions_never_surface() {
    let (_dir, index) = new_index();
    index
        .apply((1..=4).map(|n| put(ADA, n, "lighthouse keeper")).collect())
        .unwrap();
    index.commit(1).unwrap();
    index
        .apply(vec![
            put(ADA, 1, "now about gardens"),
            remove(ADA, 2),
            put(ADA, 3, "lighthouse again"),
        ])
        .unwrap();
    for seq in 2..4 {
        assert_eq!(found(&index, ADA, "lighthouse"), [3, 4]);
        assert_eq!(found(&index, ADA, "gardens"), [1]);
        index.commit(seq).unwrap();
    }
    index
        .apply(vec![
            remove(ADA, 1),
            remove(ADA, 3),
            remove(ADA, 4),
            put(ADA, 9, "a lighthouse afterwards"),
        ])
        .unwrap();
    for seq in 4..6 {
        assert_eq!(found(&index, ADA, "lighthouse gardens keeper"), [9]);
        index.commit(seq).unwrap();
    }
}

/// Promise: a document that moves to another place is found there only.
#[test]
fn a_place_can_change() {
    let (_dir, index) = new_index();
    let at = |place| TextOp::Put {
        owner: ADA,
        id: id(1),
        place,
        text: "ferry".to_owned(),
    };
    for (seq, place) in (1..).zip([5, 3, u64::MAX, 0]) {
        index.apply(vec![at(place)]).unwrap();
        assert_eq!(found(&index, ADA, "ferry"), [place]);
        index.commit(seq).unwrap();
        assert_eq!(found(&index, ADA, "ferry"), [place]);
    }
}

/// Promise: applying twice, before or after a commit, is the same as once.
#[test]
fn applying_twice_is_applying_once() {
    let (_dir, index) = new_index();
    let ops = vec![
        put(ADA, 1, "tea"),
        put(ADA, 2, "tea, tea and cake"),
        remove(ADA, 3),
    ];
    let ask = || index.postings_of(ADA, &["tea", "cake"]).unwrap();
    index.apply(ops.clone()).unwrap();
    index.commit(1).unwrap();
    let once = ask();
    assert_eq!(once[0], [posting(1, 1, 1), posting(2, 2, 3)]);
    index.apply(ops.clone()).unwrap();
    index.apply(ops).unwrap();
    assert_eq!(ask(), once);
    index.commit(2).unwrap();
    assert_eq!(ask(), once);
}

/// Promise: what a person types is never a query language.
#[test]
fn queries_are_only_words() {
    let (_dir, index) = new_index();
    index
        .apply(vec![put(ADA, 1, "text with title:words AND more")])
        .unwrap();
    index.commit(1).unwrap();
    for query in [
        "title:words",
        "\"more",
        "(text",
        "more~2 +",
        "[a TO b]",
        "*",
        "te*t AND NOT words",
    ] {
        let expected = analyse(query)
            .iter()
            .any(|stem| ["titl", "word", "more", "text"].contains(&stem.as_str()));
        assert_eq!(!found(&index, ADA, query).is_empty(), expected, "{query}");
    }
    for nothing in ["", " ", "the and of", "!?", "?\u{0}"] {
        assert_eq!(found(&index, ADA, nothing), [0; 0]);
    }
}
