//! The full-text index: its files, and what survives of them.

use std::fs;
use std::path::Path;

use novacore_storage::{Error, TextIndex};
use uuid::Uuid;

use crate::text::{ADA, BOB, LINEAGE, found, new_index, open, put, remove};

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
    assert_eq!(index.postings(ADA, "first"), Err(Error::Closed));
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
    let harms: [(&str, Harm); 6] = [
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
                meta.replace("\"payload\": \"3 ", "\"payload\": \"2 "),
            )
            .unwrap();
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

/// Promise: a folder with anything in it that is not the index's own is refused by name and not touched,
/// also when an index is there too; with nothing but its own files, even half-written ones, it is wiped.
#[test]
fn files_of_others_are_never_wiped() {
    let names = |dir: &Path| {
        let names = fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name());
        let mut names: Vec<_> = names.map(|n| n.into_string().unwrap()).collect();
        names.sort();
        names
    };
    for foreign in ["thesis.odt", "notes.idx", ".tmp", "store/", "meta.json/"] {
        let (dir, index) = new_index();
        let path = dir.path().join("text");
        index.apply(vec![put(ADA, 1, "harbour")]).unwrap();
        index.commit(5).unwrap();
        drop(index);
        if foreign == "meta.json/" {
            fs::remove_file(path.join("meta.json")).unwrap();
        }
        match foreign.strip_suffix('/') {
            Some(folder) => fs::create_dir(path.join(folder)).unwrap(),
            None => fs::write(path.join(foreign), "mine").unwrap(),
        }
        let before = names(&path);
        let refused = TextIndex::open(&path, Uuid::from_u128(7), 1000).unwrap_err();
        assert_eq!(
            refused,
            Error::Foreign {
                dir: path.clone(),
                found: foreign.trim_end_matches('/').to_owned()
            }
        );
        assert_eq!(names(&path), before, "{foreign}");
    }
    let (dir, index) = new_index();
    let path = dir.path().join("text");
    index
        .apply((1..40).map(|n| put(ADA, n, "harbour")).collect())
        .unwrap();
    index.commit(1).unwrap();
    index.apply(vec![remove(ADA, 1)]).unwrap();
    index.commit(2).unwrap();
    drop(index);
    fs::write(path.join(".tmpAb3dE9"), "{").unwrap();
    assert!(names(&path).iter().any(|name| name.contains(".del")));
    let index = TextIndex::open(&path, Uuid::from_u128(7), 1000).unwrap();
    assert_eq!(
        (index.watermark(), found(&index, ADA, "harbour")),
        (0, vec![])
    );
}

/// Promise: many small commits stay a small number of files, and lose nothing.
#[test]
fn segments_are_merged() {
    let (dir, index) = new_index();
    for n in 0..40_u32 {
        index
            .apply(vec![
                put(ADA, u64::from(n) + 1, "pebble"),
                put(ADA, 1, "changed"),
            ])
            .unwrap();
        index.commit(u64::from(n)).unwrap();
    }
    assert_eq!(found(&index, ADA, "pebble").len(), 39);
    assert!(segments(&dir.path().join("text")) <= 16);
}

/// The terms in the files of an index, of documents that count or not: owner and stem.
fn terms_on_disk(dir: &Path) -> Vec<(Uuid, String)> {
    let index = tantivy::Index::open_in_dir(dir).unwrap();
    let field = index.schema().get_field("stems").unwrap();
    let mut terms = Vec::new();
    for segment in index.reader().unwrap().searcher().segment_readers() {
        let dictionary = segment.inverted_index(field).unwrap();
        let mut stream = dictionary.terms().stream().unwrap();
        while stream.advance() {
            let (owner, stem) = stream.key().split_at(32);
            let owner = Uuid::try_parse_ascii(owner).unwrap();
            terms.push((owner, String::from_utf8(stem.to_vec()).unwrap()));
        }
    }
    terms
}

/// The files that have these bytes in them: next to each other, or, as in the dictionary of terms, backwards
/// and one byte apart.
fn files_with(dir: &Path, word: &str) -> Vec<String> {
    let (mut files, word) = (Vec::new(), word.as_bytes());
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        let bytes = fs::read(entry.path()).unwrap();
        let plain = bytes.windows(word.len()).any(|found| found == word);
        let spread = bytes
            .windows(word.len() * 2 - 1)
            .any(|found| found.iter().step_by(2).eq(word.iter().rev()));
        if plain || spread {
            files.push(entry.file_name().into_string().unwrap());
        }
    }
    files
}

/// How many segments have files in the folder, whether they count or not.
fn segments(dir: &Path) -> usize {
    let files = fs::read_dir(dir).unwrap().map(|e| e.unwrap().path());
    files
        .filter(|path| path.extension().is_some_and(|x| x == "term"))
        .count()
}

/// Promise: what was removed is not found from that moment on, by its rarest word neither, and after a
/// purge nothing of it is in any file.
#[test]
fn a_purge_leaves_nothing_of_the_removed() {
    let (dir, index) = new_index();
    let path = dir.path().join("text");
    // Enough others that the commit itself does not merge the removed away.
    let others = (10..30).map(|n| put(BOB, n, "filling"));
    // Letters that the dictionary of terms writes as they are.
    let words = [
        put(ADA, 1, "ксилофон"),
        put(BOB, 1, "занзибар"),
        put(BOB, 2, "крокодил"),
    ];
    index.apply(others.chain(words).collect()).unwrap();
    index.commit(1).unwrap();
    index.apply(vec![remove(ADA, 1), remove(BOB, 2)]).unwrap();
    let gone = || {
        assert_eq!(found(&index, ADA, "ксилофон"), [0; 0]);
        assert_eq!(found(&index, BOB, "крокодил"), [0; 0]);
        assert_eq!(found(&index, BOB, "занзибар"), [1]);
    };
    gone();
    index.commit(2).unwrap();
    gone();
    let term = |owner: Uuid, stem: &str| (owner, stem.to_owned());
    assert_eq!(
        terms_on_disk(&path),
        [
            term(ADA, "ксилофон"),
            term(BOB, "fill"),
            term(BOB, "занзибар"),
            term(BOB, "крокодил")
        ]
    );
    // Without the first letter: where words part, the dictionary keeps it elsewhere.
    for word in ["силофон", "рокодил", "анзибар"] {
        assert_eq!(files_with(&path, word).len(), 1, "{word}");
    }
    index.purge().unwrap();
    gone();
    assert_eq!(
        terms_on_disk(&path),
        [term(BOB, "fill"), term(BOB, "занзибар")]
    );
    for (word, files) in [("силофон", 0), ("рокодил", 0), ("анзибар", 1)] {
        assert_eq!(files_with(&path, word).len(), files, "{word}");
    }
    assert_eq!(segments(&path), 1);
    index.purge().unwrap();
    drop(index);
    let index = open(&path);
    assert_eq!(
        (index.watermark(), found(&index, BOB, "занзибар")),
        (2, vec![1])
    );
}
