//! The best places of several long lists, without looking at all of each.
//!
//! `MaxScore` (Turtle and Flood 1995, "Query evaluation: strategies and optimizations"): lists whose
//! greatest values together cannot bring a place among the best are only looked into for places that
//! the other lists name. Walked from the newest place to the oldest, so that ties go to the newer.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use storage::Posting;

struct List<'l> {
    postings: &'l [Posting],
    rarity: f64,
    /// How many are still to come; the last of them is next.
    left: usize,
    /// The next place plus one; 0 at the end.
    next: u64,
    /// The most that this list and those before it can add.
    bound: f64,
}

/// At most `limit` places with the greatest sums, best first. Each posting is worth the rarity of its
/// list times what `saturated` says of it.
pub fn best<'l>(
    lists: impl Iterator<Item = (&'l [Posting], f64)>,
    saturated: impl Fn(&Posting) -> f64,
    limit: usize,
) -> Vec<u64> {
    let mut lists = by_bound(lists, &saturated);
    // Lists before this one are only looked into.
    let mut essential = 0;
    let mut least = f64::NEG_INFINITY;
    let mut best: BinaryHeap<Ranked> = BinaryHeap::with_capacity(limit + 1);
    loop {
        let (looked_into, walked) = lists.split_at_mut(essential);
        let next = walked.iter().map(|list| list.next).max().unwrap_or(0);
        let Some(place) = next.checked_sub(1) else {
            break;
        };
        let mut score = 0.0;
        for list in walked.iter_mut().rev().filter(|list| list.next == next) {
            score += list.take(&saturated);
        }
        for list in looked_into.iter_mut().rev() {
            if score + list.bound <= least {
                break;
            }
            list.seek(next);
            if list.next == next {
                score += list.take(&saturated);
            }
        }
        if score <= least {
            continue;
        }
        best.push(Ranked { score, place });
        if best.len() > limit {
            best.pop();
        }
        if best.len() == limit {
            least = best.peek().map_or(least, |last| last.score);
            while lists.get(essential).is_some_and(|list| list.bound <= least) {
                essential += 1;
            }
        }
    }
    let mut best = best.into_vec();
    best.sort();
    best.into_iter().map(|ranked| ranked.place).collect()
}

/// The lists with something in them, those that can add the least first.
fn by_bound<'l>(
    lists: impl Iterator<Item = (&'l [Posting], f64)>,
    saturated: &impl Fn(&Posting) -> f64,
) -> Vec<List<'l>> {
    let lists = lists.filter(|(postings, _)| !postings.is_empty());
    let mut lists: Vec<List<'l>> = lists
        .map(|(postings, rarity)| {
            let most = postings.iter().map(saturated).fold(0.0, f64::max);
            let mut list = List {
                postings,
                rarity,
                left: postings.len(),
                next: 0,
                bound: rarity * most,
            };
            list.look();
            list
        })
        .collect();
    lists.sort_by(|a, b| a.bound.total_cmp(&b.bound));
    let mut sum = 0.0;
    for list in &mut lists {
        sum += list.bound;
        // Sums in another order may differ in the last digit.
        list.bound = sum * (1.0 + 1e-12);
    }
    lists
}

impl List<'_> {
    fn look(&mut self) {
        let last = self
            .left
            .checked_sub(1)
            .and_then(|at| self.postings.get(at));
        self.next = last.map_or(0, |posting| posting.place.saturating_add(1));
    }

    /// The value of the next one, and past it.
    fn take(&mut self, saturated: &impl Fn(&Posting) -> f64) -> f64 {
        let posting = self
            .left
            .checked_sub(1)
            .and_then(|at| self.postings.get(at));
        let value = posting.map_or(0.0, |posting| self.rarity * saturated(posting));
        self.left = self.left.saturating_sub(1);
        self.look();
        value
    }

    /// Past all places that are newer: in growing steps, then by halves.
    fn seek(&mut self, upto: u64) {
        let (mut low, mut high, mut step) = (self.left, self.left, 1);
        let newer = |at: usize| {
            let posting = at.checked_sub(1).and_then(|at| self.postings.get(at));
            posting.is_some_and(|posting| posting.place >= upto)
        };
        while newer(low) {
            high = low;
            low = low.saturating_sub(step);
            step *= 2;
        }
        let between = self.postings.get(low..high).unwrap_or_default();
        self.left = low + between.partition_point(|posting| posting.place < upto);
        self.look();
    }
}

/// The greatest is the worst, so that the heap gives it away first.
#[derive(PartialEq)]
struct Ranked {
    score: f64,
    place: u64,
}

impl Eq for Ranked {}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_score = other.score.total_cmp(&self.score);
        by_score.then(other.place.cmp(&self.place))
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
