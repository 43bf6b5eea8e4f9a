//! What a prompt would get of memory for some words: for programs that ask a model themselves, and for
//! people who want to see it.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::app::App;
use crate::auth::MemoryRead;
use crate::billing::Searching;
use crate::error::{Error, Result};
use crate::http::{Json, Query};
use crate::memory::profile::known;
use crate::memory::quote::{price, quoted};
use crate::memory::recall::{self, Beside, Chosen};
use crate::memory::view::{Found, Views};
use crate::outside::tokens::estimate;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ContextQuery {
    /// What would be asked.
    q: Option<String>,
    /// The conversation it would be asked in: what a prompt has of it anyway is not recalled.
    session_id: Option<Uuid>,
}

#[derive(Serialize, ToSchema)]
pub struct MemoryContext {
    /// What a prompt would get, best first.
    pub memories: Vec<Found>,
    /// The same, as the lines that stand in the prompt.
    pub text: String,
    /// What these lines take, estimated.
    pub tokens: usize,
    pub limit_tokens: usize,
    /// What is known of the person, as a prompt has it.
    pub profile: Vec<String>,
    /// Whether it was searched by meaning too, not by words alone.
    pub meaning: bool,
}

/// What a prompt would get of memory.
#[utoipa::path(get, path = "/api/memory/context", tag = "memory", params(ContextQuery),
    responses((status = 200, body = MemoryContext)))]
pub async fn context(
    State(app): State<App>,
    Searching(caller): Searching<MemoryRead>,
    Query(query): Query<ContextQuery>,
) -> Result<Json<MemoryContext>> {
    let words = query.q.unwrap_or_default();
    let limit = app.config.memory.recall_tokens;
    let known = known(&app, caller.id, limit, estimate)?;
    let chosen = if words.trim().is_empty() {
        Chosen::default()
    } else {
        let beside = Beside::next_of(&app, caller.id, query.session_id, known.clone())?;
        recall::recall(&app, caller.id, &words, beside, price).await?
    };
    let (recalled, meaning) = (chosen.memories, chosen.meaning);
    let lines: Vec<_> = recalled.iter().map(quoted).collect();
    let tokens = recalled.iter().map(price).sum();
    let (memories, profile) = app.store.read(|tx| {
        let views = Views::new(&app, tx, caller.id);
        Ok::<_, Error>((views.all_found(recalled)?, views.some(known.facts())?))
    })?;
    Ok(Json(MemoryContext {
        memories,
        text: lines.join("\n"),
        tokens,
        limit_tokens: limit,
        profile: profile.into_iter().map(|fact| fact.text).collect(),
        meaning,
    }))
}
