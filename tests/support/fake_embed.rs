//! What the fake server does at `/api/embed`, and what a test can make of it.

use std::sync::{Arc, Mutex};

use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::fake_model::{FakeModel, direction};
use super::fake_ollama::refuse;
use super::performance::Guard;
use super::script::Gate;

/// Numbers in a vector of all-minilm.
const NUMBERS: usize = 384;

/// How embedding goes, and what was asked.
pub struct Embedding {
    /// Bodies of all requests.
    requests: Mutex<Vec<Value>>,
    gate: Mutex<Option<Gate>>,
    failure: Mutex<Option<(u16, String)>>,
    refused: Mutex<Option<String>>,
    numbers: Mutex<usize>,
    received: watch::Sender<usize>,
    pub(super) aborted: watch::Sender<usize>,
}

impl Default for Embedding {
    fn default() -> Self {
        Self {
            requests: Mutex::default(),
            gate: Mutex::default(),
            failure: Mutex::default(),
            refused: Mutex::default(),
            numbers: Mutex::new(NUMBERS),
            received: watch::Sender::new(0),
            aborted: watch::Sender::new(0),
        }
    }
}

impl Embedding {
    /// Bodies of all requests so far.
    pub fn requests(&self) -> Vec<Value> {
        self.requests.lock().unwrap().clone()
    }

    /// Requests so far.
    pub fn calls(&self) -> usize {
        *self.received.borrow()
    }

    /// All texts so far, in the order in which they were asked for.
    pub fn texts(&self) -> Vec<String> {
        let requests = self.requests();
        let texts = requests.iter().flat_map(inputs);
        texts.map(str::to_owned).collect()
    }

    /// Every request from now on waits at the gate.
    pub fn hold(&self, gate: &Gate) {
        *self.gate.lock().unwrap() = Some(gate.clone());
    }

    /// Every request from now on fails, until `recover`.
    pub fn fail(&self, status: u16, text: &str) {
        *self.failure.lock().unwrap() = Some((status, text.to_owned()));
    }

    /// Every request with a text in which this word stands fails from now on, and says what the text was.
    pub fn refuse(&self, word: &str) {
        *self.refused.lock().unwrap() = Some(word.to_owned());
    }

    pub fn recover(&self) {
        *self.failure.lock().unwrap() = None;
    }

    /// How many numbers a vector has from now on, as after another model took the name.
    pub fn numbers(&self, numbers: usize) {
        *self.numbers.lock().unwrap() = numbers;
    }

    /// Waits until so many requests have come in.
    pub async fn received(&self, at_least: usize) {
        wait(&self.received, at_least, "a request for vectors").await;
    }

    /// Waits until so many clients have gone away before their vectors came.
    pub async fn aborted(&self, at_least: usize) {
        wait(&self.aborted, at_least, "an aborted request for vectors").await;
    }

    /// Unit vectors that are near each other when texts share words.
    pub(super) async fn answer(
        self: Arc<Self>,
        model: Result<FakeModel, String>,
        body: Value,
    ) -> Response {
        self.requests.lock().unwrap().push(body.clone());
        self.received.send_modify(|n| *n += 1);
        let guard = Guard::new(&self.aborted);
        let gate = self.gate.lock().unwrap().clone();
        if let Some(gate) = gate {
            gate.pass().await;
        }
        guard.finish();
        if let Some((status, text)) = self.failure.lock().unwrap().clone() {
            return refuse(status, &text);
        }
        let model = match model {
            Ok(model) => model,
            Err(missing) => return refuse(404, &missing),
        };
        if !model.capabilities.contains(&"embedding") {
            return refuse(501, "this model does not support embeddings");
        }
        let numbers = *self.numbers.lock().unwrap();
        let texts = inputs(&body);
        let words = |text: &&str| u32::try_from(text.split_whitespace().count()).unwrap();
        if body["truncate"] == false && texts.iter().any(|t| words(t) > model.context_length) {
            return refuse(400, "the input length exceeds the context length");
        }
        let odd = self.refused.lock().unwrap().clone();
        let odd = odd.and_then(|word| texts.iter().find(|text| text.contains(&word)));
        if let Some(text) = odd {
            return refuse(500, &format!("unsupported value: NaN of {text}"));
        }
        let vectors: Vec<_> = texts.iter().map(|text| direction(text, numbers)).collect();
        let counted: u32 = texts.iter().map(words).sum();
        axum::Json(json!({
            "model": model.name, "embeddings": vectors,
            "total_duration": 14_143_917, "load_duration": 1_019_500, "prompt_eval_count": counted,
        }))
        .into_response()
    }
}

/// One text or many; the empty one, or none, only loads the model.
fn inputs(body: &Value) -> Vec<&str> {
    match &body["input"] {
        Value::String(text) if text.is_empty() => vec![],
        Value::String(text) => vec![text],
        Value::Array(texts) => texts.iter().map(|t| t.as_str().unwrap_or("")).collect(),
        _ => vec![],
    }
}

async fn wait(count: &watch::Sender<usize>, at_least: usize, what: &'static str) {
    let mut count = count.subscribe();
    let enough = count.wait_for(|&n| n >= at_least);
    super::clock::soon(what, enough).await.unwrap();
}
