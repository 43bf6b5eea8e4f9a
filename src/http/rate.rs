//! The rate bucket: how often something may happen, counted by a key such as an address.
//!
//! Knows no plan and no route; whoever asks brings the limit. Generic cell rate algorithm (ITU-T
//! I.371): per key one moment, at which the bucket will be empty again.
//!
//! Must stay true: a bucket never holds anybody up for longer than it takes to empty it once, whatever
//! the clocks did. When a key comes with another limit, the calls in its bucket stay, each at its new
//! price in time: a higher limit lets calls through at once, and a lower one brings no new beginning.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::Notify;

use super::tally::{self, Tally};
use crate::clock::Clock;
use crate::error::Error;
use crate::http::counts::{Count, Sharded};

const NANOS: u64 = 1_000_000_000;

/// So many per `period` in the long run, and `burst` of them at once.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    count: u32,
    period: Duration,
    burst: u32,
    kept: bool,
}

impl Limit {
    pub const fn per_minute(count: u32) -> Self {
        Self {
            count,
            period: Duration::from_mins(1),
            burst: count,
            kept: false,
        }
    }

    pub const fn per_hour(count: u32) -> Self {
        Self {
            count,
            period: Duration::from_hours(1),
            burst: count,
            kept: false,
        }
    }

    pub const fn burst(self, burst: u32) -> Self {
        Self { burst, ..self }
    }

    /// The bucket is one that `Rates::changes` tells of, so that it can outlive the program.
    pub const fn kept(self) -> Self {
        Self { kept: true, ..self }
    }

    /// What one call costs, and what the bucket holds, in nanoseconds.
    fn measures(self) -> (u64, u64) {
        let each = (nanos(self.period) / u64::from(self.count.max(1))).max(1);
        (each, each.saturating_mul(u64::from(self.burst.max(1))))
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// How full a bucket is, apart from any clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// Time until it is empty.
    pub left: Duration,
    /// What one call costs.
    pub each: Duration,
}

/// A bucket of a limit that is kept, with its kind and its key.
pub type Change = (&'static str, String, Level);

/// Times in nanoseconds since the clock's beginning.
#[derive(Debug, Default)]
struct Bucket {
    /// When it will be empty again.
    empty_at: u64,
    /// What one call costs, so that its calls can be told from the time; 0 before the first one.
    each: u64,
    /// Whether `Rates::changes` is still to tell of it.
    changed: bool,
}

impl Bucket {
    /// What is in it now under this limit.
    fn held(&self, now: u64, (each, room): (u64, u64)) -> u64 {
        let held = u128::from(self.empty_at.saturating_sub(now));
        let held = match self.each {
            0 => held,
            before if before == each => held,
            before => held * u128::from(each) / u128::from(before),
        };
        u64::try_from(held).unwrap_or(u64::MAX).min(room)
    }

    /// Puts one more in, or says how long until there is room.
    fn put(&mut self, now: u64, limit: Limit) -> (Tally, Result<(), u64>) {
        let (each, room) = limit.measures();
        let held = self.held(now, (each, room));
        let wait = (held + each).saturating_sub(room);
        let held = if wait == 0 { held + each } else { held };
        (self.empty_at, self.each) = (now + held, each);
        let tally = Tally {
            limit: limit.count,
            remaining: u32::try_from((room - held) / each).unwrap_or(u32::MAX),
            reset: held.div_ceil(NANOS),
        };
        (tally, if wait == 0 { Ok(()) } else { Err(wait) })
    }

    fn level(&self, now: u64) -> Level {
        Level {
            left: Duration::from_nanos(self.empty_at.saturating_sub(now)),
            each: Duration::from_nanos(self.each),
        }
    }
}

impl Count for Bucket {
    type Weight = u64;

    fn is_over(&self, now: Duration) -> bool {
        self.empty_at <= nanos(now)
    }

    /// The bucket with the most room goes first.
    fn weight(&self) -> u64 {
        self.empty_at
    }
}

/// When something happened, as far as it counts.
#[derive(Debug, Default)]
struct Window {
    times: VecDeque<Duration>,
    /// When the last of them no longer counts.
    until: Duration,
}

impl Window {
    /// Counts one more of `count`, or says how long until it may be.
    fn put(&mut self, now: Duration, count: usize, period: Duration) -> (Tally, Result<(), u64>) {
        while self
            .times
            .front()
            .is_some_and(|first| *first + period <= now)
        {
            self.times.pop_front();
        }
        let put = match self.times.front() {
            Some(first) if self.times.len() >= count => {
                Err(nanos((*first + period).saturating_sub(now)))
            }
            _ => {
                self.times.push_back(now);
                self.until = now + period;
                Ok(())
            }
        };
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let tally = Tally {
            limit: number(count),
            remaining: number(count.saturating_sub(self.times.len())),
            reset: nanos(self.until.saturating_sub(now)).div_ceil(NANOS),
        };
        (tally, put)
    }
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
    buckets: Sharded<Bucket>,
    windows: Sharded<Window>,
    changed: Notify,
}

impl Rates {
    pub fn new(clock: Clock, enabled: bool) -> Self {
        Self {
            clock,
            enabled,
            buckets: Sharded::default(),
            windows: Sharded::default(),
            changed: Notify::new(),
        }
    }

    /// Takes one from the bucket of `what` and `key`, or says when to come back; the request's answer
    /// tells how many are left.
    pub fn take(&self, what: &'static str, key: &impl ToString, limit: Limit) -> Result<(), Error> {
        if !self.enabled || limit.count == 0 {
            return Ok(());
        }
        let key = key.to_string();
        let (tally, put) = {
            let mut buckets = self.buckets.of(&key);
            // With the lock: a moment from before another's call would take back what that one put in.
            let now = self.clock.monotonic();
            let bucket = buckets.of(what, key, now);
            let (tally, put) = bucket.put(nanos(now), limit);
            if limit.kept && put.is_ok() && !bucket.changed {
                bucket.changed = true;
                self.changed.notify_one();
            }
            (tally, put)
        };
        tally::note(tally);
        put.map_err(too_often)
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
        let key = key.to_string();
        let (tally, put) = {
            let mut windows = self.windows.of(&key);
            let now = self.clock.monotonic();
            windows.of(what, key, now).put(now, count, period)
        };
        tally::note(tally);
        put.map_err(too_often)
    }

    /// Returns once a bucket that is kept has changed, of which `changes` has not told.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// The buckets that are kept and have changed since this was last asked.
    pub fn changes(&self) -> Vec<Change> {
        let now = nanos(self.clock.monotonic());
        let mut changes = Vec::new();
        for mut buckets in self.buckets.all() {
            for (what, key, bucket) in buckets.iter_mut() {
                if std::mem::take(&mut bucket.changed) {
                    changes.push((what, key.clone(), bucket.level(now)));
                }
            }
        }
        changes
    }

    /// Has `changes` tell of these again, since what was told could not be kept.
    pub fn tell_again(&self, changes: &[Change]) {
        for (what, key, _) in changes {
            if let Some(bucket) = self.buckets.of(key).get_mut(what, key) {
                bucket.changed = true;
            }
        }
        self.changed.notify_one();
    }

    /// Fills a bucket as it was when the program last ran.
    pub fn restore(&self, what: &'static str, key: String, level: Level) {
        let now = self.clock.monotonic();
        let mut buckets = self.buckets.of(&key);
        *buckets.of(what, key, now) = Bucket {
            empty_at: nanos(now).saturating_add(nanos(level.left)),
            each: nanos(level.each),
            changed: false,
        };
    }

    /// Forgets the buckets that are empty again, and the windows that are over.
    pub fn sweep(&self) {
        let now = self.clock.monotonic();
        self.buckets.sweep(now);
        self.windows.sweep(now);
    }
}

/// `wait` in nanoseconds; what is told in whole seconds is as long, or up to a second longer.
fn too_often(wait: u64) -> Error {
    Error::TooMany {
        code: "rate_limited",
        message: "That was too often in too short a time. Please wait a moment and try again."
            .into(),
        retry_after: wait.div_ceil(NANOS),
        resets_at: None,
    }
}

#[cfg(test)]
mod tests;
