//! The score of each candidate, part by part.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use jiff::civil::Date;

use super::postings::ordinal;
use super::weights::{FADES_AFTER, HALF_LIFE, TOLD_AFTER, TOLD_BEFORE, Weights};
use super::{Part, Ranking, Scored};
use crate::memory::question::Question;
use crate::memory::signs::{Flags, Signs, Tier, Voice, dates};

/// What the words and vectors say of one candidate.
struct Evidence<'s> {
    place: u64,
    signs: &'s Signs,
    /// When it was said, where the person is.
    day: Date,
    counts: Vec<u32>,
    own: f64,
    /// The share of the question's rarity in its own words.
    covered_own: f64,
    around: f64,
    /// The share of the question's rarity in it and around it; of keywords, in it alone.
    covered: f64,
    session: f64,
    cosine: Option<f64>,
}

pub fn score(ranking: &Ranking<'_>, weights: &Weights) -> Vec<Scored> {
    let evidence = evidence(ranking);
    let own = standardised(&evidence, |e| e.own);
    let around = standardised(&evidence, |e| e.around);
    let session = standardised(&evidence, |e| e.session);
    let importance = standardised(&evidence, |e| logit(e.signs.importance));
    let known = evidence.iter().filter_map(|e| e.cosine);
    let least = known.min_by(f64::total_cmp).unwrap_or(0.0);
    let meaning = standardised(&evidence, |e| e.cosine.unwrap_or(least));

    let inner: Vec<f64> = (0..evidence.len())
        .map(|n| weights.words * own[n] + weights.around * around[n] + weights.meaning * meaning[n])
        .collect();
    let by_place: BTreeMap<u64, usize> = evidence
        .iter()
        .enumerate()
        .map(|(n, evidence)| (evidence.place, n))
        .collect();

    let covering = if ranking.question.keywords {
        weights.keyword
    } else {
        weights.covered
    };
    let mut scored = Vec::with_capacity(evidence.len());
    for (n, e) in evidence.iter().enumerate() {
        let beside = |place: Option<u64>| {
            let place = place.filter(|place| ordinal(*place) == ordinal(e.place));
            let at = place.and_then(|place| by_place.get(&place));
            at.map_or(0.0, |at| inner[*at])
        };
        let neighbours = weights.before * beside(e.place.checked_sub(1))
            + weights.after * beside(e.place.checked_add(1));
        let parts = [
            (
                Part::Words,
                weights.words * own[n] + covering * e.covered_own,
            ),
            (Part::Around, weights.around * around[n]),
            (Part::Session, weights.session * session[n]),
            (Part::Meaning, weights.meaning * meaning[n]),
            (Part::Neighbours, neighbours),
            (Part::Speaker, speaker(ranking.question, e.signs, weights)),
            (Part::Date, date(ranking.question, e, weights)),
            (Part::Kind, kind(ranking.question, e.signs, weights)),
            (
                Part::Asks,
                flag(e.signs, Flags::ENDS_IN_QUESTION) * weights.asks,
            ),
            (Part::Importance, weights.importance * importance[n]),
            (Part::Recent, weights.recent * recent(e.day, ranking.today)),
            (
                Part::Standing,
                standing(e, ranking.today, weights) + echo(ranking.question, e.signs, weights),
            ),
        ];
        scored.push(finished(e, &parts));
    }
    scored
}

fn finished(e: &Evidence<'_>, parts: &[(Part, f64)]) -> Scored {
    let matched = e.counts.iter().enumerate().filter(|(_, count)| **count > 0);
    Scored {
        place: e.place,
        score: parts.iter().map(|(_, value)| value).sum(),
        parts: parts
            .iter()
            .filter(|(_, value)| *value != 0.0)
            .map(|(part, value)| (*part, single(*value)))
            .collect(),
        matched: matched.map(|(word, _)| word).collect(),
        covered: single(e.covered),
        cosine: e.cosine.map(single),
    }
}

fn evidence<'s>(ranking: &Ranking<'s>) -> Vec<Evidence<'s>> {
    let postings = ranking.postings;
    let mut sessions: HashMap<u32, f64> = HashMap::new();
    let mut all = Vec::with_capacity(ranking.signs.len());
    for (place, signs) in ranking.signs {
        let (counts, length) = postings.own(*place);
        let around = postings.around(*place);
        let group = ordinal(*place);
        let session = *sessions.entry(group).or_insert_with(|| {
            let length = ranking.groups.get(&group).copied().unwrap_or_default();
            postings.score_session(&postings.session(group), length)
        });
        let said = Timestamp::from_second(signs.at).unwrap_or_default();
        let cosine = ranking.cosines.and_then(|cosines| cosines.get(place));
        all.push(Evidence {
            place: *place,
            signs,
            day: said.to_zoned(ranking.zone.clone()).date(),
            own: postings.score_own(&counts, length),
            covered_own: postings.covered(&counts),
            around: postings.score_around(&around),
            covered: postings.covered(if ranking.question.keywords {
                &counts
            } else {
                &around
            }),
            session,
            cosine: cosine.copied().map(f64::from),
            counts,
        });
    }
    all
}

/// Mean 0 and deviation 1 over the candidates; all 0 where they do not differ.
fn standardised(evidence: &[Evidence<'_>], of: impl Fn(&Evidence<'_>) -> f64) -> Vec<f64> {
    let values: Vec<f64> = evidence.iter().map(of).collect();
    let count = u32::try_from(values.len())
        .map_or(f64::MAX, f64::from)
        .max(1.0);
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / count;
    let deviation = variance.sqrt();
    let z = |value: &f64| {
        if deviation > 1e-9 {
            (value - mean) / deviation
        } else {
            0.0
        }
    };
    values.iter().map(z).collect()
}

fn speaker(question: &Question, signs: &Signs, weights: &Weights) -> f64 {
    match &question.about {
        Some(about) if about.voice == signs.voice && about.acts => weights.speaker,
        Some(about) if about.voice == signs.voice => weights.named,
        _ => 0.0,
    }
}

/// A named day or week, and a named month or year, count each.
fn date(question: &Question, e: &Evidence<'_>, weights: &Weights) -> f64 {
    let day = dates::number(e.day);
    let mut value = 0.0;
    let within = |from: i32, to: i32| (from - TOLD_BEFORE..=to + TOLD_AFTER).contains(&day);
    let spans = question.spans.iter();
    let mut spans = spans.map(|(from, to)| (dates::number(*from), dates::number(*to)));
    let year = question.years.contains(&e.day.year());
    let month = question.months.contains(&e.day.month());
    if spans.any(|(from, to)| within(from, to)) {
        value += weights.day;
    }
    if month && (year || question.years.is_empty()) {
        value += weights.month;
    } else if year && question.months.is_empty() {
        value += weights.year;
    }
    value
}

fn kind(question: &Question, signs: &Signs, weights: &Weights) -> f64 {
    let mut value = 0.0;
    if question.when {
        value += weights.time * flag(signs, Flags::TIME_WORD);
        value += weights.dated * flag(signs, Flags::DATED);
    }
    if question.how_many {
        value += weights.number * flag(signs, Flags::NUMBER);
    }
    value
}

fn recent(said: Date, today: Date) -> f64 {
    let age = (dates::number(today) - dates::number(said)).max(0);
    (-f64::from(age) / HALF_LIFE).exp2()
}

fn standing(e: &Evidence<'_>, today: Date, weights: &Weights) -> f64 {
    let signs = e.signs;
    let used = signs.used.unwrap_or(i32::MIN).max(dates::number(e.day));
    let idle = dates::number(today).saturating_sub(used);
    let mut value = 0.0;
    if signs.tier == Tier::Ltm {
        value += weights.promoted;
    } else if idle > FADES_AFTER && !signs.pinned {
        value += weights.faded;
    }
    if signs.pinned {
        value += weights.pinned;
    }
    if signs.ended {
        value += weights.ended;
    }
    value
}

fn echo(question: &Question, signs: &Signs, weights: &Weights) -> f64 {
    let asked = question.about.as_ref().map(|about| &about.voice);
    let unasked = signs.voice == Voice::Assistant && asked != Some(&signs.voice);
    weights.echo * f64::from(u8::from(unasked))
}

fn flag(signs: &Signs, flag: Flags) -> f64 {
    f64::from(u8::from(signs.flags.has(flag)))
}

/// Importance as it was summed up, before it was pressed between 0 and 1.
fn logit(importance: f32) -> f64 {
    let p = f64::from(importance).clamp(1e-4, 1.0 - 1e-4);
    (p / (1.0 - p)).ln()
}

#[expect(clippy::cast_possible_truncation, reason = "shown, not computed with")]
fn single(value: f64) -> f32 {
    value as f32
}
