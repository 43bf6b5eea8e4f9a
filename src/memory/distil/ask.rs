//! Asking the model for one item: only while nobody waits for an answer, within today's budget, and with
//! one more try when what came is of the wrong form.
//!
//! Must stay true: it makes way at once for whoever asks something, for the end of the program and of the
//! account; no answer is read longer than it may be; nothing of it is logged.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use storage::ReadTx;
use uuid::Uuid;

use super::prompt::{self, Request};
use super::steps::Step;
use super::valid::Claim;
use super::{budget, reply};
use crate::app::App;
use crate::auth;
use crate::config::Distil;
use crate::error::Result;
use crate::jobs::Outcome;
use crate::outside::{
    ChatMessage, ChatRequest, ModelInfo, ModelStream, Piece, ProviderKind, Purpose, Role,
};

/// After somebody else had the model, it is looked again this soon.
const AFTER_OTHERS: SignedDuration = SignedDuration::from_mins(1);
/// Why nothing is asked for somebody who may not sign in.
const DISABLED: &str = "the account is disabled";
/// The longest that one call may take.
const LONGEST_CALL: Duration = Duration::from_mins(5);

/// What asking used.
#[derive(Clone, Copy, Debug, Default)]
pub struct Used {
    pub calls: u32,
    pub tokens: u64,
    pub millis: u64,
}

impl Used {
    pub fn and(self, calls: u32, tokens: u64, millis: u64) -> Self {
        Self {
            calls: self.calls.saturating_add(calls),
            tokens: self.tokens.saturating_add(tokens),
            millis: self.millis.saturating_add(millis),
        }
    }
}

/// What a step came to.
pub enum Given {
    Claims(Vec<Claim>),
    /// Twice nothing that could be read.
    Nothing,
    /// It was not asked to the end.
    Not(Outcome),
}

/// The model that may be asked now for this person, or what the job is to do instead.
pub async fn model(app: &App, person: Uuid) -> Result<std::result::Result<ModelInfo, Outcome>> {
    let hold = |why: &str| Ok(Err(Outcome::Hold(why.to_owned())));
    if app.config.memory.distil == Distil::Off {
        return hold("distilling is switched off");
    }
    if app.held() {
        return hold("this data is a copy that nobody adopted");
    }
    match app.store.read(|tx| auth::user(tx, person))? {
        None => return Ok(Err(Outcome::Fail("there is no such account".into()))),
        Some(account) if account.disabled => return hold(DISABLED),
        Some(_) => {}
    }
    let spent = |tx: &ReadTx| budget::used_up(app, tx, person, Used::default());
    if let Some(outcome) = app.store.read(spent)? {
        return Ok(Err(outcome));
    }
    let model = match app.models.resolve(None).await {
        Ok(model) => model,
        Err(problem) => return hold(problem.code),
    };
    if model.provider == ProviderKind::Demo && app.config.memory.distil != Distil::On {
        return hold("the demonstration model cannot do it");
    }
    if !app.models.idle() {
        return Ok(Err(make_way(app.clock.now())));
    }
    Ok(Ok(model))
}

fn make_way(now: Timestamp) -> Outcome {
    let at = now.checked_add(AFTER_OTHERS).unwrap_or(now);
    Outcome::Later(at, "somebody waits for an answer".into())
}

/// Asks for one item.
pub async fn item(app: &App, person: Uuid, model: &ModelInfo, step: &Step) -> (Given, Used) {
    // What is written must fit beside what is read.
    let written = prompt::MOST_WRITTEN.min(model.num_ctx / 4);
    let room = model.num_ctx.saturating_sub(written) as usize;
    let request = prompt::request(step.item, &step.shown, room);
    let (said, used) = once(app, person, model, (&request, written)).await;
    let error = match said.and_then(|said| read(step, &said)) {
        Ok(claims) => return (Given::Claims(claims), used),
        Err(Trouble::Stopped(outcome)) => return (Given::Not(outcome), used),
        Err(Trouble::Unusable(error)) => error,
    };
    match app.store.read(|tx| budget::used_up(app, tx, person, used)) {
        Ok(None) => {}
        Ok(Some(outcome)) => return (Given::Not(outcome), used),
        Err(error) => return (Given::Not(Outcome::Retry(error.to_string())), used),
    }
    let repair = request.again(error);
    let (said, more) = once(app, person, model, (&repair, written)).await;
    let used = used.and(more.calls, more.tokens, more.millis);
    match said.and_then(|said| read(step, &said)) {
        Ok(claims) => (Given::Claims(claims), used),
        Err(Trouble::Stopped(outcome)) => (Given::Not(outcome), used),
        Err(Trouble::Unusable(_)) => (Given::Nothing, used),
    }
}

enum Trouble {
    Stopped(Outcome),
    /// In words for the model.
    Unusable(&'static str),
}

fn read(step: &Step, said: &str) -> std::result::Result<Vec<Claim>, Trouble> {
    reply::read(step.item, said).map_err(Trouble::Unusable)
}

type Said = std::result::Result<String, Trouble>;

/// One call to its end, unless something stops it; what it used in any case.
async fn once(
    app: &App,
    person: Uuid,
    model: &ModelInfo,
    (request, written): (&Request, u32),
) -> (Said, Used) {
    let chat = ChatRequest {
        model: model.clone(),
        messages: vec![
            message(Role::System, &request.system),
            message(Role::User, &request.text),
        ],
        max_tokens: Some(written),
        person,
        purpose: Purpose::Background,
        temperature: Some(0.0),
        schema: Some(request.schema.clone()),
        correlation_id: None,
    };
    // An account that ends stops what is written for it, from here on.
    let call = app.ids.next();
    let log = app.streams.open(call, person);
    let account = app.store.read(|tx| auth::user(tx, person));
    if !account.is_ok_and(|account| account.is_some_and(|person| !person.disabled)) {
        app.streams.remove(call);
        let stopped = Trouble::Stopped(Outcome::Hold(DISABLED.into()));
        return (Err(stopped), Used::default());
    }
    let began = app.clock.monotonic();
    let mut hearing = Hearing::new(request, written);
    let said = tokio::select! {
        biased;
        () = app.tasks.drain.cancelled() => {
            Err(Trouble::Stopped(Outcome::Hold("the program ended".into())))
        }
        () = log.stop.cancelled() => {
            Err(Trouble::Stopped(Outcome::Hold(DISABLED.into())))
        }
        () = app.models.wanted() => Err(Trouble::Stopped(make_way(app.clock.now()))),
        heard = app.clock.timeout(LONGEST_CALL, hear(app, chat, &mut hearing)) => {
            heard.unwrap_or(Err(Trouble::Unusable("it took too long")))
        }
    };
    app.streams.remove(call);
    let took = app.clock.monotonic().saturating_sub(began);
    let used = Used {
        calls: 1,
        tokens: hearing.tokens(),
        millis: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
    };
    (said, used)
}

fn message(role: Role, content: &str) -> ChatMessage {
    ChatMessage {
        role,
        content: content.to_owned(),
    }
}

/// What was read of an answer so far.
struct Hearing {
    said: String,
    /// Our counts of what was read, and of what was written and thought.
    prompt: u64,
    written: usize,
    most: usize,
    reported: Option<u64>,
}

impl Hearing {
    fn new(request: &Request, most: u32) -> Self {
        Self {
            said: String::new(),
            prompt: request.tokens() as u64,
            written: 0,
            // A server need not keep to what it is told.
            most: most as usize * 4,
            reported: None,
        }
    }

    /// As the server reported, otherwise by our count; before the first word nothing was read as far as we
    /// know.
    fn tokens(&self) -> u64 {
        let counted = self.prompt + self.written as u64;
        let counted = if self.written > 0 { counted } else { 0 };
        self.reported.unwrap_or(counted)
    }

    fn too_long(&self) -> bool {
        self.written > self.most || self.said.len() > reply::LONGEST
    }
}

async fn hear(app: &App, chat: ChatRequest, hearing: &mut Hearing) -> Said {
    let stream = app.models.chat(chat).await;
    let mut stream: ModelStream = stream.map_err(|problem| away(problem.code))?;
    loop {
        match stream.next().await {
            Some(Ok(Piece::Text(text))) => {
                hearing.written += prompt::tokens(&text);
                hearing.said.push_str(&text);
            }
            Some(Ok(Piece::Thinking(text))) => hearing.written += prompt::tokens(&text),
            Some(Ok(Piece::Queued { .. })) => {}
            Some(Ok(Piece::Done(stats))) => {
                let read = stats.prompt_tokens.map_or(hearing.prompt, u64::from);
                let wrote = stats.output_tokens.map(u64::from);
                hearing.reported = Some(read + wrote.unwrap_or(hearing.written as u64));
                return Ok(std::mem::take(&mut hearing.said));
            }
            Some(Err(problem)) => return Err(away(problem.code)),
            None => return Err(away("model_stream_cut")),
        }
        if hearing.too_long() {
            return Err(Trouble::Unusable("it was too long"));
        }
    }
}

/// A model that cannot be reached is waited for; one that refuses is tried again with growing pauses.
fn away(code: &'static str) -> Trouble {
    let refuses = [
        "model_context_exceeded",
        "model_stream_cut",
        "model_stream_error",
        "model_failed",
        "model_unsupported",
    ];
    Trouble::Stopped(if refuses.contains(&code) {
        Outcome::Retry(code.to_owned())
    } else {
        Outcome::Hold(code.to_owned())
    })
}
