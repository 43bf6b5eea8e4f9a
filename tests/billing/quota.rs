//! What is asked before anything is spent, and what is told when it is used up.

use std::time::Duration;

use novacore::billing::Resource;
use serde_json::{Value, json};

use super::{ask, count, id, named};
use crate::support::app::TestApp;
use crate::support::at_once::at_once;
use crate::support::http::Answer;
use crate::support::people::id_of;
use crate::support::script::{Gate, Script};
use crate::support::usage::plan;

/// The question of most tests, and what it counts.
const QUESTION: &str = "Good morning, Nova";

/// Of answers that met, those that were admitted; every other must say that the day is used up.
fn admitted(answers: &[Answer]) -> usize {
    let mut admitted = 0;
    for answer in answers {
        if answer.status == 200 {
            admitted += 1;
            continue;
        }
        assert_eq!(
            (answer.status, answer.code()),
            (429, "quota_exceeded"),
            "{answer:?}"
        );
        assert_eq!(answer.body["resets_at"], "2026-01-02T00:00:00Z");
        assert_eq!(answer.header("retry-after"), "86400");
    }
    admitted
}

/// Fifty turns at once with one message left: one is admitted, and nothing is stored of the others.
#[tokio::test]
async fn one_message_left_is_one_turn() {
    let app = TestApp::with(|config| plan(config, 0, 3)).await;
    let ada = app.user("ada").await;
    app.use_up(&ada, Resource::Messages, 2).await;
    let answers = at_once(&app, (0..50).map(|_| ada.say(QUESTION))).await;
    assert_eq!(admitted(&answers), 1);
    let said = answers.iter().find(|answer| answer.status == 429).unwrap();
    assert_eq!(
        said.str("error"),
        "You have sent all of today's 3 messages. They start again at midnight (UTC)."
    );
    assert_eq!(app.today(&ada).await.messages, 3);
    let sessions = ada.get("/api/chat/sessions").await.body;
    assert_eq!(sessions["items"].as_array().unwrap().len(), 1);
    assert_eq!(ada.get("/api/memory").await.body["total"], 2);
    app.finish().await;
}

/// The same with tokens: what one turn has reserved, no other is given.
#[tokio::test]
async fn tokens_for_one_turn_are_one_turn() {
    let app = TestApp::with(|config| plan(config, 200, 0)).await;
    let ada = app.user("ada").await;
    app.use_up(&ada, Resource::LlmTokensOutput, 190 - count(QUESTION))
        .await;
    app.model.answer(Script::says(["Hello"]).counts(50, 10));
    let answers = at_once(&app, (0..50).map(|_| ada.say(QUESTION))).await;
    assert_eq!(admitted(&answers), 1);
    assert_eq!(app.today(&ada).await.tokens(), 200);
    assert_eq!(app.model.requests().len(), 1);
    assert_eq!(app.model.requests()[0]["options"]["num_predict"], 10);
    app.finish().await;
}

/// Each way of having too little is told in its own words, with the way out where there is one.
#[tokio::test]
async fn refusals_say_what_is_used_up() {
    let app = TestApp::with(|config| {
        plan(config, 1000, 0);
        config.billing.enabled = true;
        config.billing.trial_plan = String::new();
    })
    .await;
    let ada = app.user("ada").await;
    let gate = Gate::new();
    app.model
        .answer(Script::says(["Hello"]).counts(50, 990 - 7).gated(&gate));
    app.use_up(&ada, Resource::LlmTokensOutput, 995 - 400).await;
    let (_, events) = ask(&ada, QUESTION).await;
    let held = ada.say(QUESTION).await;
    assert_eq!(
        held.str("error"),
        "What is left of today's 1,000 tokens is held for answers that are being written. Wait for one to end, or stop one. See Plans for more."
    );
    gate.open();
    events.rest().await;
    assert!(
        app.today(&ada).await.tokens() > 1000,
        "one answer's unforeseeable length"
    );
    let over = ada.say(QUESTION).await;
    assert_eq!(
        over.str("error"),
        "Today's 1,000 tokens are used up. They start again at midnight (UTC). See Plans for more."
    );

    let bob = app.user("bob").await;
    app.use_up(&bob, Resource::LlmTokensInput, 995).await;
    let long = bob.say(&"word ".repeat(20)).await;
    let needed = count(&"word ".repeat(20)) + 1;
    assert_eq!(
        long.str("error"),
        format!(
            "This message needs at least {needed} tokens, and 5 of today's 1,000 are left. Shorten it, or wait until midnight (UTC). See Plans for more."
        )
    );
    assert_eq!(bob.say("Hi").await.status, 200, "a short one fits");
    app.finish().await;
}

/// A day begins at midnight UTC, and what began before it belongs to the day before.
#[tokio::test]
async fn a_turn_belongs_to_the_day_of_its_admission() {
    let app = TestApp::with(|config| plan(config, 100, 2)).await;
    app.advance(Duration::from_hours(24) - Duration::from_secs(1));
    let gate = Gate::new();
    app.model
        .answer(Script::says(["Hello"]).counts(50, 93).gated(&gate));
    let ada = app.user("ada").await;
    let (_, events) = ask(&ada, QUESTION).await;
    let refused = ada.say(QUESTION).await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, "1"));
    assert_eq!(refused.body["resets_at"], "2026-01-02T00:00:00Z");
    app.advance(Duration::from_secs(1));
    assert_eq!(app.quota(&ada).await.tokens.reserved, 0, "not of today");
    gate.open();
    let events = events.rest().await;
    assert!(
        named(&events, "quota").is_empty(),
        "no warning of yesterday"
    );
    assert_eq!(app.today(&ada).await.tokens(), 0);
    assert_eq!(ada.say(QUESTION).await.status, 200);
    let rows = app.ledger(&ada).await;
    let days: Vec<_> = rows
        .iter()
        .filter(|row| row.resource == Resource::LlmTokensOutput)
        .map(|row| row.day.to_string())
        .collect();
    assert_eq!(days, ["2026-01-01", "2026-01-02"]);
    app.finish().await;
}

/// Administrators are not limited, and nobody is with `limits.enabled = false`; what they use is booked.
#[tokio::test]
async fn who_is_not_limited() {
    for enabled in [true, false] {
        let app = TestApp::with(|config| {
            plan(config, 1, 1);
            config.limits.enabled = enabled;
        })
        .await;
        let (admin, ada) = (app.admin().await, app.user("ada").await);
        for _ in 0..3 {
            assert_eq!(admin.say(QUESTION).await.status, 200);
            let other = ada.say(QUESTION).await;
            assert_eq!(other.status, if enabled { 429 } else { 200 });
        }
        let quota = app.quota(&admin).await;
        assert!(!quota.metered && !quota.upgrade);
        assert_eq!((quota.messages.used, quota.messages.limit), (3, None));
        assert!(
            app.model.requests()[0]["options"]
                .get("num_predict")
                .is_none()
        );
        app.finish().await;
    }
}

/// Who crosses 80 and 100 percent is told before the end of the answer, once each, and what is left stands
/// in the end itself.
#[tokio::test]
async fn crossing_a_level_is_told() {
    let app = TestApp::with(|config| plan(config, 100, 0)).await;
    let ada = app.user("ada").await;
    let say = async |output: u32| {
        app.model.answer(Script::says(["Hello"]).counts(50, output));
        let (_, events) = ask(&ada, "Hi").await;
        let events = events.rest().await;
        let names: Vec<_> = events.iter().map(|event| event.name.clone()).collect();
        let last = names
            .iter()
            .rev()
            .take(2)
            .rev()
            .cloned()
            .collect::<Vec<_>>();
        (
            named(&events, "quota")
                .into_iter()
                .cloned()
                .collect::<Vec<_>>(),
            last,
            events,
        )
    };
    let own = u64::try_from(count("Hi")).unwrap();
    let (told, ..) = say(10).await;
    assert!(told.is_empty(), "{told:?}");
    let (told, last, events) = say(69).await;
    let used = 79 + 2 * own;
    assert_eq!(
        told,
        [
            json!({"resource": "tokens", "level": 80, "used": used, "limit": 100,
            "percentage": 81.0, "resets_at": "2026-01-02T00:00:00Z"})
        ]
    );
    assert_eq!(last, ["quota", "done"]);
    let quota = &events.last().unwrap().data["quota"];
    assert_eq!(
        (&quota["tokens"]["used"], &quota["tokens"]["reserved"]),
        (&json!(used), &json!(0))
    );
    assert_eq!(quota["resets_at"], "2026-01-02T00:00:00Z");
    let (told, ..) = say(5).await;
    assert!(told.is_empty(), "told before: {told:?}");
    let left = 100 - 84 - 4 * own;
    let (told, ..) = say(u32::try_from(left).unwrap()).await;
    assert_eq!(
        (&told[0]["level"], &told[0]["used"]),
        (&json!(100), &json!(100))
    );
    app.finish().await;
}

/// The last message of a day is told as such, and both levels of it are crossed at once.
#[tokio::test]
async fn the_last_message_is_told() {
    let app = TestApp::with(|config| plan(config, 0, 1)).await;
    let ada = app.user("ada").await;
    let (_, events) = ask(&ada, "Hi").await;
    let events = events.rest().await;
    let told = named(&events, "quota");
    assert_eq!(told.len(), 1);
    assert_eq!(
        (&told[0]["resource"], &told[0]["level"]),
        (&json!("messages"), &json!(100))
    );
    app.finish().await;
}

/// What is left stands in the answer of the route that waits, and in no event that is told from storage.
#[tokio::test]
async fn what_is_left_is_told_at_the_end() {
    let mut app = TestApp::with(|config| plan(config, 1000, 10)).await;
    let ada = app.user("ada").await;
    let answer = ada.say("Hi").await;
    let quota = &answer.body["quota"];
    assert_eq!(quota["plan"], "free");
    assert_eq!(
        (&quota["messages"]["used"], &quota["messages"]["remaining"]),
        (&json!(1), &json!(9))
    );
    assert_eq!(quota["tokens"]["used"], answer.body["tokens_used"]);
    assert_eq!(quota["answers_at_once"], Value::Null);
    let turn = answer.str("turn_id");
    app.crash_and_reopen().await;
    let ada = app.user("ada").await;
    let again = ada
        .get(&format!("/api/chat/turns/{turn}/events"))
        .await
        .text;
    assert!(
        again.contains("event: done") && !again.contains("quota"),
        "{again}"
    );
    app.finish().await;
}

/// A repeated request with its key is the same turn, also when nothing is left by then.
#[tokio::test]
async fn a_repeated_request_is_not_counted_again() {
    let app = TestApp::with(|config| plan(config, 0, 1)).await;
    let ada = app.user("ada").await;
    let send = async || {
        let request = ada
            .request("POST", "/api/chat/message")
            .header("idempotency-key", "one");
        crate::support::http::Person::send(request.json(&json!({"message": "Hi"}))).await
    };
    let (first, second) = (send().await, send().await);
    assert_eq!((first.status, second.status), (200, 200));
    assert_eq!(first.body["turn_id"], second.body["turn_id"]);
    let user = id_of(&ada).await;
    assert_eq!(app.booked(user, id(&first.body["turn_id"])).0.messages, 1);
    app.finish().await;
}
