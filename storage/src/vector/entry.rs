//! One owner in memory: loaded once, told of every change from then on.
//!
//! A load reads a snapshot of the caller's rows, and changes are told while it reads. They wait in line
//! and are applied to what it brought, before anybody searches it; applying one that the snapshot had
//! already changes nothing. What must stay true:
//! * `phase` is held whenever `rows` is locked for writing, and `rows` is never waited for by somebody who
//!   holds `rows` already: so that whoever holds `phase` finds `rows` as it says;
//! * a caller's closure runs with nothing locked;
//! * a graph in `Rows` has the labels of the block, no more and no fewer.

use std::collections::BTreeSet;
use std::mem;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{
    Condvar, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
};

use super::row::Row;
use super::vectors::Loaded;
use super::{Block, Graph, Label};
use crate::Error;
use crate::error::caught;

pub(super) enum Change {
    Put {
        model: String,
        label: Label,
        vector: Vec<f32>,
    },
    Remove {
        place: u64,
    },
}

/// Where an owner's rows are.
#[derive(Default)]
pub(super) enum Phase {
    #[default]
    Absent,
    /// Somebody reads them; these changes came since.
    Loading(Vec<Change>),
    Present,
}

#[derive(Default)]
pub(super) struct Rows {
    pub model: String,
    pub block: Block,
    pub graph: Option<Graph>,
    /// Set while a graph is made of a copy of the block.
    pub building: Option<Meanwhile>,
    /// The graph, or its files, hold rows that must go.
    pub rebuild: bool,
    /// Making a graph failed: it is not tried again with these rows.
    pub failed: bool,
}

/// What happened since the copy from which a graph is being made.
#[derive(Default)]
pub(super) struct Meanwhile {
    pub touched: BTreeSet<Label>,
    /// A row of the copy is no longer one.
    pub removed: bool,
}

#[derive(Default)]
pub(super) struct Entry {
    phase: Mutex<Phase>,
    arrived: Condvar,
    rows: RwLock<Rows>,
    /// When it was last searched, in searches of all owners.
    pub used: AtomicU64,
    pub bytes: AtomicUsize,
    /// Its owner was removed: nothing of it may reach the disk any more.
    pub gone: AtomicBool,
}

impl Entry {
    pub(super) fn phase(&self) -> MutexGuard<'_, Phase> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn read(&self) -> RwLockReadGuard<'_, Rows> {
        self.rows.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// For whoever holds `phase`.
    pub(super) fn write(&self, _phase: &MutexGuard<'_, Phase>) -> RwLockWriteGuard<'_, Rows> {
        self.rows.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The rows of this model, loaded when they are not there or of another one. None when even what
    /// was loaded is of another.
    pub(super) fn rows_of<E>(
        &self,
        model: &str,
        load: impl FnOnce() -> Result<Loaded, E>,
    ) -> Result<Option<RwLockReadGuard<'_, Rows>>, E> {
        let mut phase = self.phase();
        loop {
            match *phase {
                Phase::Loading(_) => {
                    let woken = self.arrived.wait(phase);
                    phase = woken.unwrap_or_else(PoisonError::into_inner);
                }
                Phase::Present => {
                    let rows = self.read();
                    if rows.model == model {
                        return Ok(Some(rows));
                    }
                    break;
                }
                Phase::Absent => break,
            }
        }
        *phase = Phase::Loading(Vec::new());
        drop(phase);
        let place = Expected(self);
        let loaded = load()?;
        let phase = place.take(loaded);
        let rows = self.read();
        drop(phase);
        Ok((rows.model == model).then_some(rows))
    }

    /// The rows, when they are there and of this model.
    pub(super) fn present(&self, model: &str) -> Option<RwLockReadGuard<'_, Rows>> {
        let phase = self.phase();
        let rows = matches!(*phase, Phase::Present).then(|| self.read())?;
        drop(phase);
        (rows.model == model).then_some(rows)
    }

    /// Tells of a change. True when a row that may be in a file is not the owner's any more, or nobody
    /// knows.
    pub(super) fn tell(&self, change: Change) -> bool {
        let mut phase = self.phase();
        match &mut *phase {
            Phase::Absent => true,
            Phase::Loading(waiting) => {
                waiting.push(change);
                true
            }
            Phase::Present => {
                let mut rows = self.write(&phase);
                let removed = rows.apply(change);
                self.weigh(&rows);
                removed
            }
        }
    }

    pub(super) fn weigh(&self, rows: &Rows) {
        let graph = rows.graph.as_ref().map_or(0, Graph::bytes);
        self.bytes
            .store(rows.block.bytes() + graph, Ordering::Relaxed);
    }
}

/// A load under way. However it ends, whoever waits for it is woken.
struct Expected<'e>(&'e Entry);

impl<'e> Expected<'e> {
    fn take(self, loaded: Loaded) -> MutexGuard<'e, Phase> {
        let mut phase = self.0.phase();
        let mut rows = Rows {
            model: loaded.model,
            block: loaded.rows,
            ..Rows::default()
        };
        if let Phase::Loading(waiting) = &mut *phase {
            for change in mem::take(waiting) {
                rows.apply(change);
            }
        }
        let entry = self.0;
        entry.weigh(&rows);
        let old = mem::replace(&mut *entry.write(&phase), rows);
        *phase = Phase::Present;
        drop(old);
        entry.arrived.notify_all();
        mem::forget(self); // Its end would wait for the phase.
        phase
    }
}

impl Drop for Expected<'_> {
    fn drop(&mut self) {
        let mut phase = self.0.phase();
        if matches!(*phase, Phase::Loading(_)) {
            // Rows of another model may still be there; they have missed what was told meanwhile.
            *self.0.write(&phase) = Rows::default();
            self.0.bytes.store(0, Ordering::Relaxed);
            *phase = Phase::Absent;
        }
        drop(phase);
        self.0.arrived.notify_all();
    }
}

impl Rows {
    /// True when a row is not there any more.
    fn apply(&mut self, change: Change) -> bool {
        match change {
            Change::Put {
                model,
                label,
                vector,
            } => {
                // A vector of another model takes the place of the one that was there, all the same.
                let row = Row::new(&vector, self.block.dim()).filter(|_| model == self.model);
                self.set(label, row.as_ref())
            }
            Change::Remove { place } => {
                let labels = self.block.pieces(place);
                let removed = labels.into_iter().map(|label| self.set(label, None));
                removed.fold(false, |any, this| any | this)
            }
        }
    }

    fn set(&mut self, label: Label, row: Option<&Row>) -> bool {
        let old = self.block.row(label);
        if old.as_ref() == row {
            return false;
        }
        match row {
            Some(row) => self.block.put_row(label, row),
            None => drop(self.block.remove(label)),
        }
        if let Some(building) = &mut self.building {
            building.touched.insert(label);
            building.removed |= old.is_some();
        }
        if let Some(graph) = self.graph.take() {
            self.graph = followed(graph, label, row).ok();
        }
        old.is_some()
    }
}

/// The graph after a change. One in which the library panicked is given up.
pub(super) fn followed(graph: Graph, label: Label, row: Option<&Row>) -> Result<Graph, Error> {
    caught(|| {
        let mut graph = graph;
        match row {
            Some(row) => graph.put_row(label, row),
            None => drop(graph.remove(label)),
        }
        Ok(graph)
    })
}
