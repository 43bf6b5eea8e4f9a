//! How bytes survive.
//!
//! This crate knows tables, transactions and text; it knows no word of the product, no async runtime
//! and no network. The map:
//!
//! | file | what it is for |
//! |---|---|
//! | `store.rs`, `tend.rs` | the door: open, write, read, close; and what an operator has done |
//! | `home.rs`, `place.rs`, `files/` | the data directory: what is where, which one it is, on which disk |
//! | `open.rs`, `recover.rs`, `remake.rs`, `apply.rs` | from what is in a directory to what was acknowledged |
//! | `journal/` | every batch, synced before it is anywhere else |
//! | `snapshot.rs`, `keep.rs`, `swap.rs` | copies of all rows, their retirement, a new live file from one |
//! | `live.rs`, `generation.rs`, `writable.rs`, `backend.rs` | the store at work, and when the disk fails |
//! | `writer.rs`, `write.rs` | the one writer thread; one batch, in which every change goes through one function |
//! | `read.rs` | reading, the same from a snapshot and from inside a write |
//! | `check.rs`, `stats.rs`, `backup.rs`, `report.rs` | reading everything; figures; backups and restoring |
//! | `key.rs`, `span.rs`, `table.rs`, `record.rs` | types to ordered keys, ranges, and checked values |
//! | `changes.rs` | the feed from which derived indexes catch up |
//! | `text/` | the full-text index: a cache that can be deleted at any time |
//! | `vector/` | nearest vectors, in memory; graphs on disk that can be deleted at any time |
//!
//! What must stay true:
//! * a write is acknowledged only after it is durable;
//! * a write closure that fails leaves no trace, and does not hurt the others of its batch;
//! * every value carries a checksum over its key and itself, verified on every read;
//! * nothing changes a table except through `WriteTx::apply`, and nothing reaches the live file that is not
//!   in the journal.

mod apply;
mod backend;
mod backup;
mod changes;
mod check;
mod error;
mod files;
#[doc(hidden)]
pub mod fuzzing;
mod generation;
mod home;
mod journal;
mod keep;
mod key;
mod live;
mod open;
mod pending;
mod place;
mod read;
mod record;
mod recover;
mod remake;
mod report;
mod snapshot;
mod span;
mod stats;
mod store;
mod swap;
mod table;
mod tend;
mod text;
mod vector;
mod writable;
mod write;
mod writer;

pub use backup::{Restore, restore};
pub use changes::Change;
pub use error::Error;
pub use files::{Disk, FileHandle, FileSystem, Files, Stamp, file_system};
pub use home::Clock;
pub use key::{Desc, Key};
pub use pending::Pending;
pub use read::{Read, ReadTx};
pub use record::{Record, unpack};
pub use report::{
    BackupInfo, CheckReport, Compacted, DiskUse, Finding, Inspected, Maintained, OnProgress,
    Opened, Progress, Restored, SnapshotInfo, Start, Stats, TableSize, UpgradeCheck, UserSize,
    Writing,
};
pub use span::{Leading, Span};
pub use store::{Migration, Options, Store, inspect, upgrade_check};
pub use table::{Table, TableInfo};
pub use text::{Posting, TextIndex, TextOp, Word, analyse, places, words};
pub use vector::{Block, Built, Graph, Label, Loaded, Near, Query, Usage, Vectors};
pub use write::WriteTx;
