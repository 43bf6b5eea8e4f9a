//! How the data is looked after: what the last check and the last backup came to, and whether memories
//! can be embedded.
//!
//! Filled in and told by `ops` and `memory`; here because it lives as long as the program does.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, Semaphore, watch};

/// What is known of it now.
#[derive(Debug)]
pub struct Care {
    /// The last full check since the start.
    pub check: watch::Sender<Option<Checked>>,
    pub backups: watch::Sender<Backups>,
    /// There is one backup at a time.
    pub backing_up: Arc<Semaphore>,
    pub embedding: watch::Sender<Embedding>,
    /// Has what embeds memories look again at once.
    pub embed_now: Notify,
}

impl Default for Care {
    fn default() -> Self {
        Self {
            check: watch::Sender::default(),
            backups: watch::Sender::default(),
            backing_up: Arc::new(Semaphore::new(1)),
            embedding: watch::Sender::default(),
            embed_now: Notify::new(),
        }
    }
}

/// How embedding memories goes.
#[derive(Clone, Debug, Default)]
pub struct Embedding {
    /// How often it was looked whether something waits.
    pub rounds: u64,
    /// Tries that failed, one after the other.
    pub failures: u32,
    /// Why the last one did, for administrators.
    pub trouble: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Checked {
    /// When it ended.
    pub at: Timestamp,
    pub findings: usize,
    /// The first finding, or why it could not be done.
    pub reason: Option<String>,
}

/// The backups that this data has had; kept in a row of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backups {
    /// Since when nightly backups are due.
    pub since: Option<Timestamp>,
    /// When the last good one ended.
    pub good_at: Option<Timestamp>,
    pub last: Option<LastBackup>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastBackup {
    /// When it ended.
    pub at: Timestamp,
    /// None when it is good.
    pub failure: Option<String>,
    pub bytes: u64,
    pub path: PathBuf,
}
