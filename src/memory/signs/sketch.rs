//! Which stems a text has, as a few 16-bit hashes: enough to tell a repetition, too little to read it.
//!
//! Must stay true: the hash never changes, since sketches are stored.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::words::FACT_VERBS;

/// More stems than these are represented by those with the smallest hashes (a bottom-k sketch).
const HELD: usize = 32;

/// Sorted, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sketch(Vec<u16>);

/// Hashes of verbs that say that something is the case: "lives" does not make two texts alike.
static VERBS: LazyLock<BTreeSet<u16>> = LazyLock::new(|| {
    let stems = FACT_VERBS.iter().flat_map(|verb| storage::analyse(verb));
    stems.map(|stem| hash(&stem)).collect()
});

/// Whether a stem is of a verb that says that something is the case.
pub fn is_verb(stem: &str) -> bool {
    VERBS.contains(&hash(stem))
}

impl Sketch {
    pub fn of(stems: &[String]) -> Self {
        let hashes: BTreeSet<u16> = stems.iter().map(|stem| hash(stem)).collect();
        Self(hashes.into_iter().take(HELD).collect())
    }

    /// The share of the stems of both that both have (Jaccard).
    pub fn likeness(&self, other: &Self) -> f64 {
        let mut shared = self.shared(other).count();
        let mut all = self.0.len() + other.0.len() - shared;
        // Of two bottom-k sketches, only the k smallest of the union are a fair sample.
        if all > HELD {
            let union: BTreeSet<u16> = self.0.iter().chain(&other.0).copied().collect();
            let sample: Vec<u16> = union.into_iter().take(HELD).collect();
            shared = self
                .shared(other)
                .filter(|hash| sample.contains(hash))
                .count();
            all = sample.len();
        }
        if all == 0 {
            return 0.0;
        }
        count(shared) / count(all)
    }

    /// How much of what this text is about the other is about, too. A verb of its own does not count
    /// against it: "lives in Lisbon" and "moved to Porto" are about the same.
    pub fn covered_by(&self, other: &Self) -> f64 {
        let shared = self.shared(other).count();
        let own = self
            .0
            .iter()
            .filter(|hash| other.0.binary_search(hash).is_ok() || !VERBS.contains(hash));
        match own.count() {
            0 => 0.0,
            own => count(shared) / count(own),
        }
    }

    fn shared<'s>(&'s self, other: &'s Self) -> impl Iterator<Item = u16> + 's {
        let hashes = self.0.iter().copied();
        hashes.filter(|hash| other.0.binary_search(hash).is_ok())
    }
}

fn count(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::MAX, f64::from)
}

/// FNV-1a, folded.
fn hash(stem: &str) -> u16 {
    let mut hash: u32 = 0x811c_9dc5;
    for byte in stem.bytes() {
        hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    }
    let folded = (hash >> 16) ^ (hash & 0xffff);
    u16::try_from(folded).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sketch(text: &str) -> Sketch {
        Sketch::of(&storage::analyse(text))
    }

    /// The same words in another order are alike; other words are not.
    #[test]
    fn likeness_is_of_words_not_order() {
        let one = sketch("My sister likes green tea");
        assert!((one.likeness(&sketch("Green tea my sister likes!")) - 1.0).abs() < 1e-9);
        assert!(one.likeness(&sketch("My brother likes black coffee")) < 0.3);
        assert!(Sketch::default().likeness(&Sketch::default()).abs() < 1e-9);
    }

    /// Long texts of the same words stay alike although only a part of their stems is held.
    #[test]
    fn long_texts_are_sampled_fairly() {
        let words: Vec<String> = (0..200).map(|n| format!("word{n}x")).collect();
        let all = Sketch::of(&words);
        let most = Sketch::of(&words[..190]);
        let half = Sketch::of(&words[..100]);
        assert!(all.likeness(&most) > 0.85);
        assert!((0.25..0.75).contains(&all.likeness(&half)));
    }

    /// The hash is part of what is stored.
    #[test]
    fn the_hash_never_changes() {
        assert_eq!(hash("sister"), 60_744);
    }
}
