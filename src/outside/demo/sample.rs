//! Chooses the next token.

/// How many of the likeliest tokens are looked at.
const TOP: usize = 40;
/// Of these, as many as together are this likely.
const ENOUGH: f32 = 0.9;
/// A token used among the last `RECENT` is made less likely by this factor, so that a small model
/// does not turn in circles (Keskar et al. 2019).
const REPEAT_PENALTY: f32 = 1.1;
const RECENT: usize = 64;

pub(super) struct Sampler {
    temperature: f32,
    state: u64,
}

impl Sampler {
    pub fn new(temperature: f32, seed: u64) -> Self {
        Self {
            temperature,
            // An all-zero state would stay zero.
            state: seed | 1,
        }
    }

    pub fn choose(&mut self, scores: &mut [f32], written: &[u32]) -> u32 {
        penalise(scores, &written[written.len().saturating_sub(RECENT)..]);
        let mut best: Vec<(f32, u32)> = Vec::with_capacity(TOP + 1);
        for (&score, token) in scores.iter().zip(0..) {
            if best.len() == TOP && best.last().is_some_and(|&(least, _)| score <= least) {
                continue;
            }
            let at = best.partition_point(|&(better, _)| better >= score);
            best.insert(at, (score, token));
            best.truncate(TOP);
        }
        let Some(&(_, likeliest)) = best.first() else {
            return 0;
        };
        if self.temperature <= 0.0 {
            return likeliest;
        }
        let mut chances: Vec<f32> = best
            .iter()
            .map(|(score, _)| score / self.temperature)
            .collect();
        softmax(&mut chances);
        let mut left = self.number() * ENOUGH;
        for (chance, &(_, token)) in chances.iter().zip(&best) {
            left -= chance;
            if left <= 0.0 {
                return token;
            }
        }
        likeliest
    }

    /// From 0 to 1 (xorshift64*, Vigna 2016).
    fn number(&mut self) -> f32 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        let bits = self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 40;
        #[expect(clippy::cast_precision_loss, reason = "24 bits fit")]
        {
            bits as f32 / 16_777_216.0
        }
    }
}

fn penalise(scores: &mut [f32], recent: &[u32]) {
    for (at, &token) in recent.iter().enumerate() {
        if recent[..at].contains(&token) {
            continue;
        }
        if let Some(score) = scores.get_mut(token as usize) {
            *score = if *score > 0.0 {
                *score / REPEAT_PENALTY
            } else {
                *score * REPEAT_PENALTY
            };
        }
    }
}

fn softmax(values: &mut [f32]) {
    let most = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for value in values.iter_mut() {
        *value = (*value - most).exp();
        sum += *value;
    }
    for value in values {
        *value /= sum;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cold, it takes the likeliest; warm, only what is likely, and the same for the same seed.
    #[test]
    fn what_is_unlikely_is_never_chosen() {
        let scores = || [0.0, 5.0, 4.5, -20.0];
        assert_eq!(Sampler::new(0.0, 1).choose(&mut scores(), &[]), 1);
        let draw = |seed| {
            let mut sampler = Sampler::new(1.0, seed);
            let tokens = (0..50).map(|_| sampler.choose(&mut scores(), &[]));
            tokens.collect::<Vec<_>>()
        };
        let drawn = draw(7);
        assert_eq!(drawn, draw(7));
        assert!(drawn.contains(&1) && drawn.contains(&2));
        assert!(!drawn.contains(&0) && !drawn.contains(&3));
    }

    /// What was just said loses to what is nearly as likely.
    #[test]
    fn repeating_is_made_less_likely() {
        let mut scores = [1.0, 5.0, 4.8];
        assert_eq!(Sampler::new(0.0, 1).choose(&mut scores, &[1, 1]), 2);
    }
}
