//! The open database file: what the writer thread and the readers share.
//!
//! The file is one layer of several to come: a batch reaches it only through [`Live::commit`], which is
//! where a journal is to be appended first. What must stay true: `seq` never runs ahead of the file; a
//! failed write leaves the file reopened and readable, or the reason why it cannot be; whoever comes next,
//! to read or to write, tries again.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use redb::{Database, ReadableDatabase, WriteTransaction};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::guarded;
use crate::open::{DirLock, LiveFile};
use crate::table::Catalogue;
use crate::write::Batch;
use crate::{Error, Read, ReadTx, Record, Table, WriteTx};

/// The one row about the store itself.
pub(crate) const META: Table<u8, Meta> = Table::new("storage.meta");
/// Its key.
pub(crate) const META_KEY: u8 = 0;

/// What the store knows about itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Meta {
    /// Which migrations have run.
    pub(crate) format: u32,
    /// The last durable batch.
    pub(crate) seq: u64,
    /// Tells this history of batches from every other one.
    pub(crate) lineage: Uuid,
}

impl Record for Meta {}

/// Told of every durable batch that recorded changes.
pub(crate) type Listener = Arc<dyn Fn(u64) + Send + Sync>;

/// The open file and what belongs to it.
pub(crate) struct Live {
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) lineage: Uuid,
    format: u32,
    seq: AtomicU64,
    /// The open file, or why there is none.
    database: RwLock<Result<Database, Error>>,
    /// How often it was tried to open the file anew.
    attempts: AtomicU64,
    file: LiveFile,
    /// Held, never read: the directory is ours until this is dropped.
    lock: Mutex<Option<DirLock>>,
    listeners: RwLock<Vec<Listener>>,
}

impl Live {
    pub(crate) fn new(
        database: Database,
        meta: &Meta,
        catalogue: Catalogue,
        lock: DirLock,
        file: LiveFile,
    ) -> Self {
        Self {
            catalogue: Arc::new(catalogue),
            lineage: meta.lineage,
            format: meta.format,
            seq: AtomicU64::new(meta.seq),
            database: RwLock::new(Ok(database)),
            attempts: AtomicU64::new(0),
            file,
            lock: Mutex::new(Some(lock)),
            listeners: RwLock::default(),
        }
    }

    /// The last durable batch.
    pub(crate) fn seq(&self) -> u64 {
        self.seq.load(Ordering::Acquire)
    }

    /// A snapshot of what is durable now. When there is no open file, it is opened anew first: almost
    /// everything begins with a read, so waiting for a write to do it could mean waiting for ever.
    pub(crate) fn begin_read(&self) -> Result<ReadTx, Error> {
        let attempts = self.attempts.load(Ordering::Acquire);
        let begin = || self.with_database(|database| Ok(database.begin_read()?));
        let transaction = match begin() {
            Err(Error::Closed) => Err(Error::Closed),
            Err(_) => self.revive(attempts).and_then(|()| begin()),
            outcome => outcome,
        }?;
        Ok(ReadTx::new(transaction, Arc::clone(&self.catalogue)))
    }

    /// A redb transaction to write in. When the file failed before, it is opened anew first: a disk
    /// that was full may have room again.
    pub(crate) fn begin_write(&self) -> Result<WriteTransaction, Error> {
        let begin = || self.with_database(|database| Ok(database.begin_write()?));
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
            let meta = Meta {
                format: self.format,
                seq: tx.seq(),
                lineage: self.lineage,
            };
            tx.put(&META, &META_KEY, &meta)?;
        }
        tx.finish()
    }

    /// Makes a batch durable and tells the listeners; a batch without a change costs nothing.
    pub(crate) fn commit(&self, transaction: WriteTransaction, batch: &Batch) -> Result<(), Error> {
        if batch.is_empty() {
            return Ok(()); // Dropping the transaction ends it.
        }
        guarded(|| Ok(transaction.commit()?))?;
        self.seq.store(batch.seq, Ordering::Release);
        if batch.recorded_changes {
            self.tell(batch.seq);
        }
        Ok(())
    }

    /// Adds a listener.
    pub(crate) fn listen(&self, listener: Listener) {
        self.listeners
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .push(listener);
    }

    fn tell(&self, seq: u64) {
        let listeners = self
            .listeners
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        for listener in listeners {
            // The batch is durable; a listener that panics must not stop the writer.
            let _ = catch_unwind(AssertUnwindSafe(|| listener(seq)));
        }
    }

    /// Closes the file after a failure and opens it again; redb then falls back to what is durable.
    ///
    /// A batch whose last sync failed may turn out to be durable: its callers got an error, yet its
    /// rows, and its seq, are there. No database can tell the two apart without this second look.
    pub(crate) fn reopen(&self) -> Result<(), Error> {
        let mut database = self
            .database
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        self.open_anew(&mut database)
    }

    /// Opens the file again if it is not open. A reader has no clock and must not hammer a broken
    /// disk: whoever waited here while somebody else tried takes over how that went. `seen` is how
    /// many attempts there had been when the caller looked.
    fn revive(&self, seen: u64) -> Result<(), Error> {
        let mut database = self
            .database
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        match &*database {
            // An open file belongs to the writer, who may be in the middle of a batch.
            Ok(_) => Ok(()),
            Err(Error::Closed) => Err(Error::Closed),
            Err(reason) if self.attempts.load(Ordering::Acquire) != seen => Err(reason.clone()),
            Err(_) => self.open_anew(&mut database),
        }
    }

    fn open_anew(&self, database: &mut Result<Database, Error>) -> Result<(), Error> {
        self.attempts.fetch_add(1, Ordering::AcqRel);
        // The old handle must be gone before the file can be opened again, and cannot close cleanly.
        drop(mem::replace(database, Err(Error::Closed)));
        *database = guarded(|| {
            let reopened = self.file.open()?;
            let tx = ReadTx::new(reopened.begin_read()?, Arc::clone(&self.catalogue));
            if let Some(meta) = tx.get(&META, &META_KEY)? {
                self.seq.store(meta.seq, Ordering::Release);
            }
            Ok(reopened)
        });
        database.as_ref().map(|_| ()).map_err(Clone::clone)
    }

    /// Closes the file and gives up the directory. Reads still under way get `Error::Closed`.
    pub(crate) fn close(&self) -> Result<(), Error> {
        self.listeners
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
        let database = mem::replace(
            &mut *self
                .database
                .write()
                .unwrap_or_else(PoisonError::into_inner),
            Err(Error::Closed),
        );
        let closed = match database {
            Ok(database) => guarded(|| Ok(database.close()?)),
            Err(reason) => Err(reason),
        };
        drop(
            self.lock
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        closed
    }

    fn with_database<T>(
        &self,
        work: impl FnOnce(&Database) -> Result<T, Error>,
    ) -> Result<T, Error> {
        match &*self.database.read().unwrap_or_else(PoisonError::into_inner) {
            Ok(database) => guarded(|| work(database)),
            Err(reason) => Err(reason.clone()),
        }
    }
}
