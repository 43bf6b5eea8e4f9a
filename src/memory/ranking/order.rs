//! The order of the scored, and which of them are worth a prompt's room.

use std::collections::{BTreeMap, HashSet};

use super::weights::{CORRECTED, CORRECTS, FLOOR_BELOW_BEST, FLOOR_COSINE, FLOOR_COVERED, SAME};
use super::{Part, Scored};
use crate::memory::question::Question;
use crate::memory::signs::{self, Flags, Signs};

/// Best first, ties to the newer; then every correction before what it corrects.
pub fn sort(scored: &mut Vec<Scored>, question: &Question, signs: &BTreeMap<u64, Signs>) {
    scored.sort_by(|a, b| b.score.total_cmp(&a.score).then(b.place.cmp(&a.place)));
    // Few take anything back, and whether one does is asked of thousands of pairs.
    let takes_back = |signs: &Signs| {
        signs.flags.has(Flags::CORRECTION) && !signs.flags.has(Flags::ENDS_IN_QUESTION)
    };
    let corrections: HashSet<u64> = signs
        .iter()
        .filter_map(|(place, signs)| takes_back(signs).then_some(*place))
        .collect();
    let mut at = 0;
    while at < scored.len().min(CORRECTED) && !corrections.is_empty() {
        let old = &scored[at];
        let below = scored.iter().skip(at + 1).take(CORRECTED).enumerate();
        let found = below
            .filter(|(_, new)| corrections.contains(&new.place))
            .filter(|(_, new)| corrects(new, old, signs) && answers_instead(new, old, question));
        // The newest of them, so that a chain of corrections ends with the last word first.
        let newest = found.max_by_key(|(_, new)| said(new, signs));
        if let Some((distance, _)) = newest {
            let mut correction = scored.remove(at + 1 + distance);
            raise(&mut correction, scored[at].score);
            scored.insert(at, correction);
        }
        at += 1;
    }
}

/// To the score of what it corrects, with the reason.
fn raise(correction: &mut Scored, to: f64) {
    #[expect(clippy::cast_possible_truncation, reason = "shown, not computed with")]
    let by = (to - correction.score) as f32;
    correction.parts.push((Part::Correction, by));
    correction.score = to;
}

fn said(scored: &Scored, signs: &BTreeMap<u64, Signs>) -> (i64, u64) {
    let at = signs.get(&scored.place).map_or(i64::MIN, |signs| signs.at);
    (at, scored.place)
}

/// A newer statement of the same person, about the same.
fn corrects(new: &Scored, old: &Scored, signs: &BTreeMap<u64, Signs>) -> bool {
    let (Some(newer), Some(older)) = (signs.get(&new.place), signs.get(&old.place)) else {
        return false;
    };
    newer.voice == older.voice
        && said(new, signs) > said(old, signs)
        && older.sketch.covered_by(&newer.sketch) >= CORRECTS
}

/// It is about what was asked as much as the older one: it shares a word of the question with it, and what
/// it lacks is a verb at most. "My sister moved to Porto" answers where she lives; "my brother lives in
/// Porto now" does not.
fn answers_instead(new: &Scored, old: &Scored, question: &Question) -> bool {
    let (shared, lacking): (Vec<usize>, Vec<usize>) = old
        .matched
        .iter()
        .partition(|word| new.matched.contains(word));
    let verb = |word: &usize| {
        let word = question.words.get(*word);
        word.is_some_and(|word| signs::is_verb(&word.stem))
    };
    old.matched.is_empty() || (!shared.is_empty() && lacking.iter().all(verb))
}

/// How much may be chosen.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub memories: usize,
    pub tokens: usize,
}

/// What makes a memory worth showing, for one question.
pub struct Reasons {
    /// Something was found of what the question is about: then being said at its time is not enough for a
    /// prompt.
    topic: bool,
}

impl Reasons {
    pub fn of(order: &[Scored], question: &Question) -> Self {
        let topic = |word: &usize| question.words.get(*word).is_some_and(|it| it.topic);
        Self {
            topic: order.iter().any(|scored| scored.matched.iter().any(topic)),
        }
    }

    /// Whether it has anything to do with the question: words in it or around it, its time, or meaning.
    pub fn relevant(&self, scored: &Scored) -> bool {
        scored.covered > 0.0 || dated(scored) || self.enough(scored)
    }

    /// It has enough of the question's words, was said when the question asks about ("What did I do last
    /// Friday?" is about nothing else), or is near it in meaning.
    fn enough(&self, scored: &Scored) -> bool {
        f64::from(scored.covered) >= FLOOR_COVERED
            || dated(scored) && (!self.topic || scored.covered > 0.0)
            || scored
                .cosine
                .is_some_and(|cosine| f64::from(cosine) >= FLOOR_COSINE)
    }
}

fn dated(scored: &Scored) -> bool {
    scored.parts.iter().any(|(part, _)| *part == Part::Date)
}

/// The best of an order, above the floor, none that says the same as a better one, within the limits;
/// one that is too long does not keep shorter ones out.
pub fn choose(
    order: Vec<Scored>,
    (question, signs): (&Question, &BTreeMap<u64, Signs>),
    limits: Limits,
    cost: impl Fn(&Scored) -> usize,
) -> Vec<Scored> {
    let reasons = Reasons::of(&order, question);
    let best = order.first().map_or(0.0, |scored| scored.score);
    let mut left = limits.tokens;
    let mut chosen: Vec<Scored> = Vec::new();
    for scored in order {
        if chosen.len() == limits.memories || scored.score < best - FLOOR_BELOW_BEST {
            break;
        }
        if !reasons.enough(&scored) || repeats(&scored, &chosen, signs) {
            continue;
        }
        let price = cost(&scored);
        if price <= left {
            left -= price;
            chosen.push(scored);
        }
    }
    chosen
}

fn repeats(scored: &Scored, chosen: &[Scored], signs: &BTreeMap<u64, Signs>) -> bool {
    let sketch = |scored: &Scored| signs.get(&scored.place).map(|signs| &signs.sketch);
    let Some(own) = sketch(scored) else {
        return false;
    };
    let mut said = chosen.iter().filter_map(sketch);
    said.any(|other| own.likeness(other) >= SAME)
}
