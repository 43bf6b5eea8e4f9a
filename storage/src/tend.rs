//! What an operator, or a schedule, has done to an open store. All of it takes its time on the thread
//! that asks, while reading and writing go on.

use std::path::Path;

use crate::keep::{SCRUB, SCRUB_KEY, Scrubbed};
use crate::live::{Live, lock};
use crate::report::{
    BackupInfo, CheckReport, Compacted, DiskUse, Maintained, OnProgress, SnapshotInfo, Stats,
};
use crate::{Error, Store, backup, check, stats, swap};

impl Store {
    /// Takes a snapshot of what is acknowledged now; when nothing was written since the newest one,
    /// it is the answer.
    ///
    /// # Errors
    /// `Corrupt` when a row is damaged, or what the disk says.
    pub fn snapshot(&self, progress: OnProgress<'_>) -> Result<SnapshotInfo, Error> {
        let _one = lock(&self.live().keeping);
        self.snapshot_now(progress)
    }

    fn snapshot_now(&self, progress: OnProgress<'_>) -> Result<SnapshotInfo, Error> {
        let begun = self.act(Live::begin_snapshot)?;
        self.live().finish_snapshot(&begun, progress)
    }

    /// Does what is due: a snapshot when the journal is long or the newest one is a week old; after a
    /// crash, a live file that can be believed at the next start; once a day, empties the snapshots and
    /// journal files that nobody needs. To be called now and then.
    ///
    /// # Errors
    /// Those of `snapshot`.
    pub fn maintain(&self) -> Result<Maintained, Error> {
        let live = self.live();
        let _one = lock(&live.keeping);
        let doubtful = live.doubtful();
        let begun = if doubtful || live.snapshot_is_due()? {
            Some(self.act(Live::begin_snapshot)?)
        } else {
            None
        };
        let maintained = live.maintained(begun, &mut |_| ())?;
        if doubtful {
            self.renew_live_file(&mut |_| ())?;
        }
        Ok(maintained)
    }

    /// Makes the live file as small as its rows allow, by way of a snapshot.
    ///
    /// # Errors
    /// Those of `snapshot`.
    pub fn compact(&self, progress: OnProgress<'_>) -> Result<Compacted, Error> {
        let home = &self.live().home;
        let before = home.len_of(&home.live_file())?;
        let _one = lock(&self.live().keeping);
        self.snapshot_now(progress)?;
        self.renew_live_file(progress)?;
        let after = home.len_of(&home.live_file())?;
        Ok(Compacted { before, after })
    }

    /// Makes sure that what was deleted is gone: from the live file now, from snapshots and journal a
    /// day later, when no copy of the directory can need them any more. Moments before this cannot be
    /// restored from then on.
    ///
    /// # Errors
    /// Those of `snapshot`.
    pub fn scrub(&self, progress: OnProgress<'_>) -> Result<SnapshotInfo, Error> {
        let ms = self.live().home.now();
        let asked = self.write(move |tx| {
            let scrub = Scrubbed { seq: tx.seq(), ms };
            tx.put(&SCRUB, &SCRUB_KEY, &scrub).map(|()| scrub)
        });
        let scrub = asked.wait()?;
        let _one = lock(&self.live().keeping);
        let snapshot = self.snapshot_now(progress)?;
        self.renew_live_file(progress)?;
        self.live().forget_unreachable()?;
        // A journal file is retired only when there is one after it; so there is one now.
        let again = self.write(move |tx| tx.put(&SCRUB, &SCRUB_KEY, &scrub));
        again.wait()?;
        Ok(snapshot)
    }

    /// Makes the live file anew from snapshot and journal: for when a check found it damaged.
    ///
    /// # Errors
    /// `Incomplete` when they do not lead to the present, or what the disk says.
    pub fn rebuild(&self, progress: OnProgress<'_>) -> Result<(), Error> {
        let _one = lock(&self.live().keeping);
        self.renew_live_file(progress)
    }

    fn renew_live_file(&self, progress: OnProgress<'_>) -> Result<(), Error> {
        let next = swap::prepare(&self.live().home, self.live().seq(), progress)?;
        self.act(|live| live.swap_in(next))
    }

    /// Reads everything: every row with its checksum, its types and its way through the tree, every
    /// batch of the journal, every snapshot. With `deep` it also makes all rows anew, in memory and on
    /// disk beside the live file, from the oldest snapshot and the journal, and compares.
    ///
    /// # Errors
    /// What the disk says; damage is no error but a finding.
    pub fn check(&self, deep: bool, progress: OnProgress<'_>) -> Result<CheckReport, Error> {
        let _one = lock(&self.live().keeping);
        check::check(self, deep, progress)
    }

    /// Counts all rows, by table and by user.
    ///
    /// # Errors
    /// `Corrupt`, or what the disk says.
    pub fn stats(&self, progress: OnProgress<'_>) -> Result<Stats, Error> {
        stats::stats(self, progress)
    }

    /// Bytes on disk; looks at names and lengths only.
    ///
    /// # Errors
    /// What the disk says.
    pub fn disk_use(&self) -> Result<DiskUse, Error> {
        stats::disk_use(&self.live().home)
    }

    /// Makes a data directory in `into`, which must be missing or empty, with all that is acknowledged
    /// now; it is synced, and read back whole, before this returns.
    ///
    /// # Errors
    /// `NotEmpty`, `Corrupt`, or what the disk says; what was made by then stays for inspection.
    pub fn backup(&self, into: &Path, progress: OnProgress<'_>) -> Result<BackupInfo, Error> {
        let _one = lock(&self.live().keeping);
        let snapshot = self.snapshot_now(progress)?;
        backup::backup(&self.live().home, snapshot, into, progress)
    }
}
