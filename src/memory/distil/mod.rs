//! What an idle model makes of ended sessions: a summary, a few lasting facts about the person, and what
//! Nova could do better. Each cites the turns it rests on and says nothing that these do not say.
//!
//! Enter here: `wait` and `again` (a session is to be distilled), `begin` (jobs for what waits), the jobs
//! themselves, the nightly look. Way of an item: `source` (turns) -> `prompt` -> `ask` (the model, within
//! the `budget`) -> `reply` (JSON) -> `valid` (is it so?) -> `keep` (one transaction). What the person
//! forgot of it does not come back from the same turns (`unwanted`).
//!
//! Must stay true: what a model wrote is never a source for a model, and never a turn; nothing is lost when
//! it is away, slow, or writes nonsense; whoever waits for an answer goes first.

mod ask;
mod budget;
mod finish;
mod holds;
mod keep;
mod known;
mod night;
mod principles;
mod prompt;
mod reply;
pub mod routes;
mod source;
mod standing;
mod steps;
mod store;
mod unwanted;
mod valid;
mod words;
mod work;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use storage::{Read, WriteTx};
use uuid::Uuid;

pub use holds::still_holds;
pub use known::{own, settle_stated};
pub use night::nightly;
pub use standing::{Distilling, Standing, standing};
pub use store::{CATALOGUE, Made, erase};
pub use unwanted::{forgotten, said_anew};
pub use work::{DISTIL, REFLECT, distil, reflect};

use self::store::{Begun, Task, Waiting};
use super::{figures, store as memories};
use crate::app::App;
use crate::error::Result;
use crate::jobs::State;

/// Kinds of jobs that use the model: one at a time.
pub const ALONE: [&str; 2] = [DISTIL, REFLECT];

/// Rows of jobs that are gone, taken away whenever another is noted.
const TIDIED: usize = 8;

/// Whose session a job is about.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct About {
    user: Uuid,
    session: Uuid,
}

/// A session ended: what was said from position `from` on waits to be distilled.
pub fn wait(tx: &mut WriteTx<'_>, key: (Uuid, Uuid), from: u32) -> Result<()> {
    if let Some(mut waiting) = store::waiting(tx, key)? {
        // Its job may have begun, and goes up to where it looked.
        waiting.more = true;
        return store::put_waiting(tx, key, &waiting);
    }
    let waiting = fresh(tx, key, from)?;
    store::put_waiting(tx, key, &waiting)
}

fn fresh(tx: &impl Read, (user, session): (Uuid, Uuid), from: u32) -> Result<Waiting> {
    Ok(Waiting {
        from,
        distil: Task::default(),
        reflect: Task::default(),
        more: false,
        generation: 0,
        group: figures::group_of_session(tx, user, session)?,
    })
}

/// What was distilled from these turns is removed: their sessions are distilled again, all of them, for
/// what else they say may still be worth keeping.
pub fn again(tx: &mut WriteTx<'_>, (user, turns): (Uuid, &[Uuid])) -> Result<()> {
    let mut sessions = BTreeSet::new();
    for turn in turns {
        sessions.extend(memories::memory(tx, user, *turn)?.map(|memory| memory.session));
    }
    for session in sessions {
        whole(tx, (user, session))?;
    }
    Ok(())
}

/// All of a session waits, whatever was distilled of it. A job that it has goes on with that, and what it
/// asks just now is of what the session was before.
fn whole(tx: &mut WriteTx<'_>, key: (Uuid, Uuid)) -> Result<()> {
    let before = store::waiting(tx, key)?;
    let mut waiting = fresh(tx, key, 0)?;
    if let Some(before) = before {
        waiting.distil.job = before.distil.job;
        waiting.reflect.job = before.reflect.job;
        waiting.generation = before.generation.wrapping_add(1);
    }
    store::put_waiting(tx, key, &waiting)
}

/// A session has no memories any more.
pub fn gone(tx: &mut WriteTx<'_>, key: (Uuid, Uuid)) -> Result<()> {
    store::remove_waiting(tx, key)
}

/// Notes whose job it is, and forgets those that the queue has forgotten.
pub fn note_job(
    tx: &mut WriteTx<'_>,
    app: &App,
    (user, job): (Uuid, Uuid),
    (kind, session): (&str, Uuid),
) -> Result<()> {
    for (old, _) in store::jobs(tx, user, false, TIDIED)? {
        if app.jobs.get(tx, old)?.is_none() {
            store::remove_job(tx, (user, old))?;
        }
    }
    let begun = Begun {
        kind: kind.to_owned(),
        session,
        made: Made::default(),
    };
    store::put_job(tx, (user, job), &begun)
}

/// Whether a job is still to be done.
fn is_open(tx: &impl Read, app: &App, job: Option<Uuid>) -> Result<bool> {
    let Some(id) = job else { return Ok(false) };
    let job = app.jobs.get(tx, id)?;
    Ok(job.is_some_and(|job| matches!(job.state, State::Waiting | State::Held)))
}

/// Adds the jobs that a waiting session lacks; returns all of its jobs. With `now` those that are held are
/// tried at once.
fn begin(
    tx: &mut WriteTx<'_>,
    app: &App,
    (user, session): (Uuid, Uuid),
    now: bool,
) -> Result<Vec<Uuid>> {
    let Some(mut waiting) = store::waiting(tx, (user, session))? else {
        return Ok(Vec::new());
    };
    let mut jobs = Vec::new();
    for (kind, task) in [
        (DISTIL, &mut waiting.distil),
        (REFLECT, &mut waiting.reflect),
    ] {
        if task.done {
            continue;
        }
        match task.job {
            Some(job) if is_open(tx, app, Some(job))? => {
                if now && !app.jobs.is_running(job) {
                    app.jobs.retry(tx, job)?;
                }
                jobs.push(job);
            }
            _ => {
                let job = app.jobs.add(tx, kind, &About { user, session })?;
                note_job(tx, app, (user, job), (kind, session))?;
                task.job = Some(job);
                jobs.push(job);
            }
        }
    }
    store::put_waiting(tx, (user, session), &waiting)?;
    Ok(jobs)
}
