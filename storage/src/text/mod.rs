//! The full-text index: a cache over the tables, per owner, that can be deleted at any time.
//!
//! | file | what it is for |
//! |---|---|
//! | `analyse.rs` | text to stems, the same for documents and queries |
//! | `disk.rs` | the tantivy index, its schema and its commits |
//! | `overlay.rs` | what was applied since the last commit, in memory |
//! | `postings.rs` | which of an owner's documents contain a stem, in both |
//! | `wipe.rs` | removing an index that is of no use |
//!
//! A document is searchable as soon as it was applied: it waits in the overlay, which hides any older
//! version on disk, until a commit has it. What must stay true:
//! * the index keeps the seq up to which it is complete inside its own commit, so it can be behind the
//!   tables but never wrongly ahead;
//! * a commit changes no answer;
//! * nobody's documents, nor how many they are, change what another owner finds: a term has its owner in it;
//! * people's words are never parsed as a query language, and no query is an error.
//!
//! How much a found document is worth is not decided here.

mod analyse;
mod disk;
mod overlay;
mod postings;
mod wipe;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use uuid::Uuid;

use crate::Error;
use crate::error::panic_message;
pub use analyse::{Word, analyse, places, words};
use disk::Disk;
use overlay::Overlay;
pub use postings::Posting;

/// A change of the index. Applying one twice is the same as applying it once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextOp {
    /// Adds a document, over an older version if there is one.
    Put {
        /// Whose document it is.
        owner: Uuid,
        /// Its id, unique among the owner's.
        id: Uuid,
        /// What postings name it by.
        place: u64,
        /// What to find it by; not stored.
        text: String,
    },
    /// Removes a document.
    Remove {
        /// Whose document it is.
        owner: Uuid,
        /// Its id.
        id: Uuid,
    },
}

/// The full-text index of a data directory.
#[derive(Clone)]
pub struct TextIndex {
    inner: Arc<Inner>,
}

struct Inner {
    disk: Disk,
    overlay: RwLock<Overlay>,
    watermark: AtomicU64,
    /// Held during a commit: there is one at a time.
    committing: Mutex<()>,
    closed: AtomicBool,
}

impl fmt::Debug for TextIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TextIndex")
            .field("watermark", &self.watermark())
            .finish()
    }
}

impl TextIndex {
    /// Opens the index in `dir`. One that is missing, damaged, made by another version of the schema
    /// or the analyser, of another lineage, or ahead of `truth_seq` is wiped and begun anew; then
    /// [`TextIndex::watermark`] is 0 and the caller fills it again from the tables.
    ///
    /// # Errors
    /// `Foreign` when something in `dir` is not the index's own: then nothing is wiped. `Text`, `Full`
    /// or `Io` when not even a new index can be made.
    pub fn open(dir: &Path, lineage: Uuid, truth_seq: u64) -> Result<Self, Error> {
        let (disk, watermark) = guarded(|| Disk::open(dir, lineage, truth_seq))?;
        Ok(Self {
            inner: Arc::new(Inner {
                disk,
                overlay: RwLock::default(),
                watermark: AtomicU64::new(watermark),
                committing: Mutex::new(()),
                closed: AtomicBool::new(false),
            }),
        })
    }

    /// The seq given to the last durable commit: every change up to it is in the index.
    #[must_use]
    pub fn watermark(&self) -> u64 {
        self.inner.watermark.load(Ordering::Acquire)
    }

    /// Makes changes searchable at once, in memory. After a crash they must be applied again, from
    /// the change feed after the watermark.
    ///
    /// # Errors
    /// `Closed`.
    pub fn apply(&self, ops: Vec<TextOp>) -> Result<(), Error> {
        self.check_open()?;
        let changes = overlay::prepare(ops); // The costly part, outside of the lock.
        self.overlay_mut().apply(changes);
        Ok(())
    }

    /// Makes everything applied so far durable and moves the watermark to `seq`. The caller promises
    /// that every change up to `seq` has been applied. Costs tens of milliseconds, at times a merge:
    /// not more than about once a second, and not on a thread that others wait for.
    ///
    /// # Errors
    /// `Closed`, `Full`, or `Text`; then the changes stay searchable in memory, and the next commit
    /// takes them.
    pub fn commit(&self, seq: u64) -> Result<(), Error> {
        let _one_at_a_time = self.begin_commit()?;
        let seq = seq.max(self.watermark());
        let waiting = self.overlay().waiting();
        if waiting.changes.is_empty() && seq == self.watermark() {
            return Ok(());
        }
        guarded(|| {
            let merging = self.inner.disk.commit(&waiting.changes, seq)?;
            self.inner.watermark.store(seq, Ordering::Release);
            // Only now that searches see the commit may the overlay stop answering for it.
            self.overlay_mut().settle(waiting.generation);
            self.inner.disk.finish(merging)
        })
    }

    /// Rewrites the index without what was removed from it. A removed document is not found any more
    /// from the moment it was removed, but its words stay in the files until they are merged; after
    /// this, what was removed before the last commit is in no file. Costs about as much as building the
    /// index: for the erasure of an account, not for every removal.
    ///
    /// # Errors
    /// `Closed`, `Full` or `Text`; it can be tried again.
    pub fn purge(&self) -> Result<(), Error> {
        let _one_at_a_time = self.begin_commit()?;
        guarded(|| self.inner.disk.purge())
    }

    /// True while something applied is not committed.
    #[must_use]
    pub fn pending(&self) -> bool {
        !self.overlay().is_empty()
    }

    /// All documents of the owner that contain this stem, by place.
    ///
    /// # Errors
    /// As [`TextIndex::postings_of`].
    pub fn postings(&self, owner: Uuid, stem: &str) -> Result<Vec<Posting>, Error> {
        let mut lists = self.postings_of(owner, &[stem])?;
        Ok(lists.pop().unwrap_or_default())
    }

    /// For each of these stems all documents of the owner that contain it, by place; all lists are of
    /// the same moment. A stem is what [`analyse`] or [`words`] made, and is compared as it is.
    ///
    /// # Errors
    /// `Closed`, or `Text` when the index is damaged: delete its directory and open it again.
    pub fn postings_of<S: AsRef<str>>(
        &self,
        owner: Uuid,
        stems: &[S],
    ) -> Result<Vec<Vec<Posting>>, Error> {
        self.check_open()?;
        // The overlay before the disk: a commit in between then shows a document in both, where the
        // overlay hides the other one, and never in neither.
        let look = self.overlay().look(owner, stems);
        guarded(|| postings::read(&self.inner.disk, look, owner, stems))
    }

    /// Every document that a search could find, as owner and id, in no order: for checking the index
    /// against the tables. It must have been told of everything, and have committed it, before.
    ///
    /// # Errors
    /// `Closed`, or `Text` when the index is damaged.
    pub fn documents(&self) -> Result<Vec<(Uuid, Uuid)>, Error> {
        self.check_open()?;
        guarded(|| {
            // The overlay first, for the same reason as above.
            let overlay = self.overlay();
            let mut on_disk = Vec::new();
            for segment in self.inner.disk.searcher().segment_readers() {
                let documents = self.inner.disk.documents(segment)?;
                on_disk.extend(documents);
            }
            Ok(overlay.over(on_disk))
        })
    }

    /// Ends the index's work; waits for a commit under way. What was not committed is given up: it
    /// will be applied again from the change feed.
    pub fn close(&self) {
        self.inner.closed.store(true, Ordering::Release);
        drop(self.inner.committing.lock());
    }

    fn begin_commit(&self) -> Result<MutexGuard<'_, ()>, Error> {
        let turn = self
            .inner
            .committing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        self.check_open()?;
        Ok(turn)
    }

    fn check_open(&self) -> Result<(), Error> {
        if self.inner.closed.load(Ordering::Acquire) {
            return Err(Error::Closed);
        }
        Ok(())
    }

    fn overlay(&self) -> RwLockReadGuard<'_, Overlay> {
        self.inner
            .overlay
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn overlay_mut(&self) -> RwLockWriteGuard<'_, Overlay> {
        self.inner
            .overlay
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs tantivy code and reports a panic in it, the sign of a damaged file, as an error.
fn guarded<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        Err(Error::Text {
            reason: panic_message(panic.as_ref()),
        })
    })
}
