//! What Ollama's own API says: its models, the request for an answer, the lines of an answer.
//!
//! Must stay true: `num_ctx` is always sent and always the same for a model, since a change makes
//! Ollama load the model anew; `truncate` and `shift` are off, since Ollama otherwise drops the
//! oldest messages without a word; every line is looked at for an `error`.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::model::{ChatMessage, ChatRequest, Finish, Piece, Purpose, Stats};
use super::problem::Fault;

/// `GET /api/tags`.
#[derive(Deserialize)]
pub(super) struct Tags {
    #[serde(default)]
    pub models: Vec<Tag>,
}

/// An installed model. Servers before 2026 say neither capabilities nor context length here.
#[derive(Deserialize)]
pub(super) struct Tag {
    pub name: String,
    #[serde(default)]
    pub digest: String,
    pub capabilities: Option<Vec<String>>,
    pub details: Option<TagDetails>,
}

#[derive(Deserialize)]
pub(super) struct TagDetails {
    pub context_length: Option<u32>,
}

/// `POST /api/show`.
#[derive(Deserialize)]
pub(super) struct Show {
    /// Missing on servers before 2025: then every model is taken for one that can chat.
    pub capabilities: Option<Vec<String>>,
    #[serde(default)]
    pub model_info: serde_json::Map<String, Value>,
}

impl Show {
    /// The key carries the architecture's name: `llama.context_length`.
    pub fn context_length(&self) -> Option<u32> {
        let architecture = self.model_info.get("general.architecture")?.as_str()?;
        let length = self
            .model_info
            .get(&format!("{architecture}.context_length"))?;
        u32::try_from(length.as_u64()?).ok()
    }
}

/// `llama3.2` and `llama3.2:latest` are the same model; the list has the long form.
pub(super) fn full_name(name: &str) -> String {
    let last = name.rsplit('/').next().unwrap_or(name);
    if last.contains(':') {
        name.to_owned()
    } else {
        format!("{name}:latest")
    }
}

#[derive(Serialize)]
pub(super) struct Body<'a> {
    model: &'a str,
    messages: &'a [ChatMessage],
    stream: bool,
    truncate: bool,
    shift: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    keep_alive: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    think: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<&'a Value>,
    options: Options,
}

#[derive(Serialize)]
struct Options {
    num_ctx: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    num_predict: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f32>,
}

/// `POST /api/chat`. Also background work streams: only a stream can be cancelled.
pub(super) fn body<'a>(request: &'a ChatRequest, keep_alive: &str) -> Body<'a> {
    Body {
        model: &request.model.name,
        messages: &request.messages,
        stream: true,
        truncate: false,
        shift: false,
        keep_alive: keep_alive_value(keep_alive),
        // Unset, a model that can think does; set, one that cannot answers with an error.
        think: (request.model.thinking && request.purpose == Purpose::Background).then_some(false),
        format: request.schema.as_ref(),
        options: Options {
            num_ctx: request.model.num_ctx,
            num_predict: request.max_tokens,
            temperature: request.temperature,
        },
    }
}

/// Ollama reads "30m" as text, but a bare number of seconds, such as -1, only as a number.
pub(super) fn keep_alive_value(configured: &str) -> Option<Value> {
    let configured = configured.trim();
    match configured.parse::<i64>() {
        _ if configured.is_empty() => None,
        Ok(seconds) => Some(json!(seconds)),
        Err(_) => Some(json!(configured)),
    }
}

#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    message: LineMessage,
    #[serde(default)]
    done: bool,
    done_reason: Option<String>,
    error: Option<String>,
    prompt_eval_count: Option<u32>,
    eval_count: Option<u32>,
    /// Nanoseconds.
    load_duration: Option<u64>,
}

#[derive(Default, Deserialize)]
struct LineMessage {
    #[serde(default)]
    content: String,
    #[serde(default)]
    thinking: String,
}

/// Reads one line of an answer into pieces.
pub(super) fn read(line: &[u8], pieces: &mut VecDeque<Piece>) -> Result<(), Fault> {
    if line.trim_ascii().is_empty() {
        return Ok(());
    }
    // A server that cuts a letter in half must not cost the answer.
    let line = String::from_utf8_lossy(line);
    let line: Line = serde_json::from_str(&line).map_err(|_| Fault::Garbage)?;
    if let Some(error) = line.error {
        return Err(Fault::ErrorLine(error));
    }
    if !line.message.thinking.is_empty() {
        pieces.push_back(Piece::Thinking(line.message.thinking));
    }
    if !line.message.content.is_empty() {
        pieces.push_back(Piece::Text(line.message.content));
    }
    if !line.done {
        return Ok(());
    }
    let finish = match line.done_reason.as_deref() {
        Some("length") => Finish::Length,
        // The runner's connection closed under it: counts are missing then, and only then.
        None | Some("") if line.eval_count.is_none() => return Err(Fault::Cut),
        _ => Finish::Stop,
    };
    pieces.push_back(Piece::Done(Stats {
        finish,
        prompt_tokens: line.prompt_eval_count,
        output_tokens: line.eval_count,
        load_ms: line.load_duration.map(|nanos| nanos / 1_000_000),
    }));
    Ok(())
}
