//! What a person may ask: the request bodies and their checks.

use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::error::{Error, Result};

const fn yes() -> bool {
    true
}

#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct AskRequest {
    pub message: String,
    /// The conversation to continue; without it a new one begins.
    pub session_id: Option<Uuid>,
    /// `false`: neither recalls earlier conversations nor remembers this turn.
    #[serde(default = "yes")]
    pub use_memory: bool,
    pub model: Option<String>,
}

#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct EditRequest {
    pub message: String,
}

/// What a turn answers.
#[derive(Clone, Debug)]
pub enum Question {
    /// A new message at the end of a conversation, or of a new one.
    New { text: String, session: Option<Uuid> },
    /// Other words in the place of a message of the person's; begins a branch beside it.
    Edited { text: String, message: Uuid },
    /// The same words again, for another answer beside this one.
    Again { answer: Uuid },
}

/// A turn to begin.
#[derive(Clone, Debug)]
pub struct Ask {
    pub question: Question,
    pub use_memory: bool,
    pub model: Option<String>,
    /// Attaches a repeated request to the turn it began.
    pub key: Option<(String, [u8; 32])>,
    pub correlation_id: Option<String>,
}

/// The text of a message: not empty, not over `limits.message_bytes`.
pub fn checked_text(app: &App, text: &str) -> Result<String> {
    if text.trim().is_empty() {
        return Err(Error::field(
            "message_empty",
            "message",
            "Write something first.",
        ));
    }
    let limit = app.config.limits.message_bytes;
    if text.len() > limit {
        return Err(too_long(format!(
            "The message has {} bytes; at most {limit} are accepted.",
            text.len()
        )));
    }
    Ok(text.to_owned())
}

pub fn too_long(message: String) -> Error {
    Error::field("message_too_long", "message", message)
}
