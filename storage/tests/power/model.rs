//! What the store must hold: every write is done here too, to plain maps.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use novacore_storage::{Error, Read, Span, Store, WriteTx};

use crate::support::rng::Rng;
use crate::support::{BY_OWNER, NOTES, id, note};

/// Keys are few, so that rows are overwritten and deleted.
const KEYS: u64 = 40;

/// One step of a write.
#[derive(Debug, Clone)]
enum Op {
    Put(u64, Arc<str>),
    Delete(u64),
    DeleteSpan(u64, u64),
    Own(u128, u64),
    Disown(u128),
}

/// One write: all of it, or nothing.
#[derive(Debug, Clone)]
pub struct Change {
    pub number: u64,
    ops: Vec<Op>,
    /// The closure fails after it has written.
    pub fails: bool,
}

/// What a closure that fails on purpose says.
pub fn on_purpose() -> Error {
    Error::Unstorable {
        reason: "on purpose".to_owned(),
    }
}

impl Change {
    pub fn random(number: u64, rng: &mut Rng) -> Self {
        let ops = (0..=rng.below(4))
            .map(|part| {
                let key = rng.below(KEYS);
                match rng.below(10) {
                    0 => Op::Delete(key),
                    1 => Op::DeleteSpan(key, key + rng.below(5)),
                    2 | 3 => Op::Own(u128::from(key % 3), rng.below(KEYS)),
                    4 if rng.chance(30) => Op::Disown(u128::from(key % 3)),
                    _ => Op::Put(key, text(number, part, rng)),
                }
            })
            .collect();
        let fails = rng.chance(5);
        Self { number, ops, fails }
    }

    /// Does it to the store.
    pub fn run(&self, tx: &mut WriteTx<'_>) -> Result<(), Error> {
        for op in &self.ops {
            match op {
                Op::Put(key, text) => tx.put(&NOTES, key, &note(text))?,
                Op::Delete(key) => {
                    tx.delete(&NOTES, key)?;
                }
                Op::DeleteSpan(from, to) => {
                    tx.delete_span(&NOTES, Span::all().from(from).before(to))?;
                }
                Op::Own(owner, key) => tx.put(&BY_OWNER, &(id(*owner), *key), &())?,
                Op::Disown(owner) => {
                    tx.delete_span(&BY_OWNER, Span::prefix(&id(*owner)))?;
                }
            }
        }
        tx.record_change("notes", &self.number.to_be_bytes())?;
        if self.fails {
            return Err(on_purpose());
        }
        Ok(())
    }
}

/// Different in every write; now and then long.
fn text(number: u64, part: u64, rng: &mut Rng) -> Arc<str> {
    let len = match rng.below(40) {
        0 => 100_000,
        1..6 => rng.below(5_000),
        _ => rng.below(200),
    };
    let filling = "x".repeat(usize::try_from(len).unwrap_or(0));
    format!("{number} {part} {filling}").into()
}

/// All rows.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rows {
    notes: BTreeMap<u64, Arc<str>>,
    owned: BTreeSet<(u128, u64)>,
    /// The numbers of the changes in it.
    feed: Vec<u64>,
}

impl Rows {
    /// What the store holds.
    pub fn read(store: &Store) -> Result<Self, Error> {
        store.read(|tx| {
            let notes = tx.scan(&NOTES, Span::all(), usize::MAX)?;
            let owned = tx.scan(&BY_OWNER, Span::all(), usize::MAX)?;
            let feed = tx.changes_after(0, usize::MAX)?;
            let number = |key: Vec<u8>| {
                let bytes = key.try_into().unwrap_or([0xFF; 8]);
                u64::from_be_bytes(bytes)
            };
            Ok(Self {
                notes: notes
                    .into_iter()
                    .map(|(key, note)| (key, note.text.into()))
                    .collect(),
                owned: owned
                    .into_iter()
                    .map(|((owner, key), ())| (owner.as_u128(), key))
                    .collect(),
                feed: feed.into_iter().map(|change| number(change.key)).collect(),
            })
        })
    }

    fn with(&self, change: &Change) -> Self {
        let mut rows = self.clone();
        if change.fails {
            return rows;
        }
        for op in &change.ops {
            match op {
                Op::Put(key, text) => {
                    rows.notes.insert(*key, Arc::clone(text));
                }
                Op::Delete(key) => {
                    rows.notes.remove(key);
                }
                Op::DeleteSpan(from, to) => rows.notes.retain(|key, _| !(from..to).contains(&key)),
                Op::Own(owner, key) => {
                    rows.owned.insert((*owner, *key));
                }
                Op::Disown(owner) => rows.owned.retain(|(other, _)| other != owner),
            }
        }
        rows.feed.push(change.number);
        rows
    }

    /// Where two differ, in few words.
    fn difference(&self, other: &Self) -> String {
        let last = |rows: &Self| rows.feed.iter().rev().take(8).copied().collect::<Vec<_>>();
        let differs = |key: &u64| self.notes.get(key) != other.notes.get(key);
        let keys: Vec<u64> = (0..KEYS).filter(differs).collect();
        format!(
            "{} changes, the last ones {:?}, for {} with {:?}; notes that differ: {keys:?}; owned differ: {}",
            other.feed.len(),
            last(other),
            self.feed.len(),
            last(self),
            self.owned != other.owned
        )
    }
}

/// One thing the store may hold.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    rows: Rows,
    /// A write before was not kept, so that none behind it may be, until one is acknowledged.
    skipped: bool,
}

/// Everything the store may hold, given what it has answered.
#[derive(Debug, Clone)]
pub struct Model {
    acknowledged: Rows,
    possible: BTreeSet<State>,
}

impl Model {
    pub fn new() -> Self {
        Self::of(Rows::default())
    }

    fn of(rows: Rows) -> Self {
        let acknowledged = rows.clone();
        let skipped = false;
        let possible = BTreeSet::from([State { rows, skipped }]);
        Self {
            acknowledged,
            possible,
        }
    }

    /// A write was answered with Ok: it is in for good, on top of what the store served. Whatever was
    /// refused before is out for good.
    pub fn acknowledge(&mut self, change: &Change) {
        *self = Self::of(self.acknowledged.with(change));
    }

    /// Writes that were queued together were refused while the process goes on. They have the seq of the
    /// next batch, as every other refused batch has: at most one batch of all can be found later, and a
    /// batch is a run of what was queued.
    pub fn refuse(&mut self, changes: &[&Change]) {
        for first in 0..changes.len() {
            let mut rows = self.acknowledged.clone();
            for change in &changes[first..] {
                rows = rows.with(change);
                self.possible.insert(State {
                    rows: rows.clone(),
                    skipped: true,
                });
            }
        }
    }

    /// A write was answered with an error as everything stopped: it may be in, if those before it are.
    pub fn doubt(&mut self, change: &Change) {
        let mut states = BTreeSet::new();
        for state in &self.possible {
            if !state.skipped {
                states.insert(State {
                    rows: state.rows.with(change),
                    skipped: state.skipped,
                });
            }
            states.insert(State {
                rows: state.rows.clone(),
                skipped: true,
            });
        }
        self.possible = states;
    }

    /// What the store serves while it runs: every acknowledged write and no other.
    pub fn check(&self, found: &Rows) -> Result<(), String> {
        if *found == self.acknowledged {
            return Ok(());
        }
        let difference = self.acknowledged.difference(found);
        Err(format!("serves what it did not acknowledge: {difference}"))
    }

    /// What the store turns out to hold: from now on nothing else is possible.
    pub fn settle(&mut self, found: Rows) -> Result<(), String> {
        if self.possible.iter().any(|state| state.rows == found) {
            *self = Self::of(found);
            return Ok(());
        }
        let difference = self.acknowledged.difference(&found);
        Err(format!("holds what it must not: {difference}"))
    }
}
