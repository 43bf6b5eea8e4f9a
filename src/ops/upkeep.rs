//! Looking after the data while the server runs: what is due is done, what is broken is tried again.

use std::time::Duration;

use jiff::Timestamp;
use storage::{Start, Store, Writing};
use tokio::task::spawn_blocking;

use super::{admin, check, nightly, store};
use crate::app::App;
use crate::error::{Error, Result};

const MAINTAIN_EVERY: Duration = Duration::from_mins(10);
/// How often it is looked at whether storage can write, and tried when it cannot.
const PROBE_EVERY: Duration = Duration::from_secs(5);
/// The check comes when the first rush after a start is over.
const CHECK_AFTER_START: Duration = Duration::from_mins(1);
/// A machine may sleep, and its clock be set: so the time is looked at this often.
const LOOK_EVERY: Duration = Duration::from_mins(10);

/// Takes snapshots when they are due and retires what is old.
pub async fn maintain(app: App) {
    loop {
        tokio::select! {
            () = app.tasks.drain.cancelled() => return,
            () = app.clock.sleep(MAINTAIN_EVERY) => {}
        }
        let store = app.store.clone();
        match spawn_blocking(move || store.maintain()).await {
            Ok(Ok(done)) => {
                if let Some(snapshot) = done.snapshot {
                    tracing::info!(
                        seq = snapshot.seq,
                        bytes = snapshot.bytes,
                        "a snapshot was taken"
                    );
                }
                if done.retired > 0 {
                    tracing::info!(
                        files = done.retired,
                        "old snapshots and journal were retired"
                    );
                }
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, "snapshots could not be looked after; trying again in ten minutes");
            }
            Err(error) => tracing::error!(%error, "looking after snapshots was cut off"),
        }
    }
}

/// Tells when storage became read-only, tries until it can write again, and tells that too.
pub async fn watch_writing(app: App) {
    let mut refused = false;
    loop {
        // It also looks whether the directory is still in its place.
        let _ = app.store.probe().await;
        if let Writing::Refused { reason, .. } = app.store.writing() {
            if !refused {
                tracing::error!(%reason, "nothing new can be stored; reading and running answers go on, and it is tried again every few seconds");
            }
            refused = true;
        }
        if refused && app.store.writing() == Writing::Possible {
            refused = false;
            tracing::info!("storage can write again");
        }
        tokio::select! {
            () = app.tasks.stop.cancelled() => return,
            () = app.clock.sleep(PROBE_EVERY) => {}
        }
    }
}

/// Checks everything a minute after the start and every night at the time of backups.
pub async fn check(app: App) {
    let mut due = app
        .clock
        .now()
        .checked_add(CHECK_AFTER_START)
        .unwrap_or(Timestamp::MAX);
    loop {
        let now = app.clock.now();
        if now >= due {
            tokio::select! {
                () = app.tasks.drain.cancelled() => return,
                () = check::in_background(&app) => {}
            }
            due = nightly::first_at(app.config.backup.time().unwrap_or_default(), now);
            continue;
        }
        let left = Duration::try_from(due.duration_since(now)).unwrap_or_default();
        tokio::select! {
            () = app.tasks.drain.cancelled() => return,
            () = app.clock.sleep(left.min(LOOK_EVERY)) => {}
        }
    }
}

/// Says what opening the data found, and takes up what is known of its backups.
pub fn opened(app: &App) -> Result<()> {
    // What a copy knows of backups is about the original's.
    if !app.held() {
        let backups = app.store.read(store::backups)?;
        app.care.backups.send_replace(backups);
    }
    tell_opening(app);
    Ok(())
}

fn tell_opening(app: &App) {
    let opened = app.store.opened();
    if let Some(from) = opened.migrated_from {
        tracing::info!(
            from,
            to = app.format,
            "the data was brought to a newer format; a snapshot of before was kept"
        );
    }
    for damage in &opened.damage {
        tracing::error!(damage, "the data directory is not as it was written");
    }
    tell_start(app);
    if app.held() {
        tracing::warn!(
            "this data is a copy, or was restored: nothing is sent to anybody until you say `novacore adopt`, once no other server runs on the original"
        );
    }
    if let (kind, Some(against)) = admin::file_system(app) {
        tracing::warn!(kind, "{against}");
    }
}

/// Where the rows came from. What is damaged stands in the log already, and no line says then that all is well.
fn tell_start(app: &App) {
    let opened = app.store.opened();
    let (replayed, torn_bytes) = (opened.replayed, opened.torn_bytes);
    let whole = opened.damage.is_empty();
    match opened.start {
        Start::New => tracing::info!("a new data directory"),
        Start::Clean => tracing::info!(seq = app.store.seq(), "the data was closed well"),
        Start::Checked if whole && app.held() => {
            tracing::info!(replayed, torn_bytes, "this copy was checked and is whole");
        }
        Start::Checked if whole => tracing::info!(
            replayed,
            torn_bytes,
            "the last stop was not a clean one; the data was checked and is whole"
        ),
        Start::Checked => tracing::warn!(
            replayed,
            torn_bytes,
            "the last stop was not a clean one; the live file was checked"
        ),
        Start::Rebuilt if whole && app.held() => tracing::info!(
            replayed,
            torn_bytes,
            "the live file was made from a snapshot and the journal, as after a copy or restore"
        ),
        Start::Rebuilt => tracing::warn!(
            replayed,
            torn_bytes,
            "the live file was torn, missing or foreign; it was made anew from a snapshot and the journal"
        ),
    }
}

/// Runs one of storage's long calls where it may block.
pub async fn blocking<T: Send + 'static>(
    app: &App,
    work: impl FnOnce(&Store) -> Result<T, storage::Error> + Send + 'static,
) -> Result<T> {
    let store = app.store.clone();
    let done = spawn_blocking(move || work(&store)).await;
    Ok(done.map_err(|e| Error::internal("a long piece of work", e))??)
}
