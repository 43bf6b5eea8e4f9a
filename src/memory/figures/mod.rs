//! What is counted of a person's memories: groups, places, words, tiers, weeks. Recall and promotion rest
//! on it, and the picture over time shows it.
//!
//! Must stay true: it changes in the transaction that changes the memories, by `add` and `take` alone, so
//! that it equals what counting all of them would give; what is forgotten leaves no word here. Two things are
//! of all that ever was, in numbers alone: what happened in each week, which stays, and what the person's
//! turns are like (`moments`), which is begun anew when nothing is left.

mod same;
mod store;

use jiff::Timestamp;
use storage::{Read, WriteTx};
use uuid::Uuid;

pub use same::original;
pub use store::{
    CATALOGUE, Counted, Group, Statistics, clear, count_all, count_from_the_first, counting,
    documents_with, erase, group, group_of_session, monday, names_in, places_after, put_counting,
    signs, signs_after, statistics, week_of, weeks,
};

use super::importance::{Features, Moments};
use super::place::{group_of, place};
use super::row::{Memory, Speaker, Tier};
use super::signs::Signs;
use super::tiers;
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
        statistics.groups += 1;
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

/// Counts a memory that is stored now, with what is known of it.
pub fn add(
    tx: &mut WriteTx<'_>,
    (user, id): (Uuid, Uuid),
    memory: &Memory,
    signs: &Signs,
) -> Result<()> {
    store::put_signs(tx, user, memory.place, signs)?;
    count(tx, (user, id), memory, 1)
}

/// Notes the day on which an answer was given a memory.
pub fn note_use(tx: &mut WriteTx<'_>, user: Uuid, place: u64, day: i32) -> Result<()> {
    if let Some(known) = store::signs(tx, user, place)? {
        let now = Signs {
            used: Some(day),
            ..known
        };
        store::put_signs(tx, user, place, &now)?;
    }
    Ok(())
}

/// How important a turn is among the person's; `learn` counts it among them first.
pub fn importance(
    tx: &mut WriteTx<'_>,
    user: Uuid,
    features: &Features,
    learn: bool,
) -> Result<f32> {
    let mut all = store::statistics(tx, user)?;
    if learn {
        all.moments.learn(features);
        store::put_statistics(tx, user, &all)?;
    }
    Ok(all.moments.score(features))
}

/// Takes a memory that is removed or replaced out of all that is counted.
pub fn take(tx: &mut WriteTx<'_>, (user, id): (Uuid, Uuid), memory: &Memory) -> Result<()> {
    store::delete_signs(tx, user, memory.place)?;
    count(tx, (user, id), memory, -1)
}

/// Ends a group of which nothing is left: its name is the person's words, too.
pub fn end_if_empty(tx: &mut WriteTx<'_>, user: Uuid, ordinal: u32) -> Result<()> {
    let group = store::group(tx, user, ordinal)?;
    if let Some(group) = group.filter(|group| group.memories == 0) {
        store::delete_group(tx, (user, ordinal), &group)?;
        let mut all = store::statistics(tx, user)?;
        all.groups = moved(all.groups, -1);
        if all.memories == 0 {
            all.moments = Moments::default();
        }
        store::put_statistics(tx, user, &all)?;
        tiers::gone(tx, (user, group.session))?;
    }
    Ok(())
}

/// The position that the next memory of a session gets; None when it has none.
pub fn next_position(tx: &impl Read, user: Uuid, session: Uuid) -> Result<Option<u32>> {
    let Some(ordinal) = store::group_of_session(tx, user, session)? else {
        return Ok(None);
    };
    let group = store::group(tx, user, ordinal)?;
    Ok(group.map(|group| group.next_position))
}

/// The name that the person gave to a group.
pub fn key_of(tx: &impl Read, user: Uuid, session: Uuid) -> Result<Option<String>> {
    let Some(ordinal) = store::group_of_session(tx, user, session)? else {
        return Ok(None);
    };
    Ok(store::group(tx, user, ordinal)?.and_then(|group| group.key))
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
    let mut all = store::statistics(tx, user)?;
    if let Some(mut group) = store::group(tx, user, ordinal)? {
        group.memories = moved(group.memories, by);
        group.length = moved(group.length, length);
        store::put_group(tx, (user, ordinal), &group)?;
    }
    if let Speaker::Named(name) = &memory.speaker {
        store::count_name(tx, (user, &mut all), name, by)?;
    }
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
