//! The tables of distilling: sessions that wait for it, people's jobs and what they made, what was used
//! today, what became of all that models wrote, and what its person does not want again. Ids and numbers, no
//! text; of what is unwanted the hashes that signs have, too.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::{Read, Record, Span, Table, TableInfo, WriteTx};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::error::Result;
use crate::memory::row::Kind;
use crate::memory::signs::Sketch;

const WAITING: Table<(Uuid, Uuid), Waiting> = Table::new("memory_to_distil");
const JOBS: Table<(Uuid, Uuid), Begun> = Table::new("memory_jobs");
const SPENT: Table<u32, Spent> = Table::new("memory_distil_spent");
const OUTCOMES: Table<String, Times> = Table::new("memory_distil_outcomes");
const SHARES: Table<Uuid, Share> = Table::new("memory_distil_shares");
const UNWANTED: Table<(Uuid, Uuid, Uuid), Unwanted> = Table::new("memory_unwanted");

#[rustfmt::skip]
pub const CATALOGUE: [TableInfo; 6] = [
    WAITING.info("memory", "user, conversation", "what is to be distilled of it, and how often that was tried").by_user(),
    JOBS.info("memory", "user, job", "which conversation it is about, and what it made").by_user(),
    SPENT.info("memory", "0", "calls, tokens and seconds of today"),
    OUTCOMES.info("memory", "outcome", "how often"),
    SHARES.info("memory", "user", "calls, tokens and seconds of today").by_user(),
    UNWANTED.info("memory", "user, turn, derived memory", "what the person forgot of what was made of it, as hashes of words").by_user(),
];

/// A session that waits to be distilled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Waiting {
    /// Facts are looked for from this position on.
    pub from: u32,
    pub distil: Task,
    pub reflect: Task,
    /// It ended again since, with more in it.
    #[serde(default)]
    pub more: bool,
    /// How often it was begun anew.
    #[serde(default)]
    pub generation: u32,
    /// Ordinal of its group, whose positions these are.
    #[serde(default)]
    pub group: Option<u32>,
}

impl Record for Waiting {}

/// Tells what a session was from what it became when it was begun anew: generation and group.
pub type Mark = (u32, Option<u32>);

impl Waiting {
    pub fn mark(&self) -> Mark {
        (self.generation, self.group)
    }

    /// Whether something of it may be begun on this day.
    pub fn may_begin(&self, day: i64) -> bool {
        self.distil.may_begin(day) || self.reflect.may_begin(day)
    }
}

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

impl Task {
    /// Not again on the day on which its answers could not be used.
    pub fn may_begin(&self, day: i64) -> bool {
        !self.done && self.failed_on != Some(day)
    }
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

/// What was used of that for one person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    pub day: i64,
    pub calls: u32,
    pub tokens: u64,
    pub millis: u64,
}

impl Record for Share {}

/// What a person forgot of what a model had made of a turn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unwanted {
    pub kind: Kind,
    pub sketch: Sketch,
}

impl Record for Unwanted {}

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

/// Everybody's, in the order of their keys, from after `after`.
pub fn waiting_after(
    tx: &impl Read,
    after: Option<(Uuid, Uuid)>,
    limit: usize,
) -> Result<Vec<((Uuid, Uuid), Waiting)>> {
    let span = after.map_or_else(Span::all, |key| Span::all().after(&key));
    Ok(tx.scan(&WAITING, span, limit)?)
}

/// The next person after this one of whom something may be begun on this day.
pub fn next_waiting(tx: &impl Read, after: Option<Uuid>, day: i64) -> Result<Option<Uuid>> {
    let span = after.map_or_else(Span::all, |user| Span::all().after(&user));
    let may_begin = |waiting: &Waiting| waiting.may_begin(day);
    let rows = tx.scan_where(&WAITING, span, 1, may_begin)?;
    Ok(rows.first().map(|((user, _), _)| *user))
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

/// A day, in days since 1970, UTC.
pub fn day_of(at: Timestamp) -> i64 {
    at.as_second().div_euclid(86_400)
}

/// What was used on the day of `now`.
pub fn spent(tx: &impl Read, now: Timestamp) -> Result<Spent> {
    let day = day_of(now);
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

/// What was used for one person on this day.
pub fn share(tx: &impl Read, user: Uuid, day: i64) -> Result<Share> {
    let kept = tx.get(&SHARES, &user)?;
    let today = kept.filter(|share| share.day == day);
    Ok(today.unwrap_or_else(|| Share {
        day,
        ..Share::default()
    }))
}

pub fn put_share(tx: &mut WriteTx<'_>, user: Uuid, share: &Share) -> Result<()> {
    Ok(tx.put(&SHARES, &user, share)?)
}

/// Notes that a person does not want this made of a turn again.
pub fn put_unwanted(
    tx: &mut WriteTx<'_>,
    (user, turn, derived): (Uuid, Uuid, Uuid),
    unwanted: &Unwanted,
) -> Result<()> {
    Ok(tx.put(&UNWANTED, &(user, turn, derived), unwanted)?)
}

pub fn remove_unwanted(tx: &mut WriteTx<'_>, key: (Uuid, Uuid, Uuid)) -> Result<()> {
    tx.delete(&UNWANTED, &key)?;
    Ok(())
}

/// All that is not wanted of a turn, by the id that it had.
pub fn unwanted(tx: &impl Read, user: Uuid, turn: Uuid) -> Result<Vec<(Uuid, Unwanted)>> {
    let rows = tx.scan(&UNWANTED, Span::prefix(&(user, turn)), usize::MAX)?;
    Ok(rows
        .into_iter()
        .map(|((_, _, id), row)| (id, row))
        .collect())
}

/// Takes away what is noted of a turn.
pub fn clear_unwanted(tx: &mut WriteTx<'_>, user: Uuid, turn: Uuid) -> Result<()> {
    tx.delete_some(&UNWANTED, Span::prefix(&(user, turn)), usize::MAX)?;
    Ok(())
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
    let mut removed = usize::from(tx.delete(&SHARES, &user)?);
    removed += tx.delete_some(&WAITING, Span::prefix(&user), limit)?;
    removed += tx.delete_some(&JOBS, Span::prefix(&user), limit.saturating_sub(removed))?;
    Ok(removed
        + tx.delete_some(
            &UNWANTED,
            Span::prefix(&user),
            limit.saturating_sub(removed),
        )?)
}
