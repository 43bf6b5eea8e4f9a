//! Writing an answer: the task that reads the model's stream, tells it to whoever follows, has it kept,
//! and ends the turn.
//!
//! Must stay true: however it ends, the turn ends; at most half a second of text is lost to a crash; no
//! more is written than the person may use.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use uuid::Uuid;

use super::ending::{self, Ending};
use super::keep::Keeper;
use super::prompt::Context;
use super::store::{Message, Status, Turn};
use super::{title, view};
use crate::app::App;
use crate::billing::Hold;
use crate::http::events::{Channel, EventLog};
use crate::metrics;
use crate::outside::{
    ChatMessage, ChatRequest, Finish, ModelError, ModelInfo, ModelStream, Piece, ProviderKind,
    Purpose, Stats,
};

/// What goes to the model.
pub type Ready = (ModelInfo, Vec<ChatMessage>, Context);

/// Whose turn it is and where its answer goes.
pub struct Job {
    pub user: Uuid,
    pub turn: Turn,
    /// What the answer may take.
    pub hold: Hold,
    pub question: String,
    pub message: Message,
    pub log: Arc<EventLog>,
    /// When the request came, on the monotonic clock.
    pub arrived: Duration,
    pub correlation_id: Option<String>,
    pub first_exchange: bool,
}

/// Writes the answer with what goes to the model, or tells why there is no model.
pub async fn write(app: App, mut job: Job, ready: Result<Ready, ModelError>) {
    let model = ready.as_ref().ok().map(|(model, ..)| model.clone());
    let estimated = ready.as_ref().map_or(0, |(.., context)| context.used);
    let ending = match ready {
        // Whatever goes wrong in there, the turn must end.
        Ok(ready) => AssertUnwindSafe(read_model(&app, &job, ready))
            .catch_unwind()
            .await
            .unwrap_or_else(|_| Ending::Failed(ending::our_fault())),
        Err(problem) => Ending::Failed(problem),
    };
    let reported = ending.reported();
    let status = ending::settle(&app, &mut job, ending).await;
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

async fn read_model(app: &App, job: &Job, (model, messages, context): Ready) -> Ending {
    let most = most_tokens(&job.hold, &model, context);
    let request = ChatRequest {
        model,
        messages,
        max_tokens: most,
        person: job.user,
        purpose: Purpose::Answer,
        temperature: None,
        schema: None,
        correlation_id: job.correlation_id.clone(),
    };
    let opened = tokio::select! {
        biased;
        () = job.log.stop.cancelled() => return Ending::Stopped,
        () = app.tasks.stop.cancelled() => return Ending::ShutDown,
        opened = app.models.chat(request) => opened,
    };
    match opened {
        Ok(stream) => match follow_model(app, job, stream).await {
            Ending::Finished(stats) if met(most, stats) => Ending::FinishedAtLimit(stats),
            ending => ending,
        },
        Err(problem) => Ending::Failed(problem),
    }
}

/// What the model is told to write at most: what is left of the person's day. Some servers refuse a number
/// that prompt and window leave no room for; there the window ends the answer first.
fn most_tokens(hold: &Hold, model: &ModelInfo, context: Context) -> Option<u32> {
    let room = hold.room?;
    let window = context.limit.saturating_sub(context.used) as u64;
    if model.provider == ProviderKind::Openai && room >= window {
        return None;
    }
    // The servers' own numbers are signed.
    Some(u32::try_from(room.min(i32::MAX as u64)).unwrap_or(u32::MAX))
}

/// Whether the model ended because of what it was told, and not at the end of its window.
fn met(most: Option<u32>, stats: Stats) -> bool {
    let written = stats.output_tokens.filter(|tokens| *tokens > 0);
    let all = most.is_some_and(|most| written.is_none_or(|written| written >= most));
    stats.finish == Finish::Length && all
}

async fn follow_model(app: &App, job: &Job, mut stream: ModelStream) -> Ending {
    let log = &job.log;
    let mut keeper = Keeper::new(app, job.hold);
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
            Some(Ok(Piece::Thinking(text))) => {
                log.push_text(Channel::Thinking, &text);
                keeper.count(Channel::Thinking, &text);
            }
            Some(Ok(Piece::Text(text))) => {
                if !answered {
                    answered = true;
                    metrics::first_token(app.clock.monotonic().saturating_sub(job.arrived));
                }
                log.push_text(Channel::Delta, &text);
                keeper.count(Channel::Delta, &text);
            }
            Some(Ok(Piece::Done(stats))) => return Ending::Finished(stats),
            Some(Err(problem)) => return Ending::Failed(problem),
            // Every stream says how it ended before it ends; should one not, the answer is not whole.
            None => return Ending::ShutDown,
        }
        if keeper.used_up() {
            return Ending::UsedUp;
        }
        keeper.keep(app, job);
        tokio::select! {
            biased;
            () = log.stop.cancelled() => return Ending::Stopped,
            () = app.tasks.stop.cancelled() => return Ending::ShutDown,
            () = keeper.catch_up(app, job) => {}
        }
        if keeper.used_up() {
            return Ending::UsedUp;
        }
    }
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
