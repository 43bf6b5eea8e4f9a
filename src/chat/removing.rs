//! Deleting a conversation: it is gone with one transaction; its messages, and what is remembered of them, in
//! as many as they need.
//!
//! Must stay true: a transaction is of bounded size, however long the conversation is; what one left undone a
//! job does, though the program ends in between; a job may find that all was done.

use serde::{Deserialize, Serialize};
use storage::WriteTx;
use uuid::Uuid;

use super::ending;
use super::store::{self, Turn};
use crate::app::App;
use crate::auth::{Caller, ChatWrite};
use crate::billing::{self, Moment};
use crate::error::Result;
use crate::jobs::{Job, Outcome};
use crate::memory;

/// The kind of job.
pub const KIND: &str = "chat.remove";

/// Messages that one transaction removes.
const STEP: usize = 500;

/// What is left of a conversation that is not there any more.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Left {
    user: Uuid,
    session: Uuid,
    keep_memory: bool,
}

/// Removes what is left of a conversation of the queue.
pub async fn remove(app: App, job: Job) -> Outcome {
    let Ok(left) = serde_json::from_str::<Left>(&job.payload) else {
        return Outcome::Fail("it does not say which conversation".into());
    };
    match finish(&app, left).await {
        Ok(()) => Outcome::Done,
        Err(error) => Outcome::Retry(error.to_string()),
    }
}

/// Deletes a conversation with all that belongs to it.
pub async fn begin(
    app: &App,
    caller: Caller<ChatWrite>,
    session: Uuid,
    keep_memory: bool,
) -> Result<()> {
    let (user, inside) = (caller.id, app.clone());
    let left = Left {
        user,
        session,
        keep_memory,
    };
    let deleted = app.store.write(move |tx| {
        caller.still(tx)?;
        first(tx, Moment::now(&inside), left)
    });
    let (running, job) = deleted.await?;
    if let Some(log) = running.and_then(|turn| app.streams.get(turn)) {
        log.stop.cancel();
    }
    app.streams.forget(user);
    let Some(job) = job else { return Ok(()) };
    // The job does the same, should this be cut off.
    finish(app, left).await?;
    let inside = app.clone();
    let done = move |tx: &mut WriteTx<'_>| match inside.jobs.get(tx, job)? {
        Some(job) => inside.jobs.remove(tx, &job),
        None => Ok(()),
    };
    app.store.write(done).await
}

/// The first transaction, with which the conversation is gone: the turn that was being answered in it, and
/// the job that removes what is left, where anything is.
fn first(
    tx: &mut WriteTx<'_>,
    moment: Moment<'_>,
    left: Left,
) -> Result<(Option<Uuid>, Option<Uuid>)> {
    let Left { user, session, .. } = left;
    let running = store::running_in(tx, user, session)?;
    if let Some(turn) = running {
        note_written(tx, user, &store::turn(tx, user, turn)?)?;
    }
    let conversation = store::remove_conversation(tx, user, session)?;
    if left.keep_memory && conversation.ended_at.is_none() {
        // What is kept is promoted and distilled like what was said in others.
        memory::session_ended(tx, moment, (user, session))?;
    }
    let job = if step(tx, moment, left)? {
        Some(moment.app.jobs.add(tx, KIND, &left)?)
    } else {
        None
    };
    Ok((running, job))
}

async fn finish(app: &App, left: Left) -> Result<()> {
    loop {
        let inside = app.clone();
        let step = move |tx: &mut WriteTx<'_>| step(tx, Moment::now(&inside), left);
        let more: bool = app.store.write(step).await?;
        // Answers that are told again have the words, too.
        app.streams.forget(left.user);
        if !more {
            return Ok(());
        }
    }
}

/// Removes some of it; whether there may be more.
fn step(tx: &mut WriteTx<'_>, moment: Moment<'_>, left: Left) -> Result<bool> {
    let Left { user, session, .. } = left;
    let removed = store::remove_messages(tx, (user, session), STEP)?;
    if left.keep_memory {
        return Ok(removed == STEP);
    }
    let remembered = memory::forget_some_of(tx, moment, user, session)?;
    Ok(removed == STEP || remembered)
}

/// What was kept of the answer that is being written goes with the conversation; what it costs does not.
fn note_written(tx: &mut WriteTx<'_>, user: Uuid, turn: &Turn) -> Result<()> {
    let answer = store::message(tx, user, turn.session, turn.answer)?;
    let counted = answer.as_ref().map_or(0, ending::counted);
    billing::note_written(tx, user, turn.id, counted)
}
