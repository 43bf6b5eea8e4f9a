//! What is booked beside turns: how much is remembered, against how much may be, and what models do in the
//! background.
//!
//! Must stay true: the bytes that are booked are those of the texts that are stored; a turn for which there
//! is no room goes on, and is not remembered.

use storage::WriteTx;
use uuid::Uuid;

use super::refusal;
use super::warning::{QuotaWarning, crossed, warn};
use crate::auth::{self, Limited, User};
use crate::billing::{Booking, Moment, Resource, all_amounts, book};
use crate::error::{Error, Result};

/// Books bytes that were remembered, or forgotten where they are negative; `source` is the memory or the
/// conversation.
pub fn book_memory(
    tx: &mut WriteTx<'_>,
    moment: Moment<'_>,
    (user, source): (Uuid, Uuid),
    bytes: i64,
) -> Result<()> {
    book_now(
        tx,
        moment,
        (user, Some(source)),
        (Resource::MemoryBytes, bytes),
    )
}

/// Books tokens that a model used in the background, on the day of that.
pub fn book_background(
    tx: &mut WriteTx<'_>,
    moment: Moment<'_>,
    (user, source): (Uuid, Option<Uuid>),
    tokens: u64,
) -> Result<()> {
    let tokens = i64::try_from(tokens).unwrap_or(i64::MAX);
    book_now(
        tx,
        moment,
        (user, source),
        (Resource::BackgroundTokens, tokens),
    )
}

fn book_now(
    tx: &mut WriteTx<'_>,
    moment: Moment<'_>,
    (user, source): (Uuid, Option<Uuid>),
    amount: (Resource, i64),
) -> Result<()> {
    let Some(person) = auth::user(tx, user)?.filter(|_| amount.1 != 0) else {
        return Ok(());
    };
    let booking = Booking {
        user,
        plan: moment.plan(&person),
        source,
        day: moment.day(),
        at: moment.now,
    };
    book(tx, &booking, &[amount])
}

/// Whether a turn with so many bytes of question can be remembered, and what is to be told of that.
pub fn can_remember(
    tx: &WriteTx<'_>,
    moment: Moment<'_>,
    person: &User,
    bytes: u64,
) -> Result<(bool, Option<QuotaWarning>)> {
    let Some(limit) = moment.limits(person).memory else {
        return Ok((true, None));
    };
    let held = u64::try_from(all_amounts(tx, person.id)?.amounts.memory_bytes).unwrap_or(0);
    let then = held.saturating_add(bytes);
    // An answer has at least one byte.
    if then >= limit {
        let full = QuotaWarning::new(Limited::Memory, 100, (held, limit), moment);
        return Ok((false, Some(full)));
    }
    let warning = crossed(held, then, limit)
        .map(|level| QuotaWarning::new(Limited::Memory, level, (then, limit), moment));
    Ok((true, warning))
}

/// Refuses what there is no room to remember, and tells by mail when it takes most of the room.
///
/// # Errors
/// `quota_exceeded`.
pub fn room_for(tx: &mut WriteTx<'_>, moment: Moment<'_>, user: Uuid, bytes: u64) -> Result<()> {
    let person = auth::user(tx, user)?.ok_or(Error::NotFound { what: "account" })?;
    let (fits, warning) = can_remember(tx, moment, &person, bytes)?;
    if !fits {
        return Err(refusal::memory(
            moment,
            moment.limits(&person).memory.unwrap_or(0),
        ));
    }
    match warning {
        Some(warning) => warn(tx, moment, &person, &warning),
        None => Ok(()),
    }
}
