//! What storage tells about itself: plain figures for logs, metrics and commands.

use std::path::PathBuf;

use uuid::Uuid;

use crate::Error;

/// How far a long piece of work is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// A few words: "copying", "checking messages".
    pub step: &'static str,
    /// Of `total`, in whatever unit the step counts.
    pub done: u64,
    /// 0 when nobody knows.
    pub total: u64,
}

/// Told now and then how far a piece of work is.
pub type OnProgress<'p> = &'p mut dyn FnMut(Progress);

/// How the live file came to be what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// There was no data.
    New,
    /// It was closed well, and nobody touched it since.
    Clean,
    /// It was not, and passed a full check.
    Checked,
    /// It was torn, missing or foreign: made anew from a snapshot and the journal.
    Rebuilt,
}

/// What opening found and did.
#[derive(Debug, Clone)]
pub struct Opened {
    /// Where the rows came from.
    pub start: Start,
    /// Batches taken from the journal.
    pub replayed: u64,
    /// Bytes at the end of the journal that were no whole batch; normal after a crash.
    pub torn_bytes: u64,
    /// What is not as it was written, in words for the operator; in a copy also what could not be reached.
    pub damage: Vec<String>,
    /// The format before, when a migration ran.
    pub migrated_from: Option<u32>,
}

/// Whether writing is possible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Writing {
    /// Yes.
    Possible,
    /// No; reading goes on.
    Refused {
        /// When it began, in milliseconds since 1970.
        since_ms: u64,
        /// Why: `Full`, or `Io` with the system's words.
        reason: Error,
    },
}

/// An immutable copy of all rows in the data directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SnapshotInfo {
    /// The last batch in it.
    pub seq: u64,
    /// When that batch was written, in milliseconds since 1970.
    pub ms: u64,
    /// Size of the file.
    pub bytes: u64,
}

/// What `maintain` found due.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Maintained {
    /// The snapshot it took.
    pub snapshot: Option<SnapshotInfo>,
    /// Snapshots and journal files that it emptied; they vanish at the next start.
    pub retired: u64,
}

/// Sizes of the live file before and after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compacted {
    /// Bytes.
    pub before: u64,
    /// Bytes.
    pub after: u64,
}

/// One thing that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// File or table.
    pub place: String,
    /// What is wrong, for the operator; never a row's text.
    pub reason: String,
}

/// What a check read, and what it found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// Empty when all is well.
    pub findings: Vec<Finding>,
    /// Rows of the live file that were read and decoded.
    pub rows: u64,
    /// Batches of the journal.
    pub batches: u64,
    /// Snapshots.
    pub snapshots: u64,
    /// Bytes read in all.
    pub bytes: u64,
}

/// Rows and bytes of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSize {
    /// Its name.
    pub table: String,
    /// How many rows.
    pub rows: u64,
    /// Bytes of keys and values, without the file's own overhead.
    pub bytes: u64,
}

/// Rows and bytes of one user in all tables whose keys begin with the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserSize {
    /// Whose.
    pub user: Uuid,
    /// How many rows.
    pub rows: u64,
    /// Bytes of keys and values.
    pub bytes: u64,
}

/// Bytes on disk, by what they are for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DiskUse {
    /// The live file.
    pub live: u64,
    /// The journal.
    pub journal: u64,
    /// All snapshots.
    pub snapshots: u64,
    /// How many snapshots.
    pub snapshot_count: u64,
    /// When the newest snapshot's last batch was written; 0 without one.
    pub newest_snapshot_ms: u64,
}

/// Who and what takes how much.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    /// By table, in the catalogue's order.
    pub tables: Vec<TableSize>,
    /// By user, largest first.
    pub users: Vec<UserSize>,
    /// On disk.
    pub disk: DiskUse,
}

/// A finished and verified backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupInfo {
    /// Where it is.
    pub path: PathBuf,
    /// The last batch in it.
    pub seq: u64,
    /// When that batch was written, in milliseconds since 1970.
    pub ms: u64,
    /// Bytes in all.
    pub bytes: u64,
    /// Rows that were read back and compared with their checksums.
    pub rows: u64,
}

/// What a restore made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The last batch in it.
    pub seq: u64,
    /// When that batch was written, in milliseconds since 1970.
    pub ms: u64,
    /// The snapshot it began with; none when that was a live file, or the journal alone.
    pub snapshot: Option<u64>,
    /// Batches taken from the journal after it.
    pub replayed: u64,
    /// Damage that was passed over, in words for the operator.
    pub damage: Vec<String>,
}

/// What an upgrade to this program would do to a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpgradeCheck {
    /// Format of the directory; none when there is no data.
    pub found: Option<u32>,
    /// Newest format of this program.
    pub supported: u32,
    /// Names of the migrations that would run.
    pub pending: Vec<&'static str>,
}

/// What a directory holds, as far as that shows without changing it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspected {
    /// Tells its history from others.
    pub lineage: Uuid,
    /// Which migrations have run.
    pub format: u32,
    /// The last batch that snapshots and journal lead to.
    pub seq: u64,
    /// When it was written, in milliseconds since 1970.
    pub ms: u64,
    /// True when the directory is a copy, or was restored.
    pub held: bool,
    /// How many snapshots there are; each was read and verified.
    pub snapshots: u64,
    /// Batches of the journal that were read.
    pub batches: u64,
    /// What is not as it must be.
    pub findings: Vec<Finding>,
}
