//! Keeping an answer while it is written: its text, every half second, and what it takes of the person's
//! day.
//!
//! Must stay true: at most half a second of text is lost to a crash; an answer that takes more than is left
//! is noticed at the piece that does it.

use std::time::Duration;

use futures_util::FutureExt;
use storage::{Pending, Writing};

use super::answer::Job;
use super::store::{self, Message};
use super::tokens::Counter;
use crate::app::App;
use crate::billing::{self, Hold, Moment};
use crate::error::{Error, Result};
use crate::http::events::Channel;

/// The text so far is kept this often, or when this much has come.
const KEEP_EVERY: Duration = Duration::from_millis(500);
const KEEP_BYTES: usize = 4096;

pub struct Keeper {
    /// When it was kept last, and how many bytes.
    kept: (Duration, usize),
    keeping: Option<Pending<Option<Hold>, Error>>,
    hold: Hold,
    text: Counter,
    thinking: Counter,
}

impl Keeper {
    pub fn new(app: &App, hold: Hold) -> Self {
        Self {
            kept: (app.clock.monotonic(), 0),
            keeping: None,
            hold,
            text: Counter::default(),
            thinking: Counter::default(),
        }
    }

    pub fn count(&mut self, channel: Channel, text: &str) {
        match channel {
            Channel::Delta => self.text.push(text),
            Channel::Thinking => self.thinking.push(text),
        }
    }

    fn counted(&self) -> u64 {
        self.text.tokens() + self.thinking.tokens()
    }

    /// Whether the answer has taken more than is left.
    pub fn used_up(&mut self) -> bool {
        self.look();
        self.hold.over(self.counted())
    }

    /// Whether what was to be kept is by now.
    fn look(&mut self) {
        if let Some(outcome) = self.keeping.as_mut().and_then(FutureExt::now_or_never) {
            self.hear(outcome);
        }
    }

    /// Hears what became of keeping; a failure is told to the log, the end of the turn will store it again.
    /// True when it was kept.
    fn hear(&mut self, outcome: Result<Option<Hold>>) -> bool {
        self.keeping = None;
        match outcome {
            Ok(Some(hold)) => self.hold = hold,
            // Nothing is reserved any more: the conversation was deleted, and the answer is being stopped.
            Ok(None) => self.hold.room = None,
            Err(error) => {
                tracing::warn!(%error, "the text of an answer so far could not be kept");
                return false;
            }
        }
        true
    }

    /// Waits while the answer has taken more than is reserved for it, so that answers that run at once do
    /// not pass a limit together, however fast they are. A disk that takes nothing holds nobody up.
    pub async fn catch_up(&mut self, app: &App, job: &Job) {
        while self.hold.behind(self.counted()) {
            self.keep(app, job);
            let Some(keeping) = self.keeping.as_mut() else {
                return;
            };
            let outcome = keeping.await;
            if !self.hear(outcome) {
                return;
            }
        }
    }

    /// Keeps the text so far and reserves ahead of it, where it is time for that.
    pub fn keep(&mut self, app: &App, job: &Job) {
        let (now, length) = (app.clock.monotonic(), job.log.text_len());
        let due = now.saturating_sub(self.kept.0) >= KEEP_EVERY
            || length - self.kept.1 >= KEEP_BYTES.max(length / 8)
            || self.hold.short(self.counted())
            || self.hold.behind(self.counted());
        // One at a time: a slow disk must not pile up copies of the text.
        let can = app.store.writing() == Writing::Possible && self.keeping.is_none();
        if length > self.kept.1 && due && can {
            self.kept = (now, length);
            self.keeping = Some(begin(app, job, (self.hold, self.counted())));
        }
    }
}

/// Stores the text so far, without waiting: the writer keeps the order, and the end of the turn is
/// stored after it.
fn begin(app: &App, job: &Job, taken: (Hold, u64)) -> Pending<Option<Hold>, Error> {
    let (inside, user, turn) = (app.clone(), job.user, job.turn.clone());
    let message = Message {
        content: job.log.text(Channel::Delta),
        thinking: job.log.text(Channel::Thinking),
        ..job.message.clone()
    };
    app.store.write(move |tx| {
        store::update_message(tx, user, turn.session, &message)?;
        if taken.0.room.is_none() {
            return Ok(None);
        }
        billing::hold_on(tx, Moment::now(&inside), (user, turn.id), taken)
    })
}
