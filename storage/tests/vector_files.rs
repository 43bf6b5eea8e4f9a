//! Graphs on disk: what is loaded, what is refused, and what does not stay there.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use novacore_storage::{Built, Graph, Vectors};

use crate::support::rng::Rng;
use crate::vector::{block, clustered, labels, noise};
use crate::vector_graph::build;
use crate::vector_owners::{ADA, BOB, MODEL, Truth, query, vectors};

const DIM: usize = 8;
const FILES: [&str; 3] = ["manifest", "rows.hnsw.graph", "rows.hnsw.data"];
const DIRECTION: [f32; DIM] = [1.0, 0.5, 0.0, -1.0, 1.0, 0.0, 0.25, 0.0];

fn files(dir: &Path) -> std::path::PathBuf {
    dir.join("vectors").join(ADA.simple().to_string())
}

/// An owner with a graph in memory and on disk.
fn with_graph(dir: &Path) -> (Truth, Vectors) {
    let (truth, vectors) = (Truth::default(), vectors(dir, 100));
    for (label, vector) in clustered(20, 150, DIM) {
        truth.put(ADA, label, &vector);
    }
    assert_eq!(truth.found(&vectors, ADA, query(&DIRECTION)).len(), 150);
    assert_eq!(vectors.build(ADA), Ok(Built::Made));
    (truth, vectors)
}

/// As a new process finds it.
fn again(dir: &Path, truth: &Truth) -> Vectors {
    let vectors = vectors(dir, 100);
    truth.search(&vectors, ADA, query(&DIRECTION));
    vectors
}

type Harm = fn(&Path);

const HARMS: [(&str, Harm); 6] = [
    ("a bit at the front", |file| flip(file, |_| 3)),
    ("a bit in the middle", |file| {
        flip(file, |length| length / 2);
    }),
    ("a bit at the end", |file| flip(file, |length| length - 1)),
    ("cut", |file| {
        let bytes = fs::read(file).unwrap();
        fs::write(file, &bytes[..bytes.len() / 2]).unwrap();
    }),
    ("longer", |file| {
        let mut bytes = fs::read(file).unwrap();
        bytes.push(0);
        fs::write(file, bytes).unwrap();
    }),
    ("missing", |file| fs::remove_file(file).unwrap()),
];

fn flip(file: &Path, place: fn(usize) -> usize) {
    let mut bytes = fs::read(file).unwrap();
    let place = place(bytes.len());
    bytes[place] ^= 0x10;
    fs::write(file, bytes).unwrap();
}

/// Promise: whichever file is damaged, and however, the graph is refused with an error, never a panic,
/// and another one is made.
#[test]
fn a_damaged_graph_is_refused_and_made_anew() {
    let rows = block(DIM, &clustered(21, 150, DIM));
    for file in FILES {
        for (what, harm) in HARMS {
            let dir = tempfile::tempdir().unwrap();
            let graph = dir.path().join("graph");
            build(&rows).dump(&graph, b"note").unwrap();
            assert!(Graph::load(&graph, b"note", &rows).unwrap().is_some());
            harm(&graph.join(file));
            let loaded = Graph::load(&graph, b"note", &rows);
            assert!(loaded.is_err(), "{file}: {what}: {loaded:?}");
        }
        let dir = tempfile::tempdir().unwrap();
        let (truth, _) = with_graph(dir.path());
        flip(&files(dir.path()).join(file), |length| length / 3);
        let vectors = again(dir.path(), &truth);
        assert_eq!(vectors.build(ADA), Ok(Built::Made), "{file}");
        assert_eq!(truth.found(&vectors, ADA, query(&DIRECTION)).len(), 150);
        assert_eq!(again(dir.path(), &truth).build(ADA), Ok(Built::Loaded));
    }
}

/// Promise: a graph with another note, of another dimension, or of rows most of which are others, is not
/// used; nor is one that is not there.
#[test]
fn a_graph_of_something_else_is_not_used() {
    let dir = tempfile::tempdir().unwrap();
    let graph = dir.path().join("graph");
    let rows = block(DIM, &clustered(21, 150, DIM));
    assert!(Graph::load(&graph, b"note", &rows).unwrap().is_none());
    build(&rows).dump(&graph, b"note").unwrap();
    assert!(build(&rows).dump(&graph, b"note").is_err());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    assert!(Graph::load(&graph, b"not", &rows).unwrap().is_none());
    let shorter = block(DIM - 1, &clustered(21, 150, DIM - 1));
    assert!(Graph::load(&graph, b"note", &shorter).unwrap().is_none());
    let others = block(DIM, &clustered(22, 150, DIM));
    assert!(Graph::load(&graph, b"note", &others).unwrap().is_none());
}

/// Promise: what changed since a graph was written is made good when it is loaded: labels are those of
/// the caller's rows, rows that are gone are not found, new ones are.
#[test]
fn a_loaded_graph_has_the_rows_of_today() {
    let dir = tempfile::tempdir().unwrap();
    let graph = dir.path().join("graph");
    let rows = clustered(23, 200, DIM);
    build(&block(DIM, &rows)).dump(&graph, b"").unwrap();
    let mut today = block(DIM, &rows);
    let mut rng = Rng::new(24);
    for place in 0..10 {
        today.remove((place, 0));
        today.put((place + 20, 0), &noise(&mut rng, DIM));
        today.put((place + 1000, 0), &noise(&mut rng, DIM));
        let index = usize::try_from(place).unwrap();
        today.put((place + 2000, 7), &rows[index + 50].1); // The same row by another name.
    }
    let loaded = Graph::load(&graph, b"", &today).unwrap().unwrap();
    assert_eq!((loaded.len(), loaded.dead()), (today.len(), 20));
    let both = |k| {
        (
            loaded.nearest(&DIRECTION, k, 400),
            today.nearest(&DIRECTION, k),
        )
    };
    let (found, exact) = both(210);
    let sorted = |mut labels: Vec<_>| {
        labels.sort_unstable();
        labels
    };
    assert_eq!(sorted(labels(&found)), sorted(labels(&exact)));
}

/// A vector whose bytes are easily recognised, and the bytes.
fn recognisable() -> ([f32; DIM], [u8; DIM]) {
    let bytes = [255, 1, 1, 255, 1, 255, 255, 255];
    (
        bytes.map(|byte| if byte == 255 { 1.0 } else { -1.0 }),
        bytes,
    )
}

fn on_disk(dir: &Path) -> bool {
    let (_, bytes) = recognisable();
    let data = fs::read(files(dir).join("rows.hnsw.data"));
    data.is_ok_and(|data| data.windows(DIM).any(|window| window == bytes))
}

/// With a graph that has the recognisable vector, too, at 500; the budget holds one owner.
fn with_recognisable(dir: &Path) -> (Truth, Vectors) {
    let truth = Truth::default();
    for (label, vector) in clustered(20, 150, DIM) {
        truth.put(ADA, label, &vector);
    }
    truth.put(ADA, (500, 0), &recognisable().0);
    let vectors = Vectors::new(0, 100, dir.join("vectors"));
    truth.search(&vectors, ADA, query(&DIRECTION));
    assert_eq!(vectors.build(ADA), Ok(Built::Made));
    assert_eq!((vectors.tidy(), on_disk(dir)), (Ok(0), true));
    (truth, vectors)
}

/// Promise: a removed, or replaced, vector is not in the files any more after a `tidy` and the build it
/// asks for when its owner is in memory, and after the `tidy` alone when not.
#[test]
fn removed_vectors_leave_the_files() {
    for replaced in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let (truth, vectors) = with_recognisable(dir.path());
        if replaced {
            truth.put(ADA, (500, 0), &DIRECTION);
            vectors.put(ADA, MODEL, (500, 0), &DIRECTION);
        } else {
            truth.remove(ADA, 500);
            vectors.remove(ADA, 500);
        }
        assert_eq!((vectors.tombstones(ADA), vectors.wants_graph()), (1, None));
        assert_eq!((vectors.tidy(), vectors.wants_graph()), (Ok(0), Some(ADA)));
        assert_eq!(vectors.build(ADA), Ok(Built::Made));
        assert_eq!((vectors.tombstones(ADA), on_disk(dir.path())), (0, false));
        assert_eq!((vectors.tidy(), vectors.wants_graph()), (Ok(0), None));
        assert!(files(dir.path()).exists());
    }
    let dir = tempfile::tempdir().unwrap();
    let (truth, vectors) = with_recognisable(dir.path());
    truth.search(&vectors, BOB, query(&DIRECTION)); // Now Ada is not in memory.
    assert_eq!((vectors.tidy(), on_disk(dir.path())), (Ok(0), true));
    vectors.remove(ADA, 500);
    assert_eq!((vectors.tidy(), files(dir.path()).exists()), (Ok(1), false));
}

/// Promise: of files of an earlier process nobody knows what was removed since. They go with the first
/// `tidy`, unless they were compared with the owner's rows; what that found is made good.
#[test]
fn files_of_an_earlier_process_stay_only_when_compared() {
    let dir = tempfile::tempdir().unwrap();
    let (truth, _) = with_recognisable(dir.path());
    let vectors = again(dir.path(), &truth);
    assert_eq!(vectors.build(ADA), Ok(Built::Loaded));
    assert_eq!((vectors.tidy(), on_disk(dir.path())), (Ok(0), true));

    truth.remove(ADA, 500);
    let vectors = again(dir.path(), &truth);
    assert_eq!(vectors.build(ADA), Ok(Built::Loaded));
    assert_eq!((vectors.tombstones(ADA), vectors.wants_graph()), (1, None));
    assert_eq!((vectors.tidy(), vectors.wants_graph()), (Ok(0), Some(ADA)));
    assert_eq!(vectors.build(ADA), Ok(Built::Made));
    assert!(!on_disk(dir.path()) && files(dir.path()).exists());

    let foreign = dir.path().join("vectors/README");
    fs::write(&foreign, "not ours").unwrap();
    let unfinished = files(dir.path()).with_added_extension("new");
    fs::create_dir(&unfinished).unwrap();
    fs::write(unfinished.join("rows.hnsw.data"), "half").unwrap();
    let vectors = self::vectors(dir.path(), 100);
    assert_eq!(vectors.tidy(), Ok(2));
    assert!(foreign.exists() && !unfinished.exists() && !files(dir.path()).exists());
}

/// Promise: the files are for nobody else's eyes, and those of a removed owner go at once, whether
/// the owner is in memory or not.
#[test]
fn files_are_private_and_go_with_their_owner() {
    let dir = tempfile::tempdir().unwrap();
    let (_, vectors) = with_graph(dir.path());
    for folder in [dir.path().join("vectors"), files(dir.path())] {
        let mode = fs::metadata(folder).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
    vectors.remove_owner(ADA).unwrap();
    assert_eq!(
        (files(dir.path()).exists(), vectors.usage().owners),
        (false, 0)
    );
    let dir = tempfile::tempdir().unwrap();
    with_graph(dir.path());
    let vectors = self::vectors(dir.path(), 100);
    vectors.remove_owner(ADA).unwrap();
    assert!(!files(dir.path()).exists());
    assert_eq!(vectors.remove_owner(ADA), Ok(()));
}
