//! What people state of themselves.

use std::time::Duration;

use serde_json::{Value, json};

use super::distilling::{distil, facts, profile, session};
use super::{id_of, import, instructions, texts, unlimited};
use crate::support::app::TestApp;

/// What a person states is pinned, first in every prompt, and stands against whatever a model writes.
#[tokio::test]
async fn what_a_person_states_stands() {
    let app = TestApp::with(|config| config.auth.access_minutes = 1_440).await;
    let ada = app.user("ada").await;
    session(&app, &ada, &["I live in Berne."]).await;
    app.model.answer(facts(&[("You live in Berne.", &[1])]));
    distil(&app, &ada).await;
    let body = json!({"text": " I now live in  Berne with Tom. "});
    let stated = ada.post("/api/memory/profile", &body).await;
    assert_eq!(
        (stated.status, stated.str("text")),
        (201, "I now live in Berne with Tom.".into())
    );
    assert_eq!(
        (&stated.body["pinned"], &stated.body["kind"]),
        (&json!(true), &json!("fact"))
    );
    let known = profile(&ada).await;
    assert_eq!(texts(&known["past"]), ["You live in Berne."], "it gave way");
    app.advance(Duration::from_hours(1));
    session(&app, &ada, &["I live in Lisbon with Tom now."]).await;
    app.model
        .answer(facts(&[("You now live in Lisbon with Tom.", &[1])]));
    distil(&app, &ada).await;
    let known = profile(&ada).await;
    assert_eq!(texts(&known["facts"]), ["I now live in Berne with Tom."]);
    ada.say("Hello").await;
    let line = "- 2026-01-01: \"I now live in Berne with Tom.\"";
    assert!(instructions(&app).contains(line));
    app.finish().await;
}

/// Nothing, and more than fits into a prompt, is refused in words.
#[tokio::test]
async fn a_fact_has_bounds() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    for (text, code) in [
        (" \n ".to_owned(), "memory_text_empty"),
        ("word ".repeat(300), "memory_text_too_long"),
    ] {
        let refused = ada
            .post("/api/memory/profile", &json!({"text": text}))
            .await;
        assert_eq!((refused.status, refused.code()), (422, code));
    }
    let empty = json!({"facts": [], "facts_total": 0, "past": [], "past_total": 0, "advice": [], "updated_at": null});
    assert_eq!(profile(&ada).await, empty);
    app.finish().await;
}

/// A turn and facts that rest on it, as a file has them: of every fact but the first some are over.
fn learned(many: u32, over: impl Fn(u32) -> bool) -> Vec<Value> {
    let id = |n: u32| format!("00000000-0000-4000-8000-{n:012}");
    let mut lines = vec![json!({"id": id(0), "text": "I keep bees.", "session_key": "diary"})];
    lines.extend((1..=many).map(|n| {
        let ended = over(n).then_some("2025-12-31T00:00:00Z");
        json!({"id": id(n), "kind": "fact", "text": format!("You own hive number {n}."), "evidence": [id(0)],
            "created_at": format!("2025-06-{:02}T{:02}:{:02}:00Z", 1 + n / 1440, n / 60 % 24, n % 60), "ended_at": ended})
    }));
    lines
}

/// However much was learned, and ended, since: what a person pinned or stated stands first in prompts, and
/// after it what is so.
#[tokio::test]
async fn what_is_pinned_stays_in_prompts() {
    let app = unlimited().await;
    let ada = app.user("ada").await;
    let lines = learned(700, |n| n > 50 && n % 3 != 0);
    assert_eq!(import(&ada, &lines).await.body["imported"], 701);
    let pinned = id_of_fact(&ada, "You own hive number 1.").await;
    ada.post(&format!("/api/memory/{pinned}/pin"), &json!({}))
        .await;
    let corrected = id_of_fact(&ada, "You own hive number 2.").await;
    let body = json!({"text": "You own hive number two."});
    ada.patch(&format!("/api/memory/{corrected}"), &body).await;
    ada.say("Hello").await;
    let told = instructions(&app);
    let at = |words: &str| {
        told.find(words)
            .unwrap_or_else(|| panic!("{words}: {told}"))
    };
    assert!(at("hive number two.") < at("hive number 1."));
    assert!(at("hive number 1.") < at("hive number 699."));
    assert!(!told.contains("hive number 700."), "it is over: {told}");
    // Unpinned, it is one of many again.
    let unpinned = json!({"pinned": false});
    ada.patch(&format!("/api/memory/{pinned}"), &unpinned).await;
    ada.say("Hello").await;
    assert!(!instructions(&app).contains("hive number 1."));
    app.finish().await;
}

async fn id_of_fact(person: &crate::support::http::Person, text: &str) -> String {
    let list = person.get("/api/memory?kind=fact&limit=1000").await.body;
    let mut items = list["items"].as_array().unwrap().iter();
    let item = items.find(|item| item["text"] == text).unwrap();
    item["id"].as_str().unwrap().to_owned()
}

/// Of very many facts the profile shows some, those of the person's own among them, and says how many there
/// are.
#[tokio::test]
async fn the_profile_is_bounded() {
    let app = unlimited().await;
    let ada = app.user("ada").await;
    let lines = learned(900, |n| n % 3 == 0);
    assert_eq!(import(&ada, &lines).await.body["imported"], 901);
    let pinned = id_of_fact(&ada, "You own hive number 1.").await;
    ada.post(&format!("/api/memory/{pinned}/pin"), &json!({}))
        .await;
    let known = profile(&ada).await;
    let (facts, past) = (texts(&known["facts"]), texts(&known["past"]));
    assert_eq!((facts.len(), &known["facts_total"]), (500, &json!(600)));
    assert_eq!((past.len(), &known["past_total"]), (200, &json!(300)));
    assert_eq!(facts[0], "You own hive number 899.", "newest first");
    assert_eq!(facts[499], "You own hive number 1.", "the pinned one");
    let id = id_of(&ada, "I keep bees.").await;
    assert_eq!(ada.delete(&format!("/api/memory/{id}")).await.status, 204);
    let known = profile(&ada).await;
    assert_eq!(
        (&known["facts_total"], &known["past_total"]),
        (&json!(0), &json!(0))
    );
    app.finish().await;
}

/// Stating a fact counts by the plan, as storing something by hand does.
#[tokio::test]
async fn stating_costs() {
    let app = TestApp::with(|config| {
        config.plans.default = "free".into();
        let plan = config.plans.named.get_mut("free").unwrap();
        (plan.requests_per_minute, plan.burst) = (1, 2);
    })
    .await;
    let ada = app.user("ada").await;
    for expected in [201, 201, 429] {
        let body = json!({"text": "I like tea."});
        let answer = ada.post("/api/memory/profile", &body).await;
        assert_eq!(answer.status, expected, "{answer:?}");
    }
    app.finish().await;
}
