//! The two jobs of a session: `memory.distil` (summary, then facts) and `memory.reflect`.
//!
//! Must stay true: a job may be cut off between any two steps and goes on after the last that was kept;
//! what stops it without its fault costs no try.

use super::About;
use super::ask::{self, Given};
use super::keep::{self, Doing};
use super::steps::{self, Part};
use crate::app::App;
use crate::error::{Error, Result};
use crate::jobs::{Job, Outcome};

/// The kinds of jobs.
pub const DISTIL: &str = "memory.distil";
pub const REFLECT: &str = "memory.reflect";

/// Distils a session of the queue.
pub async fn distil(app: App, job: Job) -> Outcome {
    work(&app, &job, Part::Distil).await
}

/// Looks back at a session of the queue.
pub async fn reflect(app: App, job: Job) -> Outcome {
    work(&app, &job, Part::Reflect).await
}

async fn work(app: &App, job: &Job, part: Part) -> Outcome {
    let Ok(about) = serde_json::from_str::<About>(&job.payload) else {
        return Outcome::Fail("it does not say which session".into());
    };
    let doing = Doing {
        about,
        part,
        job: job.id,
    };
    match all_steps(app, doing).await {
        Ok(outcome) => outcome,
        Err(error) => Outcome::Retry(error.to_string()),
    }
}

async fn all_steps(app: &App, doing: Doing) -> Result<Outcome> {
    let Doing { about, part, job } = doing;
    if !begins(app, doing).await? {
        return Ok(Outcome::Done);
    }
    let most = app.config.memory.facts_per_session;
    loop {
        let step = app.store.read(|tx| steps::next(tx, about, part, most))?;
        let Some(step) = step else {
            return Ok(if keep::finish(app, doing).await? {
                Outcome::Done
            } else {
                Outcome::Fail(
                    "the model's answers could not be used; asked again another night".into(),
                )
            });
        };
        if step.item.most == 0 || step.shown.is_empty() {
            let nothing = (Given::Claims(Vec::new()), ask::Used::default());
            keep::step(app, doing, step, nothing).await?;
            continue;
        }
        let model = match ask::model(app, about.user).await? {
            Ok(model) => model,
            Err(outcome) => return Ok(outcome),
        };
        tracing::debug!(job = %job, "a model is asked for an item");
        let (given, used) = ask::item(app, about.user, &model, &step).await;
        if let Given::Not(outcome) = &given {
            let outcome = outcome.clone();
            keep::book(app, about, used).await?;
            return Ok(outcome);
        }
        keep::step(app, doing, step, (given, used)).await?;
    }
}

/// Plans the job's steps, once; false when its session does not wait any more.
async fn begins(app: &App, doing: Doing) -> Result<bool> {
    let plan = move |tx: &mut storage::WriteTx<'_>| steps::plan(tx, doing.about, doing.part);
    let planned: Result<bool, Error> = app.store.write(plan).await;
    planned
}

/// Whether a kind of job is one of distilling.
pub fn is_ours(kind: &str) -> bool {
    [DISTIL, REFLECT].contains(&kind)
}
