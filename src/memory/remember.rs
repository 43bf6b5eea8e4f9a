//! Remembering, changing and forgetting: the only ways in which what is stored of memories changes.
//!
//! Must stay true: rows, what is counted of them, the bytes in the ledger and the feed of the derived
//! indexes change in one transaction; what is derived from a memory goes when that is forgotten or
//! corrected, because it may say what must not be said any more; what was over because of it is so again;
//! no model is asked.

use storage::{Read, WriteTx};
use uuid::Uuid;

use super::figures::{self, Counted, Happened};
use super::place::group_of;
use super::row::{Memory, Tier};
use super::{distil, embed, reading, store, tiers};
use crate::billing::{Moment, book_memory};
use crate::error::{Error, Result};

/// Text that one transaction of a large forgetting takes away: each word of it is counted out.
pub const STEP_BYTES: usize = 256 * 1024;

/// What forgetting came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    pub memories: u64,
    /// Of these, so many because they cited others.
    pub derived: u64,
    pub bytes: i64,
}

/// Stores a memory under an id of its own. What it adds to the bytes that are remembered is booked.
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
    if store::memory(tx, user, id)?.is_some() {
        // What is there stays, and is counted once.
        return Ok(());
    }
    let mut memory = memory.clone();
    memory.place = figures::give_place(tx, user, (memory.session, group))?;
    let ltm = i64::from(memory.tier == Tier::Ltm);
    let at = memory.created_at;
    figures::happened(tx, (user, at), Happened::Added, (1, ltm))?;
    let signs = reading::read(tx, (user, id), &mut memory, true)?;
    store::put(tx, (user, id), None, &memory)?;
    figures::add(tx, (user, id), &memory, &signs)?;
    embed::want(tx, user, memory.place)?;
    if group.is_some() {
        tiers::stored_by_hand(tx, (user, memory.session), moment.now)?;
    }
    book_memory(tx, moment, (user, id), memory.bytes())
}

/// Changes a memory by `edit`. When its text changes, what was derived from it goes, and what it had taken
/// the place of is so again. None when it is not there or not theirs.
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
    let corrected = memory.text != before.text;
    let derived = if corrected {
        drop_derived(tx, moment, (user, id), &memory)?
    } else {
        0
    };
    let known = figures::signs(tx, user, before.place)?;
    let known = known.filter(|_| !corrected);
    figures::take(tx, (user, id), &before)?;
    let signs = match known {
        Some(known) => reading::standing(known, &memory),
        None => reading::read(tx, (user, id), &mut memory, false)?,
    };
    store::put(tx, (user, id), Some(&before), &memory)?;
    figures::add(tx, (user, id), &memory, &signs)?;
    if corrected {
        embed::want(tx, user, memory.place)?;
        give_back(tx, moment, (user, id), (&memory, true))?;
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
        let (derived, derived_ltm) = remove_derived(tx, moment, (user, *id), None)?;
        ltm += derived_ltm;
        forgotten.memories += derived.memories;
        forgotten.derived += derived.memories;
        forgotten.bytes += derived.bytes;
        if let Some(memory) = take_out(tx, moment, (user, *id))? {
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

/// Removes what cites a memory that is corrected to say `now`; the bytes that it took.
fn drop_derived(
    tx: &mut WriteTx<'_>,
    moment: Moment<'_>,
    (user, id): (Uuid, Uuid),
    now: &Memory,
) -> Result<i64> {
    let (removed, ltm) = remove_derived(tx, moment, (user, id), Some(now))?;
    if removed.memories > 0 {
        let count = u32::try_from(removed.memories).unwrap_or(u32::MAX);
        figures::happened(tx, (user, moment.now), Happened::Forgotten, (count, -ltm))?;
    }
    Ok(removed.bytes)
}

/// Removes what cites a memory: a model wrote it, and it may say what is to be forgotten. What the person
/// wrote or corrected themselves stays; it only cites one less. What they pinned stays where the memory is
/// only corrected, `now`, and still says it. Also says how many were long-term ones.
fn remove_derived(
    tx: &mut WriteTx<'_>,
    moment: Moment<'_>,
    (user, id): (Uuid, Uuid),
    now: Option<&Memory>,
) -> Result<(Forgotten, i64)> {
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
        if let Some(now) = now.filter(|_| memory.pinned)
            && still_said(tx, user, &memory, (id, now))?
        {
            continue;
        }
        distil::again(tx, (user, &memory.evidence))?;
        take_out(tx, moment, (user, derived))?;
        ltm += i64::from(memory.tier == Tier::Ltm);
        removed.memories += 1;
        removed.bytes += memory.bytes();
    }
    Ok((removed, ltm))
}

/// Whether what `derived` cites still says it when one of these turns is corrected.
fn still_said(
    tx: &impl Read,
    user: Uuid,
    derived: &Memory,
    (corrected, now): (Uuid, &Memory),
) -> Result<bool> {
    let mut said = Vec::new();
    for id in &derived.evidence {
        if let Some(before) = store::memory(tx, user, *id)? {
            let after = (*id == corrected).then(|| now.clone());
            said.push((before.clone(), after.unwrap_or(before)));
        }
    }
    Ok(distil::still_holds(&derived.text, &said))
}

/// What `newer` took the place of is so again, where that is gone or, when it `stays`, says something else
/// now; unless what has taken its own place says that, too.
fn give_back(
    tx: &mut WriteTx<'_>,
    moment: Moment<'_>,
    (user, id): (Uuid, Uuid),
    (newer, stays): (&Memory, bool),
) -> Result<()> {
    for old in store::superseded_by(tx, user, id)? {
        let Some(older) = store::memory(tx, user, old)? else {
            continue;
        };
        let says_so = |newer: &Memory| tiers::corrects(&newer.text, &older.text);
        if stays && says_so(newer) {
            continue;
        }
        let mut heir = None;
        if let Some(next) = newer.superseded_by.filter(|next| *next != old) {
            let next = store::memory(tx, user, next)?.map(|memory| (next, memory));
            heir = next.filter(|(_, memory)| says_so(memory));
        }
        change(tx, moment, (user, old), |memory| {
            memory.ended_at = heir.as_ref().map(|(_, heir)| heir.created_at);
            memory.superseded_by = heir.map(|(id, _)| id);
        })?;
    }
    Ok(())
}

/// Takes a memory out, and lets what it had taken the place of be so again.
fn take_out(
    tx: &mut WriteTx<'_>,
    moment: Moment<'_>,
    (user, id): (Uuid, Uuid),
) -> Result<Option<Memory>> {
    let gone = remove(tx, user, id)?;
    if let Some(memory) = &gone {
        give_back(tx, moment, (user, id), (memory, false))?;
    }
    Ok(gone)
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

/// Removes up to `limit` of the memories of an account that is being deleted, fewer where they are long;
/// returns how many. Its ledger goes too, so nothing is booked.
pub fn erase(tx: &mut WriteTx<'_>, user: Uuid, limit: usize) -> Result<usize> {
    const READ: usize = 50;
    let (mut removed, mut bytes) = (0, 0);
    while removed < limit && bytes < STEP_BYTES {
        let some = store::after(tx, user, None, READ.min(limit - removed))?;
        if some.is_empty() {
            break;
        }
        removed += some.len();
        for (id, memory) in &some {
            bytes += memory.text.len();
            remove(tx, user, *id)?;
        }
    }
    if removed > 0 {
        return Ok(removed);
    }
    let mut erased = figures::erase(tx, user, limit)?;
    erased += embed::erase(tx, user, limit)?;
    erased += tiers::erase(tx, user, limit)?;
    Ok(erased + distil::erase(tx, user, limit)?)
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
