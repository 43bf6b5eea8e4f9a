//! Remembering, changing and forgetting: the only ways in which what is stored of memories changes.
//!
//! Must stay true: rows, what is counted of them, the bytes in the ledger and the feed of the derived
//! indexes change in one transaction; what is derived from a memory goes when that is forgotten or
//! corrected, because it may say what must not be said any more; no model is asked.

use storage::{Read, WriteTx};
use uuid::Uuid;

use super::figures::{self, Counted, Happened};
use super::place::group_of;
use super::row::{Memory, Tier};
use super::{distil, embed, reading, store, tiers};
use crate::billing::{Moment, book_memory};
use crate::error::{Error, Result};

/// What forgetting came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    pub memories: u64,
    /// Of these, so many because they cited others.
    pub derived: u64,
    pub bytes: i64,
}

/// Stores a memory; the same id again replaces it. What it adds to the bytes that are remembered is booked.
pub fn remember(
    tx: &mut WriteTx<'_>,
    moment: Moment<'_>,
    (user, id): (Uuid, Uuid),
    memory: &Memory,
) -> Result<()> {
    remember_in_group(tx, moment, (user, id), memory, None)
}

/// The same for a memory of a group that the person named.
pub fn remember_in_group(
    tx: &mut WriteTx<'_>,
    moment: Moment<'_>,
    (user, id): (Uuid, Uuid),
    memory: &Memory,
    group: Option<&str>,
) -> Result<()> {
    let before = store::memory(tx, user, id)?;
    let mut memory = memory.clone();
    let old = if let Some(before) = &before {
        memory.place = before.place;
        let derived = drop_derived(tx, moment, (user, id))?;
        figures::take(tx, (user, id), before)?;
        before.bytes() + derived
    } else {
        memory.place = figures::give_place(tx, user, (memory.session, group))?;
        let ltm = i64::from(memory.tier == Tier::Ltm);
        let at = memory.created_at;
        figures::happened(tx, (user, at), Happened::Added, (1, ltm))?;
        0
    };
    let signs = reading::read(tx, (user, id), &mut memory, before.is_none())?;
    store::put(tx, (user, id), before.as_ref(), &memory)?;
    figures::add(tx, (user, id), &memory, &signs)?;
    if before.is_none_or(|before| before.text != memory.text) {
        embed::want(tx, user, memory.place)?;
    }
    if group.is_some() {
        tiers::stored_by_hand(tx, (user, memory.session), moment.now)?;
    }
    book_memory(tx, moment, (user, id), memory.bytes() - old)
}

/// Changes a memory by `edit`. When its text changes, what was derived from it goes. None when it is not
/// there or not theirs.
pub fn change(
    tx: &mut WriteTx<'_>,
    moment: Moment<'_>,
    (user, id): (Uuid, Uuid),
    edit: impl FnOnce(&mut Memory),
) -> Result<Option<Memory>> {
    let Some(before) = store::memory(tx, user, id)? else {
        return Ok(None);
    };
    let mut memory = before.clone();
    edit(&mut memory);
    memory.place = before.place;
    let derived = if memory.text == before.text {
        0
    } else {
        drop_derived(tx, moment, (user, id))?
    };
    let known = figures::signs(tx, user, before.place)?;
    let known = known.filter(|_| memory.text == before.text);
    figures::take(tx, (user, id), &before)?;
    let signs = match known {
        Some(known) => reading::standing(known, &memory),
        None => reading::read(tx, (user, id), &mut memory, false)?,
    };
    store::put(tx, (user, id), Some(&before), &memory)?;
    figures::add(tx, (user, id), &memory, &signs)?;
    if memory.text != before.text {
        embed::want(tx, user, memory.place)?;
    }
    let moved = i64::from(memory.tier == Tier::Ltm) - i64::from(before.tier == Tier::Ltm);
    if moved != 0 {
        let promoted = u32::from(moved > 0);
        figures::happened(
            tx,
            (user, moment.now),
            Happened::Promoted,
            (promoted, moved),
        )?;
    }
    let grown = memory.bytes() - before.bytes() - derived;
    book_memory(tx, moment, (user, id), grown)?;
    Ok(Some(memory))
}

/// Forgets one memory and what was derived from it; None when it is not there or not theirs.
pub fn forget_one(
    tx: &mut WriteTx<'_>,
    moment: Moment<'_>,
    user: Uuid,
    id: Uuid,
) -> Result<Option<Forgotten>> {
    let forgotten = forget(tx, moment, (user, id), &[id])?;
    Ok((forgotten.memories > 0).then_some(forgotten))
}

/// Forgets everything that was said in one conversation, and what was derived from it.
pub fn forget_session(
    tx: &mut WriteTx<'_>,
    moment: Moment<'_>,
    user: Uuid,
    session: Uuid,
) -> Result<Forgotten> {
    let ids = store::of_session(tx, user, session, usize::MAX)?;
    forget(tx, moment, (user, session), &ids)
}

/// Forgets these memories and what was derived from them; those that are not there are passed over.
/// `source` is what the ledger's row names.
pub fn forget(
    tx: &mut WriteTx<'_>,
    moment: Moment<'_>,
    (user, source): (Uuid, Uuid),
    ids: &[Uuid],
) -> Result<Forgotten> {
    let mut forgotten = Forgotten::default();
    let mut ltm = 0;
    for id in ids {
        let (derived, derived_ltm) = remove_derived(tx, user, *id)?;
        ltm += derived_ltm;
        forgotten.memories += derived.memories;
        forgotten.derived += derived.memories;
        forgotten.bytes += derived.bytes;
        if let Some(memory) = remove(tx, user, *id)? {
            distil::forgotten(tx, (user, *id), &memory)?;
            ltm += i64::from(memory.tier == Tier::Ltm);
            forgotten.memories += 1;
            forgotten.bytes += memory.bytes();
        }
    }
    if forgotten.memories > 0 {
        let count = u32::try_from(forgotten.memories).unwrap_or(u32::MAX);
        figures::happened(tx, (user, moment.now), Happened::Forgotten, (count, -ltm))?;
        book_memory(tx, moment, (user, source), -forgotten.bytes)?;
    }
    Ok(forgotten)
}

/// Removes what cites a memory that is not forgotten itself; the bytes that it took.
fn drop_derived(tx: &mut WriteTx<'_>, moment: Moment<'_>, (user, id): (Uuid, Uuid)) -> Result<i64> {
    let (removed, ltm) = remove_derived(tx, user, id)?;
    if removed.memories > 0 {
        let count = u32::try_from(removed.memories).unwrap_or(u32::MAX);
        figures::happened(tx, (user, moment.now), Happened::Forgotten, (count, -ltm))?;
    }
    Ok(removed.bytes)
}

/// Removes what cites a memory: a model wrote it, and it may say what is to be forgotten. What the person
/// wrote or corrected themselves stays; it only cites one less. Also says how many were long-term ones.
fn remove_derived(tx: &mut WriteTx<'_>, user: Uuid, id: Uuid) -> Result<(Forgotten, i64)> {
    distil::said_anew(tx, user, id)?;
    let (mut removed, mut ltm) = (Forgotten::default(), 0);
    for derived in store::citing(tx, user, id)? {
        let Some(memory) = store::memory(tx, user, derived)? else {
            continue;
        };
        if memory.edited_at.is_some() {
            let mut kept = memory.clone();
            kept.evidence.retain(|turn| *turn != id);
            store::put(tx, (user, derived), Some(&memory), &kept)?;
            continue;
        }
        distil::again(tx, (user, &memory.evidence))?;
        remove(tx, user, derived)?;
        ltm += i64::from(memory.tier == Tier::Ltm);
        removed.memories += 1;
        removed.bytes += memory.bytes();
    }
    Ok((removed, ltm))
}

/// Takes a memory out of every table; nothing is booked.
fn remove(tx: &mut WriteTx<'_>, user: Uuid, id: Uuid) -> Result<Option<Memory>> {
    let Some(memory) = store::memory(tx, user, id)? else {
        return Ok(None);
    };
    store::delete(tx, (user, id), &memory)?;
    embed::drop_place(tx, user, memory.place)?;
    figures::take(tx, (user, id), &memory)?;
    figures::end_if_empty(tx, user, group_of(memory.place))?;
    Ok(Some(memory))
}

/// Removes up to `limit` of the memories of an account that is being deleted; returns how many. Its ledger
/// goes too, so nothing is booked.
pub fn erase(tx: &mut WriteTx<'_>, user: Uuid, limit: usize) -> Result<usize> {
    let some = store::some(tx, user, limit)?;
    for (id, _) in &some {
        remove(tx, user, *id)?;
    }
    if some.is_empty() {
        let mut erased = figures::erase(tx, user, limit)?;
        erased += embed::erase(tx, user, limit)?;
        erased += tiers::erase(tx, user, limit)?;
        return Ok(erased + distil::erase(tx, user, limit)?);
    }
    Ok(some.len())
}

/// Gives the next memories of an older format their places and counts them, if some have none.
pub fn count_next(tx: &mut WriteTx<'_>, limit: usize) -> Result<()> {
    let Some(Counted(after)) = figures::counting(tx)? else {
        return Ok(());
    };
    let rows = store::all_after(tx, after, limit)?;
    let last = rows.last().map(|(user, id, _)| (*user, *id));
    for (user, id, before) in rows {
        let mut memory = before.clone();
        memory.place = figures::give_place(tx, user, (memory.session, None))?;
        let ltm = i64::from(memory.tier == Tier::Ltm);
        let at = memory.created_at;
        figures::happened(tx, (user, at), Happened::Added, (1, ltm))?;
        let signs = reading::read(tx, (user, id), &mut memory, true)?;
        store::put(tx, (user, id), Some(&before), &memory)?;
        figures::add(tx, (user, id), &memory, &signs)?;
        embed::want(tx, user, memory.place)?;
    }
    figures::put_counting(tx, last)
}

/// Whose memory an id is: the row, or the error that says there is none.
pub fn expect(tx: &impl Read, user: Uuid, id: Uuid) -> Result<Memory> {
    store::memory(tx, user, id)?.ok_or(Error::NotFound { what: "memory" })
}
