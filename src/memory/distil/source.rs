//! What a model is shown of a session: turns, in the order in which they were said, numbered. Only what
//! was said; never what a model made of it.
//!
//! Must stay true: which turns are shown is chosen by their signs, so that only the texts of those are read,
//! however long the session is.

use std::collections::HashSet;

use jiff::Timestamp;
use storage::Read;
use uuid::Uuid;

use crate::error::Result;
use crate::memory::place::{place, position_of};
use crate::memory::row::{DateMention, Kind, Memory, Speaker};
use crate::memory::signs::{Flags, Signs};
use crate::memory::{figures, store};

/// Turns that one call is about.
pub const CHUNK: u32 = 20;
/// Chunks of facts that are asked for in one go; what is beyond waits for the next night.
pub const MOST_CHUNKS: u32 = 30;
/// Positions of a session that are looked at in one go, the last ones.
const WINDOW: u32 = CHUNK * MOST_CHUNKS;

/// What is known of a turn without its text.
#[derive(Clone, Debug, PartialEq)]
pub struct Sign {
    id: Uuid,
    position: u32,
    pub speaker: Speaker,
    /// It ends in a question.
    pub asks: bool,
    importance: f32,
}

impl Sign {
    fn of(position: u32, signs: Signs) -> Self {
        Self {
            id: signs.id,
            position,
            asks: signs.flags.has(Flags::ENDS_IN_QUESTION),
            speaker: signs.voice,
            importance: signs.importance,
        }
    }
}

/// A turn that may be cited.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    pub id: Uuid,
    pub position: u32,
    pub speaker: Speaker,
    pub text: String,
    pub created_at: Timestamp,
    pub dates: Vec<DateMention>,
}

impl Turn {
    fn of(id: Uuid, memory: Memory) -> Self {
        Self {
            id,
            position: position_of(memory.place),
            speaker: memory.speaker,
            text: memory.text,
            created_at: memory.created_at,
            dates: memory.dates,
        }
    }
}

/// What was said in a session before position `until`, in order, as far back as is looked.
pub fn signs(tx: &impl Read, (user, session): (Uuid, Uuid), until: u32) -> Result<Vec<Sign>> {
    let Some(group) = figures::group_of_session(tx, user, session)? else {
        return Ok(Vec::new());
    };
    let mut all = Vec::new();
    for position in until.saturating_sub(WINDOW)..until {
        let signs = figures::signs(tx, user, place(group, position))?;
        let said = signs.filter(|signs| matches!(signs.kind, Kind::Turn | Kind::Note));
        all.extend(said.map(|signs| Sign::of(position, signs)));
    }
    Ok(all)
}

/// The most important ones, as many as one call is about, in order.
pub fn best(mut all: Vec<Sign>) -> Vec<Sign> {
    let mut order: Vec<&Sign> = all.iter().collect();
    order.sort_by(|a, b| {
        let better = b.importance.total_cmp(&a.importance);
        better.then(a.position.cmp(&b.position))
    });
    let best = order.into_iter().take(CHUNK as usize);
    let kept: HashSet<u32> = best.map(|sign| sign.position).collect();
    all.retain(|sign| kept.contains(&sign.position));
    all
}

/// Those of one chunk, counted from `from`. Chunks go by position, so that forgetting moves none.
pub fn chunk(all: &[Sign], from: u32, number: u32) -> Vec<Sign> {
    let begin = from.saturating_add(number.saturating_mul(CHUNK));
    let range = begin..begin.saturating_add(CHUNK);
    let inside = all.iter().filter(|sign| range.contains(&sign.position));
    inside.cloned().collect()
}

/// The turns themselves.
pub fn turns(tx: &impl Read, user: Uuid, chosen: &[Sign]) -> Result<Vec<Turn>> {
    let mut turns = Vec::with_capacity(chosen.len());
    for sign in chosen {
        let memory = store::memory(tx, user, sign.id)?;
        turns.extend(memory.map(|memory| Turn::of(sign.id, memory)));
    }
    Ok(turns)
}
