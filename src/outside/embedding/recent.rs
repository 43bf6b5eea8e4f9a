//! Vectors of what was asked a moment ago, and how many questions may be under way.
//!
//! Must stay true: an entry is of one model and one text; it lives for a minute, and there are few.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{EmbedModel, Embeddings};

const LIVES: Duration = Duration::from_mins(1);
const MOST: usize = 64;
/// A server that hangs is not asked more at once, and nobody waits for it again meanwhile.
const AT_ONCE: usize = 4;

pub(super) struct Recent {
    entries: Mutex<VecDeque<Entry>>,
    places: Arc<Semaphore>,
}

struct Entry {
    model: EmbedModel,
    text: String,
    vector: Arc<Vec<f32>>,
    until: Duration,
}

impl Default for Recent {
    fn default() -> Self {
        Self {
            entries: Mutex::default(),
            places: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }
}

impl Embeddings {
    /// What this model made of this text, if that was within the last minute.
    pub fn recent(&self, model: &EmbedModel, text: &str, now: Duration) -> Option<Arc<Vec<f32>>> {
        let entries = self.entries();
        let mut living = entries.iter().filter(|entry| entry.until > now);
        let found = living.find(|entry| entry.text == text && entry.model == *model)?;
        Some(found.vector.clone())
    }

    /// Keeps a vector for a minute.
    pub fn keep(&self, model: &EmbedModel, text: &str, vector: Arc<Vec<f32>>, now: Duration) {
        let mut entries = self.entries();
        entries.retain(|entry| entry.until > now);
        if entries.len() >= MOST {
            entries.pop_front();
        }
        entries.push_back(Entry {
            model: model.clone(),
            text: text.to_owned(),
            vector,
            until: now + LIVES,
        });
    }

    /// A place among the questions under way; none when all are taken.
    pub fn place(&self) -> Option<OwnedSemaphorePermit> {
        self.0.recent.places.clone().try_acquire_owned().ok()
    }

    fn entries(&self) -> MutexGuard<'_, VecDeque<Entry>> {
        let entries = self.0.recent.entries.lock();
        entries.unwrap_or_else(PoisonError::into_inner)
    }
}
