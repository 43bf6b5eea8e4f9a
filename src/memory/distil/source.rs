//! What a model is shown of a session: turns, in the order in which they were said, numbered. Only what
//! was said; never what a model made of it.

use std::collections::HashSet;

use jiff::Timestamp;
use storage::Read;
use uuid::Uuid;

use crate::error::Result;
use crate::memory::place::position_of;
use crate::memory::row::{DateMention, Kind, Memory, Speaker};
use crate::memory::store;

/// Turns that one call is about.
pub const CHUNK: u32 = 20;
/// Chunks of facts that are asked for in one go; what is beyond waits for the next night.
pub const MOST_CHUNKS: u32 = 30;

/// A turn that may be cited.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    pub id: Uuid,
    pub position: u32,
    pub speaker: Speaker,
    pub text: String,
    pub created_at: Timestamp,
    pub dates: Vec<DateMention>,
    pub importance: f32,
}

impl Turn {
    fn of(id: Uuid, memory: Memory) -> Self {
        Self {
            id,
            position: position_of(memory.place),
            importance: memory.importance,
            speaker: memory.speaker,
            text: memory.text,
            created_at: memory.created_at,
            dates: memory.dates,
        }
    }
}

/// All that was said in a session, in order.
pub fn turns(tx: &impl Read, user: Uuid, session: Uuid) -> Result<Vec<Turn>> {
    let mut turns = Vec::new();
    for id in store::of_session(tx, user, session, usize::MAX)? {
        if let Some(memory) = store::memory(tx, user, id)?
            && matches!(memory.kind, Kind::Turn | Kind::Note)
        {
            turns.push(Turn::of(id, memory));
        }
    }
    turns.sort_by_key(|turn| turn.position);
    Ok(turns)
}

/// The most important ones, as many as one call is about, in order.
pub fn best(turns: &[Turn]) -> Vec<Turn> {
    let mut order: Vec<&Turn> = turns.iter().collect();
    order.sort_by(|a, b| {
        let better = b.importance.total_cmp(&a.importance);
        better.then(a.position.cmp(&b.position))
    });
    let kept: HashSet<u32> = order
        .iter()
        .take(CHUNK as usize)
        .map(|turn| turn.position)
        .collect();
    turns
        .iter()
        .filter(|turn| kept.contains(&turn.position))
        .cloned()
        .collect()
}

/// Those of one chunk, counted from `from`. Chunks go by position, so that forgetting moves none.
pub fn chunk(turns: &[Turn], from: u32, number: u32) -> Vec<Turn> {
    let begin = from.saturating_add(number.saturating_mul(CHUNK));
    let range = begin..begin.saturating_add(CHUNK);
    let inside = turns.iter().filter(|turn| range.contains(&turn.position));
    inside.cloned().collect()
}
