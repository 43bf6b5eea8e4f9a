//! The tables of what running turns have reserved, of what is known of models, and of what people were
//! told today.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::{Read, Record, Span, Table, TableInfo, WriteTx};
use uuid::Uuid;

use super::calibration::Calibration;
use crate::auth::Limited;
use crate::billing::Day;
use crate::error::Result;

const RESERVATIONS: Table<(Uuid, Uuid), Reservation> = Table::new("billing_reservations");
const CALIBRATION: Table<String, Calibration> = Table::new("billing_calibration");
const TOLD: Table<Uuid, Told> = Table::new("billing_warnings");

#[rustfmt::skip]
pub const CATALOGUE: [TableInfo; 3] = [
    RESERVATIONS.info("billing", "user, turn", "what a running turn may still use, of which day").by_user(),
    CALIBRATION.info("billing", "model", "how its tokens relate to our count, how long its answers are"),
    TOLD.info("billing", "user", "the newest UTC day and what was told of its limits").by_user(),
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
    /// What we add to them, by our count.
    pub context: u64,
    /// What the answer is expected to take, or took already.
    pub output: u64,
    pub model: Option<String>,
    pub at: Timestamp,
    /// What was kept of the answer, by our count, when its conversation was deleted under it.
    #[serde(default)]
    pub written: Option<u64>,
}

impl Record for Reservation {}

impl Record for Calibration {}

/// What somebody was told on a day: of which limit, and how much of it was used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    pub day: Day,
    pub what: Vec<(Limited, u8)>,
}

impl Record for Told {}

impl Told {
    pub fn none(day: Day) -> Self {
        let what = Vec::new();
        Self { day, what }
    }
}

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

/// What is known of a model; of none, nothing.
pub fn calibration(tx: &impl Read, model: Option<&str>) -> Result<Calibration> {
    let Some(model) = model else {
        return Ok(Calibration::default());
    };
    Ok(tx.get(&CALIBRATION, &model.to_owned())?.unwrap_or_default())
}

pub fn put_calibration(tx: &mut WriteTx<'_>, model: &str, known: Calibration) -> Result<()> {
    Ok(tx.put(&CALIBRATION, &model.to_owned(), &known)?)
}

pub fn told(tx: &impl Read, user: Uuid) -> Result<Option<Told>> {
    Ok(tx.get(&TOLD, &user)?)
}

pub fn put_told(tx: &mut WriteTx<'_>, user: Uuid, told: &Told) -> Result<()> {
    Ok(tx.put(&TOLD, &user, told)?)
}

/// Removes up to `limit` of a person's rows; returns how many.
pub fn erase(tx: &mut WriteTx<'_>, user: Uuid, limit: usize) -> Result<usize> {
    let n = tx.delete_some(&RESERVATIONS, Span::prefix(&user), limit)?;
    Ok(n + tx.delete_some(&TOLD, Span::prefix(&user), limit - n)?)
}
