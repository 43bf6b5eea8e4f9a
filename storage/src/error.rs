//! The one error of this crate, named by what it means to the caller.
//!
//! Every variant can be cloned, because a failed commit is reported to every write of its batch.

use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

/// Name under which a damaged database file is reported, where a damaged row names its table.
const FILE: &str = "main.redb";

/// Why storage could not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another process, or another `Store` in this one, has the directory open.
    #[error("the data directory is in use by another process")]
    InUse,
    /// The directory was written by a newer release; opening it could destroy what that release knows.
    #[error(
        "the data directory has format {found}, this release understands up to {supported}; use a newer release"
    )]
    NewerFormat {
        /// Format number in the directory.
        found: u32,
        /// Newest format number of this program.
        supported: u32,
    },
    /// Bytes on disk are not what was written: a wrong checksum, an unreadable row, a damaged file.
    #[error("{table} is damaged: {reason}")]
    Corrupt {
        /// The table, or the file when the damage is outside of any row.
        table: String,
        /// What was found.
        reason: String,
    },
    /// The directory holds files of two histories, as when a copy was laid over other data.
    #[error("the data directory mixes two histories: {reason}")]
    Mixed {
        /// Where they differ.
        reason: String,
    },
    /// Batches are missing: what was acknowledged cannot be reached as a whole.
    #[error(
        "the data directory is damaged: batches up to {known} were written, only those up to {reachable} can be read ({reason})"
    )]
    Incomplete {
        /// The last batch that can be restored.
        reachable: u64,
        /// The last batch that is known to have been written.
        known: u64,
        /// What is missing.
        reason: String,
    },
    /// What is to be restored does not reach back so far.
    #[error("there is nothing from so long ago")]
    TooLongAgo,
    /// A folder that should be made holds something already.
    #[error("{} is there already and is not empty", .dir.display())]
    NotEmpty {
        /// The folder.
        dir: PathBuf,
    },
    /// A stored record has a version that this program has no upgrade for.
    #[error("a record has version {version}, which this release does not know")]
    UnknownVersion {
        /// The version byte found.
        version: u8,
    },
    /// The table is not in the catalogue given to `Store::open`.
    #[error("the table {table} is not in the catalogue")]
    UnknownTable {
        /// Name asked for.
        table: String,
    },
    /// The catalogue or the list of migrations contradicts itself.
    #[error("the storage declarations are wrong: {reason}")]
    Misdeclared {
        /// What is wrong with them.
        reason: String,
    },
    /// A migration failed; the directory is as it was before.
    #[error("the migration to format {to} ({name}) failed: {cause}")]
    Migration {
        /// Format the migration leads to.
        to: u32,
        /// Its name.
        name: &'static str,
        /// Why it failed.
        cause: Box<Error>,
    },
    /// A value could not be turned into bytes.
    #[error("a record cannot be stored: {reason}")]
    Unstorable {
        /// What the encoder said.
        reason: String,
    },
    /// The directory was moved, removed or replaced while it was open: what would be written now would not
    /// be where it is looked for.
    #[error(
        "the data directory is no longer at {}: it was moved or replaced; stop the server, put it back, and start it",
        .dir.display()
    )]
    Displaced {
        /// Where it was.
        dir: PathBuf,
    },
    /// The disk, or the quota of this user on it, is full.
    #[error("the disk is full")]
    Full,
    /// The operating system refused to read or write.
    #[error("the disk cannot be read or written: {reason}")]
    Io {
        /// What the system said.
        reason: String,
    },
    /// The store was closed.
    #[error("storage is closed")]
    Closed,
    /// A write closure or a migration panicked; nothing of it was kept.
    #[error("a storage operation panicked: {message}")]
    Panicked {
        /// The panic's message.
        message: String,
    },
    /// The folder meant for the full-text index holds something else, which must not be wiped.
    #[error("the folder {} holds \"{found}\", which is no part of a text index", .dir.display())]
    Foreign {
        /// The folder.
        dir: PathBuf,
        /// A file or folder in it that the index did not make.
        found: String,
    },
    /// The full-text index refused; it can be deleted and rebuilt at any time.
    #[error("the text index failed: {reason}")]
    Text {
        /// What the index said.
        reason: String,
    },
}

impl Error {
    /// A damaged row of `table`.
    pub(crate) fn corrupt(table: &str, reason: impl Into<String>) -> Self {
        Self::Corrupt {
            table: table.to_owned(),
            reason: reason.into(),
        }
    }

    /// A damaged database file.
    pub(crate) fn corrupt_file(reason: impl Into<String>) -> Self {
        Self::corrupt(FILE, reason)
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
                Self::corrupt_file(error.to_string())
            }
            _ => Self::Io {
                reason: error.to_string(),
            },
        }
    }
}

impl From<redb::Error> for Error {
    fn from(error: redb::Error) -> Self {
        match error {
            redb::Error::Io(error) => error.into(),
            redb::Error::PreviousIo => Self::Io {
                reason: "an earlier write to the database file failed".to_owned(),
            },
            redb::Error::DatabaseAlreadyOpen | redb::Error::LockProtocolMismatch => Self::InUse,
            redb::Error::DatabaseClosed => Self::Closed,
            redb::Error::TableDoesNotExist(table) => Self::UnknownTable { table },
            redb::Error::ValueTooLarge(bytes) => Self::Unstorable {
                reason: format!("{bytes} bytes are too many for one row"),
            },
            other => Self::corrupt_file(other.to_string()),
        }
    }
}

macro_rules! from_redb {
    ($($kind:ident),*) => {$(
        impl From<redb::$kind> for Error {
            fn from(error: redb::$kind) -> Self {
                redb::Error::from(error).into()
            }
        }
    )*};
}
from_redb!(
    CommitError,
    CompactionError,
    DatabaseError,
    SetDurabilityError,
    StorageError,
    TableError,
    TransactionError
);

/// The message of a caught panic.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}

/// Runs code that is not ours to trust and reports a panic in it as an error.
pub(crate) fn caught<T, E: From<Error>>(work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let message = panic_message(panic.as_ref());
        Err(E::from(Error::Panicked { message }))
    })
}

/// Runs redb code and reports a panic in it as damage: redb asserts on what it reads from a file, so
/// a file that was altered behind its back shows as a panic.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|panic| Err(Error::corrupt_file(panic_message(panic.as_ref()))))
}
