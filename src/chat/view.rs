//! Conversations and messages as they go over the wire.

use jiff::Timestamp;
use serde::Serialize;
use storage::Read;
use utoipa::ToSchema;
use uuid::Uuid;

use super::prompt::Context;
use super::store::{Author, Conversation, Message, Status, conversation};
use crate::billing::Quota;
use crate::error::Result;
use crate::memory::{Kind, Memory, ScorePart, Speaker, Tier, UsedMemory, used};

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SessionView {
    pub id: Uuid,
    pub title: String,
    pub model: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    /// Whether it recalls and is remembered.
    pub use_memory: bool,
}

impl From<Conversation> for SessionView {
    fn from(conversation: Conversation) -> Self {
        let Conversation {
            id,
            title,
            model,
            created_at,
            updated_at,
            ended_at,
            use_memory,
            ..
        } = conversation;
        Self {
            id,
            title,
            model,
            created_at,
            updated_at,
            ended_at,
            use_memory,
        }
    }
}

/// A memory that stood in the prompt of an answer, and why.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct UsedMemoryView {
    pub id: Uuid,
    /// Empty when it was forgotten since.
    pub text: String,
    /// `user`, `assistant`, or a name.
    #[schema(value_type = Option<String>)]
    pub speaker: Option<Speaker>,
    pub created_at: Option<Timestamp>,
    pub session_id: Option<Uuid>,
    pub session_title: Option<String>,
    pub kind: Option<Kind>,
    pub tier: Option<Tier>,
    pub pinned: bool,
    /// Whether something newer is so instead.
    pub superseded: bool,
    /// Comparable within one answer only.
    pub score: f32,
    /// What the score is made of. `profile` or `advice` alone, with 0: it was not searched for, but stood in
    /// the prompt as a fact of the profile or as advice.
    pub parts: Vec<ScorePart>,
    /// Why it was chosen, in words.
    pub reasons: Vec<String>,
    pub forgotten: bool,
}

/// A word counts as there in another form, too: "went" for "go".
fn reasons(matched: &[String]) -> Vec<String> {
    let words: Vec<_> = matched.iter().map(|word| format!("“{word}”")).collect();
    match words.as_slice() {
        [] => Vec::new(),
        [word] => vec![format!("It has your word {word}, or a form of it.")],
        _ => vec![format!(
            "It has your words {}, or forms of them.",
            words.join(", ")
        )],
    }
}

impl UsedMemoryView {
    /// Of what was forgotten since, nothing but that it was used.
    fn of(used: UsedMemory, memory: Option<Memory>, session_title: Option<String>) -> Self {
        let there = memory.as_ref();
        Self {
            id: used.id,
            forgotten: memory.is_none(),
            speaker: there.map(|m| m.speaker.clone()),
            created_at: there.map(|m| m.created_at),
            session_id: there.map(|m| m.session),
            session_title,
            kind: there.map(|m| m.kind),
            tier: there.map(|m| m.tier),
            pinned: there.is_some_and(|m| m.pinned),
            superseded: there.is_some_and(|m| m.ended_at.is_some()),
            reasons: there.map_or_else(Vec::new, |_| reasons(&used.matched)),
            parts: if memory.is_some() {
                used.parts
            } else {
                Vec::new()
            },
            text: memory.map(|m| m.text).unwrap_or_default(),
            score: used.score,
        }
    }
}

/// The memories an answer used, with their text as far as they are still remembered.
pub fn memories(tx: &impl Read, user: Uuid, kept: &[UsedMemory]) -> Result<Vec<UsedMemoryView>> {
    let views = used(tx, user, kept)?.into_iter().map(|(used, memory)| {
        let title = memory
            .as_ref()
            .and_then(|m| conversation(tx, user, m.session).ok())
            .map(|c| c.title);
        UsedMemoryView::of(used, memory, title)
    });
    Ok(views.collect())
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MessageError {
    pub error: String,
    pub code: String,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MessageView {
    pub id: Uuid,
    pub turn_id: Uuid,
    pub session_id: Uuid,
    pub parent_id: Option<Uuid>,
    pub role: Author,
    pub content: String,
    /// What a thinking model thought; never part of the answer.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub thinking: String,
    pub created_at: Timestamp,
    pub status: Status,
    /// `stop`, `length`, `stopped`, `interrupted`, or `quota`: today's tokens were used up.
    pub finish_reason: Option<String>,
    pub model: Option<String>,
    /// What was charged for the turn.
    pub tokens_used: Option<u32>,
    pub latency_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<MessageError>,
    pub memories: Vec<UsedMemoryView>,
}

pub fn message(tx: &impl Read, user: Uuid, session: Uuid, message: Message) -> Result<MessageView> {
    Ok(MessageView {
        memories: memories(tx, user, &message.memories)?,
        id: message.id,
        turn_id: message.turn,
        session_id: session,
        parent_id: message.parent,
        role: message.author,
        content: message.content,
        thinking: message.thinking,
        created_at: message.created_at,
        status: message.status,
        finish_reason: message.finish_reason,
        model: message.model,
        tokens_used: message.tokens_used,
        latency_ms: message.latency_ms,
        error: message
            .error
            .map(|(code, error)| MessageError { error, code }),
    })
}

/// Event `start`.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Start {
    pub session_id: Uuid,
    pub turn_id: Uuid,
    pub user_message_id: Uuid,
    pub message_id: Uuid,
    pub model: Option<String>,
    pub memories: Vec<UsedMemoryView>,
    /// Absent when the events are told again from storage, or no model was there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<Context>,
}

/// Event `done`.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Done {
    /// Always empty: the text came in `delta` events.
    pub content: &'static str,
    pub done: bool,
    pub session_id: Uuid,
    pub message_id: Uuid,
    pub tokens_used: u32,
    pub latency_ms: u64,
    pub finish_reason: String,
    /// What is left of today; absent when the events are told again from storage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quota: Option<Quota>,
}

/// What is said of an answer that a shutdown or a crash cut off.
pub const INTERRUPTED: &str =
    "NovaCore was stopped in the middle of this answer. What was written is kept.";

/// What is said of an answer that is written but cannot be stored.
pub const NOT_STORED_YET: &str = "This answer could not be stored yet, because the disk of this server takes nothing new. It is kept, and stored as soon as the disk allows; there is no need to ask again.";

/// Event `error`: the answer ended without being complete.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Failed {
    pub error: String,
    pub code: String,
    pub done: bool,
}

/// Event `queued`.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Queued {
    /// 1 is next.
    pub position: usize,
}
