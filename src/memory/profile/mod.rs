//! The profile: what is known of a person, in sentences that they can correct; what was so before; and what
//! Nova advised itself. And the part of it that goes into prompts.
//!
//! Must stay true: what a person states is theirs and never replaced by a model; in a prompt all of it is
//! quoted, dated, lower-trust data within a budget, and advice is advice.

mod block;
mod store;

use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::WriteTx;
use utoipa::ToSchema;
use uuid::Uuid;

pub use block::Known;
pub use store::{CATALOGUE, index, unindex};

use self::store::Part;
use super::row::{Kind, Memory, Speaker, Tier};
use super::view::{MemoryView, Views};
use super::{distil, remember, store as memories};
use crate::app::App;
use crate::auth::{Caller, MemoryRead, MemoryWrite};
use crate::billing::{self, Costly, Moment};
use crate::error::{Error, Result};
use crate::http::Json;
use crate::http::failure::Failure;

/// Reflections that are shown.
const ADVICE_SHOWN: usize = 20;
/// Facts that are shown, and facts that are over.
const FACTS_SHOWN: usize = 500;
const PAST_SHOWN: usize = 200;
/// Of what is so, so many of the person's own facts are thought of for a prompt, and so many others.
const THOUGHT_OF: usize = 200;
/// Longest fact that a person states, in bytes: it is to fit into prompts.
const LONGEST: usize = 1_000;

#[derive(Serialize, ToSchema)]
pub struct Profile {
    /// What is so, newest first; at most 500, those that the person stated, corrected or pinned before others.
    pub facts: Vec<MemoryView>,
    /// How many are so.
    pub facts_total: u64,
    /// What was so, what ended last first; at most 200.
    pub past: Vec<MemoryView>,
    /// How many were so.
    pub past_total: u64,
    /// What Nova advised itself, newest first; at most 20.
    pub advice: Vec<MemoryView>,
    /// When something of what is shown changed last.
    pub updated_at: Option<Timestamp>,
}

/// What is known of the caller. The list of memories has all of it: `kind=fact`.
#[utoipa::path(get, path = "/api/memory/profile", tag = "memory", responses((status = 200, body = Profile)))]
pub async fn read(State(app): State<App>, caller: Caller<MemoryRead>) -> Result<Json<Profile>> {
    let user = caller.id;
    app.store.read(|tx| {
        let mut facts = store::newest(tx, user, Part::Own, FACTS_SHOWN)?;
        let left = FACTS_SHOWN - facts.len();
        facts.extend(store::newest(tx, user, Part::Learned, left)?);
        let past = store::newest(tx, user, Part::Past, PAST_SHOWN)?;
        let mut advice = memories::latest_of_kind(tx, user, Kind::Reflection, ADVICE_SHOWN)?;
        newest_first(&mut facts);
        newest_first(&mut advice);
        let all = facts.iter().chain(&past).chain(&advice);
        let updated_at = all.filter_map(|(_, memory)| changed_at(memory)).max();
        let count = |part| store::count(tx, user, part);
        let views = Views::new(&app, tx, user);
        Ok(Json(Profile {
            facts: views.all(facts)?,
            facts_total: count(Part::Own)? + count(Part::Learned)?,
            past: views.all(past)?,
            past_total: count(Part::Past)?,
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
    (status = 201, body = MemoryView),
    (status = 422, body = Failure, description = "memory_text_empty, memory_text_too_long"),
    (status = 429, body = Failure, description = "quota_exceeded: there is no room; rate_limited")))]
pub async fn state(
    State(app): State<App>,
    Costly(caller): Costly<MemoryWrite>,
    Json(new): Json<NewFact>,
) -> Result<(StatusCode, Json<MemoryView>)> {
    let text = checked(&new.text)?;
    let (user, inside) = (caller.id, app.clone());
    let write = move |tx: &mut WriteTx<'_>| {
        caller.still(tx)?;
        let moment = Moment::now(&inside);
        billing::room_for(tx, moment, user, text.len() as u64)?;
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

/// What goes into a prompt of what is known of a person, in at most `most` tokens as `price` counts them.
pub fn known(app: &App, user: Uuid, most: usize, price: fn(&str) -> usize) -> Result<Known> {
    app.store.read(|tx| {
        // What the person stated, corrected or pinned comes first, however much else is known.
        let mut facts = store::newest(tx, user, Part::Own, THOUGHT_OF)?;
        facts.extend(store::newest(tx, user, Part::Learned, THOUGHT_OF)?);
        let mut advice = memories::latest_of_kind(tx, user, Kind::Reflection, block::ADVICE)?;
        newest_first(&mut advice);
        Ok(Known::new(&facts, &advice, (most, price)))
    })
}
