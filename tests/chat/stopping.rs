//! How an answer ends before its end: nobody listens, somebody stops it, the program ends.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use serde_json::json;
use tower::ServiceExt as _;

use super::{ask, field, follow, four_words, newest, owned, spoken};
use crate::support::app::TestApp;
use crate::support::http::text;
use crate::support::script::Script;

/// An answer belongs to the server: who hangs up in the middle finds it whole later.
#[tokio::test]
async fn an_answer_is_finished_without_a_listener() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let (script, gate) = four_words();
    app.model.answer(script);
    let (start, mut events) = ask(&ada, "Count").await;
    gate.release(3);
    for _ in 0..3 {
        events.next().await.unwrap();
    }
    drop(events);
    gate.open();
    app.settle().await;
    let said = spoken(&ada, &field(&start, "session_id")).await;
    let whole = [
        ("user", "Count", "complete"),
        ("assistant", "one two three four", "complete"),
    ];
    assert_eq!(said, owned(&whole));
    app.finish().await;
}

/// Stop is real: the model is no longer asked, what was written stays, and everybody is told.
#[tokio::test]
async fn stopping_keeps_what_was_written() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let (script, gate) = four_words();
    app.model.answer(script);
    let (start, mut events) = ask(&ada, "Count").await;
    let (turn, session) = (field(&start, "turn_id"), field(&start, "session_id"));
    gate.release(2);
    events.next().await.unwrap();
    events.next().await.unwrap();
    let stop = format!("/api/chat/turns/{turn}/stop");
    assert_eq!(ada.post(&stop, &json!({})).await.status, 204);
    let message = newest(&ada, &session).await;
    assert_eq!(message["status"], "stopped", "stored before stop answers");
    assert_eq!(message["finish_reason"], "stopped");
    assert_eq!(message["content"], "one two ");
    let end = events.rest().await;
    assert_eq!((end.len(), end[0].name.as_str()), (1, "done"));
    assert_eq!(end[0].data["finish_reason"], "stopped");
    app.model.aborted(1).await;

    assert_eq!(
        ada.post(&stop, &json!({})).await.status,
        204,
        "stopped already"
    );
    assert_eq!(newest(&ada, &session).await, message);
    assert_eq!(ada.say_in(&session, "Go on").await.status, 200);
    app.finish().await;
}

/// An answer that has not begun can be stopped too, and one that is whole stays whole.
#[tokio::test]
async fn stopping_before_the_first_word_and_after_the_last() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    app.model.answer(Script::hang());
    let (start, events) = ask(&ada, "Hello?").await;
    app.model.received(1).await;
    let stop = async |turn: String| {
        ada.post(&format!("/api/chat/turns/{turn}/stop"), &json!({}))
            .await
            .status
    };
    assert_eq!(stop(field(&start, "turn_id")).await, 204);
    assert_eq!(
        events.rest().await.last().unwrap().data["finish_reason"],
        "stopped"
    );
    let message = newest(&ada, &field(&start, "session_id")).await;
    assert_eq!(
        (&message["status"], &message["content"]),
        (&json!("stopped"), &json!(""))
    );

    let (start, events) = ask(&ada, "Hello").await;
    events.rest().await;
    assert_eq!(stop(field(&start, "turn_id")).await, 204);
    let message = newest(&ada, &field(&start, "session_id")).await;
    assert_eq!(message["status"], "complete");
    app.finish().await;
}

/// A crash in the middle of an answer costs at most what was written in the last half second: the
/// rest is kept, marked as cut off, and remembered.
#[tokio::test]
async fn a_crash_keeps_what_was_written() {
    let mut app = TestApp::new().await;
    let ada = app.user("ada").await;
    let (script, gate) = four_words();
    app.model.answer(script);
    let (start, mut events) = ask(&ada, "Count").await;
    let (session, turn) = (field(&start, "session_id"), field(&start, "turn_id"));
    gate.release(1);
    events.next().await.unwrap();
    app.advance(Duration::from_millis(600));
    for _ in 0..2 {
        gate.release(1);
        events.next().await.unwrap();
    }
    // The second piece came after the half second, so it was handed to the writer before the third
    // was read; what is written after it follows it.
    app.app
        .store
        .write(|_| Ok::<_, novacore::error::Error>(()))
        .await
        .unwrap();
    app.crash_and_reopen().await;
    drop(events);

    let ada = app.user("ada").await;
    let message = newest(&ada, &session).await;
    assert_eq!(message["content"], "one two ");
    assert_eq!(message["status"], "interrupted");
    assert_eq!(message["finish_reason"], "interrupted");
    let told = follow(&ada, &turn, None).await.rest().await;
    assert_eq!(told[1].data, json!({"content": "one two "}));
    app.settle().await;
    let found = ada
        .post("/api/memory/search", &json!({"query": "two"}))
        .await
        .body;
    assert_eq!(found["results"][0]["text"], "one two ");
    assert_eq!(
        ada.say_in(&session, "Go on").await.status,
        200,
        "the conversation goes on"
    );
    app.finish().await;
}

/// While the program shuts down nothing new begins, and what runs may end.
#[tokio::test]
async fn a_shutdown_lets_answers_end_and_begins_none() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let (script, gate) = four_words();
    app.model.answer(script);
    let (_, events) = ask(&ada, "Count").await;
    app.model.received(1).await;
    app.app.tasks.drain.cancel();

    // The port is closed already, so the request that was under way is put in by hand.
    for path in ["/api/chat/stream", "/api/chat/message"] {
        let request = Request::post(path)
            .header(
                "authorization",
                format!("Bearer {}", ada.token.as_ref().unwrap()),
            )
            .header("content-type", "application/json")
            .body(Body::from(r#"{"message": "One more"}"#));
        let router = novacore::router::router(app.app.clone());
        let response = router.oneshot(request.unwrap()).await.unwrap();
        assert_eq!(response.status(), 503);
        assert!(response.headers().contains_key("retry-after"));
        let body = axum::body::to_bytes(response.into_body(), 10_000)
            .await
            .unwrap();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["code"], "shutting_down");
    }
    gate.open();
    let events = events.rest().await;
    assert_eq!(text(&events), "one two three four");
    assert_eq!(events.last().unwrap().name, "done");
    app.finish().await;
}

/// An answer that cannot end in time is marked as cut off, with its text, and everybody is told.
#[tokio::test]
async fn a_hard_stop_marks_what_runs() {
    let mut app = TestApp::new().await;
    let ada = app.user("ada").await;
    let (script, gate) = four_words();
    app.model.answer(script);
    let (start, mut events) = ask(&ada, "Count").await;
    gate.release(1);
    events.next().await.unwrap();
    app.app.tasks.drain.cancel();
    app.app.tasks.stop.cancel();
    let end = events.rest().await;
    assert_eq!(
        (end[0].name.as_str(), &end[0].data["code"]),
        ("error", &json!("interrupted"))
    );
    app.app.tasks.quiet().await;
    app.crash_and_reopen().await;
    let ada = app.user("ada").await;
    let message = newest(&ada, &field(&start, "session_id")).await;
    assert_eq!(
        (&message["status"], &message["content"]),
        (&json!("interrupted"), &json!("one "))
    );
    app.finish().await;
}

/// A client that hangs up while its turn is being begun leaves a turn that ends, or none.
#[tokio::test]
async fn hanging_up_at_any_moment_leaves_nothing_running() {
    use tokio::io::AsyncWriteExt as _;

    let app = TestApp::with(|config| config.limits.answers_per_user = 0).await;
    let ada = app.user("ada").await;
    let body = json!({"message": "Hello"}).to_string();
    let request = format!(
        "POST /api/chat/stream HTTP/1.1\r\nhost: nova\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        ada.token.as_deref().unwrap(),
        body.len()
    );
    let address = app.url.strip_prefix("http://").unwrap();
    for tries in 0..30 {
        let mut connection = tokio::net::TcpStream::connect(address).await.unwrap();
        connection.write_all(request.as_bytes()).await.unwrap();
        for _ in 0..tries {
            tokio::task::yield_now().await;
        }
        drop(connection);
    }
    // One more that stays tells that all before it have been taken up.
    assert_eq!(ada.say("Still there?").await.status, 200);
    app.settle().await;
    let sessions = ada.get("/api/chat/sessions?limit=100").await.body;
    for session in sessions["items"].as_array().unwrap() {
        let newest = newest(&ada, session["id"].as_str().unwrap()).await;
        assert_eq!(newest["status"], "complete");
    }
    app.finish().await;
}
