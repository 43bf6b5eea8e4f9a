//! A backup: a folder that is a whole data directory by itself, read back and compared before it counts.
//!
//! Must stay true: `backup.json` is written last, so that a folder with one is complete; what a backup
//! that failed has made is removed again, and nothing else ever is.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::{BackupInfo, Options, Store, Writing};
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::progress::Steps;
use super::store;
use crate::app::{App, write_private};
use crate::care::LastBackup;
use crate::config::lies_in;
use crate::error::{Error, Result};

/// The file that says what a backup is, and by being there that it is whole.
pub const DESCRIPTION: &str = "backup.json";
/// The key of all sign-ins, where it is kept with the data.
pub const SECRET: &str = "secret.key";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// Of the program that made it.
    pub version: String,
    /// Of the data.
    pub format: u32,
    /// Number of the last change in it.
    pub seq: u64,
    /// When that change was stored.
    pub data_time: Timestamp,
    /// When it was made.
    pub time: Timestamp,
    pub lineage: Uuid,
    pub bytes: u64,
}

/// The right to make the one backup that is made at a time.
pub fn turn(app: &App) -> Result<OwnedSemaphorePermit> {
    let turn = app.care.backing_up.clone().try_acquire_owned();
    turn.map_err(|_| {
        Error::conflict(
            "backup_running",
            "A backup is being made just now. Try again when it has ended.",
        )
    })
}

/// Makes a backup in a folder that does not exist or is empty.
pub async fn make(
    app: &App,
    into: &Path,
    turn: OwnedSemaphorePermit,
    steps: &Steps,
) -> Result<BackupInfo> {
    let job = Job {
        store: app.store.clone(),
        data: app.config.data.dir.clone(),
        into: into.to_owned(),
        format: app.format,
        now: app.clock.now(),
    };
    let steps = steps.clone();
    let made = spawn_blocking(move || {
        let _turn = turn;
        job.run(&steps)
    });
    made.await.map_err(|e| Error::internal("the backup", e))?
}

struct Job {
    store: Store,
    data: PathBuf,
    into: PathBuf,
    format: u32,
    now: Timestamp,
}

impl Job {
    fn run(&self, steps: &Steps) -> Result<BackupInfo> {
        if lies_in(&self.into, &self.data) {
            let message = format!(
                "{} lies in the data directory, which would then hold its own backups. Choose another place, best on another disk.",
                self.into.display()
            );
            return Err(Error::field("backup_inside_data", "dir", message));
        }
        let ours = is_empty_or_missing(&self.into)?;
        let made = self.fill(steps);
        // Checked before, so that only what this backup put there is removed.
        if made.is_err() && ours {
            let _ = fs::remove_dir_all(&self.into);
        }
        made
    }

    fn fill(&self, steps: &Steps) -> Result<BackupInfo> {
        let cannot = |e| Error::internal("writing the backup", e);
        let info = self
            .store
            .backup(&self.into, &mut |progress| steps.show(progress))
            .map_err(|e| self.refused(e))?;
        match fs::read(self.data.join(SECRET)) {
            Ok(secret) => write_private(&self.into.join(SECRET), &secret).map_err(cannot)?,
            Err(e) if e.kind() == ErrorKind::NotFound => {}
            Err(e) => return Err(cannot(e)),
        }
        let description = Description {
            version: env!("CARGO_PKG_VERSION").into(),
            format: self.format,
            seq: info.seq,
            data_time: super::admin::time(info.ms),
            time: self.now,
            lineage: self.store.lineage(),
            bytes: info.bytes,
        };
        let mut text = serde_json::to_string_pretty(&description)
            .map_err(|e| Error::internal("describing the backup", e))?;
        text.push('\n');
        write_private(&self.into.join(DESCRIPTION), text.as_bytes()).map_err(cannot)?;
        if let Some(above) = self.into.parent() {
            let synced = fs::File::open(above).and_then(|folder| folder.sync_all());
            synced.map_err(cannot)?;
        }
        Ok(info)
    }

    fn refused(&self, cause: storage::Error) -> Error {
        let dir = self.into.display();
        match cause {
            storage::Error::NotEmpty { .. } => not_empty(&self.into),
            storage::Error::Full if self.own_disk_is_full() => {
                let data = self.data.display();
                Error::conflict(
                    "data_disk_full",
                    format!(
                        "The disk of the data, {data}, is full, and a backup begins with a snapshot there. A plain copy needs no room on it and is a backup, too: cp -a {data} {dir}"
                    ),
                )
            }
            storage::Error::Full => Error::conflict(
                "backup_disk_full",
                format!("The disk is full where the backup was to be made, {dir}."),
            ),
            storage::Error::Io { reason } => Error::conflict(
                "backup_failed",
                format!("The backup could not be written to {dir}: {reason}."),
            ),
            other => other.into(),
        }
    }

    /// Whether it is the data's disk that is full: it says so itself, or nothing was begun elsewhere.
    fn own_disk_is_full(&self) -> bool {
        let refused = matches!(
            self.store.writing(),
            Writing::Refused {
                reason: storage::Error::Full,
                ..
            }
        );
        refused || !self.into.join("snapshots").exists()
    }
}

/// What a backup says of itself; None when there is no whole backup.
pub fn describe(dir: &Path) -> Option<Description> {
    serde_json::from_slice(&fs::read(dir.join(DESCRIPTION)).ok()?).ok()
}

fn not_empty(dir: &Path) -> Error {
    Error::conflict(
        "not_empty",
        format!(
            "{} is not empty. Nothing was changed there; name a folder that does not exist.",
            dir.display()
        ),
    )
}

fn is_empty_or_missing(dir: &Path) -> Result<bool> {
    match fs::read_dir(dir).map(|mut entries| entries.next().is_some()) {
        Ok(true) => Err(not_empty(dir)),
        Ok(false) => Ok(true),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(true),
        Err(e) => Err(Error::conflict(
            "backup_failed",
            format!("{} cannot be used: {e}.", dir.display()),
        )),
    }
}

/// `data` -> `data.before-20261121T180000Z`.
pub fn beside(target: &Path, word: &str, now: Timestamp) -> PathBuf {
    let mut name = target.components().collect::<PathBuf>().into_os_string();
    name.push(format!(".{word}-{}", now.strftime("%Y%m%dT%H%M%SZ")));
    name.into()
}

/// Only a directory that nobody has open may be looked at or replaced.
pub fn refuse_in_use(options: &Options, dir: &Path) -> Result<()> {
    let lock = dir.join("lock");
    if !lock.exists() {
        return Ok(());
    }
    let taken = options.files.lock(&lock);
    match taken.map_err(|e| Error::internal("locking the directory", e))? {
        Some(_ours_for_a_moment) => Ok(()),
        None => Err(Error::conflict(
            "in_use",
            format!("A server runs on {}. Stop it first.", dir.display()),
        )),
    }
}

/// Keeps what the last backup came to, as far as the disk allows.
pub async fn record(app: &App, last: LastBackup) {
    app.care.backups.send_modify(|backups| {
        if last.failure.is_none() {
            backups.good_at = Some(last.at);
        }
        backups.last = Some(last);
    });
    keep_record(app).await;
}

/// Writes down what is known of backups, so that a restart knows it too.
pub async fn keep_record(app: &App) {
    let backups = app.care.backups.borrow().clone();
    let kept = app.store.write(move |tx| store::put_backups(tx, &backups));
    if let Err(error) = kept.await {
        tracing::warn!(%error, "what the last backup came to will be forgotten at the next start");
    }
}
