//! The journal: every batch is here, synced, before it is anywhere else.
//!
//! `frame.rs` says what the bytes are, `walk.rs` reads one file, `chain.rs` all of them; here they are
//! written. What must stay true: a file is only ever appended to, by the one who made it; after any
//! failure it is left as it is and a new one is begun with the same seq, whose word then counts. Every
//! record makes its file longer: a tool that copies only what has another length or time misses none, and
//! one that copies while it is written gets a beginning.

mod chain;
pub(crate) mod frame;
pub(crate) mod walk;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use uuid::Uuid;

pub(crate) use chain::{Chain, Part, Reach, SegmentId, each_op};
use frame::{Head, Record};

use crate::Error;
use crate::files::{FileHandle, Files, read_whole};

/// A file that has so many bytes takes no further record.
const SEGMENT_BYTES: u64 = 16 << 20;
/// So much room must there be before writing is tried again after the disk was full.
const PROBE_BYTES: usize = 1 << 20;

/// The end of the journal, where the writer thread appends.
#[derive(Debug)]
pub(crate) struct Journal {
    files: Arc<dyn Files>,
    dir: PathBuf,
    lineage: Uuid,
    /// None when the next record begins a new file.
    open: Option<Segment>,
    /// Bytes of records since the last snapshot began.
    since_snapshot: u64,
    /// The last file, when its writer did not finish it: to be renewed before anything follows.
    torn: Option<PathBuf>,
}

#[derive(Debug)]
struct Segment {
    file: Arc<dyn FileHandle>,
    /// Where the next record goes.
    at: u64,
    /// The last record in it, for the seal.
    last: (u64, u64),
}

impl Journal {
    /// `since_snapshot`: bytes that a recovery would have to read now.
    pub(crate) fn new(
        files: &Arc<dyn Files>,
        dir: &Path,
        lineage: Uuid,
        since_snapshot: u64,
        torn: Option<PathBuf>,
    ) -> Self {
        Self {
            files: Arc::clone(files),
            dir: dir.to_owned(),
            lineage,
            open: None,
            since_snapshot,
            torn,
        }
    }

    pub(crate) fn since_snapshot(&self) -> u64 {
        self.since_snapshot
    }

    /// Makes a batch durable. After an error nobody knows whether it is; the next record then has the
    /// same seq in a new file, and with it the last word.
    pub(crate) fn append(&mut self, record: Record<'_>) -> Result<(), Error> {
        let appended = self.append_to_open(record);
        if appended.is_err() {
            self.open = None;
        }
        appended
    }

    fn append_to_open(&mut self, record: Record<'_>) -> Result<(), Error> {
        self.renew_torn()?;
        if self
            .open
            .as_ref()
            .is_some_and(|open| open.at >= SEGMENT_BYTES)
        {
            self.seal()?;
        }
        let Some(open) = &mut self.open else {
            let open = self.begin(record)?;
            self.since_snapshot += open.at;
            self.open = Some(open);
            return Ok(());
        };
        let mut bytes = Vec::with_capacity(record.size());
        record.encode(self.lineage, &mut bytes)?;
        open.file.write_at(open.at, &bytes)?;
        open.file.sync()?;
        self.since_snapshot += bytes.len() as u64;
        open.at += bytes.len() as u64;
        open.last = (record.seq, record.ms);
        Ok(())
    }

    /// Makes durable what was read from a file that its writer did not finish.
    pub(crate) fn renew_torn(&mut self) -> Result<(), Error> {
        if let Some(torn) = &self.torn {
            self.renew(torn)?;
            self.torn = None;
        }
        Ok(())
    }

    /// A new file with its first record, durable together with its name.
    fn begin(&self, record: Record<'_>) -> Result<Segment, Error> {
        let (file, path) = self.create(record.seq)?;
        let begun = self.write_first(&file, record);
        if begun.is_err() {
            // A full disk would fill with beginnings.
            drop(file);
            let _ = self.files.remove(&path);
        }
        begun
    }

    fn write_first(
        &self,
        file: &Arc<dyn FileHandle>,
        record: Record<'_>,
    ) -> Result<Segment, Error> {
        let head = Head {
            lineage: self.lineage,
            first_seq: record.seq,
        };
        let mut bytes = head.encode();
        record.encode(self.lineage, &mut bytes)?;
        let at = bytes.len() as u64;
        file.write_at(0, &bytes)?;
        file.sync()?;
        self.files.sync_dir(&self.dir)?;
        Ok(Segment {
            file: Arc::clone(file),
            at,
            last: (record.seq, record.ms),
        })
    }

    fn create(&self, first: u64) -> Result<(Arc<dyn FileHandle>, PathBuf), Error> {
        let path = self.next_path(first)?;
        Ok((self.files.create(&path)?, path))
    }

    /// Where a new file with this first seq goes: after every one that there is, because the later one's
    /// word counts, and names before it may have gone.
    fn next_path(&self, first: u64) -> Result<PathBuf, Error> {
        let names = self.files.names(&self.dir)?;
        let there = names.iter().filter_map(|name| SegmentId::parse(name));
        let turns = there.filter(|id| id.first == first).map(|id| id.turn);
        let turn = turns.max().map_or(0, |turn| turn.saturating_add(1));
        Ok(self.dir.join(SegmentId { first, turn }.file_name()))
    }

    /// Finds out whether a new file could be begun: room for it, and a sync that works.
    pub(crate) fn probe(&self) -> Result<(), Error> {
        let file = self.files.create_unnamed(&self.dir)?;
        file.write_at(0, &vec![0; PROBE_BYTES])?;
        file.sync()?;
        Ok(())
    }

    /// Ends the open file, if there is one; the next record begins a new one.
    pub(crate) fn seal(&mut self) -> Result<(), Error> {
        let Some(open) = self.open.take() else {
            return Ok(());
        };
        let (seq, ms) = open.last;
        let mut bytes = Vec::new();
        Record { seq, ms, body: &[] }.encode(self.lineage, &mut bytes)?;
        open.file.write_at(open.at, &bytes)?;
        open.file.sync()?;
        Ok(())
    }

    /// Ends the open file for a snapshot: recovery from it needs none of the files before.
    pub(crate) fn rotate(&mut self) -> Result<(), Error> {
        self.seal()?;
        self.since_snapshot = 0;
        Ok(())
    }

    /// Counts what a snapshot that failed does not replace after all.
    pub(crate) fn add_back(&mut self, bytes: u64) {
        self.since_snapshot += bytes;
    }

    /// Writes the sound records of a file that its writer did not finish into a new one, sealed and
    /// synced. What was read from it may have been in memory only: a sync may have failed or may never
    /// have begun, and what follows must not rest on it.
    fn renew(&self, torn: &Path) -> Result<(), Error> {
        let bytes = read_whole(self.files.as_ref(), torn)?;
        let mut records = Vec::new();
        let wanted = walk::Wanted {
            lineage: self.lineage,
            ..walk::Wanted::ALL
        };
        walk::walk(&bytes, wanted, &mut |record| {
            records.push(record);
            Ok(true)
        })?;
        let (Some(first), Some(last)) = (records.first(), records.last()) else {
            return Ok(());
        };
        let head = Head {
            lineage: self.lineage,
            first_seq: first.seq,
        };
        let seal = Record { body: &[], ..*last };
        let mut whole = head.encode();
        for record in records.iter().chain([&seal]) {
            record.encode(self.lineage, &mut whole)?;
        }
        let file = self.files.create_unnamed(&self.dir)?;
        file.write_at(0, &whole)?;
        file.sync()?;
        file.link(&self.next_path(first.seq)?)?;
        Ok(self.files.sync_dir(&self.dir)?)
    }
}
