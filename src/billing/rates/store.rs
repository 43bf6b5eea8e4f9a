//! The table of what people's buckets held when the program last stored them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::{Read, Record, Span, Table, TableInfo, WriteTx};
use uuid::Uuid;

use crate::error::Result;

const RATES: Table<Uuid, Row> = Table::new("billing_rates");

pub const CATALOGUE: [TableInfo; 1] = [RATES
    .info(
        "billing",
        "user",
        "when each of the person's rate buckets will be empty again",
    )
    .by_user()];

/// A bucket, by the wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    pub empty_at: Timestamp,
    /// What one call costs, in nanoseconds.
    pub each: u64,
}

/// By the bucket's kind.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Row {
    pub buckets: BTreeMap<String, Stored>,
}

impl Record for Row {}

/// Everybody's.
pub fn all(tx: &impl Read) -> Result<Vec<(Uuid, Row)>> {
    Ok(tx.scan(&RATES, Span::all(), usize::MAX)?)
}

/// Puts these buckets of somebody's in the place of what was stored of them.
pub fn put(tx: &mut WriteTx<'_>, user: Uuid, changed: Row, now: Timestamp) -> Result<()> {
    let mut row = tx.get(&RATES, &user)?.unwrap_or_default();
    row.buckets.extend(changed.buckets);
    row.buckets.retain(|_, bucket| bucket.empty_at > now);
    if row.buckets.is_empty() {
        tx.delete(&RATES, &user)?;
        return Ok(());
    }
    Ok(tx.put(&RATES, &user, &row)?)
}

/// Whose buckets are all empty again.
pub fn empty(tx: &impl Read, now: Timestamp) -> Result<Vec<Uuid>> {
    let mut rows = all(tx)?;
    rows.retain(|(_, row)| row.buckets.values().all(|bucket| bucket.empty_at <= now));
    Ok(rows.into_iter().map(|(user, _)| user).collect())
}

pub fn remove(tx: &mut WriteTx<'_>, user: Uuid) -> Result<()> {
    tx.delete(&RATES, &user)?;
    Ok(())
}

/// Removes up to `limit` of a person's rows; returns how many.
pub fn erase(tx: &mut WriteTx<'_>, user: Uuid, limit: usize) -> Result<usize> {
    Ok(tx.delete_some(&RATES, Span::prefix(&user), limit)?)
}
