//! What a person can do about distilling: have it done now, see their jobs, try one again; and what
//! administrators see of it.
//!
//! Must stay true: jobs are their owner's alone; administrators see numbers and times, no text.

use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::{Read, WriteTx};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::night;
use super::standing::{self, Distilling, enabled};
use super::store::{self, Begun, Made};
use super::work::is_ours;
use crate::app::App;
use crate::auth::{Admin, Caller, MemoryRead, MemoryWrite};
use crate::billing::Costly;
use crate::config::Distil;
use crate::error::{Error, Result};
use crate::http::failure::Failure;
use crate::http::{Json, Path, Query};
use crate::jobs::{self, Job};
use crate::memory::view::Views;
use crate::memory::{embed, figures};
use crate::outside::ProviderKind;

/// Jobs that are shown unless told, and at most.
const SHOWN: usize = 100;
const MOST_SHOWN: usize = 500;

#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct DistilRequest {
    /// This one again from its beginning; otherwise all that waits.
    pub session_id: Option<Uuid>,
}

#[derive(Serialize, ToSchema)]
pub struct DistilBegun {
    pub job_ids: Vec<Uuid>,
    pub sessions: usize,
}

/// Distils now what waits, or one session again.
#[utoipa::path(post, path = "/api/memory/distil", tag = "memory", request_body = DistilRequest, responses(
    (status = 202, body = DistilBegun), (status = 404, body = Failure),
    (status = 409, body = Failure, description = "distil_off")))]
pub async fn distil(
    State(app): State<App>,
    Costly(caller): Costly<MemoryWrite>,
    Json(asked): Json<DistilRequest>,
) -> Result<(StatusCode, Json<DistilBegun>)> {
    must_be_on(&app).await?;
    let inside = app.clone();
    let begin = move |tx: &mut WriteTx<'_>| {
        caller.still(tx)?;
        let user = caller.id;
        if let Some(session) = asked.session_id
            && figures::next_position(tx, user, session)?.is_none()
        {
            return Err(Error::NotFound { what: "session" });
        }
        night::begin_theirs(tx, &inside, (user, asked.session_id))
    };
    let (job_ids, sessions) = app.store.write(begin).await?;
    Ok((
        StatusCode::ACCEPTED,
        Json(DistilBegun { job_ids, sessions }),
    ))
}

/// A model that is away for a moment is waited for by the jobs themselves.
async fn must_be_on(app: &App) -> Result<()> {
    let off = |message: &str| Err(Error::conflict("distil_off", message));
    if !enabled(app) {
        return off("Distilling is switched off here; memory.distil switches it on.");
    }
    let model = app.models.resolve(None).await;
    let toy = model.is_ok_and(|model| model.provider == ProviderKind::Demo);
    if toy && app.config.memory.distil != Distil::On {
        return off("The demonstration model cannot do this. Connect a model server first.");
    }
    Ok(())
}

/// `held` waits for something else than time, such as a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum MemoryJobState {
    Waiting,
    Running,
    Done,
    Failed,
    Held,
}

#[derive(Serialize, ToSchema)]
pub struct MemoryJob {
    pub id: Uuid,
    /// `promote`, `distil` or `reflect`.
    pub kind: String,
    pub session_id: Option<Uuid>,
    /// Of the conversation, or the `session_key` of a group that was stored; null when there is none.
    pub session_title: Option<String>,
    /// Whether `session_id` is a conversation that can be opened.
    pub conversation: bool,
    pub state: MemoryJobState,
    pub attempts: u32,
    pub created_at: Timestamp,
    pub due_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    pub error: Option<String>,
    /// None for a promotion.
    pub made: Option<Made>,
}

/// How many memories can be found by their meaning, of how many.
#[derive(Serialize, ToSchema)]
pub struct EmbeddingProgress {
    pub done: u64,
    pub total: u64,
}

#[derive(Serialize, ToSchema)]
pub struct MemoryJobs {
    /// Newest first.
    pub items: Vec<MemoryJob>,
    /// While something of the caller's waits to be embedded; null when nothing does, or embedding is off.
    pub embedding: Option<EmbeddingProgress>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct JobsQuery {
    /// At most this many, 1 to 500; 100 unless told.
    limit: Option<usize>,
}

/// The caller's jobs of memory, newest first.
#[utoipa::path(get, path = "/api/memory/jobs", tag = "memory", params(JobsQuery), responses(
    (status = 200, body = MemoryJobs), (status = 422, body = Failure, description = "limit_invalid")))]
pub async fn list(
    State(app): State<App>,
    caller: Caller<MemoryRead>,
    Query(query): Query<JobsQuery>,
) -> Result<Json<MemoryJobs>> {
    let limit = query.limit.unwrap_or(SHOWN);
    if !(1..=MOST_SHOWN).contains(&limit) {
        let message = format!("Ask for 1 to {MOST_SHOWN} jobs.");
        return Err(Error::field("limit_invalid", "limit", message));
    }
    app.store.read(|tx| {
        let views = Views::new(&app, tx, caller.id);
        let mut items = Vec::new();
        for (id, begun) in store::jobs(tx, caller.id, true, limit)? {
            if let Some(job) = app.jobs.get(tx, id)? {
                items.push(view(&app, &views, (job, begun))?);
            }
        }
        let embedding = embed::progress(tx, &app, caller.id)?;
        let embedding = embedding.map(|(done, total)| EmbeddingProgress { done, total });
        Ok(Json(MemoryJobs { items, embedding }))
    })
}

fn view(app: &App, views: &Views<'_>, (job, begun): (Job, Begun)) -> Result<MemoryJob> {
    let state = match job.state {
        jobs::State::Waiting | jobs::State::Held if app.jobs.is_running(job.id) => {
            MemoryJobState::Running
        }
        jobs::State::Waiting => MemoryJobState::Waiting,
        jobs::State::Held => MemoryJobState::Held,
        jobs::State::Done => MemoryJobState::Done,
        jobs::State::Failed => MemoryJobState::Failed,
    };
    let kind = job.kind.trim_start_matches("memory.").to_owned();
    Ok(MemoryJob {
        id: job.id,
        session_id: Some(begun.session),
        session_title: views.session_title(begun.session)?,
        conversation: views.is_conversation(begun.session)?,
        state,
        attempts: job.attempts,
        created_at: job.created_at,
        due_at: job.due_at,
        ended_at: job.ended_at,
        error: job.last_error,
        made: is_ours(&job.kind).then_some(begun.made),
        kind,
    })
}

/// Has one of the caller's jobs tried again now, also one that was given up.
#[utoipa::path(post, path = "/api/memory/jobs/{id}/retry", tag = "memory", params(("id" = Uuid, Path)), responses(
    (status = 202), (status = 404, body = Failure), (status = 409, body = Failure, description = "job_done")))]
pub async fn retry(
    State(app): State<App>,
    caller: Caller<MemoryWrite>,
    Path(id): Path<Uuid>,
) -> Result<StatusCode> {
    let jobs = app.jobs.clone();
    let again = move |tx: &mut WriteTx<'_>| {
        caller.still(tx)?;
        let theirs = store::job(tx, (caller.id, id))?.is_some();
        if !theirs || jobs.get(tx, id)?.is_none() {
            return Err(Error::NotFound { what: "job" });
        }
        if jobs.retry(tx, id)? {
            return Ok(());
        }
        Err(Error::conflict("job_done", "This job was done already."))
    };
    app.store.write(again).await?;
    Ok(StatusCode::ACCEPTED)
}

/// What distilling comes to, everybody's together.
pub fn everybodys(tx: &impl Read, app: &App) -> Result<Distilling> {
    standing::everybodys(tx, app)
}

#[derive(Serialize, ToSchema)]
pub struct EverybodysBegun {
    /// Whose jobs were begun now; what is beyond follows.
    pub sessions: usize,
}

/// Distils now what waits, everybody's.
#[utoipa::path(post, path = "/api/admin/memory/distil", tag = "admin", responses(
    (status = 202, body = EverybodysBegun), (status = 401, body = Failure), (status = 403, body = Failure),
    (status = 409, body = Failure, description = "distil_off")))]
pub async fn distil_everybodys(
    State(app): State<App>,
    Admin(admin): Admin,
) -> Result<(StatusCode, Json<EverybodysBegun>)> {
    must_be_on(&app).await?;
    let sessions = night::begin_everybodys(&app, Some(admin)).await?;
    Ok((StatusCode::ACCEPTED, Json(EverybodysBegun { sessions })))
}
