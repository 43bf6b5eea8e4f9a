//! The tables of the queue.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::{Read, Record, Span, Table, TableInfo, WriteTx};
use uuid::Uuid;

use crate::error::Result;

const JOBS: Table<Uuid, Job> = Table::new("jobs_queue");
const DUE: Table<(i64, Uuid), ()> = Table::new("jobs_due");

pub const CATALOGUE: [TableInfo; 2] = [
    JOBS.info("jobs", "job", "kind, ids it is about, tries, outcome"),
    DUE.info("jobs", "due at (ms), job", "(index of what has not ended)"),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Waiting,
    /// Waits for something else than time, such as a mail server being named.
    Held,
    Done,
    Failed,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Job {
    pub id: Uuid,
    pub kind: String,
    /// JSON; ids only.
    pub payload: String,
    pub state: State,
    pub attempts: u32,
    pub created_at: Timestamp,
    pub due_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    pub last_error: Option<String>,
}

impl Record for Job {}

fn due_key(job: &Job) -> Option<(i64, Uuid)> {
    job.due_at.map(|at| (at.as_millisecond(), job.id))
}

pub fn get(tx: &impl Read, id: Uuid) -> Result<Option<Job>> {
    Ok(tx.get(&JOBS, &id)?)
}

/// Stores `job` in the place of `before`.
pub fn put(tx: &mut WriteTx<'_>, before: Option<&Job>, job: &Job) -> Result<()> {
    if let Some(key) = before.and_then(due_key) {
        tx.delete(&DUE, &key)?;
    }
    if let Some(key) = due_key(job) {
        tx.put(&DUE, &key, &())?;
    }
    Ok(tx.put(&JOBS, &job.id, job)?)
}

pub fn remove(tx: &mut WriteTx<'_>, job: &Job) -> Result<()> {
    if let Some(key) = due_key(job) {
        tx.delete(&DUE, &key)?;
    }
    tx.delete(&JOBS, &job.id)?;
    Ok(())
}

/// What is due, the longest waiting first.
pub fn due(tx: &impl Read, now: Timestamp) -> Result<Vec<Job>> {
    let rows = tx.scan(&DUE, Span::all(), usize::MAX)?;
    let due = rows.into_iter().map(|(key, ())| key);
    let due = due.take_while(|(at, _)| *at <= now.as_millisecond());
    due.filter_map(|(_, id)| get(tx, id).transpose()).collect()
}

/// All that has not ended.
pub fn all_open(tx: &impl Read) -> Result<Vec<Job>> {
    let rows = tx.scan(&DUE, Span::all(), usize::MAX)?;
    let ids = rows.into_iter().map(|((_, id), ())| id);
    ids.filter_map(|id| get(tx, id).transpose()).collect()
}

pub fn list(
    tx: &impl Read,
    kind: Option<&str>,
    before: Option<Uuid>,
    limit: usize,
) -> Result<Vec<Job>> {
    let span = Span::all().rev();
    let span = match &before {
        Some(id) => span.before(id),
        None => span,
    };
    let of_kind = |job: &Job| kind.is_none_or(|kind| job.kind == kind);
    let rows = tx.scan_where(&JOBS, span, limit, of_kind)?;
    Ok(rows.into_iter().map(|(_, job)| job).collect())
}

/// How many jobs are in which state; those that were done aside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub waiting: u64,
    pub held: u64,
    pub failed: u64,
}

pub fn count(tx: &impl Read) -> Result<Counts> {
    let mut counts = Counts::default();
    for (_, job) in tx.scan(&JOBS, Span::all(), usize::MAX)? {
        match job.state {
            State::Waiting => counts.waiting += 1,
            State::Held => counts.held += 1,
            State::Failed => counts.failed += 1,
            State::Done => {}
        }
    }
    Ok(counts)
}

/// Removes what was done before `done` or given up before `failed`, among the next thousand jobs after
/// `last`. Returns the last of them; None when there are no more.
pub fn sweep(
    tx: &mut WriteTx<'_>,
    last: Option<Uuid>,
    done: Timestamp,
    failed: Timestamp,
) -> Result<Option<Uuid>> {
    const STEP: usize = 1_000;
    let span = match &last {
        Some(id) => Span::all().after(id),
        None => Span::all(),
    };
    let page = tx.scan(&JOBS, span, STEP)?;
    let next = page
        .last()
        .filter(|_| page.len() == STEP)
        .map(|(id, _)| *id);
    for (_, job) in page {
        let limit = if job.state == State::Done {
            done
        } else {
            failed
        };
        if job.ended_at.is_some_and(|at| at < limit) {
            remove(tx, &job)?;
        }
    }
    Ok(next)
}
