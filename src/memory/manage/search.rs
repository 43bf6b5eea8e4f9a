//! Searching what is remembered.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::list::MOST;
use crate::app::App;
use crate::auth::MemoryRead;
use crate::billing::Searching;
use crate::error::{Error, Result};
use crate::http::Json;
use crate::http::failure::Failure;
use crate::memory::filter::{Filter, Wish};
use crate::memory::recall::{self, Understood, Wanted};
use crate::memory::view::{Found, Views};

#[derive(Debug, Deserialize, ToSchema)]
pub struct SearchRequest {
    /// What to search for; read as words, never as a query language.
    pub query: String,
    /// At most this many, 10 unless told, 1000 at most.
    pub limit: Option<usize>,
    /// As in the list.
    pub tier: Option<String>,
    pub kind: Option<String>,
    pub tag: Option<String>,
    #[serde(default)]
    pub pinned: bool,
    #[serde(default)]
    pub current: bool,
    pub session_id: Option<Uuid>,
    pub from: Option<String>,
    pub to: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct SearchResults {
    pub results: Vec<Found>,
    /// How many of the best that were looked at have to do with the words and are wanted: at least as
    /// many as `results`, but not all there may be.
    pub total: usize,
    pub took_ms: u64,
    /// Whether it was searched by meaning too, not by words alone.
    pub meaning: bool,
    pub understood: Understood,
}

/// Words to search for, or the error that says there are none.
pub fn words(query: &str) -> Result<()> {
    if query.trim().is_empty() {
        let message = "Write at least one word to search for.";
        return Err(Error::field("query_empty", "query", message));
    }
    Ok(())
}

/// Searches what is remembered, best first.
#[utoipa::path(post, path = "/api/memory/search", tag = "memory", request_body = SearchRequest,
    responses((status = 200, body = SearchResults),
    (status = 422, body = Failure, description = "query_empty, tier_invalid, kind_invalid, from_invalid, to_invalid")))]
pub async fn search(
    State(app): State<App>,
    Searching(caller): Searching<MemoryRead>,
    Json(request): Json<SearchRequest>,
) -> Result<Json<SearchResults>> {
    words(&request.query)?;
    let filter = Filter::read(&Wish {
        tier: request.tier.as_deref(),
        kind: request.kind.as_deref(),
        tag: request.tag.as_deref(),
        session: request.session_id,
        pinned: request.pinned,
        current: request.current,
        from: request.from.as_deref(),
        to: request.to.as_deref(),
    })?;
    let wanted = Wanted {
        query: request.query,
        limit: request.limit.unwrap_or(10).clamp(1, MOST),
        filter,
    };
    let started = app.clock.monotonic();
    let found = recall::search(&app, caller.id, wanted).await?;
    let took = app.clock.monotonic().saturating_sub(started);
    let results = app
        .store
        .read(|tx| Views::new(&app, tx, caller.id).all_found(found.results))?;
    Ok(Json(SearchResults {
        results,
        total: found.total,
        took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        meaning: found.meaning,
        understood: found.understood,
    }))
}
