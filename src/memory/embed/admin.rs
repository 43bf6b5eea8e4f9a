//! What administrators see of embedding, and their decision for another model.
//!
//! Must stay true: numbers and names of models only; a model is decided only when it is there.

use std::time::Duration;

use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::{Read, WriteTx};
use utoipa::ToSchema;

use super::decide::{self, difference, provider};
use super::store;
use super::{figures, on};
use crate::app::App;
use crate::auth::Admin;
use crate::config::EmbeddingProvider;
use crate::error::{Error, Result};
use crate::http::Json;
use crate::http::failure::Failure;
use crate::memory::admin::{self, AdminMemory};
use crate::outside::{EmbedModel, Embeddings};

/// How long an administrator waits for a model that is new here to say how large its vectors are.
const PATIENCE: Duration = Duration::from_secs(20);

/// The embedding model that all vectors are made with.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DecidedModel {
    pub provider: String,
    pub model: String,
    pub digest: String,
    pub dimension: usize,
    pub decided_at: Timestamp,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CandidateModel {
    pub provider: String,
    pub model: String,
    pub available: bool,
    pub reason: Option<String>,
}

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Reembedding {
    pub done: u64,
    pub total: u64,
}

/// How memories are found by meaning.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Embedding {
    /// As configured.
    pub provider: String,
    /// Null before the first memory was embedded, and while there is to be none.
    pub decided: Option<DecidedModel>,
    pub candidates: Vec<CandidateModel>,
    /// Memories that have a vector of the decided model.
    pub vectors: u64,
    pub waiting: u64,
    /// Memories whose text the model does not take: they are found by their words.
    pub refused: u64,
    /// Null when nothing waits.
    pub reembedding: Option<Reembedding>,
    /// How the settings differ from what was decided, which goes on being used.
    pub difference: Option<String>,
    /// Why nothing can be embedded just now, with the error's code; it is tried again.
    pub trouble: Option<String>,
    /// Tries that failed, one after the other.
    pub failures: u32,
}

/// The models that could be decided for.
pub async fn candidates(app: &App) -> Vec<CandidateModel> {
    let builtin = Embeddings::builtin();
    let name = app.config.embedding.model.trim();
    let installed = app.embeddings.installed(name).await;
    vec![
        CandidateModel {
            provider: "builtin".into(),
            model: builtin.name,
            available: true,
            reason: None,
        },
        CandidateModel {
            provider: "ollama".into(),
            model: name.to_owned(),
            available: installed.is_ok(),
            reason: installed.err().map(|error| error.message),
        },
    ]
}

pub fn state(tx: &impl Read, app: &App, candidates: Vec<CandidateModel>) -> Result<Embedding> {
    let configured = match app.config.embedding.provider {
        EmbeddingProvider::Auto => "auto",
        EmbeddingProvider::Ollama => "ollama",
        EmbeddingProvider::Builtin => "builtin",
        EmbeddingProvider::Off => "off",
    };
    let decision = store::decision(tx)?;
    let decided = decision.as_ref().and_then(|decision| {
        let model = decision.in_force()?;
        Some((model, decision.decided_at))
    });
    let totals = figures::totals(tx)?;
    let how = app.care.embedding.borrow().clone();
    let running = totals.waiting > 0 && decided.is_some() && on(app);
    Ok(Embedding {
        provider: configured.into(),
        difference: decided.and_then(|(model, _)| difference(app, model)),
        decided: decided.map(|(model, decided_at)| DecidedModel {
            provider: provider(model.provider).into(),
            model: model.name.clone(),
            digest: model.digest.clone(),
            dimension: model.dim,
            decided_at,
        }),
        candidates,
        vectors: totals.vectors,
        waiting: totals.waiting,
        refused: totals.refused,
        reembedding: running.then_some(Reembedding {
            done: totals.vectors + totals.refused,
            total: totals.vectors + totals.refused + totals.waiting,
        }),
        trouble: how.trouble,
        failures: how.failures,
    })
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct EmbeddingRequest {
    /// `builtin`, `ollama` or `off`.
    pub provider: String,
    /// Of those in Ollama; the one in the settings unless told.
    pub model: Option<String>,
}

/// Decides which model memories are embedded with from now on. All are embedded again, in the background;
/// until then they are found by their words.
#[utoipa::path(post, path = "/api/admin/memory/embedding", tag = "admin", request_body = EmbeddingRequest,
    responses((status = 200, body = AdminMemory), (status = 401, body = Failure), (status = 403, body = Failure),
    (status = 409, body = Failure, description = "embedding_off, embedding_unavailable"),
    (status = 422, body = Failure, description = "provider_invalid")))]
pub async fn decide(
    State(app): State<App>,
    Admin(admin): Admin,
    Json(request): Json<EmbeddingRequest>,
) -> Result<Json<AdminMemory>> {
    if !on(&app) && request.provider != "off" {
        let message = "Embedding is switched off in the settings: set embedding.provider to auto first, and start NovaCore again.";
        return Err(Error::conflict("embedding_off", message));
    }
    let model = wanted(&app, &request).await?;
    let now = app.clock.now();
    let record = move |tx: &mut WriteTx<'_>| {
        admin.still(tx)?;
        decide::record(tx, model, now)
    };
    app.store.write(record).await?;
    app.care.embed_now.notify_one();
    tracing::info!(provider = %request.provider, "an administrator decided what embeds memories");
    admin::told(&app).await
}

async fn wanted(app: &App, request: &EmbeddingRequest) -> Result<Option<EmbedModel>> {
    match request.provider.as_str() {
        "off" => Ok(None),
        "builtin" => Ok(Some(Embeddings::builtin())),
        "ollama" => {
            let configured = app.config.embedding.model.as_str();
            let name = request.model.as_deref().unwrap_or(configured).trim();
            let unavailable = |message| Error::conflict("embedding_unavailable", message);
            let found = app.embeddings.ollama_named(name);
            match app.clock.timeout(PATIENCE, found).await {
                Ok(Ok(model)) => Ok(Some(model)),
                Ok(Err(error)) => Err(unavailable(error.message)),
                Err(_) => Err(unavailable(
                    "The model has not answered, perhaps because an answer is being written. Try again.".into(),
                )),
            }
        }
        _ => Err(Error::field(
            "provider_invalid",
            "provider",
            "Use builtin, ollama or off.",
        )),
    }
}
