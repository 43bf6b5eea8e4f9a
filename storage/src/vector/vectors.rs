//! The door: owners in memory within a budget, each loaded when it is first searched.
//!
//! What must stay true:
//! * after `remove` has returned, no search that begins finds the place, whatever else goes on;
//! * nobody waits for another owner's load, search or graph;
//! * an owner leaves memory only when nobody holds its entry, so that no change can miss one in use.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use super::entry::{Change, Entry, Phase, Rows};
use super::{Block, Label, Near, best, dump, row};
use crate::Error;
use crate::error::caught;

/// The best so many of bytes are compared again as they are.
const COMPARED_AGAIN: usize = 40;
/// A graph looks at this many times as many candidates as it is asked for.
const CANDIDATES: usize = 2;

/// What is looked for.
#[derive(Debug, Clone, Copy)]
pub struct Query<'q> {
    /// The model that made the vector, as exactly as two must be the same to be compared.
    pub model: &'q str,
    /// Its length does not matter.
    pub vector: &'q [f32],
    /// How many to find.
    pub k: usize,
}

/// An owner's vectors of one model, all of them, from one read transaction.
#[derive(Debug)]
pub struct Loaded {
    /// The model that made them.
    pub model: String,
    /// The vectors.
    pub rows: Block,
}

/// What is in memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Owners.
    pub owners: usize,
    /// Their vectors.
    pub vectors: usize,
    /// Owners with a graph.
    pub graphs: usize,
    /// Bytes, about.
    pub bytes: usize,
}

/// Vectors of all owners; a handle.
#[derive(Clone)]
pub struct Vectors {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    budget: usize,
    pub graph_above: usize,
    pub dir: PathBuf,
    entries: Mutex<HashMap<Uuid, Arc<Entry>>>,
    searches: AtomicU64,
    /// Owners whose files hold rows of theirs only, as far as was told. Who moves, removes or writes
    /// files holds this.
    pub clean: Mutex<HashSet<Uuid>>,
    /// Held while a graph is made.
    pub making: Mutex<()>,
}

impl fmt::Debug for Vectors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vectors")
            .field("usage", &self.usage())
            .finish_non_exhaustive()
    }
}

impl Vectors {
    /// Nothing in memory yet. Owners leave it when all take more than `budget` bytes, those searched
    /// longest ago first; the last one searched stays however large it is. Owners with more than
    /// `graph_above` vectors want a graph; `dir`, made when needed, is where graphs are kept.
    #[must_use]
    pub fn new(budget: usize, graph_above: usize, dir: PathBuf) -> Self {
        Self {
            inner: Arc::new(Inner {
                budget,
                graph_above,
                dir,
                entries: Mutex::default(),
                searches: AtomicU64::new(0),
                clean: Mutex::default(),
                making: Mutex::default(),
            }),
        }
    }

    /// The nearest of one owner, best first, of equals the smaller label.
    ///
    /// `load` is called when the owner is not in memory, or there with another model's vectors; it reads
    /// all of one model from one transaction. `exact` gives the vector of a label as it is stored, for
    /// the best 40; one that has none any more is left out. A vector that cannot be compared finds
    /// nothing, and so does one of another model than even `load` brings.
    ///
    /// # Errors
    /// Those of `load` and `exact`; the next search tries again.
    pub fn nearest<E>(
        &self,
        owner: Uuid,
        query: Query<'_>,
        load: impl FnOnce() -> Result<Loaded, E>,
        exact: impl Fn(Label) -> Result<Option<Vec<f32>>, E>,
    ) -> Result<Vec<Near>, E> {
        let entry = self.entry(owner);
        let now = self.inner.searches.fetch_add(1, Ordering::Relaxed);
        entry.used.store(now, Ordering::Relaxed);
        let mut loaded = false;
        let rows = entry.rows_of(query.model, || {
            loaded = true;
            load()
        })?;
        let found = rows.map_or_else(Vec::new, |rows| rows.nearest(&query));
        drop(entry);
        if loaded {
            self.trim(owner);
        }
        compare_again(found, &query, exact)
    }

    /// The cosines of these places of one owner, of several pieces the nearest, as bytes tell; places
    /// without a vector are left out. None when the owner is not in memory with vectors of this model.
    #[must_use]
    pub fn cosines(
        &self,
        owner: Uuid,
        query: Query<'_>,
        places: &[u64],
    ) -> Option<Vec<(u64, f32)>> {
        let entry = self.entries().get(&owner).cloned()?;
        let rows = entry.present(query.model)?;
        Some(rows.block.cosines(query.vector, places))
    }

    /// Tells that a label has this vector from now on. What is not in memory is not changed: it will
    /// be loaded. Telling twice is the same as telling once.
    pub fn put(&self, owner: Uuid, model: &str, label: Label, vector: &[f32]) {
        self.tell(owner, || Change::Put {
            model: model.to_owned(),
            label,
            vector: vector.to_owned(),
        });
    }

    /// Tells that all pieces of a place are gone.
    pub fn remove(&self, owner: Uuid, place: u64) {
        self.tell(owner, || Change::Remove { place });
    }

    fn tell(&self, owner: Uuid, change: impl FnOnce() -> Change) {
        let entry = self.entries().get(&owner).cloned();
        if entry.is_none_or(|entry| entry.tell(change())) {
            self.clean().remove(&owner);
        }
    }

    /// Forgets an owner, in memory and on disk. A graph that is being made is given up when it is done.
    ///
    /// # Errors
    /// `Io` when files cannot be removed.
    pub fn remove_owner(&self, owner: Uuid) -> Result<(), Error> {
        if let Some(entry) = self.entries().remove(&owner) {
            entry.gone.store(true, Ordering::Release);
        }
        let mut clean = self.clean();
        clean.remove(&owner);
        dump::remove(&self.inner.files(owner))
    }

    /// What is in memory.
    #[must_use]
    pub fn usage(&self) -> Usage {
        let mut usage = Usage::default();
        for (_, entry) in self.in_memory() {
            usage.owners += usize::from(matches!(*entry.phase(), Phase::Present));
            let rows = entry.read();
            usage.vectors += rows.block.len();
            usage.graphs += usize::from(rows.graph.is_some());
            usage.bytes += entry.bytes.load(Ordering::Relaxed);
        }
        usage
    }

    /// Rows that were removed, or replaced, and are still in the owner's graph in memory. They leave
    /// it, and its files, with [`Vectors::tidy`] and the build that it asks for.
    #[must_use]
    pub fn tombstones(&self, owner: Uuid) -> usize {
        let entry = self.entries().get(&owner).cloned();
        let graph = |entry: Arc<Entry>| entry.read().graph.as_ref().map(super::Graph::dead);
        entry.and_then(graph).unwrap_or(0)
    }

    fn entry(&self, owner: Uuid) -> Arc<Entry> {
        Arc::clone(self.entries().entry(owner).or_default())
    }

    /// Whoever holds this waits for no other lock.
    pub(super) fn entries(&self) -> MutexGuard<'_, HashMap<Uuid, Arc<Entry>>> {
        let entries = self.inner.entries.lock();
        entries.unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn clean(&self) -> MutexGuard<'_, HashSet<Uuid>> {
        let clean = self.inner.clean.lock();
        clean.unwrap_or_else(PoisonError::into_inner)
    }

    /// Those last searched come first.
    pub(super) fn in_memory(&self) -> Vec<(Uuid, Arc<Entry>)> {
        let entries = self.entries();
        let mut all: Vec<_> = entries.iter().map(|(id, e)| (*id, Arc::clone(e))).collect();
        drop(entries);
        all.sort_by_key(|(_, entry)| std::cmp::Reverse(entry.used.load(Ordering::Relaxed)));
        all
    }

    /// Lets go of owners until all fit. With the map locked, an entry that only the map holds is held by
    /// nobody and cannot be taken up by anybody.
    pub(super) fn trim(&self, but: Uuid) {
        let mut gone = Vec::new();
        let mut entries = self.entries();
        let bytes = |entry: &Arc<Entry>| entry.bytes.load(Ordering::Relaxed);
        let mut all: usize = entries.values().map(bytes).sum();
        let mut oldest: Vec<_> = entries
            .iter()
            .map(|(id, entry)| (entry.used.load(Ordering::Relaxed), *id))
            .filter(|(_, id)| *id != but)
            .collect();
        oldest.sort_unstable();
        for (_, id) in oldest {
            let idle = entries.get(&id).is_some_and(|e| Arc::strong_count(e) == 1);
            let empty = entries.get(&id).is_some_and(|e| bytes(e) == 0);
            if idle && (all > self.inner.budget || empty) {
                gone.extend(entries.remove(&id));
                all -= gone.last().map_or(0, bytes);
            }
        }
        drop(entries);
        drop(gone); // A graph takes its time to go.
    }
}

impl Inner {
    /// Where an owner's graph is kept.
    pub(super) fn files(&self, owner: Uuid) -> PathBuf {
        self.dir.join(owner.simple().to_string())
    }
}

impl Rows {
    fn nearest(&self, query: &Query<'_>) -> Vec<Near> {
        let k = match query.k {
            0 => return Vec::new(),
            k => k.max(COMPARED_AGAIN),
        };
        let found = self.graph.as_ref().and_then(|graph| {
            let search = || Ok::<_, Error>(graph.nearest(query.vector, k, k * CANDIDATES));
            caught(search).ok()
        });
        match found {
            Some(found) if found.len() >= k.min(self.block.len()) => found,
            _ => self.block.nearest(query.vector, k),
        }
    }
}

fn compare_again<E>(
    found: Vec<Near>,
    query: &Query<'_>,
    exact: impl Fn(Label) -> Result<Option<Vec<f32>>, E>,
) -> Result<Vec<Near>, E> {
    let mut all = Vec::with_capacity(found.len());
    for (at, near) in found.into_iter().enumerate() {
        if at >= COMPARED_AGAIN {
            all.push(near);
        } else if let Some(vector) = exact(near.label)? {
            let cosine = row::cosine(query.vector, &vector);
            all.push(Near { cosine, ..near });
        }
    }
    all.sort_by(best::order);
    all.truncate(query.k);
    Ok(all)
}
