//! The lines of an exported file: what is written, and what is read again.
//!
//! Must stay true: what is written can be read, and comes to the same here, but for ids and for what is told
//! by comparison with all that the person said (importance of what was said, and what was said twice); fields
//! that are not known are passed over.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::memory::checked;
use crate::memory::row::{Kind, Memory, Speaker, Tier};

/// Of the format.
pub const VERSION: u64 = 1;

/// Memories that one can cite. What is said again and again is merged into one fact, which cites all of it.
const EVIDENCE: usize = 200;

/// The first line.
#[derive(Serialize)]
pub struct Header {
    r#type: &'static str,
    version: u64,
    exported_at: Timestamp,
    memories: u64,
}

impl Header {
    pub fn new(exported_at: Timestamp, memories: u64) -> Self {
        Self {
            r#type: "header",
            version: VERSION,
            exported_at,
            memories,
        }
    }
}

/// A line that is written.
#[derive(Serialize)]
pub struct Written<'a> {
    r#type: &'static str,
    id: Uuid,
    kind: Kind,
    text: &'a str,
    speaker: &'a Speaker,
    /// What belongs together has the same; null for what stands alone.
    session_key: Option<&'a str>,
    created_at: Timestamp,
    tags: &'a [String],
    tier: Tier,
    pinned: bool,
    kept_itm: bool,
    importance: f32,
    evidence: &'a [Uuid],
    ended_at: Option<Timestamp>,
    superseded_by: Option<Uuid>,
    edited_at: Option<Timestamp>,
}

impl<'a> Written<'a> {
    pub fn of(id: Uuid, memory: &'a Memory, session_key: Option<&'a str>) -> Self {
        Self {
            r#type: "memory",
            id,
            kind: memory.kind,
            text: &memory.text,
            speaker: &memory.speaker,
            session_key,
            created_at: memory.created_at,
            tags: &memory.tags,
            tier: memory.tier,
            pinned: memory.pinned,
            kept_itm: memory.kept_itm,
            importance: memory.importance,
            evidence: &memory.evidence,
            ended_at: memory.ended_at,
            superseded_by: memory.superseded_by,
            edited_at: memory.edited_at,
        }
    }
}

/// A line that is read; only the text must be there.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Line {
    pub r#type: Option<String>,
    pub version: Option<u64>,
    pub id: Option<Uuid>,
    kind: Option<Kind>,
    text: Option<String>,
    speaker: Option<String>,
    session_key: Option<String>,
    created_at: Option<Timestamp>,
    tags: Option<Vec<String>>,
    tier: Option<String>,
    pinned: Option<bool>,
    kept_itm: Option<bool>,
    /// Of what a model wrote. That of what was said is told anew when it is stored.
    importance: Option<f32>,
    evidence: Option<Vec<Uuid>>,
    ended_at: Option<Timestamp>,
    pub superseded_by: Option<Uuid>,
    edited_at: Option<Timestamp>,
}

/// What a line says is to be remembered.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub key: Option<String>,
    /// Its session and its place are still to be found; its evidence are ids of the file's.
    pub memory: Memory,
    /// By what it is known again.
    pub id: Option<Uuid>,
    pub print: Uuid,
    pub superseded_by: Option<Uuid>,
}

impl Line {
    /// # Errors
    /// What is wrong with it, as when it is stored by hand.
    pub fn read(self, now: Timestamp) -> Result<Wanted> {
        let text = self.text.unwrap_or_default();
        checked::imported_text(&text)?;
        let speaker = match &self.speaker {
            Some(name) => checked::speaker(name)?,
            None => Speaker::User,
        };
        let key = self.session_key.as_deref();
        let key = key.map(checked::session_key).transpose()?;
        let kind = self.kind.unwrap_or(match key {
            Some(_) => Kind::Turn,
            None => Kind::Note,
        });
        // Only what was said belongs together.
        let key = key.filter(|_| kind == Kind::Turn);
        let created_at = checked::created_at(self.created_at.unwrap_or(now), now)?;
        let pinned = self.pinned.unwrap_or(false);
        let tier = match &self.tier {
            _ if pinned => Tier::Ltm,
            Some(tier) => checked::tier(tier)?,
            None if kind.derived() => Tier::Ltm,
            None => Tier::Itm,
        };
        let importance = self
            .importance
            .filter(|it| it.is_finite() && kind.derived());
        let print = checked::print(
            key.as_deref().unwrap_or_default(),
            self.created_at,
            (&speaker, &text),
        );
        let memory = Memory {
            kind,
            tier,
            pinned,
            kept_itm: tier == Tier::Itm && self.kept_itm.unwrap_or(false),
            promoted_at: (tier == Tier::Ltm).then_some(now),
            tags: checked::tags(self.tags.as_deref().unwrap_or_default())?,
            importance: importance.unwrap_or(0.0).clamp(0.0, 1.0),
            evidence: evidence(kind, self.evidence.unwrap_or_default())?,
            ended_at: self.ended_at,
            edited_at: self.edited_at,
            origins: self.id.into_iter().chain([print]).collect(),
            ..Memory::turn(Uuid::nil(), speaker, text, created_at)
        };
        Ok(Wanted {
            key,
            memory,
            id: self.id,
            print,
            superseded_by: self.superseded_by,
        })
    }
}

/// What a derived memory cites, each once; only a derived one cites anything.
fn evidence(kind: Kind, cited: Vec<Uuid>) -> Result<Vec<Uuid>> {
    if !kind.derived() {
        return Ok(Vec::new());
    }
    let mut each: Vec<Uuid> = Vec::new();
    for id in cited {
        if each.contains(&id) {
            continue;
        }
        if each.len() == EVIDENCE {
            let message = format!("A memory cites at most {EVIDENCE} others.");
            return Err(Error::field("evidence_too_many", "evidence", message));
        }
        each.push(id);
    }
    Ok(each)
}
