//! Whether one more call may be made for somebody today: within everybody's budget, and within their share
//! of it while others wait.
//!
//! Must stay true: no more than a day's budget is ever used; while something of others waits nobody uses more
//! than their part of it, all parts being equal; what the others leave is there for whoever still has work.

use jiff::{SignedDuration, Timestamp};
use storage::Read;
use uuid::Uuid;

use super::ask::Used;
use super::{standing, store};
use crate::app::App;
use crate::auth;
use crate::config::Memory as Settings;
use crate::error::Result;
use crate::jobs::Outcome;

/// Who has used up their share is looked at again after this: the others may be done.
const AFTER_OTHERS: SignedDuration = SignedDuration::from_mins(10);

/// What stands in the way of one more call for a person, beside what is `used` and not booked yet.
pub fn used_up(app: &App, tx: &impl Read, person: Uuid, used: Used) -> Result<Option<Outcome>> {
    let (now, settings) = (app.clock.now(), &app.config.memory);
    let all = store::spent(tx, now)?;
    if full(settings, used.and(all.calls, all.tokens, all.millis), 1) {
        let at = standing::next_night(app, now);
        return Ok(Some(Outcome::Later(at, "today's budget is used up".into())));
    }
    let theirs = store::share(tx, person, all.day)?;
    let theirs = used.and(theirs.calls, theirs.tokens, theirs.millis);
    if theirs.calls == 0 {
        return Ok(None);
    }
    let parts = people(tx, person, (all.day, settings.distil_calls))?;
    Ok(full(settings, theirs, parts).then(|| {
        let at = now.checked_add(AFTER_OTHERS).unwrap_or(now);
        Outcome::Later(at, "others wait for their share of today's budget".into())
    }))
}

/// Whether this is all that there is in one of so many equal parts of a day's budget.
fn full(settings: &Settings, used: Used, parts: u32) -> bool {
    let part = |all: u64| all.div_ceil(u64::from(parts));
    u64::from(used.calls) >= part(settings.distil_calls.into())
        || used.tokens >= part(settings.distil_tokens)
        || used.millis / 1_000 >= part(settings.distil_seconds)
}

/// This person, and the others of whom something may still be asked today; counted up to `most`.
fn people(tx: &impl Read, person: Uuid, (day, most): (i64, u32)) -> Result<u32> {
    let (mut count, mut after) = (1, None);
    while count < most
        && let Some(user) = store::next_waiting(tx, after, day)?
    {
        after = Some(user);
        let other = user != person && auth::user(tx, user)?.is_some_and(|other| !other.disabled);
        count += u32::from(other);
    }
    Ok(count)
}

/// Books what was used for a person who is there.
pub fn book(tx: &mut storage::WriteTx<'_>, now: Timestamp, person: Uuid, used: Used) -> Result<()> {
    let all = store::spent(tx, now)?;
    let sum = used.and(all.calls, all.tokens, all.millis);
    let spent = store::Spent {
        calls: sum.calls,
        tokens: sum.tokens,
        millis: sum.millis,
        ..all
    };
    store::put_spent(tx, &spent)?;
    if auth::user(tx, person)?.is_none() {
        return Ok(());
    }
    let theirs = store::share(tx, person, all.day)?;
    let sum = used.and(theirs.calls, theirs.tokens, theirs.millis);
    let share = store::Share {
        day: all.day,
        calls: sum.calls,
        tokens: sum.tokens,
        millis: sum.millis,
    };
    store::put_share(tx, person, &share)
}
