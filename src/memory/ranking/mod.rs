//! Which memories answer a question: from postings, signs and cosines to an order with its reasons.
//!
//! Pure: no storage, no clock, no randomness. Must stay true: the same input gives the same order,
//! bit for bit (64-bit floats, summed in the order of places and words, ties to the newer place); a
//! model only ever adds `cosines`, and everything works without.
//!
//! A caller first asks [`candidates`], reads the signs of just those, then calls [`rank`], and for a
//! prompt [`choose`].

mod candidates;
mod order;
mod postings;
mod score;
mod walk;
mod weights;

#[cfg(test)]
mod measure;
#[cfg(test)]
#[path = "../../../tests/eval/synthetic.rs"]
mod synthetic;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod world;

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;
use jiff::tz::TimeZone;

pub use candidates::{DATED_CANDIDATES, candidates};
pub use order::{Limits, Reasons, choose};
pub use postings::{Postings, Statistics};
pub use weights::Weights;

use crate::memory::question::Question;
use crate::memory::signs::Signs;

/// Everything that an order is made of.
pub struct Ranking<'r> {
    pub question: &'r Question,
    pub postings: &'r Postings,
    /// Of all candidates; a candidate without signs is none. By place.
    pub signs: &'r BTreeMap<u64, Signs>,
    /// Stems of each candidate's group, by ordinal.
    pub groups: &'r HashMap<u32, u64>,
    /// By place, of as many candidates as known; nothing at all without an embedder. Those that are
    /// missing count as the least of them.
    pub cosines: Option<&'r HashMap<u64, f32>>,
    pub today: Date,
    pub zone: &'r TimeZone,
}

/// A reason, for people.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Its words.
    Words,
    /// The words of the turns around it.
    Around,
    /// The words of its session.
    Session,
    /// Its meaning.
    Meaning,
    /// Words and meaning of the turns next to it.
    Neighbours,
    Speaker,
    Date,
    /// It tells when, or how many.
    Kind,
    /// It asks itself.
    Asks,
    Importance,
    Recent,
    /// Promoted, pinned, faded or ended.
    Standing,
    /// It takes back something that would stand here.
    Correction,
}

impl Part {
    /// As it is stored and shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Words => "words",
            Self::Around => "around",
            Self::Session => "session",
            Self::Meaning => "meaning",
            Self::Neighbours => "neighbours",
            Self::Speaker => "speaker",
            Self::Date => "date",
            Self::Kind => "kind",
            Self::Asks => "asks",
            Self::Importance => "importance",
            Self::Recent => "recent",
            Self::Standing => "standing",
            Self::Correction => "correction",
        }
    }
}

/// A candidate with its score and reasons.
#[derive(Clone, Debug, PartialEq)]
pub struct Scored {
    pub place: u64,
    pub score: f64,
    /// They add up to the score; those of nothing are left out.
    pub parts: Vec<(Part, f32)>,
    /// Numbers of the question's words that occur in it.
    pub matched: Vec<usize>,
    /// The share of the question's rarity in it and around it; of keywords, in it alone.
    pub covered: f32,
    pub cosine: Option<f32>,
}

/// All candidates, best first. A correction stands before what it corrects.
pub fn rank(ranking: &Ranking<'_>) -> Vec<Scored> {
    let weights = match ranking.cosines {
        Some(_) => weights::WITH_MEANING,
        None => weights::WORDS_ONLY,
    };
    rank_by(ranking, &weights)
}

/// Whether it can answer anything: "Oh, nice." cannot, whatever stands around it.
fn tells(scored: &Scored, signs: &BTreeMap<u64, Signs>) -> bool {
    let length = signs.get(&scored.place).map_or(0, |signs| signs.length);
    length >= weights::TELLING || !scored.matched.is_empty()
}

fn rank_by(ranking: &Ranking<'_>, weights: &Weights) -> Vec<Scored> {
    let mut scored = score::score(ranking, weights);
    scored.retain(|scored| tells(scored, ranking.signs));
    order::sort(&mut scored, ranking.question, ranking.signs);
    scored
}
