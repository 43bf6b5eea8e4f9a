//! A clock that stands still until the test moves it, and the patience of a test.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use novacore::clock::{Clock, Sleep, TimeSource};
use tokio::sync::{oneshot, watch};

/// Waits for what must come. A test waits for events, never for time; this only turns waiting for
/// ever into a failure that says for what.
pub async fn soon<T>(what: &str, coming: impl Future<Output = T>) -> T {
    let came = Clock::system()
        .timeout(Duration::from_mins(1), coming)
        .await;
    came.unwrap_or_else(|_| panic!("{what} did not come"))
}

/// Begins at 2026-01-01T00:00:00Z. Sleepers wake in the order of their times.
pub struct TestClock {
    state: Mutex<State>,
    asleep: watch::Sender<usize>,
    this: std::sync::Weak<TestClock>,
}

#[derive(Default)]
struct State {
    passed: Duration,
    next: u64,
    sleepers: BTreeMap<(Duration, u64), oneshot::Sender<()>>,
}

impl TestClock {
    pub fn new() -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            state: Mutex::default(),
            asleep: watch::Sender::new(0),
            this: this.clone(),
        })
    }

    /// The clock to hand to the program.
    pub fn clock(self: &Arc<Self>) -> Clock {
        Clock::new(self.clone())
    }

    /// Moves time on and wakes who has slept long enough.
    pub fn advance(&self, by: Duration) {
        let mut state = self.state.lock().unwrap();
        let until = state.passed + by;
        while let Some(entry) = state.sleepers.first_entry() {
            let (at, _) = *entry.key();
            if at > until {
                break;
            }
            let sleeper = entry.remove();
            state.passed = at;
            let _ = sleeper.send(());
        }
        state.passed = until;
        self.asleep.send_replace(state.sleepers.len());
    }

    /// Waits until at least so many sleep at once.
    pub async fn sleepers(&self, at_least: usize) {
        let mut asleep = self.asleep.subscribe();
        let enough = asleep.wait_for(|&now| now >= at_least);
        soon("a sleeper", enough).await.unwrap();
    }

    /// How many sleep now.
    pub fn asleep(&self) -> usize {
        *self.asleep.borrow()
    }
}

impl TimeSource for TestClock {
    fn now(&self) -> Timestamp {
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        start + SignedDuration::try_from(self.monotonic()).unwrap()
    }

    fn monotonic(&self) -> Duration {
        self.state.lock().unwrap().passed
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        let (wake, woken) = oneshot::channel();
        let mut state = self.state.lock().unwrap();
        let key = (state.passed.saturating_add(duration), state.next);
        state.next += 1;
        if duration.is_zero() {
            let _ = wake.send(());
        } else {
            state.sleepers.insert(key, wake);
            self.asleep.send_replace(state.sleepers.len());
        }
        Box::pin(Sleeping {
            clock: self.this.upgrade().unwrap(),
            key,
            woken,
        })
    }

    fn rest(&self, _duration: Duration) -> Sleep {
        Box::pin(std::future::ready(()))
    }
}

struct Sleeping {
    clock: Arc<TestClock>,
    key: (Duration, u64),
    woken: oneshot::Receiver<()>,
}

impl Future for Sleeping {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.woken).poll(context).map(|_| ())
    }
}

impl Drop for Sleeping {
    fn drop(&mut self) {
        let mut state = self.clock.state.lock().unwrap();
        if state.sleepers.remove(&self.key).is_some() {
            self.clock.asleep.send_replace(state.sleepers.len());
        }
    }
}
