//! The tables of memories.
//!
//! Every key begins with the owner, so that nobody's id leads to somebody else's memory.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::{Read, Record, Span, Table, TableInfo, WriteTx};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::billing::{Moment, book_memory};
use crate::error::{Error, Result};

const MEMORIES: Table<(Uuid, Uuid), Memory> = Table::new("memory_turns");
const BY_SESSION: Table<(Uuid, Uuid, Uuid), ()> = Table::new("memory_by_session");

/// The feed that the text index follows; its keys are owner and memory.
pub const FEED: &str = "memory";

pub const CATALOGUE: [TableInfo; 2] = [
    MEMORIES
        .info("memory", "user, memory", "who said what, when, where")
        .by_user(),
    BY_SESSION
        .info("memory", "user, conversation, memory", "(index)")
        .by_user(),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Speaker {
    User,
    Assistant,
}

/// One turn, verbatim. Its id is the message's id.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Memory {
    pub session: Uuid,
    pub speaker: Speaker,
    pub text: String,
    pub created_at: Timestamp,
}

impl Record for Memory {}

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

/// Stores a turn; the same id again replaces it. What it adds to the bytes that are remembered is booked.
pub fn remember(
    tx: &mut WriteTx<'_>,
    moment: Moment<'_>,
    (user, id): (Uuid, Uuid),
    memory: &Memory,
) -> Result<()> {
    let before = self::memory(tx, user, id)?.map_or(0, |before| bytes(&before));
    tx.put(&MEMORIES, &(user, id), memory)?;
    tx.put(&BY_SESSION, &(user, memory.session, id), &())?;
    tx.record_change(FEED, &feed_key(user, id))?;
    book_memory(tx, moment, (user, id), bytes(memory) - before)
}

/// What a memory takes of what somebody may have remembered: its text in UTF-8.
fn bytes(memory: &Memory) -> i64 {
    i64::try_from(memory.text.len()).unwrap_or(i64::MAX)
}

pub fn memory(tx: &impl Read, user: Uuid, id: Uuid) -> Result<Option<Memory>> {
    Ok(tx.get(&MEMORIES, &(user, id))?)
}

/// Forgets one memory; false when it is not there or not theirs.
pub fn forget_one(tx: &mut WriteTx<'_>, moment: Moment<'_>, user: Uuid, id: Uuid) -> Result<bool> {
    let Some(freed) = remove(tx, user, id)? else {
        return Ok(false);
    };
    book_memory(tx, moment, (user, id), -freed)?;
    Ok(true)
}

/// Removes a memory; how many bytes it took.
fn remove(tx: &mut WriteTx<'_>, user: Uuid, id: Uuid) -> Result<Option<i64>> {
    let Some(memory) = memory(tx, user, id)? else {
        return Ok(None);
    };
    tx.delete(&MEMORIES, &(user, id))?;
    tx.delete(&BY_SESSION, &(user, memory.session, id))?;
    tx.record_change(FEED, &feed_key(user, id))?;
    Ok(Some(bytes(&memory)))
}

/// Removes up to `limit` of the memories of an account that is being deleted; returns how many. Its ledger
/// goes too, so nothing is booked.
pub fn erase(tx: &mut WriteTx<'_>, user: Uuid, limit: usize) -> Result<usize> {
    let some = page(tx, user, None, limit)?;
    for (id, _) in &some {
        remove(tx, user, *id)?;
    }
    Ok(some.len())
}

/// Forgets everything that was said in one conversation.
pub fn forget_session(
    tx: &mut WriteTx<'_>,
    moment: Moment<'_>,
    user: Uuid,
    session: Uuid,
) -> Result<()> {
    let mut freed = 0;
    for ((_, _, id), ()) in tx.scan(&BY_SESSION, Span::prefix(&(user, session)), usize::MAX)? {
        freed += remove(tx, user, id)?.unwrap_or(0);
    }
    book_memory(tx, moment, (user, session), -freed)
}

/// The memories of a user, newest first, from before `before`.
pub fn page(
    tx: &impl Read,
    user: Uuid,
    before: Option<Uuid>,
    limit: usize,
) -> Result<Vec<(Uuid, Memory)>> {
    let mut span = Span::prefix(&user).rev();
    if let Some(before) = before {
        span = span.before(&(user, before));
    }
    let rows = tx.scan(&MEMORIES, span, limit)?;
    Ok(rows
        .into_iter()
        .map(|((_, id), memory)| (id, memory))
        .collect())
}

pub fn count(tx: &impl Read, user: Uuid) -> Result<u64> {
    Ok(tx.count(&MEMORIES, Span::prefix(&user))?)
}

/// Everybody's. The index tells, so that no text is read.
pub fn count_all(tx: &impl Read) -> Result<u64> {
    Ok(tx.count(&BY_SESSION, Span::all())?)
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
    let mut span = Span::all();
    loop {
        let rows = tx.scan(&MEMORIES, span, STEP)?;
        let Some((last, _)) = rows.last() else {
            return Ok(all);
        };
        span = Span::all().after(last);
        for ((user, _), memory) in &rows {
            let newest = memory.created_at;
            let sum = all.entry(*user).or_insert(Remembered { bytes: 0, newest });
            sum.bytes += bytes(memory);
            sum.newest = sum.newest.max(newest);
        }
    }
}

/// All memories of all users in key order from after `after`: for rebuilding the index.
pub fn all_after(
    tx: &impl Read,
    after: Option<(Uuid, Uuid)>,
    limit: usize,
) -> Result<Vec<(Uuid, Uuid, String)>> {
    let span = match after {
        Some(key) => Span::all().after(&key),
        None => Span::all(),
    };
    let rows = tx.scan(&MEMORIES, span, limit)?;
    Ok::<_, Error>(
        rows.into_iter()
            .map(|((user, id), memory)| (user, id, memory.text))
            .collect(),
    )
}
