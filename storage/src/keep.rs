//! Snapshots at work: when one is taken, and which are retired.
//!
//! What must stay true: whoever began to copy the directory within the last day finds, in what was there
//! when it began, a snapshot and the journal after it; so nothing is retired that was the newest less
//! than a day ago. Retiring makes a file empty; its name goes at the next start.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;

use serde::{Deserialize, Serialize};

use crate::home::{DAY_MS, Home};
use crate::journal::Chain;
use crate::live::{Live, lock};
use crate::report::{Maintained, OnProgress, SnapshotInfo};
use crate::snapshot::{self, Times};
use crate::{Error, Read, ReadTx, Record, Table, live, open};

/// Even when little is written, a snapshot is no older than this.
const SNAPSHOT_EVERY_MS: u64 = 7 * DAY_MS;
/// A copy of the directory may take so long.
const LONGEST_COPY_MS: u64 = DAY_MS;
/// After a snapshot failed, on a full disk for example, the next one waits for so long.
const RETRY_MS: u64 = 60_000;
/// A clock that is so far ahead of the newest snapshot, of which there is one a week at least while
/// anything is written, is not believed: it would make everything old.
const WILD_CLOCK_MS: u64 = 8 * DAY_MS;
/// These many newest snapshots stay in any case.
const NEWEST: usize = 2;

/// The row about the last scrub: its key, and what it says.
pub(crate) const SCRUB: Table<u8, Scrubbed> = Table::new("storage.scrub");
pub(crate) const SCRUB_KEY: u8 = 0;

/// What was deleted before this batch is to be gone for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Scrubbed {
    /// The first batch that may stay.
    pub(crate) seq: u64,
    /// When it was asked for, in milliseconds since 1970.
    pub(crate) ms: u64,
}

impl Record for Scrubbed {}

/// A snapshot that has begun: from here on the writer goes on.
pub(crate) struct Begun {
    rows: ReadTx,
    meta: live::Meta,
    replaces: u64,
}

impl Live {
    /// Begins a snapshot: to be called between two batches.
    pub(crate) fn begin_snapshot(&self) -> Result<Begun, Error> {
        let mut journal = lock(&self.journal);
        let replaces = journal.since_snapshot();
        journal.rotate()?;
        drop(journal);
        let begun = self.begin_read().and_then(|rows| {
            let meta = rows.get(&live::META, &live::META_KEY)?;
            let meta = meta.ok_or_else(|| Error::corrupt_file("it does not say what it is"))?;
            Ok(Begun {
                rows,
                meta,
                replaces,
            })
        });
        if begun.is_err() {
            lock(&self.journal).add_back(replaces);
        }
        begun
    }

    /// Writes what has begun; takes as long as copying all rows.
    pub(crate) fn finish_snapshot(
        &self,
        begun: &Begun,
        progress: OnProgress<'_>,
    ) -> Result<SnapshotInfo, Error> {
        let written = snapshot::write(&self.home, begun.rows.raw(), &begun.meta, progress);
        if written.is_err() {
            self.give_up_snapshot(begun);
        }
        written
    }

    /// Counts a snapshot that was begun as not begun.
    pub(crate) fn give_up_snapshot(&self, begun: &Begun) {
        lock(&self.journal).add_back(begun.replaces);
        self.put_snapshot_off();
    }

    /// No snapshot begins by itself for a while.
    pub(crate) fn put_snapshot_off(&self) {
        let later = self.home.now() + RETRY_MS;
        self.snapshot_after_ms.store(later, Ordering::Release);
    }

    /// True when the writer is to begin a snapshot: asked after every batch.
    pub(crate) fn may_begin_snapshot(&self) -> bool {
        self.much_since_snapshot()
            && self.home.now() >= self.snapshot_after_ms.load(Ordering::Acquire)
    }

    /// A snapshot, while nobody else writes.
    pub(crate) fn snapshot(&self, progress: OnProgress<'_>) -> Result<SnapshotInfo, Error> {
        self.finish_snapshot(&self.begin_snapshot()?, progress)
    }

    /// True when recovery would have to read too much journal, or the newest snapshot is old.
    pub(crate) fn snapshot_is_due(&self) -> Result<bool, Error> {
        let since = lock(&self.journal).since_snapshot();
        if since == 0 {
            return Ok(false);
        }
        if self.much_since_snapshot() {
            return Ok(true);
        }
        let newest = match snapshot::list(&self.home)?.last() {
            Some(seq) => snapshot::times(&self.home, *seq).map_or(0, |times| times.taken_ms),
            None => self.began_ms.load(Ordering::Acquire),
        };
        Ok(self.home.now().saturating_sub(newest) >= SNAPSHOT_EVERY_MS)
    }

    /// True when the journal since the last snapshot is long.
    fn much_since_snapshot(&self) -> bool {
        let since = lock(&self.journal).since_snapshot();
        let home = &self.home;
        since >= home.snapshot_bytes
            && since >= home.len_of(&home.live_file()).unwrap_or(u64::MAX) / 4
    }

    /// Empties what is not needed any more, at most once a day.
    pub(crate) fn retire_if_due(&self) -> Result<u64, Error> {
        let now = self.home.now();
        let last = self.retired_ms.load(Ordering::Acquire);
        // A clock that was set back must not stop it for long.
        if last <= now && now - last < DAY_MS {
            return Ok(0);
        }
        self.retired_ms.store(now, Ordering::Release);
        self.retire(now)
    }

    fn retire(&self, now: u64) -> Result<u64, Error> {
        let home = &self.home;
        let mut there = Vec::new();
        for seq in snapshot::list(home)? {
            match snapshot::times(home, seq) {
                Ok(times) => there.push(times),
                // It is kept, and found by the check: it is not for us to remove evidence.
                Err(Error::Corrupt { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let scrub: Option<Scrubbed> = self.begin_read()?.get(&SCRUB, &SCRUB_KEY)?;
        if there
            .last()
            .is_some_and(|it| it.taken_ms + WILD_CLOCK_MS < now)
        {
            return Ok(0);
        }
        let kept = kept(&there, now, home.keep_days, scrub);
        let mut paths: Vec<_> = there
            .iter()
            .filter(|it| !kept.contains(&it.seq))
            .map(|it| snapshot::path(home, it.seq))
            .collect();
        let oldest = kept.iter().min().copied().unwrap_or(0);
        let chain = Chain::list(&home.files, &home.journal_dir())?;
        // A file is needed unless the one after it begins where the oldest snapshot ends, or before.
        let pairs = chain.ids().iter().zip(chain.ids().iter().skip(1));
        let unneeded = pairs.filter(|(_, next)| next.first <= oldest + 1);
        paths.extend(unneeded.map(|(id, _)| chain.path(*id)));
        for path in &paths {
            empty(home, path)?;
        }
        Ok(paths.len() as u64)
    }

    /// Removes the files that recovery could not reach.
    pub(crate) fn forget_unreachable(&self) -> Result<(), Error> {
        for dir in [self.home.journal_dir(), self.home.snapshot_dir()] {
            for name in self.home.files.names(&dir)? {
                if name.ends_with(open::ASIDE) {
                    self.home.files.remove(&dir.join(name))?;
                }
            }
            self.home.files.sync_dir(&dir)?;
        }
        Ok(())
    }

    /// Finishes the snapshot that has begun, if one has, and retires what is due.
    pub(crate) fn maintained(
        &self,
        begun: Option<Begun>,
        progress: OnProgress<'_>,
    ) -> Result<Maintained, Error> {
        self.close_replaced();
        let snapshot = begun
            .map(|begun| self.finish_snapshot(&begun, progress))
            .transpose()?;
        Ok(Maintained {
            snapshot,
            retired: self.retire_if_due()?,
        })
    }
}

/// Makes a file empty, for good. One that cannot be synced goes with its name: it must not come back
/// when what belongs to it has gone.
fn empty(home: &Home, path: &Path) -> Result<(), Error> {
    let file = home.files.open(path)?;
    if file.set_len(0).and_then(|()| file.sync()).is_err() {
        home.files.remove(path)?;
        let folder = path.parent().unwrap_or(&home.dir);
        home.files.sync_dir(folder)?;
    }
    Ok(())
}

/// The keeper thread's life: finishes the snapshots that the writer begins.
pub(crate) fn run(live: &Live, begun: &Receiver<Begun>) {
    while let Ok(begun) = begun.recv() {
        let _one = lock(&live.keeping);
        // A failure puts the next one off, and what is due is tried again by whoever maintains.
        let _ = live.maintained(Some(begun), &mut |_| ());
    }
}

/// Which snapshots, oldest first, are to stay: the newest two, one a day for so many days, one from
/// before them, and each that was the newest within the last day. After a scrub nothing of before it
/// stays for longer than a copy may take.
fn kept(there: &[Times], now: u64, keep_days: u32, scrub: Option<Scrubbed>) -> Vec<u64> {
    let window = now.saturating_sub(u64::from(keep_days) * DAY_MS);
    let before_window = there.iter().rposition(|it| it.taken_ms <= window);
    // It is over a day after the first snapshot that has it, whatever the clock said when it was asked for.
    let scrubbed = scrub.filter(|scrub| {
        let after = there.iter().find(|it| it.seq >= scrub.seq);
        after.is_some_and(|it| now.saturating_sub(it.taken_ms) >= LONGEST_COPY_MS)
    });
    let stays = |place: usize, it: &Times| {
        let next = there.get(place + 1);
        let newest_lately =
            next.is_none_or(|next| now.saturating_sub(next.taken_ms) < LONGEST_COPY_MS);
        let last_of_day = next.is_none_or(|next| next.taken_ms / DAY_MS > it.taken_ms / DAY_MS);
        let ordinary = place + NEWEST >= there.len()
            || it.taken_ms > window && last_of_day
            || before_window == Some(place);
        let scrubbed = scrubbed.is_some_and(|scrub| it.seq < scrub.seq) && next.is_some();
        newest_lately || ordinary && !scrubbed
    };
    let kept = there
        .iter()
        .enumerate()
        .filter(|(place, it)| stays(*place, it));
    kept.map(|(_, it)| it.seq).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A snapshot a day, the last one today, on day 100.
    fn daily(days: u64) -> Vec<Times> {
        (0..days)
            .map(|day| Times {
                seq: day + 1,
                ms: (100 - (days - 1 - day)) * DAY_MS,
                taken_ms: (100 - (days - 1 - day)) * DAY_MS,
            })
            .collect()
    }

    /// Promise: a point within `keep_days` can be reached, so one snapshot from before them stays.
    #[test]
    fn one_a_day_and_one_before() {
        let there = daily(20);
        let kept = kept(&there, 100 * DAY_MS, 7, None);
        assert_eq!(kept, vec![13, 14, 15, 16, 17, 18, 19, 20]);
    }

    /// Promise: several of one day become one, but not while a copy that began with them may be under way.
    #[test]
    fn what_was_newest_within_a_day_stays() {
        let mut there = daily(3);
        for part in 1..5 {
            there.push(Times {
                seq: 10 + part,
                ms: 100 * DAY_MS + part,
                taken_ms: 100 * DAY_MS + part,
            });
        }
        let today = kept(&there, 100 * DAY_MS + 10, 7, None);
        assert_eq!(today, vec![1, 2, 3, 11, 12, 13, 14]);
        let later = kept(&there, 102 * DAY_MS, 7, None);
        assert_eq!(later, vec![1, 2, 13, 14]);
    }

    /// Promise: a day after a scrub nothing is left of before it.
    #[test]
    fn a_scrub_ends_what_was_before() {
        let there = daily(5);
        let scrub = Some(Scrubbed {
            seq: 5,
            ms: 100 * DAY_MS,
        });
        assert_eq!(kept(&there, 100 * DAY_MS, 7, scrub).len(), 5);
        assert_eq!(kept(&there, 101 * DAY_MS, 7, scrub), vec![5]);
    }
}
