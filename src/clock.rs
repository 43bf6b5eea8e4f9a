//! Time, randomness and ids, passed in so that a test can hold them still.
//!
//! Must stay true: nothing else in the program reads the system clock, sleeps, or draws a random
//! number (clippy's disallowed lists hold this). A test's clock moves only when the test moves it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use rand::{Rng, SeedableRng, rngs::StdRng};
use uuid::Uuid;

pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Where time comes from: the machine in production, the test's own clock in tests.
pub trait TimeSource: Send + Sync {
    /// Wall-clock time, UTC.
    fn now(&self) -> Timestamp;
    /// Time since some fixed moment, never running backwards; for durations.
    fn monotonic(&self) -> Duration;
    fn sleep(&self, duration: Duration) -> Sleep;
    /// A pause that only hides how long something takes; a test does not wait for it.
    fn rest(&self, duration: Duration) -> Sleep {
        self.sleep(duration)
    }
}

struct SystemTime {
    #[expect(
        clippy::disallowed_types,
        reason = "the one place that reads the machine's clock"
    )]
    started: std::time::Instant,
}

impl TimeSource for SystemTime {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the machine's clock"
    )]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that sleeps")]
    fn sleep(&self, duration: Duration) -> Sleep {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// The clock every part of the program is given.
#[derive(Clone)]
pub struct Clock(Arc<dyn TimeSource>);

/// The given time passed before the future was done.
#[derive(Debug, PartialEq, Eq)]
pub struct TimedOut;

impl Clock {
    pub fn new(source: Arc<dyn TimeSource>) -> Self {
        Self(source)
    }

    #[expect(
        clippy::disallowed_types,
        reason = "the one place that reads the machine's clock"
    )]
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the machine's clock"
    )]
    pub fn system() -> Self {
        Self(Arc::new(SystemTime {
            started: std::time::Instant::now(),
        }))
    }

    /// Wall-clock time, UTC, cut to the millisecond: what is stored is what is shown.
    pub fn now(&self) -> Timestamp {
        let now = self.0.now();
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }

    pub fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }

    pub async fn sleep(&self, duration: Duration) {
        self.0.sleep(duration).await;
    }

    /// A pause, counted from now, that nothing but what others can measure depends on.
    pub fn rest(&self, duration: Duration) -> Sleep {
        self.0.rest(duration)
    }

    /// The future's output, or `TimedOut` once `limit` has passed.
    pub async fn timeout<F: Future>(
        &self,
        limit: Duration,
        future: F,
    ) -> Result<F::Output, TimedOut> {
        tokio::select! {
            biased;
            output = future => Ok(output),
            () = self.0.sleep(limit) => Err(TimedOut),
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

/// Cryptographic randomness: seeded by the operating system, or by a test.
#[derive(Clone)]
pub struct Random(Arc<Mutex<StdRng>>);

impl Random {
    pub fn system() -> Self {
        Self(Arc::new(Mutex::new(rand::make_rng())))
    }

    /// Repeatable; for tests.
    pub fn seeded(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(StdRng::seed_from_u64(seed))))
    }

    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .fill_bytes(&mut bytes);
        bytes
    }
}

impl fmt::Debug for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Random")
    }
}

/// Maker of `UUIDv7` ids that sort by the order in which they were made, also within a millisecond.
#[derive(Clone, Debug)]
pub struct Ids {
    clock: Clock,
    random: Random,
    last: Arc<Mutex<(u64, u16)>>,
}

impl Ids {
    pub fn new(clock: Clock, random: Random) -> Self {
        Self {
            clock,
            random,
            last: Arc::default(),
        }
    }

    /// A new id. RFC 9562, 6.2, method 1: the 12 bits after the milliseconds count within one
    /// millisecond; when they run over, or the clock steps back, the time part moves on by itself.
    pub fn next(&self) -> Uuid {
        let now = u64::try_from(self.clock.now().as_millisecond()).unwrap_or(0);
        let mut tail: [u8; 10] = self.random.bytes();
        let (millis, count) = {
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            *last = match *last {
                (then, _) if now > then => (now, 0),
                (then, 0xfff) => (then + 1, 0),
                (then, count) => (then, count + 1),
            };
            *last
        };
        let [high, low] = count.to_be_bytes();
        tail[0] = high;
        tail[1] = low;
        uuid::Builder::from_unix_timestamp_millis(millis, &tail).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ids made one after the other sort in that order, which paging and history rely on.
    #[test]
    fn ids_sort_in_the_order_they_were_made() {
        let ids = Ids::new(Clock::system(), Random::seeded(1));
        let made: Vec<Uuid> = (0..10_000).map(|_| ids.next()).collect();
        assert!(made.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(made.iter().all(|id| id.get_version_num() == 7));
    }
}
