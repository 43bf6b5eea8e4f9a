//! What is served for a sign-in ends with it, also in the middle of an answer.

use serde_json::json;

use crate::support::app::{TestApp, said};
use crate::support::http::{Person, text};
use crate::support::script::{Gate, Script};

/// An answer that is being streamed to `person`, up to its first words.
async fn half_an_answer(app: &TestApp, person: &Person) -> (Gate, crate::support::http::Events) {
    let gate = Gate::new();
    app.model
        .answer(Script::says(["Half ", "and whole."]).gated(&gate));
    let mut events = person.stream(&json!({"message": "Go on"})).await;
    events.until("start").await;
    gate.release(1);
    events.until("delta").await;
    (gate, events)
}

/// Ending a sign-in ends the streams it opened at once; the answer belongs to the server and is
/// written to its end.
#[tokio::test]
async fn a_stream_ends_with_its_sign_in() {
    let app = TestApp::new().await;
    let (lost, own) = (app.user("ada").await, app.user("ada").await);
    let (gate, events) = half_an_answer(&app, &lost).await;
    let own_events = own.get("/api/auth/sessions").await.body;
    let others = own_events["items"].as_array().unwrap().len();
    assert_eq!(others, 2);
    assert_eq!(own.delete("/api/auth/sessions").await.status, 204);
    // The end comes although the model has not said another word.
    assert_eq!(text(&events.rest().await), "");
    assert_eq!(lost.get("/api/auth/me").await.code(), "session_revoked");
    assert_eq!(own.get("/api/auth/me").await.status, 200, "this one stays");
    gate.open();
    app.settle().await;
    let conversations = own.get("/api/chat/sessions").await.body;
    let id = conversations["items"][0]["id"].as_str().unwrap();
    let history = own.get(&format!("/api/chat/history/{id}")).await.body;
    assert_eq!(said(&history)[1].1, "Half and whole.");
    app.finish().await;
}

/// Whoever waits for a whole answer hears that the sign-in ended, and does not get the answer.
#[tokio::test]
async fn a_waiting_request_ends_with_its_sign_in() {
    let app = TestApp::new().await;
    let (lost, own) = (app.user("ada").await, app.user("ada").await);
    let gate = Gate::new();
    app.model.answer(Script::says(["Late."]).gated(&gate));
    let ending = async {
        app.model.asked(1).await;
        assert_eq!(own.delete("/api/auth/sessions").await.status, 204);
    };
    let (answer, ()) = tokio::join!(lost.say("Go on"), ending);
    assert_eq!((answer.status, answer.code()), (401, "session_revoked"));
    gate.open();
    app.finish().await;
}

/// A changed password ends every other sign-in with its streams, and leaves this one.
#[tokio::test]
async fn a_changed_password_ends_the_others() {
    let app = TestApp::new().await;
    let (lost, own) = (app.user("ada").await, app.user("ada").await);
    let (gate, events) = half_an_answer(&app, &lost).await;
    let change = json!({"current_password": crate::support::app::PASSWORD, "new_password": "another calm river"});
    assert_eq!(
        own.post("/api/auth/change-password", &change).await.status,
        204
    );
    assert_eq!(text(&events.rest().await), "");
    assert_eq!(own.get("/api/auth/me").await.status, 200);
    gate.open();
    app.finish().await;
}
