//! Backups and restoring: a data directory made from another one.
//!
//! What must stay true: what is made is synced and was read back before anybody hears of it; nothing
//! that is there is overwritten; a restored directory is a history of its own.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::check::verify_snapshot;
use crate::home::{Home, LOCK_FILE};
use crate::journal::{Chain, Journal};
use crate::live::Live;
use crate::open::Held;
use crate::recover::{Bounds, Recovered, recover};
use crate::remake::copy_file;
use crate::report::{BackupInfo, OnProgress, Opened, Progress, Restored, SnapshotInfo};
use crate::{Error, Options, open, place, snapshot};

/// Copies a snapshot into a new data directory.
pub(crate) fn backup(
    home: &Home,
    from: SnapshotInfo,
    into: &Path,
    progress: OnProgress<'_>,
) -> Result<BackupInfo, Error> {
    let new = Home {
        dir: into.to_owned(),
        ..home.clone()
    };
    must_be_empty(&new)?;
    new.files.make_dir(&new.snapshot_dir())?;
    progress(Progress {
        step: "copying",
        done: 0,
        total: from.bytes,
    });
    let path = snapshot::path(&new, from.seq);
    let file = new.files.create(&path)?;
    copy_file(home, &snapshot::path(home, from.seq), &file)?;
    new.files.sync_dir(&new.snapshot_dir())?;
    new.files.sync_dir(&new.dir)?;
    new.sync_above()?;
    progress(Progress {
        step: "reading it back",
        done: 0,
        total: from.bytes,
    });
    let (rows, _) = verify_snapshot(&new, &path)?;
    Ok(BackupInfo {
        path: into.to_owned(),
        seq: from.seq,
        ms: from.ms,
        bytes: new.len_of(&path)?,
        rows,
    })
}

/// What to restore, and where to.
#[derive(Debug, Clone)]
pub struct Restore {
    /// A backup, a plain copy of a data directory, or a data directory that no server runs on.
    pub from: PathBuf,
    /// The data directory to make; missing or empty.
    pub into: PathBuf,
    /// The last moment to restore, in milliseconds since 1970; none means all there is.
    pub at_ms: Option<u64>,
    /// Take what can be had when batches are missing.
    pub partial: bool,
    /// Those of `Store::open`; `dir` is not looked at.
    pub options: Options,
}

/// Makes a data directory from another one, of which nothing is changed.
///
/// The new directory is a history of its own: indexes made from the old one do not fit it. It starts
/// held.
///
/// # Errors
/// `NotEmpty`; `NewerFormat`; `Incomplete` when batches are missing; `TooLongAgo`; `Corrupt` when there is
/// nothing to restore; or what the disk says.
pub fn restore(restore: &Restore, progress: OnProgress<'_>) -> Result<Restored, Error> {
    let supported = open::supported_format(restore.options.migrations)?;
    let source = Home {
        dir: restore.from.clone(),
        ..restore.options.home()?
    };
    let home = Home {
        dir: restore.into.clone(),
        ..source.clone()
    };
    must_be_empty(&home)?;
    // In a copy a gap is natural, where the writing went on; in the directory itself it is damage, and
    // nobody may write there while it is read.
    let is_home = place::is_home(&source)?;
    let _lock = if is_home { lock_source(&source)? } else { None };
    home.make_dirs()?;
    progress(Progress {
        step: "restoring",
        done: 0,
        total: 0,
    });
    // Before a moment in the past lies a snapshot, or nothing at all.
    if restore.at_ms.is_none() || !has_history(&source)? {
        copy_live_file(&source, &home)?;
    }
    let bounds = Bounds {
        until_ms: restore.at_ms.unwrap_or(u64::MAX),
        partial: restore.partial,
        copy: !is_home,
        ..Bounds::ALL
    };
    let recovered = recover(&home, &source, bounds)?
        .ok_or_else(|| Error::corrupt_file("there is nothing to restore"))?;
    open::check_format(&recovered.meta, supported)?;
    let restored = Restored {
        seq: recovered.meta.seq,
        ms: recovered.meta.ms,
        snapshot: recovered.snapshot,
        replayed: recovered.reach.batches,
        damage: recovered.reach.damage.clone(),
    };
    begin_history(home, recovered, progress)?;
    Ok(restored)
}

fn has_history(home: &Home) -> Result<bool, Error> {
    let chain = Chain::list(&home.files, &home.journal_dir())?;
    Ok(!chain.is_empty() || !snapshot::list(home)?.is_empty())
}

/// A live file that can be used saves reading a snapshot; one that is torn is thrown away.
fn copy_live_file(source: &Home, home: &Home) -> Result<(), Error> {
    if source.len_of(&source.live_file())? > 0 {
        let file = home.files.create(&home.live_file())?;
        copy_file(source, &source.live_file(), &file)?;
    }
    Ok(())
}

/// Gives recovered rows a new lineage, and a snapshot that has it.
fn begin_history(
    home: Home,
    mut recovered: Recovered,
    progress: OnProgress<'_>,
) -> Result<(), Error> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a lineage is made once and must be unique; no test depends on it"
    )]
    let lineage = Uuid::new_v4();
    recovered.meta.lineage = lineage;
    let lock = lock(&home)?;
    let journal = Journal::new(&home.files, &home.journal_dir(), lineage, 0, None);
    let opened = Opened {
        start: recovered.start,
        replayed: 0,
        torn_bytes: 0,
        damage: Vec::new(),
        migrated_from: None,
    };
    let format = recovered.meta.format;
    let live = Live::new(Held { home, lock }, journal, recovered, opened, true);
    // The one batch of the new history that says so: it also tells which one this is.
    live.in_one_batch(format, |_| Ok(()))?;
    live.snapshot(progress)?;
    live.close()
}

fn lock(home: &Home) -> Result<Box<dyn Send + Sync>, Error> {
    let lock = home.files.lock(&home.dir.join(LOCK_FILE))?;
    lock.ok_or(Error::InUse)
}

/// None where nobody can write.
fn lock_source(source: &Home) -> Result<Option<Box<dyn Send + Sync>>, Error> {
    match source.files.lock(&source.dir.join(LOCK_FILE)) {
        Err(error) if error.kind() == ErrorKind::ReadOnlyFilesystem => Ok(None),
        taken => Ok(Some(taken?.ok_or(Error::InUse)?)),
    }
}

fn must_be_empty(home: &Home) -> Result<(), Error> {
    // A file system of its own begins with a folder for what is found when it is repaired.
    let names = home.files.names(&home.dir)?;
    if names.iter().all(|name| name == "lost+found") {
        return Ok(());
    }
    Err(Error::NotEmpty {
        dir: home.dir.clone(),
    })
}
