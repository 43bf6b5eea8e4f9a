//! Another answer to the same question, other words in place of a message, one answer at a time.

use serde_json::{Value, json};

use super::{ask, four_words, history, newest};
use crate::support::app::TestApp;
use crate::support::http::{Events, Person, text};

async fn regenerate(person: &Person, answer: &str) -> Events {
    let path = format!("/api/chat/messages/{answer}/regenerate");
    Events::open(person.request("POST", &path)).await
}

async fn edit(person: &Person, message: &str, words: &str) -> Events {
    let path = format!("/api/chat/messages/{message}/edit");
    Events::open(
        person
            .request("POST", &path)
            .json(&json!({"message": words})),
    )
    .await
}

/// What the model was given last, without the instructions.
fn prompt(app: &TestApp) -> Vec<String> {
    let asked = app.model.requests().pop().unwrap();
    let messages = asked["messages"].as_array().unwrap();
    let said = messages.iter().skip(1);
    said.map(|m| m["content"].as_str().unwrap().to_owned())
        .collect()
}

fn id(message: &Value) -> String {
    message["id"].as_str().unwrap().to_owned()
}

/// Another answer stands beside the first, to the same question; both are kept.
#[tokio::test]
async fn another_answer_stands_beside_the_first() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let first = ada.say("Hello").await;
    let session = first.str("session_id");
    let mut events = regenerate(&ada, &first.str("message_id")).await;
    let start = events.next().await.unwrap();
    assert_eq!(start.name, "start");
    assert_eq!(text(&events.rest().await), "You said: Hello");
    assert_eq!(
        prompt(&app),
        ["Hello"],
        "the first answer is no part of the question"
    );

    let items = history(&ada, &session).await["items"].clone();
    let roles: Vec<_> = items
        .as_array()
        .unwrap()
        .iter()
        .map(|m| &m["role"])
        .collect();
    assert_eq!(
        roles,
        ["assistant", "assistant", "user"],
        "the question is not repeated"
    );
    assert_eq!(items[0]["id"], start.data["message_id"]);
    assert_eq!(items[1]["id"], first.body["message_id"]);
    assert_eq!(items[0]["parent_id"], items[2]["id"]);
    assert_eq!(items[1]["parent_id"], items[2]["id"]);
    assert_eq!(start.data["user_message_id"], items[2]["id"]);

    ada.say_in(&session, "And then?").await;
    let last = history(&ada, &session).await["items"].clone();
    assert_eq!(
        last[1]["parent_id"], items[0]["id"],
        "the newest branch is continued"
    );
    app.finish().await;
}

/// Other words begin a branch of their own; the model sees that branch and nothing of the other.
#[tokio::test]
async fn other_words_begin_a_branch() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let session = ada.say("I am Ada").await.str("session_id");
    ada.say_in(&session, "I like tea").await;
    ada.say_in(&session, "What do I like?").await;
    let before = history(&ada, &session).await["items"].clone();
    let tea = &before[3];
    assert_eq!(tea["content"], "I like tea");

    edit(&ada, &id(tea), "I like coffee").await.rest().await;
    assert_eq!(
        prompt(&app),
        ["I am Ada", "You said: I am Ada", "I like coffee"]
    );
    let after = history(&ada, &session).await["items"].clone();
    assert_eq!(after[1]["content"], "I like coffee");
    assert_eq!(
        after[1]["parent_id"], tea["parent_id"],
        "beside the message it replaces"
    );
    assert_eq!(
        after.as_array().unwrap()[2..],
        before.as_array().unwrap()[..],
        "the old branch stays"
    );

    ada.say_in(&session, "What do I like?").await;
    let expected = [
        "I am Ada",
        "You said: I am Ada",
        "I like coffee",
        "You said: I like coffee",
        "What do I like?",
    ];
    assert_eq!(prompt(&app), expected);
    app.finish().await;
}

/// The first message of a conversation can be put in other words too.
#[tokio::test]
async fn the_first_message_can_be_edited() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let session = ada.say("Helo").await.str("session_id");
    let first = history(&ada, &session).await["items"][1].clone();
    edit(&ada, &id(&first), "Hello").await.rest().await;
    assert_eq!(prompt(&app), ["Hello"]);
    let items = history(&ada, &session).await["items"].clone();
    assert_eq!(
        (&items[1]["parent_id"], &items[3]["parent_id"]),
        (&Value::Null, &Value::Null)
    );
    app.finish().await;
}

/// One's own words are edited, Nova's are written again, and not the other way round.
#[tokio::test]
async fn each_kind_of_message_has_its_own() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let session = ada.say("Hello").await.str("session_id");
    let items = history(&ada, &session).await["items"].clone();
    let (answer, question) = (id(&items[0]), id(&items[1]));
    let words = json!({"message": "Other words"});
    let refused = ada
        .post(&format!("/api/chat/messages/{answer}/edit"), &words)
        .await;
    assert_eq!((refused.status, refused.code()), (422, "not_your_words"));
    let refused = ada
        .post(
            &format!("/api/chat/messages/{question}/regenerate"),
            &json!({}),
        )
        .await;
    assert_eq!((refused.status, refused.code()), (422, "not_an_answer"));
    let refused = ada
        .post(
            &format!("/api/chat/messages/{question}/edit"),
            &json!({"message": " "}),
        )
        .await;
    assert_eq!((refused.status, refused.code()), (422, "message_empty"));
    assert_eq!(history(&ada, &session).await["items"], items);
    app.finish().await;
}

/// What was said without memory stays without it when it is asked again.
#[tokio::test]
async fn a_branch_uses_memory_as_its_origin_did() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    ada.say("My sister lives in Lisbon.").await;
    app.settle().await;
    let body = json!({"message": "Where does my sister live?", "use_memory": false});
    let answer = ada.post("/api/chat/message", &body).await;
    assert_eq!(answer.body["memories"], json!([]));
    let mut again = regenerate(&ada, &answer.str("message_id")).await;
    assert_eq!(again.next().await.unwrap().data["memories"], json!([]));
    again.rest().await;
    let items = history(&ada, &answer.str("session_id")).await["items"].clone();
    edit(&ada, &id(&items[2]), "Where does my sister Clara live?")
        .await
        .rest()
        .await;
    assert_eq!(
        ada.get("/api/memory").await.body["total"],
        2,
        "only the first exchange"
    );
    app.finish().await;
}

/// In one conversation Nova answers one message at a time; a second one is refused, not lost in
/// between, and can be sent when the first is answered.
#[tokio::test]
async fn one_answer_at_a_time_in_a_conversation() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let first = ada.say("Hello").await;
    let session = first.str("session_id");
    let (script, gate) = four_words();
    app.model.answer(script);
    let body = json!({"message": "Count", "session_id": session});
    let mut running = ada.stream(&body).await;
    running.next().await.unwrap();
    let while_running = history(&ada, &session).await;
    let question = id(&while_running["items"][1]);
    let attempts = [
        ada.post("/api/chat/stream", &body).await,
        ada.say_in(&session, "And?").await,
        ada.post(
            &format!("/api/chat/messages/{}/regenerate", first.str("message_id")),
            &json!({}),
        )
        .await,
        ada.post(&format!("/api/chat/messages/{question}/edit"), &body)
            .await,
    ];
    for refused in attempts {
        assert_eq!((refused.status, refused.code()), (409, "answer_running"));
    }
    assert_eq!(
        history(&ada, &session).await,
        while_running,
        "nothing of them was stored"
    );
    let (_, elsewhere) = ask(&ada, "In another conversation").await;
    elsewhere.rest().await;
    gate.open();
    running.rest().await;
    assert_eq!(ada.say_in(&session, "And?").await.status, 200);
    assert_eq!(newest(&ada, &session).await["content"], "You said: And?");
    app.finish().await;
}

/// One person cannot keep the model for themselves: so many answers at once, and no more.
#[tokio::test]
async fn a_person_has_so_many_answers_at_once() {
    let app = TestApp::with(|config| config.limits.answers_per_user = 2).await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let mut running = Vec::new();
    let mut gates = Vec::new();
    for number in 1..=2 {
        let (script, gate) = four_words();
        app.model.answer(script);
        running.push(ask(&ada, &format!("Number {number}")).await);
        app.model.received(number).await;
        gates.push(gate);
    }
    let refused = ada.say("Number 3").await;
    assert_eq!((refused.status, refused.code()), (429, "rate_limited"));
    assert!(!refused.header("retry-after").is_empty());
    assert_eq!(bob.say("Hello").await.status, 200);
    let (_, events) = running.pop().unwrap();
    gates.pop().unwrap().open();
    events.rest().await;
    assert_eq!(ada.say("Number 3").await.status, 200);
    gates.pop().unwrap().open();
    running.pop().unwrap().1.rest().await;
    assert_eq!(super::conversations(&ada).await.len(), 3);
    app.finish().await;
}

/// An operator who switches limits off has none here either.
#[tokio::test]
async fn without_limits_answers_are_not_counted() {
    let app = TestApp::with(|config| {
        config.limits.answers_per_user = 1;
        config.limits.enabled = false;
    })
    .await;
    let ada = app.user("ada").await;
    let (script, gate) = four_words();
    app.model.answer(script);
    let (_, first) = ask(&ada, "Number 1").await;
    app.model.received(1).await;
    assert_eq!(ada.say("Number 2").await.status, 200);
    gate.open();
    first.rest().await;
    app.finish().await;
}
