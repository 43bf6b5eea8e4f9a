//! What keeps people's buckets over restarts.
//!
//! Stored are moments of the wall clock, so that the time in which the program did not run counts as time.
//! Must stay true: what changed is stored within five seconds and when the program closes, and nothing is
//! written when nothing changed; nothing is stored of an account that is gone.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use storage::WriteTx;
use uuid::Uuid;

use super::KEPT;
use super::store::{self, Row, Stored};
use crate::app::App;
use crate::auth;
use crate::error::{Error, Result};
use crate::http::rate::{Change, Level};

/// What a crash may make forget.
const EVERY: Duration = Duration::from_secs(5);
/// While nothing can be stored.
const LATER: Duration = Duration::from_mins(1);

/// Fills the buckets as they were when the program last ran.
///
/// # Errors
/// Those of storage.
pub fn load(app: &App) -> Result<()> {
    let now = app.clock.now();
    for (user, row) in app.store.read(store::all)? {
        for (kind, bucket) in row.buckets {
            // A bucket of another version of the program is nobody's here.
            let known = KEPT.into_iter().find(|known| *known == kind);
            let left = Duration::try_from(bucket.empty_at.duration_since(now));
            if let (Some(kind), Ok(left)) = (known, left) {
                let each = Duration::from_nanos(bucket.each);
                app.rates
                    .restore(kind, user.to_string(), Level { left, each });
            }
        }
    }
    Ok(())
}

/// Stores what changes, for as long as the program runs.
pub async fn keep(app: App) {
    loop {
        tokio::select! {
            () = app.tasks.drain.cancelled() => return,
            () = app.rates.changed() => {}
        }
        let mut wait = EVERY;
        loop {
            tokio::select! {
                // Closing stores what is left.
                () = app.tasks.drain.cancelled() => return,
                () = app.clock.sleep(wait) => {}
            }
            let Err(error) = store(&app).await else { break };
            tracing::debug!(%error, "rate buckets could not be stored; trying again in a minute");
            wait = LATER;
        }
    }
}

/// Stores the buckets that have changed since the last time.
///
/// # Errors
/// Those of storage; then they still count as changed.
pub async fn store(app: &App) -> Result<()> {
    let changes = app.rates.changes();
    if changes.is_empty() {
        return Ok(());
    }
    let now = app.clock.now();
    let rows = rows(now, &changes);
    let put = move |tx: &mut WriteTx<'_>| {
        for (user, row) in rows {
            // Their rows are gone, or going: this one must not come after.
            if auth::user(tx, user)?.is_some() {
                store::put(tx, user, row, now)?;
            }
        }
        Ok::<_, Error>(())
    };
    let stored = app.store.write(put).await;
    if stored.is_err() {
        app.rates.tell_again(&changes);
    }
    stored
}

/// By person, by the wall clock.
fn rows(now: Timestamp, changes: &[Change]) -> BTreeMap<Uuid, Row> {
    let mut rows: BTreeMap<Uuid, Row> = BTreeMap::new();
    for (kind, key, level) in changes {
        let left = SignedDuration::try_from(level.left).unwrap_or(SignedDuration::MAX);
        let moment = (key.parse(), now.checked_add(left));
        if let (Ok(user), Ok(empty_at)) = moment {
            let each = u64::try_from(level.each.as_nanos()).unwrap_or(u64::MAX);
            let row = rows.entry(user).or_default();
            row.buckets
                .insert((*kind).to_owned(), Stored { empty_at, each });
        }
    }
    rows
}

/// Removes the rows that say nothing any more.
///
/// # Errors
/// Those of storage.
pub async fn sweep(app: &App) -> Result<()> {
    let now = app.clock.now();
    if app.store.read(|tx| store::empty(tx, now))?.is_empty() {
        return Ok(());
    }
    let remove = move |tx: &mut WriteTx<'_>| {
        for user in store::empty(tx, now)? {
            store::remove(tx, user)?;
        }
        Ok::<_, Error>(())
    };
    app.store.write(remove).await
}
