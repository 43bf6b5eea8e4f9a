//! How much a turn tells that will be asked for later: the score by which turns are promoted.
//!
//! Pure. Must stay true: deterministic, from the text and from what the owner had said until then
//! (running statistics), never from how often or how lately something was used. Weights of MEMORY.md,
//! fitted on the dev half and rounded.

use serde::{Deserialize, Serialize};

use crate::memory::signs::{Flags, Signs};

/// Each feature's name and weight, in the order of [`Features`].
const WEIGHTS: [(&str, f64); FEATURES] = [
    ("tells when", 0.45),
    ("answers a question", 0.55),
    ("rare words", 0.65),
    ("names", 0.35),
    ("ends in a question", -0.3),
    ("new words", 0.35),
    ("first person", 0.3),
    ("length", 0.35),
    ("fact verb", 0.2),
    ("number", 0.2),
];

pub const FEATURES: usize = 10;

/// Beyond this many deviations a value says no more.
const FAR: f64 = 4.0;

/// Names of one text that count.
pub const NAMES: u8 = 4;

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Features([f64; FEATURES]);

impl Features {
    /// Without what only the owner's counts tell.
    pub fn of(signs: &Signs, entities: u8) -> Self {
        let flag = |flag| f64::from(u8::from(signs.flags.has(flag)));
        Self([
            flag(Flags::DATED),
            flag(Flags::ANSWERS),
            0.0,
            f64::from(entities.min(NAMES)),
            flag(Flags::ENDS_IN_QUESTION),
            0.0,
            flag(Flags::FIRST_PERSON),
            f64::from(signs.length).ln_1p(),
            flag(Flags::FACT_VERB),
            flag(Flags::NUMBER),
        ])
    }

    /// With the owner's counts: in how many of the `documents` before this one each of its stems occurs.
    pub fn with_counts(mut self, counts: &[u32], documents: u64) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "nobody has 2^52 memories")]
        let all = documents as f64 + 1.0;
        let mut rarity = 0.0;
        let mut new = 0.0;
        for count in counts {
            let with = f64::from(*count) + 1.0;
            rarity += (1.0 + (all - with + 0.5).max(0.0) / (with + 0.5)).ln();
            new += f64::from(u8::from(*count == 0));
        }
        let stems = u32::try_from(counts.len()).map_or(f64::MAX, f64::from);
        self.0[2] = rarity / stems.max(1.0);
        self.0[5] = f64::ln_1p(new);
        self
    }
}

/// Mean and spread of each feature over an owner's turns, as they came (Welford 1962).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Moments {
    pub count: u64,
    pub mean: [f64; FEATURES],
    pub m2: [f64; FEATURES],
}

impl Moments {
    pub fn learn(&mut self, features: &Features) {
        self.count += 1;
        #[expect(clippy::cast_precision_loss, reason = "nobody has 2^52 memories")]
        let count = self.count as f64;
        for (n, value) in features.0.iter().enumerate() {
            let difference = value - self.mean[n];
            self.mean[n] += difference / count;
            self.m2[n] += difference * (value - self.mean[n]);
        }
    }

    /// Between 0 and 1; half for a turn like all others. Learn the turn first.
    pub fn score(&self, features: &Features) -> f32 {
        let mut sum = 0.0;
        #[expect(clippy::cast_precision_loss, reason = "nobody has 2^52 memories")]
        let count = self.count.max(1) as f64;
        for (n, value) in features.0.iter().enumerate() {
            let spread = (self.m2[n] / count).sqrt();
            if spread > 1e-6 {
                let z = ((value - self.mean[n]) / spread).clamp(-FAR, FAR);
                sum += WEIGHTS[n].1 * z;
            }
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "stored in single precision"
        )]
        let score = (1.0 / (1.0 + (-sum).exp())) as f32;
        score
    }
}

/// The `share` of these scores that is promoted: positions, best first; ties to the earlier.
/// At least one, when there is any.
#[cfg(test)]
pub fn best(scores: &[f32], share: f64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]).then(a.cmp(b)));
    let count = u32::try_from(scores.len()).map_or(f64::MAX, f64::from);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a count"
    )]
    let keep = (count * share).round() as usize;
    order.truncate(keep.max(1));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features(values: [f64; FEATURES]) -> Features {
        Features(values)
    }

    /// Running statistics are those of the whole.
    #[test]
    fn moments_are_those_of_all() {
        let mut moments = Moments::default();
        for n in 0..10_u32 {
            moments.learn(&features([f64::from(n); FEATURES]));
        }
        assert!((moments.mean[0] - 4.5).abs() < 1e-12);
        assert!((moments.m2[0] / 10.0 - 8.25).abs() < 1e-12);
    }

    /// Each feature moves the score in the direction of its weight.
    #[test]
    fn every_feature_counts_as_its_weight_says() {
        let mut moments = Moments::default();
        moments.learn(&features([0.0; FEATURES]));
        moments.learn(&features([1.0; FEATURES]));
        let middle = moments.score(&features([0.5; FEATURES]));
        assert!((middle - 0.5).abs() < 1e-6);
        for (n, (name, weight)) in WEIGHTS.iter().enumerate() {
            let mut values = [0.5; FEATURES];
            values[n] = 1.0;
            let moved = moments.score(&features(values)) - middle;
            assert!(f64::from(moved) * weight > 0.0, "{name}");
        }
    }

    /// Nobody's first turn breaks the score.
    #[test]
    fn the_first_turn_has_a_score() {
        let mut moments = Moments::default();
        let first = features([3.0; FEATURES]).with_counts(&[0, 0], 0);
        moments.learn(&first);
        assert!((moments.score(&first) - 0.5).abs() < 1e-6);
    }

    /// A session of one turn keeps that turn; ties keep their order.
    #[test]
    fn at_least_one_is_kept() {
        assert_eq!(best(&[0.2], 0.3), [0]);
        assert_eq!(best(&[0.2, 0.9, 0.9], 0.67), [1, 2]);
        assert!(best(&[], 0.3).is_empty());
    }
}
