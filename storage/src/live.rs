//! The store at work: what the writer thread, the readers and the keeper share.
//!
//! A batch goes into the journal, is applied to the live file without a sync, and counts from then on.
//! What must stay true: nothing reaches the live file that is not in the journal; `seq` is the last
//! acknowledged batch; a fault of the disk stops writing, with its reason, and never reading; whoever
//! comes next tries again.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use redb::{Durability, WriteTransaction};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::guarded;
use crate::generation::Generation;
use crate::home::Home;
use crate::journal::Journal;
use crate::journal::frame::Record as JournalRecord;
use crate::open::Held;
use crate::recover::Recovered;
use crate::report::{Opened, Start, Writing};
use crate::write::Batch;
use crate::{Error, Record, Table, WriteTx, place, writable};

/// The one row about the store itself.
pub(crate) const META: Table<u8, Meta> = Table::new("storage.meta");
/// Its key.
pub(crate) const META_KEY: u8 = 0;

/// The live file is synced after so many batches, or when the last time is so long ago.
const CHECKPOINT_BATCHES: u32 = 256;
const CHECKPOINT_MS: u64 = 1000;

/// What the store knows about itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Meta {
    /// Which migrations have run.
    pub(crate) format: u32,
    /// The last batch.
    pub(crate) seq: u64,
    /// Tells this history of batches from every other one.
    pub(crate) lineage: Uuid,
    /// When the last batch was written, in milliseconds since 1970.
    #[serde(default)]
    pub(crate) ms: u64,
}

impl Record for Meta {}

/// Told of every durable batch that recorded changes.
pub(crate) type Listener = Arc<dyn Fn(u64) + Send + Sync>;

/// The open store.
pub(crate) struct Live {
    pub(crate) home: Home,
    pub(crate) lineage: Uuid,
    pub(crate) opened: Opened,
    held: AtomicBool,
    /// True while the live file may be sound in memory only: it was found there after a crash, or a sync
    /// of it failed. Then it is not said to be clean, whatever a later sync says.
    pub(crate) doubtful: AtomicBool,
    format: AtomicU32,
    seq: AtomicU64,
    /// The last batch that a reader who begins now sees: never before the live file has it.
    visible: AtomicU64,
    /// Time of the last batch.
    ms: AtomicU64,
    /// The open file, or why there is none.
    pub(crate) current: RwLock<Result<Generation, Error>>,
    /// Files that were replaced while somebody read them.
    pub(crate) replaced: Mutex<Vec<Generation>>,
    /// How often it was tried to open the file anew.
    pub(crate) attempts: AtomicU64,
    pub(crate) journal: Mutex<Journal>,
    pub(crate) writing: Mutex<Writing>,
    /// Nothing may be written before a snapshot is taken.
    pub(crate) owes_snapshot: AtomicBool,
    /// Batches since the live file was synced, and when that was.
    unsynced: AtomicU32,
    synced_ms: AtomicU64,
    /// Which file the lock is, to notice that the directory was moved away.
    pub(crate) inode: Option<u64>,
    /// Held, never read: the directory is ours until this is dropped.
    lock: Mutex<Option<Box<dyn Send + Sync>>>,
    listeners: RwLock<Vec<Listener>>,
    /// When this was opened, and when files were last retired.
    pub(crate) began_ms: AtomicU64,
    pub(crate) retired_ms: AtomicU64,
    /// No snapshot begins by itself before this.
    pub(crate) snapshot_after_ms: AtomicU64,
    /// One piece of keeping at a time: snapshots, retirement, replacement of the live file.
    pub(crate) keeping: Mutex<()>,
}

/// What became of a batch.
pub(crate) enum Lost {
    /// It does not count, whatever of it is in the journal; the live file is as it was.
    Batch(Error),
    /// It may be in the journal; the live file must be opened anew.
    File(Error),
}

impl Live {
    pub(crate) fn new(
        held: Held,
        journal: Journal,
        recovered: Recovered,
        opened: Opened,
        is_copy: bool,
    ) -> Self {
        let Held { home, lock } = held;
        let Recovered {
            database,
            backend,
            meta,
            start,
            ..
        } = recovered;
        let live = Self {
            lineage: meta.lineage,
            opened,
            held: AtomicBool::new(is_copy),
            doubtful: AtomicBool::new(start == Start::Checked),
            format: AtomicU32::new(meta.format),
            seq: AtomicU64::new(meta.seq),
            visible: AtomicU64::new(meta.seq),
            ms: AtomicU64::new(meta.ms),
            current: RwLock::new(Ok(Generation::new(database, backend))),
            replaced: Mutex::default(),
            attempts: AtomicU64::new(0),
            journal: Mutex::new(journal),
            writing: Mutex::new(Writing::Possible),
            owes_snapshot: AtomicBool::new(false),
            unsynced: AtomicU32::new(0),
            synced_ms: AtomicU64::new(home.now()),
            inode: writable::inode_of_lock(&home),
            lock: Mutex::new(Some(lock)),
            listeners: RwLock::default(),
            began_ms: AtomicU64::new(home.now()),
            retired_ms: AtomicU64::new(0),
            snapshot_after_ms: AtomicU64::new(0),
            keeping: Mutex::default(),
            home,
        };
        live.note_fault();
        live
    }

    /// The last acknowledged batch.
    pub(crate) fn seq(&self) -> u64 {
        self.seq.load(Ordering::Acquire)
    }

    /// The last batch that whoever begins to read now is sure to see.
    pub(crate) fn visible(&self) -> u64 {
        self.visible.load(Ordering::Acquire)
    }

    /// Says that readers see all that was acknowledged.
    pub(crate) fn all_visible(&self) {
        self.visible.store(self.seq(), Ordering::Release);
    }

    pub(crate) fn format(&self) -> u32 {
        self.format.load(Ordering::Acquire)
    }

    pub(crate) fn doubtful(&self) -> bool {
        self.doubtful.load(Ordering::Acquire)
    }

    pub(crate) fn doubt(&self, doubtful: bool) {
        self.doubtful.store(doubtful, Ordering::Release);
    }

    pub(crate) fn held(&self) -> bool {
        self.held.load(Ordering::Acquire)
    }

    /// Makes this directory the one that it says it is.
    pub(crate) fn settle(&self) -> Result<(), Error> {
        place::settle(&self.home)?;
        self.held.store(false, Ordering::Release);
        Ok(())
    }

    /// A redb transaction to write in, once the disk takes writes again if it did not.
    pub(crate) fn begin_write(&self) -> Result<WriteTransaction, Error> {
        self.make_writable()?;
        let begin = || {
            self.with_current(|current| {
                let mut transaction = current.database.begin_write()?;
                transaction.set_durability(Durability::None)?;
                Ok(transaction)
            })
        };
        match begin() {
            Err(Error::Closed) => Err(Error::Closed),
            Err(_) => self.reopen().and_then(|()| begin()),
            outcome => outcome,
        }
    }

    /// Ends the closures' part of a batch and adds the row that says which batch is the last one.
    pub(crate) fn seal(&self, mut tx: WriteTx<'_>) -> Result<Batch, Error> {
        tx.trim()?;
        if tx.has_written() {
            let meta = self.meta(self.format(), tx.seq());
            tx.put(&META, &META_KEY, &meta)?;
            return tx.finish(meta.ms);
        }
        tx.finish(0)
    }

    /// The row for a batch that is written now.
    fn meta(&self, format: u32, seq: u64) -> Meta {
        Meta {
            format,
            seq,
            lineage: self.lineage,
            ms: self.ms.load(Ordering::Acquire).max(self.home.now()),
        }
    }

    /// Makes a batch durable, visible, and tells the listeners; a batch without a change costs nothing.
    pub(crate) fn commit(&self, transaction: WriteTransaction, batch: &Batch) -> Result<(), Lost> {
        if batch.is_empty() {
            return Ok(()); // Dropping the transaction ends it.
        }
        let body = batch.encode().map_err(Lost::Batch)?;
        let record = JournalRecord {
            seq: batch.seq,
            ms: batch.ms,
            body: &body,
        };
        let appended = lock(&self.journal).append(record);
        if let Err(error) = appended {
            self.refuse(error.clone());
            return Err(Lost::Batch(error));
        }
        // From here on the batch is durable, whatever happens to the live file.
        self.seq.store(batch.seq, Ordering::Release);
        self.ms.store(batch.ms, Ordering::Release);
        guarded(|| Ok(transaction.commit()?))
            .or_else(|error| self.reopen().map_err(|_| Lost::File(error)))?;
        self.all_visible();
        self.note_fault();
        self.unsynced.fetch_add(1, Ordering::AcqRel);
        if batch.recorded_changes {
            self.tell(batch.seq);
        }
        Ok(())
    }

    /// Syncs the live file now and then, so that little of the journal must be read after a crash.
    /// A failure costs nothing else: the live file is not what durability rests on.
    pub(crate) fn checkpoint_if_due(&self) {
        let unsynced = self.unsynced.load(Ordering::Acquire);
        let now = self.home.now();
        let since = now.saturating_sub(self.synced_ms.load(Ordering::Acquire));
        if unsynced >= CHECKPOINT_BATCHES || unsynced > 0 && since >= CHECKPOINT_MS {
            let _ = self.with_current(|current| Ok(current.database.begin_write()?.commit()?));
            self.note_fault();
            self.unsynced.store(0, Ordering::Release);
            self.synced_ms.store(now, Ordering::Release);
            self.close_replaced();
        }
    }

    /// Runs a closure as a batch of its own, on this thread, and leaves the store at `format`.
    pub(crate) fn in_one_batch(
        &self,
        format: u32,
        closure: impl FnOnce(&mut WriteTx<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let transaction = self.begin_write()?;
        let mut tx = WriteTx::new(&transaction, &self.home.catalogue, self.seq() + 1);
        closure(&mut tx)?;
        let meta = self.meta(format, tx.seq());
        tx.put(&META, &META_KEY, &meta)?;
        let batch = tx.finish(meta.ms)?;
        self.commit(transaction, &batch).map_err(Lost::error)?;
        self.format.store(format, Ordering::Release);
        Ok(())
    }

    /// Adds a listener.
    pub(crate) fn listen(&self, listener: Listener) {
        write(&self.listeners).push(listener);
    }

    fn tell(&self, seq: u64) {
        let listeners = read(&self.listeners).clone();
        for listener in listeners {
            // The batch is durable; a listener that panics must not stop the writer.
            let _ = catch_unwind(AssertUnwindSafe(|| listener(seq)));
        }
    }

    /// Closes the file and gives up the directory. Reads still under way get `Error::Closed`.
    pub(crate) fn close(&self) -> Result<(), Error> {
        write(&self.listeners).clear();
        lock(&self.replaced).clear();
        let current = mem::replace(&mut *write(&self.current), Err(Error::Closed));
        let closed = current.and_then(|current| self.close_file(current));
        // Whoever was keeping has lost the file by now, and gives up.
        drop(lock(&self.keeping));
        drop(lock(&self.lock).take());
        closed
    }
}

impl Lost {
    pub(crate) fn error(self) -> Error {
        match self {
            Self::Batch(error) | Self::File(error) => error,
        }
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn read<T>(lock: &RwLock<T>) -> std::sync::RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn write<T>(lock: &RwLock<T>) -> std::sync::RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
