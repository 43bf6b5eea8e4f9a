//! How our count of tokens relates to each model's own, learned from what its server reports, and how long
//! its answers are. Pure.
//!
//! Must stay true: no report, however wrong, moves the factor out of its bounds; what was long ago is
//! forgotten, since a model of the same name may be another tomorrow.

use serde::{Deserialize, Serialize};

/// One token by our count is at least and at most so many of the model's.
const LEAST: f64 = 0.3;
const MOST: f64 = 3.0;

/// What is kept of what was learned before, at each answer: about the last twenty count.
const KEPT: f64 = 0.95;

/// What an answer takes while nothing is known of the model.
const USUAL: f64 = 400.0;
/// An answer longer than this does not raise the mean further.
const LONGEST: f64 = 16_384.0;

/// What is known of a model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Tokens that the server reported, older ones counting less.
    pub reported: f64,
    /// The same texts by our count.
    pub counted: f64,
    /// Answers that went in, all of them.
    pub answers: u64,
    /// Mean of what the server reported for whole answers; 0 before the first.
    pub mean: f64,
}

impl Calibration {
    /// With one more answer: what the server reported, our count of the same text, and whether the answer
    /// came to its own end.
    pub fn with(self, reported: u64, counted: u64, whole: bool) -> Self {
        if reported == 0 || counted == 0 {
            return self;
        }
        let (reported, counted) = (number(reported), number(counted));
        let believed = reported.clamp(counted * LEAST, counted * MOST);
        let length = reported.min(LONGEST);
        let mean = match (whole, self.mean > 0.0) {
            (false, _) => self.mean,
            (true, false) => length,
            (true, true) => self.mean * KEPT + length * (1.0 - KEPT),
        };
        Self {
            reported: self.reported * KEPT + believed,
            counted: self.counted * KEPT + counted,
            answers: self.answers.saturating_add(1),
            mean,
        }
    }

    /// The model's tokens for one of our count.
    pub fn factor(&self) -> f64 {
        let usable = self.counted > 0.0 && self.reported.is_finite() && self.counted.is_finite();
        if usable {
            (self.reported / self.counted).clamp(LEAST, MOST)
        } else {
            1.0
        }
    }

    /// How many tokens an answer is expected to take.
    pub fn expected(&self) -> u64 {
        let mean = if self.mean > 0.0 { self.mean } else { USUAL };
        whole(mean.min(LONGEST))
    }
}

/// Our count in the model's tokens, rounded up.
pub fn scaled(counted: u64, factor: f64) -> u64 {
    whole(number(counted) * factor.clamp(LEAST, MOST))
}

fn number(tokens: u64) -> f64 {
    f64::from(u32::try_from(tokens).unwrap_or(u32::MAX))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "never negative, and a cast from a float stops at the ends"
)]
fn whole(tokens: f64) -> u64 {
    tokens.ceil() as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// After some answers our count, scaled, is near to what the server reports.
    #[test]
    fn it_learns_what_a_model_counts() {
        let mut known = Calibration::default();
        assert_eq!((scaled(100, known.factor()), known.expected()), (100, 400));
        for _ in 0..60 {
            known = known.with(150, 200, true);
        }
        assert_eq!(scaled(400, known.factor()), 300);
        assert_eq!(known.expected(), 150);
        // The model behind the name became another: a few dozen answers later that is known.
        for _ in 0..200 {
            known = known.with(300, 200, true);
        }
        assert!(
            (598..=600).contains(&scaled(400, known.factor())),
            "{known:?}"
        );
    }

    /// Answers that were cut say how tokens are counted, not how long answers are.
    #[test]
    fn cut_answers_do_not_shorten_the_mean() {
        let known = Calibration::default()
            .with(500, 500, true)
            .with(5, 10, false);
        assert_eq!((known.expected(), known.answers), (500, 2));
    }

    proptest! {
        /// Whatever servers report, the factor stays in its bounds, and nothing becomes no number.
        #[test]
        fn nothing_throws_it_off(reports in prop::collection::vec((any::<u64>(), any::<u64>(), any::<bool>()), 0..50)) {
            let mut known = Calibration::default();
            for (reported, counted, whole) in reports {
                known = known.with(reported, counted, whole);
            }
            let factor = known.factor();
            prop_assert!((LEAST..=MOST).contains(&factor), "{:?}", known);
            prop_assert!(known.expected() >= 1 && known.expected() <= 16_384);
        }
    }
}
