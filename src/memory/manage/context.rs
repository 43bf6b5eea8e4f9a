//! What a prompt would get of memory for some words: for programs that ask a model themselves, and for
//! people who want to see it.
//!
//! Must stay true: `text` is what the chat puts into the instructions for the same words, letter by letter,
//! as long as the model's window has room for it.

use std::fmt::Write as _;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::app::App;
use crate::auth::MemoryRead;
use crate::billing::Searching;
use crate::error::Result;
use crate::http::{Json, Query};
use crate::memory::profile::{Known, known};
use crate::memory::quote::{RECALLED_HEAD, heading_price, price, quoted};
use crate::memory::recall::{self, Beside, Chosen, Recalled};
use crate::memory::view::{Found, MemoryView, Views};
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
    /// What a prompt would get of what was said and stored, best first.
    pub memories: Vec<Found>,
    /// All that memory adds to the instructions of a prompt: facts of the profile, advice, and the memories above,
    /// each part under a heading that says what it is. Empty where there is nothing.
    pub text: String,
    /// What `text` takes, estimated.
    pub tokens: usize,
    /// What all of it may take together (`memory.recall_tokens`).
    pub limit_tokens: usize,
    /// The facts of the profile that stand in `text`.
    pub profile: Vec<String>,
    /// Nova's advice to itself that stands in `text`.
    pub advice: Vec<String>,
    /// Whether it was searched by meaning too, not by words alone.
    pub meaning: bool,
}

/// What a prompt would get of memory: `text` is for one's own prompts, the rest says what it is made of. Without
/// `q` that is the profile alone.
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
    let (text, tokens) = put_together(&known, &recalled);
    let texts = |views: Vec<MemoryView>| views.into_iter().map(|view| view.text).collect();
    app.store.read(|tx| {
        let views = Views::new(&app, tx, caller.id);
        Ok(Json(MemoryContext {
            memories: views.all_found(recalled)?,
            text,
            tokens,
            limit_tokens: limit,
            profile: texts(views.some(known.facts())?),
            advice: texts(views.some(known.advice())?),
            meaning,
        }))
    })
}

/// As `chat/prompt` does it, which also has to fit the rest.
fn put_together(known: &Known, recalled: &[Recalled]) -> (String, usize) {
    let (mut text, mut tokens) = (known.text.clone(), known.tokens);
    if !recalled.is_empty() {
        let gap = if text.is_empty() { "" } else { "\n\n" };
        let _ = write!(text, "{gap}{RECALLED_HEAD}");
        tokens += heading_price();
    }
    for memory in recalled {
        let _ = write!(text, "\n{}", quoted(memory));
        tokens += price(memory);
    }
    (text, tokens)
}
