//! FLOOR: work that must be done, though not now and not in a request: it is stored in the transaction
//! that wants it, survives a crash, and is tried again with growing pauses until it is done or given up.
//!
//! Slices enter by `Jobs::add` and give `schedule` the functions that do the work. Must stay true: a job
//! may run twice (a crash between the work and its record), so the work must bear it; a payload holds
//! ids, never text or secrets; nothing here knows a slice.

mod queue;
mod runner;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use storage::{Store, WriteTx};
use tokio::sync::{Notify, watch};
use uuid::Uuid;

pub use queue::{CATALOGUE, Counts, Job, State};
pub use runner::{Runner, Work};

use crate::clock::{Clock, Ids};
use crate::error::{Error, Result};

/// A job that failed is tried at most so often: about two and a half days.
pub const MOST_TRIES: u32 = 16;
const FIRST_PAUSE: SignedDuration = SignedDuration::from_secs(30);
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_hours(6);
/// What waits for something else than time is looked at this often.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_mins(10);
/// How long jobs that ended are kept for the administrator to see.
const DONE_KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);
const FAILED_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What became of a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// It may go better later; the reason is for the administrator.
    Retry(String),
    /// Trying again is of no use.
    Fail(String),
    /// It cannot even be tried now, through no fault of its own; costs no try.
    Hold(String),
    /// The same, and it is known when it can.
    Later(Timestamp, String),
}

/// The queue of the program. A cheap handle.
#[derive(Clone)]
pub struct Jobs(Arc<Inner>);

struct Inner {
    store: Store,
    clock: Clock,
    ids: Ids,
    bell: Notify,
    /// Jobs being worked on, with their kinds.
    busy: Mutex<HashMap<Uuid, String>>,
    /// What became of tries, while it cannot be stored.
    unstored: Mutex<Vec<(Uuid, Outcome)>>,
    /// Bumped whenever a try ends.
    ended: watch::Sender<u64>,
}

impl Jobs {
    pub fn new(store: Store, clock: Clock, ids: Ids) -> Self {
        Self(Arc::new(Inner {
            store,
            clock,
            ids,
            bell: Notify::new(),
            busy: Mutex::default(),
            unstored: Mutex::default(),
            ended: watch::Sender::new(0),
        }))
    }

    fn busy(&self) -> MutexGuard<'_, HashMap<Uuid, String>> {
        self.0.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unstored(&self) -> MutexGuard<'_, Vec<(Uuid, Outcome)>> {
        self.0
            .unstored
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a job in the caller's transaction; it begins once that is durable.
    pub fn add(
        &self,
        tx: &mut WriteTx<'_>,
        kind: &'static str,
        payload: &impl Serialize,
    ) -> Result<Uuid> {
        let now = self.0.clock.now();
        let payload = serde_json::to_string(payload)
            .map_err(|e| Error::internal("the payload of a job", e))?;
        let job = Job {
            id: self.0.ids.next(),
            kind: kind.into(),
            payload,
            state: State::Waiting,
            attempts: 0,
            created_at: now,
            due_at: Some(now),
            ended_at: None,
            last_error: None,
        };
        queue::put(tx, None, &job)?;
        self.0.bell.notify_one();
        Ok(job.id)
    }

    pub fn get(&self, tx: &impl storage::Read, id: Uuid) -> Result<Option<Job>> {
        queue::get(tx, id)
    }

    /// Whether it is being worked on.
    pub fn is_running(&self, id: Uuid) -> bool {
        self.busy().contains_key(&id)
    }

    /// How many of these kinds are being worked on.
    pub fn running_of(&self, kinds: &[&str]) -> usize {
        let busy = self.busy();
        let of_them = busy.values().filter(|kind| kinds.contains(&kind.as_str()));
        of_them.count()
    }

    /// Newest first, older than `before`; of one kind, or all.
    pub fn list(
        &self,
        tx: &impl storage::Read,
        kind: Option<&str>,
        before: Option<Uuid>,
        limit: usize,
    ) -> Result<Vec<Job>> {
        queue::list(tx, kind, before, limit)
    }

    /// Has a job tried again now, also one that was given up. False when there is none, or it is done.
    pub fn retry(&self, tx: &mut WriteTx<'_>, id: Uuid) -> Result<bool> {
        let Some(job) = queue::get(tx, id)?.filter(|job| job.state != State::Done) else {
            return Ok(false);
        };
        let again = Job {
            state: State::Waiting,
            due_at: Some(self.0.clock.now()),
            ended_at: None,
            ..job.clone()
        };
        queue::put(tx, Some(&job), &again)?;
        self.0.bell.notify_one();
        Ok(true)
    }

    /// Removes jobs that were not begun, for example those of an account that is no more.
    pub fn remove(&self, tx: &mut WriteTx<'_>, job: &Job) -> Result<()> {
        queue::remove(tx, job)
    }

    /// Looks again at all that was held: what it waited for may be there.
    pub async fn release(&self) -> Result<()> {
        let jobs = self.clone();
        let release = move |tx: &mut WriteTx<'_>| {
            for job in queue::all_open(tx)? {
                if job.state == State::Held {
                    jobs.retry(tx, job.id)?;
                }
            }
            Ok(())
        };
        self.0.store.write(release).await
    }

    /// Has everything looked at now: what is due, and what was held.
    pub async fn look_now(&self) -> Result<()> {
        self.release().await?;
        self.0.bell.notify_one();
        Ok(())
    }

    /// How many wait, are held, and were given up.
    pub fn count(&self) -> Result<Counts> {
        self.0.store.read(queue::count)
    }

    /// Waits until nothing that is due waits or is being worked on.
    pub async fn quiet(&self) -> Result<()> {
        let mut ended = self.0.ended.subscribe();
        loop {
            ended.borrow_and_update();
            let now = self.0.clock.now();
            let due = self.0.store.read(|tx| queue::due(tx, now))?;
            if due.is_empty() && self.busy().is_empty() {
                return Ok(());
            }
            self.0.bell.notify_one();
            if ended.changed().await.is_err() {
                return Ok(());
            }
        }
    }

    /// How many are still to be done, held ones aside.
    pub fn open(&self) -> Result<usize> {
        let open = self.0.store.read(queue::all_open)?;
        Ok(open
            .iter()
            .filter(|job| job.state == State::Waiting)
            .count())
    }

    /// Forgets what ended long ago, in small steps.
    pub async fn sweep(&self) -> Result<()> {
        let now = self.0.clock.now();
        let before = |kept| now.checked_sub(kept).unwrap_or(now);
        let (done, failed) = (before(DONE_KEPT), before(FAILED_KEPT));
        let mut last = None;
        loop {
            let sweep = move |tx: &mut WriteTx<'_>| queue::sweep(tx, last, done, failed);
            last = self.0.store.write(sweep).await?;
            if last.is_none() {
                return Ok(());
            }
        }
    }
}

/// The job after a try that came to `outcome`.
fn after(job: &Job, outcome: Outcome, now: Timestamp) -> Job {
    let later = |pause| Some(now.checked_add(pause).unwrap_or(now));
    let ended = |state, last_error| Job {
        state,
        due_at: None,
        ended_at: Some(now),
        attempts: job.attempts + 1,
        last_error,
        ..job.clone()
    };
    match outcome {
        Outcome::Done => ended(State::Done, None),
        Outcome::Fail(reason) => ended(State::Failed, Some(reason)),
        Outcome::Retry(reason) if job.attempts + 1 >= MOST_TRIES => {
            ended(State::Failed, Some(reason))
        }
        Outcome::Retry(reason) => Job {
            attempts: job.attempts + 1,
            state: State::Waiting,
            due_at: later(pause(job.attempts + 1)),
            last_error: Some(reason),
            ..job.clone()
        },
        Outcome::Hold(reason) => held(job, later(LOOK_AGAIN), reason),
        Outcome::Later(at, reason) => held(job, Some(at), reason),
    }
}

fn held(job: &Job, due_at: Option<Timestamp>, reason: String) -> Job {
    Job {
        state: State::Held,
        due_at,
        last_error: Some(reason),
        ..job.clone()
    }
}

/// The pause after try number `tries`: 30 s, doubling up to six hours.
fn pause(tries: u32) -> SignedDuration {
    let doublings = tries.saturating_sub(1).min(16);
    (FIRST_PAUSE * (1 << doublings)).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that is away for a night is not given up, and is not asked every minute either.
    #[test]
    fn pauses_grow_and_stop_growing() {
        let seconds = [1, 2, 3, 10, 11, 30].map(|tries| pause(tries).as_secs());
        assert_eq!(seconds, [30, 60, 120, 15_360, 21_600, 21_600]);
        let all: i64 = (1..MOST_TRIES).map(|tries| pause(tries).as_secs()).sum();
        assert!((24 * 3600..4 * 24 * 3600).contains(&all), "{all}");
    }
}
