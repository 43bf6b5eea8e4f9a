//! Signing keys and their rotation.
//!
//! Must stay true: a rotation is durable before anything is signed with the new generation; what an
//! older one signed is accepted for the overlap alone; the newest generation is never removed, so that
//! no number is used twice.

mod store;

use jiff::{SignedDuration, Timestamp};
use storage::WriteTx;

pub use store::CATALOGUE;

use crate::app::{App, Generation, accepted};
use crate::auth::audit::{Actor, Event, What};
use crate::auth::store as accounts;
use crate::error::{Error, Result};

/// What a rotation came to.
#[derive(Clone, Copy, Debug)]
pub struct Rotated {
    pub number: u32,
    /// Until when refresh tokens of older generations are accepted.
    pub older_until: Timestamp,
    /// Sign-ins that were ended.
    pub ended: usize,
}

/// Takes up the stored generations.
pub fn load(app: &App) -> Result<()> {
    app.keys.renew(|| app.store.read(store::all))
}

/// Makes a new generation. At once: without an overlap, and all sign-ins end.
pub async fn rotate(app: &App, at_once: bool) -> Result<Rotated> {
    let now = app.clock.now();
    let days = i64::try_from(app.config.auth.refresh_days).unwrap_or(30);
    let overlap = if at_once {
        SignedDuration::ZERO
    } else {
        SignedDuration::from_hours(24 * days)
    };
    let older_until = now.checked_add(overlap).unwrap_or(Timestamp::MAX);
    let salt = app.random.bytes::<32>();
    let event = Event::new(app, What::KeysRotated, Actor::Operator);
    let stored = app.store.write(move |tx| {
        let number = store::all(tx)?.last().map_or(0, |newest| newest.number) + 1;
        let generation = Generation {
            number,
            salt,
            made_at: now,
            older_until,
        };
        store::put(tx, &generation)?;
        let how = if at_once { ", all sign-ins ended" } else { "" };
        event
            .detail(format!("generation {number}{how}"))
            .record(tx)?;
        Ok::<_, Error>(number)
    });
    let number = stored.await?;
    load(app)?;
    tracing::info!(
        generation = number,
        at_once,
        "the signing keys were rotated"
    );
    let ended = if at_once { end_all(app).await? } else { 0 };
    Ok(Rotated {
        number,
        older_until,
        ended,
    })
}

/// Ends every sign-in, in small steps; none of their tokens counts any more.
async fn end_all(app: &App) -> Result<usize> {
    const STEP: usize = 1000;
    let mut all = 0;
    loop {
        let ended = app.store.write(|tx| accounts::end_any(tx, STEP)).await?;
        if ended.is_empty() {
            return Ok(all);
        }
        all += ended.len();
        app.presence.close(ended);
    }
}

/// Removes generations that are accepted no longer.
pub async fn sweep(app: &App) -> Result<()> {
    let now = app.clock.now();
    let all = app.store.read(store::all)?;
    let over = all.iter().filter(|one| !accepted(&all, one.number, now));
    let over: Vec<_> = over.map(|one| one.number).collect();
    if over.is_empty() {
        return Ok(());
    }
    let remove = move |tx: &mut WriteTx<'_>| over.iter().try_for_each(|n| store::remove(tx, *n));
    app.store.write(remove).await?;
    load(app)
}
