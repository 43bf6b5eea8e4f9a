//! The door to storage: open, write, read, close.
//!
//! A `Store` is a handle that can be cloned and passed around; behind all clones are one open file and
//! one writer thread. What must stay true: whatever was queued before `close` is answered.

use std::fmt;
use std::path::PathBuf;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{SystemTime, UNIX_EPOCH};

use uuid::Uuid;

use crate::live::{Live, lock};
use crate::writer::{self, Item, Write};
use crate::{
    Clock, Disk, Error, Files, Inspected, OnProgress, Opened, Pending, ReadTx, TableInfo,
    UpgradeCheck, WriteTx, Writing, check, keep, open,
};

/// Journal bytes after which a snapshot is taken.
const SNAPSHOT_BYTES: u64 = 64 << 20;

/// What `Store::open` needs to know.
#[derive(Clone)]
pub struct Options {
    /// The data directory; created, readable by this user only, when it is missing.
    pub dir: PathBuf,
    /// Memory for cached pages of the database, in bytes.
    pub cache_bytes: usize,
    /// Every table of the program.
    pub catalogue: &'static [TableInfo],
    /// Every change of format since the first one, in order.
    pub migrations: &'static [Migration],
    /// The file system.
    pub files: Arc<dyn Files>,
    /// The time, written with every batch so that a restore can stop at a moment.
    pub clock: Clock,
    /// Tells this machine from others, so that a copied disk is known as one; "" when nobody knows.
    pub machine: String,
    /// For so many days any moment can be restored.
    pub keep_days: u32,
    /// Bytes of journal after which a snapshot is taken, if they are a quarter of the live file, too.
    pub snapshot_bytes: u64,
}

impl Options {
    /// The usual ones: this disk, this machine's clock, 64 MiB of cache, 7 days.
    #[must_use]
    pub fn new(
        dir: PathBuf,
        catalogue: &'static [TableInfo],
        migrations: &'static [Migration],
    ) -> Self {
        Self {
            dir,
            cache_bytes: 64 << 20,
            catalogue,
            migrations,
            files: Arc::new(Disk),
            clock: Arc::new(system_time),
            machine: String::new(),
            keep_days: 7,
            snapshot_bytes: SNAPSHOT_BYTES,
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("dir", &self.dir)
            .finish_non_exhaustive()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the default clock, for who has none of their own"
)]
fn system_time() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
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

/// What an upgrade to this program would do to a directory, which is only looked at.
///
/// # Errors
/// `Misdeclared`, or what the disk says.
pub fn upgrade_check(options: &Options) -> Result<UpgradeCheck, Error> {
    open::upgrade_check(options)
}

/// What a directory holds that nobody has open, a backup for example; it is only looked at.
///
/// # Errors
/// `Corrupt` when it holds nothing that can be read, or what the disk says.
pub fn inspect(options: &Options, progress: OnProgress<'_>) -> Result<Inspected, Error> {
    check::inspect(&options.home()?, progress)
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
    queue: Mutex<Option<Sender<Item>>>,
    threads: Mutex<Option<Threads>>,
}

/// What runs behind the handle.
struct Threads {
    /// Ends, closing the file, when the queue is closed and empty.
    writer: JoinHandle<Result<(), Error>>,
    /// Finishes the snapshots that the writer begins; ends with it.
    keeper: JoinHandle<()>,
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
    #[expect(
        clippy::needless_pass_by_value,
        reason = "options are made for one opening; whoever needs them twice clones them"
    )]
    pub fn open(options: Options) -> Result<Self, Error> {
        let live = Arc::new(open::open(&options)?);
        let (sender, queue) = mpsc::channel();
        let (to_keeper, begun) = mpsc::sync_channel(1);
        let writer = {
            let live = Arc::clone(&live);
            thread::Builder::new()
                .name("storage-writer".to_owned())
                .spawn(move || writer::run(&live, &queue, &to_keeper))?
        };
        let keeper = {
            let live = Arc::clone(&live);
            thread::Builder::new()
                .name("storage-keeper".to_owned())
                .spawn(move || keep::run(&live, &begun))?
        };
        Ok(Self {
            handle: Arc::new(Handle {
                live,
                queue: Mutex::new(Some(sender)),
                threads: Mutex::new(Some(Threads { writer, keeper })),
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
            let _ = queue.send(Item::Write(Box::new(Write { closure: f, caller })));
        }
        Pending::new(answer)
    }

    /// Runs a closure on the writer thread, between two batches, and waits for it.
    pub(crate) fn act<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Live) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (caller, answer) = mpsc::channel();
        // The closure owns `caller`: where it cannot be queued, `answer` hears that it is gone.
        let asked = Item::Act(Box::new(move |live| {
            let _ = caller.send(act(live));
        }));
        match lock(&self.handle.queue).as_ref() {
            Some(queue) => drop(queue.send(asked)),
            None => drop(asked),
        }
        answer.recv().unwrap_or(Err(Error::Closed))
    }

    pub(crate) fn live(&self) -> &Live {
        &self.handle.live
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
        self.handle.live.visible()
    }

    /// The random id that was given to this store when it was created. A derived index built from a
    /// store of another lineage is worthless.
    #[must_use]
    pub fn lineage(&self) -> Uuid {
        self.handle.live.lineage
    }

    /// What opening found and did.
    #[must_use]
    pub fn opened(&self) -> &Opened {
        &self.handle.live.opened
    }

    /// Whether writing is possible; reading goes on in any case.
    #[must_use]
    pub fn writing(&self) -> Writing {
        self.handle.live.writing()
    }

    /// Looks whether the directory is still in its place, and tries to make writing possible again when it
    /// is refused. Every write tries that, too: this is for when nobody writes.
    pub fn probe(&self) -> Pending<(), Error> {
        self.handle.live.look_around();
        self.write(|_| Ok(()))
    }

    /// True when this directory is a copy, or was restored: nothing may be sent to anybody outside.
    #[must_use]
    pub fn held(&self) -> bool {
        self.handle.live.held()
    }

    /// Makes this copy the one that counts.
    ///
    /// # Errors
    /// What the disk says.
    pub fn adopt(&self) -> Result<(), Error> {
        self.handle.live.settle()?;
        self.handle.live.forget_unreachable()
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
        let mut threads = lock(&self.threads);
        let Some(Threads { writer, keeper }) = threads.take() else {
            return Ok(());
        };
        // The last clone was dropped inside a write closure: the threads end by themselves.
        if writer.thread().id() == thread::current().id() {
            return Ok(());
        }
        let closed = writer.join().unwrap_or(Err(Error::Closed));
        // It has nothing to say that was not noted where it happened.
        let _ = keeper.join();
        closed
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // Nobody is left to tell; everything acknowledged is durable already.
        let _ = self.close();
    }
}
