//! For administrators: how well the data is kept, and the two acts that belong to it.
//!
//! Must stay true: figures and states only; no route here returns anybody's words.

use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;
use storage::{FileSystem, Writing};
use tokio::task::spawn_blocking;
use utoipa::ToSchema;

use super::{backup, nightly};
use crate::app::App;
use crate::auth::Admin;
use crate::care::{Checked, LastBackup};
use crate::error::{Error, Result};
use crate::http::Json;
use crate::http::failure::Failure;
use crate::{memory, metrics};

/// Whether anything new can be stored.
#[derive(Serialize, ToSchema)]
pub struct WritingState {
    /// `ok` or `read_only`.
    pub state: &'static str,
    /// Since when it is read-only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct BackupState {
    /// When it ended.
    pub at: Timestamp,
    pub ok: bool,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    pub bytes: u64,
    pub path: String,
}

#[derive(Serialize, ToSchema)]
pub struct CheckState {
    /// When it ended.
    pub at: Timestamp,
    pub ok: bool,
    pub findings: usize,
    /// The first finding, or why it could not be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Bytes on disk, by what they are for.
#[derive(Serialize, ToSchema)]
pub struct DiskState {
    pub live_bytes: u64,
    pub journal_bytes: u64,
    pub snapshot_bytes: u64,
    pub snapshots: u64,
    /// When the newest snapshot's last change was stored.
    pub newest_snapshot_at: Option<Timestamp>,
    /// Bytes that can still be written where the data lies.
    pub free_bytes: Option<u64>,
}

#[derive(Serialize, ToSchema)]
pub struct TextIndexState {
    /// Whether everything stored can be found by its words.
    pub caught_up: bool,
}

#[derive(Serialize, ToSchema)]
pub struct NightlyState {
    pub on: bool,
    /// `held` when they are configured, and off only until this data is adopted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<&'static str>,
    /// When the next one is due.
    pub next_at: Option<Timestamp>,
    /// How many are kept.
    pub keep: usize,
    pub dir: String,
}

/// How well the data is kept.
#[derive(Serialize, ToSchema)]
pub struct StorageState {
    pub writing: WritingState,
    /// This is a copy, or was restored: nothing is sent to anybody until it is adopted.
    pub held: bool,
    /// None before the first one; a copy does not count those of the original.
    pub last_backup: Option<BackupState>,
    /// A backup is being made now.
    pub backup_running: bool,
    pub nightly: NightlyState,
    /// The last full check since the start; none before the first one.
    pub last_check: Option<CheckState>,
    pub disk: DiskState,
    pub text_index: TextIndexState,
    /// What the data directory lies on: `local`, `overlay`, `memory`, `unknown`, or for example `network (NFS)`.
    pub file_system: String,
}

/// How well the data is kept.
#[utoipa::path(get, path = "/api/admin/storage", tag = "admin", responses(
    (status = 200, body = StorageState), (status = 401, body = Failure), (status = 403, body = Failure)))]
pub async fn storage_state(State(app): State<App>, _admin: Admin) -> Result<Json<StorageState>> {
    let disk = disk_state(&app).await?;
    let backups = app.care.backups.borrow().clone();
    let checked = app.care.check.borrow().clone();
    let settings = &app.config.backup;
    Ok(Json(StorageState {
        writing: writing_state(&app),
        held: app.held(),
        last_backup: backups.last.as_ref().map(BackupState::from),
        backup_running: app.care.backing_up.available_permits() == 0,
        nightly: NightlyState {
            on: nightly::on(&app),
            why: (settings.nightly && app.held()).then_some("held"),
            next_at: nightly::on(&app).then(|| nightly::next(&app)),
            keep: settings.keep,
            dir: settings.path(&app.config.data).display().to_string(),
        },
        last_check: checked.as_ref().map(CheckState::from),
        disk,
        text_index: TextIndexState {
            caught_up: memory::caught_up(&app)?,
        },
        file_system: file_system(&app).0,
    }))
}

/// Says that this copy is now the real one: what was held back is sent from now on.
#[utoipa::path(post, path = "/api/admin/storage/adopt", tag = "admin", responses(
    (status = 204), (status = 401, body = Failure), (status = 403, body = Failure),
    (status = 503, body = Failure, description = "storage_read_only")))]
pub async fn adopt_data(State(app): State<App>, admin: Admin) -> Result<StatusCode> {
    app.store.read(|tx| admin.0.still(tx))?;
    adopt(&app).await?;
    tracing::info!(user_id = %admin.0.id, "an administrator adopted this data");
    Ok(StatusCode::NO_CONTENT)
}

/// Begins a backup now, where the nightly ones are.
#[utoipa::path(post, path = "/api/admin/storage/backup", tag = "admin", responses(
    (status = 202), (status = 401, body = Failure), (status = 403, body = Failure),
    (status = 409, body = Failure, description = "backup_running")))]
pub async fn begin_backup(State(app): State<App>, Admin(admin): Admin) -> Result<StatusCode> {
    app.store.read(|tx| admin.still(tx))?;
    nightly::begin(&app)?;
    Ok(StatusCode::ACCEPTED)
}

pub async fn adopt(app: &App) -> Result<()> {
    let store = app.store.clone();
    let adopted = spawn_blocking(move || store.adopt()).await;
    adopted.map_err(|e| Error::internal("adopting the data", e))??;
    // What stands there of backups is the original's.
    backup::keep_record(app).await;
    // What was held back may go now.
    app.jobs.release().await
}

pub fn writing_state(app: &App) -> WritingState {
    match app.store.writing() {
        Writing::Possible => WritingState {
            state: "ok",
            since: None,
            reason: None,
        },
        Writing::Refused { since_ms, reason } => WritingState {
            state: "read_only",
            since: Some(time(since_ms)),
            reason: Some(reason.to_string()),
        },
    }
}

/// The time of a storage figure.
pub fn time(ms: u64) -> Timestamp {
    let ms = i64::try_from(ms).unwrap_or(i64::MAX);
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX)
}

/// What the data directory lies on, and what is to be said against it.
pub fn file_system(app: &App) -> (String, Option<String>) {
    let against = |why: &str| {
        Some(format!(
            "The data directory lies on {why} Move it to a local disk."
        ))
    };
    match storage::file_system(&app.config.data.dir) {
        Err(_) => ("unknown".into(), None),
        Ok(FileSystem::Local) => ("local".into(), None),
        Ok(FileSystem::Network(kind)) => (
            format!("network ({kind})"),
            against("a network file system, whose promises about what is stored are weaker."),
        ),
        Ok(FileSystem::Overlay) => (
            "overlay".into(),
            against("a container's own layer, which is removed with the container."),
        ),
        Ok(FileSystem::Memory) => (
            "memory".into(),
            against("a file system in memory, which is empty after a restart of the machine."),
        ),
    }
}

/// Sets the gauges of storage to what is so now.
pub async fn count(app: &App) {
    metrics::storage_state(
        app.store.seq(),
        app.store.writing() != Writing::Possible,
        app.held(),
    );
    match app.jobs.open() {
        Ok(waiting) => metrics::jobs_waiting(waiting),
        Err(error) => tracing::warn!(%error, "the queue of jobs cannot be counted"),
    }
    match app.store.read(memory::vector_totals) {
        Ok(totals) => metrics::vectors((totals.vectors, totals.waiting)),
        Err(error) => tracing::warn!(%error, "vectors cannot be counted"),
    }
    match disk_state(app).await {
        Ok(disk) => metrics::storage_disk(
            (disk.live_bytes, disk.journal_bytes, disk.snapshot_bytes),
            disk.snapshots,
            disk.newest_snapshot_at,
        ),
        Err(error) => tracing::warn!(%error, "the data's size is not known"),
    }
    let backups = app.care.backups.borrow().clone();
    metrics::backups(
        backups.good_at,
        backups.last.map(|last| last.failure.is_none()),
    );
    if let Some(checked) = app.care.check.borrow().as_ref() {
        // A check that could not be done is no clean one.
        let unknown = usize::from(checked.reason.is_some());
        metrics::checked(checked.at, checked.findings.max(unknown));
    }
}

async fn disk_state(app: &App) -> Result<DiskState> {
    let (store, files) = (app.store.clone(), app.files.clone());
    let dir = app.config.data.dir.clone();
    let measured =
        spawn_blocking(move || Ok::<_, Error>((store.disk_use()?, files.free_bytes(&dir).ok())));
    let (disk, free_bytes) = measured
        .await
        .map_err(|e| Error::internal("measuring the data", e))??;
    Ok(DiskState {
        live_bytes: disk.live,
        journal_bytes: disk.journal,
        snapshot_bytes: disk.snapshots,
        snapshots: disk.snapshot_count,
        newest_snapshot_at: (disk.newest_snapshot_ms > 0).then(|| time(disk.newest_snapshot_ms)),
        free_bytes,
    })
}

impl From<&LastBackup> for BackupState {
    fn from(last: &LastBackup) -> Self {
        Self {
            at: last.at,
            ok: last.failure.is_none(),
            reason: last.failure.clone(),
            bytes: last.bytes,
            path: last.path.display().to_string(),
        }
    }
}

impl From<&Checked> for CheckState {
    fn from(checked: &Checked) -> Self {
        Self {
            at: checked.at,
            ok: checked.reason.is_none(),
            findings: checked.findings,
            reason: checked.reason.clone(),
        }
    }
}
