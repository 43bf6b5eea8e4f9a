//! What was remembered by older programs: booked in the ledger when a data directory of format 1 is opened,
//! given places and counted when one of format 2 is.

use storage::WriteTx;

use super::{remember, store};
use crate::auth;
use crate::billing::{self, Booking, Day, Resource};
use crate::error::{Error, Result};

/// Books the bytes of all memories, for everybody who has some, on the day of their newest one: a migration
/// is given no clock.
pub fn open_ledger(tx: &mut WriteTx<'_>) -> Result<(), storage::Error> {
    open(tx).map_err(in_storage_words)
}

/// Gives every memory its place among its neighbours, and counts words, tiers and weeks.
pub fn count_everything(tx: &mut WriteTx<'_>) -> Result<(), storage::Error> {
    remember::count_all_again(tx).map_err(in_storage_words)
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
