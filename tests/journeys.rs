//! The walkthroughs: what a person does from the first minute on, one test each.

use std::time::Duration;

use serde_json::json;

use super::support::app::{TestApp, said};
use super::support::fake_ollama::FakeOllama;
use super::support::http::{Events, text};
use super::support::script::{Gate, Script};

/// A person makes the first account, asks something, sees the answer stream in, and finds it later.
#[tokio::test]
async fn set_up_ask_and_come_back() {
    let app = TestApp::fresh(|_| {}).await;
    assert_eq!(
        app.nobody().get("/api/status").await.body["setup_required"],
        true
    );

    let admin = app.admin().await;
    let mut events = admin.stream(&json!({"message": "Good morning"})).await;
    let start = events.next().await.unwrap();
    let events = events.rest().await;
    assert_eq!((start.id, start.name.as_str()), (1, "start"));
    assert_eq!(text(&events), "You said: Good morning");
    assert_eq!(events.last().unwrap().name, "done");

    let session = start.data["session_id"].as_str().unwrap();
    let history = admin
        .get(&format!("/api/chat/history/{session}"))
        .await
        .body;
    let expected = [
        ("user", "Good morning", "complete"),
        ("assistant", "You said: Good morning", "complete"),
    ];
    assert_eq!(
        said(&history),
        expected.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned()))
    );
    app.finish().await;
}

/// A fact told in one conversation is given to the model in a later one, and the answer says so.
#[tokio::test]
async fn a_fact_told_once_is_used_later() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    ada.stream(&json!({"message": "My sister Clara lives in Lisbon."}))
        .await
        .rest()
        .await;
    app.settle().await;

    let mut events = ada
        .stream(&json!({"message": "Where does my sister live?"}))
        .await;
    let start = events.next().await.unwrap().data;
    assert_eq!(
        start["memories"][0]["text"],
        "My sister Clara lives in Lisbon."
    );
    events.rest().await;

    let asked = app.model.requests().pop().unwrap();
    let system = asked["messages"][0]["content"].as_str().unwrap();
    assert!(
        system.contains(r#"- 2026-01-01, the person said: "My sister Clara lives in Lisbon.""#),
        "{system}"
    );
    app.finish().await;
}

/// Two devices of one person: what begins on one goes on on the other, until the lost one is thrown
/// out from the one at hand.
#[tokio::test]
async fn two_devices_and_one_is_lost() {
    let app = TestApp::new().await;
    let (phone, laptop) = (app.user("ada").await, app.user("ada").await);
    let gate = Gate::new();
    app.model
        .answer(Script::says(["Tea, ", "as always."]).gated(&gate));
    let mut on_phone = phone.stream(&json!({"message": "What do I drink?"})).await;
    let start = on_phone.next().await.unwrap();
    gate.release(1);
    on_phone.next().await.unwrap();

    let list = laptop.get("/api/chat/sessions").await.body;
    assert_eq!(list["items"][0]["title"], "What do I drink?");
    let session = list["items"][0]["id"].as_str().unwrap();
    let history = laptop
        .get(&format!("/api/chat/history/{session}"))
        .await
        .body;
    assert_eq!(history["items"][0]["status"], "streaming");
    let turn = history["items"][0]["turn_id"].as_str().unwrap();
    let path = format!("/api/chat/turns/{turn}/events");
    let mut on_laptop = Events::open(laptop.request("GET", &path)).await;
    assert_eq!(on_laptop.next().await.unwrap(), start);

    let sign_ins = laptop.get("/api/auth/sessions").await.body;
    assert_eq!(sign_ins["items"].as_array().unwrap().len(), 2);
    let out = laptop.post("/api/auth/logout-all", &json!({})).await;
    assert_eq!(out.status, 204);
    for device in [&phone, &laptop] {
        let refused = device.get("/api/chat/sessions").await;
        assert_eq!((refused.status, refused.code()), (401, "session_revoked"));
    }
    for lost in [on_phone, on_laptop] {
        let seen = text(&lost.rest().await);
        assert!(["", "Tea, "].contains(&seen.as_str()), "{seen}");
    }
    gate.open();
    app.settle().await;
    let back = app.user("ada").await;
    let history = back.get(&format!("/api/chat/history/{session}")).await.body;
    assert_eq!(said(&history)[1].1, "Tea, as always.");
    app.finish().await;
}

/// The model server goes away and comes back: nothing that was said is lost, the person is told what
/// helps, and the same question gets its answer.
#[tokio::test]
async fn the_model_server_comes_back() {
    let server = FakeOllama::start();
    let app = TestApp::with(|config| config.model.url = server.url()).await;
    let ada = app.user("ada").await;
    let session = ada.say("I am Ada.").await.str("session_id");

    let later = server.again();
    server.stop().await;
    let question = json!({"message": "Who am I?", "session_id": session});
    let mut events = ada.stream(&question).await;
    let start = events.next().await.unwrap().data;
    let error = events.rest().await.pop().unwrap();
    assert_eq!(error.name, "error");
    assert_eq!(error.data["code"], "model_unreachable");
    let advice = error.data["error"].as_str().unwrap();
    assert!(advice.contains("Your message is saved."), "{advice}");
    assert!(advice.contains("`ollama serve`"), "{advice}");
    assert_eq!(app.nobody().get("/ready").await.body["status"], "degraded");

    let server = later.start();
    let answer = start["message_id"].as_str().unwrap();
    let path = format!("/api/chat/messages/{answer}/regenerate");
    let again = Events::open(ada.request("POST", &path)).await.rest().await;
    assert_eq!(text(&again), "You said: Who am I?");
    app.settle().await;
    app.advance(Duration::from_secs(3));
    assert_eq!(app.nobody().get("/ready").await.body["status"], "ok");
    let asked = server.requests().pop().unwrap();
    let told = asked["messages"].as_array().unwrap().iter().skip(1);
    let told: Vec<_> = told.map(|m| m["content"].as_str().unwrap()).collect();
    assert_eq!(told, ["I am Ada.", "You said: I am Ada.", "Who am I?"]);
    app.finish().await;
}
