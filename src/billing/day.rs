//! A UTC day, by which usage is counted. Pure: days turn over by arithmetic, not by a job.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

const SECONDS: i64 = 86_400;

/// Days since 1970-01-01, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Day(pub u32);

impl Day {
    pub fn of(at: Timestamp) -> Self {
        Self(u32::try_from(at.as_second().div_euclid(SECONDS)).unwrap_or(0))
    }

    /// Its first moment.
    pub fn start(self) -> Timestamp {
        Timestamp::from_second(i64::from(self.0) * SECONDS).unwrap_or(Timestamp::MAX)
    }

    /// The midnight that ends it.
    pub fn end(self) -> Timestamp {
        Self(self.0.saturating_add(1)).start()
    }

    /// The day so many days before.
    pub fn back(self, days: u32) -> Self {
        Self(self.0.saturating_sub(days))
    }

    pub fn date(self) -> Date {
        self.start().to_zoned(TimeZone::UTC).date()
    }
}

impl fmt::Display for Day {
    /// `2026-01-31`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.date().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A day begins and ends at midnight UTC, also at the seams.
    #[test]
    fn days_turn_over_at_midnight() {
        let last: Timestamp = "2024-02-29T23:59:59.999Z".parse().expect("a time");
        let day = Day::of(last);
        assert_eq!(day.to_string(), "2024-02-29");
        assert_eq!(day.end().to_string(), "2024-03-01T00:00:00Z");
        assert_eq!(Day::of(day.end()), Day(day.0 + 1));
        assert_eq!(Day::of(day.start()), day);
    }
}
