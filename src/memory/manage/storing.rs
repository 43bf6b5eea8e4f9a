//! Storing something by hand.
//!
//! Must stay true: it is asked whether there is room before anything is stored; what is stored with the same
//! key belongs together, in the order in which it comes.

use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::Deserialize;
use storage::WriteTx;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::MemoryWrite;
use crate::billing::{self, Costly, Moment};
use crate::error::Result;
use crate::http::Json;
use crate::http::failure::Failure;
use crate::memory::row::{Kind, Memory, Speaker, Tier};
use crate::memory::view::{MemoryView, Views};
use crate::memory::{checked, follow, remember};

#[derive(Debug, Deserialize, ToSchema)]
pub struct NewMemory {
    /// 1 to 16384 bytes.
    pub text: String,
    /// `user`, `assistant`, or a name of at most 64 characters; `user` unless told.
    pub speaker: Option<String>,
    /// What has the same key belongs together, in the order in which it is stored; at most 200 characters.
    pub session_key: Option<String>,
    /// When it was said, if not now.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub created_at: Option<Timestamp>,
    /// At most 16, each of 1 to 40 characters.
    pub tags: Option<Vec<String>>,
    /// `itm` or `ltm`; `itm` unless told.
    pub tier: Option<String>,
}

/// Stores a memory: a note, or with a `session_key` a turn of what belongs together.
#[utoipa::path(post, path = "/api/memory/store", tag = "memory", request_body = NewMemory, responses((status = 201, body = MemoryView),
    (status = 422, body = Failure, description = "memory_text_empty, memory_text_too_long, speaker_invalid, session_key_invalid, created_at_invalid, tags_invalid, tier_invalid"),
    (status = 429, body = Failure, description = "quota_exceeded: there is no room; rate_limited")))]
pub async fn store(
    State(app): State<App>,
    Costly(caller): Costly<MemoryWrite>,
    Json(new): Json<NewMemory>,
) -> Result<(StatusCode, Json<MemoryView>)> {
    let (user, now, id) = (caller.id, app.clock.now(), app.ids.next());
    checked::text(&new.text)?;
    let speaker = match &new.speaker {
        Some(name) => checked::speaker(name)?,
        None => Speaker::User,
    };
    let key = new.session_key.as_deref();
    let key = key.map(checked::session_key).transpose()?;
    let created_at = checked::created_at(new.created_at.unwrap_or(now), now)?;
    let session = key.as_ref().map_or(id, |key| checked::group_of(user, key));
    let tier = new.tier.as_deref().map(checked::tier).transpose()?;
    let tier = tier.unwrap_or_default();
    let memory = Memory {
        kind: if key.is_some() {
            Kind::Turn
        } else {
            Kind::Note
        },
        tier,
        promoted_at: (tier == Tier::Ltm).then_some(now),
        tags: checked::tags(new.tags.as_deref().unwrap_or_default())?,
        ..Memory::turn(session, speaker, new.text, created_at)
    };

    let inside = app.clone();
    let write = move |tx: &mut WriteTx<'_>| {
        caller.still(tx)?;
        let moment = Moment::now(&inside);
        billing::room_for(tx, moment, user, memory.text.len() as u64)?;
        remember::remember_in_group(tx, moment, (user, id), &memory, key.as_deref())
    };
    app.store.write(write).await?;
    follow::findable(&app).await;
    let view = app.store.read(|tx| Views::new(&app, tx, user).one(id))?;
    Ok((StatusCode::CREATED, Json(view)))
}
