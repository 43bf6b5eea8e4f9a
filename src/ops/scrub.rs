//! Leaving nothing of what was deleted: the live file and the text index are made anew without it; older
//! snapshots and journal, which still hold it, go a day later.

use storage::SnapshotInfo;
use tokio::task::spawn_blocking;

use super::progress::Steps;
use super::upkeep;
use crate::app::App;
use crate::error::{Error, Result};
use crate::jobs::{Job, Outcome, State};
use crate::memory;

/// For the shell and for the job.
pub async fn scrub(app: &App, steps: &Steps) -> Result<SnapshotInfo> {
    let told = steps.clone();
    let snapshot = upkeep::blocking(app, move |store| store.scrub(&mut |p| told.show(p))).await?;
    let text = app.text.clone();
    spawn_blocking(move || text.purge())
        .await
        .map_err(|e| Error::internal("merging the text index", e))??;
    memory::tidy_vectors(app).await;
    Ok(snapshot)
}

/// The same after accounts were erased, once for all that were by now.
pub async fn job(app: App, job: Job) -> Outcome {
    match newer(&app, &job) {
        Ok(false) => {}
        // That one comes later and leaves nothing of this one's either.
        Ok(true) => return Outcome::Done,
        Err(error) => return Outcome::Retry(error.to_string()),
    }
    // The changes that the index follows name whose memories they were.
    if !memory::taken_up(&app).await {
        return Outcome::Retry("the text index has not taken up all changes".into());
    }
    match scrub(&app, &Steps::default()).await {
        Ok(snapshot) => {
            tracing::info!(
                seq = snapshot.seq,
                "what was deleted is in no file any more but older snapshots and journal, which go within a day"
            );
            Outcome::Done
        }
        Err(error) => Outcome::Retry(error.to_string()),
    }
}

/// Whether another job of this kind waits that was queued after this one.
fn newer(app: &App, job: &Job) -> Result<bool> {
    let newest = app
        .store
        .read(|tx| app.jobs.list(tx, Some(&job.kind), None, 1))?;
    let waits = |other: &Job| other.id > job.id && other.state == State::Waiting;
    Ok(newest.first().is_some_and(waits))
}
