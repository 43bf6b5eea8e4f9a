//! When the model fails: the message is safe, the reason is told, and asking again works.

use serde_json::{Value, json};

use super::{ask, conversations, field, four_words, history, newest, owned, spoken};
use crate::support::app::TestApp;
use crate::support::fake_ollama::{FakeModel, FakeOllama};
use crate::support::http::{Events, text};
use crate::support::script::Script;

/// Without a model server the message is stored, the reason told in the turn, and as soon as the
/// server is there the same question gets its answer.
#[tokio::test]
async fn a_model_server_that_is_away() {
    let down = FakeOllama::down();
    let app = TestApp::with(|config| config.model.url = down.url()).await;
    let ada = app.user("ada").await;
    let (start, events) = ask(&ada, "Hello").await;
    assert_eq!(start.data["model"], Value::Null);
    assert_eq!(start.data.get("context"), None);
    let events = events.rest().await;
    assert_eq!(events.len(), 1);
    let error = &events[0];
    assert_eq!((error.id, error.name.as_str()), (2, "error"));
    assert_eq!(error.data["code"], "model_unreachable");
    assert_eq!(error.data["done"], true);
    assert!(field(error, "error").contains("ollama serve"), "{error:?}");

    let session = field(&start, "session_id");
    let said = [("user", "Hello", "complete"), ("assistant", "", "failed")];
    assert_eq!(spoken(&ada, &session).await, owned(&said));
    let failed = newest(&ada, &session).await;
    assert_eq!(failed["error"]["code"], "model_unreachable");
    assert_eq!(failed["tokens_used"], Value::Null);
    let models = ada.get("/api/chat/models").await.body;
    assert_eq!(models["problem"]["code"], "model_unreachable");
    assert_eq!(models["problem"]["commands"], json!(["ollama serve"]));

    let _server = down.start();
    let path = format!(
        "/api/chat/messages/{}/regenerate",
        field(&start, "message_id")
    );
    let again = Events::open(ada.request("POST", &path)).await.rest().await;
    assert_eq!(text(&again), "You said: Hello");
    assert_eq!(
        newest(&ada, &session).await["parent_id"],
        failed["parent_id"]
    );
    app.finish().await;
}

/// Who waits for the whole answer is told the same by status and code.
#[tokio::test]
async fn the_waiting_route_answers_503() {
    let down = FakeOllama::down();
    let app = TestApp::with(|config| config.model.url = down.url()).await;
    let ada = app.user("ada").await;
    let answer = ada.say("Hello").await;
    assert_eq!((answer.status, answer.code()), (503, "model_unavailable"));
    assert!(!answer.header("retry-after").is_empty());
    assert!(answer.str("error").contains("ollama serve"), "{answer:?}");
    let session = conversations(&ada).await[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let said = [("user", "Hello", "complete"), ("assistant", "", "failed")];
    assert_eq!(spoken(&ada, &session).await, owned(&said));
    app.finish().await;
}

/// A refusal before the first word is told in the turn, with the server's own reason.
#[tokio::test]
async fn a_model_server_that_refuses() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    for (status, words, code) in [
        (500, "out of memory", "model_failed"),
        (503, "server busy", "model_busy"),
        (401, "", "model_unauthorized"),
    ] {
        app.model.answer(Script::status(status, words));
        let (start, events) = ask(&ada, "Hello").await;
        let events = events.rest().await;
        assert_eq!(events.len(), 1, "{status}");
        assert_eq!(events[0].data["code"], code, "{status}");
        let message = newest(&ada, &field(&start, "session_id")).await;
        assert_eq!(message["status"], "failed");
        assert_eq!(message["error"]["error"], events[0].data["error"]);
    }
    app.finish().await;
}

/// What breaks off in the middle keeps its text, says why, and is told the same way to everybody.
#[tokio::test]
async fn an_answer_that_breaks_off() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let broken = || Script::says(["Once ", "upon "]);
    for (script, code) in [
        (
            broken().error_midstream("the runner died"),
            "model_stream_error",
        ),
        (broken().cut(), "model_stream_cut"),
        (broken().drop_connection(), "model_stream_cut"),
        (broken().garbage(), "model_stream_error"),
    ] {
        app.model.answer(script);
        let (start, events) = ask(&ada, "Tell me a story").await;
        let events = events.rest().await;
        assert_eq!(text(&events), "Once upon ");
        let error = events.last().unwrap();
        assert_eq!(
            (error.name.as_str(), &error.data["code"]),
            ("error", &json!(code))
        );
        assert!(field(error, "error").contains("is kept"), "{error:?}");

        let session = field(&start, "session_id");
        let message = newest(&ada, &session).await;
        assert_eq!(
            (&message["status"], &message["content"]),
            (&json!("interrupted"), &json!("Once upon "))
        );
        assert_eq!(message["error"]["code"], code);
        assert_eq!(ada.say_in(&session, "Go on").await.status, 200);
    }
    app.finish().await;
}

/// The same for who waits: what there is of the answer is an answer, marked as broken off.
#[tokio::test]
async fn the_waiting_route_gets_what_there_is() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    app.model
        .answer(Script::says(["Once ", "upon "]).error_midstream("the runner died"));
    let answer = ada.say("Tell me a story").await;
    assert_eq!(
        (answer.status, &answer.body["status"]),
        (200, &json!("interrupted"))
    );
    assert_eq!(answer.body["response"], "Once upon ");
    assert_eq!(answer.body["error"]["code"], "model_stream_error");
    app.finish().await;
}

/// A model that this request named and nobody has is the request's mistake: nothing is stored.
#[tokio::test]
async fn a_model_that_nobody_has() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let body = json!({"message": "Hello", "model": "none"});
    for path in ["/api/chat/message", "/api/chat/stream"] {
        let refused = ada.post(path, &body).await;
        assert_eq!(
            (refused.status, refused.code()),
            (422, "model_unknown"),
            "{path}"
        );
        assert!(
            refused.body["fields"]["model"]
                .as_str()
                .unwrap()
                .contains("none"),
            "{refused:?}"
        );
    }
    assert_eq!(conversations(&ada).await, [] as [Value; 0]);
    assert_eq!(ada.get("/api/memory").await.body["total"], 0);
    assert_eq!(app.model.requests().len(), 0);
    app.finish().await;
}

/// A conversation whose model was removed since says so in the turn; the message is safe.
#[tokio::test]
async fn a_conversations_model_that_was_removed() {
    let app = TestApp::new().await;
    app.model.install(vec![
        FakeModel::new("first:latest"),
        FakeModel::new("second:latest"),
    ]);
    let ada = app.user("ada").await;
    let body = json!({"message": "Hello", "model": "second"});
    let answer = ada.post("/api/chat/message", &body).await;
    assert_eq!(answer.body["model"], "second:latest", "{answer:?}");
    let session = answer.str("session_id");
    ada.say_in(&session, "Still you?").await;
    let asked = app.model.requests().pop().unwrap();
    assert_eq!(
        asked["model"], "second:latest",
        "a conversation keeps its model"
    );

    app.model.install(vec![FakeModel::new("first:latest")]);
    let refused = ada.say_in(&session, "And now?").await;
    assert_eq!((refused.status, refused.code()), (503, "model_unavailable"));
    assert_eq!(
        newest(&ada, &session).await["error"]["code"],
        "model_not_found"
    );
    assert_eq!(
        history(&ada, &session).await["items"][1]["content"],
        "And now?"
    );
    let other = json!({"message": "And now?", "session_id": session, "model": "first"});
    assert_eq!(
        ada.post("/api/chat/message", &other).await.body["response"],
        "You said: And now?"
    );
    app.finish().await;
}

/// When storage fails in the middle, the reader is told that the answer is not safe, and after the
/// next start it is marked as cut off: no answer stays "streaming" for ever.
#[tokio::test]
async fn an_end_that_cannot_be_stored_is_told() {
    let mut app = TestApp::new().await;
    let ada = app.user("ada").await;
    let (script, gate) = four_words();
    app.model.answer(script);
    let (start, mut events) = ask(&ada, "Count").await;
    gate.release(1);
    events.next().await.unwrap();
    app.app.store.close().unwrap();
    gate.open();
    let end = events.rest().await.pop().unwrap();
    assert_eq!(
        (end.name.as_str(), &end.data["code"]),
        ("error", &json!("internal"))
    );
    assert_eq!(end.data["done"], true);
    assert!(
        field(&end, "error").starts_with("Something went wrong"),
        "{end:?}"
    );

    app.crash_and_reopen().await;
    let ada = app.user("ada").await;
    let session = field(&start, "session_id");
    assert_eq!(newest(&ada, &session).await["status"], "interrupted");
    assert_eq!(ada.say_in(&session, "Again?").await.status, 200);
    app.finish().await;
}
