//! Copies, snapshots, restoring and checking: what can be done to a data directory, and what comes back.

mod checking;
mod holes;
mod place;
mod restoring;
mod snapshots;

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use novacore_storage::{Error, Options, Read, Span, Store};

use crate::support::{NOTES, note, options};

/// A day in milliseconds.
const DAY: u64 = 24 * 60 * 60 * 1000;
/// When the tests' time begins.
const START: u64 = 1_800_000_000_000;

/// A clock that stands still until it is moved.
#[derive(Clone)]
struct Time(Arc<AtomicU64>);

impl Time {
    fn new() -> Self {
        Self(Arc::new(AtomicU64::new(START)))
    }

    fn pass(&self, ms: u64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }

    fn now(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    fn options(&self, dir: &Path) -> Options {
        let time = self.clone();
        Options {
            clock: Arc::new(move || time.now()),
            ..options(dir, &[])
        }
    }

    fn open(&self, dir: &Path) -> Store {
        Store::open(self.options(dir)).unwrap()
    }
}

/// Writes the notes of a range, one batch each.
fn write(store: &Store, numbers: std::ops::RangeInclusive<u64>) {
    for n in numbers {
        let put: Result<(), Error> = store
            .write(move |tx| tx.put(&NOTES, &n, &note(&format!("note {n}"))))
            .wait();
        put.unwrap();
    }
}

/// The numbers of all notes; each has its own text.
fn numbers(store: &Store) -> Vec<u64> {
    let rows: Result<_, Error> = store.read(|tx| tx.scan(&NOTES, Span::all(), usize::MAX));
    let rows = rows.unwrap();
    for (n, found) in &rows {
        assert_eq!(found.text, format!("note {n}"));
    }
    rows.into_iter().map(|(n, _)| n).collect()
}

fn upto(last: u64) -> Vec<u64> {
    (1..=last).collect()
}

/// Runs a command of the shell; `$1` and `$2` are the two folders.
fn shell(script: &str, one: &Path, two: &Path) {
    let done = Command::new("sh")
        .arg("-euc")
        .arg(script)
        .arg("sh")
        .arg(one)
        .arg(two)
        .status()
        .unwrap();
    assert!(done.success(), "{script}");
}

/// Every file below a folder whose bytes contain `text`.
fn files_with(dir: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, text));
        } else {
            let bytes = std::fs::read(&path).unwrap();
            if bytes
                .windows(text.len())
                .any(|part| part == text.as_bytes())
            {
                found.push(path.display().to_string());
            }
        }
    }
    found
}
