//! What is counted of a person's memories: groups, places, words, tiers, weeks. Recall and promotion rest
//! on it, and the picture over time shows it.
//!
//! Must stay true: it changes in the transaction that changes the memories, by `add` and `take` alone, so
//! that it always equals what counting all of them would give; what is forgotten leaves no word here.

mod same;
mod store;

use jiff::Timestamp;
use storage::WriteTx;
use uuid::Uuid;

pub use same::original;
pub use store::{
    CATALOGUE, Group, Statistics, clear, count_groups, erase, group, group_of_session, monday,
    statistics, week_of, weeks,
};

use super::place::{group_of, place};
use super::row::{Memory, Tier};
use crate::error::Result;

/// What happened to how many in a week.
#[derive(Clone, Copy, Debug)]
pub enum Happened {
    Added,
    Promoted,
    Forgotten,
}

/// Gives a memory its place: the next one of its group, which is begun when there is none. `key` is the name
/// that the person gave a group.
pub fn give_place(
    tx: &mut WriteTx<'_>,
    user: Uuid,
    (session, key): (Uuid, Option<&str>),
) -> Result<u64> {
    let known = store::group_of_session(tx, user, session)?;
    let ordinal = if let Some(ordinal) = known {
        ordinal
    } else {
        let mut statistics = store::statistics(tx, user)?;
        let ordinal = statistics.next_group;
        statistics.next_group += 1;
        store::put_statistics(tx, user, &statistics)?;
        store::put_group(tx, (user, ordinal), &Group::new(session, key))?;
        ordinal
    };
    let mut group = store::group(tx, user, ordinal)?.unwrap_or_else(|| Group::new(session, key));
    let position = group.next_position;
    group.next_position += 1;
    store::put_group(tx, (user, ordinal), &group)?;
    Ok(place(ordinal, position))
}

/// Counts a memory that is stored now.
pub fn add(tx: &mut WriteTx<'_>, (user, id): (Uuid, Uuid), memory: &Memory) -> Result<()> {
    store::put_place(tx, user, memory.place, id)?;
    count(tx, (user, id), memory, 1)
}

/// Takes a memory that is removed out of all that is counted; with its last one a group goes, for its name is
/// the person's words, too.
pub fn take(tx: &mut WriteTx<'_>, (user, id): (Uuid, Uuid), memory: &Memory) -> Result<()> {
    store::delete_place(tx, user, memory.place)?;
    count(tx, (user, id), memory, -1)?;
    let ordinal = group_of(memory.place);
    match store::group(tx, user, ordinal)? {
        Some(group) if group.memories == 0 => store::delete_group(tx, (user, ordinal), &group),
        _ => Ok(()),
    }
}

/// Counts what stands in a memory's place now instead of what stood there.
pub fn replace(
    tx: &mut WriteTx<'_>,
    (user, id): (Uuid, Uuid),
    (before, now): (&Memory, &Memory),
) -> Result<()> {
    count(tx, (user, id), before, -1)?;
    count(tx, (user, id), now, 1)
}

fn count(tx: &mut WriteTx<'_>, (user, id): (Uuid, Uuid), memory: &Memory, by: i64) -> Result<()> {
    let stems = storage::analyse(&memory.text);
    let length = by * i64::try_from(stems.len()).unwrap_or(0);
    match same::words(memory, &stems) {
        Some(words) if by > 0 => store::put_same(tx, user, words, id)?,
        Some(words) => store::delete_same(tx, user, words, id)?,
        None => {}
    }
    store::count_words(tx, user, stems, by)?;
    let ordinal = group_of(memory.place);
    if let Some(mut group) = store::group(tx, user, ordinal)? {
        group.memories = moved(group.memories, by);
        group.length = moved(group.length, length);
        store::put_group(tx, (user, ordinal), &group)?;
    }
    let mut all = store::statistics(tx, user)?;
    all.memories = moved(all.memories, by);
    all.length = moved(all.length, length);
    all.revision += 1;
    if memory.tier == Tier::Ltm {
        all.ltm = moved(all.ltm, by);
    }
    all.pinned = moved(all.pinned, by * i64::from(memory.pinned));
    all.superseded = moved(all.superseded, by * i64::from(memory.ended_at.is_some()));
    if let Some(of_kind) = all.by_kind.get_mut(memory.kind as usize) {
        *of_kind = moved(*of_kind, by);
    }
    store::put_statistics(tx, user, &all)
}

fn moved(count: u64, by: i64) -> u64 {
    count.saturating_add_signed(by)
}

/// Notes in the week of `at` what happened to so many, and by how many the long-term ones changed.
pub fn happened(
    tx: &mut WriteTx<'_>,
    (user, at): (Uuid, Timestamp),
    what: Happened,
    (count, ltm): (u32, i64),
) -> Result<()> {
    let number = store::week_of(at);
    let mut week = store::week(tx, user, number)?;
    let field = match what {
        Happened::Added => &mut week.added,
        Happened::Promoted => &mut week.promoted,
        Happened::Forgotten => &mut week.forgotten,
    };
    *field = field.saturating_add(count);
    week.ltm = week.ltm.saturating_add(ltm);
    store::put_week(tx, user, number, &week)
}
