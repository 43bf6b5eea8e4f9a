//! After a crash, and at a shutdown that could not wait: no answer stays "streaming" for ever.

use super::answer;
use super::store::{self, Status};
use crate::app::App;
use crate::error::{Error, Result};

/// At start: every answer that was being written when the process ended is marked interrupted, with
/// the text that was kept, which is remembered like any other. Returns how many there were.
pub async fn recover(app: &App) -> Result<usize> {
    app.store
        .write(|tx| {
            let running = store::running(tx)?;
            for (user, turn) in &running {
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
            Ok::<_, Error>(running.len())
        })
        .await
}
