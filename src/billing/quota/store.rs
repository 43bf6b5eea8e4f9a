//! The tables of what running turns have reserved. Every key begins with the person.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::{Read, Record, Span, Table, TableInfo, WriteTx};
use uuid::Uuid;

use crate::billing::Day;
use crate::error::Result;

const RESERVATIONS: Table<(Uuid, Uuid), Reservation> = Table::new("billing_reservations");

#[rustfmt::skip]
pub const CATALOGUE: [TableInfo; 1] = [
    RESERVATIONS.info("billing", "user, turn", "what a running turn may still use, of which day").by_user(),
];

/// What a running turn holds of its person's day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// The day of the turn's admission, whose tokens it uses.
    pub day: Day,
    /// The plan that counted then.
    pub plan: String,
    /// The person's own words, by our count.
    pub input: u64,
    /// What the answer is expected to take, or took already.
    pub output: u64,
    pub model: Option<String>,
    pub at: Timestamp,
}

impl Record for Reservation {}

impl Reservation {
    pub fn tokens(&self) -> u64 {
        self.input.saturating_add(self.output)
    }
}

pub fn put(tx: &mut WriteTx<'_>, user: Uuid, turn: Uuid, kept: &Reservation) -> Result<()> {
    Ok(tx.put(&RESERVATIONS, &(user, turn), kept)?)
}

pub fn get(tx: &impl Read, user: Uuid, turn: Uuid) -> Result<Option<Reservation>> {
    Ok(tx.get(&RESERVATIONS, &(user, turn))?)
}

/// Takes a turn's reservation away; none when it was taken before.
pub fn take(tx: &mut WriteTx<'_>, user: Uuid, turn: Uuid) -> Result<Option<Reservation>> {
    let kept = get(tx, user, turn)?;
    if kept.is_some() {
        tx.delete(&RESERVATIONS, &(user, turn))?;
    }
    Ok(kept)
}

/// A person's reservations with their turns.
pub fn of_user(tx: &impl Read, user: Uuid) -> Result<Vec<(Uuid, Reservation)>> {
    let rows = tx.scan(&RESERVATIONS, Span::prefix(&user), usize::MAX)?;
    Ok(rows
        .into_iter()
        .map(|((_, turn), row)| (turn, row))
        .collect())
}

/// Everybody's: the person, the turn.
pub fn all(tx: &impl Read) -> Result<Vec<(Uuid, Uuid)>> {
    let rows = tx.scan(&RESERVATIONS, Span::all(), usize::MAX)?;
    Ok(rows.into_iter().map(|(key, _)| key).collect())
}

/// Removes up to `limit` of a person's rows; returns how many.
pub fn erase(tx: &mut WriteTx<'_>, user: Uuid, limit: usize) -> Result<usize> {
    Ok(tx.delete_some(&RESERVATIONS, Span::prefix(&user), limit)?)
}
