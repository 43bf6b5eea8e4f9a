//! What a person can see and do about what is remembered: list, search, forget.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::view::{Found, MemoryView};
use super::{figures, recall, remember, store};
use crate::app::App;
use crate::auth::{Caller, MemoryRead, MemoryWrite};
use crate::billing::{Moment, Searching};
use crate::error::{Error, Result};
use crate::http::failure::Failure;
use crate::http::{Json, Path, Query};

const MOST: usize = 1000;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Words to search for instead of listing by time.
    q: Option<String>,
    /// At most this many, 50 unless told, 1000 at most.
    limit: Option<usize>,
    /// `next_before` of the page before.
    before: Option<Uuid>,
}

#[derive(Serialize, ToSchema)]
pub struct MemoryList {
    pub items: Vec<MemoryView>,
    pub next_before: Option<Uuid>,
    /// How many there are in all; not given for a search.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
}

/// What is remembered, newest first, or best first for a search.
#[utoipa::path(get, path = "/api/memory", tag = "memory", params(ListQuery), responses((status = 200, body = MemoryList)))]
pub async fn list(
    State(app): State<App>,
    Searching(caller): Searching<MemoryRead>,
    Query(query): Query<ListQuery>,
) -> Result<Json<MemoryList>> {
    let limit = query.limit.unwrap_or(50).clamp(1, MOST);
    if let Some(words) = query.q.filter(|words| !words.trim().is_empty()) {
        let found = recall::find(&app, caller.id, words, limit).await?;
        let views = |tx: &storage::ReadTx| {
            let views = found
                .into_iter()
                .map(|found| MemoryView::of(tx, caller.id, found.id, found.memory));
            views.collect::<Result<Vec<_>>>()
        };
        let items = app.store.read(views)?;
        return Ok(Json(MemoryList {
            items,
            next_before: None,
            total: None,
        }));
    }
    app.store.read(|tx| {
        let cursor = match query.before {
            Some(id) => Some(store::cursor(id, &remember::expect(tx, caller.id, id)?)),
            None => None,
        };
        let rows = store::page(tx, caller.id, cursor, limit + 1)?;
        let more = rows.len() > limit;
        let views = rows
            .into_iter()
            .take(limit)
            .map(|(id, memory)| MemoryView::of(tx, caller.id, id, memory));
        let items = views.collect::<Result<Vec<_>>>()?;
        let next_before = items.last().filter(|_| more).map(|item| item.id);
        Ok(Json(MemoryList {
            items,
            next_before,
            total: Some(figures::statistics(tx, caller.id)?.memories),
        }))
    })
}

/// One memory.
#[utoipa::path(get, path = "/api/memory/{id}", tag = "memory", params(("id" = Uuid, Path)),
    responses((status = 200, body = MemoryView), (status = 404, body = Failure)))]
pub async fn read_one(
    State(app): State<App>,
    caller: Caller<MemoryRead>,
    Path(id): Path<Uuid>,
) -> Result<Json<MemoryView>> {
    app.store.read(|tx| {
        let memory = remember::expect(tx, caller.id, id)?;
        MemoryView::of(tx, caller.id, id, memory).map(Json)
    })
}

/// Forgets one memory. The message it came from stays.
#[utoipa::path(delete, path = "/api/memory/{id}", tag = "memory", params(("id" = Uuid, Path)),
    responses((status = 204), (status = 404, body = Failure)))]
pub async fn forget(
    State(app): State<App>,
    caller: Caller<MemoryWrite>,
    Path(id): Path<Uuid>,
) -> Result<StatusCode> {
    let user = caller.id;
    let inside = app.clone();
    let forget = move |tx: &mut storage::WriteTx<'_>| {
        caller.still(tx)?;
        remember::forget_one(tx, Moment::now(&inside), user, id)
    };
    let forgotten = app.store.write(forget).await?;
    app.streams.forget(user);
    if forgotten.is_some() {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Error::NotFound { what: "memory" })
    }
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct SearchRequest {
    /// Words to search for; read as words, never as a query language.
    pub query: String,
    /// At most this many, 10 unless told, 1000 at most.
    pub limit: Option<usize>,
}

#[derive(Serialize, ToSchema)]
pub struct SearchResults {
    pub results: Vec<Found>,
    pub total: usize,
    pub took_ms: u64,
}

/// Searches what is remembered by words.
#[utoipa::path(post, path = "/api/memory/search", tag = "memory", request_body = SearchRequest,
    responses((status = 200, body = SearchResults), (status = 422, body = Failure)))]
pub async fn search(
    State(app): State<App>,
    Searching(caller): Searching<MemoryRead>,
    Json(request): Json<SearchRequest>,
) -> Result<Json<SearchResults>> {
    if request.query.trim().is_empty() {
        return Err(Error::field(
            "query_empty",
            "query",
            "Write at least one word to search for.",
        ));
    }
    let started = app.clock.monotonic();
    let limit = request.limit.unwrap_or(10).clamp(1, MOST);
    let found = recall::find(&app, caller.id, request.query, limit).await?;
    let took = app.clock.monotonic().saturating_sub(started);
    let results = app.store.read(|tx| {
        let found = found
            .into_iter()
            .map(|found| Found::of(tx, caller.id, found));
        found.collect::<Result<Vec<_>>>()
    })?;
    let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    Ok(Json(SearchResults {
        total: results.len(),
        results,
        took_ms,
    }))
}
