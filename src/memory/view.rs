//! A memory as it goes over the wire.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use storage::Read;

use super::recall::{Recalled, ScorePart};
use super::row::{DateMention, Kind, Memory, Speaker, Tier};
use super::{figures, store};
use crate::error::Result;

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MemoryView {
    pub id: Uuid,
    pub tier: Tier,
    pub kind: Kind,
    pub text: String,
    /// `user`, `assistant`, or a name.
    #[schema(value_type = String)]
    pub speaker: Speaker,
    pub session_id: Uuid,
    /// The name of a group that was stored by hand; conversations have titles of their own.
    pub session_key: Option<String>,
    pub created_at: Timestamp,
    /// When its owner corrected it.
    pub edited_at: Option<Timestamp>,
    pub tags: Vec<String>,
    pub pinned: bool,
    /// Promotion score, 0 to 1.
    pub importance: f32,
    pub promoted_at: Option<Timestamp>,
    /// How often answers were given it.
    pub times_used: u32,
    pub last_used_at: Option<Timestamp>,
    /// Words in it that name a time, and the days they meant then.
    pub dates: Vec<DateMention>,
    /// The turns that a fact, summary or reflection comes from.
    pub evidence: Vec<Uuid>,
    /// Since when it is no longer so, and what is so instead.
    pub ended_at: Option<Timestamp>,
    pub superseded_by: Option<Uuid>,
    /// An earlier memory with the same words.
    pub duplicate_of: Option<Uuid>,
}

impl MemoryView {
    pub fn of(tx: &impl Read, user: Uuid, id: Uuid, memory: Memory) -> Result<Self> {
        let used = store::used(tx, user, id)?;
        // What was forgotten since is not named any more.
        let there = |id: Option<Uuid>| match id {
            Some(id) => Ok::<_, crate::error::Error>(store::memory(tx, user, id)?.map(|_| id)),
            None => Ok(None),
        };
        let group = figures::group(tx, user, super::place::group_of(memory.place))?;
        Ok(Self {
            id,
            tier: memory.tier,
            kind: memory.kind,
            speaker: memory.speaker,
            session_id: memory.session,
            session_key: group.and_then(|group| group.key),
            created_at: memory.created_at,
            edited_at: memory.edited_at,
            tags: memory.tags,
            pinned: memory.pinned,
            importance: memory.importance,
            promoted_at: memory.promoted_at,
            times_used: used.map_or(0, |used| used.times),
            last_used_at: used.map(|used| used.last),
            dates: memory.dates,
            evidence: memory.evidence,
            ended_at: memory.ended_at,
            superseded_by: there(memory.superseded_by)?,
            duplicate_of: there(memory.duplicate_of)?,
            text: memory.text,
        })
    }
}

/// One finding of a search.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Found {
    #[serde(flatten)]
    pub memory: MemoryView,
    /// Comparable within one search only.
    pub score: f32,
    /// What the score is made of.
    pub parts: Vec<ScorePart>,
    /// Words of the query that occur in it.
    pub matched: Vec<String>,
}

impl Found {
    pub fn of(tx: &impl Read, user: Uuid, found: Recalled) -> Result<Self> {
        Ok(Self {
            memory: MemoryView::of(tx, user, found.id, found.memory)?,
            score: found.score,
            parts: found.parts,
            matched: found.matched,
        })
    }
}
