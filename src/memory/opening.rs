//! What was remembered before there was a ledger: booked once, when a data directory of format 1 is opened.

use storage::WriteTx;

use super::store;
use crate::auth;
use crate::billing::{self, Booking, Day, Resource};
use crate::error::{Error, Result};

/// Books the bytes of all memories, for everybody who has some, on the day of their newest one: a migration
/// is given no clock.
pub fn open_ledger(tx: &mut WriteTx<'_>) -> Result<(), storage::Error> {
    open(tx).map_err(|error| match error {
        Error::Unavailable { message, .. } => storage::Error::Io { reason: message },
        other => storage::Error::Corrupt {
            table: "memory_turns".into(),
            reason: other.to_string(),
        },
    })
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
