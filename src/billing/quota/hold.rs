//! How much an answer may take of what is left of a day. Pure.
//!
//! Must stay true: what all running answers hold together never passes what was left when each was asked;
//! an answer is over when it takes more than its room, and not before.

use super::calibration::scaled;

/// An answer holds so many tokens more than it has taken, or this part of what it has taken.
const AHEAD: u64 = 64;
const AHEAD_PART: u64 = 8;

/// What a running answer may take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hold {
    /// Output tokens that are reserved for it.
    pub output: u64,
    /// Output tokens that are left for it in all; none without a limit.
    pub room: Option<u64>,
    /// Whether no other answer uses the same day at the moment.
    pub alone: bool,
    /// The model's tokens for one of our count.
    pub factor: f64,
}

impl Hold {
    /// What an answer has taken, from our plain count of its text. Alone, it may run until the model's own
    /// tokens are used up. Beside others the higher count stands, since that is what is booked of answers
    /// that are cut, and so they do not pass the limit together.
    pub fn taken(&self, counted: u64) -> u64 {
        let likely = scaled(counted, self.factor);
        if self.alone {
            likely
        } else {
            likely.max(counted)
        }
    }

    /// Whether the answer has taken all it may, and more.
    pub fn over(&self, counted: u64) -> bool {
        self.room.is_some_and(|room| self.taken(counted) > room)
    }

    /// Whether it has nearly taken what is reserved for it and should reserve more, if there is more.
    pub fn short(&self, counted: u64) -> bool {
        let more = self.room.is_some_and(|room| room > self.output);
        more && self.taken(counted).saturating_add(AHEAD / 2) > self.output
    }

    /// Whether it has taken more than is reserved for it, and is not over: it must wait for what it asked
    /// for, since others may have it.
    pub fn behind(&self, counted: u64) -> bool {
        self.room.is_some() && !self.over(counted) && self.taken(counted) > self.output
    }

    /// The same with other room, and with what is ahead of it reserved as far as there is room.
    pub fn again(self, room: Option<u64>, alone: bool, counted: u64) -> Self {
        let now = Self {
            room,
            alone,
            ..self
        };
        let taken = now.taken(counted);
        let wanted = taken.saturating_add(AHEAD.max(taken / AHEAD_PART));
        let output = wanted.max(self.output).min(room.unwrap_or(u64::MAX));
        Self { output, ..now }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hold(output: u64, room: Option<u64>) -> Hold {
        let (alone, factor) = (true, 0.75);
        Hold {
            output,
            room,
            alone,
            factor,
        }
    }

    /// An answer ends with the first token over its room; without a limit it never does.
    #[test]
    fn over_means_over() {
        let held = hold(10, Some(75));
        assert!(!held.over(100) && held.over(102));
        assert!(!hold(10, None).over(u64::MAX));
        let beside = Hold {
            alone: false,
            ..held
        };
        assert!(!beside.over(75) && beside.over(76), "by the higher count");
    }

    /// What is reserved runs ahead of what was taken, never shrinks by itself, and stays in its room.
    #[test]
    fn reserving_runs_ahead() {
        let held = hold(100, Some(1000));
        assert!(!held.short(90) && held.short(92), "in time");
        assert!(!held.behind(133) && held.behind(134), "not before it must");
        assert!(!hold(100, Some(100)).short(133), "there is no more");
        assert!(!hold(100, Some(100)).behind(134), "over");
        assert_eq!(held.again(Some(1000), true, 20).output, 100);
        assert_eq!(held.again(Some(1000), true, 200).output, 150 + 64);
        assert_eq!(held.again(Some(180), true, 200).output, 180);
        assert_eq!(
            held.again(Some(50), true, 200).output,
            50,
            "others came first"
        );
    }
}
