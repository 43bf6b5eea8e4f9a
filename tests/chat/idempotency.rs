//! The same request sent again asks once: `Idempotency-Key`.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{conversations, field, four_words};
use crate::support::app::TestApp;
use crate::support::http::{Answer, Event, Events, Person};

async fn streamed(person: &Person, key: &str, body: &Value) -> Vec<Event> {
    let request = person.request("POST", "/api/chat/stream").json(body);
    Events::open(request.header("idempotency-key", key))
        .await
        .rest()
        .await
}

async fn sent(person: &Person, key: &str, body: &Value) -> Answer {
    let request = person.request("POST", "/api/chat/message").json(body);
    Person::send(request.header("idempotency-key", key)).await
}

fn hello() -> Value {
    json!({"message": "Hello"})
}

/// A client that lost its connection sends the same again and gets the same turn, event by event.
#[tokio::test]
async fn the_same_key_attaches_to_the_same_turn() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let first = streamed(&ada, "key", &hello()).await;
    assert_eq!(streamed(&ada, "key", &hello()).await, first);
    let answer = sent(&ada, "key", &hello()).await;
    assert_eq!(answer.str("turn_id"), field(&first[0], "turn_id"));
    assert_eq!(answer.str("response"), "You said: Hello");
    assert_eq!(app.model.requests().len(), 1);
    assert_eq!(conversations(&ada).await.len(), 1);
    app.finish().await;
}

/// Also while the answer is being written: the second request joins it.
#[tokio::test]
async fn the_same_key_joins_a_running_turn() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let (script, gate) = four_words();
    app.model.answer(script);
    let open = async || {
        let request = ada.request("POST", "/api/chat/stream").json(&hello());
        Events::open(request.header("idempotency-key", "key")).await
    };
    let first = open().await;
    app.model.received(1).await;
    gate.release(1);
    let second = open().await;
    gate.open();
    assert_eq!(first.rest().await, second.rest().await);
    assert_eq!(app.model.requests().len(), 1);
    app.finish().await;
}

/// Requests that come at the same moment begin exactly one turn.
#[tokio::test]
async fn together_they_begin_one_turn() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let body = hello();
    let streams = join_all((0..8).map(|_| streamed(&ada, "key", &body))).await;
    assert!(streams.iter().all(|events| *events == streams[0]));
    assert_eq!(app.model.requests().len(), 1);
    assert_eq!(conversations(&ada).await.len(), 1);
    app.finish().await;
}

/// Different requests with one key that come at the same moment: one is answered, the others are told.
#[tokio::test]
async fn together_but_different_one_is_answered() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let bodies: Vec<_> = (0..8)
        .map(|number| json!({"message": format!("Number {number}")}))
        .collect();
    let answers = join_all(bodies.iter().map(|body| sent(&ada, "key", body))).await;
    let mut told: Vec<_> = answers.iter().map(|a| (a.status, a.code())).collect();
    told.sort_unstable();
    assert_eq!(told[0], (200, ""));
    assert!(
        told[1..]
            .iter()
            .all(|t| *t == (409, "idempotency_key_reused")),
        "{told:?}"
    );
    assert_eq!(app.model.requests().len(), 1);
    app.finish().await;
}

/// A key that comes back with another request is a client's mistake, and is told as one.
#[tokio::test]
async fn another_request_with_the_key_is_refused() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let session = sent(&ada, "key", &hello()).await.str("session_id");
    let others = [
        json!({"message": "Hello!"}),
        json!({"message": "Hello", "session_id": session}),
        json!({"message": "Hello", "use_memory": false}),
        json!({"message": "Hello", "model": "llama3.2:latest"}),
    ];
    for other in others {
        let refused = sent(&ada, "key", &other).await;
        assert_eq!(
            (refused.status, refused.code()),
            (409, "idempotency_key_reused"),
            "{other}"
        );
    }
    let spelled_out = json!({"message": "Hello", "use_memory": true, "session_id": null});
    assert_eq!(
        sent(&ada, "key", &spelled_out).await.status,
        200,
        "the same in other words"
    );
    assert_eq!(app.model.requests().len(), 1);
    app.finish().await;
}

/// A key is a person's own, and good for a day.
#[tokio::test]
async fn a_key_is_a_persons_own_for_a_day() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let first = sent(&ada, "key", &hello()).await.str("turn_id");
    assert_ne!(sent(&bob, "key", &hello()).await.str("turn_id"), first);
    let later = async |by: Duration| {
        app.advance(by);
        novacore::schedule::sweep(&app.app).await.unwrap();
        let ada = app.user("ada").await;
        sent(&ada, "key", &hello()).await.str("turn_id")
    };
    let almost_a_day = Duration::from_hours(24).saturating_sub(Duration::from_millis(1));
    assert_eq!(later(almost_a_day).await, first);
    let second = later(Duration::from_millis(1)).await;
    assert_ne!(second, first);
    assert_eq!(later(almost_a_day).await, second, "the key began anew");
    app.finish().await;
}

/// A restart does not forget what was asked already.
#[tokio::test]
async fn a_key_outlives_a_crash() {
    let mut app = TestApp::new().await;
    let ada = app.user("ada").await;
    let first = sent(&ada, "key", &hello()).await;
    app.crash_and_reopen().await;
    let ada = app.user("ada").await;
    let again = sent(&ada, "key", &hello()).await;
    assert_eq!(again.body, first.body);
    assert_eq!(app.model.requests().len(), 1);
    app.finish().await;
}

/// A request that was refused has begun nothing, so its key is free.
#[tokio::test]
async fn a_refused_request_does_not_spend_its_key() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let bad = json!({"message": "Hello", "model": "none"});
    assert_eq!(sent(&ada, "key", &bad).await.status, 422);
    assert_eq!(sent(&ada, "key", &json!({"message": ""})).await.status, 422);
    assert_eq!(sent(&ada, "key", &hello()).await.status, 200);
    for (key, status) in [
        ("x".repeat(255), 200),
        ("x".repeat(256), 400),
        (String::new(), 400),
    ] {
        let answer = sent(&ada, &key, &hello()).await;
        assert_eq!(answer.status, status, "a key of {}", key.len());
    }
    app.finish().await;
}

/// A key whose conversation was deleted since is free again.
#[tokio::test]
async fn a_key_is_free_when_its_conversation_is_gone() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let first = sent(&ada, "key", &hello()).await.str("session_id");
    ada.delete(&format!("/api/chat/sessions/{first}")).await;
    let again = sent(&ada, "key", &hello()).await;
    assert_eq!(again.status, 200, "{again:?}");
    assert_ne!(again.str("session_id"), first);
    app.finish().await;
}
