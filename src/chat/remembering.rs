//! What was said becomes a memory.

use storage::WriteTx;
use uuid::Uuid;

use super::store::{self, Author, Message, Turn};
use crate::auth;
use crate::billing::{self, Moment, QuotaWarning};
use crate::error::Result;
use crate::memory::{self, Memory, Speaker};

/// Remembers a message, unless the person wanted its turn or its conversation without, or there was no room for it when it
/// began. What is to be told when it fills the room that there is, short of the last of it: that is told
/// by the turn that finds none.
pub fn remember(
    tx: &mut WriteTx<'_>,
    moment: Moment<'_>,
    (user, turn): (Uuid, &Turn),
    said: &Message,
) -> Result<Option<QuotaWarning>> {
    if !turn.use_memory || turn.memory_full || said.content.is_empty() {
        return Ok(None);
    }
    // It may be one without memory since the turn began.
    if !store::conversation(tx, user, turn.session)?.use_memory {
        return Ok(None);
    }
    let warning = match auth::user(tx, user)? {
        Some(person) => {
            let bytes = said.content.len() as u64;
            let (fits, warning) = billing::can_remember(tx, moment, &person, bytes)?;
            let warning = warning.filter(|_| fits);
            if let Some(warning) = &warning {
                billing::warn(tx, moment, &person, warning)?;
            }
            warning
        }
        None => None,
    };
    let speaker = match said.author {
        Author::User => Speaker::User,
        Author::Assistant => Speaker::Assistant,
    };
    let memory = Memory::turn(turn.session, speaker, said.content.clone(), said.created_at);
    memory::remember(tx, moment, (user, said.id), &memory)?;
    Ok(warning)
}
