//! What an order is worth.
//!
//! Must stay true: recall is the share of a question's evidence, averaged over questions.

use std::time::Duration;

/// R@5, R@10, R@20, any@10, all@10, nDCG@10, MRR of the first 20.
pub fn measures(found: &[Option<usize>], evidence: &[usize]) -> [f64; 7] {
    let hit = |turn: &Option<usize>| turn.is_some_and(|turn| evidence.contains(&turn));
    let hits: Vec<bool> = found.iter().take(20).map(hit).collect();
    let within = |k: usize| share(hits.iter().take(k).filter(|hit| **hit).count(), evidence);
    let gain = |n: usize| 1.0 / (number(n) + 2.0).log2();
    let gained = hits.iter().take(10).enumerate().filter(|(_, hit)| **hit);
    let gained: f64 = gained.map(|(n, _)| gain(n)).sum();
    let ideal: f64 = (0..evidence.len().min(10)).map(gain).sum();
    let first = hits.iter().position(|hit| *hit);
    [
        within(5),
        within(10),
        within(20),
        f64::from(u8::from(within(10) > 0.0)),
        f64::from(u8::from(within(10) > 0.9999)),
        gained / ideal,
        first.map_or(0.0, |at| 1.0 / (number(at) + 1.0)),
    ]
}

/// How much of the evidence a count of it is.
pub fn share(count: usize, evidence: &[usize]) -> f64 {
    number(count) / number(evidence.len())
}

#[expect(clippy::cast_precision_loss, reason = "counts of a data set")]
pub fn number(count: usize) -> f64 {
    count as f64
}

/// Means over questions: first of all, then of each kind.
#[derive(Default)]
pub struct Table {
    sums: [[f64; 7]; 5],
    counts: [usize; 5],
}

impl Table {
    pub fn add(&mut self, kind: usize, values: [f64; 7]) {
        for row in [0, kind + 1] {
            self.counts[row] += 1;
            for (sum, value) in self.sums[row].iter_mut().zip(values) {
                *sum += value;
            }
        }
    }

    /// How many were asked, and the means in percent: of all (0), or of a kind (from 1 on).
    pub fn row(&self, row: usize) -> (usize, [f64; 7]) {
        let count = self.counts[row];
        (
            count,
            self.sums[row].map(|sum| 100.0 * sum / number(count.max(1))),
        )
    }
}

/// The mean, and the value that such a share of all does not exceed.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / number(values.len().max(1))
}

pub fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a position"
    )]
    let at = (number(sorted.len().saturating_sub(1)) * share).round() as usize;
    sorted.get(at).copied().unwrap_or(0.0)
}

pub fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
