//! Remembering: what is found, by whom, and what forgetting leaves behind.

mod agreeing;
mod citing;
mod context;
mod corrections;
mod crowd;
mod distilling;
mod distilling_again;
mod duplicates;
mod far;
mod files;
mod filling;
mod forgetting;
mod forgetting_many;
mod hostile;
mod importing;
mod isolation;
mod jobs;
mod jobs_shared;
mod listing;
mod managing;
mod meaning;
mod meaning_models;
mod opening;
mod picture;
mod profiles;
mod promoting;
mod quality;
mod real_model;
mod searching;
mod speakers;
mod storing;
mod strangers;
mod superseding;
mod traces;
mod without;

use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::http::{Answer, Person};

async fn search(person: &Person, query: &str) -> Answer {
    let body = json!({"query": query});
    person.post("/api/memory/search", &body).await
}

/// The texts that a search finds, best first.
async fn found(person: &Person, query: &str) -> Vec<String> {
    texts(&search(person, query).await.body["results"])
}

fn texts(items: &Value) -> Vec<String> {
    let items = items.as_array().unwrap().iter();
    items
        .map(|item| item["text"].as_str().unwrap().to_owned())
        .collect()
}

/// The texts of all a person has, newest first.
async fn all(person: &Person) -> Vec<String> {
    texts(&person.get("/api/memory?limit=1000").await.body["items"])
}

/// Tells something in a conversation of its own, with nothing but an "Ah." as the answer.
async fn tell(app: &TestApp, person: &Person, what: &str) -> Answer {
    app.model
        .answer(crate::support::script::Script::says(["Ah."]));
    let answer = person.say(what).await;
    app.settle().await;
    answer
}

/// The memory with this text.
async fn id_of(person: &Person, text: &str) -> String {
    let list = person.get("/api/memory?limit=1000").await.body;
    let mut items = list["items"].as_array().unwrap().iter();
    let item = items.find(|item| item["text"] == text);
    item.unwrap_or_else(|| panic!("no {text} in {list}"))["id"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// Stores something by hand, which must be taken; its id.
async fn stored(person: &Person, memory: &Value) -> String {
    let answer = person.post("/api/memory/store", memory).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.str("id")
}

/// Stores a note; its id.
async fn note(person: &Person, text: &str) -> String {
    stored(person, &json!({"text": text})).await
}

/// Hands in a file of these lines.
async fn import(person: &Person, lines: &[Value]) -> Answer {
    let lines: Vec<_> = lines.iter().map(Value::to_string).collect();
    import_text(person, lines.join("\n")).await
}

async fn import_text(person: &Person, text: impl Into<reqwest::Body>) -> Answer {
    let request = person
        .request("POST", "/api/memory/import")
        .header("content-type", "application/x-ndjson")
        .body(text);
    Person::send(request).await
}

/// The lines of a person's file, without the first.
async fn export(person: &Person) -> Vec<Value> {
    let file = person.get("/api/memory/export").await;
    assert_eq!(file.status, 200, "{file:?}");
    let lines = file.text.lines().skip(1);
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

async fn one(person: &Person, id: &str) -> Answer {
    person.get(&format!("/api/memory/{id}")).await
}

async fn forget(person: &Person, what: &Value) -> Answer {
    person.post("/api/memory/forget", what).await
}

/// With nothing in the way of one who does a lot.
async fn unlimited() -> TestApp {
    TestApp::with(|config| config.limits.enabled = false).await
}

/// What the model was told last beside the conversation.
fn instructions(app: &TestApp) -> String {
    let asked = app.model.requests().pop().unwrap();
    asked["messages"][0]["content"].as_str().unwrap().to_owned()
}
