//! Remembering: what is found, by whom, and what forgetting leaves behind.

mod agreeing;
mod distilling;
mod filling;
mod forgetting;
mod hostile;
mod isolation;
mod jobs;
mod profiles;
mod promoting;
mod real_model;
mod searching;

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

/// What the model was told last beside the conversation.
fn instructions(app: &TestApp) -> String {
    let asked = app.model.requests().pop().unwrap();
    asked["messages"][0]["content"].as_str().unwrap().to_owned()
}
