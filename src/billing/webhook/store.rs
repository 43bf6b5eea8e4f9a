//! The tables of Stripe's events. An event is stored with its effect, so that a second delivery finds it.

use jiff::{SignedDuration, Timestamp};
use storage::{Read, Record, Span, Table, TableInfo, WriteTx};
use uuid::Uuid;

use super::{EventRow, EventState};
use crate::error::Result;

const EVENTS: Table<String, EventRow> = Table::new("billing_events");
const TIMES: Table<(i64, String), ()> = Table::new("billing_event_times");
const OPEN: Table<String, ()> = Table::new("billing_events_open");
const USER_EVENTS: Table<(Uuid, String), ()> = Table::new("billing_user_events");

#[rustfmt::skip]
pub const CATALOGUE: [TableInfo; 4] = [
    EVENTS.info("billing", "event of Stripe's", "type, times, whose, what became of it, its subscription"),
    TIMES.info("billing", "received at (ms), event", "(index)"),
    OPEN.info("billing", "event", "(index of those that wait or failed)"),
    USER_EVENTS.info("billing", "user, event", "(index)").by_user(),
];

impl Record for EventRow {}

/// Stripe sends one again for three days at most; so long administrators can look at it.
const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// How many events are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub waiting: u64,
    pub done: u64,
    pub failed: u64,
    pub ignored: u64,
}

pub fn get(tx: &impl Read, id: &str) -> Result<Option<EventRow>> {
    Ok(tx.get(&EVENTS, &id.to_owned())?)
}

/// Stores an event in the place of what was there.
pub fn put(tx: &mut WriteTx<'_>, row: &EventRow) -> Result<()> {
    if let Some(before) = get(tx, &row.id)? {
        remove(tx, &before)?;
    }
    let id = &row.id;
    tx.put(&TIMES, &(row.received_at.as_millisecond(), id.clone()), &())?;
    if matches!(row.state, EventState::Waiting | EventState::Failed) {
        tx.put(&OPEN, id, &())?;
    }
    if let Some(user) = row.user {
        tx.put(&USER_EVENTS, &(user, id.clone()), &())?;
    }
    Ok(tx.put(&EVENTS, id, row)?)
}

fn remove(tx: &mut WriteTx<'_>, row: &EventRow) -> Result<()> {
    let id = row.id.clone();
    tx.delete(&TIMES, &(row.received_at.as_millisecond(), id.clone()))?;
    tx.delete(&OPEN, &id)?;
    if let Some(user) = row.user {
        tx.delete(&USER_EVENTS, &(user, id.clone()))?;
    }
    tx.delete(&EVENTS, &id)?;
    Ok(())
}

/// Events, those that came last first; in one state or in any, from before the one called `before`.
pub fn list(
    tx: &impl Read,
    state: Option<EventState>,
    before: Option<&str>,
    limit: usize,
) -> Result<Vec<EventRow>> {
    let mut span = Span::all().rev();
    if let Some(before) = before {
        let Some(row) = get(tx, before)? else {
            return Ok(Vec::new());
        };
        span = span.before(&(row.received_at.as_millisecond(), row.id));
    }
    let mut found = Vec::new();
    for ((_, id), ()) in tx.scan(&TIMES, span, usize::MAX)? {
        if found.len() == limit {
            break;
        }
        let row = get(tx, &id)?;
        found.extend(row.filter(|row| state.is_none_or(|state| row.state == state)));
    }
    Ok(found)
}

/// When the last one came.
pub fn last_at(tx: &impl Read) -> Result<Option<Timestamp>> {
    let last = tx.scan(&TIMES, Span::all().rev(), 1)?;
    let last = last.first().map(|((at, _), ())| *at);
    Ok(last.and_then(|at| Timestamp::from_millisecond(at).ok()))
}

/// Those that wait or failed.
pub fn open(tx: &impl Read) -> Result<Vec<EventRow>> {
    let ids = tx.scan(&OPEN, Span::all(), usize::MAX)?.into_iter();
    ids.filter_map(|(id, ())| get(tx, &id).transpose())
        .collect()
}

pub fn count(tx: &impl Read) -> Result<Counts> {
    let mut counts = Counts::default();
    for (_, row) in tx.scan(&EVENTS, Span::all(), usize::MAX)? {
        *match row.state {
            EventState::Waiting => &mut counts.waiting,
            EventState::Done => &mut counts.done,
            EventState::Failed => &mut counts.failed,
            EventState::Ignored => &mut counts.ignored,
        } += 1;
    }
    Ok(counts)
}

/// Removes up to `limit` of those that came long ago; how many.
pub fn sweep(tx: &mut WriteTx<'_>, now: Timestamp, limit: usize) -> Result<usize> {
    let before = now.checked_sub(KEPT).unwrap_or(Timestamp::MIN);
    let span = Span::all().before(&before.as_millisecond());
    let old = tx.scan(&TIMES, span, limit)?;
    for ((_, id), ()) in &old {
        if let Some(row) = get(tx, id)? {
            remove(tx, &row)?;
        }
    }
    Ok(old.len())
}

/// Takes a person off up to `limit` events; how many. That they came stays known, so that none of them
/// counts a second time.
pub fn unname(tx: &mut WriteTx<'_>, user: Uuid, limit: usize) -> Result<usize> {
    let theirs = tx.scan(&USER_EVENTS, Span::prefix(&user), limit)?;
    for ((_, id), ()) in &theirs {
        if let Some(row) = get(tx, id)? {
            let row = row.unnamed();
            put(tx, &row)?;
        }
        tx.delete(&USER_EVENTS, &(user, id.clone()))?;
    }
    Ok(theirs.len())
}
