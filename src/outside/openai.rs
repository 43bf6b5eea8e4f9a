//! What an OpenAI-compatible server says: its models, the request for an answer, and the
//! server-sent events of an answer.
//!
//! Must stay true: an answer is whole when its `finish_reason` has come; usage may follow it, and
//! `[DONE]` may be missing.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::model::{ChatMessage, ChatRequest, Finish, Piece, Stats};
use super::problem::Fault;
use super::wire::complaint;

/// `GET /models`.
#[derive(Deserialize)]
pub(super) struct Models {
    #[serde(default)]
    pub data: Vec<Model>,
}

#[derive(Deserialize)]
pub(super) struct Model {
    pub id: String,
    /// Some servers tell, under one of two names.
    #[serde(alias = "max_model_len")]
    pub context_length: Option<u32>,
}

#[derive(Serialize)]
pub(super) struct Body<'a> {
    model: &'a str,
    messages: &'a [ChatMessage],
    stream: bool,
    stream_options: StreamOptions,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f32>,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

/// `POST /chat/completions`. `original` = api.openai.com itself, whose newer models refuse the old name of
/// the limit that everybody else still knows.
pub(super) fn body(request: &ChatRequest, original: bool) -> Body<'_> {
    Body {
        model: &request.model.name,
        messages: &request.messages,
        stream: true,
        stream_options: StreamOptions {
            include_usage: true,
        },
        max_tokens: request.max_tokens.filter(|_| !original),
        max_completion_tokens: request.max_tokens.filter(|_| original),
        temperature: request.temperature,
    }
}

#[derive(Deserialize)]
struct Chunk {
    #[serde(default)]
    choices: Vec<Choice>,
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Choice {
    delta: Option<Delta>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Delta {
    content: Option<String>,
    #[serde(alias = "reasoning_content")]
    reasoning: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
struct Usage {
    prompt_tokens: Option<u32>,
    completion_tokens: Option<u32>,
}

/// Reads the lines of one answer.
#[derive(Default)]
pub(super) struct Reader {
    finish: Option<Finish>,
    usage: Option<Usage>,
}

impl Reader {
    pub fn read(&mut self, line: &[u8], pieces: &mut VecDeque<Piece>) -> Result<(), Fault> {
        let line = String::from_utf8_lossy(line);
        let line = line.trim();
        // Blank lines part events; the other fields carry nothing for us.
        let other = [":", "event:", "id:", "retry:"];
        if line.is_empty() || other.iter().any(|field| line.starts_with(field)) {
            return Ok(());
        }
        let Some(data) = line.strip_prefix("data:").map(str::trim_start) else {
            // Some servers put an error into the body without the form of an event.
            return Err(error_in(line).unwrap_or(Fault::Garbage));
        };
        if data == "[DONE]" {
            pieces.push_back(self.end()?);
            return Ok(());
        }
        if let Some(error) = error_in(data) {
            return Err(error);
        }
        let chunk: Chunk = serde_json::from_str(data).map_err(|_| Fault::Garbage)?;
        self.usage = chunk.usage.or(self.usage);
        for choice in chunk.choices {
            if let Some(delta) = choice.delta {
                let thinking = delta.reasoning.filter(|text| !text.is_empty());
                pieces.extend(thinking.map(Piece::Thinking));
                let text = delta.content.filter(|text| !text.is_empty());
                pieces.extend(text.map(Piece::Text));
            }
            self.finish = match choice.finish_reason.as_deref() {
                None => self.finish,
                Some("length") => Some(Finish::Length),
                Some(_) => Some(Finish::Stop),
            };
        }
        Ok(())
    }

    /// The last piece; an error when the stream ended before the answer did.
    pub fn end(&self) -> Result<Piece, Fault> {
        let finish = self.finish.ok_or(Fault::Cut)?;
        Ok(Piece::Done(Stats {
            finish,
            prompt_tokens: self.usage.and_then(|usage| usage.prompt_tokens),
            output_tokens: self.usage.and_then(|usage| usage.completion_tokens),
            load_ms: None,
        }))
    }
}

fn error_in(json: &str) -> Option<Fault> {
    let value: serde_json::Value = serde_json::from_str(json).ok()?;
    let failed = value.get("error").is_some_and(|error| !error.is_null());
    failed.then(|| Fault::ErrorLine(complaint(json.as_bytes())))
}
