//! Titles: the first words at once, a better one when the model has time, the person's own for good.

use serde_json::json;

use super::{ask, conversations, field, four_words};
use crate::support::app::TestApp;
use crate::support::http::Person;
use crate::support::script::{Gate, Script};

async fn with_model_titles() -> TestApp {
    TestApp::with(|config| config.chat.model_titles = true).await
}

async fn title(person: &Person) -> String {
    conversations(person).await[0]["title"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// Asks something; the next answer but one is the title.
async fn titled(app: &TestApp, person: &Person, script: Script) -> String {
    app.model.answer(Script::says(["Green tea, always."]));
    app.model.answer(script);
    let (start, events) = ask(person, "What do you drink in the morning?").await;
    events.rest().await;
    app.settle().await;
    field(&start, "session_id")
}

/// A conversation has a title from its first moment, without asking anybody.
#[tokio::test]
async fn the_first_words_are_the_title() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let (script, gate) = four_words();
    app.model.answer(script);
    let (_, events) = ask(&ada, "\n## What  is tea?\nAnd what is coffee?").await;
    assert_eq!(title(&ada).await, "What is tea?");
    gate.open();
    events.rest().await;
    app.settle().await;
    assert_eq!(title(&ada).await, "What is tea?");
    assert_eq!(app.model.requests().len(), 1);
    app.finish().await;
}

/// An idle model is asked once for a better one, with the first exchange to judge by.
#[tokio::test]
async fn an_idle_model_finds_a_better_one() {
    let app = with_model_titles().await;
    let ada = app.user("ada").await;
    let session = titled(&app, &ada, Script::says(["\"Tea in ", "the morning\"\n"])).await;
    assert_eq!(title(&ada).await, "Tea in the morning");
    let asked = app.model.requests().pop().unwrap();
    let words = asked["messages"][0]["content"].as_str().unwrap();
    assert!(
        words.contains("What do you drink in the morning?"),
        "{words}"
    );
    assert!(words.contains("Green tea, always."), "{words}");
    ada.say_in(&session, "And in the evening?").await;
    app.settle().await;
    assert_eq!(
        app.model.requests().len(),
        3,
        "only the first exchange asks for a title"
    );
    app.finish().await;
}

/// What is no title is not taken for one; the first words stay.
#[tokio::test]
async fn chatter_and_failures_are_no_titles() {
    let app = with_model_titles().await;
    let ada = app.user("ada").await;
    let chatter = "Sure! Here is a title for this conversation that I hope you will like very much";
    for script in [
        Script::says([chatter]),
        Script::says(["!"]),
        Script::says([""; 0]),
        Script::says(["Tea in"]).cut(),
        Script::status(500, "no"),
    ] {
        titled(&app, &ada, script).await;
        assert_eq!(title(&ada).await, "What do you drink in the morning?");
    }
    app.finish().await;
}

/// A name that the person gives is never overwritten, not even by a title already on its way.
#[tokio::test]
async fn the_persons_own_title_stays() {
    let app = with_model_titles().await;
    let ada = app.user("ada").await;
    let gate = Gate::new();
    app.model.answer(Script::says(["Green tea."]));
    app.model
        .answer(Script::says(["Tea in the morning"]).gated(&gate));
    let (start, events) = ask(&ada, "What do you drink?").await;
    events.rest().await;
    app.model.received(2).await;
    let path = format!("/api/chat/sessions/{}", field(&start, "session_id"));
    let renamed = ada.patch(&path, &json!({"title": "  My \n tea "})).await;
    assert_eq!(
        (renamed.status, &renamed.body["title"]),
        (200, &json!("My tea"))
    );
    gate.open();
    app.settle().await;
    assert_eq!(title(&ada).await, "My tea");
    app.finish().await;
}

/// A title never makes anybody wait: while the model answers a person it is not asked for.
#[tokio::test]
async fn a_busy_model_is_not_asked_for_titles() {
    let app = with_model_titles().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    app.model.answer(Script::says(["Hello, Bob."]));
    app.model.answer(Script::says(["Bob says hello"]));
    let session = bob.say("Hello").await.str("session_id");
    app.settle().await;
    let (script, gate) = four_words();
    app.model.answer(script);
    let body = json!({"message": "Count", "session_id": session});
    let busy = bob.stream(&body).await;
    app.model.received(3).await;

    ada.say("What do you drink?").await;
    while app.app.tasks.working() > 1 {
        tokio::task::yield_now().await; // until only bob's answer is under way
    }
    assert_eq!(app.model.requests().len(), 4);
    assert_eq!(title(&ada).await, "What do you drink?");
    gate.open();
    busy.rest().await;
    app.finish().await;
}

/// A title on its way does not hold up a shutdown.
#[tokio::test]
async fn a_shutdown_does_not_wait_for_a_title() {
    let app = with_model_titles().await;
    let ada = app.user("ada").await;
    app.model.answer(Script::says(["Green tea."]));
    app.model.answer(Script::hang());
    let (_, events) = ask(&ada, "What do you drink?").await;
    events.rest().await;
    app.model.received(2).await;
    app.app.tasks.drain.cancel();
    app.app.tasks.quiet().await;
    app.model.aborted(1).await;
    app.finish().await;
}

/// A title of the person's own is one line of one to two hundred letters.
#[tokio::test]
async fn titles_have_rules() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let made = ada
        .post("/api/chat/sessions", &json!({"title": "Plans"}))
        .await;
    let path = format!("/api/chat/sessions/{}", made.str("id"));
    for (title, code) in [
        (String::new(), "title_empty"),
        (" \n ".into(), "title_empty"),
        ("ü".repeat(201), "title_too_long"),
        ("ü".repeat(200), ""),
    ] {
        let body = json!({"title": title});
        let renamed = ada.patch(&path, &body).await;
        assert_eq!(renamed.code(), code, "{title}");
        let made = ada.post("/api/chat/sessions", &body).await;
        assert_eq!(made.code(), code, "{title}");
    }
    app.finish().await;
}
