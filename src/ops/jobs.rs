//! For administrators: the work that is queued, and what became of it.
//!
//! Must stay true: a job is told by its kind, its times and its reason; what it is about stays inside.

use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::WriteTx;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::app::App;
use crate::auth::Admin;
use crate::error::{Error, Result};
use crate::http::failure::Failure;
use crate::http::{Json, Path, Query};
use crate::jobs::{self, Job};

/// `held` waits for something else than time, such as a mail server being named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    Waiting,
    Held,
    Done,
    Failed,
}

impl From<jobs::State> for JobState {
    fn from(state: jobs::State) -> Self {
        match state {
            jobs::State::Waiting => Self::Waiting,
            jobs::State::Held => Self::Held,
            jobs::State::Done => Self::Done,
            jobs::State::Failed => Self::Failed,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct JobItem {
    pub id: Uuid,
    pub kind: String,
    pub state: JobState,
    pub attempts: u32,
    pub last_error: Option<String>,
    pub created_at: Timestamp,
    /// When it is tried next, or looked at again.
    pub due_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
}

impl From<Job> for JobItem {
    fn from(job: Job) -> Self {
        Self {
            id: job.id,
            kind: job.kind,
            state: job.state.into(),
            attempts: job.attempts,
            last_error: job.last_error,
            created_at: job.created_at,
            due_at: job.due_at,
            ended_at: job.ended_at,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct JobList {
    pub items: Vec<JobItem>,
    pub next_before: Option<Uuid>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct JobQuery {
    pub limit: Option<usize>,
    /// `next_before` of the page before.
    pub before: Option<Uuid>,
}

/// What is queued, and what ended in the last days, newest first.
#[utoipa::path(get, path = "/api/admin/jobs", tag = "admin", params(JobQuery), responses(
    (status = 200, body = JobList), (status = 401, body = Failure), (status = 403, body = Failure)))]
pub async fn list_jobs(
    State(app): State<App>,
    _admin: Admin,
    Query(query): Query<JobQuery>,
) -> Result<Json<JobList>> {
    let limit = query.limit.unwrap_or(50).clamp(1, 1000);
    let read = |tx: &storage::ReadTx| app.jobs.list(tx, None, query.before, limit + 1);
    let mut jobs = app.store.read(read)?;
    let more = jobs.len() > limit;
    jobs.truncate(limit);
    let next_before = jobs.last().filter(|_| more).map(|job| job.id);
    Ok(Json(JobList {
        items: jobs.into_iter().map(JobItem::from).collect(),
        next_before,
    }))
}

/// Has a job tried again now, also one that was given up.
#[utoipa::path(post, path = "/api/admin/jobs/{id}/retry", tag = "admin", params(("id" = Uuid, Path)), responses(
    (status = 202), (status = 401, body = Failure), (status = 403, body = Failure),
    (status = 404, body = Failure), (status = 409, body = Failure, description = "job_done")))]
pub async fn retry_job(
    State(app): State<App>,
    Admin(admin): Admin,
    Path(id): Path<Uuid>,
) -> Result<StatusCode> {
    let jobs = app.jobs.clone();
    let again = move |tx: &mut WriteTx<'_>| {
        admin.still(tx)?;
        if jobs.get(tx, id)?.is_none() {
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
