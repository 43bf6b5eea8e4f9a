//! What an answer was given of memory: what stood in its prompt, and nothing else.

use serde_json::{Value, json};

use super::{ask, history};
use crate::support::app::TestApp;
use crate::support::fake_ollama::FakeOllama;
use crate::support::http::{Events, Person};
use crate::support::script::Script;

/// The instructions that the model was given last.
fn instructions(app: &TestApp) -> String {
    let asked = app.model.requests().pop().unwrap();
    asked["messages"][0]["content"].as_str().unwrap().to_owned()
}

async fn store(person: &Person, text: &str) -> String {
    let body = json!({"text": text});
    person.post("/api/memory/store", &body).await.str("id")
}

async fn times_used(person: &Person, id: &str) -> Value {
    person.get(&format!("/api/memory/{id}")).await.body["times_used"].clone()
}

fn texts(memories: &Value) -> Vec<&str> {
    let memories = memories.as_array().unwrap().iter();
    memories
        .map(|memory| memory["text"].as_str().unwrap())
        .collect()
}

/// Of a long conversation what its prompt has no room for any more is recalled, and what stands there is not.
#[tokio::test]
async fn the_beginning_of_a_long_conversation_is_recalled() {
    let app = TestApp::with(|config| config.chat.history_exchanges = 2).await;
    let ada = app.user("ada").await;
    let first = "My sister Clara lives in Lisbon.";
    let session = ada.say(first).await.str("session_id");
    for words in [
        "It rains.",
        "It snows.",
        "My brother Anton lives in Lisbon.",
    ] {
        app.model.answer(Script::says(["Ah."]));
        ada.say_in(&session, words).await;
    }
    app.settle().await;
    let answer = ada.say_in(&session, "Who lives in Lisbon?").await;
    let given = texts(&answer.body["memories"]);
    assert!(given.contains(&first), "{given:?}");
    assert!(
        !given.iter().any(|text| text.contains("Anton")),
        "{given:?}"
    );
    let told = instructions(&app);
    assert!(told.contains("Clara") && !told.contains("Anton"), "{told}");
    // The same is told to programs that ask themselves.
    app.settle().await;
    let path = format!("/api/memory/context?q=Who%20lives%20in%20Lisbon&session_id={session}");
    let context = ada.get(&path).await.body;
    let given = texts(&context["memories"]);
    assert!(given.contains(&first), "{given:?}");
    assert!(
        !given.iter().any(|text| text.contains("Anton")),
        "{given:?}"
    );
    app.finish().await;
}

/// What the window cuts off of a conversation is recalled, and nothing stands in a prompt twice.
#[tokio::test]
async fn what_the_window_cuts_is_recalled() {
    let app = TestApp::with(|config| config.model.num_ctx = 2_048).await;
    let ada = app.user("ada").await;
    let first = "My sister Clara lives in Lisbon.";
    let session = ada.say(first).await.str("session_id");
    for number in 0..12 {
        app.model.answer(Script::says(["Ah."]));
        let words = format!(
            "Number {number} of Lisbon: {}",
            "many more words ".repeat(40)
        );
        ada.say_in(&session, &words).await;
    }
    app.settle().await;
    let answer = ada
        .say_in(&session, "Where does my sister Clara live?")
        .await;
    assert_eq!(texts(&answer.body["memories"])[0], first);
    let asked = app.model.requests().pop().unwrap();
    let sent = asked["messages"].as_array().unwrap();
    assert!(sent.len() > 3, "some of it still fits");
    let system = sent[0]["content"].as_str().unwrap();
    assert!(!sent[1..].iter().any(|message| message["content"] == first));
    for message in &sent[1..sent.len() - 1] {
        let words = message["content"].as_str().unwrap().trim();
        let number = words.split(':').next().unwrap();
        assert!(
            number == "Ah." || !system.contains(number),
            "{number} stands there twice"
        );
    }
    app.finish().await;
}

/// Neither an answer that is written again nor a message that is put in other words is given what it replaces.
#[tokio::test]
async fn what_is_replaced_is_not_recalled() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let answer = ada.say("Tell me of Lisbon.").await;
    let session = answer.str("session_id");
    app.settle().await;
    let path = format!("/api/chat/messages/{}/regenerate", answer.str("message_id"));
    let mut again = Events::open(ada.request("POST", &path)).await;
    assert_eq!(again.next().await.unwrap().data["memories"], json!([]));
    again.rest().await;
    app.settle().await;
    let asked = history(&ada, &session).await["items"][2]["id"].clone();
    let path = format!("/api/chat/messages/{}/edit", asked.as_str().unwrap());
    let words = json!({"message": "Tell me more of Lisbon."});
    let mut other = Events::open(ada.request("POST", &path).json(&words)).await;
    assert_eq!(other.next().await.unwrap().data["memories"], json!([]));
    other.rest().await;
    app.settle().await;
    app.finish().await;
}

/// What found no room in a small window is neither shown as given nor counted as used.
#[tokio::test]
async fn what_found_no_room_was_not_given() {
    let app = TestApp::with(|config| config.model.num_ctx = 512).await;
    let ada = app.user("ada").await;
    let short = "My sister Clara lives in Lisbon.";
    let long = format!(
        "My sister Clara lives in Lisbon, {}",
        "near to the old bridge ".repeat(40)
    );
    let (short_id, long_id) = (store(&ada, short).await, store(&ada, &long).await);
    app.settle().await;
    let question = format!(
        "Where does my sister Clara live? {}",
        "I wonder about it. ".repeat(36)
    );
    let (start, events) = ask(&ada, &question).await;
    events.rest().await;
    assert_eq!(texts(&start.data["memories"]), [short]);
    let told = instructions(&app);
    assert!(
        told.contains("Lisbon.") && !told.contains("bridge"),
        "{told}"
    );
    let session = start.data["session_id"].as_str().unwrap();
    let stored = history(&ada, session).await["items"][0]["memories"].clone();
    assert_eq!(texts(&stored), [short]);
    assert_eq!(times_used(&ada, &short_id).await, 1);
    assert_eq!(times_used(&ada, &long_id).await, 0);
    app.finish().await;
}

/// Without a model there is no prompt, and nothing was given.
#[tokio::test]
async fn without_a_prompt_nothing_is_given() {
    let down = FakeOllama::down();
    let app = TestApp::with(|config| config.model.url = down.url()).await;
    let ada = app.user("ada").await;
    let id = store(&ada, "My sister Clara lives in Lisbon.").await;
    app.settle().await;
    let (start, events) = ask(&ada, "Where does my sister Clara live?").await;
    events.rest().await;
    assert_eq!(start.data["memories"], json!([]));
    assert_eq!(times_used(&ada, &id).await, 0);
    app.finish().await;
}

/// Where the profile has no room, its facts are recalled like anything else.
#[tokio::test]
async fn a_profile_without_room_is_recalled() {
    let app = TestApp::with(|config| config.model.num_ctx = 512).await;
    let ada = app.user("ada").await;
    let fact = "I live in Lisbon with my sister Clara.";
    for text in [
        fact.to_owned(),
        format!("I like {}.", "books and rivers ".repeat(16)),
    ] {
        let stated = ada
            .post("/api/memory/profile", &json!({"text": text}))
            .await;
        assert_eq!(stated.status, 201, "{stated:?}");
    }
    app.settle().await;
    let question = format!(
        "With whom do I live in Lisbon? {}",
        "I wonder about it. ".repeat(34)
    );
    let (start, events) = ask(&ada, &question).await;
    events.rest().await;
    let told = instructions(&app);
    assert!(!told.contains("What is known of the person"), "{told}");
    assert!(told.contains(fact), "{told}");
    let given = start.data["memories"].as_array().unwrap();
    assert_eq!(given[0]["text"], fact);
    assert_ne!(given[0]["parts"][0]["name"], "profile");
    app.finish().await;
}
