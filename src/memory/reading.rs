//! What is found out about a memory when it is stored, and again when its words are corrected: dates that
//! were resolved, whether it was said before, how important it is, and its signs.
//!
//! Must stay true: no model is asked; the same memories in the same order lead to the same signs.

use jiff::tz::TimeZone;
use storage::WriteTx;
use uuid::Uuid;

use super::figures;
use super::place::position_of;
use super::row::Memory;
use super::signs::{self, Said, Signs};
use crate::error::Result;

/// Reads a memory whose place is known and whose earlier words are no longer counted. A `new` one is one
/// more from which is learnt what the person's turns are like.
pub fn read(
    tx: &mut WriteTx<'_>,
    (user, id): (Uuid, Uuid),
    memory: &mut Memory,
    new: bool,
) -> Result<Signs> {
    let previous = match position_of(memory.place) {
        0 => None,
        _ => figures::signs(tx, user, memory.place - 1)?,
    };
    let reading = signs::read(&Said {
        id,
        text: &memory.text,
        at: memory.created_at,
        zone: TimeZone::UTC,
        voice: memory.speaker.clone(),
        previous: previous.as_ref(),
    });
    memory.dates = reading.dates;
    memory.duplicate_of = figures::original(tx, (user, id), memory)?;
    if !memory.kind.derived() {
        let mut counts = Vec::with_capacity(reading.stems.len());
        for stem in &reading.stems {
            counts.push(figures::documents_with(tx, user, stem)?);
        }
        let documents = figures::statistics(tx, user)?.memories;
        let features = reading.features.with_counts(&counts, documents);
        memory.importance = figures::importance(tx, user, &features, new)?;
    }
    Ok(standing(reading.signs, memory))
}

/// The signs of a memory as it stands now.
pub fn standing(signs: Signs, memory: &Memory) -> Signs {
    Signs {
        voice: memory.speaker.clone(),
        at: memory.created_at.as_second(),
        importance: memory.importance,
        kind: memory.kind,
        tier: memory.tier,
        pinned: memory.pinned,
        ended: memory.ended_at.is_some(),
        ..signs
    }
}
