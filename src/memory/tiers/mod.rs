//! From what was said to what stays in the long term: a session ends, its best turns are promoted, and
//! what a newer turn says is no longer so is marked.
//!
//! Must stay true: no model is asked; nothing is deleted or demoted; the same log gives the same tiers,
//! whenever the job runs; what the person decided is final.

mod choose;
mod corrects;
mod promote;
mod store;

use jiff::{SignedDuration, Timestamp};
use storage::WriteTx;
use uuid::Uuid;

pub use corrects::{about_the_same, corrects, of_the_same, tells_of_change};
pub use promote::{KIND as PROMOTE, promote};
pub use store::{CATALOGUE, Reached, erase, put_reached, reached};

use super::{distil, figures};
use crate::app::App;
use crate::billing::Moment;
use crate::error::{Error, Result};

/// Groups that end in one transaction.
const STEP: usize = 100;

/// Notes that something was stored by hand in a group of its owner's naming: it ends by itself later.
pub fn stored_by_hand(tx: &mut WriteTx<'_>, key: (Uuid, Uuid), now: Timestamp) -> Result<()> {
    store::open(tx, key, now)
}

/// A session has no memories any more.
pub fn gone(tx: &mut WriteTx<'_>, key: (Uuid, Uuid)) -> Result<()> {
    store::gone(tx, key)?;
    distil::gone(tx, key)
}

/// In the transaction that ends a session: what was said in it since it ended last is promoted by a job,
/// and waits to be distilled.
pub fn session_ended(
    tx: &mut WriteTx<'_>,
    moment: Moment<'_>,
    (user, session): (Uuid, Uuid),
) -> Result<()> {
    let Some(next) = figures::next_position(tx, user, session)? else {
        return Ok(());
    };
    let reached = store::reached(tx, user, session)?;
    if next > reached.promoted {
        promote::add(tx, moment, (user, session))?;
    }
    if next > reached.distilled {
        distil::wait(tx, (user, session), reached.distilled)?;
    }
    Ok(())
}

/// Ends the groups stored by hand in which nothing was stored for as long as `memory.session_idle_minutes`.
pub async fn end_idle(app: &App) -> Result<()> {
    let since = idle_since(app);
    let ended = app.store.read(|tx| store::idle(tx, since, STEP))?;
    if ended.is_empty() {
        return Ok(());
    }
    let inside = app.clone();
    let end = move |tx: &mut WriteTx<'_>| {
        let moment = Moment::now(&inside);
        for key in ended {
            // It may have ended by now, and what was stored meanwhile counts.
            if store::is_idle(tx, key, since)? {
                session_ended(tx, moment, key)?;
                store::close(tx, key)?;
            }
        }
        Ok::<_, Error>(())
    };
    app.store.write(end).await
}

/// What was not used since then is idle.
pub fn idle_since(app: &App) -> Timestamp {
    let minutes = i64::from(app.config.memory.session_idle_minutes);
    let now = app.clock.now();
    now.checked_sub(SignedDuration::from_mins(minutes))
        .unwrap_or(Timestamp::MIN)
}
