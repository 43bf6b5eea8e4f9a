//! Slowing down whoever guesses: so many failures are free, then each try must wait, longer and
//! longer.
//!
//! Must stay true: a try is counted before its outcome is known, under one lock, so that tries sent
//! at once admit exactly the allowance; it is given back only when it was no failure. The count
//! lives in memory: a restart forgets it, which no attacker can cause.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Clock;
use crate::error::Error;
use crate::http::counts::{self, Counts};

/// Failures without a wait.
pub const FREE: u32 = 5;
/// The wait after the last free one; it doubles with every further failure.
pub const FIRST_WAIT: Duration = Duration::from_secs(15);
/// No wait is longer.
pub const LONGEST_WAIT: Duration = Duration::from_mins(15);
/// A count is forgotten after so long without a failure.
pub const FORGOTTEN: Duration = Duration::from_hours(24);

/// What is counted by: a kind of key, and the key.
pub type Key = (&'static str, String);

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    failures: u32,
    /// No try before this.
    next: Duration,
    last: Duration,
    /// Whether somebody was refused since the last try that was admitted.
    told: bool,
}

impl counts::Count for Count {
    type Weight = (u32, Duration);

    fn is_over(&self, now: Duration) -> bool {
        now.saturating_sub(self.last) >= FORGOTTEN
    }

    fn weight(&self) -> (u32, Duration) {
        (self.failures, self.last)
    }
}

/// The counts of the program.
#[derive(Debug)]
pub struct Throttle {
    clock: Clock,
    enabled: bool,
    counts: Mutex<Counts<Count>>,
}

/// A try that was admitted and, until said otherwise, failed.
#[must_use = "a try that is dropped counts as a failure"]
pub struct Attempt<'a> {
    throttle: &'a Throttle,
    keys: Vec<Key>,
}

/// A try that was not admitted.
#[derive(Debug)]
pub struct Refusal {
    /// Whether it is the first since one was admitted: one event tells of the whole wait.
    pub first: bool,
    wait: Duration,
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        throttled(refusal.wait)
    }
}

impl Throttle {
    pub fn new(clock: Clock, enabled: bool) -> Self {
        Self {
            clock,
            enabled,
            counts: Mutex::default(),
        }
    }

    fn counts(&self) -> MutexGuard<'_, Counts<Count>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Admits a try under all of `keys`, or says when to come back.
    ///
    /// # Errors
    /// A refusal, `login_throttled`, with the longest of the waits.
    pub fn attempt(&self, keys: Vec<Key>) -> Result<Attempt<'_>, Refusal> {
        if !self.enabled {
            return Ok(Attempt {
                throttle: self,
                keys: Vec::new(),
            });
        }
        let now = self.clock.monotonic();
        let mut counts = self.counts();
        let (mut wait, mut first) = (Duration::ZERO, false);
        for (kind, key) in &keys {
            if let Some(count) = counts.get_mut(kind, key).filter(|count| count.next > now) {
                wait = wait.max(count.next.saturating_sub(now));
                first |= !std::mem::replace(&mut count.told, true);
            }
        }
        if !wait.is_zero() {
            return Err(Refusal { first, wait });
        }
        for (kind, key) in &keys {
            let count = counts.of(kind, key.clone(), now);
            if now.saturating_sub(count.last) >= FORGOTTEN {
                *count = Count::default();
            }
            count.failures += 1;
            count.last = now;
            count.next = now + wait_after(count.failures);
            count.told = false;
        }
        Ok(Attempt {
            throttle: self,
            keys,
        })
    }

    /// Forgets what is counted under a key: its owner has proved themselves by other means.
    pub fn forget(&self, key: &Key) {
        self.counts().remove(key.0, &key.1);
    }

    /// Forgets the counts that have run out.
    pub fn sweep(&self) {
        let now = self.clock.monotonic();
        self.counts().sweep(now);
    }
}

impl Attempt<'_> {
    /// It was right: the counts under keys of `kinds` begin anew, from the others this try is taken
    /// back. (An address that signs in to one account must not get free tries at another.)
    pub fn right(self, kinds: &[&str]) {
        let mut counts = self.throttle.counts();
        for key in &self.keys {
            if kinds.contains(&key.0) {
                counts.remove(key.0, &key.1);
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

fn give_back(counts: &mut Counts<Count>, key: &Key) {
    if let Some(count) = counts.get_mut(key.0, &key.1) {
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
    use std::sync::Arc;

    use jiff::Timestamp;

    use super::*;
    use crate::clock::{Sleep, TimeSource};
    use crate::http::counts::MOST_KEYS;

    #[derive(Default)]
    struct Hands(Mutex<Duration>);

    impl TimeSource for Hands {
        fn now(&self) -> Timestamp {
            Timestamp::UNIX_EPOCH
        }

        fn monotonic(&self) -> Duration {
            *self.0.lock().expect("the time")
        }

        fn sleep(&self, _duration: Duration) -> Sleep {
            Box::pin(std::future::ready(()))
        }
    }

    fn at(hands: &Hands, seconds: u64) {
        *hands.0.lock().expect("the time") = Duration::from_secs(seconds);
    }

    /// Whether a failure at an account, from a network, is admitted.
    fn fails(throttle: &Throttle, account: &str, network: &impl ToString) -> bool {
        let keys = vec![
            ("account", account.into()),
            ("network", network.to_string()),
        ];
        throttle.attempt(keys).is_ok()
    }

    /// Guesses at 200,000 other accounts, from as many networks, neither end the wait of one that is
    /// guessed at nor give it free tries again, also once its wait is over; memory is bounded.
    #[test]
    fn a_flood_of_accounts_and_networks_buys_no_tries() {
        let hands = Arc::new(Hands::default());
        let throttle = Throttle::new(Clock::new(hands.clone()), true);
        let admitted = |from: u32| {
            let networks = from..from + 9;
            networks.filter(|n| fails(&throttle, "ada", &n)).count()
        };
        let flood = |names: std::ops::Range<u32>| {
            for name in names.map(|n| format!("other {n}")) {
                assert!(fails(&throttle, &name, &name));
            }
            assert!(throttle.counts().size() <= 2 * MOST_KEYS);
        };
        assert_eq!(admitted(0), 5);
        flood(0..100_000);
        assert_eq!(admitted(10), 0);
        at(&hands, 15);
        assert_eq!(admitted(20), 1);
        at(&hands, 46);
        flood(100_000..200_000);
        assert_eq!(admitted(30), 1);
        assert_eq!(admitted(40), 0);
    }

    /// Of the refusals of one wait the first is told from the others, and of the next wait again.
    #[test]
    fn the_first_refusal_of_a_wait_is_known() {
        let hands = Arc::new(Hands::default());
        let throttle = Throttle::new(Clock::new(hands.clone()), true);
        let first = |network: &str| {
            let keys = vec![("account", "ada".into()), ("network", network.into())];
            throttle.attempt(keys).err().map(|refusal| refusal.first)
        };
        assert_eq!([0; 5].map(|_| first("a")), [None; 5]);
        assert_eq!(
            ["a", "a", "b", "c"].map(first),
            [true, false, false, false].map(Some)
        );
        at(&hands, 15);
        assert_eq!(["b", "a", "b"].map(first), [None, Some(true), Some(false)]);
    }

    /// The table of docs/security.md: five tries are free, then 15 s, doubling up to 15 min.
    #[test]
    fn waits_grow_and_stop_growing() {
        let waits = [1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 400].map(|n| wait_after(n).as_secs());
        assert_eq!(waits, [0, 0, 15, 30, 60, 120, 240, 480, 900, 900, 900]);
    }
}
