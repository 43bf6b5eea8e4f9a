//! The tables of sessions: which of those that were stored by hand are open, and how far each has been
//! promoted and distilled.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::{Read, Record, Span, Table, TableInfo, WriteTx};
use uuid::Uuid;

use crate::error::Result;

const SESSIONS: Table<(Uuid, Uuid), Reached> = Table::new("memory_sessions");
const OPEN: Table<(Uuid, Uuid), LastSaid> = Table::new("memory_open");

#[rustfmt::skip]
pub const CATALOGUE: [TableInfo; 2] = [
    SESSIONS.info("memory", "user, conversation", "how far it was promoted and distilled").by_user(),
    OPEN.info("memory", "user, group", "last memory (index of groups stored by hand that have not ended)").by_user(),
];

/// Positions in a session before which all was promoted, or distilled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    pub promoted: u32,
    pub distilled: u32,
    /// Its summary, and what Nova noted of its own conduct in it, as made last.
    #[serde(default)]
    pub summary: Option<Uuid>,
    #[serde(default)]
    pub reflection: Option<Uuid>,
}

impl Record for Reached {}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct LastSaid(Timestamp);

impl Record for LastSaid {}

pub fn reached(tx: &impl Read, user: Uuid, session: Uuid) -> Result<Reached> {
    Ok(tx.get(&SESSIONS, &(user, session))?.unwrap_or_default())
}

pub fn put_reached(tx: &mut WriteTx<'_>, key: (Uuid, Uuid), reached: Reached) -> Result<()> {
    Ok(tx.put(&SESSIONS, &key, &reached)?)
}

/// Something was stored in a group by hand.
pub fn open(tx: &mut WriteTx<'_>, key: (Uuid, Uuid), now: Timestamp) -> Result<()> {
    Ok(tx.put(&OPEN, &key, &LastSaid(now))?)
}

pub fn close(tx: &mut WriteTx<'_>, key: (Uuid, Uuid)) -> Result<()> {
    tx.delete(&OPEN, &key)?;
    Ok(())
}

/// Open groups, everybody's, in which nothing was stored since `since`; at most `limit`.
pub fn idle(tx: &impl Read, since: Timestamp, limit: usize) -> Result<Vec<(Uuid, Uuid)>> {
    let unused = |last: &LastSaid| last.0 <= since;
    let rows = tx.scan_where(&OPEN, Span::all(), limit, unused)?;
    Ok(rows.into_iter().map(|(key, _)| key).collect())
}

/// Whether a group is still open, and nothing was stored in it since `since`.
pub fn is_idle(tx: &impl Read, key: (Uuid, Uuid), since: Timestamp) -> Result<bool> {
    let last = tx.get(&OPEN, &key)?;
    Ok(last.is_some_and(|last| last.0 <= since))
}

/// A group is no more.
pub fn gone(tx: &mut WriteTx<'_>, key: (Uuid, Uuid)) -> Result<()> {
    tx.delete(&OPEN, &key)?;
    tx.delete(&SESSIONS, &key)?;
    Ok(())
}

pub fn erase(tx: &mut WriteTx<'_>, user: Uuid, limit: usize) -> Result<usize> {
    let removed = tx.delete_some(&SESSIONS, Span::prefix(&user), limit)?;
    Ok(removed + tx.delete_some(&OPEN, Span::prefix(&user), limit - removed)?)
}
