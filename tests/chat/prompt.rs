//! What the model is given: a window of its own size, the conversation as far as it fits, memories.

use serde_json::json;

use super::{ask, field};
use crate::support::app::TestApp;
use crate::support::fake_ollama::FakeModel;

/// The window is always sent, and the server is told not to cut anything in silence.
#[tokio::test]
async fn the_window_is_ours_to_fill() {
    let app = TestApp::new().await;
    app.model.install(vec![
        FakeModel::new("small:latest").context(4096),
        FakeModel::new("large:latest"),
    ]);
    let ada = app.user("ada").await;
    for (model, window) in [("small", 4096), ("large", 8192)] {
        let body = json!({"message": "Hello", "model": model});
        let mut events = ada.stream(&body).await;
        let start = events.next().await.unwrap();
        assert_eq!(start.data["context"]["limit"], window);
        assert_eq!(start.data["context"]["dropped"], 0);
        events.rest().await;
        let asked = app.model.requests().pop().unwrap();
        assert_eq!(asked["options"]["num_ctx"], window);
        assert_eq!(
            (&asked["truncate"], &asked["shift"]),
            (&json!(false), &json!(false))
        );
        assert_eq!(asked["stream"], true);
    }
    app.finish().await;
}

/// The instructions come first, with today's date; an operator's own replace ours.
#[tokio::test]
async fn the_instructions_stand_first() {
    let own = TestApp::with(|config| config.chat.instructions = "You are a parrot.".into()).await;
    own.user("ada").await.say("Hello").await;
    let asked = own.model.requests().pop().unwrap();
    assert_eq!(
        asked["messages"],
        json!([
            {"role": "system", "content": "You are a parrot.\nToday is Thursday, 1 January 2026."},
            {"role": "user", "content": "Hello"},
        ])
    );
    own.finish().await;
}

/// The conversation goes along, oldest first; what was failed or empty is left out.
#[tokio::test]
async fn the_conversation_goes_along() {
    use crate::support::script::Script;

    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let session = ada.say("One").await.str("session_id");
    app.model.answer(Script::status(500, "broken"));
    ada.say_in(&session, "Two").await;
    ada.say_in(&session, "Three").await;
    let asked = app.model.requests().pop().unwrap();
    let messages = asked["messages"].as_array().unwrap()[1..].to_vec();
    let said = [
        ("user", "One"),
        ("assistant", "You said: One"),
        ("user", "Two"),
        ("user", "Three"),
    ];
    let said = said.map(|(role, content)| json!({"role": role, "content": content}));
    assert_eq!(messages, said);
    app.finish().await;
}

/// When the window is full the oldest messages are left out, the newest never, and the answer says
/// how many were.
#[tokio::test]
async fn a_long_conversation_drops_its_oldest_and_says_so() {
    let app = TestApp::with(|config| config.model.num_ctx = 512).await;
    let ada = app.user("ada").await;
    let session = ada.say("The very first words").await.str("session_id");
    let mut dropped = 0;
    for number in 1..=8 {
        let message = format!("Number {number}: {}", "a few more words ".repeat(6));
        let body = json!({"message": message, "session_id": session});
        let mut events = ada.stream(&body).await;
        let start = events.next().await.unwrap();
        events.rest().await;
        let context = &start.data["context"];
        let asked = app.model.requests().pop().unwrap();
        let sent = asked["messages"].as_array().unwrap().clone();
        assert_eq!(sent.last().unwrap()["content"], json!(message));
        let earlier = usize::try_from(number).unwrap() * 2;
        let now_dropped = usize::try_from(context["dropped"].as_u64().unwrap()).unwrap();
        assert_eq!(now_dropped, earlier - (sent.len() - 2), "{context}");
        assert!(now_dropped >= dropped);
        assert!(context["used"].as_u64().unwrap() <= 512 - 128, "{context}");
        let has_first = sent.iter().any(|m| m["content"] == "The very first words");
        assert_eq!(has_first, now_dropped == 0);
        dropped = now_dropped;
    }
    assert!(dropped > 4, "the window was never full");
    app.finish().await;
}

/// Of a long conversation the latest exchanges go along, as many as are set.
#[tokio::test]
async fn so_many_exchanges_go_along() {
    let app = TestApp::with(|config| config.chat.history_exchanges = 2).await;
    let ada = app.user("ada").await;
    let session = ada.say("One").await.str("session_id");
    for message in ["Two", "Three", "Four"] {
        ada.say_in(&session, message).await;
    }
    let asked = app.model.requests().pop().unwrap();
    let sent = asked["messages"].as_array().unwrap()[1..].to_vec();
    let said: Vec<_> = sent
        .iter()
        .map(|m| m["content"].as_str().unwrap())
        .collect();
    assert_eq!(
        said,
        ["Two", "You said: Two", "Three", "You said: Three", "Four"]
    );
    app.finish().await;
}

/// What is recalled is of other conversations: what was said in this one stands in it already.
#[tokio::test]
async fn a_conversation_does_not_recall_itself() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let (start, events) = ask(&ada, "My sister Clara lives in Lisbon.").await;
    events.rest().await;
    app.settle().await;
    let session = field(&start, "session_id");
    let body = json!({"message": "Where does my sister live?", "session_id": session});
    let mut here = ada.stream(&body).await;
    assert_eq!(here.next().await.unwrap().data["memories"], json!([]));
    here.rest().await;
    app.settle().await;
    let (elsewhere, events) = ask(&ada, "Where does my sister Clara live?").await;
    events.rest().await;
    let memories = elsewhere.data["memories"].as_array().unwrap();
    assert_eq!(memories[0]["text"], "My sister Clara lives in Lisbon.");
    assert_eq!(memories[0]["session_id"], json!(session));
    assert_eq!(
        memories[0]["session_title"],
        "My sister Clara lives in Lisbon."
    );
    app.finish().await;
}

/// Messages beyond the configured number of exchanges are left out, and told like all others.
#[tokio::test]
async fn what_is_beyond_the_configured_exchanges_is_told() {
    let app = TestApp::with(|config| config.chat.history_exchanges = 1).await;
    let ada = app.user("ada").await;
    let session = ada.say("One").await.str("session_id");
    for message in ["Two", "Three"] {
        ada.say_in(&session, message).await;
    }
    let body = json!({"message": "Four", "session_id": session});
    let mut events = ada.stream(&body).await;
    let start = events.next().await.unwrap();
    assert_eq!(start.data["context"]["dropped"], 4, "of six, two go along");
    events.rest().await;
    app.finish().await;
}
