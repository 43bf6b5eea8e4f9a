//! One bit flipped anywhere in a directory.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use novacore_storage::{Error, Options, Start, Store};
use tempfile::TempDir;

use super::child::{Work, Writer};
use super::copying::{copy_all, files_of};
use super::history::{self, Fault, Lasts};
use super::rot::{Quiet, flip};
use super::{Random, findings, options, runs, tell};

/// What a directory was like before the bit flipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Before {
    /// Closed well, and nothing about the files tells that one has changed since.
    Clean,
    /// Closed well, then copied.
    Copied,
    /// Its process was killed.
    Killed,
}

/// What became of the flipped bit. The first four are promised, the rest must not be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    /// All rows are right, and a full check finds nothing.
    Harmless,
    /// All rows are right, and what was damaged has been said.
    Repaired,
    /// Opening refuses, with the reason.
    Refused,
    /// A read refuses, with the reason.
    ReadRefused,
    /// A full check says it.
    FoundByCheck,
    /// The very last batch of a killed process, which looks like one that was never finished.
    TornTail,
    WrongValue,
    LostInSilence,
}

/// Writes from this process until the directory has some of everything; closes it.
fn closed_well(dir: &Path) -> Lasts {
    let store = Store::open(options(dir)).unwrap();
    let mut lasts = Lasts::default();
    for number in 1..=150 {
        for (thread, last) in (0..).zip(&mut lasts) {
            let write = store.write(move |tx| history::write(tx, thread, number));
            let answer: Result<(), Error> = write.wait();
            answer.unwrap();
            *last = number;
        }
        if number % 50 == 40 {
            store.snapshot(&mut |_| {}).unwrap();
        }
    }
    store.close().unwrap();
    lasts
}

/// Has a process write a while and kills it; what is there then, one batch more than acknowledged
/// perhaps.
fn killed(dir: &Path) -> Lasts {
    let writer = Writer::start(dir, Work::Snapshot, Lasts::default());
    writer.wait(|said| said.total() > 600);
    writer.kill();
    let twin = TempDir::new().unwrap();
    copy_all(dir, twin.path());
    let store = Store::open(options(twin.path())).unwrap();
    history::read_back(&store).unwrap()
}

/// Opens the directory and says what became of the bit, and in which words.
fn fate(options: Options, lasts: &Lasts, before: Before) -> (Fate, String) {
    let store = match Store::open(options) {
        Ok(store) => store,
        Err(error) => return (Fate::Refused, error.to_string()),
    };
    let opened = store.opened().clone();
    let right = history::compare(&store, lasts);
    if let Err(Fault::Refused(error)) = &right {
        return (Fate::ReadRefused, error.to_string());
    }
    let found = findings(&store).unwrap_or_else(|error| Some(error.to_string()));
    let torn = before == Before::Killed && opened.torn_bytes > 0;
    match (right, found) {
        (Ok(()), None) if opened.damage.is_empty() && opened.torn_bytes == 0 => {
            (Fate::Harmless, format!("{:?}", opened.start))
        }
        (Ok(()), None) => (Fate::Repaired, format!("{opened:?}")),
        (Err(_), None) if torn && last_batch_lost(&store, lasts) => {
            (Fate::TornTail, format!("{opened:?}"))
        }
        (Ok(()) | Err(Fault::Missing(_)), Some(found)) => (Fate::FoundByCheck, found),
        (Err(Fault::Missing(what)), None) => (Fate::LostInSilence, format!("{what}, {opened:?}")),
        (Err(fault), found) => (
            Fate::WrongValue,
            format!("{fault:?}, {opened:?}, {found:?}"),
        ),
    }
}

/// Whether all is as it was one batch earlier: at most one write of each thread was in it.
fn last_batch_lost(store: &Store, lasts: &Lasts) -> bool {
    history::read_back(store).is_ok_and(|found| {
        let mut both = found.iter().zip(lasts);
        both.all(|(found, last)| *found <= *last && found + 1 >= *last)
    })
}

/// A bit of a file; ends of files, where headers and the last records are, as often as all the rest.
fn any_bit(bytes: u64, random: &mut Random) -> u64 {
    let byte = match random.below(4) {
        0 => random.below(bytes.min(256)),
        1 => bytes - 1 - random.below(bytes.min(256)),
        _ => random.below(bytes),
    };
    byte * 8 + random.below(8)
}

/// Makes a directory like `base`, flips a bit in it, opens it.
fn one_flip(base: (Before, &Path, &Lasts), random: &mut Random) -> (String, Fate, String) {
    let (before, base, lasts) = base;
    let dir = TempDir::new().unwrap();
    copy_all(base, dir.path());
    if before == Before::Clean {
        // Opened and closed here, so that its files are its own again.
        Store::open(options(dir.path())).unwrap().close().unwrap();
    }
    let mut files = files_of(dir.path());
    let quiet = Quiet::new(dir.path(), &files);
    files.retain(|(_, bytes)| *bytes > 0);
    let (path, bytes) = files[random.index(files.len())].clone();
    let bit = any_bit(bytes, random);
    flip(&dir.path().join(&path), bit);
    let mut options = options(dir.path());
    if before == Before::Clean {
        options.files = Arc::new(quiet);
    }
    let (fate, words) = fate(options, lasts, before);
    let place = format!("{before:?}: bit {bit} of {}, {bytes} bytes", path.display());
    (place, fate, words)
}

/// Promise: a bit flipped anywhere is harmless, repaired, or noticed at open, by a read or by a check;
/// no wrong value is ever served and nothing acknowledged is missing in silence. By nature the last
/// batch of a killed process cannot be told from one that was never finished: its loss shows as torn
/// bytes.
#[test]
fn a_flipped_bit_is_noticed() {
    let mut random = Random::new(3);
    let (clean, dirty) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let (clean_lasts, dirty_lasts) = (closed_well(clean.path()), killed(dirty.path()));
    let mut tally: BTreeMap<(Before, Fate), u32> = BTreeMap::new();
    let mut failures = Vec::new();
    for run in 0..runs(50) {
        let base = match run % 3 {
            0 => (Before::Clean, clean.path(), &clean_lasts),
            1 => (Before::Copied, clean.path(), &clean_lasts),
            _ => (Before::Killed, dirty.path(), &dirty_lasts),
        };
        let (place, fate, words) = one_flip(base, &mut random);
        *tally.entry((base.0, fate)).or_default() += 1;
        if fate > Fate::TornTail {
            failures.push(format!("{place}: {fate:?}: {words}"));
        }
    }
    tell("one bit flipped: directory, fate, times");
    for ((before, fate), times) in &tally {
        tell(&format!("{before:?} | {fate:?} | {times}"));
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

/// Promise: a directory whose files nobody touched starts clean, so that the flips above do reach
/// rows that no full check has read before.
#[test]
fn an_untouched_directory_starts_clean() {
    let dir = TempDir::new().unwrap();
    let lasts = closed_well(dir.path());
    let files = files_of(dir.path());
    let live = dir.path().join("live/main.redb");
    let mut options = options(dir.path());
    options.files = Arc::new(Quiet::new(dir.path(), &files));
    let bytes = std::fs::read(&live).unwrap();
    std::fs::write(&live, bytes).unwrap();
    let store = Store::open(options).unwrap();
    assert_eq!(store.opened().start, Start::Clean);
    history::compare(&store, &lasts).unwrap();
}
