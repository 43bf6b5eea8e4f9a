//! Conversations: begin, name, end, delete.

use serde_json::{Value, json};

use super::{ask, conversations, field, follow, four_words, history};
use crate::support::app::TestApp;
use crate::support::http::Person;
use crate::support::script::Gate;

async fn remembered(person: &Person) -> u64 {
    person.get("/api/memory").await.body["total"]
        .as_u64()
        .unwrap()
}

/// An empty conversation can be begun, and is then continued by its id.
#[tokio::test]
async fn an_empty_conversation_can_be_begun() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let made = ada.post("/api/chat/sessions", &json!({})).await;
    assert_eq!(
        (made.status, &made.body["title"]),
        (201, &json!("New conversation"))
    );
    let session = made.str("id");
    assert_eq!(history(&ada, &session).await["items"], json!([]));
    let answer = ada.say_in(&session, "Hello").await;
    assert_eq!(answer.str("session_id"), session);
    assert_eq!(
        history(&ada, &session).await["items"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    app.finish().await;
}

/// A conversation that was ended is marked so, and a later message opens it again.
#[tokio::test]
async fn an_ended_conversation_can_be_reopened() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let session = ada.say("Hello").await.str("session_id");
    let path = format!("/api/chat/sessions/{session}");
    let ended = ada.post(&format!("{path}/end"), &json!({})).await;
    assert_eq!(
        (ended.status, &ended.body["ended_at"]),
        (200, &json!("2026-01-01T00:00:00Z"))
    );
    assert_eq!(ada.get(&path).await.body, ended.body);
    ada.say_in(&session, "One more thing").await;
    assert_eq!(ada.get(&path).await.body["ended_at"], Value::Null);
    app.finish().await;
}

/// A deleted conversation is gone, with what was remembered of it, and nothing of other ones is.
#[tokio::test]
async fn deleting_forgets() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let kept = ada.say("I play the flute").await.str("session_id");
    let answer = ada.say("I like green tea").await;
    let session = answer.str("session_id");
    app.settle().await;
    assert_eq!(remembered(&ada).await, 4);
    assert_eq!(
        ada.delete(&format!("/api/chat/sessions/{session}"))
            .await
            .status,
        204
    );
    app.settle().await;
    assert_eq!(remembered(&ada).await, 2);
    let found = ada
        .post("/api/memory/search", &json!({"query": "green tea"}))
        .await
        .body;
    assert_eq!(found["results"], json!([]));
    for gone in [
        ada.get(&format!("/api/chat/sessions/{session}")).await,
        ada.get(&format!("/api/chat/history/{session}")).await,
        ada.get(&format!("/api/chat/turns/{}/events", answer.str("turn_id")))
            .await,
        ada.delete(&format!("/api/chat/sessions/{session}")).await,
        ada.say_in(&session, "Are you there?").await,
    ] {
        assert_eq!((gone.status, gone.code()), (404, "not_found"));
    }
    let left: Vec<_> = conversations(&ada)
        .await
        .iter()
        .map(|c| c["id"].clone())
        .collect();
    assert_eq!(left, [json!(kept)]);
    app.finish().await;
}

/// Who wants it keeps what is remembered.
#[tokio::test]
async fn deleting_can_keep_memories() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let session = ada.say("I like green tea").await.str("session_id");
    let path = format!("/api/chat/sessions/{session}?keep_memory=true");
    assert_eq!(ada.delete(&path).await.status, 204);
    app.settle().await;
    assert_eq!(remembered(&ada).await, 2);
    let (start, events) = ask(&ada, "Which green tea do I like?").await;
    events.rest().await;
    let memory = &start.data["memories"][0];
    assert_eq!(memory["text"], "I like green tea");
    assert_eq!(
        memory["session_title"],
        Value::Null,
        "its conversation is gone"
    );
    app.finish().await;
}

/// Deleting ends the answer that is being written there, and nothing of it comes back.
#[tokio::test]
async fn deleting_stops_a_running_answer() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let (script, gate) = four_words();
    app.model.answer(script);
    let (start, mut events) = ask(&ada, "I like green tea").await;
    gate.release(1);
    events.next().await.unwrap();
    let path = format!("/api/chat/sessions/{}", field(&start, "session_id"));
    assert_eq!(ada.delete(&path).await.status, 204);
    app.model.aborted(1).await;
    assert_eq!(
        events.rest().await.last().unwrap().name,
        "done",
        "its readers are let go"
    );
    app.settle().await;
    assert_eq!(conversations(&ada).await, [] as [Value; 0]);
    assert_eq!(remembered(&ada).await, 0);
    assert_eq!(ada.say("Hello").await.status, 200, "and the next may begin");
    app.finish().await;
}

/// The events of a deleted conversation's answers can no longer be followed.
#[tokio::test]
async fn a_deleted_answer_cannot_be_followed() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let (start, events) = ask(&ada, "A secret").await;
    events.rest().await;
    let turn = field(&start, "turn_id");
    assert_eq!(follow(&ada, &turn, None).await.rest().await.len(), 5);
    ada.delete(&format!(
        "/api/chat/sessions/{}",
        field(&start, "session_id")
    ))
    .await;
    let gone = ada.get(&format!("/api/chat/turns/{turn}/events")).await;
    assert_eq!((gone.status, gone.code()), (404, "not_found"));
    app.finish().await;
}

/// A conversation that is renamed while a message to it waits for the model's list keeps its name.
#[tokio::test]
async fn a_rename_is_not_undone_by_a_message_under_way() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let session = ada
        .post("/api/chat/sessions", &json!({"title": "Old"}))
        .await
        .str("id");
    let path = format!("/api/chat/sessions/{session}");
    let gate = Gate::new();
    app.model.hold_list(&gate);
    let asked = app.model.other_calls();
    let (answer, ()) = tokio::join!(ada.say_in(&session, "Hello"), async {
        app.model.asked(asked + 1).await;
        assert_eq!(ada.patch(&path, &json!({"title": "New"})).await.status, 200);
        gate.open();
    });
    assert_eq!(answer.status, 200);
    assert_eq!(ada.get(&path).await.body["title"], "New");
    app.finish().await;
}
