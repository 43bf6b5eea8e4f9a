//! Slowing down whoever guesses: so many failures are free, then each try must wait, longer and
//! longer.
//!
//! Must stay true: a try is counted before its outcome is known, under one lock, so that tries sent
//! at once admit exactly the allowance; it is given back only when it was no failure. The count
//! lives in memory: a restart forgets it, which no attacker can cause.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Clock;
use crate::error::{Error, Result};

/// Failures without a wait.
pub const FREE: u32 = 5;
/// The wait after the last free one; it doubles with every further failure.
pub const FIRST_WAIT: Duration = Duration::from_secs(15);
/// No wait is longer.
pub const LONGEST_WAIT: Duration = Duration::from_mins(15);
/// A count is forgotten after so long without a failure.
pub const FORGOTTEN: Duration = Duration::from_hours(24);

const MOST_KEYS: usize = 100_000;

/// What is counted by: a kind of key, and the key.
pub type Key = (&'static str, String);

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    failures: u32,
    /// No try before this.
    next: Duration,
    last: Duration,
}

/// The counts of the program.
#[derive(Debug)]
pub struct Throttle {
    clock: Clock,
    enabled: bool,
    counts: Mutex<HashMap<Key, Count>>,
}

/// A try that was admitted and, until said otherwise, failed.
#[must_use = "a try that is dropped counts as a failure"]
pub struct Attempt<'a> {
    throttle: &'a Throttle,
    keys: Vec<Key>,
}

impl Throttle {
    pub fn new(clock: Clock, enabled: bool) -> Self {
        Self {
            clock,
            enabled,
            counts: Mutex::default(),
        }
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<Key, Count>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Admits a try under all of `keys`, or says when to come back.
    ///
    /// # Errors
    /// `login_throttled` with the longest of the waits.
    pub fn attempt(&self, keys: Vec<Key>) -> Result<Attempt<'_>> {
        if !self.enabled {
            return Ok(Attempt {
                throttle: self,
                keys: Vec::new(),
            });
        }
        let now = self.clock.monotonic();
        let mut counts = self.counts();
        let waits = keys.iter().filter_map(|key| counts.get(key));
        let wait = waits
            .map(|count| count.next.saturating_sub(now))
            .max()
            .unwrap_or_default();
        if !wait.is_zero() {
            return Err(throttled(wait));
        }
        if counts.len() >= MOST_KEYS {
            // Counts that ask nobody to wait go first.
            counts.retain(|_, count| count.next > now);
        }
        for key in &keys {
            let count = counts.entry(key.clone()).or_default();
            if now.saturating_sub(count.last) >= FORGOTTEN {
                *count = Count::default();
            }
            count.failures += 1;
            count.last = now;
            count.next = now + wait_after(count.failures);
        }
        Ok(Attempt {
            throttle: self,
            keys,
        })
    }

    /// Forgets what is counted under a key: its owner has proved themselves by other means.
    pub fn forget(&self, key: &Key) {
        self.counts().remove(key);
    }

    /// Forgets the counts that have run out.
    pub fn sweep(&self) {
        let now = self.clock.monotonic();
        self.counts()
            .retain(|_, count| now.saturating_sub(count.last) < FORGOTTEN);
    }
}

impl Attempt<'_> {
    /// It was right: the counts under keys of `kinds` begin anew, from the others this try is taken
    /// back. (An address that signs in to one account must not get free tries at another.)
    pub fn right(self, kinds: &[&str]) {
        let mut counts = self.throttle.counts();
        for key in &self.keys {
            if kinds.contains(&key.0) {
                counts.remove(key);
            } else {
                give_back(&mut counts, key);
            }
        }
    }

    /// It was neither right nor wrong, or could not be decided.
    pub fn undecided(self) {
        let mut counts = self.throttle.counts();
        for key in &self.keys {
            give_back(&mut counts, key);
        }
    }
}

fn give_back(counts: &mut HashMap<Key, Count>, key: &Key) {
    if let Some(count) = counts.get_mut(key) {
        count.failures = count.failures.saturating_sub(1);
        count.next = Duration::ZERO;
    }
}

/// How long after failure number `failures` the next try must wait.
fn wait_after(failures: u32) -> Duration {
    if failures < FREE {
        return Duration::ZERO;
    }
    let doublings = (failures - FREE).min(16);
    (FIRST_WAIT * (1 << doublings)).min(LONGEST_WAIT)
}

fn throttled(wait: Duration) -> Error {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    let words = match seconds {
        0..=90 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    };
    Error::TooMany {
        code: "login_throttled",
        message: format!("Too many tries that were not right. Please wait {words} and try again."),
        retry_after: seconds,
        resets_at: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of docs/security.md: five tries are free, then 15 s, doubling up to 15 min.
    #[test]
    fn waits_grow_and_stop_growing() {
        let waits = [1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 400].map(|n| wait_after(n).as_secs());
        assert_eq!(waits, [0, 0, 15, 30, 60, 120, 240, 480, 900, 900, 900]);
    }
}
