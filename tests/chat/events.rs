//! The events of an answer, and the bodies of conversations and messages, to the letter.

use serde_json::json;

use super::{ask, field, four_words, history};
use crate::support::app::TestApp;
use crate::support::fake_ollama::FakeModel;
use crate::support::http::{Person, text};
use crate::support::redact;
use crate::support::script::{Gate, Script};

/// A whole stream as it goes over the wire, with a memory in it.
#[tokio::test]
async fn a_whole_stream() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    ada.say("My sister Clara lives in Lisbon.").await;
    app.settle().await;
    app.model
        .answer(Script::says(["In ", "Lisbon."]).counts(120, 3));
    let body = json!({"message": "Where does my sister live?"});
    let answer = Person::send(ada.request("POST", "/api/chat/stream").json(&body)).await;
    let quota = serde_json::to_string(&app.quota(&ada).await).unwrap();
    let told = answer.text.replace(&quota, "<quota>");
    let transcript = redact::ids(&told);
    insta::assert_snapshot!(transcript, @r#"
    id: 1
    event: start
    data: {"session_id":"<1>","turn_id":"<2>","user_message_id":"<3>","message_id":"<4>","model":"llama3.2:latest","memories":[{"id":"<5>","text":"My sister Clara lives in Lisbon.","speaker":"user","created_at":"2026-01-01T00:00:00Z","session_id":"<6>","session_title":"My sister Clara lives in Lisbon.","kind":"turn","tier":"itm","pinned":false,"superseded":false,"score":4.7,"parts":[{"name":"words","value":1.8},{"name":"speaker","value":2.3},{"name":"importance","value":0.5},{"name":"recent","value":0.1}],"reasons":["It has your words “sister”, “live”, or forms of them."],"forgotten":false},{"id":"<7>","text":"You said: My sister Clara lives in Lisbon.","speaker":"assistant","created_at":"2026-01-01T00:00:00Z","session_id":"<6>","session_title":"My sister Clara lives in Lisbon.","kind":"turn","tier":"itm","pinned":false,"superseded":false,"score":-0.11,"parts":[{"name":"words","value":1.2},{"name":"neighbours","value":0.09},{"name":"importance","value":-0.5},{"name":"recent","value":0.1},{"name":"standing","value":-1.0}],"reasons":["It has your words “sister”, “live”, or forms of them."],"forgotten":false}],"context":{"used":186,"limit":8192,"dropped":0}}

    id: 2
    event: delta
    data: {"content":"In ","done":false}

    id: 3
    event: delta
    data: {"content":"Lisbon.","done":false}

    id: 4
    event: done
    data: {"content":"","done":true,"session_id":"<1>","message_id":"<4>","tokens_used":10,"latency_ms":0,"finish_reason":"stop","quota":<quota>}
    "#);
    app.finish().await;
}

/// The answer in one piece, for programs that do not stream.
#[tokio::test]
async fn the_body_of_an_answer() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    app.model
        .answer(Script::says(["Good ", "morning!"]).counts(90, 4));
    let mut answer = ada.say("Good morning, Nova").await;
    assert_eq!(answer.body["quota"], json!(app.quota(&ada).await));
    answer.body["quota"] = json!("<quota>");
    insta::assert_snapshot!(redact::json(&answer.body), @r#"
    {
      "finish_reason": "stop",
      "latency_ms": 0,
      "memories": [],
      "message_id": "<1>",
      "model": "llama3.2:latest",
      "quota": "<quota>",
      "response": "Good morning!",
      "session_id": "<2>",
      "status": "complete",
      "tokens_used": 10,
      "turn_id": "<3>"
    }
    "#);
    app.finish().await;
}

/// The body of a conversation, alone and in its list.
#[tokio::test]
async fn the_body_of_a_conversation() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let session = ada.say("Good morning, Nova").await.str("session_id");
    let list = ada.get("/api/chat/sessions").await.body;
    insta::assert_snapshot!(redact::json(&list), @r#"
    {
      "items": [
        {
          "created_at": "2026-01-01T00:00:00Z",
          "ended_at": null,
          "id": "<1>",
          "model": null,
          "title": "Good morning, Nova",
          "updated_at": "2026-01-01T00:00:00Z",
          "use_memory": true
        }
      ],
      "next_before": null
    }
    "#);
    let alone = ada.get(&format!("/api/chat/sessions/{session}")).await.body;
    assert_eq!(alone, list["items"][0]);
    app.finish().await;
}

/// The bodies of messages, newest first.
#[tokio::test]
async fn the_bodies_of_messages() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    app.model
        .answer(Script::says(["Good ", "morning!"]).counts(90, 4));
    let session = ada.say("Good morning, Nova").await.str("session_id");
    insta::assert_snapshot!(redact::json(&history(&ada, &session).await), @r#"
    {
      "items": [
        {
          "content": "Good morning!",
          "created_at": "2026-01-01T00:00:00Z",
          "finish_reason": "stop",
          "id": "<1>",
          "latency_ms": 0,
          "memories": [],
          "model": "llama3.2:latest",
          "parent_id": "<2>",
          "role": "assistant",
          "session_id": "<3>",
          "status": "complete",
          "tokens_used": 10,
          "turn_id": "<4>"
        },
        {
          "content": "Good morning, Nova",
          "created_at": "2026-01-01T00:00:00Z",
          "finish_reason": null,
          "id": "<2>",
          "latency_ms": null,
          "memories": [],
          "model": null,
          "parent_id": null,
          "role": "user",
          "session_id": "<3>",
          "status": "complete",
          "tokens_used": null,
          "turn_id": "<4>"
        }
      ],
      "next_before": null
    }
    "#);
    app.finish().await;
}

/// The body of the list of models, and of an error.
#[tokio::test]
async fn the_bodies_of_models_and_errors() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let models = ada.get("/api/chat/models").await.body;
    insta::assert_snapshot!(redact::json(&models), @r#"
    {
      "default": "llama3.2:latest",
      "demo": false,
      "items": [
        {
          "context_length": 131072,
          "name": "llama3.2:latest",
          "num_ctx": 8192,
          "thinking": false
        }
      ],
      "problem": null,
      "provider": "ollama"
    }
    "#);
    let refused = ada.get("/api/chat/history/none").await;
    insta::assert_snapshot!(redact::json(&refused.body), @r#"
    {
      "code": "not_found",
      "correlation_id": "<1>",
      "error": "There is no such address."
    }
    "#);
    app.finish().await;
}

/// Text is told as it comes, piece by piece, not at the end.
#[tokio::test]
async fn pieces_are_told_as_they_come() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let (script, gate) = four_words();
    app.model.answer(script);
    let (_, mut events) = ask(&ada, "Count").await;
    for (number, word) in ["one ", "two ", "three ", "four"].into_iter().enumerate() {
        gate.release(1);
        let event = events.next().await.unwrap();
        assert_eq!((event.id, event.name.as_str()), (number + 2, "delta"));
        assert_eq!(event.data, json!({"content": word, "done": false}));
    }
    gate.open();
    let done = events.rest().await;
    assert_eq!(done.len(), 1);
    assert_eq!((done[0].id, done[0].name.as_str()), (6, "done"));
    app.finish().await;
}

/// Whoever has to wait in line is told their place in it.
#[tokio::test]
async fn waiting_is_told() {
    let app = TestApp::with(|config| config.model.max_concurrent = 1).await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let gate = Gate::new();
    app.model.answer(Script::says(["first"]).gated(&gate));
    let (_, first) = ask(&ada, "One").await;
    app.model.received(1).await;
    let (_, mut second) = ask(&bob, "Two").await;
    let queued = second.next().await.unwrap();
    assert_eq!((queued.id, queued.name.as_str()), (2, "queued"));
    assert_eq!(queued.data, json!({"position": 1}));
    gate.open();
    assert_eq!(text(&first.rest().await), "first");
    assert_eq!(text(&second.rest().await), "You said: Two");
    app.finish().await;
}

/// What a model thinks is told apart from what it says, and kept apart too.
#[tokio::test]
async fn thinking_is_told_apart() {
    let app = TestApp::new().await;
    app.model
        .install(vec![FakeModel::new("deep:latest").thinking()]);
    let ada = app.user("ada").await;
    app.model
        .answer(Script::says(["Four."]).thinking(["Two and ", "two"]));
    let (start, events) = ask(&ada, "What is two and two?").await;
    let events = events.rest().await;
    let names: Vec<_> = events.iter().map(|e| e.name.as_str()).collect();
    assert_eq!(names, ["thinking", "thinking", "delta", "done"]);
    assert_eq!(
        events[0].data,
        json!({"content": "Two and ", "done": false})
    );
    assert_eq!(text(&events), "Four.");
    let message = super::newest(&ada, &field(&start, "session_id")).await;
    assert_eq!(message["content"], "Four.");
    assert_eq!(message["thinking"], "Two and two");
    app.finish().await;
}

/// An answer that met its bound says so.
#[tokio::test]
async fn a_cut_answer_says_so() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    app.model
        .answer(Script::says(["Once upon a"]).done_reason(Some("length")));
    let (start, events) = ask(&ada, "Tell me a story").await;
    assert_eq!(
        events.rest().await.last().unwrap().data["finish_reason"],
        "length"
    );
    let message = super::newest(&ada, &field(&start, "session_id")).await;
    assert_eq!(
        (&message["status"], &message["finish_reason"]),
        (&json!("complete"), &json!("length"))
    );
    app.finish().await;
}

/// A silent answer keeps its connection: proxies are sent a comment every fifteen seconds.
#[tokio::test]
async fn silence_is_bridged_by_comments() {
    use std::time::Duration;

    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let (script, gate) = four_words();
    app.model.answer(script);
    let body = json!({"message": "Count"});
    let request = ada.request("POST", "/api/chat/stream").json(&body);
    let mut response = request.send().await.unwrap();
    let mut chunk = async || {
        let bytes = response.chunk().await.unwrap().unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    };
    assert!(chunk().await.contains("event: start"));
    app.model.received(1).await;
    let before = app.clock.asleep();
    app.clock.sleepers(before.max(1)).await;
    app.advance(Duration::from_secs(15));
    assert_eq!(chunk().await, ": still here\n\n");
    gate.open();
    assert!(chunk().await.contains("one "));
    app.settle().await;
    app.finish().await;
}
