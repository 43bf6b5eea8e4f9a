//! Whether writing is possible, and how it becomes possible again.
//!
//! What must stay true: nothing is written while the live file lacks what it was given, while snapshots
//! and journal would not lead to it, or while the directory is not where it was opened; reading goes on
//! in any case; each attempt to write looks whether that has passed.

use std::sync::atomic::Ordering;

use crate::Error;
use crate::home::{Home, LOCK_FILE};
use crate::live::{Live, lock};
use crate::report::Writing;

impl Live {
    pub(crate) fn writing(&self) -> Writing {
        lock(&self.writing).clone()
    }

    /// Fails with the reason while the disk takes no writes; each call looks whether it does now.
    pub(crate) fn make_writable(&self) -> Result<(), Error> {
        let owed = self.owes_snapshot.load(Ordering::Acquire);
        if self.writing() == Writing::Possible && !owed {
            return Ok(());
        }
        let tried = self
            .is_in_place()
            .and_then(|()| lock(&self.journal).probe())
            .and_then(|()| self.with_current(|current| current.backend.flush()))
            .and_then(|()| if owed { self.pay_snapshot() } else { Ok(()) });
        match &tried {
            Ok(()) => *lock(&self.writing) = Writing::Possible,
            Err(reason) => self.refuse(reason.clone()),
        }
        tried
    }

    /// Fails when the directory is not where it was opened. It is looked at now and then only: a file that
    /// is open can be written to wherever its name has gone.
    fn is_in_place(&self) -> Result<(), Error> {
        let dir = &self.home.dir;
        let lock = self.home.files.stamp(&dir.join(LOCK_FILE))?;
        if lock.map(|it| it.inode) == self.inode {
            return Ok(());
        }
        Err(Error::Displaced { dir: dir.clone() })
    }

    /// Stops writing when the directory was moved away.
    pub(crate) fn look_around(&self) {
        if let Err(error @ Error::Displaced { .. }) = self.is_in_place() {
            self.refuse(error);
        }
    }

    /// Takes the snapshot without which nothing may be written, because snapshots and journal would not
    /// lead to it. Without one, the disk being full, nothing is written and reading goes on.
    pub(crate) fn pay_snapshot(&self) -> Result<(), Error> {
        self.owes_snapshot.store(true, Ordering::Release);
        match self.snapshot(&mut |_| ()) {
            Ok(_) => {
                self.owes_snapshot.store(false, Ordering::Release);
                Ok(())
            }
            Err(error) => {
                self.refuse(error.clone());
                Err(error)
            }
        }
    }

    pub(crate) fn refuse(&self, reason: Error) {
        let mut writing = lock(&self.writing);
        let since_ms = match *writing {
            Writing::Refused { since_ms, .. } => since_ms,
            Writing::Possible => self.home.now(),
        };
        *writing = Writing::Refused { since_ms, reason };
    }

    /// Stops writing when the live file did not take a write.
    pub(crate) fn note_fault(&self) {
        let found = self
            .with_current(|current| Ok((current.backend.fault(), current.backend.sync_failed())));
        if let Ok((fault, sync_failed)) = found {
            self.doubtful.fetch_or(sync_failed, Ordering::AcqRel);
            if let Some(reason) = fault {
                self.refuse(reason);
            }
        }
    }
}

/// Which file the lock is.
pub(crate) fn inode_of_lock(home: &Home) -> Option<u64> {
    let stamp = home.files.stamp(&home.dir.join(LOCK_FILE));
    stamp.ok().flatten().map(|stamp| stamp.inode)
}
