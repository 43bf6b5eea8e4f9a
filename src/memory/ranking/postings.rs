//! From postings lists to BM25: of a turn, of the turns around it, of its session.
//!
//! A place is a group's ordinal and a position in it, so neighbours and sessions are ranges of places
//! and nothing but the lists is needed.

use storage::Posting;

use super::walk;
use super::weights::{AROUND, B, B_AROUND, K1};

/// Turns are rarely longer, in stems.
const USUAL_LENGTH: u32 = 512;

/// What an owner's memories are together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    pub documents: u64,
    /// Stems of all documents.
    pub length: u64,
    pub groups: u64,
}

/// The lists of one question: per word, by place ascending, each place once.
pub struct Postings {
    lists: Vec<Vec<Posting>>,
    rarity: Vec<f64>,
    statistics: Statistics,
}

impl Postings {
    /// Per word of the question the lists of its stem and its other forms
    /// ([`crate::memory::question::Question::lookups`]).
    pub fn new(words: Vec<Vec<Vec<Posting>>>, statistics: Statistics) -> Self {
        let lists: Vec<_> = words.into_iter().map(merged).collect();
        let documents = number(statistics.documents);
        let rarity = lists.iter().map(|list| {
            let with = size(list.len());
            (1.0 + ((documents - with).max(0.0) + 0.5) / (with + 0.5)).ln()
        });
        Self {
            rarity: rarity.collect(),
            lists,
            statistics,
        }
    }

    /// The rarity of all words that occur at all.
    pub fn rarity(&self) -> f64 {
        let found = self.lists.iter().zip(&self.rarity);
        found
            .filter(|(list, _)| !list.is_empty())
            .map(|(_, rarity)| rarity)
            .sum()
    }

    /// Each word's count in this turn, and the turn's length.
    pub fn own(&self, place: u64) -> (Vec<u32>, u32) {
        let mut length = 0;
        let count = |list: &Vec<Posting>| {
            let found = list
                .binary_search_by_key(&place, |posting| posting.place)
                .ok();
            let posting = found.and_then(|at| list.get(at));
            length = posting.map_or(length, |posting| posting.length);
            posting.map_or(0, |posting| posting.frequency)
        };
        let counts = self.lists.iter().map(count).collect();
        (counts, length)
    }

    /// Each word's count in a turn and those around it.
    pub fn around(&self, place: u64) -> Vec<u32> {
        let (first, last) = neighbours(place);
        self.within(first, last)
    }

    /// Each word's count in a group.
    pub fn session(&self, ordinal: u32) -> Vec<u32> {
        let first = u64::from(ordinal) << 32;
        self.within(first, first | u64::from(u32::MAX))
    }

    fn within(&self, first: u64, last: u64) -> Vec<u32> {
        let count = |list: &Vec<Posting>| {
            let start = list.partition_point(|posting| posting.place < first);
            let rest = list.iter().skip(start);
            let inside = rest.take_while(|posting| posting.place <= last);
            inside.map(|posting| posting.frequency).sum()
        };
        self.lists.iter().map(count).collect()
    }

    pub fn score_own(&self, counts: &[u32], length: u32) -> f64 {
        self.bm25(counts, B, self.relative_length(length))
    }

    /// Of turns around: `length` in proportion to the mean does not matter while their b is 0.
    pub fn score_around(&self, counts: &[u32]) -> f64 {
        self.bm25(counts, B_AROUND, 1.0)
    }

    pub fn score_session(&self, counts: &[u32], length: u64) -> f64 {
        let mean = number(self.statistics.length) / number(self.statistics.groups).max(1.0);
        self.bm25(counts, B, number(length) / mean.max(1.0))
    }

    /// The share of the words' rarity that occurs.
    pub fn covered(&self, counts: &[u32]) -> f64 {
        let all = self.rarity();
        let there = counts.iter().zip(&self.rarity);
        let there: f64 = there
            .filter(|(count, _)| **count > 0)
            .map(|(_, rarity)| rarity)
            .sum();
        if all > 0.0 { there / all } else { 0.0 }
    }

    fn bm25(&self, counts: &[u32], b: f64, length: f64) -> f64 {
        let words = counts.iter().zip(&self.rarity);
        words
            .filter(|(count, _)| **count > 0)
            .map(|(count, rarity)| rarity * saturated(*count, b, length))
            .sum()
    }

    fn relative_length(&self, length: u32) -> f64 {
        let documents = number(self.statistics.documents).max(1.0);
        f64::from(length) * documents / number(self.statistics.length).max(1.0)
    }

    /// The places of the best by own words, at most `limit`, ties to the newer; best first.
    pub fn best_own(&self, limit: usize) -> Vec<u64> {
        // Weighed per length, not per posting: lists may be long.
        let weighed = |length| K1 * (1.0 - B + B * self.relative_length(length));
        let usual: Vec<f64> = (0..USUAL_LENGTH).map(weighed).collect();
        let saturated = |posting: &Posting| {
            let length = usize::try_from(posting.length).unwrap_or(usize::MAX);
            let known = usual.get(length).copied();
            let frequency = f64::from(posting.frequency);
            frequency / (frequency + known.unwrap_or_else(|| weighed(posting.length)))
        };
        let lists = self.lists.iter().map(Vec::as_slice);
        walk::best(lists.zip(self.rarity.iter().copied()), saturated, limit)
    }
}

/// A group's ordinal.
pub fn ordinal(place: u64) -> u32 {
    u32::try_from(place >> 32).unwrap_or(u32::MAX)
}

/// First and last place of the turns around a place; within its group.
pub fn neighbours(place: u64) -> (u64, u64) {
    let position = place & u64::from(u32::MAX);
    let around = u64::from(AROUND);
    let first = place - position.min(around);
    let last = place + (u64::from(u32::MAX) - position).min(around);
    (first, last)
}

fn saturated(count: u32, b: f64, length: f64) -> f64 {
    let count = f64::from(count);
    count * (K1 + 1.0) / (count + K1 * (1.0 - b + b * length))
}

/// The lists of one word's forms as one list.
fn merged(mut lists: Vec<Vec<Posting>>) -> Vec<Posting> {
    lists.retain(|list| !list.is_empty());
    if lists.len() < 2 {
        return lists.pop().unwrap_or_default();
    }
    let mut all: Vec<Posting> = lists.into_iter().flatten().collect();
    // Runs that are sorted already: the stable sort only merges them.
    all.sort_by_key(|posting| posting.place);
    all.dedup_by(|next, kept| {
        let same = next.place == kept.place;
        if same {
            kept.frequency += next.frequency;
        }
        same
    });
    all
}

#[expect(clippy::cast_precision_loss, reason = "nobody has 2^52 memories")]
pub fn number(count: u64) -> f64 {
    count as f64
}

fn size(count: usize) -> f64 {
    number(u64::try_from(count).unwrap_or(u64::MAX))
}
