//! The full-text index.

use std::fs;
use std::path::Path;

use novacore_storage::{Error, TextHit, TextIndex, TextOp, analyse};
use proptest::prelude::*;
use uuid::Uuid;

use crate::support::id;

const ADA: Uuid = Uuid::from_u128(1);
const BOB: Uuid = Uuid::from_u128(2);
const LINEAGE: Uuid = Uuid::from_u128(99);

fn put(owner: Uuid, number: u128, text: &str) -> TextOp {
    TextOp::Put {
        owner,
        id: id(number),
        text: text.to_owned(),
    }
}

fn open(dir: &Path) -> TextIndex {
    TextIndex::open(dir, LINEAGE, 1000).unwrap()
}

/// An index that lives as long as its folder, which is the first part of the answer.
fn new_index() -> (tempfile::TempDir, TextIndex) {
    let dir = tempfile::tempdir().unwrap();
    let index = open(&dir.path().join("text"));
    (dir, index)
}

fn found(index: &TextIndex, owner: Uuid, query: &str) -> Vec<u128> {
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

/// Promise: what was committed is there after reopening; what was not is not, and the watermark says so.
#[test]
fn the_watermark_tells_what_survived() {
    let (dir, index) = new_index();
    index.apply(vec![put(ADA, 1, "first")]).unwrap();
    index.commit(5).unwrap();
    index.apply(vec![put(ADA, 2, "second")]).unwrap();
    drop(index); // As a crash would: without a commit.
    let index = open(&dir.path().join("text"));
    assert_eq!(index.watermark(), 5);
    assert_eq!(found(&index, ADA, "first second"), [1]);
    index.commit(6).unwrap();
    assert_eq!(index.watermark(), 6);
    index.close();
    assert_eq!(index.search(ADA, "first", 1), Err(Error::Closed));
    assert_eq!(index.commit(7), Err(Error::Closed));
    assert_eq!(open(&dir.path().join("text")).watermark(), 6);
}

/// Promise: an index that does not belong to these tables, or is damaged, is wiped.
#[test]
fn a_wrong_index_is_wiped() {
    type Harm = fn(&Path) -> (Uuid, u64);
    fn damage(dir: &Path, ending: &str) {
        let mut files = fs::read_dir(dir).unwrap().map(|e| e.unwrap().path());
        let file = files
            .find(|p| p.to_string_lossy().ends_with(ending))
            .unwrap();
        let mut bytes = fs::read(&file).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x40;
        fs::write(file, bytes).unwrap();
    }
    let harms: [(&str, Harm); 7] = [
        ("another lineage", |_| (Uuid::from_u128(7), 1000)),
        ("ahead of the tables", |_| (LINEAGE, 4)),
        ("deleted", |dir| {
            fs::remove_dir_all(dir).unwrap();
            (LINEAGE, 1000)
        }),
        ("a flipped bit", |dir| {
            damage(dir, ".term");
            (LINEAGE, 1000)
        }),
        ("no list of segments", |dir| {
            fs::write(dir.join("meta.json"), "{").unwrap();
            (LINEAGE, 1000)
        }),
        ("another version", |dir| {
            let meta = fs::read_to_string(dir.join("meta.json")).unwrap();
            fs::write(
                dir.join("meta.json"),
                meta.replace("\"payload\": \"1 ", "\"payload\": \"0 "),
            )
            .unwrap();
            (LINEAGE, 1000)
        }),
        ("an old file in its place", |dir| {
            fs::remove_dir_all(dir).unwrap();
            fs::create_dir(dir).unwrap();
            fs::write(dir.join("garbage"), "x").unwrap();
            (LINEAGE, 1000)
        }),
    ];
    for (what, harm) in harms {
        let (dir, index) = new_index();
        let path = dir.path().join("text");
        index.apply(vec![put(ADA, 1, "harbour")]).unwrap();
        index.commit(5).unwrap();
        drop(index);
        let (lineage, truth) = harm(&path);
        let index = TextIndex::open(&path, lineage, truth).unwrap();
        assert_eq!(
            (index.watermark(), found(&index, ADA, "harbour")),
            (0, vec![]),
            "{what}"
        );
        index.apply(vec![put(ADA, 1, "harbour")]).unwrap();
        index.commit(3).unwrap();
        drop(index);
        let index = TextIndex::open(&path, lineage, truth).unwrap();
        assert_eq!(
            (index.watermark(), found(&index, ADA, "harbour")),
            (3, vec![1]),
            "{what}"
        );
    }
}

/// Promise: many small commits stay a small number of files, and lose nothing.
#[test]
fn segments_are_merged() {
    let (dir, index) = new_index();
    for n in 0..40_u32 {
        index
            .apply(vec![
                put(ADA, u128::from(n) + 1, "pebble"),
                put(ADA, 1, "changed"),
            ])
            .unwrap();
        index.commit(u64::from(n)).unwrap();
    }
    assert_eq!(found(&index, ADA, "pebble").len(), 39);
    assert!(segments(&dir.path().join("text")) <= 16);
}

/// The words in the files of an index, of documents that count or not.
fn words_on_disk(dir: &Path) -> Vec<String> {
    let index = tantivy::Index::open_in_dir(dir).unwrap();
    let field = index.schema().get_field("text").unwrap();
    let mut words = Vec::new();
    for segment in index.reader().unwrap().searcher().segment_readers() {
        let terms = segment.inverted_index(field).unwrap();
        let mut stream = terms.terms().stream().unwrap();
        while stream.advance() {
            words.push(String::from_utf8(stream.key().to_vec()).unwrap());
        }
    }
    words
}

/// How many segments have files in the folder, whether they count or not.
fn segments(dir: &Path) -> usize {
    let files = fs::read_dir(dir).unwrap().map(|e| e.unwrap().path());
    files
        .filter(|path| path.extension().is_some_and(|x| x == "term"))
        .count()
}

/// Promise: after a purge, nothing of what was removed is in any file.
#[test]
fn a_purge_leaves_nothing_of_the_removed() {
    let (dir, index) = new_index();
    let path = dir.path().join("text");
    // Enough others that the commit itself does not merge the removed away.
    let others = (10..30).map(|n| put(BOB, n, "filling"));
    let words = [
        put(ADA, 1, "xylophon"),
        put(BOB, 1, "zanzibar"),
        put(BOB, 2, "quagga"),
    ];
    index.apply(others.chain(words).collect()).unwrap();
    index.commit(1).unwrap();
    index
        .apply(vec![
            TextOp::RemoveOwner { owner: ADA },
            TextOp::Remove {
                owner: BOB,
                id: id(2),
            },
        ])
        .unwrap();
    index.commit(2).unwrap();
    assert_eq!(
        words_on_disk(&path),
        ["fill", "quagga", "xylophon", "zanzibar"]
    );
    index.purge().unwrap();
    assert_eq!(words_on_disk(&path), ["fill", "zanzibar"]);
    assert_eq!(segments(&path), 1);
    index.purge().unwrap();
    drop(index);
    let index = open(&path);
    assert_eq!(
        (index.watermark(), found(&index, BOB, "zanzibar")),
        (2, vec![1])
    );
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
