//! All vectors of one owner under one model, side by side.
//!
//! A search looks at every row, so it misses none; its order is that of bytes, which the caller may
//! refine with the vectors themselves. What must stay true: `index` names every row, each once.

use std::collections::BTreeMap;

use super::best::Best;
use super::row::{Probe, Row, width};
use super::{Label, Near};

/// What the index takes for a row, about.
const INDEX_BYTES: usize = 32;

/// Vectors as bytes with a scale each.
#[derive(Debug, Clone, Default)]
pub struct Block {
    dim: usize,
    bytes: Vec<u8>,
    scales: Vec<f32>,
    labels: Vec<Label>,
    index: BTreeMap<Label, usize>,
}

impl Block {
    /// An empty one for vectors of so many dimensions.
    #[must_use]
    pub fn new(dim: usize) -> Self {
        Self {
            dim,
            ..Self::default()
        }
    }

    /// Dimensions of its vectors.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// How many vectors there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// True when there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Memory taken, in bytes, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes.capacity()
            + self.scales.capacity() * size_of::<f32>()
            + self.labels.capacity() * size_of::<Label>()
            + self.index.len() * INDEX_BYTES
    }

    /// Takes a vector, in place of one with the same label; its length does not matter. False when it
    /// cannot be compared (another dimension, nothing but zeros, or no numbers): then nothing has this
    /// label any more.
    pub fn put(&mut self, label: Label, vector: &[f32]) -> bool {
        let Some(row) = Row::new(vector, self.dim) else {
            self.remove(label);
            return false;
        };
        self.put_row(label, &row);
        true
    }

    pub(super) fn put_row(&mut self, label: Label, row: &Row) {
        let width = width(self.dim);
        if let Some(&at) = self.index.get(&label) {
            self.bytes[at * width..][..width].copy_from_slice(&row.bytes);
            self.scales[at] = row.scale;
            return;
        }
        self.index.insert(label, self.labels.len());
        self.labels.push(label);
        self.scales.push(row.scale);
        self.bytes.extend_from_slice(&row.bytes);
    }

    /// Removes a vector; false when there was none.
    pub fn remove(&mut self, label: Label) -> bool {
        let Some(at) = self.index.remove(&label) else {
            return false;
        };
        self.labels.swap_remove(at);
        self.scales.swap_remove(at);
        let (width, last) = (width(self.dim), self.labels.len());
        self.bytes
            .copy_within(last * width..(last + 1) * width, at * width);
        self.bytes.truncate(last * width);
        if let Some(moved) = self.labels.get(at) {
            self.index.insert(*moved, at);
        }
        true
    }

    /// The labels at a place, in order.
    pub(super) fn pieces(&self, place: u64) -> Vec<Label> {
        let pieces = self.index.range((place, u8::MIN)..=(place, u8::MAX));
        pieces.map(|(&label, _)| label).collect()
    }

    /// All labels, in order.
    pub(super) fn labels(&self) -> impl Iterator<Item = Label> {
        self.index.keys().copied()
    }

    pub(super) fn row(&self, label: Label) -> Option<Row> {
        let (&at, width) = (self.index.get(&label)?, width(self.dim));
        Some(Row {
            bytes: self.bytes[at * width..][..width].to_vec(),
            scale: self.scales[at],
        })
    }

    /// The cosine of each of these places that has a vector, of several pieces the nearest. Nothing when
    /// the query cannot be compared.
    #[must_use]
    pub fn cosines(&self, query: &[f32], places: &[u64]) -> Vec<(u64, f32)> {
        let Some(probe) = Probe::new(query, self.dim) else {
            return Vec::new();
        };
        let width = width(self.dim);
        let cosine =
            |&at: &usize| probe.cosine(&self.bytes[at * width..][..width], self.scales[at]);
        let best = |place: u64| {
            let pieces = self.index.range((place, u8::MIN)..=(place, u8::MAX));
            pieces.map(|(_, at)| cosine(at)).reduce(f32::max)
        };
        let all = places
            .iter()
            .filter_map(|&place| Some((place, best(place)?)));
        all.collect()
    }

    /// The `k` nearest, best first, of equals the smaller label. Nothing when the query cannot be
    /// compared.
    #[must_use]
    pub fn nearest(&self, query: &[f32], k: usize) -> Vec<Near> {
        let Some(probe) = Probe::new(query, self.dim) else {
            return Vec::new();
        };
        let mut best = Best::new(k);
        let rows = self.bytes.chunks_exact(width(self.dim));
        for (at, (row, &scale)) in rows.zip(&self.scales).enumerate() {
            best.offer(probe.cosine(row, scale), || self.labels[at]);
        }
        best.into_sorted()
    }
}
