//! The profile: what is known of a person, in sentences that they can correct; what was so before; and what
//! Nova advised itself. And the part of it that goes into prompts.
//!
//! Must stay true: what a person states is theirs and never replaced by a model; in a prompt all of it is
//! quoted, dated, lower-trust data within a budget, and advice is advice.

mod block;

use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::WriteTx;
use utoipa::ToSchema;
use uuid::Uuid;

pub use block::Known;

use super::row::{Kind, Memory, Speaker, Tier};
use super::view::{MemoryView, Views};
use super::{distil, remember, store};
use crate::app::App;
use crate::auth::{self, Caller, MemoryRead, MemoryWrite};
use crate::billing::{self, Moment};
use crate::error::{Error, Result};
use crate::http::Json;
use crate::http::failure::Failure;

/// Reflections that are shown.
const ADVICE_SHOWN: usize = 20;
/// The latest facts that are thought of for a prompt.
const THOUGHT_OF: usize = 200;
/// Longest fact that a person states, in bytes: it is to fit into prompts.
const LONGEST: usize = 1_000;

#[derive(Serialize, ToSchema)]
pub struct Profile {
    /// What is so, newest first.
    pub facts: Vec<MemoryView>,
    /// What was so, with the time when it ended.
    pub past: Vec<MemoryView>,
    /// What Nova advised itself, newest first.
    pub advice: Vec<MemoryView>,
    pub updated_at: Option<Timestamp>,
}

/// What is known of the caller.
#[utoipa::path(get, path = "/api/memory/profile", tag = "memory", responses((status = 200, body = Profile)))]
pub async fn read(State(app): State<App>, caller: Caller<MemoryRead>) -> Result<Json<Profile>> {
    let user = caller.id;
    app.store.read(|tx| {
        let mut facts = store::of_kind(tx, user, Kind::Fact)?;
        let mut advice = store::latest_of_kind(tx, user, Kind::Reflection, ADVICE_SHOWN)?;
        newest_first(&mut facts);
        newest_first(&mut advice);
        let all = facts.iter().chain(&advice);
        let updated_at = all.filter_map(|(_, memory)| changed_at(memory)).max();
        let (past, facts): (Vec<_>, Vec<_>) = facts
            .into_iter()
            .partition(|(_, fact)| fact.ended_at.is_some());
        let views = Views::new(&app, tx, user);
        Ok(Json(Profile {
            facts: views.all(facts)?,
            past: views.all(past)?,
            advice: views.all(advice)?,
            updated_at,
        }))
    })
}

fn newest_first(memories: &mut [(Uuid, Memory)]) {
    memories.sort_by(|(a, one), (b, other)| {
        let newer = other.created_at.cmp(&one.created_at);
        newer.then(b.cmp(a))
    });
}

fn changed_at(memory: &Memory) -> Option<Timestamp> {
    let times = [Some(memory.created_at), memory.edited_at, memory.ended_at];
    times.into_iter().flatten().max()
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct NewFact {
    /// One sentence, as the person wants it known.
    pub text: String,
}

/// The caller states a fact about themselves. It is pinned, and no model replaces it.
#[utoipa::path(post, path = "/api/memory/profile", tag = "memory", request_body = NewFact, responses(
    (status = 201, body = MemoryView), (status = 422, body = Failure), (status = 429, body = Failure)))]
pub async fn state(
    State(app): State<App>,
    caller: Caller<MemoryWrite>,
    Json(new): Json<NewFact>,
) -> Result<(StatusCode, Json<MemoryView>)> {
    let text = checked(&new.text)?;
    let (user, inside) = (caller.id, app.clone());
    let write = move |tx: &mut WriteTx<'_>| {
        caller.still(tx)?;
        let moment = Moment::now(&inside);
        has_room(tx, moment, user, text.len())?;
        let id = inside.ids.next();
        let fact = Memory {
            kind: Kind::Fact,
            tier: Tier::Ltm,
            pinned: true,
            ..Memory::turn(id, Speaker::User, text.clone(), moment.now)
        };
        remember::remember(tx, moment, (user, id), &fact)?;
        distil::settle_stated(tx, moment, (user, id), &text)?;
        Ok::<_, Error>(id)
    };
    let id = app.store.write(write).await?;
    let view = app.store.read(|tx| Views::new(&app, tx, user).one(id))?;
    Ok((StatusCode::CREATED, Json(view)))
}

fn checked(text: &str) -> Result<String> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() {
        let message = "Write what is to be known of you.";
        return Err(Error::field("memory_text_empty", "text", message));
    }
    fits(&text)?;
    Ok(text)
}

/// Whether a fact is short enough.
///
/// # Errors
/// `memory_text_too_long`.
pub fn fits(text: &str) -> Result<()> {
    if text.len() > LONGEST {
        let message = format!("Use at most {LONGEST} bytes: it is to fit into prompts.");
        return Err(Error::field("memory_text_too_long", "text", message));
    }
    Ok(())
}

fn has_room(tx: &mut WriteTx<'_>, moment: Moment<'_>, user: Uuid, bytes: usize) -> Result<()> {
    let person = auth::user(tx, user)?.ok_or(Error::NotFound { what: "account" })?;
    let (fits, warning) = billing::can_remember(tx, moment, &person, bytes as u64)?;
    if !fits {
        return Err(Error::TooMany {
            code: "quota_exceeded",
            message: "There is no room for more memories. Forget something first.".into(),
            retry_after: 3_600,
            resets_at: None,
        });
    }
    match warning {
        Some(warning) => billing::warn(tx, moment, &person, &warning),
        None => Ok(()),
    }
}

/// What goes into a prompt of what is known of a person, in at most `most` tokens as `price` counts them.
pub fn known(app: &App, user: Uuid, most: usize, price: fn(&str) -> usize) -> Result<Known> {
    app.store.read(|tx| {
        let mut facts = store::latest_of_kind(tx, user, Kind::Fact, THOUGHT_OF)?;
        facts.retain(|(_, fact)| fact.ended_at.is_none());
        newest_first(&mut facts);
        // The sort is stable: what the person wrote or pinned comes first, each part newest first.
        facts.sort_by_key(|(_, fact)| !(fact.pinned || distil::own(fact)));
        let mut advice = store::latest_of_kind(tx, user, Kind::Reflection, block::ADVICE)?;
        newest_first(&mut advice);
        Ok(Known::new(&facts, &advice, (most, price)))
    })
}
