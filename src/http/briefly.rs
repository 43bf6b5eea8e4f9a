//! What is kept in memory between two requests that belong together: the challenge of a passkey, the
//! way to another sign-in service and back.
//!
//! Must stay true: an entry is taken once, lives for minutes, and there are never more than a few
//! thousand; a restart loses them, and then the person begins again.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use uuid::Uuid;

use crate::clock::{Clock, Random};
use crate::error::Error;

const MOST: usize = 5_000;

struct Entry {
    until: Duration,
    value: Box<dyn Any + Send>,
}

/// Values under random ids that only whoever was given one can know.
pub struct Briefly {
    clock: Clock,
    random: Random,
    entries: Mutex<HashMap<Uuid, Entry>>,
}

impl Briefly {
    pub fn new(clock: Clock, random: Random) -> Self {
        Self {
            clock,
            random,
            entries: Mutex::default(),
        }
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<Uuid, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps `value` for as long as `lifetime`; 122 random bits lead to it.
    pub fn keep(&self, value: impl Any + Send, lifetime: Duration) -> Result<Uuid, Error> {
        let id = uuid::Builder::from_random_bytes(self.random.bytes()).into_uuid();
        let now = self.clock.monotonic();
        let mut entries = self.entries();
        if entries.len() >= MOST {
            entries.retain(|_, entry| entry.until > now);
        }
        if entries.len() >= MOST {
            return Err(Error::TooMany {
                code: "rate_limited",
                message:
                    "Very many people are signing in right now. Please try again in a few minutes."
                        .into(),
                retry_after: 60,
                resets_at: None,
            });
        }
        let until = now + lifetime;
        let value = Box::new(value);
        entries.insert(id, Entry { until, value });
        Ok(id)
    }

    /// A copy of the value, which stays; nothing when it ran out, was taken, or is of another kind.
    pub fn look<T: Any + Clone>(&self, id: Uuid) -> Option<T> {
        let now = self.clock.monotonic();
        let entries = self.entries();
        let entry = entries.get(&id).filter(|entry| entry.until > now)?;
        entry.value.downcast_ref().cloned()
    }

    /// Takes the value out; nothing when it ran out, was taken, or is of another kind.
    pub fn take<T: Any>(&self, id: Uuid) -> Option<T> {
        let mut entries = self.entries();
        if !entries.get(&id)?.value.is::<T>() {
            return None;
        }
        let entry = entries.remove(&id)?;
        if entry.until <= self.clock.monotonic() {
            return None;
        }
        entry.value.downcast().ok().map(|value| *value)
    }

    /// Drops what ran out.
    pub fn sweep(&self) {
        let now = self.clock.monotonic();
        self.entries().retain(|_, entry| entry.until > now);
    }
}
