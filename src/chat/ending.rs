//! The end of an answer: what it came to is booked and stored, and then told.
//!
//! Must stay true: the last event is told only after the end is stored; what the turn used is booked in the
//! transaction that stores its end.

use std::time::Duration;

use uuid::Uuid;

use super::answer::Job;
use super::remembering::remember;
use super::store::{self, Message, Status, Turn};
use super::{tokens, view};
use crate::app::App;
use crate::auth;
use crate::billing::{self, Moment, Quota, QuotaWarning, Spent};
use crate::error::{Error, Result};
use crate::http::events::Channel;
use crate::memory;
use crate::metrics;
use crate::outside::{Finish, ModelError, Stats};

/// After storage failed, the end of an answer is tried again this often.
const STORE_AGAIN: Duration = Duration::from_secs(5);
/// So often the end is tried before the person is told that it cannot be stored yet.
const TRIES_IN_SILENCE: u32 = 3;
const READ_ONLY: &str = "storage_read_only";

/// How a stream of pieces ended.
pub enum Ending {
    Finished(Stats),
    /// The model wrote as much as it was told at most.
    FinishedAtLimit(Stats),
    /// We ended it: more was written than is left of the person's day.
    UsedUp,
    Stopped,
    ShutDown,
    Failed(ModelError),
}

impl Ending {
    /// What the model server counted.
    pub fn reported(&self) -> Option<Stats> {
        match self {
            Self::Finished(stats) | Self::FinishedAtLimit(stats) => Some(*stats),
            _ => None,
        }
    }

    fn status(&self, message: &Message) -> Status {
        match self {
            Self::Finished(_) | Self::FinishedAtLimit(_) | Self::UsedUp => Status::Complete,
            Self::Stopped => Status::Stopped,
            Self::ShutDown => Status::Interrupted,
            // Text that came is worth keeping: what broke off in the middle can be continued.
            Self::Failed(_) if !message.content.is_empty() => Status::Interrupted,
            Self::Failed(_) => Status::Failed,
        }
    }

    /// The word for it; none when it failed.
    fn reason(&self, status: Status) -> Option<&'static str> {
        match (self, status) {
            (_, Status::Failed) => None,
            (Self::FinishedAtLimit(_) | Self::UsedUp, _) => Some("quota"),
            (Self::Finished(report), _) => Some(match report.finish {
                Finish::Stop => "stop",
                Finish::Length => "length",
            }),
            (Self::Stopped, _) => Some("stopped"),
            (Self::ShutDown | Self::Failed(_), _) => Some("interrupted"),
        }
    }

    /// What it came to, by the server's report and our count of what is stored. What nobody got a word of
    /// costs nothing, unless the person ended it.
    fn spent(&self, message: &Message) -> Spent {
        let stats = self.reported();
        let came = !(message.content.is_empty() && message.thinking.is_empty());
        Spent {
            charged: came || stats.is_some() || matches!(self, Self::Stopped),
            prompt: stats.and_then(|stats| stats.prompt_tokens),
            output: stats.and_then(|stats| stats.output_tokens),
            counted: counted(message),
            whole: matches!(self, Self::Finished(_)),
        }
    }
}

/// Our count of what is stored of an answer.
pub fn counted(message: &Message) -> u64 {
    (tokens::estimate(&message.content) + tokens::estimate(&message.thinking)) as u64
}

/// Stores the end, then tells it.
pub async fn settle(app: &App, job: &mut Job, ending: Ending) -> Status {
    let took = app.clock.monotonic().saturating_sub(job.arrived);
    let message = &mut job.message;
    message.content = job.log.text(Channel::Delta);
    message.thinking = job.log.text(Channel::Thinking);
    message.latency_ms = Some(u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
    let status = ending.status(message);
    message.status = status;
    message.finish_reason = ending.reason(status).map(str::to_owned);
    message.prompt_tokens = ending.reported().and_then(|stats| stats.prompt_tokens);
    let spent = ending.spent(message);
    let problem = match ending {
        Ending::Failed(problem) => Some(problem),
        _ => None,
    };
    let code = problem.as_ref().map_or("", |problem| problem.code);
    metrics::turn_ended(status.name(), code);
    if problem.is_some() {
        // Without the sentence: it may hold the model server's words, and those the person's.
        tracing::warn!(turn_id = %job.turn.id, code, "the answer failed");
    }
    message.error = problem.map(|problem| (problem.code.to_owned(), problem.message));
    end(app, job, spent).await;
    status
}

/// Stores the end and tells it. A disk that refuses for a moment is waited for in silence; after that
/// the person is told, and the end is still stored when the disk works again, so that nothing that was
/// shown is lost and the conversation is not left waiting for an answer that has ended.
async fn end(app: &App, job: &Job, spent: Spent) {
    let mut told = false;
    for tried in 1.. {
        let stored = store_end(app, job.user, &job.turn, (&job.message, spent)).await;
        let passes = stored.as_ref().is_err_and(|e| e.code() == READ_ONLY);
        if !told && (!passes || tried >= TRIES_IN_SILENCE) {
            told = true;
            tell_end(app, job, &stored);
        }
        let Err(error) = stored else { return };
        tracing::error!(turn_id = %job.turn.id, %error, "the end of an answer could not be stored; trying again");
        tokio::select! {
            () = app.clock.sleep(STORE_AGAIN) => {}
            () = app.tasks.stop.cancelled() => {
                if !told {
                    tell_end(app, job, &Err(error));
                }
                return;
            }
        }
    }
}

pub fn our_fault() -> ModelError {
    let message = Error::internal("", "").message();
    ModelError {
        code: "internal",
        message,
        commands: Vec::new(),
    }
}

/// What is told of an end that is stored.
#[derive(Default)]
struct Stored {
    tokens_used: Option<u32>,
    warnings: Vec<QuotaWarning>,
    quota: Option<Quota>,
}

async fn store_end(
    app: &App,
    user: Uuid,
    turn: &Turn,
    (message, spent): (&Message, Spent),
) -> Result<Stored> {
    let (inside, turn, mut message) = (app.clone(), turn.clone(), message.clone());
    let stored = app.store.write(move |tx| {
        let moment = Moment::now(&inside);
        let charged = billing::settle(tx, moment, (user, turn.id), &spent)?;
        message.tokens_used = charged.tokens.map(|n| u32::try_from(n).unwrap_or(u32::MAX));
        let mut stored = Stored {
            tokens_used: message.tokens_used,
            warnings: charged.warnings,
            quota: None,
        };
        if store::end_turn(tx, user, &turn)? {
            store::update_message(tx, user, turn.session, &message)?;
            stored
                .warnings
                .extend(remember(tx, moment, (user, &turn), &message)?);
            let mut conversation = store::conversation(tx, user, turn.session)?;
            conversation.updated_at = moment.now;
            store::put_conversation(tx, user, &conversation)?;
            if conversation.ended_at.is_some() {
                // It was ended while Nova answered: the answer belongs to it, too.
                memory::session_ended(tx, moment, (user, turn.session))?;
            }
        } // otherwise the conversation was deleted meanwhile
        if let Some(person) = auth::user(tx, user)? {
            stored.quota = Some(billing::quota(&inside.config, tx, &person, moment.now)?);
        }
        Ok(stored)
    });
    stored.await
}

fn tell_end(app: &App, job: &Job, stored: &Result<Stored>) {
    let message = &job.message;
    let failed = |error: String, code: &str| {
        let told = view::Failed {
            error,
            code: code.to_owned(),
            done: true,
        };
        job.log.finish(&app.clock, "error", &told);
    };
    let stored = match stored {
        Ok(stored) => stored,
        Err(error) if error.code() == READ_ONLY => {
            return failed(view::NOT_STORED_YET.into(), READ_ONLY);
        }
        Err(_) => return failed(our_fault().message, "internal"),
    };
    for warning in &stored.warnings {
        job.log.push("quota", warning);
    }
    if let Some((code, error)) = &message.error {
        return failed(error.clone(), code);
    }
    if message.status == Status::Interrupted {
        return failed(view::INTERRUPTED.into(), "interrupted");
    }
    let done = view::Done {
        content: "",
        done: true,
        session_id: job.turn.session,
        message_id: message.id,
        tokens_used: stored.tokens_used.unwrap_or(0),
        latency_ms: message.latency_ms.unwrap_or(0),
        finish_reason: message.finish_reason.clone().unwrap_or_default(),
        quota: stored.quota.clone(),
    };
    job.log.finish(&app.clock, "done", &done);
}
