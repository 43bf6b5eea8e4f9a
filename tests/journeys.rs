//! The walkthroughs: what a person does from the first minute on, one test each.

use serde_json::json;

use super::support::app::{TestApp, said};
use super::support::http::text;

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
