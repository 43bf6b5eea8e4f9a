//! For services: what a timer, a monitor or a backup script of the operator's may do, each with a scope
//! of its own and without anybody's sign-in.
//!
//! Must stay true: numbers and states only; nothing here names a person or tells a word of theirs.

use axum::extract::State;
use axum::http::StatusCode;
use jiff::SignedDuration;
use serde::Serialize;
use storage::Read;
use tokio::task::spawn_blocking;
use utoipa::ToSchema;

use super::nightly;
use crate::app::App;
use crate::auth::{self, ReadUsage, RunBackup, RunJobs, ServiceCaller};
use crate::error::{Error, Result};
use crate::http::Json;
use crate::http::failure::Failure;
use crate::{billing, chat, memory};

/// Who signed in within this time counts as active.
const ACTIVE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Begins a backup now, where the nightly ones are.
#[utoipa::path(post, path = "/api/internal/backup", tag = "internal", responses(
    (status = 202), (status = 403, body = Failure),
    (status = 409, body = Failure, description = "backup_running")))]
pub async fn backup(
    State(app): State<App>,
    service: ServiceCaller<RunBackup>,
) -> Result<StatusCode> {
    nightly::begin(&app)?;
    tracing::info!(service_id = %service.id, "a service began a backup");
    Ok(StatusCode::ACCEPTED)
}

#[derive(Serialize, ToSchema)]
pub struct AccountNumbers {
    pub total: u64,
    pub verified: u64,
    pub disabled: u64,
    /// Signed in, or went on with a sign-in, within the last seven days.
    pub active_7_days: u64,
}

#[derive(Serialize, ToSchema)]
pub struct ByteNumbers {
    pub live: u64,
    pub journal: u64,
    pub snapshots: u64,
}

/// What was used today (UTC), by everybody.
#[derive(Serialize, ToSchema)]
pub struct TodayNumbers {
    /// Charged: people's own words and the answers.
    pub tokens: u64,
    /// Shown to people, not charged.
    pub context_tokens: u64,
    /// Shown to people, not charged.
    pub background_tokens: u64,
    pub messages: u64,
    /// Of remembered text, held now.
    pub memory_bytes: u64,
}

/// How much of everything there is.
#[derive(Serialize, ToSchema)]
pub struct UsageNumbers {
    pub accounts: AccountNumbers,
    pub conversations: u64,
    pub memories: u64,
    /// On disk, by what they are for.
    pub bytes: ByteNumbers,
    pub today: TodayNumbers,
}

fn today(app: &App, tx: &impl Read) -> Result<TodayNumbers> {
    let (used, held) = billing::used_today(app, tx)?;
    // What was given back may be more than what was used.
    let number = |amount: i64| u64::try_from(amount).unwrap_or(0);
    Ok(TodayNumbers {
        tokens: number(used.tokens()),
        context_tokens: number(used.llm_tokens_context),
        background_tokens: number(used.background_tokens),
        messages: number(used.messages),
        memory_bytes: number(held),
    })
}

/// How much of everything there is, as numbers.
#[utoipa::path(get, path = "/api/internal/usage", tag = "internal", responses(
    (status = 200, body = UsageNumbers), (status = 403, body = Failure)))]
pub async fn usage(
    State(app): State<App>,
    _service: ServiceCaller<ReadUsage>,
) -> Result<Json<UsageNumbers>> {
    let now = app.clock.now();
    let since = now.checked_sub(ACTIVE).unwrap_or(now);
    let counted = spawn_blocking(move || {
        let disk = app.store.disk_use()?;
        app.store.read(|tx| {
            let accounts = auth::count_accounts(tx, since)?;
            Ok::<_, Error>(UsageNumbers {
                accounts: AccountNumbers {
                    total: accounts.total,
                    verified: accounts.verified,
                    disabled: accounts.disabled,
                    active_7_days: accounts.seen,
                },
                conversations: chat::count(tx)?,
                memories: memory::count_all(tx)?,
                bytes: ByteNumbers {
                    live: disk.live,
                    journal: disk.journal,
                    snapshots: disk.snapshots,
                },
                today: today(&app, tx)?,
            })
        })
    });
    let numbers = counted
        .await
        .map_err(|e| Error::internal("counting what there is", e))??;
    Ok(Json(numbers))
}

/// The jobs that had not been done when it was asked.
#[derive(Serialize, ToSchema)]
pub struct JobNumbers {
    pub waiting: u64,
    /// Waiting for something else than time, such as a mail server.
    pub held: u64,
    /// Given up.
    pub failed: u64,
}

/// Has every job that is due or held looked at now.
#[utoipa::path(post, path = "/api/internal/jobs/run", tag = "internal", responses(
    (status = 200, body = JobNumbers), (status = 403, body = Failure)))]
pub async fn jobs(
    State(app): State<App>,
    _service: ServiceCaller<RunJobs>,
) -> Result<Json<JobNumbers>> {
    let counts = app.jobs.count()?;
    app.jobs.look_now().await?;
    Ok(Json(JobNumbers {
        waiting: counts.waiting,
        held: counts.held,
        failed: counts.failed,
    }))
}
