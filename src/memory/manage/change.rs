//! Correcting a memory, and putting it on another shelf.
//!
//! Must stay true: corrected words are found at once and the old ones no longer; what a model made of the old
//! ones goes; what the person says is so is not over; pinned memories are long-term ones; what its owner took
//! out of those stays out.

use axum::extract::State;
use jiff::Timestamp;
use serde::Deserialize;
use storage::WriteTx;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::auth::{Caller, MemoryWrite};
use crate::billing::{self, Moment};
use crate::error::{Error, Result};
use crate::http::failure::Failure;
use crate::http::{Json, Path};
use crate::memory::row::{Kind, Memory, Tier};
use crate::memory::view::{MemoryView, Views};
use crate::memory::{checked, follow, profile, remember};

/// What is to be different; what is not named stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct MemoryChange {
    /// 1 to 16384 bytes, of a fact 1000. New words of a memory that is over make it current again.
    pub text: Option<String>,
    /// At most 16, each of 1 to 40 characters.
    pub tags: Option<Vec<String>>,
    /// Pinned memories are long-term ones.
    pub pinned: Option<bool>,
    /// `itm` or `ltm`. One that is taken out of the long-term ones is not promoted again by itself.
    pub tier: Option<String>,
    /// True: it is so, also where something newer was taken to replace it. False: it is over since now.
    pub current: Option<bool>,
}

#[derive(Debug, Default)]
struct Edit {
    text: Option<String>,
    tags: Option<Vec<String>>,
    pinned: Option<bool>,
    tier: Option<Tier>,
    current: Option<bool>,
}

impl Edit {
    fn read(change: MemoryChange) -> Result<Self> {
        if let Some(text) = &change.text {
            checked::text(text)?;
        }
        let tier = change.tier.as_deref().map(checked::tier).transpose()?;
        if tier == Some(Tier::Itm) && change.pinned == Some(true) {
            let message = "A pinned memory is a long-term one.";
            return Err(Error::field("tier_invalid", "tier", message));
        }
        Ok(Self {
            tags: change.tags.as_deref().map(checked::tags).transpose()?,
            text: change.text,
            pinned: change.pinned,
            tier,
            current: change.current,
        })
    }

    /// A fact is to fit into prompts, whichever way it is written.
    fn fits(&self, memory: &Memory) -> Result<()> {
        match &self.text {
            Some(text) if memory.kind == Kind::Fact => profile::fits(text),
            _ => Ok(()),
        }
    }

    /// By how many bytes the text grows.
    fn grows(&self, memory: &Memory) -> u64 {
        let now = self.text.as_ref().map_or(0, String::len);
        now.saturating_sub(memory.text.len()) as u64
    }

    fn make(self, memory: &mut Memory, now: Timestamp) {
        if let Some(text) = self.text.filter(|text| *text != memory.text) {
            memory.text = text;
            memory.edited_at = Some(now);
            resume(memory);
            // What the person says themselves is never replaced by what a model says.
            if memory.kind == Kind::Fact && self.pinned.is_none() && self.tier.is_none() {
                pin_it(memory, now);
            }
        }
        if let Some(tags) = self.tags {
            memory.tags = tags;
        }
        match self.pinned {
            Some(true) => pin_it(memory, now),
            Some(false) => memory.pinned = false,
            None => {}
        }
        match self.tier {
            Some(Tier::Ltm) => lift(memory, now),
            Some(Tier::Itm) => {
                memory.tier = Tier::Itm;
                memory.promoted_at = None;
                memory.pinned = false;
                memory.kept_itm = true;
            }
            None => {}
        }
        match self.current {
            Some(true) => resume(memory),
            Some(false) if memory.ended_at.is_none() => memory.ended_at = Some(now),
            _ => {}
        }
    }
}

/// It is so again.
fn resume(memory: &mut Memory) {
    memory.ended_at = None;
    memory.superseded_by = None;
}

fn pin_it(memory: &mut Memory, now: Timestamp) {
    memory.pinned = true;
    lift(memory, now);
}

fn lift(memory: &mut Memory, now: Timestamp) {
    if memory.tier != Tier::Ltm {
        memory.tier = Tier::Ltm;
        memory.promoted_at = Some(now);
    }
    memory.kept_itm = false;
}

/// Corrects a memory. What cites it goes when its text changes, and is made again later; what is pinned of it
/// stays while the new words still say it. What it had taken the place of is current again, unless the new
/// words replace it, too.
#[utoipa::path(patch, path = "/api/memory/{id}", tag = "memory", params(("id" = Uuid, Path)), request_body = MemoryChange,
    responses((status = 200, body = MemoryView), (status = 404, body = Failure),
    (status = 422, body = Failure, description = "memory_text_empty, memory_text_too_long, tags_invalid, tier_invalid"),
    (status = 429, body = Failure, description = "quota_exceeded: it grows, and there is no room")))]
pub async fn change(
    State(app): State<App>,
    caller: Caller<MemoryWrite>,
    Path(id): Path<Uuid>,
    Json(change): Json<MemoryChange>,
) -> Result<Json<MemoryView>> {
    let edit = Edit::read(change)?;
    apply(app, caller, id, edit).await
}

/// Keeps a memory among the long-term ones.
#[utoipa::path(post, path = "/api/memory/{id}/promote", tag = "memory", params(("id" = Uuid, Path)),
    responses((status = 200, body = MemoryView), (status = 404, body = Failure)))]
pub async fn promote(
    State(app): State<App>,
    caller: Caller<MemoryWrite>,
    Path(id): Path<Uuid>,
) -> Result<Json<MemoryView>> {
    let edit = Edit {
        tier: Some(Tier::Ltm),
        ..Edit::default()
    };
    apply(app, caller, id, edit).await
}

/// Takes a memory out of the long-term ones, for good; it is no longer pinned.
#[utoipa::path(post, path = "/api/memory/{id}/demote", tag = "memory", params(("id" = Uuid, Path)),
    responses((status = 200, body = MemoryView), (status = 404, body = Failure)))]
pub async fn demote(
    State(app): State<App>,
    caller: Caller<MemoryWrite>,
    Path(id): Path<Uuid>,
) -> Result<Json<MemoryView>> {
    let edit = Edit {
        tier: Some(Tier::Itm),
        ..Edit::default()
    };
    apply(app, caller, id, edit).await
}

#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct Pin {
    /// True unless told.
    pub pinned: Option<bool>,
}

/// Pins a memory, or takes the pin away.
#[utoipa::path(post, path = "/api/memory/{id}/pin", tag = "memory", params(("id" = Uuid, Path)), request_body = Pin,
    responses((status = 200, body = MemoryView), (status = 404, body = Failure)))]
pub async fn pin(
    State(app): State<App>,
    caller: Caller<MemoryWrite>,
    Path(id): Path<Uuid>,
    Json(pin): Json<Pin>,
) -> Result<Json<MemoryView>> {
    let edit = Edit {
        pinned: Some(pin.pinned.unwrap_or(true)),
        ..Edit::default()
    };
    apply(app, caller, id, edit).await
}

async fn apply(
    app: App,
    caller: Caller<MemoryWrite>,
    id: Uuid,
    edit: Edit,
) -> Result<Json<MemoryView>> {
    let (user, inside) = (caller.id, app.clone());
    let corrects = edit.text.is_some();
    let write = move |tx: &mut WriteTx<'_>| {
        caller.still(tx)?;
        let moment = Moment::now(&inside);
        let before = remember::expect(tx, user, id)?;
        edit.fits(&before)?;
        let grows = edit.grows(&before);
        if grows > 0 {
            billing::room_for(tx, moment, user, grows)?;
        }
        remember::change(tx, moment, (user, id), |memory| {
            edit.make(memory, moment.now);
        })
    };
    app.store.write(write).await?;
    if corrects {
        // What is kept to tell answers again has the old words.
        app.streams.forget(user);
        follow::findable(&app).await;
    }
    app.store
        .read(|tx| Views::new(&app, tx, user).one(id))
        .map(Json)
}
