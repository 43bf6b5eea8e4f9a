//! What the writers write. A thread's n-th write follows from the two numbers alone, so whoever knows the
//! last number of every thread knows every row that must be there, every one that must not, and all
//! their bytes.

use std::collections::BTreeMap;

use novacore_storage::{Error, Read, ReadTx, Record, Span, Store, Table, WriteTx};
use serde::{Deserialize, Serialize};

use super::{Random, mixed};

/// Writers of one process. Each waits for one answer before its next write.
pub const THREADS: usize = 4;
/// Rows of one thread; each is written over and over.
const SLOTS: u64 = 100;

/// The number of the last write of each thread; the first write is number 1.
pub type Lasts = [u64; THREADS];

/// A row of a write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    number: u64,
    text: String,
}

/// A thread's last write, and the last writes of all that it saw: of no two writes may the later one be
/// there without the earlier one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    number: u64,
    seen: Vec<u64>,
}

impl Record for Row {}
impl Record for Mark {}

pub const ROWS: Table<(u64, u64), Row> = Table::new("torture.rows");
pub const MARKS: Table<u64, Mark> = Table::new("torture.marks");

/// Why a store is not as it must be.
#[derive(Debug)]
#[expect(dead_code, reason = "the words are for whoever reads a failure")]
pub enum Fault {
    /// It says so itself.
    Refused(Error),
    /// Something acknowledged is not there.
    Missing(String),
    /// Something is there that is not what was written.
    Wrong(String),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

/// Of 100 bytes to 20 KB, mostly small.
fn row(thread: u64, number: u64) -> Row {
    let mut random = Random(mixed(thread << 48 | number));
    let doublings = random.below(8).min(random.below(8));
    let length = 100 + random.below(156 << doublings);
    let text = (0..length.div_ceil(8))
        .flat_map(|_| random.next().to_le_bytes())
        .map(|byte| char::from(b' ' + byte % 95))
        .collect();
    Row { number, text }
}

/// The slots that a write deletes: mostly none, sometimes one, seldom a range.
fn deleted(number: u64) -> std::ops::Range<u64> {
    let low = mixed(number) % (SLOTS - 8);
    match number {
        _ if number.is_multiple_of(37) => low..low + 8,
        _ if number.is_multiple_of(5) => low..low + 1,
        _ => 0..0,
    }
}

/// The `number`-th write of a thread.
pub fn write(tx: &mut WriteTx<'_>, thread: u64, number: u64) -> Result<(), Error> {
    tx.put(&ROWS, &(thread, number % SLOTS), &row(thread, number))?;
    let gone = deleted(number);
    if gone.end - gone.start > 1 {
        let span = Span::all().from(&(thread, gone.start));
        tx.delete_span(&ROWS, span.before(&(thread, gone.end)))?;
    } else if let Some(slot) = gone.into_iter().next() {
        tx.delete(&ROWS, &(thread, slot))?;
    }
    let seen = (0..THREADS as u64)
        .map(|other| Ok(tx.get(&MARKS, &other)?.map_or(0, |mark| mark.number)))
        .collect::<Result<_, Error>>()?;
    tx.put(&MARKS, &thread, &Mark { number, seen })
}

/// The writes whose rows remain after `last` writes of a thread, by slot.
fn remaining(last: u64) -> BTreeMap<u64, u64> {
    let mut slots = BTreeMap::new();
    // Whatever was before has been written over since.
    for number in last.saturating_sub(SLOTS)..=last {
        if number > 0 {
            slots.insert(number % SLOTS, number);
            slots.retain(|slot, _| !deleted(number).contains(slot));
        }
    }
    slots
}

/// The last write of each thread, as the store tells it.
pub fn lasts(store: &Store) -> Result<Lasts, Error> {
    store.read(|tx| {
        let mut lasts = Lasts::default();
        for (thread, last) in (0..).zip(&mut lasts) {
            *last = tx.get(&MARKS, &thread)?.map_or(0, |mark| mark.number);
        }
        Ok(lasts)
    })
}

/// Compares every row with what it must be after these writes.
pub fn compare(store: &Store, lasts: &Lasts) -> Result<(), Fault> {
    store.read(|tx| {
        for (thread, &last) in (0..).zip(lasts) {
            compare_thread(tx, thread, last)?;
            let mark = tx.get(&MARKS, &thread)?;
            if mark.as_ref().map_or(0, |mark| mark.number) < last {
                return Err(Fault::Missing(format!("mark of {thread}: {mark:?}")));
            }
            let ahead = mark.is_some_and(|mark| {
                mark.number > last || mark.seen.iter().zip(lasts).any(|(seen, last)| seen > last)
            });
            if ahead {
                return Err(Fault::Wrong(format!(
                    "thread {thread} saw what is not there"
                )));
            }
        }
        Ok(())
    })
}

fn compare_thread(tx: &ReadTx, thread: u64, last: u64) -> Result<(), Fault> {
    let wanted = remaining(last);
    for (slot, number) in &wanted {
        match tx.get(&ROWS, &(thread, *slot))? {
            None => {
                let what = format!("row {slot} of thread {thread}, write {number} of {last}");
                return Err(Fault::Missing(what));
            }
            Some(found) if found != row(thread, *number) => {
                let what = format!(
                    "row {slot} of thread {thread} is of write {}, not {number} of {last}",
                    found.number
                );
                return Err(Fault::Wrong(what));
            }
            Some(_) => {}
        }
    }
    let rows = tx.scan(&ROWS, Span::prefix(&thread), usize::MAX)?;
    let slots: Vec<u64> = rows.iter().map(|((_, slot), _)| *slot).collect();
    if slots.iter().any(|slot| !wanted.contains_key(slot)) {
        return Err(Fault::Wrong(format!(
            "a deleted row of {thread}: {slots:?}"
        )));
    }
    if slots.len() < wanted.len() {
        return Err(Fault::Missing(format!("a scan of {thread} gave {slots:?}")));
    }
    Ok(())
}

/// Compares every row with what the store itself says was written last; says what that was.
pub fn read_back(store: &Store) -> Result<Lasts, Fault> {
    let found = lasts(store)?;
    compare(store, &found)?;
    Ok(found)
}
