//! INDEX: everything that runs in the background, and when.
//!
//! | what | when |
//! |---|---|
//! | the text index follows the stored changes | at every change; its durable commit at most once a second |
//! | nightly backup | at `backup.at`; a missed one ten minutes after the start |
//! | check of everything stored | a minute after the start, and at `backup.at` |
//! | snapshots and retiring of old journal | looked at every 10 minutes |
//! | whether storage can write | every 5 seconds; tried again while it cannot |
//! | sweep: ended sign-ins, old idempotency keys, empty rate buckets, logs of finished answers | every 10 minutes |

use std::time::Duration;

use crate::app::App;
use crate::error::Result;
use crate::{auth, chat, memory, ops};

const SWEEP_EVERY: Duration = Duration::from_mins(10);

/// Starts all of it; it ends with the program.
pub fn start(app: &App) {
    follow(app);
    app.tasks.spawn(sweeping(app.clone()));
    app.tasks.spawn(ops::maintain(app.clone()));
    app.tasks.spawn(ops::watch_writing(app.clone()));
    app.tasks.spawn(ops::keep_checking(app.clone()));
    app.tasks.spawn(ops::nightly(app.clone()));
}

/// Starts only what keeps the derived indexes up: for a command that needs them while no server runs.
pub fn follow(app: &App) {
    let commits = memory::commits(app);
    app.tasks.spawn(memory::follow(app.clone(), commits));
}

async fn sweeping(app: App) {
    loop {
        tokio::select! {
            () = app.tasks.drain.cancelled() => return,
            () = app.clock.sleep(SWEEP_EVERY) => {}
        }
        if let Err(error) = sweep(&app).await {
            tracing::warn!(%error, "sweeping failed; trying again in ten minutes");
        }
    }
}

/// Removes what has run out.
pub async fn sweep(app: &App) -> Result<()> {
    app.rates.sweep();
    app.streams.sweep(&app.clock);
    app.metrics.run_upkeep();
    auth::sweep(app).await?;
    chat::sweep(app).await
}
