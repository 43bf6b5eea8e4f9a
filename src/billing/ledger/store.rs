//! The tables of the ledger. Every key begins with the person.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::{Read, Record, Span, Table, TableInfo, WriteTx};
use uuid::Uuid;

use super::{Amounts, Row};
use crate::billing::Day;
use crate::error::Result;

const ROWS: Table<(Uuid, u64), Row> = Table::new("billing_ledger");
const DAYS: Table<(Uuid, u32), DayTotal> = Table::new("billing_days");
const TOTALS: Table<Uuid, Total> = Table::new("billing_totals");

#[rustfmt::skip]
pub const CATALOGUE: [TableInfo; 3] = [
    ROWS.info("billing", "user, number of the row", "resource, amount, what it comes from, day, plan").by_user(),
    DAYS.info("billing", "user, UTC day", "sum of each resource").by_user(),
    TOTALS.info("billing", "user", "number of rows, sum of each resource of all time").by_user(),
];

impl Record for Row {}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct DayTotal {
    amounts: Amounts,
}

impl Record for DayTotal {}

/// Of all time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Total {
    pub rows: u64,
    pub amounts: Amounts,
    /// When the first row was added.
    pub since: Option<Timestamp>,
}

impl Record for Total {}

/// Adds rows to a person's ledger, and to the sums.
pub fn add(tx: &mut WriteTx<'_>, user: Uuid, rows: Vec<Row>) -> Result<()> {
    let mut total = total(tx, user)?;
    let mut open: Option<(Day, Amounts)> = None;
    for row in rows {
        let sums = match open.take() {
            Some((day, sums)) if day == row.day => sums,
            before => {
                if let Some((day, sums)) = before {
                    put_day(tx, user, day, sums)?;
                }
                self::day(tx, user, row.day)?
            }
        };
        let sums = (row.day, with(sums, &row));
        open = Some(sums);
        total.amounts = with(total.amounts, &row);
        total.rows += 1;
        total.since.get_or_insert(row.at);
        tx.put(&ROWS, &(user, total.rows), &row)?;
    }
    if let Some((day, sums)) = open {
        put_day(tx, user, day, sums)?;
    }
    Ok(tx.put(&TOTALS, &user, &total)?)
}

fn with(mut sums: Amounts, row: &Row) -> Amounts {
    sums.add(row.resource, row.amount);
    sums
}

fn put_day(tx: &mut WriteTx<'_>, user: Uuid, day: Day, amounts: Amounts) -> Result<()> {
    Ok(tx.put(&DAYS, &(user, day.0), &DayTotal { amounts })?)
}

/// The sums of one day.
pub fn day(tx: &impl Read, user: Uuid, day: Day) -> Result<Amounts> {
    let total = tx.get(&DAYS, &(user, day.0))?;
    Ok(total.map(|total| total.amounts).unwrap_or_default())
}

/// The days on which something was booked, oldest first, both ends included.
pub fn days(tx: &impl Read, user: Uuid, from: Day, to: Day) -> Result<Vec<(Day, Amounts)>> {
    let mut span = Span::prefix(&user).before(&(user, to.0.saturating_add(1)));
    if let Some(before) = from.0.checked_sub(1) {
        span = span.after(&(user, before));
    }
    let rows = tx.scan(&DAYS, span, usize::MAX)?;
    let rows = rows.into_iter();
    Ok(rows
        .map(|((_, day), total)| (Day(day), total.amounts))
        .collect())
}

/// The sums of all time.
pub fn total(tx: &impl Read, user: Uuid) -> Result<Total> {
    Ok(tx.get(&TOTALS, &user)?.unwrap_or_default())
}

/// Rows with their numbers, newest first, from before `before`.
pub fn rows(
    tx: &impl Read,
    user: Uuid,
    before: Option<u64>,
    limit: usize,
) -> Result<Vec<(u64, Row)>> {
    let mut span = Span::prefix(&user).rev();
    if let Some(before) = before {
        span = span.before(&(user, before));
    }
    let rows = tx.scan(&ROWS, span, limit)?;
    Ok(rows.into_iter().map(|((_, n), row)| (n, row)).collect())
}

/// Everybody of whom there is anything: rows, sums of days, or totals; also where two of them are missing.
pub fn people(tx: &impl Read) -> Result<BTreeSet<Uuid>> {
    let totals = tx.scan(&TOTALS, Span::all(), usize::MAX)?;
    let mut people: BTreeSet<Uuid> = totals.into_iter().map(|(user, _)| user).collect();
    let mut rows = Span::all();
    while let Some(((user, _), _)) = tx.scan(&ROWS, rows, 1)?.pop() {
        people.insert(user);
        rows = Span::all().after(&user);
    }
    let mut days = Span::all();
    while let Some(((user, _), _)) = tx.scan(&DAYS, days, 1)?.pop() {
        people.insert(user);
        days = Span::all().after(&user);
    }
    Ok(people)
}

/// Removes up to `limit` of a person's rows; returns how many.
pub fn erase(tx: &mut WriteTx<'_>, user: Uuid, limit: usize) -> Result<usize> {
    let mut n = tx.delete_some(&ROWS, Span::prefix(&user), limit)?;
    n += tx.delete_some(&DAYS, Span::prefix(&user), limit - n)?;
    Ok(n + tx.delete_some(&TOTALS, Span::prefix(&user), limit - n)?)
}
