//! Forgetting: after it the words are nowhere.

use serde_json::{Value, json};

use super::{all, found, id_of, instructions, tell};
use crate::support::app::TestApp;
use crate::support::http::Person;

const FACT: &str = "My sister Clara lives in Lisbon.";

/// Tells the fact and has an answer use it; the conversation of that answer.
async fn used(app: &TestApp, ada: &Person) -> String {
    tell(app, ada, FACT).await;
    let answer = tell(app, ada, "Where does my sister live?").await;
    assert_eq!(answer.body["memories"][0]["text"], FACT);
    answer.str("session_id")
}

/// The memories of the newest answer in a conversation.
async fn memories(ada: &Person, session: &str) -> Value {
    let history = ada.get(&format!("/api/chat/history/{session}")).await.body;
    history["items"][0]["memories"].clone()
}

/// A forgotten memory is in no list, no search, no later prompt, and no longer shown with the answers
/// that used it. The message it came from stays.
#[tokio::test]
async fn a_forgotten_memory_is_nowhere() {
    let mut app = TestApp::new().await;
    let ada = app.user("ada").await;
    let session = used(&app, &ada).await;
    let before = memories(&ada, &session).await;
    assert_eq!(
        (&before[0]["text"], &before[0]["forgotten"]),
        (&json!(FACT), &json!(false))
    );
    let id = id_of(&ada, FACT).await;
    assert_eq!(ada.delete(&format!("/api/memory/{id}")).await.status, 204);
    // Nothing has settled yet: forgetting does not wait for the index.
    for crashed in [false, true] {
        let ada = app.user("ada").await;
        assert_eq!(
            found(&ada, "Lisbon").await,
            [] as [&str; 0],
            "crashed: {crashed}"
        );
        assert!(!all(&ada).await.contains(&FACT.to_owned()));
        let gone = ada.get(&format!("/api/memory/{id}")).await;
        assert_eq!((gone.status, gone.code()), (404, "not_found"));
        let shown = memories(&ada, &session).await;
        assert_eq!(shown[0]["id"], json!(id));
        assert_eq!(
            (&shown[0]["text"], &shown[0]["forgotten"]),
            (&json!(""), &json!(true))
        );
        assert_eq!(shown[0]["session_id"], Value::Null);
        ada.say("Where does my sister Clara live?").await;
        assert!(!instructions(&app).contains("Lisbon"), "crashed: {crashed}");
        let conversations = ada.get("/api/chat/sessions?limit=1000").await.body;
        let titles = conversations["items"].as_array().unwrap().iter();
        let origin = titles.clone().find(|c| c["title"] == FACT).unwrap();
        let path = format!("/api/chat/history/{}", origin["id"].as_str().unwrap());
        assert_eq!(
            ada.get(&path).await.body["items"][1]["content"],
            FACT,
            "the message stays"
        );
        if !crashed {
            app.crash_and_reopen().await;
        }
    }
    app.settle().await;
    let again = app
        .user("ada")
        .await
        .delete(&format!("/api/memory/{id}"))
        .await;
    assert_eq!(again.status, 404);
    app.finish().await;
}

/// An answer's events, told again, do not bring back what was forgotten since.
#[tokio::test]
async fn events_told_again_from_storage_have_forgotten_too() {
    let mut app = TestApp::new().await;
    let ada = app.user("ada").await;
    let session = used(&app, &ada).await;
    let history = ada.get(&format!("/api/chat/history/{session}")).await.body;
    let turn = history["items"][0]["turn_id"].as_str().unwrap().to_owned();
    ada.delete(&format!("/api/memory/{}", id_of(&ada, FACT).await))
        .await;
    app.crash_and_reopen().await;
    let told = app
        .user("ada")
        .await
        .get(&format!("/api/chat/turns/{turn}/events"))
        .await;
    assert!(told.text.contains("\"forgotten\":true"), "{}", told.text);
    assert!(!told.text.contains("Lisbon"), "{}", told.text);
    app.settle().await;
    app.finish().await;
}

/// Deleting a conversation forgets what was said in it, also where later answers used it.
#[tokio::test]
async fn deleting_a_conversation_forgets_where_it_was_used() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let session = used(&app, &ada).await;
    let origin = memories(&ada, &session).await[0]["session_id"].clone();
    let path = format!("/api/chat/sessions/{}", origin.as_str().unwrap());
    assert_eq!(ada.delete(&path).await.status, 204);
    let shown = memories(&ada, &session).await;
    assert_eq!(
        (&shown[0]["text"], &shown[0]["forgotten"]),
        (&json!(""), &json!(true))
    );
    assert_eq!(found(&ada, "Lisbon").await, [] as [&str; 0]);
    app.settle().await;
    app.finish().await;
}

/// Forgetting one memory leaves the others, also those of the same conversation.
#[tokio::test]
async fn forgetting_takes_one() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let session = tell(&app, &ada, FACT).await.str("session_id");
    app.model
        .answer(crate::support::script::Script::says(["Oh."]));
    ada.say_in(&session, "My sister Dora lives in Lisbon too.")
        .await;
    app.settle().await;
    ada.delete(&format!("/api/memory/{}", id_of(&ada, FACT).await))
        .await;
    app.settle().await;
    assert_eq!(
        all(&ada).await,
        ["Oh.", "My sister Dora lives in Lisbon too.", "Ah."]
    );
    assert_eq!(
        found(&ada, "Lisbon").await,
        ["My sister Dora lives in Lisbon too."]
    );
    assert_eq!(ada.get("/api/memory").await.body["total"], 3);
    app.finish().await;
}

/// Nor do they within the hour in which the very same events are told again.
#[tokio::test]
async fn events_told_again_at_once_have_forgotten_too() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let session = used(&app, &ada).await;
    let history = ada.get(&format!("/api/chat/history/{session}")).await.body;
    let events = format!(
        "/api/chat/turns/{}/events",
        history["items"][0]["turn_id"].as_str().unwrap()
    );
    assert!(
        ada.get(&events).await.text.contains("Lisbon"),
        "told as they were"
    );
    ada.delete(&format!("/api/memory/{}", id_of(&ada, FACT).await))
        .await;
    let told = ada.get(&events).await;
    assert!(told.text.contains("\"forgotten\":true"), "{}", told.text);
    assert!(!told.text.contains("Lisbon"), "{}", told.text);
    app.settle().await;
    app.finish().await;
}

/// The index forgets too: nobody who gets hold of it learns which words were said.
#[tokio::test]
async fn the_index_forgets_too() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    tell(&app, &ada, FACT).await;
    let user = ada.get("/api/auth/me").await.str("id").parse().unwrap();
    let hits = || app.app.text.postings(user, "lisbon").unwrap().len();
    assert_eq!(hits(), 1);
    let path = format!("/api/memory/{}", id_of(&ada, FACT).await);
    assert_eq!(ada.delete(&path).await.status, 204);
    app.settle().await;
    assert_eq!(hits(), 0);
    app.finish().await;
}
