//! What a person forgot of what a model had made: it does not come back from the same turns.
//!
//! Must stay true: it is noted of turns that are there, and goes with them, and when they say something else;
//! no word of what was forgotten is kept, only the hashes that the turns' own signs have, too. What the
//! program removes by itself is not noted: that may be made again.

use std::collections::BTreeSet;

use storage::{Read, WriteTx};
use uuid::Uuid;

use super::store::{self, Unwanted};
use crate::error::Result;
use crate::memory::row::{Kind, Memory};
use crate::memory::signs::Sketch;
use crate::memory::store as memories;

/// What shares so much of its words with something forgotten is the same again.
const ALIKE: f64 = 0.5;

fn sketch(text: &str) -> Sketch {
    Sketch::of(&storage::analyse(text))
}

/// The person forgot a memory.
pub fn forgotten(tx: &mut WriteTx<'_>, (user, id): (Uuid, Uuid), memory: &Memory) -> Result<()> {
    if !memory.kind.derived() {
        return Ok(());
    }
    let unwanted = Unwanted {
        kind: memory.kind,
        sketch: sketch(&memory.text),
    };
    for turn in &memory.evidence {
        if memories::memory(tx, user, *turn)?.is_some() {
            store::put_unwanted(tx, (user, *turn, id), &unwanted)?;
        }
    }
    Ok(())
}

/// It was not the person who forgot this one.
pub fn wanted(tx: &mut WriteTx<'_>, (user, id): (Uuid, Uuid), memory: &Memory) -> Result<()> {
    for turn in &memory.evidence {
        store::remove_unwanted(tx, (user, *turn, id))?;
    }
    Ok(())
}

/// A turn is forgotten, or says something else now.
pub fn said_anew(tx: &mut WriteTx<'_>, user: Uuid, turn: Uuid) -> Result<()> {
    store::clear_unwanted(tx, user, turn)
}

/// Whether the person forgot this: a fact when one like it was made of one of these turns; a summary, or a
/// look back, when one was made of all of them, until the session has gone on.
pub fn is_unwanted(
    tx: &impl Read,
    user: Uuid,
    (kind, text): (Kind, &str),
    turns: &[Uuid],
) -> Result<bool> {
    let new = sketch(text);
    let mut of_all: Option<BTreeSet<Uuid>> = None;
    for turn in turns {
        let mut rows = store::unwanted(tx, user, *turn)?;
        rows.retain(|(_, row)| row.kind == kind);
        if kind == Kind::Fact {
            if rows
                .iter()
                .any(|(_, row)| row.sketch.likeness(&new) >= ALIKE)
            {
                return Ok(true);
            }
            continue;
        }
        let ids: BTreeSet<Uuid> = rows.into_iter().map(|(id, _)| id).collect();
        let both = match of_all {
            Some(before) => before.intersection(&ids).copied().collect(),
            None => ids,
        };
        if both.is_empty() {
            return Ok(false);
        }
        of_all = Some(both);
    }
    Ok(of_all.is_some())
}
