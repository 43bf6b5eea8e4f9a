//! What redb writes to: a file whose faults do not reach redb.
//!
//! redb refuses every later read once a write has failed. But the live file can be made anew from
//! snapshots and journal at any time, so nothing is lost when a write of it waits: on a full or failing
//! disk the writes are kept in memory, reading goes on, and the store refuses further writes until the
//! disk takes what was kept. What must stay true: while anything is kept back, every later write is,
//! too, and no sync is claimed that a clean close would rely on.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redb::StorageBackend;

use crate::Error;
use crate::files::FileHandle;

/// The live file, shared by redb and by the store that watches it.
#[derive(Debug, Clone)]
pub(crate) struct Backend {
    file: Arc<dyn FileHandle>,
    kept: Arc<Kept>,
}

impl Backend {
    /// A file that is being made: nobody reads from it yet, so a fault of the disk is a fault.
    pub(crate) fn new(file: Arc<dyn FileHandle>) -> Self {
        Self {
            file,
            kept: Arc::default(),
        }
    }

    /// The file that is read from: a write that the disk refuses is kept.
    pub(crate) fn forgiving(file: Arc<dyn FileHandle>) -> Self {
        let backend = Self::new(file);
        backend.forgive();
        backend
    }

    /// From now on a write that the disk refuses is kept.
    pub(crate) fn forgive(&self) {
        self.kept.forgives.store(true, Ordering::Release);
    }
}

#[derive(Debug, Default)]
struct Kept {
    /// Whether there is anything in `writes`: asked at every read.
    any: AtomicBool,
    forgives: AtomicBool,
    /// Whether a sync ever failed: what was written before it may be in memory only, and no later sync
    /// tells.
    sync_failed: AtomicBool,
    writes: Mutex<Writes>,
}

#[derive(Debug, Default)]
struct Writes {
    /// Offset and bytes, oldest first.
    blocks: Vec<(u64, Vec<u8>)>,
    /// Length that the file should have.
    len: Option<u64>,
    /// Why the first of them was not taken.
    cause: Option<Error>,
}

impl Backend {
    /// A file that is only looked at: all writes stay in memory.
    pub(crate) fn scratch(file: Arc<dyn FileHandle>) -> Self {
        let backend = Self::new(file);
        backend.kept.any.store(true, Ordering::Release);
        backend
    }

    /// True once a sync has failed.
    pub(crate) fn sync_failed(&self) -> bool {
        self.kept.sync_failed.load(Ordering::Acquire)
    }

    /// Why writes are kept back, if they are.
    pub(crate) fn fault(&self) -> Option<Error> {
        if !self.keeps() {
            return None;
        }
        self.writes().cause.clone()
    }

    /// Writes what was kept back, if the disk takes it now.
    pub(crate) fn flush(&self) -> Result<(), Error> {
        let mut writes = self.writes();
        if let Some(len) = writes.len {
            self.file.set_len(len)?;
        }
        for (offset, bytes) in &writes.blocks {
            self.file.write_at(*offset, bytes)?;
        }
        if let Err(error) = self.file.sync() {
            self.kept.sync_failed.store(true, Ordering::Release);
            return Err(error.into());
        }
        *writes = Writes::default();
        self.kept.any.store(false, Ordering::Release);
        Ok(())
    }

    /// Syncs the file for real; fails when anything is kept back.
    pub(crate) fn sync(&self) -> Result<(), Error> {
        match self.fault() {
            Some(fault) => Err(fault),
            None => Ok(self.file.sync()?),
        }
    }

    /// Takes the file's answer to a write; when it refused, the write is kept by `keep`, if the file is
    /// one whose faults are forgiven.
    fn or_keep(
        &self,
        try_it: impl FnOnce() -> io::Result<()>,
        keep: impl FnOnce(&mut Writes),
    ) -> io::Result<()> {
        let refused = if self.keeps() { None } else { try_it().err() };
        if refused.is_none() && !self.keeps() {
            return Ok(());
        }
        let mut writes = self.writes();
        if let Some(error) = refused {
            if !self.kept.forgives.load(Ordering::Acquire) {
                return Err(error);
            }
            writes.cause.get_or_insert_with(|| error.into());
        }
        keep(&mut writes);
        self.kept.any.store(true, Ordering::Release);
        Ok(())
    }

    fn keeps(&self) -> bool {
        self.kept.any.load(Ordering::Acquire)
    }

    fn writes(&self) -> MutexGuard<'_, Writes> {
        self.kept
            .writes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl StorageBackend for Backend {
    fn len(&self) -> io::Result<u64> {
        let kept = if self.keeps() {
            self.writes().len
        } else {
            None
        };
        kept.map_or_else(|| self.file.len(), Ok)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        if !self.keeps() {
            return self.file.read_at(offset, out);
        }
        let writes = self.writes();
        // The file may be shorter than redb was told.
        let there = self.file.len()?.saturating_sub(offset);
        let there = usize::try_from(there).unwrap_or(usize::MAX).min(out.len());
        if there > 0 {
            self.file.read_at(offset, &mut out[..there])?;
        }
        out[there..].fill(0);
        for (at, bytes) in &writes.blocks {
            lay_over(out, offset, *at, bytes);
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.or_keep(|| self.file.set_len(len), |writes| writes.len = Some(len))
    }

    fn sync_data(&self) -> io::Result<()> {
        // A failed sync loses nothing that is not in the journal; the check at the next open finds it.
        self.or_keep(
            || self.file.sync(),
            |_| self.kept.sync_failed.store(true, Ordering::Release),
        )
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.or_keep(
            || self.file.write_at(offset, data),
            |writes| writes.blocks.push((offset, data.to_vec())),
        )
    }
}

/// Copies into `out`, which shows the file from `offset` on, what of a block at `at` falls into it.
fn lay_over(out: &mut [u8], offset: u64, at: u64, block: &[u8]) {
    let from = at.max(offset);
    let to = (at + block.len() as u64).min(offset + out.len() as u64);
    // Both differences are at most the length of something in memory.
    let within = |start: u64, end: u64| usize::try_from(end - start).unwrap_or(usize::MAX);
    if from < to {
        let len = within(from, to);
        let (source, target) = (within(at, from), within(offset, from));
        out[target..target + len].copy_from_slice(&block[source..source + len]);
    }
}
