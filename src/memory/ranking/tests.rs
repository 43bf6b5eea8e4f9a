//! What the ranker promises, on small made-up memories.

use std::collections::HashMap;

use jiff::Timestamp;
use proptest::prelude::*;

use super::synthetic::{Life, Sort, Who, lives};
use super::weights::{WITH_MEANING, WORDS_ONLY};
use super::world::World;
use super::{Limits, Part, Postings, Scored, Statistics, Weights, choose};
use crate::memory::signs::{Tier, Voice};
use storage::Posting;

const DAY: i64 = 86_400;
/// 2026-03-02, a Monday.
const MONDAY: i64 = 1_772_445_600;

/// Each said by the person in a session of its own, a week apart.
fn apart(texts: &[&str]) -> World {
    let mut world = World::default();
    for (week, text) in (0_u32..).zip(texts) {
        let at = Timestamp::from_second(MONDAY + i64::from(week) * 7 * DAY).unwrap();
        world.add(u64::from(week) << 32, text, at, Voice::User);
    }
    world
}

/// Texts in the order of the answer.
fn order(world: &World, question: &str) -> Vec<String> {
    let (scored, _) = world.ask(question, None, None);
    let texts = scored
        .iter()
        .map(|scored| world.texts[&scored.place].clone());
    texts.collect()
}

fn first(world: &World, question: &str) -> String {
    order(world, question).into_iter().next().unwrap()
}

fn live(life: &Life) -> World {
    let mut world = World::default();
    for turn in (0..).zip(&life.turns) {
        let (position, turn) = turn;
        let voice = match turn.who {
            Who::Person => Voice::User,
            Who::Nova => Voice::Assistant,
        };
        let at = Timestamp::from_second(turn.at).unwrap();
        world.add(place(life, position), &turn.text, at, voice);
    }
    world
}

fn place(life: &Life, turn: usize) -> u64 {
    u64::from(life.turns[turn].session) << 32 | u64::try_from(turn % 10).unwrap()
}

fn position(scored: &[Scored], place: u64) -> Option<usize> {
    scored.iter().position(|scored| scored.place == place)
}

/// All of 200 things that were taken back: the new stands above the old.
#[test]
fn two_hundred_corrections_stand_above_what_they_correct() {
    let mut corrected = 0;
    for life in lives(6, 20, 300) {
        let world = live(&life);
        for ask in life.asks.iter().filter(|ask| ask.sort == Sort::Corrected) {
            let (scored, _) = world.ask(&ask.text, None, None);
            let new = position(&scored, place(&life, ask.evidence[0]));
            let old = position(&scored, place(&life, ask.outdated.unwrap()));
            let above = new.is_some_and(|new| old.is_none_or(|old| new < old));
            assert!(above, "{}: {new:?} {old:?}", ask.text);
            corrected += 1;
        }
    }
    assert_eq!(corrected, 200);
}

/// On made-up lives the answer is nearly always among the first five, without any model.
#[test]
fn made_up_lives_are_remembered() {
    let (mut found, mut asked) = (0.0, 0.0);
    for life in lives(1, 4, 300) {
        let world = live(&life);
        for ask in life.asks.iter().filter(|ask| !ask.evidence.is_empty()) {
            let (scored, _) = world.ask(&ask.text, None, None);
            let hit = position(&scored, place(&life, ask.evidence[0])).is_some_and(|at| at < 5);
            found += f64::from(u8::from(hit));
            asked += 1.0;
        }
    }
    assert!(found / asked > 0.95, "{found} of {asked}");
}

/// A newer statement without any sign of a correction does not replace an older one.
#[test]
fn only_corrections_correct() {
    let plain = apart(&[
        "My sister lives in Lisbon.",
        "My sister was ill in Lisbon, she lives alone.",
    ]);
    let corrected = apart(&[
        "My sister lives in Lisbon.",
        "Actually, she no longer lives in Lisbon, my sister.",
    ]);
    let place = |world: &World| {
        let (scored, _) = world.ask("lives in Lisbon", None, Some(&bare()));
        scored[0].place >> 32
    };
    assert_eq!(place(&plain), 0);
    assert_eq!(place(&corrected), 1);
}

/// A correction about somebody else, in the same words, corrects nothing.
#[test]
fn only_what_it_is_about_is_corrected() {
    let world = apart(&[
        "I was wrong, my friend Anna lives in Paris instead.",
        "I was wrong, my friend Bruno lives in Rome instead.",
    ]);
    assert!(first(&world, "Where does my friend Anna live?").contains("Paris"));
    assert!(first(&world, "Where does my friend Bruno live?").contains("Rome"));
}

/// Of a chain of corrections the last word comes first.
#[test]
fn the_last_correction_is_first() {
    let world = apart(&[
        "My favourite colour is green.",
        "Actually, my favourite colour is blue.",
        "I changed my mind, my favourite colour is red.",
    ]);
    assert!(first(&world, "What is my favourite colour?").contains("red"));
}

/// Only words count, nothing else.
fn bare() -> Weights {
    Weights {
        keyword: 0.0,
        covered: 0.0,
        echo: 0.0,
        words: 1.0,
        around: 0.0,
        session: 0.0,
        meaning: 0.0,
        before: 0.0,
        after: 0.0,
        speaker: 0.0,
        named: 0.0,
        day: 0.0,
        month: 0.0,
        year: 0.0,
        time: 0.0,
        dated: 0.0,
        number: 0.0,
        asks: 0.0,
        importance: 0.0,
        recent: 0.0,
        promoted: 0.0,
        pinned: 0.0,
        faded: 0.0,
        ended: 0.0,
    }
}

/// The value of a part of the memory of that week.
fn part(
    world: &World,
    question: &str,
    cosines: Option<&HashMap<u64, f32>>,
    at: (u64, Part),
) -> f32 {
    let (scored, _) = world.ask(question, cosines, None);
    let scored = scored
        .iter()
        .find(|scored| scored.place == at.0 << 32)
        .unwrap();
    let found = scored.parts.iter().find(|(part, _)| *part == at.1);
    found.map_or(0.0, |(_, value)| *value)
}

/// Each part is there for what it stands for, and not otherwise.
#[test]
fn every_part_has_its_reason() {
    let mut world = apart(&[
        "The harbour was full of boats.",
        "Was the harbour full?",
        "I went to the harbour yesterday with 3 friends.",
        "Boats again at the harbour.",
    ]);
    let value = |world: &World, question: &str, at| part(world, question, None, at);
    let words = value(&world, "boats harbour", (0, Part::Words));
    assert!(words > value(&world, "boats harbour", (1, Part::Words)));
    assert!(value(&world, "harbour", (1, Part::Asks)) < 0.0);
    assert!(value(&world, "harbour", (0, Part::Asks)).abs() < 1e-9);
    assert!(value(&world, "When was the harbour full?", (2, Part::Kind)) > 1.0);
    assert!(value(&world, "When was the harbour full?", (0, Part::Kind)).abs() < 1e-9);
    assert!(value(&world, "How many came to the harbour?", (2, Part::Kind)) > 0.5);
    assert!(value(&world, "the harbour on 10 March 2026", (1, Part::Date)) > 1.0);
    assert!(value(&world, "the harbour on 10 March 2026", (3, Part::Date)) > 0.0);
    assert!(value(&world, "the harbour in May 2026", (0, Part::Date)).abs() < 1e-9);
    assert!(value(&world, "Did I see the harbour?", (0, Part::Speaker)) > 1.0);
    assert!(value(&world, "Did you see the harbour?", (0, Part::Speaker)).abs() < 1e-9);
    assert!(
        value(&world, "harbour", (3, Part::Recent)) > value(&world, "harbour", (0, Part::Recent))
    );

    assert!(value(&world, "harbour", (0, Part::Standing)) < 0.0);
    world.signs.get_mut(&0).unwrap().used = Some(20_536);
    assert!(value(&world, "harbour", (0, Part::Standing)).abs() < 1e-9);
    world.signs.get_mut(&0).unwrap().tier = Tier::Ltm;
    let promoted = value(&world, "harbour", (0, Part::Standing));
    assert!(promoted > 0.0);
    world.signs.get_mut(&0).unwrap().pinned = true;
    assert!(value(&world, "harbour", (0, Part::Standing)) > promoted);
    world.signs.get_mut(&0).unwrap().ended = true;
    assert!(value(&world, "harbour", (0, Part::Standing)) < 0.0);

    let cosines = HashMap::from([(0, 0.9_f32), (1 << 32, 0.1)]);
    let meaning = |week| part(&world, "harbour", Some(&cosines), (week, Part::Meaning));
    assert!(meaning(0) > 0.0 && meaning(1) < 0.0);
    assert!(
        (meaning(1) - meaning(3)).abs() < 1e-6,
        "unknown counts as the least"
    );
}

/// The turns around it and its session speak for a turn that has no word of the question.
#[test]
fn neighbours_speak_for_a_turn() {
    let mut world = World::default();
    let at = Timestamp::from_second(MONDAY).unwrap();
    world.add(
        1 << 32,
        "Which instrument does your niece play?",
        at,
        Voice::Assistant,
    );
    world.add(
        (1 << 32) + 1,
        "The cello, since she was six.",
        at,
        Voice::User,
    );
    world.add(2 << 32, "The weather is fine.", at, Voice::User);
    let answer = first(&world, "What instrument does my niece play?");
    assert_eq!(answer, "The cello, since she was six.");
}

/// The parts add up to the score.
#[test]
fn parts_add_up() {
    let life = &lives(3, 1, 100)[0];
    let (scored, _) = live(life).ask("Where does my sister live?", None, Some(&WORDS_ONLY));
    assert!(scored.len() > 5);
    for scored in scored {
        let sum: f64 = scored
            .parts
            .iter()
            .map(|(_, value)| f64::from(*value))
            .sum();
        assert!(
            (sum - scored.score).abs() < 1e-3 || sum < scored.score,
            "{scored:?}"
        );
    }
}

/// The same input gives the same order and the same digits, with and without meaning.
#[test]
fn the_same_question_is_answered_the_same() {
    let life = &lives(4, 1, 300)[0];
    let (one, two) = (live(life), live(life));
    let cosines: HashMap<u64, f32> = one
        .signs
        .keys()
        .map(|place| {
            (
                *place,
                u8::try_from(place % 251).map_or(0.0, f32::from) / 251.0,
            )
        })
        .collect();
    for ask in &life.asks {
        assert_eq!(
            one.ask(&ask.text, None, None),
            two.ask(&ask.text, None, None)
        );
        let with = |world: &World| world.ask(&ask.text, Some(&cosines), Some(&WITH_MEANING));
        assert_eq!(with(&one), with(&two));
    }
}

/// What is chosen fits, says nothing twice, and has a reason.
#[test]
fn a_prompt_gets_what_is_worth_its_room() {
    let world = apart(&[
        "My sister lives in Lisbon.",
        "my sister lives in lisbon!",
        "My sister lives in Lisbon by the sea with her husband and a dog.",
        "The weather was fine.",
    ]);
    let chosen = |memories, tokens| {
        let asked = "Where does my sister live?";
        let (scored, signs) = world.ask(asked, None, None);
        let question = world.question(asked);
        let limits = Limits { memories, tokens };
        let cost = |scored: &Scored| world.texts[&scored.place].split(' ').count();
        let chosen = choose(scored, (&question, &signs), limits, cost);
        chosen
            .iter()
            .map(|scored| scored.place >> 32)
            .collect::<Vec<_>>()
    };
    let all = chosen(10, 1_000);
    assert_eq!(all.len(), 2, "{all:?}");
    assert!(all.contains(&2) && !all.contains(&3));
    assert_eq!(chosen(1, 1_000).len(), 1);
    assert_eq!(chosen(10, 6).len(), 1);
    assert!(chosen(10, 3).is_empty());
}

/// Questions of nothing that is known, of no words, and of an empty memory find nothing to choose.
#[test]
fn nothing_is_found_where_nothing_is() {
    let world = apart(&["My sister lives in Lisbon."]);
    for question in ["", "?", "the of and", "zyzzyva"] {
        let (scored, signs) = world.ask(question, None, None);
        let limits = Limits {
            memories: 5,
            tokens: 500,
        };
        assert!(
            choose(scored, (&world.question(question), &signs), limits, |_| 1).is_empty(),
            "{question}"
        );
    }
}

proptest! {
    /// The walk with bounds finds what computing every score finds.
    #[test]
    fn the_walk_finds_the_best(
        lists in prop::collection::vec(
            prop::collection::btree_map(0_u64..60, (1_u32..4, 3_u32..20), 0..60), 1..5),
        limit in 1_usize..20,
    ) {
        let mut lengths: HashMap<u64, u32> = HashMap::new();
        let lists: Vec<Vec<Posting>> = lists.into_iter().map(|list| {
            list.into_iter().map(|(place, (frequency, length))| {
                let length = *lengths.entry(place).or_insert(length);
                Posting { place, frequency, length }
            }).collect()
        }).collect();
        let statistics = Statistics { documents: 60, length: 600, groups: 1 };
        let words = lists.iter().map(|list| vec![list.clone()]).collect();
        let postings = Postings::new(words, statistics);
        let mut all: Vec<(f64, u64)> = lengths.keys().map(|place| {
            let (counts, length) = postings.own(*place);
            (postings.score_own(&counts, length), *place)
        }).collect();
        all.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)));
        let expected: f64 = all.iter().take(limit).map(|(score, _)| score).sum();
        let best = postings.best_own(limit);
        let found: f64 = best.iter().map(|place| {
            let (counts, length) = postings.own(*place);
            postings.score_own(&counts, length)
        }).sum();
        prop_assert_eq!(best.len(), all.len().min(limit));
        prop_assert!((expected - found).abs() < 1e-9);
    }
}

/// Who asks for something in a month does not get all of that month.
#[test]
fn a_date_alone_is_no_reason_where_there_is_a_topic() {
    let mut world = World::default();
    let said = [
        (5, "We planted roses in the garden."),
        (6, "The garden needs water every evening."),
        (6, "My tooth hurts again."),
    ];
    for (group, (month, text)) in (1_u64..).zip(said) {
        let at = format!("2026-0{month}-20T12:00:00Z").parse().unwrap();
        world.add(group << 32, text, at, Voice::User);
    }
    let chosen = |asked: &str| {
        let (scored, signs) = world.ask(asked, None, None);
        let (memories, tokens) = (10, 1_000);
        let question = (&world.question(asked), &signs);
        let chosen = choose(scored, question, Limits { memories, tokens }, |_| 1);
        chosen.iter().map(|it| it.place >> 32).collect::<Vec<_>>()
    };
    let garden = chosen("What did I say about the garden in June?");
    assert!(garden.starts_with(&[2]) && garden.iter().all(|it| *it < 3));
    assert_eq!(chosen("What did I say in June 2026?").len(), 2);
}
