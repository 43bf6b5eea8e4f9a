//! INDEX: everything that runs in the background, and when.
//!
//! | what | when |
//! |---|---|
//! | the text index follows the stored changes | at every change; its durable commit at most once a second |
//! | what memories mean is embedded | at every change, while nobody waits for an answer; a try that failed after 10 s, doubling up to 10 min |
//! | graphs of those who have very many vectors | looked at every minute; rows that were removed leave their files once a day |
//! | nightly backup | at `backup.at`; a missed one ten minutes after the start |
//! | check of everything stored | a minute after the start, and at `backup.at` |
//! | snapshots and retiring of old journal | looked at every 10 minutes |
//! | people's rate buckets are stored | five seconds after one changed, and at the end |
//! | whether storage can write | every 5 seconds; tried again while it cannot |
//! | the other service that people sign in with is asked for its description | at start, to warn when it cannot be used |
//! | jobs: mail, erasing accounts, asking Stripe, what is left of deleted conversations, promoting and distilling memories | when they are due; a try that failed is made again after 30 s, doubling up to 6 h |
//! | what subscriptions Stripe knows, with billing on | after every event of Stripe's; all of them once a day, a missed time ten minutes after the start |
//! | sweep: ended sign-ins, links, old security events, jobs and events of Stripe's, idempotency keys, empty rate buckets, logs of finished answers | every 10 minutes |
//! | conversations in which nothing was said for an hour end | with the sweep |
//! | ended conversations are distilled, one call after the other, while nobody waits for an answer | with the first sweep after `memory.distil_at` |
//! | people whose trial ends in two days are told, once | with the sweep |

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::app::App;
use crate::error::Result;
use crate::jobs::{Job, Outcome, Runner, Work};
use crate::{account, auth, billing, chat, memory, ops};

const SWEEP_EVERY: Duration = Duration::from_mins(10);

/// Starts all of it; it ends with the program.
pub fn start(app: &App) {
    follow(app);
    auth::greet_oidc(app);
    memory::greet_embedding(app);
    app.tasks.spawn(memory::keep_embedding(app.clone()));
    app.tasks.spawn(memory::tend_vectors(app.clone()));
    app.tasks.spawn(work_off(app).run());
    app.tasks.spawn(sweeping(app.clone()));
    app.tasks.spawn(billing::keep_rates(app.clone()));
    app.tasks.spawn(ops::maintain(app.clone()));
    app.tasks.spawn(ops::watch_writing(app.clone()));
    app.tasks.spawn(ops::keep_checking(app.clone()));
    app.tasks.spawn(ops::nightly(app.clone()));
    app.tasks.spawn(billing::keep_reconciling(app.clone()));
}

/// Every kind of job, and who does it.
fn kinds(app: &App) -> HashMap<&'static str, Work> {
    HashMap::from([
        ("auth.mail", work(app, auth::send_mail)),
        (account::ERASE, work(app, account::erase)),
        (billing::SYNC, work(app, billing::sync_job)),
        (billing::END, work(app, billing::end_job)),
        (account::SCRUB, work(app, ops::scrub_job)),
        (chat::REMOVE, work(app, chat::remove_job)),
        (memory::PROMOTE, work(app, memory::promote_job)),
        (memory::DISTIL, work(app, memory::distil_job)),
        (memory::REFLECT, work(app, memory::reflect_job)),
    ])
}

fn work<F>(app: &App, does: fn(App, Job) -> F) -> Work
where
    F: Future<Output = Outcome> + Send + 'static,
{
    let app = app.clone();
    Arc::new(move |job| Box::pin(does(app.clone(), job)))
}

/// What works off the queue of jobs.
fn work_off(app: &App) -> Runner {
    let tasks = app.tasks.clone();
    Runner {
        jobs: app.jobs.clone(),
        kinds: kinds(app),
        alone: &memory::ALONE,
        begin: Box::new(move |job| tasks.work(job)),
        drain: app.tasks.drain.clone(),
    }
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
    app.throttle.sweep();
    app.presence.sweep();
    app.briefly.sweep();
    app.streams.sweep(&app.clock);
    app.metrics.run_upkeep();
    app.jobs.sweep().await?;
    auth::sweep(app).await?;
    billing::sweep_rates(app).await?;
    billing::sweep_events(app).await?;
    billing::remind_of_trials(app).await?;
    chat::sweep(app).await?;
    memory::end_idle(app).await?;
    memory::nightly(app).await
}
