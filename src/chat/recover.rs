//! After a crash, and at a shutdown that could not wait: no answer stays "streaming" for ever, and nothing
//! stays reserved for one.

use std::time::Duration;

use storage::WriteTx;
use uuid::Uuid;

use super::remembering::remember;
use super::store::{self, Status, Turn};
use super::{attempts, closing, ending};
use crate::app::App;
use crate::billing::{self, Moment, Spent};
use crate::error::{Error, Result};
use crate::memory;

/// How often it is tried while storage takes nothing.
const AGAIN: Duration = Duration::from_secs(5);

/// At start: every answer that was being written when the process ended is marked interrupted, with
/// the text that was kept, which is remembered like any other. Returns how many there were. On a full
/// disk that is done as soon as there is room.
pub async fn recover(app: &App) -> Result<usize> {
    let cut_off = app.store.read(store::running)?;
    let count = cut_off.len();
    if count == 0 {
        return Ok(0);
    }
    match mark(app, cut_off.clone()).await {
        Err(error) if error.code() == "storage_read_only" => {
            let waiting = app.clone();
            app.tasks
                .spawn(async move { mark_later(&waiting, cut_off).await });
        }
        marked => marked?,
    }
    Ok(count)
}

async fn mark_later(app: &App, cut_off: Vec<(Uuid, Turn)>) {
    loop {
        tokio::select! {
            () = app.tasks.drain.cancelled() => return,
            () = app.clock.sleep(AGAIN) => {}
        }
        match mark(app, cut_off.clone()).await {
            Ok(()) => return,
            Err(error) => {
                tracing::warn!(%error, "answers that were cut off are not marked yet; trying again");
            }
        }
    }
}

/// Only these: others may have begun since.
async fn mark(app: &App, cut_off: Vec<(Uuid, Turn)>) -> Result<()> {
    let inside = app.clone();
    let mark = move |tx: &mut WriteTx<'_>| {
        for (user, turn) in &cut_off {
            cut(tx, Moment::now(&inside), *user, turn)?;
        }
        Ok::<_, Error>(())
    };
    app.store.write(mark).await
}

/// Ends one turn with what was kept of its answer, which is also what is charged.
fn cut(tx: &mut WriteTx<'_>, moment: Moment<'_>, user: Uuid, turn: &Turn) -> Result<()> {
    let running = store::end_turn(tx, user, turn)?;
    let message = store::message(tx, user, turn.session, turn.answer)?;
    let Some(mut message) = message.filter(|_| running) else {
        return Ok(());
    };
    let counted = ending::counted(&message);
    let spent = Spent {
        charged: !(message.content.is_empty() && message.thinking.is_empty()),
        counted,
        ..Spent::default()
    };
    let charged = billing::settle(tx, moment, (user, turn.id), &spent)?;
    message.tokens_used = charged.tokens.map(|n| u32::try_from(n).unwrap_or(u32::MAX));
    message.status = Status::Interrupted;
    message.finish_reason = Some("interrupted".into());
    remember(tx, moment, (user, turn), &message)?;
    store::update_message(tx, user, turn.session, &message)?;
    if store::conversation(tx, user, turn.session)?
        .ended_at
        .is_some()
    {
        // It was ended while Nova answered: the answer belongs to it, too.
        memory::session_ended(tx, moment, (user, turn.session))?;
    }
    Ok(())
}

/// Ends what is idle, and removes what has run out: idempotency keys, and what is reserved for turns that are not running any
/// more, as when a conversation was deleted and the program ended before its answer did.
pub async fn sweep(app: &App) -> Result<()> {
    attempts::sweep(app).await?;
    closing::end_idle(app).await?;
    if app.store.read(billing::reserved)?.is_empty() {
        return Ok(());
    }
    let inside = app.clone();
    let free = move |tx: &mut WriteTx<'_>| {
        let running = store::running(tx)?;
        for (user, turn) in billing::reserved(tx)? {
            let ending = inside.streams.get(turn);
            let ends = ending.is_some_and(|log| !log.finished());
            if !ends && !running.iter().any(|(_, running)| running.id == turn) {
                billing::release(tx, Moment::now(&inside), (user, turn))?;
            }
        }
        Ok::<_, Error>(())
    };
    app.store.write(free).await
}
