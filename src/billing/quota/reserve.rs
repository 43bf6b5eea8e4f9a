//! Reserving for a turn before it costs anything, holding more while its answer grows, and freeing what is
//! not needed.
//!
//! Must stay true: the transaction that admits a turn reserves for it, so that turns begun at once never
//! share the same tokens; what a turn may take is counted against the day of its admission.

use storage::{Read, WriteTx};
use uuid::Uuid;

use super::hold::Hold;
use super::refusal;
use super::settle::{Spent, settle};
use super::store::{self, Reservation};
use crate::auth::{self, User};
use crate::billing::{Day, Moment, amounts_of_day};
use crate::error::Result;

/// A turn that is to begin.
pub struct Asked {
    pub turn: Uuid,
    /// The person's own words, by our count.
    pub input: u64,
    /// What we add to them, by our count.
    pub context: u64,
    pub model: Option<String>,
}

/// What is used of a day, and what others hold of it.
struct Taken {
    tokens: u64,
    messages: u64,
    held_tokens: u64,
    held_messages: u64,
}

impl Taken {
    /// Without what this turn itself holds.
    fn of(tx: &impl Read, user: Uuid, day: Day, without: Uuid) -> Result<Self> {
        let booked = amounts_of_day(tx, user, day)?;
        let mut taken = Self {
            tokens: u64::try_from(booked.tokens()).unwrap_or(0),
            messages: u64::try_from(booked.messages).unwrap_or(0),
            held_tokens: 0,
            held_messages: 0,
        };
        for (turn, kept) in store::of_user(tx, user)? {
            if kept.day == day && turn != without {
                taken.held_tokens = taken.held_tokens.saturating_add(kept.tokens());
                taken.held_messages += 1;
            }
        }
        Ok(taken)
    }

    /// Tokens that are left.
    fn left(&self, limit: u64) -> u64 {
        limit.saturating_sub(self.tokens.saturating_add(self.held_tokens))
    }
}

/// Reserves for a turn, or says what is used up.
pub fn reserve(
    tx: &mut WriteTx<'_>,
    moment: Moment<'_>,
    person: &User,
    asked: Asked,
) -> Result<Hold> {
    let (day, limits) = (moment.day(), moment.limits(person));
    let taken = Taken::of(tx, person.id, day, asked.turn)?;
    let messages = taken.messages.saturating_add(taken.held_messages);
    if let Some(most) = limits.messages.filter(|most| messages >= *most) {
        return Err(refusal::messages(moment, most));
    }
    let room = match limits.tokens {
        None => None,
        Some(most) => {
            let room = taken.left(most).saturating_sub(asked.input);
            if room == 0 {
                let needed = asked.input.saturating_add(1);
                return Err(refusal::tokens(moment, most, taken.tokens, needed));
            }
            Some(room)
        }
    };
    let known = store::calibration(tx, asked.model.as_deref())?;
    let hold = Hold {
        output: known.expected().min(room.unwrap_or(u64::MAX)),
        room,
        alone: taken.held_messages == 0,
        factor: known.factor(),
    };
    let kept = Reservation {
        day,
        plan: limits.plan,
        input: asked.input,
        context: asked.context,
        output: hold.output,
        model: asked.model,
        at: moment.now,
        written: None,
    };
    store::put(tx, person.id, asked.turn, &kept)?;
    Ok(hold)
}

/// Reserves more for a turn whose answer has grown to `counted` tokens by our plain count, as far as others
/// leave room. None when nothing is reserved for it any more.
pub fn hold_on(
    tx: &mut WriteTx<'_>,
    moment: Moment<'_>,
    (user, turn): (Uuid, Uuid),
    (hold, counted): (Hold, u64),
) -> Result<Option<Hold>> {
    let (person, kept) = (auth::user(tx, user)?, store::get(tx, user, turn)?);
    let Some((person, kept)) = person.zip(kept) else {
        return Ok(None);
    };
    let taken = Taken::of(tx, user, kept.day, turn)?;
    let most = moment.limits(&person).tokens;
    let room = most.map(|most| taken.left(most).saturating_sub(kept.input));
    let hold = hold.again(room, taken.held_messages == 0, counted);
    if hold.output != kept.output {
        let output = hold.output;
        store::put(tx, user, turn, &Reservation { output, ..kept })?;
    }
    Ok(Some(hold))
}

/// Notes what was written for a turn whose conversation is deleted in this transaction. The turn's own end
/// books it; should the program end before that, `release` does.
pub fn note_written(tx: &mut WriteTx<'_>, user: Uuid, turn: Uuid, counted: u64) -> Result<()> {
    let Some(kept) = store::get(tx, user, turn)? else {
        return Ok(());
    };
    let written = Some(counted);
    store::put(tx, user, turn, &Reservation { written, ..kept })
}

/// Frees what is reserved for a turn that will not come to its own end any more. Where it was noted what
/// was written for it, that is booked.
pub fn release(tx: &mut WriteTx<'_>, moment: Moment<'_>, (user, turn): (Uuid, Uuid)) -> Result<()> {
    let written = store::get(tx, user, turn)?.and_then(|kept| kept.written);
    let spent = Spent {
        charged: written.is_some(),
        counted: written.unwrap_or(0),
        ..Spent::default()
    };
    settle(tx, moment, (user, turn), &spent).map(drop)
}
