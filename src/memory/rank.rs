//! Which found memories are worth the model's attention. Pure: no storage, no clock.
//!
//! First part of MEMORY.md's ranker: the index's score, what kind of sentence it is, and who said it.
//! The weights stand in one table.

use super::recall::Recalled;
use super::row::Speaker;

/// What a memory's words are worth beside their match with the question.
struct Weights {
    /// A question tells little about the person; its answer does.
    ends_in_question: f32,
    /// Nova's own words mostly repeat what the person said.
    said_by_nova: f32,
    /// Below this share of the best score a memory is noise.
    floor_of_best: f32,
    /// Below this score even the best is noise: one common word in common.
    floor: f32,
}

const WEIGHTS: Weights = Weights {
    ends_in_question: 0.5,
    said_by_nova: 0.7,
    floor_of_best: 0.35,
    floor: 0.3,
};

/// The best first, at most `limit`, at most `tokens` together by `cost`; ties keep the order given.
pub fn choose(
    found: Vec<Recalled>,
    limit: usize,
    tokens: usize,
    cost: impl Fn(&Recalled) -> usize,
) -> Vec<Recalled> {
    let mut scored: Vec<_> = found
        .into_iter()
        .map(|memory| Recalled {
            score: memory.score * weight(&memory),
            ..memory
        })
        .collect();
    scored.sort_by(|a, b| b.score.total_cmp(&a.score));
    let best = scored.first().map_or(0.0, |candidate| candidate.score);
    let floor = (best * WEIGHTS.floor_of_best).max(WEIGHTS.floor);

    let mut left = tokens;
    let mut chosen: Vec<Recalled> = Vec::new();
    let mut said: Vec<Vec<String>> = Vec::new();
    for candidate in scored
        .into_iter()
        .take_while(|candidate| candidate.score >= floor)
    {
        if chosen.len() == limit {
            break;
        }
        let price = cost(&candidate);
        if price > left {
            continue;
        }
        let words = words(&candidate.memory.text);
        if !said.contains(&words) {
            left -= price;
            said.push(words);
            chosen.push(candidate);
        }
    }
    chosen
}

fn weight(found: &Recalled) -> f32 {
    let memory = &found.memory;
    let mut weight = 1.0;
    if memory.text.trim_end().ends_with('?') {
        weight *= WEIGHTS.ends_in_question;
    }
    if memory.speaker == Speaker::Assistant {
        weight *= WEIGHTS.said_by_nova;
    }
    weight
}

/// A sentence without case and punctuation: the same words are the same memory.
fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Memory;

    fn recalled(speaker: Speaker, text: &str, score: f32) -> Recalled {
        let nil = uuid::Uuid::nil();
        let at = jiff::Timestamp::UNIX_EPOCH;
        Recalled {
            id: nil,
            memory: Memory::turn(nil, speaker, text.into(), at),
            score,
            parts: Vec::new(),
            matched: Vec::new(),
        }
    }

    fn chosen(found: &[(Speaker, &str, f32)], limit: usize, tokens: usize) -> Vec<String> {
        let found = found
            .iter()
            .map(|(who, text, score)| recalled(who.clone(), text, *score))
            .collect();
        choose(found, limit, tokens, |found| {
            found.memory.text.split(' ').count()
        })
        .into_iter()
        .map(|found| found.memory.text)
        .collect()
    }

    /// A statement beats the question that asked for it, and Nova's echo of it.
    #[test]
    fn the_persons_statement_comes_first() {
        let order = chosen(
            &[
                (Speaker::User, "Where does my sister live?", 3.0),
                (Speaker::Assistant, "Your sister lives in Lisbon.", 3.0),
                (Speaker::User, "My sister lives in Lisbon.", 3.0),
            ],
            3,
            100,
        );
        assert_eq!(
            order,
            [
                "My sister lives in Lisbon.",
                "Your sister lives in Lisbon.",
                "Where does my sister live?"
            ]
        );
    }

    /// Weak matches stay out, so that a prompt is not filled with noise.
    #[test]
    fn noise_stays_below_the_floor() {
        let user = || Speaker::User;
        assert_eq!(
            chosen(&[(user(), "strong", 9.0), (user(), "weak", 2.0)], 5, 100),
            ["strong"]
        );
        assert!(chosen(&[(user(), "only one common word", 0.2)], 5, 100).is_empty());
    }

    /// The budget holds, and one long memory does not keep shorter ones out.
    #[test]
    fn the_budget_is_never_exceeded() {
        let user = || Speaker::User;
        let found = [
            (user(), "five words are in here", 3.0),
            (user(), "two words", 2.9),
            (user(), "one", 2.8),
        ];
        assert_eq!(chosen(&found, 5, 3), ["two words", "one"]);
        assert_eq!(chosen(&found, 1, 100), ["five words are in here"]);
    }

    /// What was said twice takes room once.
    #[test]
    fn repetitions_are_given_once() {
        let user = || Speaker::User;
        assert_eq!(
            chosen(
                &[(user(), "I like tea.", 3.0), (user(), "i like tea", 3.0)],
                5,
                100
            ),
            ["I like tea."]
        );
    }
}
