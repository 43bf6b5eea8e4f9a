//! Talking: answers as they come, and what is left of them; conversations; what the model is given.

mod branches;
mod conversations;
mod events;
mod failures;
mod given;
mod idempotency;
mod input;
mod lists;
mod prompt;
mod removing;
mod resume;
mod stopping;
mod titles;

use serde_json::{Value, json};

use crate::support::app::said;
use crate::support::http::{Event, Events, Person};
use crate::support::script::{Gate, Script};

/// All messages of a conversation, newest first.
async fn history(person: &Person, session: &str) -> Value {
    let path = format!("/api/chat/history/{session}?limit=1000");
    person.get(&path).await.body
}

/// The newest message, which is the last answer.
async fn newest(person: &Person, session: &str) -> Value {
    history(person, session).await["items"][0].clone()
}

/// The text of an event's field.
fn field(event: &Event, name: &str) -> String {
    event.data[name].as_str().unwrap().to_owned()
}

/// The conversations of a person, last used first.
async fn conversations(person: &Person) -> Vec<Value> {
    let list = person.get("/api/chat/sessions").await.body;
    list["items"].as_array().unwrap().clone()
}

/// An answer of four words, and the gate that holds each back.
fn four_words() -> (Script, Gate) {
    let gate = Gate::new();
    let words = ["one ", "two ", "three ", "four"];
    (Script::says(words).gated(&gate), gate)
}

/// Asks something, and the first event of the answer.
async fn ask(person: &Person, message: &str) -> (Event, Events) {
    let mut events = person.stream(&json!({"message": message})).await;
    let start = events.next().await.unwrap();
    assert_eq!((start.id, start.name.as_str()), (1, "start"));
    (start, events)
}

/// Follows a turn again, from after this event on.
async fn follow(person: &Person, turn: &str, last: Option<&str>) -> Events {
    let request = person.request("GET", &format!("/api/chat/turns/{turn}/events"));
    Events::open(match last {
        Some(last) => request.header("last-event-id", last),
        None => request,
    })
    .await
}

/// What was said, as (role, content, status), oldest first.
async fn spoken(person: &Person, session: &str) -> Vec<(String, String, String)> {
    said(&history(person, session).await)
}

fn owned(rows: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
    rows.iter()
        .map(|(a, b, c)| ((*a).to_owned(), (*b).to_owned(), (*c).to_owned()))
        .collect()
}
