//! An approximate graph over one owner's rows (HNSW), for owners with so many that looking at each
//! takes too long.
//!
//! A node is a row; labels hang on nodes. Two labels with the same bytes share a node, because equal
//! rows would become each other's only neighbours, and a search that comes upon such an island does
//! not leave it again. A node without a label is dead: it is walked over and never found, and is gone
//! when the graph is built anew. What must stay true:
//! * `at` and `names` say the same, each label once;
//! * nodes are made in one order by one thread: the same puts give the same graph;
//! * nothing that is not a number reaches the library, which panics on it.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use hnsw_rs::prelude::{Distance, Hnsw};

use super::best::Best;
use super::row::{Row, product, width};
use super::{Block, Label, Near};
use crate::Error;
use crate::error::caught;

/// Neighbours of a node in each layer; twice as many in the lowest.
const NEIGHBOURS: usize = 16;
/// Candidates looked at for a new node.
const CANDIDATES: usize = 200;
/// The library can write to disk only graphs with all of its layers.
const LAYERS: usize = 16;
/// Fewer candidates than this are never looked at in a search.
const LEAST_CANDIDATES: usize = 64;
/// What the library takes for a node beside its row, about: from an earlier measurement of
/// the same library, not from one of these graphs.
const NODE_BYTES: usize = 2300;
/// A row's scale, or the sum of its bytes.
const WORD_BYTES: usize = 4;

pub(super) type Library = Hnsw<'static, u8, RowDistance>;

/// What two rows are apart, 1 less their cosine. A row given to the library ends with its scale and the
/// sum of its bytes.
#[derive(Clone, Copy, Default)]
pub(super) struct RowDistance;

impl Distance<u8> for RowDistance {
    fn eval(&self, one: &[u8], other: &[u8]) -> f32 {
        let ((one, one_scale, one_sum), (other, other_scale, other_sum)) =
            (split(one), split(other));
        let product = product(one, other, [one_sum, other_sum]);
        #[expect(clippy::cast_precision_loss, reason = "a product has some 21 bits")]
        let cosine = product as f32 * (one_scale * other_scale);
        (1.0 - cosine).max(0.0)
    }
}

/// A row's bytes, its scale, and the sum of its bytes.
fn split(row: &[u8]) -> (&[u8], f32, i32) {
    let none = (row, &[0; WORD_BYTES]);
    let (row, sum) = row.split_last_chunk().unwrap_or(none);
    let (row, scale) = row.split_last_chunk().unwrap_or(none);
    (row, f32::from_le_bytes(*scale), i32::from_le_bytes(*sum))
}

fn join(row: &Row) -> Vec<u8> {
    let sum: i32 = row.bytes.iter().map(|&byte| i32::from(byte)).sum();
    [
        row.bytes.as_slice(),
        &row.scale.to_le_bytes(),
        &sum.to_le_bytes(),
    ]
    .concat()
}

/// By what equal rows are known. It lives in memory only.
fn mark(row: &[u8]) -> (u64, u64) {
    let half = |which: u8| {
        let mut hasher = DefaultHasher::new();
        (which, row).hash(&mut hasher);
        hasher.finish()
    };
    (half(0), half(1))
}

/// Rows with their nearest neighbours.
pub struct Graph {
    dim: usize,
    library: Library,
    /// By node: its labels, in order.
    names: Vec<Vec<Label>>,
    at: BTreeMap<Label, usize>,
    by_row: HashMap<(u64, u64), usize>,
    dead: usize,
    /// Nodes when it was made or loaded.
    begun: usize,
}

impl std::fmt::Debug for Graph {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Graph")
            .field("dim", &self.dim)
            .field("labels", &self.at.len())
            .field("nodes", &self.names.len())
            .field("dead", &self.dead)
            .finish_non_exhaustive()
    }
}

impl Graph {
    fn empty(dim: usize, expected: usize) -> Self {
        let library = Hnsw::new(NEIGHBOURS, expected, LAYERS, CANDIDATES, RowDistance);
        Self::around(library, dim)
    }

    fn around(library: Library, dim: usize) -> Self {
        Self {
            dim,
            library,
            names: Vec::new(),
            at: BTreeMap::new(),
            by_row: HashMap::new(),
            dead: 0,
            begun: 0,
        }
    }

    /// A graph of all rows of a block. Takes some CPU milliseconds for each.
    ///
    /// # Errors
    /// `Panicked`, should the library.
    pub fn build(rows: &Block) -> Result<Self, Error> {
        caught(|| {
            let mut graph = Self::empty(rows.dim(), rows.len());
            graph.insert(rows, rows.labels());
            graph.begun = graph.nodes();
            Ok(graph)
        })
    }

    /// A graph whose nodes came from a file; all of them are dead until [`Graph::name_all`] gives them
    /// their labels. None when it holds what no graph of this file's making would.
    pub(super) fn from_library(library: Library, dim: usize) -> Option<Self> {
        let mut graph = Self::around(library, dim);
        let count = graph.library.get_nb_point();
        let mut seen = vec![false; count];
        for point in graph.library.get_point_indexation() {
            let (row, node) = (point.get_v(), point.get_origin_id());
            let known = seen.get_mut(node)?;
            if row.len() != width(dim) + 2 * WORD_BYTES || std::mem::replace(known, true) {
                return None;
            }
            graph.by_row.insert(mark(row), node);
        }
        graph.names = vec![Vec::new(); count];
        graph.dead = count;
        graph.begun = count;
        (graph.by_row.len() == count && seen.iter().all(|seen| *seen)).then_some(graph)
    }

    pub(super) fn insert(&mut self, rows: &Block, labels: impl IntoIterator<Item = Label>) {
        for label in labels {
            if let Some(row) = rows.row(label) {
                self.put_row(label, &row);
            }
        }
    }

    pub(super) fn library(&self) -> &Library {
        &self.library
    }

    /// Dimensions of its vectors.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// How many labels can be found.
    #[must_use]
    pub fn len(&self) -> usize {
        self.at.len()
    }

    /// True when nothing can be found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.at.is_empty()
    }

    /// Rows that were removed and are still walked over.
    #[must_use]
    pub fn dead(&self) -> usize {
        self.dead
    }

    /// Rows in all, the dead with them.
    pub(super) fn nodes(&self) -> usize {
        self.names.len()
    }

    /// Rows added since it was made or loaded.
    pub(super) fn added(&self) -> usize {
        self.names.len() - self.begun
    }

    /// How many of a hundred rows were removed.
    #[must_use]
    pub fn dead_percent(&self) -> usize {
        100 * self.dead / self.names.len().max(1)
    }

    /// Memory taken, in bytes, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.names.len() * (width(self.dim) + NODE_BYTES) + self.at.len() * 2 * size_of::<Label>()
    }

    /// Takes a vector, in place of one with the same label. False when it cannot be compared, as in
    /// [`Block::put`].
    pub fn put(&mut self, label: Label, vector: &[f32]) -> bool {
        let Some(row) = Row::new(vector, self.dim) else {
            self.remove(label);
            return false;
        };
        self.put_row(label, &row);
        true
    }

    pub(super) fn put_row(&mut self, label: Label, row: &Row) {
        let bytes = join(row);
        let mark = mark(&bytes);
        if !self.name(label, mark) {
            let node = self.names.len();
            self.library.insert((&bytes, node));
            self.by_row.insert(mark, node);
            self.names.push(Vec::new());
            self.dead += 1; // Until it has its name.
            self.name(label, mark);
        }
    }

    /// Gives a label to the row it belongs to; false, and nothing has the label, when there is none.
    fn name(&mut self, label: Label, mark: (u64, u64)) -> bool {
        let known = self.by_row.get(&mark).copied();
        if known.is_some() && known == self.at.get(&label).copied() {
            return true;
        }
        self.remove(label);
        let Some(node) = known else { return false };
        let names = &mut self.names[node];
        self.dead -= usize::from(names.is_empty());
        names.insert(names.partition_point(|name| *name < label), label);
        self.at.insert(label, node);
        true
    }

    /// Gives the rows that are here their labels; what is left over is not.
    pub(super) fn name_all(&mut self, rows: &Block) -> Vec<Label> {
        let mut missing = Vec::new();
        for label in rows.labels() {
            let row = rows.row(label);
            if !row.is_some_and(|row| self.name(label, mark(&join(&row)))) {
                missing.push(label);
            }
        }
        missing
    }

    /// Removes a label; false when there was none.
    pub fn remove(&mut self, label: Label) -> bool {
        let Some(node) = self.at.remove(&label) else {
            return false;
        };
        let names = &mut self.names[node];
        names.retain(|name| *name != label);
        self.dead += usize::from(names.is_empty());
        true
    }

    /// About the `k` nearest, best first, of equals the smaller label; more surely so the more
    /// candidates are looked at.
    #[must_use]
    pub fn nearest(&self, query: &[f32], k: usize, candidates: usize) -> Vec<Near> {
        let Some(row) = Row::new(query, self.dim) else {
            return Vec::new();
        };
        let (row, candidates) = (join(&row), candidates.max(LEAST_CANDIDATES));
        if k == 0 || self.is_empty() {
            return Vec::new();
        }
        // The dead are mostly spread evenly; then it is enough to ask for some more. Only where many lie
        // together the library is made to look for living ones, which is several times as costly.
        let more = k * self.dead / (self.names.len() - self.dead).max(1);
        let asked = k + 2 * more + usize::from(self.dead > 0) * LEAST_CANDIDATES;
        let found = self.library.search(&row, asked, candidates.max(asked));
        let living = found.iter().filter(|near| self.lives(near.d_id)).count();
        let found = if living >= k || self.dead == 0 {
            found
        } else {
            let lives = |node: &usize| self.lives(*node);
            let search = self
                .library
                .search_filter(&row, k, candidates.max(k), Some(&lives));
            if search.len() < living { found } else { search }
        };
        let mut best = Best::new(k);
        for near in found {
            for label in self.names[near.d_id].iter().take(k) {
                best.offer(1.0 - near.distance, || *label);
            }
        }
        best.into_sorted()
    }

    fn lives(&self, node: usize) -> bool {
        !self.names[node].is_empty()
    }
}
