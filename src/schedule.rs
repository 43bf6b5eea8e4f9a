//! INDEX: everything that runs in the background, and when.
//!
//! | what | when |
//! |---|---|
//! | the text index follows the stored changes | at every change; its durable commit at most once a second |
//! | sweep: ended sign-ins, old idempotency keys, empty rate buckets, logs of finished answers | every 10 minutes |

use std::time::Duration;

use crate::app::App;
use crate::error::Result;
use crate::{auth, chat, memory};

const SWEEP_EVERY: Duration = Duration::from_mins(10);

/// Starts all of it; it ends with the program.
pub fn start(app: &App) {
    let commits = memory::commits(app);
    app.tasks.spawn(memory::follow(app.clone(), commits));
    app.tasks.spawn(sweeping(app.clone()));
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
