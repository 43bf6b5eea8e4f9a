//! Beginning a turn: from what was asked to a stored question, a stored empty answer, and a task that
//! fills it.
//!
//! Must stay true: whoever gets a turn back can close the connection; everything is stored already.

use std::sync::Arc;

use uuid::Uuid;

use super::admit::{self, Admission};
use super::answer::{self, Job, Ready};
use super::ask::{Ask, Question};
use super::attempts::{self, Attempt};
use super::spot::{Spot, find_spot};
use super::store::{self, Author, Conversation, Message, Status, Turn};
use super::{given, tokens, view};
use crate::app::App;
use crate::auth::{Caller, ChatWrite};
use crate::billing::Moment;
use crate::error::{Error, Result};
use crate::http::events::EventLog;
use crate::memory::UsedMemory;
use crate::metrics;
use crate::outside::{ModelError, ModelInfo};

/// A turn that has begun, or had begun before.
pub struct Begun {
    pub turn: Turn,
    /// None when its events are no longer kept.
    pub log: Option<Arc<EventLog>>,
}

/// Begins a turn, whether or not the client waits for it.
pub async fn begin(app: &App, caller: &Caller<ChatWrite>, ask: Ask) -> Result<Begun> {
    let (running, caller) = (app.clone(), caller.clone());
    app.tasks
        .to_the_end(async move { prepare(&running, caller, ask).await })
        .await
}

async fn prepare(app: &App, caller: Caller<ChatWrite>, ask: Ask) -> Result<Begun> {
    let user = caller.id;
    let arrived = app.clock.monotonic();
    if app.tasks.drain.is_cancelled() {
        let message = "NovaCore is shutting down. Send it again in a moment.".into();
        return Err(Error::Unavailable {
            code: "shutting_down",
            message,
        });
    }
    if let Some(begun) = already_begun(app, user, &ask)? {
        return Ok(begun);
    }
    let now = app.clock.now();
    let spot = app.store.read(|tx| find_spot(tx, app, user, &ask, now))?;
    let uses_memory = ask.use_memory && spot.conversation.use_memory;
    let (ready, memories) = match choose_model(app, &spot, &ask).await? {
        Ok(model) => {
            let prompt = given::put_together(app, model, (user, &spot), (uses_memory, now));
            let (ready, memories) = prompt.await?;
            (Ok(ready), memories)
        }
        Err(problem) => (Err(problem), Vec::new()),
    };

    let mut plan = Plan::new(app, spot, &ask, memories, ready.as_ref().ok());
    let log = app.streams.open(plan.turn.id, user);
    let admitted = match store_beginning(app, caller, plan.clone()).await {
        Ok(Admission::New(admitted)) => admitted,
        Ok(Admission::Before(turn)) => {
            app.streams.remove(plan.turn.id);
            return Ok(Begun {
                log: app.streams.get(turn.id),
                turn,
            });
        }
        Err(error) => {
            app.streams.remove(plan.turn.id);
            return Err(error);
        }
    };
    plan.turn = admitted.turn;

    let kept = plan;
    log.push("start", &start_event(app, user, &kept, &ready));
    if let Some(warning) = &admitted.warning {
        log.push("quota", warning);
    }
    metrics::turn_started();
    let job = Job {
        user,
        first_exchange: kept.is_first_exchange(),
        turn: kept.turn.clone(),
        hold: admitted.hold,
        question: kept.text,
        message: kept.answer,
        log: Arc::clone(&log),
        arrived,
        correlation_id: ask.correlation_id,
    };
    app.tasks.work(answer::write(app.clone(), job, ready));
    Ok(Begun {
        turn: kept.turn,
        log: Some(log),
    })
}

/// The transaction that admits the turn.
async fn store_beginning(app: &App, caller: Caller<ChatWrite>, plan: Plan) -> Result<Admission> {
    let inside = app.clone();
    let stored = app.store.write(move |tx| {
        caller.still(tx)?;
        admit::commit(tx, Moment::now(&inside), caller.id, plan)
    });
    stored.await
}

/// Everything that a turn's first transaction writes.
#[derive(Clone)]
pub(super) struct Plan {
    pub turn: Turn,
    pub conversation: Conversation,
    pub new: bool,
    pub question: Option<Message>,
    pub answer: Message,
    pub attempt: Option<(String, Attempt)>,
    pub text: String,
    /// Whether the question goes at the end of the conversation, which must not have moved on.
    pub at_the_end: bool,
    /// The conversation's newest message when it was read.
    pub newest_before: Option<Uuid>,
    /// Tokens of the person's own words, by our count.
    pub input: u64,
    /// Tokens of what we add to them.
    pub context: u64,
}

impl Plan {
    fn new(
        app: &App,
        spot: Spot,
        ask: &Ask,
        memories: Vec<UsedMemory>,
        ready: Option<&Ready>,
    ) -> Self {
        let now = app.clock.now();
        let turn_id = app.ids.next();
        let depth = spot.history.first().map_or(0, |message| message.depth + 1);
        let newest_before = spot.conversation.newest;
        let blank = |author, parent, content: &str, status| Message {
            id: app.ids.next(),
            turn: turn_id,
            depth: depth + u32::from(author == Author::Assistant),
            parent,
            author,
            content: content.to_owned(),
            thinking: String::new(),
            created_at: now,
            status,
            finish_reason: None,
            model: None,
            tokens_used: None,
            prompt_tokens: None,
            latency_ms: None,
            error: None,
            memories: Vec::new(),
        };
        let question = spot
            .existing
            .is_none()
            .then(|| blank(Author::User, spot.parent, &spot.text, Status::Complete));
        let user_message = question
            .as_ref()
            .map(|q| q.id)
            .or(spot.existing)
            .unwrap_or(turn_id);
        let answer = Message {
            model: ready.map(|(model, ..)| model.name.clone()),
            memories,
            ..blank(Author::Assistant, Some(user_message), "", Status::Streaming)
        };
        let conversation = Conversation {
            newest: Some(answer.id),
            updated_at: now,
            ended_at: None,
            model: ask.model.clone().or(spot.conversation.model),
            ..spot.conversation
        };
        let turn = Turn {
            id: turn_id,
            session: conversation.id,
            user_message,
            answer: answer.id,
            use_memory: ask.use_memory,
            memory_full: false,
        };
        let input = tokens::estimate(&spot.text);
        let prompt = ready.map_or(0, |(.., context)| context.used);
        let attempt = ask.key.clone();
        let attempt = attempt.map(|(key, print)| (key, Attempt::new(turn_id, print, now)));
        Self {
            turn,
            conversation,
            new: spot.new,
            question,
            answer,
            attempt,
            text: spot.text,
            at_the_end: matches!(ask.question, Question::New { .. }),
            newest_before,
            input: input as u64,
            context: prompt.saturating_sub(input) as u64,
        }
    }

    /// Whether a better title may be asked for after this turn.
    fn is_first_exchange(&self) -> bool {
        let opening = self
            .question
            .as_ref()
            .is_some_and(|question| question.parent.is_none());
        opening && self.conversation.title_is_first_words
    }
}

/// The turn that this idempotency key began before.
fn already_begun(app: &App, user: Uuid, ask: &Ask) -> Result<Option<Begun>> {
    let Some((key, fingerprint)) = &ask.key else {
        return Ok(None);
    };
    let now = app.clock.now();
    app.store.read(|tx| {
        let Some(attempt) = attempts::get(tx, user, key, now)? else {
            return Ok(None);
        };
        same_question(&attempt, fingerprint)?;
        let turn = store::begun(tx, user, attempt.turn)?;
        Ok(turn.map(|turn| Begun {
            log: app.streams.get(turn.id),
            turn,
        }))
    })
}

pub(super) fn same_question(attempt: &Attempt, fingerprint: &[u8; 32]) -> Result<()> {
    if attempt.fingerprint == *fingerprint {
        return Ok(());
    }
    Err(Error::conflict(
        "idempotency_key_reused",
        "This Idempotency-Key was used for another message.",
    ))
}

/// The model for this turn. A name that this request asked for and nobody knows is the caller's
/// mistake; every other problem is told in the turn, whose question is stored first.
async fn choose_model(app: &App, spot: &Spot, ask: &Ask) -> Result<Result<ModelInfo, ModelError>> {
    let wanted = ask.model.as_deref().or(spot.conversation.model.as_deref());
    match app.models.resolve(wanted).await {
        Err(problem) if ask.model.is_some() && problem.code == "model_not_found" => {
            Err(Error::field("model_unknown", "model", problem.message))
        }
        resolved => Ok(resolved),
    }
}

fn start_event(
    app: &App,
    user: Uuid,
    plan: &Plan,
    ready: &Result<Ready, ModelError>,
) -> view::Start {
    let memories = &plan.answer.memories;
    let memories = app.store.read(|tx| view::memories(tx, user, memories));
    view::Start {
        session_id: plan.turn.session,
        turn_id: plan.turn.id,
        user_message_id: plan.turn.user_message,
        message_id: plan.turn.answer,
        model: plan.answer.model.clone(),
        memories: memories.unwrap_or_else(|error| {
            tracing::error!(%error, "the memories of an answer cannot be read");
            Vec::new()
        }),
        context: ready.as_ref().ok().map(|(.., context)| *context),
    }
}
