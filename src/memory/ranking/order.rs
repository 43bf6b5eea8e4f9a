//! The order of the scored, and which of them are worth a prompt's room.

use std::collections::BTreeMap;

use super::weights::{CORRECTED, CORRECTS, FLOOR_BELOW_BEST, FLOOR_COSINE, FLOOR_COVERED, SAME};
use super::{Part, Scored};
use crate::memory::question::Question;
use crate::memory::signs::{self, Flags, Signs};

/// Best first, ties to the newer; then every correction before what it corrects.
pub fn sort(scored: &mut Vec<Scored>, question: &Question, signs: &BTreeMap<u64, Signs>) {
    scored.sort_by(|a, b| b.score.total_cmp(&a.score).then(b.place.cmp(&a.place)));
    let mut at = 0;
    while at < scored.len().min(CORRECTED) {
        let old = &scored[at];
        let below = scored.iter().skip(at + 1).take(CORRECTED);
        let found = below
            .enumerate()
            .filter(|(_, new)| answers_instead(new, old, question) && corrects(new, old, signs));
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

/// A newer statement of the same person that takes something back, about the same.
fn corrects(new: &Scored, old: &Scored, signs: &BTreeMap<u64, Signs>) -> bool {
    let (Some(newer), Some(older)) = (signs.get(&new.place), signs.get(&old.place)) else {
        return false;
    };
    newer.flags.has(Flags::CORRECTION)
        && newer.voice == older.voice
        && said(new, signs) > said(old, signs)
        && !newer.flags.has(Flags::ENDS_IN_QUESTION)
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

/// The best of an order, above the floor, none that says the same as a better one, within the limits;
/// one that is too long does not keep shorter ones out.
pub fn choose(
    order: Vec<Scored>,
    signs: &BTreeMap<u64, Signs>,
    limits: Limits,
    cost: impl Fn(&Scored) -> usize,
) -> Vec<Scored> {
    let best = order.first().map_or(0.0, |scored| scored.score);
    let mut left = limits.tokens;
    let mut chosen: Vec<Scored> = Vec::new();
    for scored in order {
        if chosen.len() == limits.memories || scored.score < best - FLOOR_BELOW_BEST {
            break;
        }
        if !has_reason(&scored) || repeats(&scored, &chosen, signs) {
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

/// Whether it has anything to do with the question: words in it or around it, its time, or meaning.
pub fn relevant(scored: &Scored) -> bool {
    scored.covered > 0.0 || has_reason(scored)
}

/// It has enough of the question's words, was said when the question asks about ("What did I do last
/// Friday?" has no other word), or is near it in meaning.
fn has_reason(scored: &Scored) -> bool {
    f64::from(scored.covered) >= FLOOR_COVERED
        || scored.parts.iter().any(|(part, _)| *part == Part::Date)
        || scored
            .cosine
            .is_some_and(|cosine| f64::from(cosine) >= FLOOR_COSINE)
}

fn repeats(scored: &Scored, chosen: &[Scored], signs: &BTreeMap<u64, Signs>) -> bool {
    let sketch = |scored: &Scored| signs.get(&scored.place).map(|signs| &signs.sketch);
    let Some(own) = sketch(scored) else {
        return false;
    };
    let mut said = chosen.iter().filter_map(sketch);
    said.any(|other| own.likeness(other) >= SAME)
}
