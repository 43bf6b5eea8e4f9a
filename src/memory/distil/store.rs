//! The tables of distilling: sessions that wait for it, people's jobs and what they made, what was used
//! today, and what became of all that models wrote. Ids and numbers, no text.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::{Read, Record, Span, Table, TableInfo, WriteTx};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::error::Result;

const WAITING: Table<(Uuid, Uuid), Waiting> = Table::new("memory_to_distil");
const JOBS: Table<(Uuid, Uuid), Begun> = Table::new("memory_jobs");
const SPENT: Table<u32, Spent> = Table::new("memory_distil_spent");
const OUTCOMES: Table<String, Times> = Table::new("memory_distil_outcomes");

#[rustfmt::skip]
pub const CATALOGUE: [TableInfo; 4] = [
    WAITING.info("memory", "user, conversation", "what is to be distilled of it, and how often that was tried").by_user(),
    JOBS.info("memory", "user, job", "which conversation it is about, and what it made").by_user(),
    SPENT.info("memory", "0", "calls, tokens and seconds of today"),
    OUTCOMES.info("memory", "outcome", "how often"),
];

/// A session that waits to be distilled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Waiting {
    pub since: Timestamp,
    /// Facts are looked for from this position on.
    pub from: u32,
    pub distil: Task,
    pub reflect: Task,
    /// It ended again since, with more in it.
    #[serde(default)]
    pub more: bool,
}

impl Record for Waiting {}

/// One of the two things that are done with a session.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Task {
    pub done: bool,
    /// The job that does it, once there is one.
    pub job: Option<Uuid>,
    /// Nights that it was tried in vain.
    pub tries: u32,
    /// Steps still to be done, a bit each; none before it began.
    pub todo: Option<u64>,
    /// Steps whose answers could not be used this night.
    #[serde(default)]
    pub failed: u64,
    /// Position up to which it goes.
    #[serde(default)]
    pub until: u32,
    /// Facts that were kept.
    #[serde(default)]
    pub facts: u32,
    /// The day on which answers could not be used, in days since 1970.
    #[serde(default)]
    pub failed_on: Option<i64>,
}

/// What a job made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Made {
    pub facts: u32,
    pub summaries: u32,
    pub reflections: u32,
    /// What the model wrote and was not kept.
    pub rejected: u32,
}

/// A job of a person's.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Begun {
    pub kind: String,
    pub session: Uuid,
    #[serde(default)]
    pub made: Made,
}

impl Record for Begun {}

/// What distilling used on one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// Days since 1970, UTC.
    pub day: i64,
    pub calls: u32,
    pub tokens: u64,
    pub millis: u64,
    /// When what waits was last gone through at night.
    #[serde(default)]
    pub night: Option<Timestamp>,
    /// Since when nights are waited for.
    #[serde(default)]
    pub watched: Option<Timestamp>,
}

impl Record for Spent {}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Times(u64);

impl Record for Times {}

pub fn waiting(tx: &impl Read, (user, session): (Uuid, Uuid)) -> Result<Option<Waiting>> {
    Ok(tx.get(&WAITING, &(user, session))?)
}

pub fn put_waiting(tx: &mut WriteTx<'_>, key: (Uuid, Uuid), waiting: &Waiting) -> Result<()> {
    Ok(tx.put(&WAITING, &key, waiting)?)
}

pub fn remove_waiting(tx: &mut WriteTx<'_>, key: (Uuid, Uuid)) -> Result<()> {
    tx.delete(&WAITING, &key)?;
    Ok(())
}

/// What waits, one person's or everybody's.
pub fn all_waiting(
    tx: &impl Read,
    user: Option<Uuid>,
    limit: usize,
) -> Result<Vec<((Uuid, Uuid), Waiting)>> {
    let span = user.map_or_else(Span::all, |user| Span::prefix(&user));
    Ok(tx.scan(&WAITING, span, limit)?)
}

pub fn put_job(tx: &mut WriteTx<'_>, key: (Uuid, Uuid), begun: &Begun) -> Result<()> {
    Ok(tx.put(&JOBS, &key, begun)?)
}

pub fn job(tx: &impl Read, key: (Uuid, Uuid)) -> Result<Option<Begun>> {
    Ok(tx.get(&JOBS, &key)?)
}

pub fn remove_job(tx: &mut WriteTx<'_>, key: (Uuid, Uuid)) -> Result<()> {
    tx.delete(&JOBS, &key)?;
    Ok(())
}

/// A person's jobs, newest first or oldest first.
pub fn jobs(
    tx: &impl Read,
    user: Uuid,
    newest_first: bool,
    limit: usize,
) -> Result<Vec<(Uuid, Begun)>> {
    let span = Span::prefix(&user);
    let span = if newest_first { span.rev() } else { span };
    let rows = tx.scan(&JOBS, span, limit)?;
    Ok(rows.into_iter().map(|((_, id), job)| (id, job)).collect())
}

/// What was used on the day of `now`.
pub fn spent(tx: &impl Read, now: Timestamp) -> Result<Spent> {
    let day = now.as_second().div_euclid(86_400);
    let kept = tx.get(&SPENT, &0)?.unwrap_or_default();
    Ok(if kept.day == day {
        kept
    } else {
        Spent {
            day,
            night: kept.night,
            watched: kept.watched,
            ..Spent::default()
        }
    })
}

pub fn put_spent(tx: &mut WriteTx<'_>, spent: &Spent) -> Result<()> {
    Ok(tx.put(&SPENT, &0, spent)?)
}

/// Counts that something became of so many.
pub fn count(tx: &mut WriteTx<'_>, outcome: &str, by: u64) -> Result<()> {
    let key = outcome.to_owned();
    let before = tx.get(&OUTCOMES, &key)?.map_or(0, |Times(times)| times);
    Ok(tx.put(&OUTCOMES, &key, &Times(before.saturating_add(by)))?)
}

pub fn outcomes(tx: &impl Read) -> Result<BTreeMap<String, u64>> {
    let rows = tx.scan(&OUTCOMES, Span::all(), usize::MAX)?;
    let rows = rows.into_iter();
    Ok(rows.map(|(name, Times(times))| (name, times)).collect())
}

pub fn erase(tx: &mut WriteTx<'_>, user: Uuid, limit: usize) -> Result<usize> {
    let removed = tx.delete_some(&WAITING, Span::prefix(&user), limit)?;
    Ok(removed + tx.delete_some(&JOBS, Span::prefix(&user), limit - removed)?)
}
