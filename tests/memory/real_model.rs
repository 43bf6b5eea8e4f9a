//! What a real model's summaries, facts and reflections come to: made sessions through the whole product, and
//! the counts of what was kept and why not. Run by hand: `make eval-distil MODEL_URL=... MODEL=...`.

use std::time::Duration;

use novacore::clock::Random;
use novacore::schedule;
use serde_json::json;

use crate::support::app::TestApp;
use crate::support::http::Person;
use crate::support::script::Script;

const NAMES: [&str; 10] = [
    "Clara", "Tomas", "Ines", "Jonas", "Maya", "Oskar", "Lena", "Rafael", "Nadia", "Viktor",
];
const KIN: [&str; 6] = [
    "sister",
    "brother",
    "daughter",
    "neighbour",
    "colleague",
    "cousin",
];
const PLACES: [&str; 10] = [
    "Lisbon", "Bern", "Oslo", "Kyoto", "Leeds", "Porto", "Graz", "Turin", "Malmö", "Ghent",
];
const WORK: [&str; 8] = [
    "a nurse",
    "a teacher",
    "a baker",
    "an engineer",
    "a gardener",
    "a translator",
    "a driver",
    "a chemist",
];
const LIKES: [&str; 10] = [
    "green tea",
    "playing the cello",
    "long walks",
    "old films",
    "baking bread",
    "chess",
    "swimming",
    "crime novels",
    "jazz",
    "growing tomatoes",
];
const SMALL_TALK: [&str; 6] = [
    "How are you today?",
    "It rained all morning.",
    "I am a bit tired.",
    "Thank you, that helps.",
    "What do you think of Mondays?",
    "The bus was late again.",
];

/// A slow model takes hours for all of them.
const COUNTED_EVERY: usize = 20;

fn one<'a>(random: &Random, of: &[&'a str]) -> &'a str {
    let [dice] = random.bytes::<1>();
    of[usize::from(dice) % of.len()]
}

/// Something that somebody would tell of themselves.
fn told(random: &Random) -> String {
    let [kind, number] = random.bytes::<2>();
    let number = 2 + number % 40;
    let (name, place) = (one(random, &NAMES), one(random, &PLACES));
    match kind % 8 {
        0 => format!("My {} {name} lives in {place}.", one(random, &KIN)),
        1 => format!("I work as {} in {place}.", one(random, &WORK)),
        2 => format!("I really like {}.", one(random, &LIKES)),
        3 => format!("I have lived in {place} for {number} years."),
        4 => format!("Last week I met {name} in {place}."),
        5 => format!("I don't like {} any more.", one(random, &LIKES)),
        6 => format!("My birthday is on {} May.", 1 + number % 28),
        _ => format!("I moved from {place} to {} in March.", one(random, &PLACES)),
    }
}

/// One session of three exchanges.
async fn session(app: &TestApp, person: &Person, random: &Random) {
    let mut session: Option<String> = None;
    let said = [
        told(random),
        one(random, &SMALL_TALK).to_owned(),
        told(random),
    ];
    for words in said {
        app.model
            .answer(Script::says(["Thank you for telling me. Tell me more."]));
        let body = json!({"message": words, "session_id": session});
        session = Some(
            person
                .post("/api/chat/message", &body)
                .await
                .str("session_id"),
        );
    }
    let end = format!("/api/chat/sessions/{}/end", session.unwrap());
    person.post(&end, &json!({})).await;
}

#[expect(
    clippy::disallowed_methods,
    reason = "told by the command line, as no configuration is"
)]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Counts what a real model's work comes to. No bound: models differ; what is stored must hold whatever
/// they write, which the tests beside this one show.
#[tokio::test]
#[ignore = "needs a model server; run by make eval-distil"]
#[expect(clippy::print_stdout, reason = "its output is what it is for")]
async fn a_real_model() {
    let url = setting("DISTIL_MODEL_URL").unwrap();
    let model = setting("DISTIL_MODEL").unwrap();
    let sessions = setting("DISTIL_SESSIONS").map_or(200, |count| count.parse().unwrap());
    let app = TestApp::with(|config| {
        config.limits.enabled = false;
        config.memory.distil_calls = 1_000_000;
        config.memory.distil_seconds = 10_000_000;
        config.memory.distil_tokens = u64::MAX / 2;
    })
    .await;
    let random = Random::seeded(7);
    app.model.pass_on(&url, &model);
    for number in 0..sessions {
        let person = app.user(&format!("person{number}")).await;
        session(&app, &person, &random).await;
        app.settle().await;
        person.post("/api/memory/distil", &json!({})).await;
        app.app.jobs.quiet().await.unwrap();
        for kind in ["fact", "summary", "reflection"] {
            let list = person.get("/api/memory?limit=1000").await.body;
            let items = list["items"].as_array().unwrap().iter();
            for item in items.filter(|item| item["kind"] == kind) {
                println!("{number} {kind}: {}", item["text"]);
            }
        }
        app.advance(Duration::from_secs(1));
        if (number + 1) % COUNTED_EVERY == 0 || number + 1 == sessions {
            schedule::sweep(&app.app).await.unwrap();
            let state = app.admin().await.get("/api/admin/memory").await.body;
            println!("{} sessions: {}", number + 1, state["distilling"]);
        }
    }
}
