//! The table of messages a day.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use storage::{Read, Record, Table, TableInfo, WriteTx};
use uuid::Uuid;

use crate::error::Result;

const DAYS: Table<Uuid, Day> = Table::new("chat_unverified_days");

pub const CATALOGUE: [TableInfo; 1] = [DAYS
    .info(
        "chat",
        "user",
        "the newest UTC day and its messages, while unverified",
    )
    .by_user()];

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Day {
    date: Date,
    messages: u32,
}

impl Record for Day {}

/// How many messages were counted on this day.
pub fn sent(tx: &impl Read, user: Uuid, today: Date) -> Result<u32> {
    let day = tx.get(&DAYS, &user)?.filter(|day| day.date == today);
    Ok(day.map_or(0, |day| day.messages))
}

pub fn put(tx: &mut WriteTx<'_>, user: Uuid, date: Date, messages: u32) -> Result<()> {
    Ok(tx.put(&DAYS, &user, &Day { date, messages })?)
}

pub fn erase(tx: &mut WriteTx<'_>, user: Uuid) -> Result<()> {
    tx.delete(&DAYS, &user)?;
    Ok(())
}
