//! Conversations end: by their owner's word, or by themselves when nothing was said for a while. Ending is
//! what memory waits for; a later message opens them again.

use storage::WriteTx;
use uuid::Uuid;

use super::store::{self, Conversation};
use crate::app::App;
use crate::billing::Moment;
use crate::error::{Error, Result};
use crate::memory;

/// Conversations that end in one transaction.
const STEP: usize = 100;

/// Ends a conversation, if it has not ended.
pub fn close(
    tx: &mut WriteTx<'_>,
    moment: Moment<'_>,
    (user, id): (Uuid, Uuid),
) -> Result<Conversation> {
    let mut conversation = store::conversation(tx, user, id)?;
    if conversation.ended_at.is_none() {
        conversation.ended_at = Some(moment.now);
        store::put_conversation(tx, user, &conversation)?;
        memory::session_ended(tx, moment, (user, id))?;
    }
    Ok(conversation)
}

/// Ends those in which nothing was said for `memory.session_idle_minutes`, and in which Nova is not answering.
pub async fn end_idle(app: &App) -> Result<()> {
    let since = memory::idle_since(app);
    let idle = app.store.read(|tx| store::idle(tx, since, STEP))?;
    if idle.is_empty() {
        return Ok(());
    }
    let inside = app.clone();
    let end = move |tx: &mut WriteTx<'_>| {
        let moment = Moment::now(&inside);
        for (user, id) in idle {
            // What was said meanwhile counts.
            let conversation = store::conversation(tx, user, id);
            let still = conversation.is_ok_and(|now| now.updated_at <= since);
            if still && store::running_in(tx, user, id)?.is_none() {
                close(tx, moment, (user, id))?;
            }
        }
        Ok::<_, Error>(())
    };
    app.store.write(end).await
}
