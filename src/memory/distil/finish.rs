//! What a job comes to when all of it was asked.
//!
//! Must stay true: a session is done only when all that was planned of it is, of what it is now; one that
//! was begun anew meanwhile still waits.

use storage::WriteTx;
use uuid::Uuid;

use super::About;
use super::keep::Doing;
use super::source::{CHUNK, MOST_CHUNKS};
use super::store;
use crate::app::App;
use crate::error::Result;
use crate::memory::figures;
use crate::memory::tiers::{self, Reached};

/// Nights after the first on which answers that could not be used are asked for again.
const MOST_TRIES: u32 = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finished {
    Done,
    /// Some of the answers could not be used.
    Unusable,
    /// There is more to be asked.
    NotYet,
}

pub async fn finish(app: &App, doing: Doing) -> Result<Finished> {
    let day = store::day_of(app.clock.now());
    let finish = move |tx: &mut WriteTx<'_>| finish_in(tx, doing, day);
    app.store.write(finish).await
}

fn finish_in(tx: &mut WriteTx<'_>, doing: Doing, day: i64) -> Result<Finished> {
    let About { user, session } = doing.about;
    let Some(mut waiting) = store::waiting(tx, (user, session))? else {
        return Ok(Finished::Done);
    };
    let task = doing.part.task(&mut waiting);
    if task.todo != Some(0) && !task.done {
        return Ok(Finished::NotYet);
    }
    let outcome = if task.failed == 0 {
        Finished::Done
    } else {
        Finished::Unusable
    };
    if outcome == Finished::Unusable && task.tries < MOST_TRIES {
        task.tries += 1;
        task.todo = Some(task.failed);
        task.failed = 0;
        task.job = None;
        task.failed_on = Some(day);
    } else {
        task.done = true;
    }
    if !(waiting.distil.done && waiting.reflect.done) {
        store::put_waiting(tx, (user, session), &waiting)?;
        return Ok(outcome);
    }
    store::remove_waiting(tx, (user, session))?;
    reach(tx, &waiting, (user, session))?;
    Ok(outcome)
}

/// Notes how far a session was distilled; what is beyond waits.
fn reach(
    tx: &mut WriteTx<'_>,
    waiting: &store::Waiting,
    (user, session): (Uuid, Uuid),
) -> Result<()> {
    let group = figures::group_of_session(tx, user, session)?;
    if waiting.group.is_some_and(|planned| Some(planned) != group) {
        // It was emptied and begun anew, and counts its positions from 0 again.
        return super::wait(tx, (user, session), 0);
    }
    let until = waiting.distil.until;
    let reached = tiers::reached(tx, user, session)?;
    let distilled = Reached {
        distilled: reached.distilled.max(until),
        ..reached
    };
    tiers::put_reached(tx, (user, session), distilled)?;
    let next = figures::next_position(tx, user, session)?.unwrap_or(0);
    let cut = until.saturating_sub(waiting.from) >= CHUNK * MOST_CHUNKS;
    if next > until && (waiting.more || cut) {
        super::wait(tx, (user, session), until)?;
    }
    Ok(())
}
