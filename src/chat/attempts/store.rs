//! The table of idempotency keys.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use storage::{Read, Record, Span, Table, TableInfo, WriteTx};
use uuid::Uuid;

use crate::error::Result;

const KEYS: Table<(Uuid, String), Attempt> = Table::new("chat_idempotency");

#[rustfmt::skip]
pub const CATALOGUE: [TableInfo; 1] = [
    KEYS.info("chat", "user, key", "turn it began, fingerprint, time").by_user(),
];

/// How long an idempotency key attaches to its turn.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// What an idempotency key began.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Attempt {
    pub turn: Uuid,
    /// SHA-256 of what was asked: the same key must not ask something else.
    pub fingerprint: [u8; 32],
    pub created_at: Timestamp,
}

impl Record for Attempt {}

impl Attempt {
    pub fn new(turn: Uuid, fingerprint: [u8; 32], created_at: Timestamp) -> Self {
        Self {
            turn,
            fingerprint,
            created_at,
        }
    }
}

/// What an idempotency key of this user began within the last 24 hours.
pub fn get(tx: &impl Read, user: Uuid, key: &str, now: Timestamp) -> Result<Option<Attempt>> {
    let attempt = tx.get(&KEYS, &(user, key.to_owned()))?;
    Ok(attempt.filter(|attempt| now.duration_since(attempt.created_at) < KEPT))
}

pub fn put(tx: &mut WriteTx<'_>, user: Uuid, key: String, attempt: &Attempt) -> Result<()> {
    Ok(tx.put(&KEYS, &(user, key), attempt)?)
}

/// Removes up to `limit` of a person's rows; returns how many.
pub fn erase(tx: &mut WriteTx<'_>, user: Uuid, limit: usize) -> Result<usize> {
    Ok(tx.delete_some(&KEYS, Span::prefix(&user), limit)?)
}

/// Idempotency keys that have run out; at most `limit`.
pub fn old(tx: &impl Read, now: Timestamp, limit: usize) -> Result<Vec<(Uuid, String)>> {
    const PAGE: usize = 1000;
    let mut old = Vec::new();
    let mut span = Span::all();
    loop {
        let page = tx.scan(&KEYS, span, PAGE)?;
        let last = page.last().map(|(key, _)| key.clone());
        let over = page
            .into_iter()
            .filter(|(_, attempt)| now.duration_since(attempt.created_at) >= KEPT);
        old.extend(over.map(|(key, _)| key));
        match last {
            Some(key) if old.len() < limit => span = Span::all().after(&key),
            _ => break,
        }
    }
    old.truncate(limit);
    Ok(old)
}

/// Removes those of the keys that have run out; one may have been used anew since it was read.
pub fn remove(tx: &mut WriteTx<'_>, keys: &[(Uuid, String)], now: Timestamp) -> Result<()> {
    for key in keys {
        if get(tx, key.0, &key.1, now)?.is_none() {
            tx.delete(&KEYS, key)?;
        }
    }
    Ok(())
}
