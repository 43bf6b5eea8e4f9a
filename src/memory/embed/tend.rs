//! Graphs of those who have very many vectors, made in the background.
//!
//! Must stay true: a graph only makes a search quicker; rows that were removed leave the files within a day.

use std::time::Duration;

use tokio::task::spawn_blocking;

use crate::app::App;
use crate::metrics;

const LOOK_EVERY: Duration = Duration::from_mins(1);
const TIDY_EVERY: Duration = Duration::from_hours(24);

/// Runs until the program stops.
pub async fn tend(app: App) {
    let mut tidied = app.clock.monotonic();
    loop {
        metrics::vectors_held(app.vectors.usage());
        tokio::select! {
            () = app.tasks.drain.cancelled() => return,
            () = app.clock.sleep(LOOK_EVERY) => {}
        }
        let now = app.clock.monotonic();
        if now.saturating_sub(tidied) >= TIDY_EVERY {
            tidied = now;
            tidy(&app).await;
        }
        while let Some(owner) = app.vectors.wants_graph() {
            if app.tasks.drain.is_cancelled() {
                return;
            }
            let vectors = app.vectors.clone();
            let built = spawn_blocking(move || vectors.build(owner)).await;
            metrics::vectors_held(app.vectors.usage());
            match built {
                Ok(Ok(built)) => tracing::debug!(?built, "a graph of vectors"),
                Ok(Err(error)) => {
                    tracing::warn!(%error, "a graph of vectors was not made or kept; searches look at each vector");
                    break;
                }
                Err(error) => {
                    tracing::error!(%error, "making a graph of vectors was cut off");
                    break;
                }
            }
        }
    }
}

/// Sees to it that removed rows leave the files.
pub async fn tidy(app: &App) {
    let vectors = app.vectors.clone();
    match spawn_blocking(move || vectors.tidy()).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => {
            tracing::warn!(%error, "files of vectors could not be tidied; trying again tomorrow");
        }
        Err(error) => tracing::error!(%error, "tidying files of vectors was cut off"),
    }
}
