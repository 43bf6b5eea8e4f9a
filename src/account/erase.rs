//! The job that removes everything of a person whose account was deleted.
//!
//! Must stay true: it may be cut off anywhere and run again; each step is bounded, so that others can
//! write in between; the account's own row goes last, in the transaction that found nothing else left,
//! so that an account that is gone has left nothing. After it the data's files are rewritten, by a job
//! that names nobody.

use serde::{Deserialize, Serialize};
use serde_json::json;
use storage::WriteTx;
use uuid::Uuid;

use super::feedback;
use crate::app::App;
use crate::auth::{self, Actor, Event, User, What};
use crate::error::{Error, Result};
use crate::jobs::{Job, Outcome};
use crate::{billing, chat, memory};

/// The kind of job.
pub const KIND: &str = "account.erase";
/// The kind of job, done by `ops`, that rewrites the data's files without what was removed.
pub const SCRUB: &str = "ops.scrub";

/// Rows removed in one transaction.
const STEP: usize = 500;

/// Whose account is to be erased.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Erasure {
    pub user: Uuid,
    /// The administrator who deleted it; none when its owner did.
    by: Option<Uuid>,
}

impl Erasure {
    pub fn of(user: Uuid) -> Self {
        Self { user, by: None }
    }

    pub fn by(self, administrator: Uuid) -> Self {
        Self {
            by: Some(administrator),
            ..self
        }
    }
}

/// Erases an account of the queue.
pub async fn erase(app: App, job: Job) -> Outcome {
    let Ok(erasure) = serde_json::from_str::<Erasure>(&job.payload) else {
        return Outcome::Fail("it does not say whose account".into());
    };
    match run(&app, &job, &erasure).await {
        Ok(()) => Outcome::Done,
        Err(error) => Outcome::Retry(error.to_string()),
    }
}

async fn run(app: &App, job: &Job, erasure: &Erasure) -> Result<()> {
    let id = erasure.user;
    let Some(user) = app.store.read(|tx| auth::erasing(tx, id))? else {
        // Done before, and cut off before that was recorded.
        return Ok(());
    };
    app.streams.stop(id);
    auth::erase_traces(app, &user).await?;
    billing::leave(app, id).await?;
    while step(app, &user, None).await? > 0 {}
    // With the account's row the address goes.
    auth::say_goodbye(app, job, id).await;
    while step(app, &user, Some(erasure.clone())).await? > 0 {}
    memory::forget_cached(app, id)?;
    // What is kept in memory to tell answers again.
    app.streams.forget(id);
    tracing::info!("an account was erased; the data's files are rewritten next");
    Ok(())
}

/// One transaction: removes some rows and says how many; when there are none any more, the account itself
/// where `last` says who deleted it.
async fn step(app: &App, user: &User, last: Option<Erasure>) -> Result<usize> {
    let (inside, user) = (app.clone(), user.clone());
    let step = move |tx: &mut WriteTx<'_>| {
        let erased = erase_some(tx, &user)?;
        if let Some(erasure) = last.filter(|_| erased == 0) {
            finish(&inside, tx, &user, &erasure)?;
        }
        Ok::<_, Error>(erased)
    };
    app.store.write(step).await
}

/// Removes some rows of the person's from every slice; how many, none when nothing is left.
fn erase_some(tx: &mut WriteTx<'_>, user: &User) -> Result<usize> {
    let mut erased = chat::erase(tx, user.id, STEP)?;
    for eraser in [
        memory::erase,
        feedback::erase,
        billing::erase_ledger,
        billing::erase_quota,
        billing::erase_rates,
        billing::erase_trial,
        billing::erase_customers,
        billing::unname_events,
    ] {
        if erased < STEP {
            erased += eraser(tx, user.id, STEP - erased)?;
        }
    }
    if erased < STEP {
        erased += auth::erase(tx, user, STEP - erased)?;
    }
    Ok(erased)
}

/// Removes the account, and the jobs about it, this one included.
fn finish(app: &App, tx: &mut WriteTx<'_>, user: &User, erasure: &Erasure) -> Result<()> {
    for job in app.jobs.list(tx, None, None, usize::MAX)? {
        if names(&job, user) {
            app.jobs.remove(tx, &job)?;
        }
    }
    auth::finish_erasing(tx, user)?;
    let (actor, words) = match erasure.by {
        Some(id) => (Actor::Administrator(id), "by an administrator"),
        None => (Actor::Nobody, "by its owner"),
    };
    Event::new(app, What::AccountDeleted, actor)
        .detail(words)
        .record(tx)?;
    app.jobs.add(tx, SCRUB, &json!({}))?;
    Ok(())
}

/// Whether a job is about the person, or says their address, as a refused mail does.
fn names(job: &Job, user: &User) -> bool {
    let (id, email) = (user.id.to_string(), user.email.to_lowercase());
    let said = job.last_error.as_deref().unwrap_or_default().to_lowercase();
    job.payload.contains(&id) || said.contains(&email)
}
