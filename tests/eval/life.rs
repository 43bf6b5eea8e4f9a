//! One person of the measurement: is told everything, then asked everything, over HTTP.
//!
//! Shared by `make eval` and the test with fixed bounds: what is beside this module is named by `super`.

use std::collections::HashMap;
use std::time::Duration;

use novacore::clock::Clock;
use serde_json::{Value, json};

use super::figures::{Table, measures, millis, number, share};
use super::http::Person;
use super::talk::{Talk, Turn};

/// What asking for everything came to.
#[derive(Default)]
pub struct Outcome {
    pub hybrid: Table,
    /// The same findings, in the order of their meaning alone.
    pub meaning: Table,
    /// Answers in which meaning took part.
    pub with_meaning: usize,
    pub asked: usize,
    /// As measured here, and as told, in milliseconds.
    pub took: Vec<f64>,
    pub told: Vec<f64>,
    /// Of what a prompt would get: tokens, memories, the share of the evidence.
    pub tokens: Vec<f64>,
    pub memories: Vec<f64>,
    pub in_prompt: Vec<f64>,
    /// Corrections that stand above what they correct, of so many.
    pub corrected: (usize, usize),
    /// Memories that a prompt gets for what was never said.
    pub made_up: Vec<f64>,
    /// Evidence that promotion of 20, 30 and 50 % of the turns keeps, of so much.
    pub kept: ([usize; 3], usize),
}

pub const SHARES: [f64; 3] = [0.2, 0.3, 0.5];
/// So many are asked for where meaning alone is measured: all that has to do with the question.
const ALL: usize = 1000;

/// Tells everything in its order; numbers of turns by ids.
pub async fn tell(person: &Person, talk: &Talk) -> HashMap<String, usize> {
    let mut ids = HashMap::new();
    for (n, turn) in talk.turns.iter().enumerate() {
        ids.insert(store(person, turn).await, n);
    }
    ids
}

async fn store(person: &Person, turn: &Turn) -> String {
    let body = json!({"text": turn.text, "speaker": turn.speaker, "session_key": turn.session,
        "created_at": turn.at.to_string()});
    let stored = person.post("/api/memory/store", &body).await;
    assert_eq!(stored.status, 201, "{stored:?}");
    stored.str("id")
}

/// Waits until nothing waits to be embedded.
pub async fn embedded(person: &Person) -> Value {
    loop {
        let stats = person.get("/api/memory/stats").await.body;
        if stats["embedding"]["waiting"] == 0 {
            return stats["embedding"].clone();
        }
        Clock::system().sleep(Duration::from_millis(100)).await;
    }
}

impl Outcome {
    /// Asks this person's questions, one after the other.
    pub async fn ask(&mut self, person: &Person, talk: &Talk, ids: &HashMap<String, usize>) {
        let clock = Clock::system();
        for asked in &talk.asked {
            let begun = clock.monotonic();
            let found = search(person, &asked.text, 20).await;
            let took = clock.monotonic().saturating_sub(begun);
            self.took.push(millis(took));
            self.told.push(found["took_ms"].as_f64().unwrap());
            self.asked += 1;
            let order = turns(&found["results"], ids);
            self.hybrid
                .add(asked.kind, measures(&order, &asked.evidence));
            if let Some(outdated) = asked.outdated {
                let at = |turn: usize| order.iter().position(|found| *found == Some(turn));
                let old = at(outdated).unwrap_or(usize::MAX);
                let above = asked
                    .evidence
                    .iter()
                    .all(|new| at(*new).is_some_and(|new| new < old));
                self.corrected.0 += usize::from(above);
                self.corrected.1 += 1;
            }
            if found["meaning"] == true {
                self.with_meaning += 1;
                let by_meaning = by_meaning(&search(person, &asked.text, ALL).await);
                let order = turns(&by_meaning, ids);
                self.meaning
                    .add(asked.kind, measures(&order, &asked.evidence));
            }
            let prompt = context(person, &asked.text).await;
            let given = turns(&prompt["memories"], ids);
            let hits = given.iter().flatten();
            let hits = hits.filter(|turn| asked.evidence.contains(turn)).count();
            self.in_prompt.push(share(hits, &asked.evidence));
            self.memories.push(number(given.len()));
            self.tokens.push(prompt["tokens"].as_f64().unwrap());
        }
        for question in &talk.unanswerable {
            let prompt = context(person, question).await;
            self.made_up
                .push(number(turns(&prompt["memories"], ids).len()));
        }
    }

    /// Sorts all memories by their importance and looks at which evidence would be promoted.
    pub async fn promote(&mut self, person: &Person, talk: &Talk, ids: &HashMap<String, usize>) {
        let mut scores: Vec<(f64, usize)> = Vec::new();
        let mut before = String::new();
        loop {
            let page = person
                .get(&format!("/api/memory?limit=1000{before}"))
                .await
                .body;
            for item in page["items"].as_array().unwrap() {
                let turn = ids[item["id"].as_str().unwrap()];
                scores.push((item["importance"].as_f64().unwrap(), turn));
            }
            let Some(next) = page["next_before"].as_str() else {
                break;
            };
            before = format!("&before={next}");
        }
        assert_eq!(scores.len(), talk.turns.len());
        scores.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        for (share, kept) in SHARES.iter().zip(&mut self.kept.0) {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a share of a count"
            )]
            let best = (number(scores.len()) * share).round() as usize;
            let best: Vec<usize> = scores[..best].iter().map(|(_, turn)| *turn).collect();
            let evidence = talk.asked.iter().flat_map(|asked| &asked.evidence);
            *kept += evidence.filter(|turn| best.contains(turn)).count();
        }
        let evidence = talk.asked.iter().map(|asked| asked.evidence.len());
        self.kept.1 += evidence.sum::<usize>();
    }
}

async fn search(person: &Person, query: &str, limit: usize) -> Value {
    let body = json!({"query": query, "limit": limit});
    let found = person.post("/api/memory/search", &body).await;
    assert_eq!(found.status, 200, "{found:?}");
    found.body
}

async fn context(person: &Person, query: &str) -> Value {
    let plain = |byte: u8| byte.is_ascii_alphanumeric();
    let escaped = query.bytes().map(|byte| match byte {
        byte if plain(byte) => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    });
    let path = format!("/api/memory/context?q={}", escaped.collect::<String>());
    let found = person.get(&path).await;
    assert_eq!(found.status, 200, "{found:?}");
    found.body
}

/// The numbers of the turns that were found, best first.
fn turns(results: &Value, ids: &HashMap<String, usize>) -> Vec<Option<usize>> {
    let results = results.as_array().unwrap().iter();
    results
        .map(|found| ids.get(found["id"].as_str().unwrap()).copied())
        .collect()
}

/// The findings by the part of their score that is their meaning.
fn by_meaning(found: &Value) -> Value {
    let mut results = found["results"].as_array().unwrap().clone();
    let part = |found: &Value| {
        let mut parts = found["parts"].as_array().unwrap().iter();
        let part = parts.find(|part| part["name"] == "meaning");
        part.map_or(0.0, |part| part["value"].as_f64().unwrap())
    };
    results.sort_by(|a, b| part(b).total_cmp(&part(a)));
    Value::Array(results)
}
