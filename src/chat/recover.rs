//! After a crash, and at a shutdown that could not wait: no answer stays "streaming" for ever.

use std::time::Duration;

use uuid::Uuid;

use super::answer;
use super::store::{self, Status, Turn};
use crate::app::App;
use crate::error::{Error, Result};

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
    app.store
        .write(move |tx| {
            for (user, turn) in &cut_off {
                store::end_turn(tx, *user, turn)?;
                let Some(mut message) = store::message(tx, *user, turn.session, turn.answer)?
                else {
                    continue;
                };
                message.status = Status::Interrupted;
                message.finish_reason = Some("interrupted".into());
                answer::remember(tx, *user, turn, &message)?;
                store::update_message(tx, *user, turn.session, &message)?;
            }
            Ok::<_, Error>(())
        })
        .await
}
