//! How far a long command is, from the thread that works to whoever waits.

use serde::{Deserialize, Serialize};
use storage::Progress;
use tokio::sync::watch;

/// A few words, and how much of how much; `total` is 0 when nobody knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub step: String,
    pub done: u64,
    pub total: u64,
}

/// Where work tells how far it is. Only the newest word is kept: who is slow to read misses some.
#[derive(Clone, Debug, Default)]
pub struct Steps(watch::Sender<Step>);

impl Steps {
    pub fn tell(&self, step: &str, done: u64, total: u64) {
        let step = step.to_owned();
        self.0.send_replace(Step { step, done, total });
    }

    pub fn show(&self, progress: Progress) {
        self.tell(progress.step, progress.done, progress.total);
    }

    pub fn newest(&self) -> Step {
        self.0.borrow().clone()
    }

    pub fn follow(&self) -> watch::Receiver<Step> {
        self.0.subscribe()
    }
}
