//! Conversations without memory.

use serde_json::{Value, json};

use super::{all, found, instructions, tell};
use crate::support::app::TestApp;
use crate::support::script::{Gate, Script};

/// A conversation without memory recalls nothing and leaves nothing, until it is one with memory again.
#[tokio::test]
async fn a_conversation_without_memory() {
    let mut app = TestApp::new().await;
    let ada = app.user("ada").await;
    tell(&app, &ada, "My sister Clara lives in Lisbon.").await;
    let made = ada.post("/api/chat/sessions", &json!({})).await;
    assert_eq!(made.body["use_memory"], true);
    let path = format!("/api/chat/sessions/{}", made.str("id"));
    let off = ada.patch(&path, &json!({"use_memory": false})).await;
    assert_eq!((off.status, &off.body["use_memory"]), (200, &json!(false)));
    assert_eq!(off.body["title"], made.body["title"]);
    app.crash_and_reopen().await;
    let ada = app.user("ada").await;
    let renamed = ada.patch(&path, &json!({"title": "Secrets"})).await;
    assert_eq!(
        renamed.body["use_memory"], false,
        "another title changes nothing"
    );
    let id = made.str("id");
    let said = ada.say_in(&id, "Where does Clara live? Secretly.").await;
    assert_eq!(said.body["memories"], json!([]));
    assert!(!instructions(&app).contains("Lisbon"));
    app.settle().await;
    assert_eq!(all(&ada).await, ["Ah.", "My sister Clara lives in Lisbon."]);
    let again = format!("/api/chat/messages/{}/regenerate", said.str("message_id"));
    ada.post(&again, &json!({})).await;
    app.settle().await;
    assert_eq!(found(&ada, "secretly").await, [] as [&str; 0]);
    let listed = ada.get("/api/chat/sessions").await.body;
    let mut items = listed["items"].as_array().unwrap().iter();
    let item = items.find(|item| item["id"] == json!(id)).unwrap();
    assert_eq!(
        (&item["use_memory"], &item["title"]),
        (&json!(false), &json!("Secrets"))
    );
    ada.patch(&path, &json!({"use_memory": true})).await;
    let said = ada.say_in(&id, "Where does Clara live? Openly.").await;
    assert_eq!(
        said.body["memories"][0]["text"],
        "My sister Clara lives in Lisbon."
    );
    app.settle().await;
    let both = found(&ada, "openly").await;
    assert_eq!(both.len(), 2, "{both:?}");
    app.finish().await;
}

/// Who turns memory off while an answer is written has that answer forgotten already.
#[tokio::test]
async fn turning_it_off_counts_for_what_is_being_written() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let gate = Gate::new();
    app.model
        .answer(Script::says(["Quietly ", "written."]).gated(&gate));
    let mut stream = ada.stream(&json!({"message": "Begin"})).await;
    gate.release(1);
    let start = stream.until("start").await;
    let session = start.data["session_id"].as_str().unwrap().to_owned();
    let path = format!("/api/chat/sessions/{session}");
    ada.patch(&path, &json!({"use_memory": false})).await;
    gate.open();
    stream.until("done").await;
    app.settle().await;
    assert_eq!(all(&ada).await, ["Begin"]);
    assert_eq!(ada.get("/api/memory/stats").await.body["by_tier"]["stm"], 2);
    let kept = ada.get(&path).await.body;
    assert_eq!(
        (&kept["use_memory"], &kept["ended_at"]),
        (&json!(false), &Value::Null)
    );
    app.finish().await;
}
