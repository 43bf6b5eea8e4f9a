//! The ranker against `LoCoMo`, without a database: `LOCOMO_JSON=path cargo test --release -p novacore
//! --lib measure -- --ignored --nocapture`. Cosines come from `LOCOMO_VECTORS`, a JSON file of
//! `{sample_id: {turns: [[f32]], questions: [[f32]]}}` in the order of the data, when there is one.
//!
//! The figures that count are those of `make eval`, over HTTP; this is where weights are tried.

#![expect(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "a table of a data set, whose counts are all small"
)]

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::Weights;
use super::weights::{WITH_MEANING, WORDS_ONLY};
use super::world::World;
use crate::memory::importance;
use crate::memory::signs::Voice;

struct Asked {
    text: String,
    category: usize,
    evidence: Vec<u64>,
    cosines: Option<HashMap<u64, f32>>,
}

struct Conversation {
    world: World,
    asked: Vec<Asked>,
    ranks: HashMap<u64, usize>,
}

fn load() -> Option<Vec<Conversation>> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a measurement by hand, not a test"
    )]
    let variable = |name: &str| std::env::var(name).ok();
    let read = |path: String| -> Value {
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    };
    let data = read(variable("LOCOMO_JSON")?);
    let vectors = variable("LOCOMO_VECTORS").map(read);
    let conversations = data.as_array().unwrap().iter();
    Some(
        conversations
            .map(|sample| {
                let id = sample["sample_id"].as_str().unwrap();
                conversation(sample, vectors.as_ref().map(|vectors| &vectors[id]))
            })
            .collect(),
    )
}

fn conversation(sample: &Value, vectors: Option<&Value>) -> Conversation {
    let mut world = World::default();
    let mut ids: HashMap<String, u64> = HashMap::new();
    let mut places = Vec::new();
    let talk = &sample["conversation"];
    for session in 1..100_u32 {
        let Some(turns) = talk[format!("session_{session}")].as_array() else {
            continue;
        };
        let when = said_at(&talk[format!("session_{session}_date_time")]);
        for (position, turn) in turns.iter().enumerate() {
            let mut text = turn["text"].as_str().unwrap().to_owned();
            if let Some(caption) = turn["blip_caption"].as_str() {
                text = format!("{text} [shares a photo of {caption}]");
            }
            let place = u64::from(session) << 32 | position as u64;
            let at = when + jiff::SignedDuration::from_secs(position as i64);
            let name = turn["speaker"].as_str().unwrap().to_owned();
            world.add(place, &text, at, Voice::Named(name));
            ids.insert(turn["dia_id"].as_str().unwrap().to_owned(), place);
            places.push(place);
        }
    }
    let mut asked = Vec::new();
    for qa in sample["qa"].as_array().unwrap() {
        let category = qa["category"].as_u64().unwrap() as usize;
        let evidence = qa["evidence"].as_array().unwrap().iter();
        let mut evidence: Vec<u64> = evidence
            .flat_map(|e| {
                e.as_str()
                    .unwrap()
                    .split(|c: char| c.is_whitespace() || c == ';')
            })
            .filter_map(|id| ids.get(id).copied())
            .collect();
        evidence.sort_unstable();
        evidence.dedup();
        if !(1..=4).contains(&category) || evidence.is_empty() {
            continue;
        }
        let cosines = vectors.map(|vectors| {
            let question = &vectors["questions"][asked.len()];
            let turns = vectors["turns"].as_array().unwrap().iter();
            places
                .iter()
                .copied()
                .zip(turns.map(|turn| dot(turn, question)))
                .collect()
        });
        let text = qa["question"].as_str().unwrap().to_owned();
        asked.push(Asked {
            text,
            category,
            evidence,
            cosines,
        });
    }
    let ranks = places
        .into_iter()
        .enumerate()
        .map(|(n, place)| (place, n))
        .collect();
    Conversation {
        world,
        asked,
        ranks,
    }
}

/// "1:56 pm on 8 May, 2023"
fn said_at(text: &Value) -> Timestamp {
    let text = text.as_str().unwrap();
    let text = text.replace(" am ", " AM ").replace(" pm ", " PM ");
    let parts = strtime::parse("%I:%M %p on %d %B, %Y", &text).unwrap();
    let when: DateTime = parts.to_datetime().unwrap();
    when.to_zoned(TimeZone::UTC).unwrap().timestamp()
}

fn dot(a: &Value, b: &Value) -> f32 {
    let numbers = |v: &Value| -> Vec<f64> {
        v.as_array()
            .unwrap()
            .iter()
            .map(|x| x.as_f64().unwrap())
            .collect()
    };
    numbers(a)
        .iter()
        .zip(numbers(b))
        .map(|(a, b)| a * b)
        .sum::<f64>() as f32
}

/// R@5, R@10, R@20, any@10, all@10, nDCG@10, MRR.
fn measures(found: &[u64], evidence: &[u64]) -> [f64; 7] {
    let hits: Vec<bool> = found
        .iter()
        .take(20)
        .map(|place| evidence.contains(place))
        .collect();
    let all = evidence.len() as f64;
    let recall = |k: usize| hits.iter().take(k).filter(|hit| **hit).count() as f64 / all;
    let gain = |n: usize| 1.0 / ((n + 2) as f64).log2();
    let got: f64 = hits
        .iter()
        .take(10)
        .enumerate()
        .filter(|(_, hit)| **hit)
        .map(|(n, _)| gain(n))
        .sum();
    let ideal: f64 = (0..evidence.len().min(10)).map(gain).sum();
    let first = found.iter().position(|place| evidence.contains(place));
    [
        recall(5),
        recall(10),
        recall(20),
        f64::from(u8::from(recall(10) > 0.0)),
        f64::from(u8::from(recall(10) > 0.9999)),
        got / ideal,
        first.map_or(0.0, |at| 1.0 / (at + 1) as f64),
    ]
}

/// Means by category, 0 for all; and R@10 by conversation.
fn table(
    conversations: &[Conversation],
    meaning: bool,
    weights: &Weights,
) -> ([[f64; 7]; 5], Vec<f64>) {
    let mut sums = [[0.0; 7]; 5];
    let mut counts = [0.0; 5];
    let mut each = Vec::new();
    for conversation in conversations {
        let mut own = 0.0;
        for asked in &conversation.asked {
            let cosines = asked.cosines.as_ref().filter(|_| meaning);
            let (scored, _) = conversation.world.ask(&asked.text, cosines, Some(weights));
            // As a search shows them.
            let question = conversation.world.question(&asked.text);
            let reasons = super::Reasons::of(&scored, &question);
            let shown = scored.iter().filter(|scored| reasons.relevant(scored));
            let found: Vec<u64> = shown.map(|scored| scored.place).collect();
            let values = measures(&found, &asked.evidence);
            for row in [0, asked.category] {
                counts[row] += 1.0;
                sums[row]
                    .iter_mut()
                    .zip(values)
                    .for_each(|(sum, value)| *sum += value);
            }
            own += values[1];
        }
        each.push(100.0 * own / conversation.asked.len() as f64);
    }
    for (row, count) in sums.iter_mut().zip(counts) {
        for value in row.iter_mut() {
            *value *= 100.0 / count;
        }
    }
    (sums, each)
}

fn show(name: &str, (rows, each): &([[f64; 7]; 5], Vec<f64>)) {
    println!("\n{name}: by conversation {each:.1?}");
    println!("             R@5  R@10  R@20   any   all  nDCG   MRR");
    let names = ["all", "multi-hop", "temporal", "open", "single"];
    for (name, row) in names.iter().zip(rows) {
        let row: Vec<String> = row.iter().map(|value| format!("{value:5.1}")).collect();
        println!("{name:10} {}", row.join(" "));
    }
}

/// The share of the evidence (each use counted) that promotion at 20, 30 and 50 % keeps.
fn promoted(conversations: &[Conversation]) -> [f64; 3] {
    [0.2, 0.3, 0.5].map(|share| {
        let (mut kept, mut all) = (0, 0);
        for conversation in conversations {
            let scores: Vec<f32> = conversation
                .world
                .signs
                .values()
                .map(|s| s.importance)
                .collect();
            let best = importance::best(&scores, share);
            for place in conversation.asked.iter().flat_map(|asked| &asked.evidence) {
                kept += i32::from(best.contains(&conversation.ranks[place]));
                all += 1;
            }
        }
        100.0 * f64::from(kept) / f64::from(all)
    })
}

/// Prints the table; promises nothing.
#[test]
#[ignore = "a measurement: needs LOCOMO_JSON"]
fn locomo() {
    let Some(conversations) = load() else { return };
    show("words only", &table(&conversations, false, &WORDS_ONLY));
    if conversations[0].asked[0].cosines.is_some() {
        show("with meaning", &table(&conversations, true, &WITH_MEANING));
    }
    println!(
        "\nkept by promotion at 20, 30, 50 %: {:.1?}",
        promoted(&conversations)
    );
}
