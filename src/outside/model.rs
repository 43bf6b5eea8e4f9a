//! What is asked of a model and what comes back, the same for every kind of server.
//!
//! Must stay true: after `Piece::Done` or an error a stream yields nothing more.

use std::pin::Pin;

use futures_util::{Stream, StreamExt};
use serde::Serialize;
use uuid::Uuid;

use super::ModelError;

/// The kinds of server there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ProviderKind {
    Ollama,
    Openai,
    Demo,
}

/// A model that can chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ModelInfo {
    pub name: String,
    pub provider: ProviderKind,
    /// The model's own limit in tokens, where its server tells.
    pub context_length: Option<u32>,
    /// The window in tokens that every request for this model uses: the setting or the model's
    /// own limit, whichever is less. One value per model, because Ollama loads the model anew
    /// when it changes.
    pub num_ctx: u32,
    /// The model can think before it answers.
    pub thinking: bool,
}

/// What can be talked to now.
#[derive(Clone, Debug, Serialize)]
pub struct ModelList {
    pub provider: ProviderKind,
    /// Answers come from the demonstration model; the page must say so.
    pub demo: bool,
    /// The model that a request without a name gets.
    pub default: Option<String>,
    pub items: Vec<ModelInfo>,
    /// Why nothing, or not the named default, can be used.
    pub problem: Option<ModelError>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    System,
    User,
    Assistant,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChatMessage {
    pub role: Role,
    pub content: String,
}

/// Whether a person waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Answer,
    /// Titles, distillation: runs when nobody waits, and never thinks aloud.
    Background,
}

#[derive(Clone, Debug)]
pub struct ChatRequest {
    /// From `ModelServers::resolve`.
    pub model: ModelInfo,
    pub messages: Vec<ChatMessage>,
    /// Most tokens to write; without it the model decides.
    pub max_tokens: Option<u32>,
    /// On whose behalf, for fairness in the line.
    pub person: Uuid,
    pub purpose: Purpose,
    pub temperature: Option<f32>,
    /// A JSON schema that the answer is to follow, where the server can hold the model to one.
    pub schema: Option<serde_json::Value>,
    /// Passed on as `X-Correlation-ID`.
    pub correlation_id: Option<String>,
}

/// One step of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Waiting; 1 is next. Told whenever it changes.
    Queued {
        position: usize,
    },
    /// What the model says to itself; never part of the answer.
    Thinking(String),
    Text(String),
    /// The end of a whole answer.
    Done(Stats),
}

/// Why a whole answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    Stop,
    /// It met `max_tokens` or the end of the context window.
    Length,
}

/// What the server counted; `None` where it did not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stats {
    pub finish: Finish,
    pub prompt_tokens: Option<u32>,
    /// Thinking included.
    pub output_tokens: Option<u32>,
    pub load_ms: Option<u64>,
}

/// An answer as it comes. The request goes out with the first call of `next`; dropping the stream
/// leaves the line or closes the connection, which makes the server stop.
pub struct ModelStream {
    pieces: Pin<Box<dyn Stream<Item = Result<Piece, ModelError>> + Send>>,
    ended: bool,
}

impl ModelStream {
    pub(super) fn new(
        pieces: impl Stream<Item = Result<Piece, ModelError>> + Send + 'static,
    ) -> Self {
        Self {
            pieces: Box::pin(pieces),
            ended: false,
        }
    }

    /// The next piece; `None` after `Done` or an error. Dropping this future loses nothing, so it
    /// may stand in a `select!`.
    pub async fn next(&mut self) -> Option<Result<Piece, ModelError>> {
        if self.ended {
            return None;
        }
        let piece = self.pieces.next().await;
        self.ended = !matches!(piece, Some(Ok(ref piece)) if !matches!(piece, Piece::Done(_)));
        piece
    }
}
