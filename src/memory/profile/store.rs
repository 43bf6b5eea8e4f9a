//! The table by which a person's facts are found without reading all of them: those that they state or
//! pinned, the others, and those that are over.
//!
//! Must stay true: it is written where facts are (`memory/store.rs`), in the same transaction.

use storage::{Read, Span, Table, TableInfo, WriteTx};
use uuid::Uuid;

use crate::error::Result;
use crate::memory::row::{Kind, Memory};
use crate::memory::{distil, store as memories};

const FACTS: Table<(Uuid, u32, u64, Uuid), ()> = Table::new("memory_profile");

#[rustfmt::skip]
pub const CATALOGUE: [TableInfo; 1] = [
    FACTS.info("memory", "user, part of the profile, time, fact", "(index)").by_user(),
];

/// A part of the profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What the person stated, corrected or pinned.
    Own,
    /// What else is so.
    Learned,
    /// What was so, by when it ended.
    Past,
}

impl Part {
    const fn number(self) -> u32 {
        match self {
            Self::Own => 0,
            Self::Learned => 1,
            Self::Past => 2,
        }
    }

    fn of(fact: &Memory) -> Self {
        if fact.ended_at.is_some() {
            Self::Past
        } else if fact.pinned || distil::own(fact) {
            Self::Own
        } else {
            Self::Learned
        }
    }

    fn key(self, (user, id): (Uuid, Uuid), fact: &Memory) -> (Uuid, u32, u64, Uuid) {
        let at = match self {
            Self::Own | Self::Learned => fact.created_at,
            Self::Past => fact.ended_at.unwrap_or(fact.created_at),
        };
        (user, self.number(), memories::millis(at), id)
    }
}

/// Notes where a memory stands in the profile, if it is a fact.
pub fn index(tx: &mut WriteTx<'_>, key: (Uuid, Uuid), memory: &Memory) -> Result<()> {
    if memory.kind == Kind::Fact {
        let part = Part::of(memory);
        tx.put(&FACTS, &part.key(key, memory), &())?;
    }
    Ok(())
}

/// Takes it out again, wherever it stood: what counts as the person's own may be told otherwise since.
pub fn unindex(tx: &mut WriteTx<'_>, key: (Uuid, Uuid), memory: &Memory) -> Result<()> {
    if memory.kind == Kind::Fact {
        for part in [Part::Own, Part::Learned, Part::Past] {
            tx.delete(&FACTS, &part.key(key, memory))?;
        }
    }
    Ok(())
}

/// Facts of a part, newest first, at most `limit`.
pub fn newest(tx: &impl Read, user: Uuid, part: Part, limit: usize) -> Result<Vec<(Uuid, Memory)>> {
    let span = Span::prefix(&(user, part.number())).rev();
    let mut found = Vec::new();
    for ((_, _, _, id), ()) in tx.scan(&FACTS, span, limit)? {
        let fact = memories::memory(tx, user, id)?;
        found.extend(fact.map(|fact| (id, fact)));
    }
    Ok(found)
}

pub fn count(tx: &impl Read, user: Uuid, part: Part) -> Result<u64> {
    Ok(tx.count(&FACTS, Span::prefix(&(user, part.number())))?)
}
