//! Graphs made beside the searches, and their files.
//!
//! A graph is made of a copy of the block, on the caller's thread, while the block answers; what changed
//! meanwhile is made good before the graph takes over. What must stay true:
//! * files never hold rows that were gone when they were begun, and hold none that went since for
//!   longer than from one `tidy` to the next;
//! * nothing of a removed owner appears on disk after `remove_owner` has returned;
//! * one graph is made at a time: it takes a core and much memory.

use std::fs;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{PoisonError, TryLockError};

use uuid::Uuid;

use super::dump;
use super::entry::{Entry, Meanwhile, Phase, Rows, followed};
use super::row::Row;
use super::vectors::Vectors;
use super::{Block, Graph, Label};
use crate::Error;

/// A graph with so many dead rows of a hundred is made anew.
const MOST_DEAD: usize = 20;
/// A graph is made anew when it has grown by this factor, because the library places rows that were
/// added to a loaded graph less well.
const MOST_GROWN: usize = 2;
/// A loaded graph is written again when it lacked more than one row of so many.
const WRITTEN_AGAIN: usize = 20;
/// So many changes are made good while searches wait; more, before.
const LAST_CHANGES: usize = 32;
/// The end of the name of files that are being written.
const UNFINISHED: &str = "new";

/// What came of building.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Built {
    /// Nothing was to be done, or it came to nothing because the owner left meanwhile.
    Nothing,
    /// The graph on disk fitted.
    Loaded,
    /// A new graph.
    Made,
    /// There are too few vectors for a graph now; the old one is gone.
    Dropped,
}

impl Vectors {
    /// An owner in memory whose graph should be built, the last searched first: large enough and without
    /// one, or with one that has many dead rows, or rows that must leave the files.
    #[must_use]
    pub fn wants_graph(&self) -> Option<Uuid> {
        let mut all = self.in_memory().into_iter();
        let wanting = all.find(|(_, entry)| entry.read().wants_graph(self.inner.graph_above));
        wanting.map(|(owner, _)| owner)
    }

    /// Loads the owner's graph from disk, or makes one and writes it there. For a background thread: a
    /// new graph takes some CPU milliseconds for each vector. Searches go on meanwhile.
    ///
    /// # Errors
    /// `Io` or `Full` when it cannot be written; a graph that was made serves all the same.
    /// `Panicked` when the library did; then the owner is searched without a graph.
    pub fn build(&self, owner: Uuid) -> Result<Built, Error> {
        let making = self.inner.making.lock();
        let _making = making.unwrap_or_else(PoisonError::into_inner);
        let entry = self.entries().get(&owner).cloned();
        let Some(entry) = entry else {
            return Ok(Built::Nothing);
        };
        let Some(work) = entry.begin(owner, self.inner.graph_above) else {
            return Ok(Built::Nothing);
        };
        let built = if work.rows.len() > self.inner.graph_above {
            self.make(&work)
        } else {
            entry.drop_graph();
            self.wipe(owner).map(|()| Built::Dropped)
        };
        entry.end(built.is_err());
        drop(work);
        drop(entry);
        self.trim(owner);
        built
    }

    /// Sees to it that rows that were removed leave the disk: files of owners not in memory are deleted
    /// when something was removed since they were last compared with the caller's rows, which those of an
    /// earlier process were not; graphs in memory are marked to be made anew. To be called once a
    /// day; returns how many files are gone.
    ///
    /// # Errors
    /// `Io`.
    pub fn tidy(&self) -> Result<usize, Error> {
        if !self.inner.dir.exists() {
            return Ok(0);
        }
        let mut removed = 0;
        for file in fs::read_dir(&self.inner.dir)? {
            let path = file?.path();
            let owner = path.file_name().and_then(|name| name.to_str());
            let owner = owner.and_then(|name| Uuid::try_parse(name).ok());
            if let Some(owner) = owner {
                removed += usize::from(self.tidy_owner(owner)?);
            } else if path.extension().is_some_and(|end| end == UNFINISHED) {
                removed += usize::from(self.tidy_unfinished(&path)?);
            }
        }
        Ok(removed)
    }

    fn tidy_owner(&self, owner: Uuid) -> Result<bool, Error> {
        if self.clean().contains(&owner) {
            return Ok(false);
        }
        let entry = self.entries().get(&owner).cloned();
        if entry.is_some_and(|entry| entry.rebuild()) {
            return Ok(false);
        }
        let clean = self.clean();
        if clean.contains(&owner) {
            return Ok(false);
        }
        dump::remove(&self.inner.files(owner))?;
        Ok(true)
    }

    /// What is being written is let be.
    fn tidy_unfinished(&self, path: &Path) -> Result<bool, Error> {
        let making = self.inner.making.try_lock();
        if matches!(making, Err(TryLockError::WouldBlock)) {
            return Ok(false);
        }
        dump::remove(path)?;
        Ok(true)
    }

    fn make(&self, work: &Work<'_>) -> Result<Built, Error> {
        let dir = self.inner.files(work.owner);
        let note = [work.owner.as_bytes(), work.model.as_bytes()].concat();
        let loaded = if work.anew {
            None
        } else {
            // Files that cannot be used are no error: another graph is made.
            Graph::load(&dir, &note, &work.rows).unwrap_or(None)
        };
        let old = loaded.is_some();
        let graph = if let Some(graph) = loaded {
            graph
        } else {
            self.wipe(work.owner)?;
            Graph::build(&work.rows)?
        };
        let written = if graph.dead() > 0 {
            Ok(()) // The files are not clean: `tidy` will have them made anew.
        } else if old && graph.added() <= graph.nodes() / WRITTEN_AGAIN {
            self.call_clean(work, || Ok(()))
        } else {
            self.write(work, &graph, &note)
        };
        let installed = work.entry.catch_up(graph)?;
        written?;
        Ok(match (installed, old) {
            (false, _) => Built::Nothing,
            (true, true) => Built::Loaded,
            (true, false) => Built::Made,
        })
    }

    fn write(&self, work: &Work<'_>, graph: &Graph, note: &[u8]) -> Result<(), Error> {
        let dir = self.inner.files(work.owner);
        let unfinished = dir.with_added_extension(UNFINISHED);
        let written = graph
            .write(&unfinished, note)
            .and_then(|()| self.call_clean(work, || replace(&unfinished, &dir)));
        // Nothing is left here when it went well.
        dump::remove(&unfinished)?;
        written
    }

    /// Moves files with nobody else at them. They are clean when no row has gone since the copy.
    fn call_clean(
        &self,
        work: &Work<'_>,
        moving: impl FnOnce() -> Result<(), Error>,
    ) -> Result<(), Error> {
        let _phase = work.entry.phase();
        let mut clean = self.clean();
        if work.entry.gone.load(Ordering::Acquire) {
            return Ok(());
        }
        moving()?;
        let rows = work.entry.read();
        if rows.building.as_ref().is_some_and(|since| !since.removed) {
            clean.insert(work.owner);
        }
        Ok(())
    }

    fn wipe(&self, owner: Uuid) -> Result<(), Error> {
        let mut clean = self.clean();
        clean.remove(&owner);
        dump::remove(&self.inner.files(owner))
    }
}

fn replace(unfinished: &Path, dir: &Path) -> Result<(), Error> {
    dump::remove(dir)?;
    dump::put_in_place(unfinished, dir)
}

/// What a graph is made of.
struct Work<'e> {
    owner: Uuid,
    entry: &'e Entry,
    rows: Block,
    model: String,
    /// The files must not be used.
    anew: bool,
}

impl Rows {
    fn wants_graph(&self, above: usize) -> bool {
        if self.building.is_some() || self.failed {
            return false;
        }
        let Some(graph) = &self.graph else {
            return self.block.len() > above;
        };
        let grown = graph.added() * MOST_GROWN > graph.nodes();
        self.rebuild || graph.dead_percent() >= MOST_DEAD || grown
    }
}

impl Entry {
    /// Copies what the graph is to be made of; None when none is wanted.
    fn begin(&self, owner: Uuid, above: usize) -> Option<Work<'_>> {
        let phase = self.phase();
        if !matches!(*phase, Phase::Present) {
            return None;
        }
        let mut rows = self.write(&phase);
        if !rows.wants_graph(above) {
            return None;
        }
        rows.building = Some(Meanwhile::default());
        Some(Work {
            owner,
            entry: self,
            rows: rows.block.clone(),
            model: rows.model.clone(),
            anew: rows.graph.is_some(),
        })
    }

    /// Makes good what changed since the copy, and lets the graph answer. False when the owner's rows
    /// were loaded anew meanwhile: then they are not those of the graph.
    fn catch_up(&self, mut graph: Graph) -> Result<bool, Error> {
        while let Some(changes) = self.changes(LAST_CHANGES) {
            for (label, row) in changes {
                graph = followed(graph, label, row.as_ref())?;
            }
        }
        let phase = self.phase();
        let mut rows = self.write(&phase);
        let Some(building) = rows.building.take() else {
            return Ok(false);
        };
        for label in building.touched {
            let row = rows.block.row(label);
            graph = followed(graph, label, row.as_ref())?;
        }
        let old = self.set_graph(&mut rows, Some(graph));
        drop(rows);
        drop(phase);
        drop(old); // Takes its time.
        Ok(true)
    }

    /// The rows that changed since it was last asked, when they are more than so many.
    fn changes(&self, more_than: usize) -> Option<Vec<(Label, Option<Row>)>> {
        let phase = self.phase();
        let mut rows = self.write(&phase);
        let building = rows.building.as_mut();
        let building = building.filter(|building| building.touched.len() > more_than)?;
        let touched = std::mem::take(&mut building.touched);
        let row = |label| (label, rows.block.row(label));
        Some(touched.into_iter().map(row).collect())
    }

    /// Lets go of the graph.
    fn drop_graph(&self) {
        let phase = self.phase();
        let old = self.set_graph(&mut self.write(&phase), None);
        drop(phase);
        drop(old);
    }

    fn set_graph(&self, rows: &mut Rows, graph: Option<Graph>) -> Option<Graph> {
        let old = std::mem::replace(&mut rows.graph, graph);
        rows.building = None;
        rows.rebuild = false;
        self.weigh(rows);
        old
    }

    /// Building came to an end. When it failed, a graph is not asked for again until the rows are loaded
    /// anew; one that was made, or the old one, goes on answering.
    fn end(&self, failed: bool) {
        let phase = self.phase();
        let mut rows = self.write(&phase);
        rows.building = None;
        rows.failed |= failed;
    }

    /// Marks the graph to be made anew; false when there is none, nor is one being made.
    fn rebuild(&self) -> bool {
        let phase = self.phase();
        let mut rows = self.write(&phase);
        rows.rebuild = rows.graph.is_some();
        rows.failed &= !rows.rebuild;
        rows.rebuild || rows.building.is_some()
    }
}
