//! Another live file in the place of the present one, while everything goes on.
//!
//! It is made beside the live file from a snapshot and the journal, and takes its place between two
//! batches, when it has them all. What must stay true: the two hold the same rows at that moment, and
//! whoever reads the old one finishes with it.

use std::sync::Arc;

use redb::{ReadTransaction, ReadableDatabase};

use crate::apply::apply;
use crate::backend::Backend;
use crate::error::guarded;
use crate::home::{Home, OpenFile, find_row, new_database};
use crate::journal::{Chain, Part};
use crate::live::{Live, META, META_KEY};
use crate::remake::copy_file;
use crate::report::{OnProgress, Progress};
use crate::{Error, FileHandle, snapshot};

/// A file that is to become the live file.
pub(crate) struct Next {
    open: OpenFile,
    /// It has no name until it takes the live file's.
    file: Arc<dyn FileHandle>,
}

/// Makes the next live file from the newest snapshot that is sound.
pub(crate) fn prepare(home: &Home, up_to: u64, progress: OnProgress<'_>) -> Result<Next, Error> {
    let mut failure = None;
    let newest_first = snapshot::list(home)?.into_iter().rev().map(Some);
    for base in newest_first.chain([None]) {
        progress(Progress {
            step: "making a new live file",
            done: 0,
            total: 0,
        });
        match begin(home, base) {
            Ok(next) => {
                next.catch_up(home, up_to)?;
                return Ok(next);
            }
            Err(error @ (Error::Full | Error::Io { .. })) => return Err(error),
            Err(error) => failure = Some(error),
        }
    }
    Err(failure.unwrap_or_else(|| Error::corrupt_file("there is no snapshot")))
}

/// All rows as of a batch, from as far back as there is anything: to be compared, then discarded.
pub(crate) fn oldest_up_to(home: &Home, seq: u64, progress: OnProgress<'_>) -> Result<Next, Error> {
    progress(Progress {
        step: "making all rows anew",
        done: 0,
        total: 0,
    });
    let chain = Chain::list(&home.files, &home.journal_dir())?;
    let from_the_start = chain.is_whole();
    let base = if from_the_start {
        None
    } else {
        snapshot::list(home)?.first().copied()
    };
    let next = begin(home, base)?;
    let reachable = next.catch_up(home, seq)?;
    home.create_tables(&next.open.database)?;
    if reachable == seq {
        return Ok(next);
    }
    Err(incomplete(reachable, seq))
}

/// A file beside the live one, filled from a snapshot, or empty when the journal has everything.
fn begin(home: &Home, base: Option<u64>) -> Result<Next, Error> {
    let file = home.files.create_unnamed(&home.live_dir())?;
    let open = if let Some(seq) = base {
        copy_file(home, &snapshot::path(home, seq), &file)?;
        home.open_file(Backend::new(Arc::clone(&file)), true)?
    } else {
        let backend = Backend::new(Arc::clone(&file));
        let database = new_database(&backend)?;
        OpenFile { database, backend }
    };
    Ok(Next { open, file })
}

impl Next {
    /// Applies what the journal has by now, up to a batch, and says how far that led.
    fn catch_up(&self, home: &Home, up_to: u64) -> Result<u64, Error> {
        let seq = || {
            Ok::<_, Error>(
                find_row(&self.open.database, &META, &META_KEY)?.map_or(0, |meta| meta.seq),
            )
        };
        let chain = Chain::list(&home.files, &home.journal_dir())?;
        let part = Part {
            up_to,
            ..Part::after(seq()?)
        };
        apply(&chain, part, &self.open.database)?;
        seq()
    }

    /// A look at the rows.
    pub(crate) fn begin_read(&self) -> Result<ReadTransaction, Error> {
        guarded(|| Ok(self.open.database.begin_read()?))
    }
}

fn incomplete(reachable: u64, known: u64) -> Error {
    Error::Incomplete {
        reachable,
        known,
        reason: "snapshots and journal do not lead to the present".to_owned(),
    }
}

impl Live {
    /// Puts `next` into the place of the live file: to be called between two batches.
    pub(crate) fn swap_in(&self, next: Next) -> Result<(), Error> {
        let home = &self.home;
        let known = self.seq();
        let reachable = next.catch_up(home, known)?;
        if reachable != known {
            return Err(incomplete(reachable, known));
        }
        home.create_tables(&next.open.database)?;
        next.open.backend.sync()?;
        self.replace(next.open, next.file.as_ref())
    }
}
