//! Begins what is due, a few at a time, until the program stops.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Job, Jobs, Outcome, after, queue};
use crate::error::Result;

/// Jobs worked on at once: one that hangs must not stop the others.
const AT_ONCE: usize = 4;
/// And of one kind, so that a mail server that hangs leaves room for other work.
const OF_A_KIND: usize = 2;
/// Looked at least this often, should a clock be set back.
const LOOK_EVERY: Duration = Duration::from_mins(10);

/// A record that could not be stored is tried again this often.
const STORE_AGAIN: Duration = Duration::from_secs(30);

/// Does one kind of job.
pub type Work = Arc<dyn Fn(Job) -> BoxFuture<'static, Outcome> + Send + Sync>;

pub struct Runner {
    pub jobs: Jobs,
    pub kinds: HashMap<&'static str, Work>,
    /// Kinds of which, all together, only one job runs at a time: they wait for one thing, and must not
    /// take the places of others while they do.
    pub alone: &'static [&'static str],
    /// Begins a piece of work that the program waits for at its end.
    pub begin: Box<dyn Fn(BoxFuture<'static, ()>) + Send + Sync>,
    pub drain: CancellationToken,
}

impl Runner {
    pub async fn run(self) {
        let inner = self.jobs.0.clone();
        loop {
            self.store_outcomes().await;
            let wait = self.begin_due().unwrap_or_else(|error| {
                tracing::warn!(%error, "the queue of jobs cannot be read");
                LOOK_EVERY
            });
            let unstored = !self.jobs.unstored().is_empty();
            let wait = if unstored {
                wait.min(STORE_AGAIN)
            } else {
                wait
            };
            tokio::select! {
                () = self.drain.cancelled() => return,
                () = inner.clock.sleep(wait) => {}
                () = inner.bell.notified() => {
                    // Whoever rang is still in a transaction; this one waits in line behind it.
                    let behind = inner.store.write(|_| Ok::<_, crate::error::Error>(()));
                    if let Err(error) = behind.await {
                        tracing::debug!(%error, "jobs are looked at all the same");
                    }
                }
            }
        }
    }

    /// Tries again to store the outcomes that could not be stored.
    async fn store_outcomes(&self) {
        let outcomes = std::mem::take(&mut *self.jobs.unstored());
        for (id, outcome) in outcomes {
            keep(&self.jobs, id, outcome).await;
        }
    }

    /// Begins what is due, and says how long until there is more.
    fn begin_due(&self) -> Result<Duration> {
        let inner = &self.jobs.0;
        let now = inner.clock.now();
        let due = inner.store.read(|tx| queue::due(tx, now))?;
        for job in due {
            let mut busy = self.jobs.busy();
            if busy.len() >= AT_ONCE {
                break;
            }
            if !busy.contains_key(&job.id) && !self.full_of(&busy, &job.kind) {
                busy.insert(job.id, job.kind.clone());
                drop(busy);
                self.begin(job);
            }
        }
        let all = inner.store.read(queue::all_open)?;
        let busy = self.jobs.busy();
        let waiting = all
            .iter()
            .filter(|job| !busy.contains_key(&job.id) && !self.full_of(&busy, &job.kind));
        let next = waiting.filter_map(|job| job.due_at).min();
        let full = busy.len() >= AT_ONCE;
        let wait = next.map_or(LOOK_EVERY, |at| {
            Duration::try_from(at.duration_since(now)).unwrap_or_default()
        });
        // When all places are taken, or all of a kind, the end of a job rings.
        Ok(if full {
            LOOK_EVERY
        } else {
            wait.min(LOOK_EVERY)
        })
    }

    /// Whether no more of this kind may begin.
    fn full_of(&self, busy: &HashMap<Uuid, String>, kind: &str) -> bool {
        let alone = |kind: &str| self.alone.contains(&kind);
        if alone(kind) {
            return busy.values().any(|other| alone(other));
        }
        busy.values().filter(|other| *other == kind).count() >= OF_A_KIND
    }

    fn begin(&self, job: Job) {
        let jobs = self.jobs.clone();
        let work = self.kinds.get(job.kind.as_str()).cloned();
        (self.begin)(Box::pin(async move {
            let outcome = match work {
                // Whatever goes wrong in there, the queue goes on.
                Some(work) => AssertUnwindSafe(work(job.clone()))
                    .catch_unwind()
                    .await
                    .unwrap_or_else(|_| Outcome::Retry("it panicked; the log has more".into())),
                None => Outcome::Fail("this program knows no such kind of job".into()),
            };
            tell(&job, &outcome);
            keep(&jobs, job.id, outcome).await;
        }));
    }
}

/// Records what became of a try. Until it can be stored the job counts as being worked on, so that it
/// does not run again and again on a full disk.
async fn keep(jobs: &Jobs, id: Uuid, outcome: Outcome) {
    let inner = &jobs.0;
    let (told, now) = (outcome.clone(), inner.clock.now());
    let recorded = inner.store.write(move |tx| {
        // It may have been removed meanwhile.
        match queue::get(tx, id)? {
            Some(job) => queue::put(tx, Some(&job), &after(&job, told, now)),
            None => Ok(()),
        }
    });
    match recorded.await {
        Ok(()) => {
            jobs.busy().remove(&id);
            inner.ended.send_modify(|count| *count += 1);
            inner.bell.notify_one();
        }
        Err(error) => {
            tracing::warn!(job = %id, %error, "the outcome of a job is not stored yet");
            jobs.unstored().push((id, outcome));
        }
    }
}

fn tell(job: &Job, outcome: &Outcome) {
    match outcome {
        Outcome::Retry(reason) | Outcome::Fail(reason) => {
            tracing::warn!(job = %job.id, kind = job.kind, reason, "a job did not succeed");
        }
        Outcome::Hold(reason) | Outcome::Later(_, reason)
            if job.last_error.as_ref() != Some(reason) =>
        {
            tracing::info!(job = %job.id, kind = job.kind, reason, "a job waits");
        }
        Outcome::Hold(_) | Outcome::Later(..) | Outcome::Done => {}
    }
}
