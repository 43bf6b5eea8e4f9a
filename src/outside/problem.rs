//! What can go wrong with a model server, in words for the person who waits.
//!
//! | code | met when | helps |
//! |---|---|---|
//! | `model_unreachable` | connection refused or reset | `ollama serve` |
//! | `model_host_unknown` | the name in `model.url` does not resolve | `model.url` |
//! | `model_forbidden` | 403: Ollama's host check, or rights of the key | `OLLAMA_HOST`, proxy's `Host` |
//! | `model_unauthorized` | 401 | `model.api_key`, `ollama signin` |
//! | `model_missing` | no model that can chat is there | `ollama pull llama3.2` |
//! | `model_not_found` | the named model is not there | `ollama pull NAME` |
//! | `model_busy` | 503 or 429 | waiting |
//! | `model_timeout` | no connection, no first piece, or silence in the middle | see the sentence |
//! | `model_context_exceeded` | the prompt is longer than the window | shorter message, `model.num_ctx` |
//! | `model_stream_cut` | the answer ended without its end mark | Try again |
//! | `model_stream_error` | an error line, or bytes that are no answer, in the middle | Try again |
//! | `model_failed` | 500 and every other failure | the server's log |
//! | `model_unsupported` | 400: the model cannot do what was asked | another model |
//! | `model_changed` | an embedding model was replaced | embedding everything again |
//! | `queue_full` | the line is at its bound | waiting |
//!
//! Must stay true: what a server says is shown shortened and without control characters; a model
//! name goes into a shell line only when it cannot be anything but a name.

use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;

use crate::error::Error;

use super::model::ProviderKind;
use super::words::Words;

/// A failure with a code for programs, a sentence for a person, and shell lines that help.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ModelError {
    /// One of the table above.
    pub code: &'static str,
    pub message: String,
    pub commands: Vec<String>,
}

/// The code in an HTTP body for one of the table above: API.md promises clients two words for all.
pub fn http_code(code: &str) -> &'static str {
    match code {
        "queue_full" => "queue_full",
        _ => "model_unavailable",
    }
}

impl From<ModelError> for Error {
    fn from(problem: ModelError) -> Self {
        Self::Unavailable {
            code: http_code(problem.code),
            message: problem.message,
        }
    }
}

/// What has been kept when a failure is told, which the sentence says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// Nothing was being said.
    Nothing,
    /// A message was sent, no answer began.
    Message,
    /// Part of the answer is there.
    Part,
}

/// A model server as it is named to a person.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub kind: ProviderKind,
    /// Host and port, never with credentials.
    pub address: String,
    pub loopback: bool,
}

/// What went wrong, before it is put into words.
#[derive(Debug)]
pub(super) enum Fault {
    /// No connection, or it broke before an answer.
    Unreachable,
    HostUnknown,
    ConnectTimeout(Duration),
    /// No answer to a question about models.
    ControlTimeout,
    FirstPieceTimeout(Duration),
    SilenceTimeout(Duration),
    /// A status that is no success, with the server's words.
    Status {
        status: u16,
        text: String,
    },
    /// An error in the middle of an answer, in the server's words.
    ErrorLine(String),
    /// Bytes that are no answer.
    Garbage,
    /// The stream ended before the answer did.
    Cut,
    NothingInstalled,
    NotInstalled(String),
    CannotChat(String),
    CannotEmbed(String),
    /// An embedding model is not the one that vectors were made with.
    OtherModel(String),
    QueueFull,
    /// The demonstration model, with the reason.
    #[cfg(feature = "demo-model")]
    Demo(String),
    /// The demonstration model's weights are not in the folder, or this build has no such model.
    DemoMissing {
        built_in: bool,
        folder: String,
    },
    #[cfg(feature = "demo-model")]
    PromptTooLong,
}

impl Fault {
    /// The sentence: what happened, what is safe, what to do.
    pub fn explain(&self, server: &Named, model: Option<&str>, kept: Kept) -> ModelError {
        let Words {
            code,
            cause,
            remedy,
            commands,
        } = self.words(server, model);
        let mut message = cause;
        match kept {
            Kept::Nothing => {}
            Kept::Message => message.push_str(" Your message is saved."),
            Kept::Part => message.push_str(" What was written so far is kept."),
        }
        let _ = write!(message, " {remedy}");
        ModelError {
            code,
            message,
            commands,
        }
    }
}
