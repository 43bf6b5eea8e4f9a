//! The rate bucket: how often something may happen, counted by a key such as an address.
//!
//! Knows no plan and no route; whoever asks brings the limit. Generic cell rate algorithm (ITU-T
//! I.371): per key one number, the moment at which the bucket will be empty again.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Clock;
use crate::error::Error;

/// Keys kept at most; when a flood of new keys reaches it, those with the most room are dropped.
const MOST_KEYS: usize = 100_000;
/// No window is longer than this.
const LONGEST_WINDOW: Duration = Duration::from_hours(24);

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

/// All buckets of the program.
#[derive(Debug)]
pub struct Rates {
    clock: Clock,
    enabled: bool,
    full_until: Mutex<HashMap<(&'static str, String), Duration>>,
    windows: Mutex<HashMap<(&'static str, String), VecDeque<Duration>>>,
}

impl Rates {
    pub fn new(clock: Clock, enabled: bool) -> Self {
        Self {
            clock,
            enabled,
            full_until: Mutex::default(),
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
        let mut buckets = self
            .full_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MOST_KEYS {
            let soon = now + limit.period / 2;
            buckets.retain(|_, until| *until > soon);
        }
        let until = buckets.entry((what, key.to_string())).or_insert(now);
        let filled = (*until).max(now) + each;
        let wait = filled.saturating_sub(now + room);
        if !wait.is_zero() {
            return Err(too_often(wait));
        }
        *until = filled;
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
        let mut windows = self.windows();
        if windows.len() >= MOST_KEYS {
            windows.retain(|_, times| {
                times
                    .back()
                    .is_some_and(|last| now < *last + LONGEST_WINDOW)
            });
        }
        let times = windows.entry((what, key.to_string())).or_default();
        while times.front().is_some_and(|first| *first + period <= now) {
            times.pop_front();
        }
        match times.front() {
            Some(first) if times.len() >= count => {
                Err(too_often((*first + period).saturating_sub(now)))
            }
            _ => {
                times.push_back(now);
                Ok(())
            }
        }
    }

    fn windows(&self) -> MutexGuard<'_, HashMap<(&'static str, String), VecDeque<Duration>>> {
        self.windows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets the buckets that are empty again.
    pub fn sweep(&self) {
        let now = self.clock.monotonic();
        self.full_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|_, until| *until > now);
        self.windows().retain(|_, times| {
            times
                .back()
                .is_some_and(|last| now < *last + LONGEST_WINDOW)
        });
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
