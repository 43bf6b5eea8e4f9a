//! The two jobs of a session: `memory.distil` (summary, then facts) and `memory.reflect`.
//!
//! Must stay true: a job may be cut off between any two steps and goes on after the last that was kept; what
//! is begun anew while it runs is planned anew; what stops it without its fault costs no try.

use storage::WriteTx;

use super::About;
use super::ask::{self, Given, Used};
use super::finish::{self, Finished};
use super::keep::{self, Doing};
use super::steps::{self, Next, Part};
use crate::app::App;
use crate::error::Result;
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
    let most = app.config.memory.facts_per_session;
    loop {
        let step = match app.store.read(|tx| steps::next(tx, about, part, most))? {
            Next::Ask(step) => step,
            Next::Nothing => return Ok(Outcome::Done),
            Next::Plan => {
                let plan = move |tx: &mut WriteTx<'_>| steps::plan(tx, about, part);
                app.store.write(plan).await?;
                continue;
            }
            Next::Finish => match finish::finish(app, doing).await? {
                Finished::Done => return Ok(Outcome::Done),
                // It was begun anew just now.
                Finished::NotYet => continue,
                Finished::Unusable => {
                    return Ok(Outcome::Fail(
                        "the model's answers could not be used; asked again another night".into(),
                    ));
                }
            },
        };
        if step.item.most == 0 || step.shown.is_empty() {
            let nothing = (Given::Claims(Vec::new()), Used::default());
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

/// Whether a kind of job is one of distilling.
pub fn is_ours(kind: &str) -> bool {
    super::ALONE.contains(&kind)
}
