//! A memory as it goes over the wire.

use std::cell::RefCell;
use std::collections::HashMap;

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use storage::ReadTx;

use super::recall::{Recalled, ScorePart};
use super::row::{DateMention, Kind, Memory, Speaker, Tier};
use super::{figures, remember, store};
use crate::app::App;
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
    /// Of its conversation, or the `session_key` with which it was stored; null when there is none.
    pub session_title: Option<String>,
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

/// Makes views for one person, out of one state of what is stored.
pub struct Views<'a> {
    app: &'a App,
    tx: &'a ReadTx,
    user: Uuid,
    /// Conversations that were asked about.
    titles: RefCell<HashMap<Uuid, Option<String>>>,
}

impl<'a> Views<'a> {
    pub fn new(app: &'a App, tx: &'a ReadTx, user: Uuid) -> Self {
        Self {
            app,
            tx,
            user,
            titles: RefCell::default(),
        }
    }

    /// The memory with this id.
    ///
    /// # Errors
    /// Not found.
    pub fn one(&self, id: Uuid) -> Result<MemoryView> {
        self.memory(id, remember::expect(self.tx, self.user, id)?)
    }

    /// Those of these that are there.
    pub fn some(&self, ids: &[Uuid]) -> Result<Vec<MemoryView>> {
        let mut views = Vec::new();
        for id in ids {
            if let Some(memory) = store::memory(self.tx, self.user, *id)? {
                views.push(self.memory(*id, memory)?);
            }
        }
        Ok(views)
    }

    pub fn all(&self, memories: Vec<(Uuid, Memory)>) -> Result<Vec<MemoryView>> {
        let views = memories.into_iter();
        views.map(|(id, memory)| self.memory(id, memory)).collect()
    }

    pub fn memory(&self, id: Uuid, memory: Memory) -> Result<MemoryView> {
        let used = store::used(self.tx, self.user, id)?;
        Ok(MemoryView {
            id,
            tier: memory.tier,
            kind: memory.kind,
            session_id: memory.session,
            session_title: self.title(&memory)?,
            duplicate_of: self.duplicate_of(id, &memory)?,
            superseded_by: self.there(memory.superseded_by)?,
            speaker: memory.speaker,
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
            text: memory.text,
        })
    }

    pub fn found(&self, found: Recalled) -> Result<Found> {
        Ok(Found {
            memory: self.memory(found.id, found.memory)?,
            score: found.score,
            parts: found.parts,
            matched: found.matched,
        })
    }

    pub fn all_found(&self, found: Vec<Recalled>) -> Result<Vec<Found>> {
        found.into_iter().map(|found| self.found(found)).collect()
    }

    /// What its conversation is called, or the group that it was stored in.
    pub fn title(&self, memory: &Memory) -> Result<Option<String>> {
        if memory.kind == Kind::Note || memory.kind.derived() {
            return Ok(None);
        }
        self.session_title(memory.session)
    }

    /// What a conversation is called, or a group that was stored.
    pub fn session_title(&self, session: Uuid) -> Result<Option<String>> {
        if let Some(known) = self.titles.borrow().get(&session) {
            return Ok(known.clone());
        }
        let title = match figures::key_of(self.tx, self.user, session)? {
            Some(key) => Some(key),
            None => (self.app.conversations.title)(self.tx, self.user, session)?,
        };
        let mut titles = self.titles.borrow_mut();
        titles.insert(session, title.clone());
        Ok(title)
    }

    /// Whether it is a conversation that can be opened, neither a group that was stored nor one that is gone.
    pub fn is_conversation(&self, session: Uuid) -> Result<bool> {
        let title = (self.app.conversations.title)(self.tx, self.user, session)?;
        Ok(title.is_some())
    }

    /// What was forgotten since is not named any more.
    fn there(&self, id: Option<Uuid>) -> Result<Option<Uuid>> {
        let Some(id) = id else { return Ok(None) };
        let found = store::memory(self.tx, self.user, id)?;
        Ok(found.map(|_| id))
    }

    /// The earlier memory that says the same; the next one where that was forgotten or corrected since.
    fn duplicate_of(&self, id: Uuid, memory: &Memory) -> Result<Option<Uuid>> {
        if memory.duplicate_of.is_none() {
            return Ok(None);
        }
        figures::original(self.tx, (self.user, id), memory)
    }
}
