//! A real crash: SIGKILL in the middle of an answer.

use serde_json::{Value, json};

use crate::support::app::PASSWORD;
use crate::support::http::Person;
use crate::support::process::Place;
use crate::support::script::{Gate, Script};

async fn newest(person: &Person, session: &str) -> Value {
    let path = format!("/api/chat/history/{session}");
    person.get(&path).await.body["items"][0].clone()
}

/// What was written before the process was killed is there afterwards, marked as cut off, together
/// with everything that was told to be stored; and the conversation goes on.
#[tokio::test]
async fn killed_in_the_middle_of_an_answer() {
    let place = Place::new();
    let words = [
        "user",
        "create",
        "ada@example.org",
        "--admin",
        "--password-stdin",
    ];
    assert!(place.run(&words, PASSWORD).await.status.success());
    let program = place.serve().await;
    let ada = program.sign_in("ada@example.org").await;
    let told = ada.say("My sister Clara lives in Lisbon.").await;
    assert_eq!(told.status, 200);

    // Pieces of this size are kept at once, without waiting for the half second.
    let (gate, piece) = (Gate::new(), "And so on. ".repeat(500));
    place
        .model
        .answer(Script::says([piece.clone(), "never".into(), "said".into()]).gated(&gate));
    let mut events = ada
        .stream(&json!({"message": "Tell me a long story"}))
        .await;
    let start = events.next().await.unwrap().data;
    let session = start["session_id"].as_str().unwrap().to_owned();
    gate.release(1);
    events.until("delta").await;
    while newest(&ada, &session).await["content"] == "" {}
    program.kill().await;
    drop(events);

    let program = place.serve().await;
    let ada = program.sign_in("ada@example.org").await;
    let message = newest(&ada, &session).await;
    assert_eq!(message["content"], json!(piece));
    assert_eq!(
        (&message["status"], &message["finish_reason"]),
        (&json!("interrupted"), &json!("interrupted"))
    );
    let turn = start["turn_id"].as_str().unwrap();
    let again = ada
        .get(&format!("/api/chat/turns/{turn}/events"))
        .await
        .text;
    assert!(
        again.contains("event: snapshot") && again.contains("\"code\":\"interrupted\""),
        "{again}"
    );

    let answer = ada.say_in(&session, "Go on").await;
    assert_eq!(answer.str("response"), "You said: Go on");
    let old = format!("/api/chat/history/{}", told.str("session_id"));
    assert_eq!(ada.get(&old).await.body["items"][0]["status"], "complete");
    let found = ada
        .post("/api/memory/search", &json!({"query": "Clara"}))
        .await
        .body;
    assert_eq!(
        found["results"][0]["text"],
        "My sister Clara lives in Lisbon."
    );
    assert!(program.log().contains("\"answers\":1"), "{}", program.log());
}
