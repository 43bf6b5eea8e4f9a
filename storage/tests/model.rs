//! The store against a map: whatever is done to both, they say the same.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use novacore_storage::{Error, Read, Restore, Span, Store, restore};
use proptest::prelude::*;
use tempfile::TempDir;

use crate::support::{WORDS, note, options};
use crate::torture::copy_all;

type Key = (String, u64);
type Model = BTreeMap<Key, String>;

const HOUR_MS: u64 = 3_600_000;

#[derive(Debug, Clone)]
enum Act {
    Put(Key, String),
    Delete(Key),
    DeletePrefix(String),
    DeleteRange(Key, Key),
    /// The first so many of those with this prefix.
    DeleteSome(String, usize),
}

#[derive(Debug, Clone)]
enum Step {
    /// Acts of one closure; when the flag is set the closure fails after them.
    Write(Vec<Act>, bool),
    Reopen,
    Snapshot,
    /// `maintain`, this many hours later.
    Maintain(u64),
    Compact,
    Scrub,
    /// A copy of the open directory is opened and looked into, then thrown away.
    Copy,
    /// The copy takes the place of the directory, which was never closed. The flag loses the live file.
    Crash(bool),
    /// Backed up, restored, and the restored one takes the place of the directory.
    Restore,
    /// The deep check.
    Check,
}

fn key() -> impl Strategy<Value = Key> {
    ("[ab\u{0}]{0,2}", 0_u64..4)
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => (key(), "[a-z]{0,8}").prop_map(|(key, text)| Act::Put(key, text)),
        2 => key().prop_map(Act::Delete),
        1 => "[ab\u{0}]{0,2}".prop_map(Act::DeletePrefix),
        1 => (key(), key()).prop_map(|(low, high)| Act::DeleteRange(low, high)),
        1 => ("[ab\u{0}]{0,2}", 0_usize..4).prop_map(|(part, most)| Act::DeleteSome(part, most)),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        16 => (prop::collection::vec(act(), 0..8), prop::bool::weighted(0.25))
            .prop_map(|(acts, fails)| Step::Write(acts, fails)),
        2 => Just(Step::Reopen),
        2 => Just(Step::Snapshot),
        2 => (0_u64..80).prop_map(Step::Maintain),
        1 => Just(Step::Compact),
        1 => Just(Step::Scrub),
        1 => Just(Step::Copy),
        2 => any::<bool>().prop_map(Step::Crash),
        1 => Just(Step::Restore),
        1 => Just(Step::Check),
    ]
}

/// Does an act to the model and says how many rows it deleted.
fn act_on_model(model: &mut Model, act: &Act) -> u64 {
    let before = model.len();
    match act {
        Act::Put(key, text) => {
            model.insert(key.clone(), text.clone());
            return 0;
        }
        Act::Delete(key) => drop(model.remove(key)),
        Act::DeletePrefix(part) => model.retain(|key, _| key.0 != *part),
        Act::DeleteRange(low, high) => model.retain(|key, _| key < low || key > high),
        Act::DeleteSome(part, most) => {
            let mut left = *most;
            model.retain(|key, _| {
                let goes = key.0 == *part && left > 0;
                left -= usize::from(goes);
                !goes
            });
        }
    }
    (before - model.len()) as u64
}

fn act_on_store(tx: &mut novacore_storage::WriteTx<'_>, act: &Act) -> Result<u64, Error> {
    match act {
        Act::Put(key, text) => tx.put(&WORDS, key, &note(text)).map(|()| 0),
        Act::Delete(key) => tx.delete(&WORDS, key).map(u64::from),
        Act::DeletePrefix(part) => tx.delete_span(&WORDS, Span::prefix(part)),
        Act::DeleteRange(low, high) => tx.delete_span(&WORDS, Span::all().from(low).until(high)),
        Act::DeleteSome(part, most) => {
            let removed = tx.delete_some(&WORDS, Span::prefix(part), *most)?;
            Ok(removed as u64)
        }
    }
}

/// The rows of a store, as the model has them.
fn rows(store: &Store) -> Result<Model, Error> {
    let rows = store.read(|tx| tx.scan(&WORDS, Span::all(), usize::MAX));
    let rows: Vec<(Key, crate::support::Note)> = rows?;
    Ok(rows
        .into_iter()
        .map(|(key, note)| (key, note.text))
        .collect())
}

/// A store, the map that it must be like, and a clock.
struct World {
    dir: TempDir,
    store: Store,
    model: Model,
    now: Arc<AtomicU64>,
}

impl World {
    fn new() -> Result<Self, Error> {
        let dir = TempDir::new()?;
        let now = Arc::new(AtomicU64::new(1_790_000_000_000));
        let store = open(dir.path(), &now)?;
        Ok(Self {
            dir,
            store,
            model: Model::new(),
            now,
        })
    }

    fn write(&mut self, acts: Vec<Act>, fails: bool) {
        let mut expected = self.model.clone();
        let counts: Vec<u64> = acts
            .iter()
            .map(|act| act_on_model(&mut expected, act))
            .collect();
        let inside = expected.clone();
        let answer = self.store.write(move |tx| {
            let found: Result<Vec<u64>, Error> =
                acts.iter().map(|act| act_on_store(tx, act)).collect();
            assert_eq!(found?, counts);
            assert_eq!(tx.count(&WORDS, Span::all())?, inside.len() as u64);
            if fails { Err(Error::Full) } else { Ok(()) }
        });
        match answer.wait() {
            Ok(()) => self.model = expected,
            Err(error) => assert!(fails, "{error}"),
        }
    }

    /// A copy of the directory as it is at this moment.
    fn copy(&self, with_live_file: bool) -> Result<TempDir, Error> {
        let copy = TempDir::new()?;
        copy_all(self.dir.path(), copy.path());
        if !with_live_file {
            std::fs::remove_dir_all(copy.path().join("live"))?;
        }
        Ok(copy)
    }

    fn take_over(&mut self, dir: TempDir) -> Result<(), Error> {
        self.store = open(dir.path(), &self.now)?;
        assert!(self.store.held(), "a copy");
        self.store.adopt()?;
        assert!(!self.store.held(), "adopted");
        self.dir = dir;
        Ok(())
    }

    fn restore(&mut self) -> Result<(), Error> {
        let (backup, restored) = (TempDir::new()?, TempDir::new()?);
        self.store.backup(backup.path(), &mut |_| {})?;
        let from = Restore {
            from: backup.path().to_owned(),
            into: restored.path().to_owned(),
            at_ms: None,
            partial: false,
            options: options(restored.path(), &[]),
        };
        restore(&from, &mut |_| {})?;
        self.take_over(restored)
    }

    fn take(&mut self, step: Step) -> Result<(), Error> {
        match step {
            Step::Write(acts, fails) => self.write(acts, fails),
            Step::Reopen => {
                self.store.close()?;
                self.store = open(self.dir.path(), &self.now)?;
                assert!(!self.store.held(), "the same directory");
            }
            Step::Snapshot => drop(self.store.snapshot(&mut |_| {})?),
            Step::Maintain(hours) => {
                self.now.fetch_add(hours * HOUR_MS, Ordering::Relaxed);
                self.store.maintain()?;
            }
            Step::Compact => drop(self.store.compact(&mut |_| {})?),
            Step::Scrub => drop(self.store.scrub(&mut |_| {})?),
            Step::Copy => {
                let copy = self.copy(true)?;
                assert_eq!(rows(&open(copy.path(), &self.now)?)?, self.model);
            }
            Step::Crash(with_live_file) => {
                // Without the live file there must be something to make it from.
                let alone = self.store.stats(&mut |_| {})?.disk.snapshot_count == 0;
                let copy = self.copy(with_live_file || alone)?;
                self.take_over(copy)?;
            }
            Step::Restore => self.restore()?,
            Step::Check => {
                let report = self.store.check(true, &mut |_| {})?;
                assert!(report.findings.is_empty(), "{:?}", report.findings);
            }
        }
        Ok(())
    }
}

fn open(dir: &Path, now: &Arc<AtomicU64>) -> Result<Store, Error> {
    let mut options = options(dir, &[]);
    let now = Arc::clone(now);
    options.clock = Arc::new(move || now.load(Ordering::Relaxed));
    options.keep_days = 1;
    // Whatever was written makes a snapshot due.
    options.snapshot_bytes = 1024;
    Store::open(options)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Promise: the store holds exactly what acknowledged closures put there, after any snapshot,
    /// compaction, scrub, reopening, crash, copy or restore.
    #[test]
    fn the_store_is_a_map(steps in prop::collection::vec(step(), 1..40)) {
        let mut world = World::new()?;
        for step in steps {
            let said = format!("{step:?}");
            world.take(step)?;
            prop_assert_eq!(&rows(&world.store)?, &world.model, "after {}", said);
        }
    }
}
