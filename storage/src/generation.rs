//! The open live file: reading it, opening it anew after a failure, putting another one into its place.
//!
//! What must stay true: readers of a file that is replaced finish with it (those of a file that failed
//! get `Closed`); after a failure the file is recovered to all that was acknowledged and nothing else, or the reason stays why it cannot be.

use std::mem;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use redb::{Database, ReadableDatabase};

use crate::backend::Backend;
use crate::error::guarded;
use crate::home::OpenFile;
use crate::live::{Live, lock, read, write};
use crate::recover::{Bounds, recover};
use crate::{Error, FileHandle, ReadTx, place};

/// An open live file, until another one takes its place.
pub(crate) struct Generation {
    pub(crate) database: Database,
    pub(crate) backend: Backend,
    /// As many clones as there are readers.
    readers: Arc<()>,
}

impl Live {
    /// A snapshot of what is acknowledged now. When there is no open file, it is opened anew first:
    /// almost everything begins with a read, so waiting for a write to do it could mean waiting for ever.
    pub(crate) fn begin_read(&self) -> Result<ReadTx, Error> {
        let attempts = self.attempts.load(Ordering::Acquire);
        let begin = || {
            self.with_current(|current| {
                let transaction = current.database.begin_read()?;
                Ok((transaction, Arc::clone(&current.readers)))
            })
        };
        let (transaction, reader) = match begin() {
            Err(Error::Closed) => Err(Error::Closed),
            Err(_) => self.revive(attempts).and_then(|()| begin()),
            outcome => outcome,
        }?;
        let catalogue = Arc::clone(&self.home.catalogue);
        Ok(ReadTx::new(transaction, catalogue, Some(reader)))
    }

    /// Closes the live file after a failure and recovers it from what is in the directory: all that was
    /// acknowledged, and nothing else.
    pub(crate) fn reopen(&self) -> Result<(), Error> {
        self.open_anew(&mut write(&self.current))
    }

    /// Opens the file again if it is not open. A reader has no clock and must not hammer a broken
    /// disk: whoever waited here while somebody else tried takes over how that went. `seen` is how
    /// many attempts there had been when the caller looked.
    fn revive(&self, seen: u64) -> Result<(), Error> {
        let mut current = write(&self.current);
        match &*current {
            // An open file belongs to the writer, who may be in the middle of a batch.
            Ok(_) => Ok(()),
            Err(Error::Closed) => Err(Error::Closed),
            Err(reason) if self.attempts.load(Ordering::Acquire) != seen => Err(reason.clone()),
            Err(_) => self.open_anew(&mut current),
        }
    }

    fn open_anew(&self, current: &mut Result<Generation, Error>) -> Result<(), Error> {
        self.attempts.fetch_add(1, Ordering::AcqRel);
        // The old handle must be gone before the file can be opened again, and cannot close cleanly.
        drop(mem::replace(current, Err(Error::Closed)));
        self.doubt(true);
        let bounds = Bounds {
            up_to: self.seq(),
            ..Bounds::ALL
        };
        *current = recover(&self.home, &self.home, bounds).and_then(|recovered| {
            let recovered = recovered.ok_or_else(|| Error::corrupt_file("it is gone"))?;
            if recovered.meta.seq != self.seq() {
                return Err(Error::Incomplete {
                    reachable: recovered.meta.seq,
                    known: self.seq(),
                    reason: "after a failure of the disk".to_owned(),
                });
            }
            Ok(Generation::new(recovered.database, recovered.backend))
        });
        if current.is_ok() {
            self.all_visible();
        }
        current.as_ref().map(|_| ()).map_err(Clone::clone)
    }

    /// Puts another file, which has no name yet, into the place of the open one; readers of the old one
    /// finish with it.
    pub(crate) fn replace(&self, next: OpenFile, file: &dyn FileHandle) -> Result<(), Error> {
        // Held while the name changes hands, so that nobody opens the old one anew meanwhile.
        let mut current = write(&self.current);
        self.home.put(file, &self.home.live_file())?;
        next.backend.forgive();
        let next = Generation::new(next.database, next.backend);
        let old = mem::replace(&mut *current, Ok(next));
        drop(current);
        lock(&self.replaced).extend(old);
        self.close_replaced();
        self.doubt(false);
        Ok(())
    }

    /// Closes the replaced files that nobody reads any more.
    pub(crate) fn close_replaced(&self) {
        lock(&self.replaced).retain(|generation| Arc::strong_count(&generation.readers) > 1);
    }

    pub(crate) fn close_file(&self, current: Generation) -> Result<(), Error> {
        let Generation {
            database, backend, ..
        } = current;
        guarded(|| {
            database.begin_write()?.commit()?;
            Ok(database.close()?)
        })?;
        if backend.fault().is_some() {
            backend.flush()?;
        }
        backend.sync()?;
        let mut journal = lock(&self.journal);
        journal.seal()?;
        if self.doubtful() || backend.sync_failed() {
            return Ok(());
        }
        place::say_clean(
            &self.home,
            self.seq(),
            self.lineage,
            journal.since_snapshot(),
        )
    }

    pub(crate) fn with_current<T>(
        &self,
        work: impl FnOnce(&Generation) -> Result<T, Error>,
    ) -> Result<T, Error> {
        match &*read(&self.current) {
            Ok(current) => guarded(|| work(current)),
            Err(reason) => Err(reason.clone()),
        }
    }
}

impl Generation {
    pub(crate) fn new(database: Database, backend: Backend) -> Self {
        Self {
            database,
            backend,
            readers: Arc::default(),
        }
    }
}
