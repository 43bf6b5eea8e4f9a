//! What administrators see of memory: how it is embedded and distilled, in numbers and times. No text, and
//! nobody's name.

use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::distil::Distilling;
use super::distil::routes::everybodys;
use crate::app::App;
use crate::auth::Admin;
use crate::error::Result;
use crate::http::Json;
use crate::http::failure::Failure;

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
    pub decided: Option<DecidedModel>,
    pub candidates: Vec<CandidateModel>,
    pub vectors: u64,
    pub waiting: u64,
    pub reembedding: Option<Reembedding>,
}

#[derive(Serialize, ToSchema)]
pub struct AdminMemory {
    /// None where nothing is found by meaning.
    pub embedding: Option<Embedding>,
    pub distilling: Distilling,
}

/// How memory does.
#[utoipa::path(get, path = "/api/admin/memory", tag = "admin", responses(
    (status = 200, body = AdminMemory), (status = 401, body = Failure), (status = 403, body = Failure)))]
pub async fn state(State(app): State<App>, _admin: Admin) -> Result<Json<AdminMemory>> {
    app.store.read(|tx| {
        Ok(Json(AdminMemory {
            embedding: None,
            distilling: everybodys(tx, &app)?,
        }))
    })
}
