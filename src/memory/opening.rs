//! What was remembered by older programs: booked in the ledger when a data directory of format 1 is opened,
//! given places and counted when one of format 2 is.
//!
//! Must stay true: counting is done in steps of bounded size, each in a transaction that notes how far it
//! came, before anything is asked of memories; cut off anywhere it goes on at the next start.

use storage::{Store, WriteTx};

use super::{figures, remember, store};
use crate::auth;
use crate::billing::{self, Booking, Day, Resource};
use crate::error::{Error, Result};

/// Books the bytes of all memories, for everybody who has some, on the day of their newest one: a migration
/// is given no clock.
pub fn open_ledger(tx: &mut WriteTx<'_>) -> Result<(), storage::Error> {
    open(tx).map_err(in_storage_words)
}

/// Memories that one transaction gives their places. All at once would be held in memory as a whole: some
/// thousand bytes for each.
const STEP: usize = 500;

/// Has every memory given its place among its neighbours, and words, tiers and weeks counted, by
/// [`count_the_rest`]. A migration is one transaction, and this is more than fits into one.
pub fn count_everything(tx: &mut WriteTx<'_>) -> Result<(), storage::Error> {
    figures::count_from_the_first(tx).map_err(in_storage_words)
}

/// Does some of it.
pub fn count_some(tx: &mut WriteTx<'_>) -> Result<()> {
    remember::count_next(tx, STEP)
}

/// Does what is left of it. Where nothing is, nothing is written: a full disk must not keep the program from
/// starting.
pub async fn count_the_rest(store: &Store) -> Result<()> {
    while store.read(figures::counting)?.is_some() {
        store.write(count_some).await?;
    }
    Ok(())
}

fn in_storage_words(error: Error) -> storage::Error {
    match error {
        Error::Unavailable { message, .. } => storage::Error::Io { reason: message },
        other => storage::Error::Corrupt {
            table: "memory_turns".into(),
            reason: other.to_string(),
        },
    }
}

fn open(tx: &mut WriteTx<'_>) -> Result<()> {
    for (user, held) in store::remembered(tx)? {
        let person = auth::user(tx, user)?;
        let booking = Booking {
            user,
            // Only the one it was given; the configuration is not known here.
            plan: person.and_then(|person| person.plan).unwrap_or_default(),
            source: None,
            day: Day::of(held.newest),
            at: held.newest,
        };
        billing::open_with(tx, &booking, (Resource::MemoryBytes, held.bytes))?;
    }
    Ok(())
}
