//! The door to storage: open, write, read, close.
//!
//! A `Store` is a handle that can be cloned and passed around; behind all clones are one open file and
//! one writer thread. What must stay true: whatever was queued before `close` is answered.

use std::fmt;
use std::path::PathBuf;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use uuid::Uuid;

use crate::live::Live;
use crate::writer::{self, Job, Write};
use crate::{Error, Pending, ReadTx, TableInfo, WriteTx, open};

/// What `Store::open` needs to know.
#[derive(Debug, Clone)]
pub struct Options {
    /// The data directory; created, readable by this user only, when it is missing.
    pub dir: PathBuf,
    /// Memory for cached pages of the database, in bytes.
    pub cache_bytes: usize,
    /// Every table of the program.
    pub catalogue: &'static [TableInfo],
    /// Every change of format since the first one, in order.
    pub migrations: &'static [Migration],
}

/// One step from an older format to a newer one. Steps only lead forward.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// The format it leads to; the format of a new store is the last one's. Greater than 1.
    pub to: u32,
    /// A few words for the log and for errors.
    pub name: &'static str,
    /// Does it. All pending steps and the new format number become durable together, or not at all.
    pub run: fn(&mut WriteTx<'_>) -> Result<(), Error>,
}

/// An open data directory.
#[derive(Clone)]
pub struct Store {
    handle: Arc<Handle>,
}

/// Closes the store when the last clone is gone.
struct Handle {
    live: Arc<Live>,
    /// None once the store is closed.
    queue: Mutex<Option<Sender<Box<dyn Job>>>>,
    /// Ends, closing the file, when the queue is closed and empty.
    writer: Mutex<Option<JoinHandle<Result<(), Error>>>>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("seq", &self.seq()).finish()
    }
}

impl Store {
    /// Opens a data directory, creating it when it is missing, and brings its format up to date.
    ///
    /// # Errors
    /// `InUse` when it is open already, here or in another process; `NewerFormat`; `Migration`;
    /// `Misdeclared`; `Corrupt`; `Full` or `Io` from the disk.
    pub fn open(options: Options) -> Result<Self, Error> {
        let live = Arc::new(open::open(options)?);
        let (sender, queue) = mpsc::channel();
        let writer = {
            let live = Arc::clone(&live);
            thread::Builder::new()
                .name("storage-writer".to_owned())
                .spawn(move || writer::run(&live, &queue))?
        };
        Ok(Self {
            handle: Arc::new(Handle {
                live,
                queue: Mutex::new(Some(sender)),
                writer: Mutex::new(Some(writer)),
            }),
        })
    }

    /// Queues a write. The closure runs on the writer thread; when it returns `Ok`, everything it
    /// wrote becomes durable together and then the answer arrives; when it returns `Err` or panics,
    /// nothing of it is kept.
    ///
    /// The closure runs exactly once, even when the `Pending` is dropped. It must be quick, and must
    /// not wait for another write.
    pub fn write<T, E, F>(&self, f: F) -> Pending<T, E>
    where
        F: FnOnce(&mut WriteTx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let (caller, answer) = oneshot::async_channel();
        if let Some(queue) = lock(&self.handle.queue).as_ref() {
            // A job that cannot be queued is dropped, and its `Pending` says `Closed`.
            let _ = queue.send(Box::new(Write { closure: f, caller }));
        }
        Pending::new(answer)
    }

    /// Runs a closure, on this thread, against a snapshot of what is durable. It never waits for a
    /// write; while it runs, the space of older versions of rows is not reused: keep it short.
    ///
    /// # Errors
    /// The closure's own error, `Closed`, or what the disk says.
    pub fn read<T, E>(&self, f: impl FnOnce(&ReadTx) -> Result<T, E>) -> Result<T, E>
    where
        E: From<Error>,
    {
        f(&self.handle.live.begin_read()?)
    }

    /// Has `f` called after every durable batch that recorded changes, with the seq of the batch.
    ///
    /// It is called on the writer thread, before the batch's writes are answered: whoever has an
    /// answer knows that the derived indexes have been told. So it must only pass the word on. It
    /// must not hold a `Store`, which would then never be closed by being dropped.
    pub fn on_commit(&self, f: impl Fn(u64) + Send + Sync + 'static) {
        self.handle.live.listen(Arc::new(f));
    }

    /// The seq of the last durable batch; 0 for a new store.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.handle.live.seq()
    }

    /// The random id that was given to this store when it was created. A derived index built from a
    /// store of another lineage is worthless.
    #[must_use]
    pub fn lineage(&self) -> Uuid {
        self.handle.live.lineage
    }

    /// Answers everything that is queued, stops the writer thread and releases the directory. Later
    /// writes and reads, and reads still under way, get `Closed`. Closing twice is fine.
    ///
    /// # Errors
    /// What the disk says; the store is closed nevertheless.
    pub fn close(&self) -> Result<(), Error> {
        self.handle.close()
    }
}

impl Handle {
    fn close(&self) -> Result<(), Error> {
        drop(lock(&self.queue).take());
        // Held to the end, so that a second caller returns only when the directory is free.
        let mut writer = lock(&self.writer);
        match writer.take() {
            // The last clone was dropped inside a write closure: the thread ends by itself.
            Some(writer) if writer.thread().id() == thread::current().id() => Ok(()),
            Some(writer) => writer.join().unwrap_or(Err(Error::Closed)),
            None => Ok(()),
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // Nobody is left to tell; everything acknowledged is durable already.
        let _ = self.close();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
