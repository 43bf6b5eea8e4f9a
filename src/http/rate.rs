//! The rate bucket: how often something may happen, counted by a key such as an address.
//!
//! Knows no plan and no route; whoever asks brings the limit. Generic cell rate algorithm (ITU-T
//! I.371): per key one number, the moment at which the bucket will be empty again.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Clock;
use crate::error::Error;
use crate::http::counts::{Count, Counts};

/// So many per `period` in the long run, and `burst` of them at once.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    pub count: u32,
    pub period: Duration,
    pub burst: u32,
}

impl Limit {
    pub const fn per_minute(count: u32) -> Self {
        Self {
            count,
            period: Duration::from_mins(1),
            burst: count,
        }
    }

    pub const fn per_hour(count: u32) -> Self {
        Self {
            count,
            period: Duration::from_hours(1),
            burst: count,
        }
    }

    pub const fn burst(self, burst: u32) -> Self {
        Self { burst, ..self }
    }
}

/// When a bucket will be empty again.
#[derive(Debug, Default)]
struct Bucket(Duration);

impl Count for Bucket {
    type Weight = Duration;

    fn is_over(&self, now: Duration) -> bool {
        self.0 <= now
    }

    /// The bucket with the most room goes first.
    fn weight(&self) -> Duration {
        self.0
    }
}

/// When something happened, as far as it counts.
#[derive(Debug, Default)]
struct Window {
    times: VecDeque<Duration>,
    /// When the last of them no longer counts.
    until: Duration,
}

impl Count for Window {
    type Weight = (usize, Duration);

    fn is_over(&self, now: Duration) -> bool {
        self.until <= now
    }

    fn weight(&self) -> (usize, Duration) {
        (self.times.len(), self.until)
    }
}

/// All buckets of the program.
#[derive(Debug)]
pub struct Rates {
    clock: Clock,
    enabled: bool,
    buckets: Mutex<Counts<Bucket>>,
    windows: Mutex<Counts<Window>>,
}

fn lock<T>(counts: &Mutex<T>) -> MutexGuard<'_, T> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Rates {
    pub fn new(clock: Clock, enabled: bool) -> Self {
        Self {
            clock,
            enabled,
            buckets: Mutex::default(),
            windows: Mutex::default(),
        }
    }

    /// Takes one from the bucket of `what` and `key`, or says when to come back.
    pub fn take(&self, what: &'static str, key: &impl ToString, limit: Limit) -> Result<(), Error> {
        if !self.enabled || limit.count == 0 {
            return Ok(());
        }
        let now = self.clock.monotonic();
        let each = limit.period / limit.count;
        let room = each * limit.burst.max(1);
        let mut buckets = lock(&self.buckets);
        let bucket = buckets.of(what, key.to_string(), now);
        let filled = bucket.0.max(now) + each;
        let wait = filled.saturating_sub(now + room);
        if !wait.is_zero() {
            return Err(too_often(wait));
        }
        bucket.0 = filled;
        Ok(())
    }

    /// At most `count` in any stretch of time as long as `period`: for the few, costly or telling
    /// acts whose number is promised exactly.
    pub fn window(
        &self,
        what: &'static str,
        key: &impl ToString,
        count: usize,
        period: Duration,
    ) -> Result<(), Error> {
        if !self.enabled || count == 0 {
            return Ok(());
        }
        let now = self.clock.monotonic();
        let mut windows = lock(&self.windows);
        let window = windows.of(what, key.to_string(), now);
        let times = &mut window.times;
        while times.front().is_some_and(|first| *first + period <= now) {
            times.pop_front();
        }
        match times.front() {
            Some(first) if times.len() >= count => {
                Err(too_often((*first + period).saturating_sub(now)))
            }
            _ => {
                times.push_back(now);
                window.until = now + period;
                Ok(())
            }
        }
    }

    /// Forgets the buckets that are empty again, and the windows that are over.
    pub fn sweep(&self) {
        let now = self.clock.monotonic();
        lock(&self.buckets).sweep(now);
        lock(&self.windows).sweep(now);
    }
}

fn too_often(wait: Duration) -> Error {
    Error::TooMany {
        code: "rate_limited",
        message: "That was too often in too short a time. Please wait a moment and try again."
            .into(),
        retry_after: wait.as_secs() + 1,
        resets_at: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::counts::MOST_KEYS;

    /// Neither a flood of networks, nor time shorter than the period, gives anybody more than the
    /// limit; memory is bounded.
    #[test]
    fn a_flood_of_networks_buys_nothing() {
        let rates = Rates::new(Clock::system(), true);
        let limit = Limit::per_hour(5);
        let window = |key: &str| rates.window("mails", &key, 3, Duration::from_hours(1));
        for n in 0..5 {
            assert!(rates.take("sign-ins", &"eve", limit).is_ok());
            assert_eq!(window("eve").is_ok(), n < 3);
        }
        let mut most = 0;
        for n in 0..200_000 {
            assert!(rates.take("sign-ins", &n, limit).is_ok());
            assert!(window(&n.to_string()).is_ok());
            most = most.max(lock(&rates.windows).size());
            most = most.max(lock(&rates.buckets).size());
        }
        assert_eq!(most, MOST_KEYS);
        assert!(rates.take("sign-ins", &"eve", limit).is_err());
        assert!(window("eve").is_err());
    }

    /// A window whose period is over is not kept any longer.
    #[test]
    fn a_window_that_is_over_is_forgotten() {
        let rates = Rates::new(Clock::system(), true);
        let (tick, hour) = (Duration::from_nanos(1), Duration::from_hours(1));
        assert!(rates.window("mails", &"ada", 1, tick).is_ok());
        assert!(rates.window("mails", &"bob", 1, hour).is_ok());
        while rates.clock.monotonic() < tick * 2 {}
        rates.sweep();
        assert_eq!(lock(&rates.windows).size(), 1);
    }
}
