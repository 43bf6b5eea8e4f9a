//! The full-text index: what is found.

use std::path::Path;

use novacore_storage::{TextHit, TextIndex, TextOp, analyse};
use proptest::prelude::*;
use uuid::Uuid;

use crate::support::id;

pub const ADA: Uuid = Uuid::from_u128(1);
pub const BOB: Uuid = Uuid::from_u128(2);
pub const LINEAGE: Uuid = Uuid::from_u128(99);

pub fn put(owner: Uuid, number: u128, text: &str) -> TextOp {
    TextOp::Put {
        owner,
        id: id(number),
        text: text.to_owned(),
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

pub fn found(index: &TextIndex, owner: Uuid, query: &str) -> Vec<u128> {
    let hits = index.search(owner, query, 100).unwrap();
    hits.into_iter().map(|hit| hit.id.as_u128()).collect()
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

/// Promise: a document is found at once, by any form of its words, and the same after a commit.
#[test]
fn found_at_once_and_after_commit() {
    let (_dir, index) = new_index();
    index
        .apply(vec![
            put(ADA, 1, "Ada runs every morning by the river"),
            put(
                ADA,
                2,
                "The river was frozen; we skated on the frozen river",
            ),
            put(ADA, 3, "Grandmother's recipe for plum cake"),
        ])
        .unwrap();
    assert!(index.pending());
    let before = index.search(ADA, "frozen rivers, running?", 10).unwrap();
    assert_eq!(before[0].id, id(2));
    assert_eq!(before[0].matched, ["frozen", "rivers"]);
    assert_eq!(before[1].matched, ["rivers", "running"]);
    assert_eq!(before.len(), 2);
    index.commit(7).unwrap();
    assert!(!index.pending());
    assert_eq!(index.watermark(), 7);
    assert_eq!(
        index.search(ADA, "frozen rivers, running?", 10).unwrap(),
        before
    );
    assert_eq!(
        index.search(ADA, "frozen rivers, running?", 1).unwrap(),
        before[..1]
    );
    assert_eq!(index.search(ADA, "river", 0).unwrap(), []);
}

/// Promise: nobody finds, or is influenced by, what others wrote.
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
    let alone = index.search(ADA, "blue heron", 10).unwrap();
    let others = (10..200).map(|n| {
        put(
            BOB,
            n,
            "heron heron heron on a very long and cold winter evening",
        )
    });
    index
        .apply(
            others
                .chain([put(BOB, 1, "Bob's document with Ada's id")])
                .collect(),
        )
        .unwrap();
    assert_eq!(index.search(ADA, "blue heron", 10).unwrap(), alone);
    index.commit(2).unwrap();
    assert_eq!(index.search(ADA, "blue heron", 10).unwrap(), alone);
    assert_eq!(found(&index, BOB, "blue sky"), [0; 0]);
    index
        .apply(vec![
            TextOp::Remove {
                owner: BOB,
                id: id(2),
            },
            TextOp::RemoveOwner { owner: BOB },
        ])
        .unwrap();
    index.commit(3).unwrap();
    assert_eq!(index.search(ADA, "blue heron", 10).unwrap(), alone);
    assert_eq!(found(&index, BOB, "heron"), [0; 0]);
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
            TextOp::Remove {
                owner: ADA,
                id: id(2),
            },
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
            TextOp::RemoveOwner { owner: ADA },
            put(ADA, 9, "a lighthouse afterwards"),
        ])
        .unwrap();
    for seq in 4..6 {
        assert_eq!(found(&index, ADA, "lighthouse gardens keeper"), [9]);
        index.commit(seq).unwrap();
    }
}

/// Promise: applying twice, before or after a commit, is the same as once.
#[test]
fn applying_twice_is_applying_once() {
    let (_dir, index) = new_index();
    let ops = vec![
        put(ADA, 1, "tea"),
        put(ADA, 2, "tea and cake"),
        TextOp::Remove {
            owner: ADA,
            id: id(3),
        },
    ];
    index.apply(ops.clone()).unwrap();
    index.commit(1).unwrap();
    let once: Vec<TextHit> = index.search(ADA, "tea cake", 10).unwrap();
    index.apply(ops.clone()).unwrap();
    index.apply(ops).unwrap();
    assert_eq!(index.search(ADA, "tea cake", 10).unwrap(), once);
    index.commit(2).unwrap();
    assert_eq!(index.search(ADA, "tea cake", 10).unwrap(), once);
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
    let long: Vec<String> = (0..500).map(|n| format!("w{n}")).collect();
    let long = long.join(" ");
    assert_eq!(found(&index, ADA, &format!("{long} text")), [0; 0]);
    assert_eq!(found(&index, ADA, &format!("text {long}")), [1]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Promise: whenever it is committed, an index answers as one that never was.
    #[test]
    fn commits_change_no_answer(
        steps in prop::collection::vec(
            (1_u128..3, 1_u128..6, prop::option::of("((red|blue|old|new|sea) ){1,50}"), any::<bool>(), any::<bool>()),
            1..12,
        ),
    ) {
        let (_dir, index) = new_index();
        let (_other_dir, memory_only) = new_index();
        for (seq, (owner, number, text, commit, everything)) in (1..).zip(steps) {
            let owner = id(owner);
            let op = match text {
                Some(text) => put(owner, number, &text),
                None if everything => TextOp::RemoveOwner { owner },
                None => TextOp::Remove { owner, id: id(number) },
            };
            index.apply(vec![op.clone()])?;
            memory_only.apply(vec![op])?;
            if commit {
                index.commit(seq)?;
            }
            for owner in [ADA, BOB] {
                let expected = memory_only.search(owner, "blue sea", 3)?;
                prop_assert_eq!(index.search(owner, "blue sea", 3)?, expected);
            }
        }
    }
}
