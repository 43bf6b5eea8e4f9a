//! A script as a response body, step by step.

use std::collections::VecDeque;
use std::io;

use axum::body::{Body, Bytes};
use futures_util::stream;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::script::{End, Script, Step};

#[derive(Clone, Copy)]
pub(super) enum Form {
    Ollama,
    Openai,
}

impl Form {
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Ollama => "application/x-ndjson",
            Self::Openai => "text/event-stream",
        }
    }

    fn piece(self, field: &str, text: &str) -> Bytes {
        match self {
            Self::Ollama => line(&json!({
                "model": "fake", "created_at": "2026-01-02T03:04:05Z",
                "message": {"role": "assistant", "content": "", field: text}, "done": false,
            })),
            Self::Openai => {
                let field = if field == "thinking" {
                    "reasoning"
                } else {
                    field
                };
                event(
                    &json!({"choices": [{"index": 0, "delta": {field: text}, "finish_reason": null}]}),
                )
            }
        }
    }

    fn done(self, script: &Script) -> Bytes {
        match self {
            Self::Ollama => line(&script.whole_without_text()),
            Self::Openai => {
                let last = json!({"choices": [{"delta": {}, "finish_reason": script.done_reason}]});
                let (prompt, output) = script.counts.unwrap_or_default();
                let usage = json!({"choices": [], "usage": {"prompt_tokens": prompt, "completion_tokens": output}});
                [event(&last), event(&usage), "data: [DONE]\n\n".into()]
                    .concat()
                    .into()
            }
        }
    }

    fn error(self, text: &str) -> Bytes {
        match self {
            Self::Ollama => line(&json!({"error": text})),
            Self::Openai => event(&json!({"error": {"message": text}})),
        }
    }
}

fn line(value: &Value) -> Bytes {
    format!("{value}\n").into()
}

fn event(value: &Value) -> Bytes {
    format!("data: {value}\n\n").into()
}

impl Script {
    /// The answer to `stream: false`.
    pub fn whole(&self) -> Value {
        let mut whole = self.whole_without_text();
        let texts = self.steps.iter().map(|step| match step {
            Step::Text(text) => text.as_str(),
            _ => "",
        });
        whole["message"]["content"] = json!(texts.collect::<String>());
        whole
    }

    fn whole_without_text(&self) -> Value {
        let mut done = json!({
            "model": "fake", "created_at": "2026-01-02T03:04:05Z",
            "message": {"role": "assistant", "content": ""}, "done": true,
            "total_duration": 5_000_000, "load_duration": self.load_ms * 1_000_000,
        });
        if let Some(reason) = self.done_reason {
            done["done_reason"] = json!(reason);
        }
        if let Some((prompt, output)) = self.counts {
            done["prompt_eval_count"] = json!(prompt);
            done["eval_count"] = json!(output);
        }
        done
    }
}

/// Notices when the client goes away before the end.
pub(super) struct Guard {
    aborted: watch::Sender<usize>,
    finished: bool,
}

impl Guard {
    pub fn new(aborted: &watch::Sender<usize>) -> Self {
        Self {
            aborted: aborted.clone(),
            finished: false,
        }
    }

    pub fn finish(mut self) {
        self.finished = true;
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if !self.finished {
            self.aborted.send_modify(|n| *n += 1);
        }
    }
}

pub(super) struct Performance {
    script: Script,
    steps: VecDeque<Step>,
    form: Form,
    /// `None` when nothing more follows.
    guard: Option<Guard>,
    /// The server is being stopped.
    gone: watch::Receiver<bool>,
}

impl Performance {
    /// Ollama sends its headers with the first piece, so whatever holds that back is waited for
    /// here, before there is a response.
    pub async fn begin(
        script: Script,
        form: Form,
        guard: Guard,
        mut gone: watch::Receiver<bool>,
    ) -> Self {
        let mut steps: VecDeque<Step> = script.steps.iter().cloned().collect();
        while let Some(Step::Wait(_) | Step::Forever) = steps.front() {
            let step = steps.pop_front();
            tokio::select! {
                () = wait(step) => {}
                _ = gone.wait_for(|&gone| gone) => break,
            }
        }
        Self {
            script,
            steps,
            form,
            guard: Some(guard),
            gone,
        }
    }

    pub fn body(self) -> Body {
        Body::from_stream(stream::unfold(self, async |mut performance| {
            let bytes = performance.next().await?;
            Some((bytes, performance))
        }))
    }

    async fn next(&mut self) -> Option<io::Result<Bytes>> {
        let mut gone = self.gone.clone();
        let bytes = tokio::select! {
            bytes = self.next_bytes() => bytes,
            _ = gone.wait_for(|&gone| gone) => Some(Err(io::Error::other("stopped"))),
        };
        // What the server ends itself is not the client's going away.
        if !matches!(bytes, Some(Ok(_))) {
            self.finish();
        }
        bytes
    }

    async fn next_bytes(&mut self) -> Option<io::Result<Bytes>> {
        self.guard.as_ref()?;
        while let Some(step) = self.steps.pop_front() {
            match step {
                Step::Text(text) => return Some(Ok(self.form.piece("content", &text))),
                Step::Thinking(text) => return Some(Ok(self.form.piece("thinking", &text))),
                Step::Raw(bytes) => return Some(Ok(bytes.into())),
                step @ (Step::Wait(_) | Step::Forever) => wait(Some(step)).await,
            }
        }
        self.finish();
        match &self.script.end {
            End::Done => Some(Ok(self.form.done(&self.script))),
            End::Error(text) => Some(Ok(self.form.error(text))),
            End::Cut => None,
            End::Broken => {
                // What was written before goes out first.
                tokio::task::yield_now().await;
                Some(Err(io::Error::other("the connection breaks")))
            }
        }
    }

    fn finish(&mut self) {
        if let Some(guard) = self.guard.take() {
            guard.finish();
        }
    }
}

async fn wait(step: Option<Step>) {
    match step {
        Some(Step::Wait(gate)) => gate.pass().await,
        _ => std::future::pending().await,
    }
}
