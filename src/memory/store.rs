//! The tables of memories themselves. What is counted of them is in `figures/`.
//!
//! Every key begins with the owner, so that nobody's id leads to somebody else's memory. Rows are changed
//! by `remember.rs` alone, which keeps all of this together.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::{Read, Record, Span, Table, TableInfo, WriteTx};
use uuid::Uuid;

use super::profile;
use super::row::{Kind, Memory};
use crate::error::Result;

const MEMORIES: Table<(Uuid, Uuid), Memory> = Table::new("memory_turns");
const BY_SESSION: Table<(Uuid, Uuid, Uuid), ()> = Table::new("memory_by_session");
const BY_TIME: Table<(Uuid, u64, Uuid), ()> = Table::new("memory_by_time");
const BY_KIND: Table<(Uuid, u32, Uuid), ()> = Table::new("memory_by_kind");
const EVIDENCE: Table<(Uuid, Uuid, Uuid), ()> = Table::new("memory_evidence");
const SUPERSEDES: Table<(Uuid, Uuid, Uuid), ()> = Table::new("memory_supersedes");
const ORIGINS: Table<(Uuid, Uuid, Uuid), ()> = Table::new("memory_origins");
const USES: Table<(Uuid, Uuid), Use> = Table::new("memory_uses");

/// The feed that the derived indexes follow; its keys are owner and memory.
pub const FEED: &str = "memory";

#[rustfmt::skip]
pub const CATALOGUE: [TableInfo; 8] = [
    MEMORIES.info("memory", "user, memory", "who said what, when, where; what became of it").by_user(),
    BY_SESSION.info("memory", "user, conversation, memory", "(index)").by_user(),
    BY_TIME.info("memory", "user, time, memory", "(index)").by_user(),
    BY_KIND.info("memory", "user, kind, memory", "(index of all but turns)").by_user(),
    EVIDENCE.info("memory", "user, turn, derived memory", "(index)").by_user(),
    SUPERSEDES.info("memory", "user, newer memory, older memory", "(index)").by_user(),
    ORIGINS.info("memory", "user, what an import knows it by, memory", "(index)").by_user(),
    USES.info("memory", "user, memory", "how often answers used it, and when last").by_user(),
];

/// How often answers were given a memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Use {
    pub times: u32,
    pub last: Timestamp,
}

impl Record for Use {}

/// The key in the change feed.
pub fn feed_key(user: Uuid, id: Uuid) -> [u8; 32] {
    let mut key = [0; 32];
    key[..16].copy_from_slice(user.as_bytes());
    key[16..].copy_from_slice(id.as_bytes());
    key
}

pub fn from_feed_key(key: &[u8]) -> Option<(Uuid, Uuid)> {
    let (user, id) = key.split_at_checked(16)?;
    Some((Uuid::from_slice(user).ok()?, Uuid::from_slice(id).ok()?))
}

pub fn memory(tx: &impl Read, user: Uuid, id: Uuid) -> Result<Option<Memory>> {
    Ok(tx.get(&MEMORIES, &(user, id))?)
}

/// The row and its indexes; `before` is what stood there.
pub fn put(
    tx: &mut WriteTx<'_>,
    (user, id): (Uuid, Uuid),
    before: Option<&Memory>,
    memory: &Memory,
) -> Result<()> {
    if let Some(before) = before {
        unindex(tx, (user, id), before)?;
    }
    tx.put(&MEMORIES, &(user, id), memory)?;
    tx.put(&BY_SESSION, &(user, memory.session, id), &())?;
    tx.put(&BY_TIME, &(user, millis(memory.created_at), id), &())?;
    if memory.kind != Kind::Turn {
        tx.put(&BY_KIND, &(user, memory.kind as u32, id), &())?;
    }
    for turn in &memory.evidence {
        tx.put(&EVIDENCE, &(user, *turn, id), &())?;
    }
    if let Some(newer) = memory.superseded_by {
        tx.put(&SUPERSEDES, &(user, newer, id), &())?;
    }
    for origin in &memory.origins {
        tx.put(&ORIGINS, &(user, *origin, id), &())?;
    }
    profile::index(tx, (user, id), memory)?;
    Ok(tx.record_change(FEED, &feed_key(user, id))?)
}

/// Takes the row and its indexes away.
pub fn delete(tx: &mut WriteTx<'_>, (user, id): (Uuid, Uuid), memory: &Memory) -> Result<()> {
    unindex(tx, (user, id), memory)?;
    tx.delete(&MEMORIES, &(user, id))?;
    tx.delete(&USES, &(user, id))?;
    Ok(tx.record_change(FEED, &feed_key(user, id))?)
}

fn unindex(tx: &mut WriteTx<'_>, (user, id): (Uuid, Uuid), memory: &Memory) -> Result<()> {
    tx.delete(&BY_SESSION, &(user, memory.session, id))?;
    tx.delete(&BY_TIME, &(user, millis(memory.created_at), id))?;
    if memory.kind != Kind::Turn {
        tx.delete(&BY_KIND, &(user, memory.kind as u32, id))?;
    }
    for turn in &memory.evidence {
        tx.delete(&EVIDENCE, &(user, *turn, id))?;
    }
    if let Some(newer) = memory.superseded_by {
        tx.delete(&SUPERSEDES, &(user, newer, id))?;
    }
    for origin in &memory.origins {
        tx.delete(&ORIGINS, &(user, *origin, id))?;
    }
    profile::unindex(tx, (user, id), memory)
}

pub fn millis(at: Timestamp) -> u64 {
    u64::try_from(at.as_millisecond()).unwrap_or(0)
}

/// A place in the list of memories by time.
pub type Cursor = (u64, Uuid);

/// Where a memory stands in that list.
pub fn cursor(id: Uuid, memory: &Memory) -> Cursor {
    (millis(memory.created_at), id)
}

/// A part of the list by time: from `from` up to before `to`, of which one has come to `cursor`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stretch {
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
    /// The last that was looked at.
    pub cursor: Option<Cursor>,
}

impl Stretch {
    fn span(self, user: Uuid) -> Span<(Uuid, u64, Uuid)> {
        let mut span = Span::prefix(&user);
        if let Some(from) = self.from {
            span = span.from(&(user, millis(from)));
        }
        if let Some(to) = self.to {
            span = span.before(&(user, millis(to)));
        }
        span
    }
}

/// The memories of a user, newest first, from before the cursor.
pub fn page(
    tx: &impl Read,
    user: Uuid,
    stretch: Stretch,
    limit: usize,
) -> Result<Vec<(Uuid, Memory)>> {
    let mut span = stretch.span(user);
    if let Some((at, id)) = stretch.cursor {
        span = span.before(&(user, at, id));
    }
    by_time(tx, user, span.rev(), limit)
}

/// The same, oldest first, from after the cursor.
pub fn page_up(
    tx: &impl Read,
    user: Uuid,
    stretch: Stretch,
    limit: usize,
) -> Result<Vec<(Uuid, Memory)>> {
    by_time(tx, user, span_up(user, stretch), limit)
}

/// Ids of these alone.
pub fn ids_up(tx: &impl Read, user: Uuid, stretch: Stretch, limit: usize) -> Result<Vec<Uuid>> {
    let rows = tx.scan(&BY_TIME, span_up(user, stretch), limit)?;
    Ok(rows.into_iter().map(|((_, _, id), ())| id).collect())
}

fn span_up(user: Uuid, stretch: Stretch) -> Span<(Uuid, u64, Uuid)> {
    let span = stretch.span(user);
    match stretch.cursor {
        Some((at, id)) => span.after(&(user, at, id)),
        None => span,
    }
}

fn by_time(
    tx: &impl Read,
    user: Uuid,
    span: Span<(Uuid, u64, Uuid)>,
    limit: usize,
) -> Result<Vec<(Uuid, Memory)>> {
    let mut found = Vec::new();
    for ((_, _, id), ()) in tx.scan(&BY_TIME, span, limit)? {
        found.extend(memory(tx, user, id)?.map(|memory| (id, memory)));
    }
    Ok(found)
}

/// The same, the newest first.
pub fn newest_between(
    tx: &impl Read,
    user: Uuid,
    (from, to): (Timestamp, Timestamp),
    limit: usize,
) -> Result<Vec<Uuid>> {
    let span = Span::prefix(&user)
        .from(&(user, millis(from)))
        .before(&(user, millis(to)))
        .rev();
    let rows = tx.scan(&BY_TIME, span, limit)?;
    Ok(rows.into_iter().map(|((_, _, id), ())| id).collect())
}

/// Ids of what belongs to one conversation or group, in the order in which it was stored.
pub fn of_session(tx: &impl Read, user: Uuid, session: Uuid, limit: usize) -> Result<Vec<Uuid>> {
    of_session_after(tx, (user, session), None, limit)
}

/// The same, from after `after`.
pub fn of_session_after(
    tx: &impl Read,
    (user, session): (Uuid, Uuid),
    after: Option<Uuid>,
    limit: usize,
) -> Result<Vec<Uuid>> {
    let mut span = Span::prefix(&(user, session));
    if let Some(id) = after {
        span = span.after(&(user, session, id));
    }
    let rows = tx.scan(&BY_SESSION, span, limit)?;
    Ok(rows.into_iter().map(|((_, _, id), ())| id).collect())
}

/// All memories of one kind, oldest first; not for turns, which have no such list.
pub fn of_kind(tx: &impl Read, user: Uuid, kind: Kind) -> Result<Vec<(Uuid, Memory)>> {
    let rows = tx.scan(&BY_KIND, Span::prefix(&(user, kind as u32)), usize::MAX)?;
    let mut found = Vec::with_capacity(rows.len());
    for ((_, _, id), ()) in rows {
        found.extend(memory(tx, user, id)?.map(|memory| (id, memory)));
    }
    Ok(found)
}

/// Ids of the derived memories that cite one.
pub fn citing(tx: &impl Read, user: Uuid, id: Uuid) -> Result<Vec<Uuid>> {
    let rows = tx.scan(&EVIDENCE, Span::prefix(&(user, id)), usize::MAX)?;
    Ok(rows
        .into_iter()
        .map(|((_, _, derived), ())| derived)
        .collect())
}

/// The newest of these, at most `limit`.
pub fn newest_citing(tx: &impl Read, user: Uuid, id: Uuid, limit: usize) -> Result<Vec<Uuid>> {
    let rows = tx.scan(&EVIDENCE, Span::prefix(&(user, id)).rev(), limit)?;
    let ids = rows.into_iter().map(|((_, _, derived), ())| derived);
    Ok(ids.collect())
}

/// Ids of what is no longer so since this one is.
pub fn superseded_by(tx: &impl Read, user: Uuid, id: Uuid) -> Result<Vec<Uuid>> {
    let rows = tx.scan(&SUPERSEDES, Span::prefix(&(user, id)), usize::MAX)?;
    Ok(rows.into_iter().map(|((_, _, older), ())| older).collect())
}

/// The memory that an import knows by this.
pub fn of_origin(tx: &impl Read, user: Uuid, origin: Uuid) -> Result<Option<Uuid>> {
    let rows = tx.scan(&ORIGINS, Span::prefix(&(user, origin)), 1)?;
    Ok(rows.into_iter().map(|((_, _, id), ())| id).next())
}

pub fn used(tx: &impl Read, user: Uuid, id: Uuid) -> Result<Option<Use>> {
    Ok(tx.get(&USES, &(user, id))?)
}

/// Counts that an answer was given a memory.
pub fn count_use(tx: &mut WriteTx<'_>, user: Uuid, id: Uuid, now: Timestamp) -> Result<()> {
    let before = used(tx, user, id)?.unwrap_or_default();
    let times = before.times.saturating_add(1);
    Ok(tx.put(&USES, &(user, id), &Use { times, last: now })?)
}

/// What the memories of a person come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remembered {
    pub bytes: i64,
    /// When the newest was stored.
    pub newest: Timestamp,
}

/// Everybody who has memories. Reads all of them.
pub fn remembered(tx: &impl Read) -> Result<BTreeMap<Uuid, Remembered>> {
    const STEP: usize = 1000;
    let mut all: BTreeMap<Uuid, Remembered> = BTreeMap::new();
    let mut after = None;
    loop {
        let rows = all_after(tx, after, STEP)?;
        let Some((user, id, _)) = rows.last() else {
            return Ok(all);
        };
        after = Some((*user, *id));
        for (user, _, memory) in &rows {
            let newest = memory.created_at;
            let sum = all.entry(*user).or_insert(Remembered { bytes: 0, newest });
            sum.bytes += memory.bytes();
            sum.newest = sum.newest.max(newest);
        }
    }
}

/// All memories of all users in key order from after `after`: for rebuilding the indexes.
pub fn all_after(
    tx: &impl Read,
    after: Option<(Uuid, Uuid)>,
    limit: usize,
) -> Result<Vec<(Uuid, Uuid, Memory)>> {
    let span = match after {
        Some(key) => Span::all().after(&key),
        None => Span::all(),
    };
    let rows = tx.scan(&MEMORIES, span, limit)?;
    Ok(rows
        .into_iter()
        .map(|((user, id), memory)| (user, id, memory))
        .collect())
}

/// Memories of a user in the order of their ids, from after `after`.
pub fn after(
    tx: &impl Read,
    user: Uuid,
    after: Option<Uuid>,
    limit: usize,
) -> Result<Vec<(Uuid, Memory)>> {
    let mut span = Span::prefix(&user);
    if let Some(id) = after {
        span = span.after(&(user, id));
    }
    let rows = tx.scan(&MEMORIES, span, limit)?;
    Ok(rows
        .into_iter()
        .map(|((_, id), memory)| (id, memory))
        .collect())
}

/// The latest stored memories of one kind, newest first; not for turns, which have no such list.
pub fn latest_of_kind(
    tx: &impl Read,
    user: Uuid,
    kind: Kind,
    limit: usize,
) -> Result<Vec<(Uuid, Memory)>> {
    let mut found = Vec::new();
    let span = Span::prefix(&(user, kind as u32)).rev();
    for ((_, _, id), ()) in tx.scan(&BY_KIND, span, limit)? {
        found.extend(memory(tx, user, id)?.map(|memory| (id, memory)));
    }
    Ok(found)
}
