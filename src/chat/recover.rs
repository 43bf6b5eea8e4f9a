//! After a crash, and at a shutdown that could not wait: no answer stays "streaming" for ever.

use super::store::{self, Status};
use crate::app::App;
use crate::error::{Error, Result};
use crate::memory::{self, Memory, Speaker};

/// At start: every answer that was being written when the process ended is marked interrupted, with
/// the text that was kept, which is remembered like any other. Returns how many there were.
pub async fn recover(app: &App) -> Result<usize> {
    app.store
        .write(|tx| {
            let running = store::running(tx)?;
            for (user, turn) in &running {
                store::end_turn(tx, *user, turn)?;
                let Some(mut answer) = store::message(tx, *user, turn.session, turn.answer)? else {
                    continue;
                };
                answer.status = Status::Interrupted;
                answer.finish_reason = Some("interrupted".into());
                if turn.use_memory && !answer.content.is_empty() {
                    let memory = Memory {
                        session: turn.session,
                        speaker: Speaker::Assistant,
                        text: answer.content.clone(),
                        created_at: answer.created_at,
                    };
                    memory::remember(tx, *user, answer.id, &memory)?;
                }
                store::update_message(tx, *user, turn.session, &answer)?;
            }
            Ok::<_, Error>(running.len())
        })
        .await
}
