//! How much somebody may ask whose address was never verified: so many messages a UTC day.
//!
//! Must stay true: the count changes in the transaction that begins the turn, so that turns begun at
//! once cannot pass it together; the day turns over by arithmetic, not by a job.

mod store;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use storage::WriteTx;

pub use store::{CATALOGUE, erase};

use crate::app::App;
use crate::auth::User;
use crate::error::{Error, Result};

/// What a turn's transaction checks of the person who begins it.
#[derive(Clone, Copy)]
pub struct Allowance {
    /// Answers that may run at once; 0 for any number.
    pub at_once: usize,
    /// Messages a day while the address is not verified; 0 for any number.
    unverified_a_day: u32,
    now: Timestamp,
}

impl Allowance {
    pub fn of(app: &App) -> Self {
        let limits = &app.config.limits;
        let on = limits.enabled;
        Self {
            at_once: if on { limits.answers_per_user } else { 0 },
            unverified_a_day: if on {
                limits.unverified_messages_per_day
            } else {
                0
            },
            now: app.clock.now(),
        }
    }

    /// Counts a message of this person.
    pub fn take(&self, tx: &mut WriteTx<'_>, person: &User) -> Result<()> {
        if self.unverified_a_day > 0 && !person.trusted() {
            self.count(tx, person)?;
        }
        Ok(())
    }

    fn count(&self, tx: &mut WriteTx<'_>, person: &User) -> Result<()> {
        let today = self.now.to_zoned(TimeZone::UTC).date();
        let sent = store::sent(tx, person.id, today)?;
        if sent >= self.unverified_a_day {
            return Err(self.used_up());
        }
        store::put(tx, person.id, today, sent + 1)
    }

    fn used_up(&self) -> Error {
        let midnight = self.now.to_zoned(TimeZone::UTC).start_of_day();
        let midnight = midnight.and_then(|day| day.checked_add(1.day()));
        let resets_at = midnight.ok().map(|day| day.timestamp());
        let wait = resets_at.map_or(0, |at| at.duration_since(self.now).as_secs());
        Error::TooMany {
            code: "quota_exceeded",
            message: format!(
                "Until your mail address is verified you can send {} messages a day. Verify it to go on at once, or wait until midnight (UTC).",
                self.unverified_a_day
            ),
            retry_after: u64::try_from(wait).unwrap_or(0),
            resets_at,
        }
    }
}
