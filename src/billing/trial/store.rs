//! The table of who was told that their trial ends.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::{Read, Record, Span, Table, TableInfo, WriteTx};
use uuid::Uuid;

use crate::error::Result;

const TOLD: Table<Uuid, Told> = Table::new("billing_trials_told");

pub const CATALOGUE: [TableInfo; 1] = [TOLD
    .info(
        "billing",
        "user",
        "when they were told that their trial ends",
    )
    .by_user()];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Told {
    at: Timestamp,
}

impl Record for Told {}

pub fn told(tx: &impl Read, user: Uuid) -> Result<bool> {
    Ok(tx.contains(&TOLD, &user)?)
}

pub fn mark(tx: &mut WriteTx<'_>, user: Uuid, at: Timestamp) -> Result<()> {
    Ok(tx.put(&TOLD, &user, &Told { at })?)
}

/// Removes a person's row; returns how many.
pub fn erase(tx: &mut WriteTx<'_>, user: Uuid, limit: usize) -> Result<usize> {
    Ok(tx.delete_some(&TOLD, Span::prefix(&user), limit)?)
}
