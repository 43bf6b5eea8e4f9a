//! One memory with what it comes from and what came of it; and forgetting it.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::auth::{Caller, MemoryRead, MemoryWrite};
use crate::billing::Moment;
use crate::error::{Error, Result};
use crate::http::failure::Failure;
use crate::http::{Json, Path};
use crate::memory::view::{MemoryView, Views};
use crate::memory::{embed, remember, store};

#[derive(Serialize, ToSchema)]
pub struct MemoryDetail {
    #[serde(flatten)]
    pub memory: MemoryView,
    /// The turns that it comes from.
    pub evidence_turns: Vec<MemoryView>,
    /// What a model made of it: facts, summaries, reflections that cite it.
    pub derived: Vec<MemoryView>,
    /// What is no longer so since this one is.
    pub supersedes: Vec<Uuid>,
    /// Null while it is found by its words alone.
    pub vector: Option<VectorOf>,
}

/// What its meaning was computed with.
#[derive(Serialize, ToSchema)]
pub struct VectorOf {
    pub model: String,
}

/// One memory, with what it comes from and what came of it.
#[utoipa::path(get, path = "/api/memory/{id}", tag = "memory", params(("id" = Uuid, Path)),
    responses((status = 200, body = MemoryDetail), (status = 404, body = Failure)))]
pub async fn read_one(
    State(app): State<App>,
    caller: Caller<MemoryRead>,
    Path(id): Path<Uuid>,
) -> Result<Json<MemoryDetail>> {
    app.store.read(|tx| {
        let views = Views::new(&app, tx, caller.id);
        let memory = views.one(id)?;
        let place = remember::expect(tx, caller.id, id)?.place;
        Ok(Json(MemoryDetail {
            evidence_turns: views.some(&memory.evidence)?,
            derived: views.some(&store::citing(tx, caller.id, id)?)?,
            supersedes: store::superseded_by(tx, caller.id, id)?,
            vector: embed::model_of(tx, caller.id, place)?.map(|model| VectorOf { model }),
            memory,
        }))
    })
}

/// Forgets one memory, and what a model made of it. The message it came from stays.
#[utoipa::path(delete, path = "/api/memory/{id}", tag = "memory", params(("id" = Uuid, Path)),
    responses((status = 204), (status = 404, body = Failure)))]
pub async fn forget_one(
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
