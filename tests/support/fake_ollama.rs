//! A model server on a free loopback port that says what the test scripts, in Ollama's form at
//! `/api` and in the OpenAI-compatible one at `/v1`. Without a script it answers "You said: ...".
//!
//! Faithful in fields, statuses and error texts to what Ollama does; it judges requests as Ollama
//! would: an unknown model, a model that cannot chat or think, a prompt over a window that
//! may not be truncated.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::net::TcpSocket;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::clock::soon;
use super::fake_embed::Embedding;
pub use super::fake_model::FakeModel;
use super::performance::{Form, Guard, Performance};
use super::script::{Gate, Script};

struct Shared {
    scripts: Mutex<VecDeque<Script>>,
    models: Mutex<Vec<FakeModel>>,
    embedding: Arc<Embedding>,
    /// Address and model of a real server, which answers what asks for a form.
    passed_on: Mutex<Option<(String, String)>>,
    /// Holds back what `/api/tags` answers.
    list_gate: Mutex<Option<Gate>>,
    requests: Mutex<Vec<Value>>,
    headers: Mutex<Vec<HeaderMap>>,
    other_headers: Mutex<Vec<HeaderMap>>,
    /// Chats received; other calls; chats whose client went away.
    received: watch::Sender<usize>,
    other_calls: watch::Sender<usize>,
    aborted: watch::Sender<usize>,
    gone: watch::Sender<bool>,
}

/// A running server; it stops when dropped.
pub struct FakeOllama {
    address: SocketAddr,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

/// A reserved address where nobody listens: connections are refused.
pub struct Down {
    socket: TcpSocket,
    address: SocketAddr,
}

impl Down {
    fn at(address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        // Two sockets may hold the address, so that it stays ours between two servers.
        socket.set_reuseport(true).unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind(address).unwrap();
        let address = socket.local_addr().unwrap();
        Self { socket, address }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ollama starts there.
    pub fn start(self) -> FakeOllama {
        let shared = Arc::new(Shared {
            scripts: Mutex::default(),
            models: Mutex::new(vec![
                FakeModel::new("llama3.2:latest"),
                FakeModel::embedding("all-minilm:latest"),
            ]),
            embedding: Arc::default(),
            passed_on: Mutex::default(),
            list_gate: Mutex::default(),
            requests: Mutex::default(),
            headers: Mutex::default(),
            other_headers: Mutex::default(),
            received: watch::Sender::new(0),
            other_calls: watch::Sender::new(0),
            aborted: watch::Sender::new(0),
            gone: watch::Sender::new(false),
        });
        let listener = self.socket.listen(64).unwrap();
        let mut gone = shared.gone.subscribe();
        let router = router(shared.clone());
        #[expect(clippy::disallowed_methods, reason = "owned by the fake, ends with it")]
        let serving = tokio::spawn(async move {
            let stopped = async move {
                let _ = gone.wait_for(|&gone| gone).await;
            };
            let _ = axum::serve(listener, router)
                .with_graceful_shutdown(stopped)
                .await;
        });
        FakeOllama {
            address: self.address,
            shared,
            serving,
        }
    }
}

impl FakeOllama {
    pub fn start() -> Self {
        Self::down().start()
    }

    /// Ollama is not running, at an address that nobody else will take.
    pub fn down() -> Down {
        Down::at(SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    /// The same address, for another start after `stop`.
    pub fn again(&self) -> Down {
        Down::at(self.address)
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What the next chat request without a script of its own gets. Scripts are used in order.
    pub fn answer(&self, script: Script) {
        self.shared.scripts.lock().unwrap().push_back(script);
    }

    /// Has a real model at this address answer whatever asks for a form (`format`).
    pub fn pass_on(&self, url: &str, model: &str) {
        *self.shared.passed_on.lock().unwrap() = Some((url.into(), model.into()));
    }

    /// Drops the scripts that were not used.
    pub fn forget_scripts(&self) {
        self.shared.scripts.lock().unwrap().clear();
    }

    pub fn install(&self, models: Vec<FakeModel>) {
        *self.shared.models.lock().unwrap() = models;
    }

    /// What goes on at `/api/embed`.
    pub fn embedding(&self) -> &Embedding {
        &self.shared.embedding
    }

    /// Holds back the list of models until the gate is opened.
    pub fn hold_list(&self, gate: &Gate) {
        *self.shared.list_gate.lock().unwrap() = Some(gate.clone());
    }

    /// Bodies of all chat requests so far.
    pub fn requests(&self) -> Vec<Value> {
        self.shared.requests.lock().unwrap().clone()
    }

    /// Headers of all chat requests so far.
    pub fn headers(&self) -> Vec<HeaderMap> {
        self.shared.headers.lock().unwrap().clone()
    }

    /// Headers of all requests that were no chats so far.
    pub fn other_headers(&self) -> Vec<HeaderMap> {
        self.shared.other_headers.lock().unwrap().clone()
    }

    /// How often anything but a chat or vectors was asked.
    pub fn other_calls(&self) -> usize {
        *self.shared.other_calls.borrow()
    }

    /// Waits until anything but a chat was asked so often.
    pub async fn asked(&self, at_least: usize) {
        let mut calls = self.shared.other_calls.subscribe();
        let enough = calls.wait_for(|&n| n >= at_least);
        soon("a question about models", enough).await.unwrap();
    }

    /// Waits until so many chat requests have come in.
    pub async fn received(&self, at_least: usize) {
        let mut received = self.shared.received.subscribe();
        let enough = received.wait_for(|&n| n >= at_least);
        soon("a request to the model", enough).await.unwrap();
    }

    /// Waits until so many clients have gone away before the end of their answer.
    pub async fn aborted(&self, at_least: usize) {
        let mut aborted = self.shared.aborted.subscribe();
        let enough = aborted.wait_for(|&n| n >= at_least);
        soon("an aborted answer", enough).await.unwrap();
    }

    /// Ollama stops; returns when its port is closed.
    pub async fn stop(mut self) {
        self.shared.gone.send_replace(true);
        let _ = (&mut self.serving).await;
    }
}

impl Drop for FakeOllama {
    fn drop(&mut self) {
        self.shared.gone.send_replace(true);
        self.serving.abort();
    }
}

fn router(shared: Arc<Shared>) -> Router {
    let counted = axum::middleware::from_fn_with_state(shared.clone(), count_other_calls);
    let others = Router::new()
        .route("/", get(async || "Ollama is running"))
        .route(
            "/api/version",
            get(async || axum::Json(json!({"version": "0.32.9"}))),
        )
        .route("/api/tags", get(tags))
        .route("/api/show", post(show))
        .route("/api/ps", get(async || axum::Json(json!({"models": []}))))
        .route("/v1/models", get(openai_models))
        .layer(counted);
    others
        .route("/api/chat", post(chat))
        .route("/api/embed", post(embed))
        .route("/v1/chat/completions", post(openai_chat))
        .with_state(shared)
}

async fn count_other_calls(
    State(shared): State<Arc<Shared>>,
    request: axum::extract::Request,
    next: axum::middleware::Next,
) -> Response {
    let headers = request.headers().clone();
    shared.other_headers.lock().unwrap().push(headers);
    shared.other_calls.send_modify(|n| *n += 1);
    next.run(request).await
}

pub(super) fn refuse(status: u16, text: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap();
    if text.is_empty() {
        return status.into_response();
    }
    (status, axum::Json(json!({"error": text}))).into_response()
}

async fn tags(State(shared): State<Arc<Shared>>) -> axum::Json<Value> {
    let gate = shared.list_gate.lock().unwrap().clone();
    if let Some(gate) = gate {
        gate.pass().await;
    }
    let models = shared.models.lock().unwrap();
    let tags: Vec<Value> = models.iter().map(FakeModel::tag).collect();
    axum::Json(json!({"models": tags}))
}

async fn openai_models(State(shared): State<Arc<Shared>>) -> axum::Json<Value> {
    let models = shared.models.lock().unwrap();
    let data: Vec<Value> = models
        .iter()
        .map(|model| json!({"id": model.name, "object": "model"}))
        .collect();
    axum::Json(json!({"object": "list", "data": data}))
}

async fn show(State(shared): State<Arc<Shared>>, body: axum::Json<Value>) -> Response {
    match shared.model(&body["model"]) {
        Ok(model) => axum::Json(json!({
            "capabilities": model.capabilities,
            "model_info": {"general.architecture": "llama", "llama.context_length": model.context_length},
        }))
        .into_response(),
        Err(missing) => refuse(404, &missing),
    }
}

async fn embed(State(shared): State<Arc<Shared>>, body: axum::Json<Value>) -> Response {
    let model = shared.model(&body["model"]);
    shared.embedding.clone().answer(model, body.0).await
}

impl Shared {
    /// The installed model, or what Ollama says when it has none of that name.
    fn model(&self, name: &Value) -> Result<FakeModel, String> {
        let name = name.as_str().unwrap_or("");
        let models = self.models.lock().unwrap();
        let found = models
            .iter()
            .find(|m| m.name == name || m.name == format!("{name}:latest"));
        found
            .cloned()
            .ok_or_else(|| format!("model '{name}' not found"))
    }

    fn record(&self, headers: HeaderMap, body: &Bytes) -> Value {
        let body: Value = serde_json::from_slice(body).unwrap();
        self.requests.lock().unwrap().push(body.clone());
        self.headers.lock().unwrap().push(headers);
        self.received.send_modify(|n| *n += 1);
        body
    }

    fn next_script(&self, body: &Value) -> Script {
        let scripted = self.scripts.lock().unwrap().pop_front();
        scripted.unwrap_or_else(|| {
            let messages = body["messages"].as_array().map_or(&[][..], Vec::as_slice);
            let said = messages.iter().rev().find(|m| m["role"] == "user");
            let said = said
                .and_then(|m| m["content"].as_str())
                .unwrap_or("nothing");
            let tokens = u32::try_from(said.split(' ').count()).unwrap();
            let words = said.split_inclusive(' ').map(str::to_owned);
            Script::says(std::iter::once("You said: ".to_owned()).chain(words))
                .counts(tokens, tokens)
        })
    }
}

async fn chat(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    if body.is_empty() {
        return refuse(400, "missing request body");
    }
    let body = shared.record(headers, &body);
    let model = match shared.model(&body["model"]) {
        Ok(model) => model,
        Err(missing) => return refuse(404, &missing),
    };
    if let Some(refusal) = model.refusal(&body) {
        return refuse(400, &refusal);
    }
    let real = shared.passed_on.lock().unwrap().clone();
    if let Some((url, name)) = real.filter(|_| body["format"].is_object()) {
        return pass_on(&url, &name, body).await;
    }
    let script = shared.next_script(&body);
    perform(shared, script, Form::Ollama, body["stream"] == false).await
}

async fn pass_on(url: &str, model: &str, mut body: Value) -> Response {
    body["model"] = json!(model);
    let request = super::http::client().post(format!("{url}/api/chat"));
    let answer = request.json(&body).send().await.unwrap();
    let status = StatusCode::from_u16(answer.status().as_u16()).unwrap();
    (status, answer.bytes().await.unwrap()).into_response()
}

async fn openai_chat(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let body = shared.record(headers, &body);
    if let Err(missing) = shared.model(&body["model"]) {
        return refuse(404, &missing);
    }
    let script = shared.next_script(&body);
    perform(shared, script, Form::Openai, false).await
}

async fn perform(shared: Arc<Shared>, script: Script, form: Form, whole: bool) -> Response {
    let guard = Guard::new(&shared.aborted);
    if let Some((status, text)) = &script.status {
        guard.finish();
        return refuse(*status, text);
    }
    if whole {
        guard.finish();
        return axum::Json(script.whole()).into_response();
    }
    let gone = shared.gone.subscribe();
    let body = Performance::begin(script, form, guard, gone).await.body();
    ([("content-type", form.content_type())], body).into_response()
}
