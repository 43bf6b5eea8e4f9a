//! BM25 over one owner's documents, as it was before ranking moved to the caller: it goes as soon as
//! nobody asks it. See [`super::postings`] for what remains.
//!
//! ```text
//! sum over query stems  ln(1 + (N - n + 0.5) / (n + 0.5)) * f * (k1 + 1) / (f + k1 * (1 - b + b * length / mean))
//! ```
//!
//! (Robertson and Zaragoza 2009, "The Probabilistic Relevance Framework", section 3.2.) N, n and the mean
//! length must be those of the owner's own documents; ties are broken by id.

use std::collections::{HashMap, HashSet};

use tantivy::DocId;
use uuid::Uuid;

use super::TextHit;
use super::analyse::Word;
use super::disk::Disk;
use super::overlay::Owner;
use crate::Error;

/// Words of one query that count: as many as `matched` has bits.
pub(super) const WORDS: usize = 64;

const K1: f64 = 1.2;
const B: f64 = 0.4;

/// A document of the owner, and what the query makes of it.
#[derive(Default)]
struct Candidate {
    length: u32,
    score: f64,
    /// Bit n: the query's word n occurs.
    matched: u64,
}

/// The owner's documents that contain any of the words, best first.
pub(super) fn search(
    disk: &Disk,
    overlay: Option<&Owner>,
    owner: Uuid,
    words: &[Word],
    limit: usize,
) -> Result<Vec<TextHit>, Error> {
    let searcher = disk.searcher();
    let mut candidates = HashMap::new();
    let mut segments = Vec::new();
    let hidden: HashSet<Uuid> = overlay.into_iter().flat_map(Owner::hidden).collect();
    for segment in searcher.segment_readers() {
        let mut ids: HashMap<DocId, Uuid> = HashMap::new();
        if !overlay.is_some_and(Owner::hides_all) {
            let lengths = disk.lengths(segment)?;
            for (document, _, id) in disk.documents(segment, Some(owner))? {
                if !hidden.contains(&id) {
                    ids.insert(document, id);
                    candidates.insert(id, Candidate::new(lengths.fieldnorm(document)));
                }
            }
        }
        segments.push((segment, ids));
    }
    for (id, document) in overlay.into_iter().flat_map(Owner::documents) {
        candidates.insert(id, Candidate::new(document.length));
    }
    for (number, word) in words.iter().enumerate() {
        let mut found: Vec<(Uuid, u32)> = Vec::new();
        for (id, document) in overlay.into_iter().flat_map(Owner::documents) {
            found.extend(document.frequencies.get(&word.stem).map(|&n| (id, n)));
        }
        for (segment, ids) in &segments {
            let Some(mut postings) = disk.postings(segment, owner, &word.stem)? else {
                continue;
            };
            while postings.block_len() > 0 {
                let each = postings.docs().iter().zip(postings.freqs());
                found.extend(each.filter_map(|(document, &n)| Some((*ids.get(document)?, n))));
                postings.advance();
            }
        }
        score(&mut candidates, &found, 1 << number);
    }
    let mut hits: Vec<(Uuid, Candidate)> = candidates.into_iter().collect();
    hits.retain(|(_, candidate)| candidate.matched != 0);
    hits.sort_by(|(a_id, a), (b_id, b)| b.score.total_cmp(&a.score).then(a_id.cmp(b_id)));
    hits.truncate(limit);
    let hits = hits.iter().map(|(id, candidate)| candidate.hit(*id, words));
    Ok(hits.collect())
}

/// Adds a stem's part to the scores of the documents it occurs in.
fn score(candidates: &mut HashMap<Uuid, Candidate>, found: &[(Uuid, u32)], bit: u64) {
    let total: f64 = candidates.values().map(|c| f64::from(c.length)).sum();
    let all = count(candidates.len());
    let mean = total / all.max(1.0);
    let with = count(found.len());
    let rarity = ((all - with + 0.5) / (with + 0.5)).ln_1p();
    for &(id, frequency) in found {
        let candidate = candidates.entry(id).or_default();
        let length = f64::from(candidate.length) / mean;
        let frequency = f64::from(frequency);
        candidate.score +=
            rarity * frequency * (K1 + 1.0) / (frequency + K1 * (1.0 - B + B * length));
        candidate.matched |= bit;
    }
}

impl Candidate {
    fn new(length: u32) -> Self {
        Self {
            length,
            ..Self::default()
        }
    }

    fn hit(&self, id: Uuid, words: &[Word]) -> TextHit {
        let matched = words
            .iter()
            .enumerate()
            .filter(|(number, _)| self.matched & (1 << number) != 0)
            .map(|(_, word)| word.typed.clone())
            .collect();
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a score needs no more digits than f32 has"
        )]
        let score = self.score as f32;
        TextHit { id, score, matched }
    }
}

/// A count for the formula; no index comes near the limit, tantivy numbers documents with 32 bits.
fn count(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
