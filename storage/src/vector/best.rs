//! The best few of many: of the same set always the same, in the same order, whatever order they came in.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::vector::{Label, Near};

/// The best comes first; of equals the smaller label.
pub(super) fn order(one: &Near, other: &Near) -> Ordering {
    let by_cosine = other.cosine.total_cmp(&one.cosine);
    by_cosine.then_with(|| one.label.cmp(&other.label))
}

struct Kept(Near);

impl Ord for Kept {
    fn cmp(&self, other: &Self) -> Ordering {
        order(&self.0, &other.0)
    }
}

impl PartialOrd for Kept {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Kept {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Kept {}

/// Keeps the best `limit`; the worst of them is on top of the heap.
pub(super) struct Best {
    limit: usize,
    kept: BinaryHeap<Kept>,
    /// What is below this is not among the best.
    floor: f32,
}

impl Best {
    pub(super) fn new(limit: usize) -> Self {
        let floor = if limit == 0 {
            f32::INFINITY
        } else {
            f32::NEG_INFINITY
        };
        Self {
            limit,
            kept: BinaryHeap::new(),
            floor,
        }
    }

    /// `label` is asked only for what may be kept, which is rare.
    #[inline]
    pub(super) fn offer(&mut self, cosine: f32, label: impl FnOnce() -> Label) {
        if cosine >= self.floor {
            self.keep(Near {
                label: label(),
                cosine,
            });
        }
    }

    #[cold]
    fn keep(&mut self, near: Near) {
        self.kept.push(Kept(near));
        if self.kept.len() > self.limit {
            self.kept.pop();
        }
        if let Some(worst) = self.kept.peek()
            && self.kept.len() == self.limit
        {
            self.floor = worst.0.cosine;
        }
    }

    pub(super) fn into_sorted(self) -> Vec<Near> {
        let sorted = self.kept.into_sorted_vec();
        sorted.into_iter().map(|kept| kept.0).collect()
    }
}
