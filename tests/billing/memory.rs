//! What is remembered takes room, and forgetting gives it back.

use std::time::Duration;

use novacore::billing::{Resource, all_amounts};
use serde_json::{Value, json};

use super::{ask, named};
use crate::support::app::TestApp;
use crate::support::http::Person;
use crate::support::people::id_of;
use crate::support::script::{Gate, Script};
use crate::support::usage::plan;

async fn with_room(bytes: u64) -> TestApp {
    TestApp::with(|config| {
        plan(config, 0, 0);
        config.plans.named.get_mut("free").unwrap().memory_bytes = bytes;
    })
    .await
}

async fn held(app: &TestApp, person: &Person) -> i64 {
    let id = id_of(person).await;
    let total = app.app.store.read(|tx| all_amounts(tx, id));
    total.unwrap().amounts.memory_bytes
}

/// Says something that is answered so; what was told of the limits on the way.
async fn say(app: &TestApp, person: &Person, question: &str, answer: &str) -> (Value, Vec<Value>) {
    app.model.answer(Script::says([answer]));
    let (start, events) = ask(person, question).await;
    let events = events.rest().await;
    let told = named(&events, "quota").into_iter().cloned().collect();
    app.settle().await;
    (start, told)
}

/// Each memory is booked with its bytes, and forgetting it, or its conversation, gives them back.
#[tokio::test]
async fn what_is_remembered_is_booked() {
    let app = with_room(0).await;
    let ada = app.user("ada").await;
    let (first, _) = say(&app, &ada, "Grüße", "Ach").await;
    assert_eq!(held(&app, &ada).await, 7 + 3);
    say(&app, &ada, "Two", "Oh").await;
    assert_eq!(held(&app, &ada).await, 15);
    let list = ada.get("/api/memory").await.body;
    let newest = list["items"][0]["id"].as_str().unwrap();
    assert_eq!(
        ada.delete(&format!("/api/memory/{newest}")).await.status,
        204
    );
    assert_eq!(held(&app, &ada).await, 13);
    let session = format!(
        "/api/chat/sessions/{}",
        first["session_id"].as_str().unwrap()
    );
    assert_eq!(ada.delete(&session).await.status, 204);
    assert_eq!(held(&app, &ada).await, 3);
    let rows = app.ledger(&ada).await;
    let booked: Vec<_> = rows
        .iter()
        .filter(|row| row.resource == Resource::MemoryBytes)
        .map(|row| row.amount)
        .collect();
    assert_eq!(booked, [7, 3, 3, 2, -2, -10]);
    app.finish().await;
}

/// Who has no room left can go on talking; it is not remembered, and said so at the start. Room that is
/// given back counts at once.
#[tokio::test]
async fn full_is_told_and_forgetting_makes_room() {
    let app = with_room(40).await;
    let ada = app.user("ada").await;
    let (first, told) = say(&app, &ada, &"a".repeat(20), &"b".repeat(5)).await;
    assert!(told.is_empty(), "{told:?}");
    let (_, told) = say(&app, &ada, &"c".repeat(10), "d").await;
    assert_eq!(
        told,
        [
            json!({"resource": "memory", "level": 80, "used": 35, "limit": 40,
            "percentage": 87.5, "resets_at": null})
        ]
    );
    assert_eq!(held(&app, &ada).await, 36);

    app.model.answer(Script::says(["Not remembered"]));
    let (start, events) = ask(&ada, "Four").await;
    let events = events.rest().await;
    assert_eq!(
        (events[0].name.as_str(), &events[0].data["level"]),
        ("quota", &json!(100))
    );
    assert_eq!(events[0].data["used"], 36, "right after the start");
    assert_eq!(events.last().unwrap().name, "done");
    app.settle().await;
    assert_eq!(held(&app, &ada).await, 36, "neither side");
    assert_eq!(ada.get("/api/memory").await.body["total"], 4);
    let history = format!(
        "/api/chat/history/{}",
        start["session_id"].as_str().unwrap()
    );
    let said = ada.get(&history).await.body;
    assert_eq!(
        said["items"].as_array().unwrap().len(),
        2,
        "it is talked all the same"
    );

    let session = format!(
        "/api/chat/sessions/{}",
        first["session_id"].as_str().unwrap()
    );
    assert_eq!(ada.delete(&session).await.status, 204);
    let (_, told) = say(&app, &ada, "Five", "six").await;
    assert!(told.is_empty(), "{told:?}");
    assert_eq!(held(&app, &ada).await, 11 + 7);
    app.finish().await;
}

/// Both levels are told by mail, too, each once a day, though every turn finds the room full.
#[tokio::test]
async fn full_is_told_by_mail() {
    let app = with_room(40).await;
    let ada = app.user("ada").await;
    say(&app, &ada, &"a".repeat(20), &"b".repeat(14)).await;
    assert_eq!(mails(&app), [80], "by the answer");
    for _ in 0..2 {
        say(&app, &ada, &"c".repeat(6), "d").await;
        assert_eq!(mails(&app), [80, 100], "by the question that finds no room");
    }
    app.advance(Duration::from_hours(24));
    let ada = app.user("ada").await;
    say(&app, &ada, &"e".repeat(6), "d").await;
    assert_eq!(mails(&app), [80, 100, 100]);
    app.finish().await;
}

/// The levels that mails about memory tell, oldest first.
fn mails(app: &TestApp) -> Vec<u64> {
    let jobs = app
        .app
        .store
        .read(|tx| app.app.jobs.list(tx, None, None, 100));
    let told = jobs.unwrap().into_iter().rev().filter_map(|job| {
        let mail: Value = serde_json::from_str(&job.payload).unwrap();
        let used = &mail["facts"]["used"];
        (used["what"] == "memory").then(|| used["level"].as_u64().unwrap())
    });
    told.collect()
}

/// An answer that a crash cut is remembered as far as it was kept, unless its turn was not to be.
#[tokio::test]
async fn a_crash_keeps_to_what_was_decided() {
    let mut app = with_room(10).await;
    let ada = app.user("ada").await;
    let gate = Gate::new();
    app.model
        .answer(Script::says(["x".repeat(5000), "y".into()]).gated(&gate));
    let (start, mut events) = ask(&ada, &"a".repeat(10)).await;
    assert_eq!(events.next().await.unwrap().name, "quota");
    gate.release(1);
    events.until("delta").await;
    app.app
        .store
        .write(|_| Ok::<_, novacore::error::Error>(()))
        .await
        .unwrap();
    app.crash_and_reopen().await;
    drop(events);
    let ada = app.user("ada").await;
    let history = format!(
        "/api/chat/history/{}",
        start["session_id"].as_str().unwrap()
    );
    assert_eq!(
        ada.get(&history).await.body["items"][0]["status"],
        "interrupted"
    );
    assert_eq!(held(&app, &ada).await, 0);
    app.finish().await;
}

/// Titles are asked for in the background: booked apart, never charged.
#[tokio::test]
async fn titles_are_booked_apart() {
    let app = TestApp::with(|config| {
        plan(config, 1000, 0);
        config.chat.model_titles = true;
    })
    .await;
    let ada = app.user("ada").await;
    app.model.answer(Script::says(["Green tea."]).counts(50, 5));
    app.model
        .answer(Script::says(["Tea in the morning"]).counts(81, 6));
    let answer = ada.say("What do you drink?").await;
    app.settle().await;
    let today = app.today(&ada).await;
    assert_eq!(today.background_tokens, 87);
    assert_eq!(answer.body["tokens_used"], today.tokens());
    assert_eq!(app.quota(&ada).await.background_tokens, 87);
    app.finish().await;
}
