//! The sentences of `problem.rs`: for every fault its code, its cause, what to do, and shell lines.
//!
//! Must stay true: no blame, no exclamation marks; the remedy is something the reader can do.

use std::time::Duration;

use super::model::ProviderKind;
use super::problem::{Fault, Named};

/// What there is to say about a fault.
pub(super) struct Words {
    pub code: &'static str,
    /// What happened, a whole sentence.
    pub cause: String,
    /// What to do, one or two sentences.
    pub remedy: String,
    /// Shell lines that do it.
    pub commands: Vec<String>,
}

fn say(code: &'static str, cause: impl Into<String>, remedy: impl Into<String>) -> Words {
    Words {
        code,
        cause: cause.into(),
        remedy: remedy.into(),
        commands: vec![],
    }
}

impl Words {
    fn run(mut self, command: impl Into<String>) -> Self {
        self.commands.push(command.into());
        self
    }

    fn run_if(self, sensible: bool, command: &str) -> Self {
        if sensible { self.run(command) } else { self }
    }
}

impl Fault {
    pub(super) fn words(&self, server: &Named, model: Option<&str>) -> Words {
        match self {
            Self::Status { status, text } => status_words(*status, text, server, model),
            Self::ConnectTimeout(_)
            | Self::ControlTimeout
            | Self::FirstPieceTimeout(_)
            | Self::SilenceTimeout(_) => self.words_about_time(server),
            Self::Unreachable => unreachable_words(server),
            Self::HostUnknown => say(
                "model_host_unknown",
                format!("The network does not know the name in {}.", server.address),
                "Correct `model.url` in config.toml, then press Try again.",
            ),
            Self::Cut => say(
                "model_stream_cut",
                format!(
                    "The answer broke off: {} closed the connection before the end.",
                    server.kind.name()
                ),
                "Press Try again.",
            ),
            Self::Garbage => say(
                "model_stream_error",
                format!(
                    "What came from {} is no answer that can be read.",
                    server.address
                ),
                "Check that `model.url` and `model.provider` name a model server, then press Try again.",
            ),
            Self::ErrorLine(text) if tells_of_context(text) => context_words(),
            Self::ErrorLine(text) => say(
                "model_stream_error",
                format!(
                    "{} stopped in the middle of the answer{}.",
                    server.kind.name(),
                    quoted(text)
                ),
                "Press Try again.",
            ),
            #[cfg(feature = "demo-model")]
            Self::PromptTooLong => context_words(),
            Self::QueueFull => say(
                "queue_full",
                "Too many people are waiting for an answer right now.",
                "Press Try again in a minute.",
            ),
            other => other.words_about_models(server),
        }
    }

    fn words_about_time(&self, server: &Named) -> Words {
        let name = server.kind.name();
        let (cause, remedy) = match self {
            Self::ConnectTimeout(limit) => (
                format!(
                    "{name} did not accept a connection at {} within {}.",
                    server.address,
                    in_words(*limit)
                ),
                "Check that it runs and that no firewall is in between, then press Try again.",
            ),
            Self::FirstPieceTimeout(limit) => (
                format!(
                    "{name} did not begin its answer within {}.",
                    in_words(*limit)
                ),
                "A large model can need that long to load: press Try again, choose a smaller one, or raise `model.first_byte_timeout_seconds`.",
            ),
            Self::SilenceTimeout(limit) => (
                format!(
                    "{name} fell silent for {} in the middle of the answer.",
                    in_words(*limit)
                ),
                "Press Try again.",
            ),
            _ => (
                format!(
                    "{name} at {} did not say which models it has.",
                    server.address
                ),
                "It may be very busy. Wait a moment, then press Try again.",
            ),
        };
        say("model_timeout", cause, remedy)
    }

    fn words_about_models(&self, server: &Named) -> Words {
        match self {
            Self::NotInstalled(model) => not_found_words(model, server),
            Self::CannotChat(model) => say(
                "model_unsupported",
                format!("The model {} cannot chat.", clean(model)),
                "Choose another model.",
            ),
            Self::CannotEmbed(model) => say(
                "model_unsupported",
                format!("The model {} makes no embeddings.", clean(model)),
                "Name one that does in `embedding.model`, for example all-minilm.",
            ),
            Self::OtherModel(model) => say(
                "model_changed",
                format!(
                    "The embedding model {} is not the one it was.",
                    clean(model)
                ),
                "Memories are found by their words until they are embedded anew.",
            ),
            #[cfg(feature = "demo-model")]
            Self::Demo(reason) => say(
                "model_failed",
                format!("The demonstration model failed{}.", quoted(reason)),
                "Press Try again, or install Ollama for real answers.",
            ),
            Self::DemoMissing {
                built_in: true,
                folder,
            } => {
                let fetch = format!("packaging/demo-model/fetch.sh {folder}");
                say(
                    "model_missing",
                    format!("The demonstration model's weights are not in {folder}."),
                    format!("Fetch them with `{fetch}`, then press Try again."),
                )
                .run(fetch)
            }
            Self::DemoMissing { .. } => say(
                "model_missing",
                "This build of NovaCore has no demonstration model.",
                "Build it with `cargo build --features demo-model`, or set `model.provider` to auto.",
            ),
            // What is left is a server without a model that can chat.
            _ if server.kind == ProviderKind::Ollama => say(
                "model_missing",
                "Ollama has no model that can chat.",
                "Fetch one with `ollama pull llama3.2`, then press Try again.",
            )
            .run("ollama pull llama3.2"),
            _ => say(
                "model_missing",
                format!(
                    "{} at {} offers no model.",
                    server.kind.name(),
                    server.address
                ),
                "Name one in `model.name` in config.toml, then press Try again.",
            ),
        }
    }
}

fn unreachable_words(server: &Named) -> Words {
    let local = server.kind == ProviderKind::Ollama && server.loopback;
    let name = server.kind.name();
    say(
        "model_unreachable",
        format!("{name} did not answer at {}.", server.address),
        if local {
            "Start it with `ollama serve`, then press Try again."
        } else {
            "Check that it runs there and that `model.url` names it, then press Try again."
        },
    )
    .run_if(local, "ollama serve")
}

fn context_words() -> Words {
    say(
        "model_context_exceeded",
        "The conversation is longer than the model can read at once.",
        "Shorten the message, begin a new conversation, or raise `model.num_ctx`.",
    )
}

fn not_found_words(model: &str, server: &Named) -> Words {
    let ollama = server.kind == ProviderKind::Ollama;
    let shown = clean(model);
    let cause = if ollama {
        format!("The model {shown} is not installed in Ollama.")
    } else {
        format!("{} has no model {shown}.", server.kind.name())
    };
    if !ollama || !is_plain_name(model) {
        return say("model_not_found", cause, "Choose another model.");
    }
    let remedy = format!("Fetch it with `ollama pull {model}`, or choose another model.");
    say("model_not_found", cause, remedy).run(format!("ollama pull {model}"))
}

fn status_words(status: u16, text: &str, server: &Named, model: Option<&str>) -> Words {
    let name = server.kind.name();
    let ollama = server.kind == ProviderKind::Ollama;
    let said = quoted(text);
    match status {
        400 | 413 | 422 | 500 if tells_of_context(text) => context_words(),
        401 | 403 => refused_words(status, &said, server),
        404 if text.to_lowercase().contains("model") => {
            not_found_words(model.unwrap_or("asked for"), server)
        }
        429 | 503 => say(
            "model_busy",
            format!("{name} has more to do than it takes on ({status})."),
            "Wait a moment, then press Try again.",
        ),
        400 | 422 => {
            let model = model.map_or_else(|| "this model".into(), clean);
            say(
                "model_unsupported",
                format!("{name} cannot do this with {model}{said}."),
                "Choose another model.",
            )
        }
        300..=399 | 404 | 405 => say(
            "model_failed",
            format!(
                "What answers at {} is not {} ({status}).",
                server.address,
                server.kind.name_inside()
            ),
            "Correct `model.url` in config.toml, then press Try again.",
        ),
        _ => say(
            "model_failed",
            format!("{name} failed ({status}){said}."),
            "Look into its log, then press Try again or choose a smaller model.",
        )
        .run_if(ollama && server.loopback, "journalctl -u ollama -n 50"),
    }
}

fn refused_words(status: u16, said: &str, server: &Named) -> Words {
    let name = server.kind.name();
    let ollama = server.kind == ProviderKind::Ollama;
    if status == 401 {
        let cause = format!("{name} at {} did not accept our key (401).", server.address);
        let remedy = if ollama {
            "Set `model.api_key` in config.toml, or for a model in Ollama's cloud run `ollama signin`. Then press Try again."
        } else {
            "Set `model.api_key` in config.toml, then press Try again."
        };
        return say("model_unauthorized", cause, remedy).run_if(ollama, "ollama signin");
    }
    let cause = format!(
        "{name} at {} refused the request (403){said}.",
        server.address
    );
    let open = "OLLAMA_HOST=0.0.0.0 ollama serve";
    let remedy = if ollama {
        format!(
            "It answers only to host names it knows: start it with `{open}`, or let the proxy before it send `Host: localhost:11434`. Then press Try again."
        )
    } else {
        "Check what the key in `model.api_key` may do, then press Try again.".into()
    };
    say("model_forbidden", cause, remedy).run_if(ollama, open)
}

impl ProviderKind {
    /// The name at the start of a sentence.
    fn name(self) -> &'static str {
        match self {
            Self::Ollama => "Ollama",
            Self::Openai => "The model server",
            Self::Demo => "The demonstration model",
        }
    }

    fn name_inside(self) -> &'static str {
        match self {
            Self::Ollama => "Ollama",
            Self::Openai | Self::Demo => "an OpenAI-compatible model server",
        }
    }
}

/// Servers word it in many ways: "exceeds the available context size", "input length exceeds the
/// context length", "prompt is too long", `context_length_exceeded`.
fn tells_of_context(text: &str) -> bool {
    let text = text.to_lowercase();
    (text.contains("context") && (text.contains("exceed") || text.contains("too long")))
        || text.contains("prompt is too long")
        || text.contains("prompt too long")
        || text.contains("maximum context length")
}

/// The server's words, short and harmless, as the end of a sentence.
fn quoted(text: &str) -> String {
    let text = clean(text);
    if text.is_empty() {
        return text;
    }
    format!(": \"{}\"", text.trim_end_matches('.'))
}

fn clean(text: &str) -> String {
    const LONGEST: usize = 200;
    let mut shown: String = text
        .trim()
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(LONGEST)
        .collect();
    if text.trim().chars().count() > LONGEST {
        shown.push('…');
    }
    shown
}

/// Only what can stand in a shell line without quotes.
fn is_plain_name(model: &str) -> bool {
    !model.is_empty()
        && model.len() <= 128
        && model.starts_with(|c: char| c.is_ascii_alphanumeric())
        && model
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "._:/-".contains(c))
}

fn in_words(limit: Duration) -> String {
    match limit.as_secs() {
        0 => format!("{} ms", limit.as_millis()),
        1 => "1 second".into(),
        seconds if seconds >= 120 && seconds.is_multiple_of(60) => {
            format!("{} minutes", seconds / 60)
        }
        seconds => format!("{seconds} seconds"),
    }
}
