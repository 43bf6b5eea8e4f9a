//! Writing an answer: the task that reads the model's stream, tells it to whoever follows, keeps it,
//! and ends the turn.
//!
//! Must stay true: the last event is told only after the end is stored; however it ends, the turn
//! ends; at most half a second of text is lost to a crash.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use storage::{Pending, Writing};
use uuid::Uuid;

use super::prompt::Context;
use super::store::{self, Author, Message, Status, Turn};
use super::{title, tokens, view};
use crate::app::App;
use crate::error::{Error, Result};
use crate::http::events::{Channel, EventLog};
use crate::memory::{self, Memory, Speaker};
use crate::metrics;
use crate::outside::{
    ChatMessage, ChatRequest, Finish, ModelError, ModelInfo, ModelStream, Piece, Purpose, Stats,
};

/// The text so far is kept this often, or when this much has come.
const KEEP_EVERY: Duration = Duration::from_millis(500);
const KEEP_BYTES: usize = 4096;
/// After storage failed, the end of an answer is tried again this often.
const STORE_AGAIN: Duration = Duration::from_secs(5);
/// So often the end is tried before the person is told that it cannot be stored yet.
const TRIES_IN_SILENCE: u32 = 3;
const READ_ONLY: &str = "storage_read_only";

/// What goes to the model.
pub type Ready = (ModelInfo, Vec<ChatMessage>, Context);

/// Whose turn it is and where its answer goes.
pub struct Job {
    pub user: Uuid,
    pub turn: Turn,
    pub question: String,
    pub message: Message,
    pub log: Arc<EventLog>,
    /// When the request came, on the monotonic clock.
    pub arrived: Duration,
    pub correlation_id: Option<String>,
    pub first_exchange: bool,
}

/// How a stream of pieces ended.
enum Ending {
    Finished(Stats),
    Stopped,
    ShutDown,
    Failed(ModelError),
}

/// Writes the answer with what goes to the model, or tells why there is no model.
pub async fn write(app: App, mut job: Job, ready: Result<Ready, ModelError>) {
    let model = ready.as_ref().ok().map(|(model, ..)| model.clone());
    let estimated = ready.as_ref().map_or(0, |(.., context)| context.used);
    let ending = match ready {
        // Whatever goes wrong in there, the turn must end.
        Ok((model, messages, _)) => AssertUnwindSafe(read_model(&app, &job, model, messages))
            .catch_unwind()
            .await
            .unwrap_or_else(|_| Ending::Failed(our_fault())),
        Err(problem) => Ending::Failed(problem),
    };
    let reported = if let Ending::Finished(stats) = &ending {
        Some(*stats)
    } else {
        None
    };
    let status = settle(&app, &mut job, ending).await;
    if let Some(stats) = reported {
        count(stats, estimated);
    }
    if let Some(model) = model.filter(|_| job.first_exchange && status == Status::Complete) {
        title::improve(
            &app,
            job.user,
            &job.turn,
            &model,
            (&job.question, &job.message.content),
        )
        .await;
    }
}

async fn read_model(app: &App, job: &Job, model: ModelInfo, messages: Vec<ChatMessage>) -> Ending {
    let request = ChatRequest {
        model,
        messages,
        max_tokens: None,
        person: job.user,
        purpose: Purpose::Answer,
        temperature: None,
        correlation_id: job.correlation_id.clone(),
    };
    let opened = tokio::select! {
        biased;
        () = job.log.stop.cancelled() => return Ending::Stopped,
        () = app.tasks.stop.cancelled() => return Ending::ShutDown,
        opened = app.models.chat(request) => opened,
    };
    match opened {
        Ok(stream) => follow_model(app, job, stream).await,
        Err(problem) => Ending::Failed(problem),
    }
}

async fn follow_model(app: &App, job: &Job, mut stream: ModelStream) -> Ending {
    let log = &job.log;
    let mut kept = (app.clock.monotonic(), 0);
    let mut keeping: Option<Pending<(), Error>> = None;
    let mut answered = false;
    loop {
        let piece = tokio::select! {
            biased;
            () = log.stop.cancelled() => return Ending::Stopped,
            () = app.tasks.stop.cancelled() => return Ending::ShutDown,
            piece = stream.next() => piece,
        };
        match piece {
            Some(Ok(Piece::Queued { position })) => log.push("queued", &view::Queued { position }),
            Some(Ok(Piece::Thinking(text))) => log.push_text(Channel::Thinking, &text),
            Some(Ok(Piece::Text(text))) => {
                if !answered {
                    answered = true;
                    metrics::first_token(app.clock.monotonic().saturating_sub(job.arrived));
                }
                log.push_text(Channel::Delta, &text);
            }
            Some(Ok(Piece::Done(stats))) => return Ending::Finished(stats),
            Some(Err(problem)) => return Ending::Failed(problem),
            // Every stream says how it ended before it ends; should one not, the answer is not whole.
            None => return Ending::ShutDown,
        }
        let now = app.clock.monotonic();
        let length = log.text_len();
        let due = now.saturating_sub(kept.0) >= KEEP_EVERY
            || length - kept.1 >= KEEP_BYTES.max(length / 8);
        // One at a time: a slow disk must not pile up copies of the text.
        let can = app.store.writing() == Writing::Possible;
        if length > kept.1 && due && can && keeping.as_mut().is_none_or(was_kept) {
            kept = (now, length);
            keeping = Some(keep(app, job));
        }
    }
}

/// Whether the text given last is stored by now; a failure is told to the log, the end of the turn
/// will store it again.
fn was_kept(keeping: &mut Pending<(), Error>) -> bool {
    match keeping.now_or_never() {
        None => false,
        Some(Ok(())) => true,
        Some(Err(error)) => {
            tracing::warn!(%error, "the text of an answer so far could not be kept");
            true
        }
    }
}

/// Stores the text so far, without waiting: the writer keeps the order, and the end of the turn is
/// stored after it.
fn keep(app: &App, job: &Job) -> Pending<(), Error> {
    let (user, session) = (job.user, job.turn.session);
    let message = Message {
        content: job.log.text(Channel::Delta),
        thinking: job.log.text(Channel::Thinking),
        ..job.message.clone()
    };
    app.store
        .write(move |tx| store::update_message(tx, user, session, &message))
}

/// Stores the end, then tells it.
async fn settle(app: &App, job: &mut Job, ending: Ending) -> Status {
    let latency_ms = u64::try_from(
        app.clock
            .monotonic()
            .saturating_sub(job.arrived)
            .as_millis(),
    )
    .unwrap_or(u64::MAX);
    let message = &mut job.message;
    message.content = job.log.text(Channel::Delta);
    message.thinking = job.log.text(Channel::Thinking);
    message.latency_ms = Some(latency_ms);
    let own_words = tokens::estimate(&job.question);
    let mut output = tokens::estimate(&message.content) + tokens::estimate(&message.thinking);
    let (status, reason, problem) = match ending {
        Ending::Finished(stats) => {
            message.prompt_tokens = stats.prompt_tokens;
            output = stats
                .output_tokens
                .map_or(output, |reported| reported as usize);
            let reason = match stats.finish {
                Finish::Stop => "stop",
                Finish::Length => "length",
            };
            (Status::Complete, Some(reason), None)
        }
        Ending::Stopped => (Status::Stopped, Some("stopped"), None),
        Ending::ShutDown => (Status::Interrupted, Some("interrupted"), None),
        // Text that came is worth keeping: what broke off in the middle can be continued.
        Ending::Failed(problem) if !message.content.is_empty() => {
            (Status::Interrupted, Some("interrupted"), Some(problem))
        }
        Ending::Failed(problem) => (Status::Failed, None, Some(problem)),
    };
    message.status = status;
    message.finish_reason = reason.map(str::to_owned);
    let tokens_used = u32::try_from(own_words + output).unwrap_or(u32::MAX);
    message.tokens_used = (status != Status::Failed).then_some(tokens_used);
    message.error = problem
        .as_ref()
        .map(|problem| (problem.code.to_owned(), problem.message.clone()));
    metrics::turn_ended(
        status.name(),
        problem.as_ref().map_or("", |problem| problem.code),
    );
    if let Some(problem) = &problem {
        // Without the sentence: it may hold the model server's words, and those the person's.
        tracing::warn!(turn_id = %job.turn.id, code = problem.code, "the answer failed");
    }

    end(app, job, tokens_used, latency_ms).await;
    status
}

/// Stores the end and tells it. A disk that refuses for a moment is waited for in silence; after that
/// the person is told, and the end is still stored when the disk works again, so that nothing that was
/// shown is lost and the conversation is not left waiting for an answer that has ended.
async fn end(app: &App, job: &Job, tokens_used: u32, latency_ms: u64) {
    let mut told = false;
    for tried in 1.. {
        let stored = store_end(app, job.user, &job.turn, &job.message).await;
        let passes = stored.as_ref().is_err_and(|e| e.code() == READ_ONLY);
        if !told && (!passes || tried >= TRIES_IN_SILENCE) {
            told = true;
            tell_end(app, job, &stored, tokens_used, latency_ms);
        }
        let Err(error) = stored else { return };
        tracing::error!(turn_id = %job.turn.id, %error, "the end of an answer could not be stored; trying again");
        tokio::select! {
            () = app.clock.sleep(STORE_AGAIN) => {}
            () = app.tasks.stop.cancelled() => {
                if !told {
                    tell_end(app, job, &Err(error), tokens_used, latency_ms);
                }
                return;
            }
        }
    }
}

fn our_fault() -> ModelError {
    let message = Error::internal("", "").message();
    ModelError {
        code: "internal",
        message,
        commands: Vec::new(),
    }
}

/// What was said becomes a memory, unless the person wanted this turn without.
pub fn remember(
    tx: &mut storage::WriteTx<'_>,
    user: Uuid,
    turn: &Turn,
    said: &Message,
) -> Result<()> {
    if !turn.use_memory || said.content.is_empty() {
        return Ok(());
    }
    let memory = Memory {
        session: turn.session,
        speaker: match said.author {
            Author::User => Speaker::User,
            Author::Assistant => Speaker::Assistant,
        },
        text: said.content.clone(),
        created_at: said.created_at,
    };
    memory::remember(tx, user, said.id, &memory)
}

async fn store_end(app: &App, user: Uuid, turn: &Turn, message: &Message) -> Result<()> {
    let (turn, message) = (turn.clone(), message.clone());
    let now = app.clock.now();
    app.store
        .write(move |tx| {
            if !store::end_turn(tx, user, &turn)? {
                return Ok(()); // the conversation was deleted meanwhile
            }
            store::update_message(tx, user, turn.session, &message)?;
            remember(tx, user, &turn, &message)?;
            let mut conversation = store::conversation(tx, user, turn.session)?;
            conversation.updated_at = now;
            store::put_conversation(tx, user, &conversation)
        })
        .await
}

fn tell_end(app: &App, job: &Job, stored: &Result<()>, tokens_used: u32, latency_ms: u64) {
    let message = &job.message;
    let failed = |error: String, code: &str| view::Failed {
        error,
        code: code.to_owned(),
        done: true,
    };
    if let Err(error) = stored {
        let told = if error.code() == READ_ONLY {
            failed(view::NOT_STORED_YET.into(), READ_ONLY)
        } else {
            failed(our_fault().message, "internal")
        };
        return job.log.finish(&app.clock, "error", &told);
    }
    if let Some((code, error)) = &message.error {
        return job
            .log
            .finish(&app.clock, "error", &failed(error.clone(), code));
    }
    if message.status == Status::Interrupted {
        return job.log.finish(
            &app.clock,
            "error",
            &failed(view::INTERRUPTED.into(), "interrupted"),
        );
    }
    let done = view::Done {
        content: "",
        done: true,
        session_id: job.turn.session,
        message_id: message.id,
        tokens_used,
        latency_ms,
        finish_reason: message.finish_reason.clone().unwrap_or_default(),
    };
    job.log.finish(&app.clock, "done", &done);
}

/// Counts what was reported, and notices a prompt that the server cut behind our back.
fn count(stats: Stats, estimated: usize) {
    let prompt = stats.prompt_tokens.unwrap_or(0);
    metrics::tokens(prompt, stats.output_tokens.unwrap_or(0));
    if prompt > 0 && (prompt as usize) * 2 < estimated {
        metrics::context_mismatch();
        tracing::warn!(
            reported = prompt,
            estimated,
            "the model server read far less than was sent: was the prompt cut?"
        );
    }
}
