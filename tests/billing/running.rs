//! What a running answer holds of its person's day, and how it is cut.

use novacore::billing::Resource;
use novacore::config::Provider;
use serde_json::json;

use super::{ask, booked, count, hear, named, newest};
use crate::support::app::TestApp;
use crate::support::clock::soon;
use crate::support::http::text;
use crate::support::script::{Gate, Script};
use crate::support::usage::plan;

const QUESTION: &str = "Good morning, Nova";

/// An answer that takes more than is left ends there, whole as far as it goes, with the reason; what stays
/// is what is charged, to the token.
#[tokio::test]
async fn an_answer_is_cut_at_the_limit() {
    let app = TestApp::with(|config| plan(config, 100, 0)).await;
    let ada = app.user("ada").await;
    // A server that pays no heed to what it is told, and would go on for ever.
    app.model
        .answer(Script::says((0..500).map(|n| format!("word{n} "))).stall());
    let (start, events) = ask(&ada, QUESTION).await;
    let events = events.rest().await;
    let done = &events.last().unwrap().data;
    assert_eq!(
        (
            &done["finish_reason"],
            &done["quota"]["tokens"]["remaining"]
        ),
        (&json!("quota"), &json!(0))
    );
    assert_eq!(named(&events, "quota")[0]["level"], 100);
    app.model.aborted(1).await;

    let message = newest(&ada, &start["session_id"]).await;
    assert_eq!(
        (&message["status"], &message["finish_reason"]),
        (&json!("complete"), &json!("quota"))
    );
    assert_eq!(message["content"], text(&events));
    let sums = booked(&app, &ada, &start).await;
    let stays = count(message["content"].as_str().unwrap());
    assert_eq!(
        (sums.llm_tokens_input, sums.llm_tokens_output),
        (count(QUESTION), stays)
    );
    assert_eq!(message["tokens_used"], sums.tokens());
    let used = app.today(&ada).await.tokens();
    assert!(
        (101..101 + count("word500 ")).contains(&used),
        "by one piece only: {used}"
    );
    assert_eq!(ada.say("More").await.code(), "quota_exceeded");
    app.finish().await;
}

/// A server that ends where it was told to says `length`; that is the limit's doing, unless it ended sooner,
/// at the end of its window.
#[tokio::test]
async fn length_by_the_limit_and_by_the_window() {
    for (output, reason) in [(94, "quota"), (40, "length"), (0, "quota")] {
        let app = TestApp::with(|config| plan(config, 100, 0)).await;
        let ada = app.user("ada").await;
        let script = Script::says(["one ", "two"]).done_reason(Some("length"));
        app.model.answer(script.counts(50, output));
        let answer = ada.say(QUESTION).await;
        assert_eq!(answer.body["finish_reason"], reason, "{output}");
        assert_eq!(app.model.requests()[0]["options"]["num_predict"], 94);
        app.finish().await;
    }
}

/// Other servers refuse a number that does not fit into their window with the prompt; they are told one only
/// where it is the smaller.
#[tokio::test]
async fn what_other_servers_are_told() {
    let app = TestApp::with(|config| {
        plan(config, 10_000, 0);
        config.model.provider = Provider::Openai;
        config.model.name = "llama3.2:latest".into();
    })
    .await;
    let ada = app.user("ada").await;
    assert_eq!(ada.say(QUESTION).await.status, 200);
    assert_eq!(app.model.requests()[0].get("max_tokens"), None);
    app.use_up(&ada, Resource::LlmTokensOutput, 9_900).await;
    assert_eq!(ada.say(QUESTION).await.status, 200);
    let told = app.model.requests()[1]["max_tokens"].as_i64().unwrap();
    assert!((60..100).contains(&told), "{told}");
    app.finish().await;
}

/// Several answers at once reserve ahead of what they stream, and together never pass what is left: one is
/// cut where the others' reservations begin.
#[tokio::test]
async fn answers_at_once_share_what_is_left() {
    let app = TestApp::with(|config| plan(config, 1000, 0)).await;
    let ada = app.user("ada").await;
    let (gates, mut running) = ([Gate::new(), Gate::new(), Gate::new()], Vec::new());
    for (n, gate) in gates.iter().enumerate() {
        let words = (0..400).map(|word| format!("word{word} "));
        app.model.answer(Script::says(words).gated(gate));
        let (start, events) = ask(&ada, QUESTION).await;
        app.model.received(n + 1).await;
        running.push((start, events));
    }
    let quota = app.quota(&ada).await;
    assert_eq!(
        (quota.messages.reserved, quota.tokens.remaining),
        (3, Some(0))
    );
    assert_eq!(quota.tokens.reserved, 1000, "400, 400, and what was left");
    assert_eq!(ada.say("Hi").await.code(), "quota_exceeded");
    for gate in &gates {
        gate.open();
    }
    for (start, events) in running {
        let events = events.rest().await;
        assert_eq!(events.last().unwrap().data["finish_reason"], "quota");
        let sums = booked(&app, &ada, &start).await;
        assert_eq!(sums.llm_tokens_output, count(&text(&events)));
    }
    let used = app.today(&ada).await.tokens();
    let piece = count("word400 ");
    assert!(
        (1000 - 3 * piece..=1000 + 3 * piece).contains(&used),
        "{used}"
    );
    app.finish().await;
}

/// A longer answer reserves more while it is written, and what it has not used is free again at its end.
#[tokio::test]
async fn reservations_grow_and_go() {
    let app = TestApp::with(|config| plan(config, 2000, 0)).await;
    let ada = app.user("ada").await;
    let gate = Gate::new();
    let piece = "and so on ".repeat(50);
    app.model.answer(
        Script::says((0..6).map(|_| piece.clone()))
            .counts(50, 500)
            .gated(&gate),
    );
    let (_, mut events) = ask(&ada, QUESTION).await;
    let first = app.quota(&ada).await.tokens.reserved;
    assert_eq!(first, 400 + u64::try_from(count(QUESTION)).unwrap());
    hear(&gate, &mut events, 5).await;
    let streamed = u64::try_from(count(&piece.repeat(4))).unwrap();
    let grown = async { while app.quota(&ada).await.tokens.reserved <= streamed.max(first) {} };
    soon("a larger reservation", grown).await;
    gate.open();
    events.rest().await;
    let quota = app.quota(&ada).await;
    assert_eq!((quota.tokens.reserved, quota.messages.reserved), (0, 0));
    assert_eq!(
        quota.tokens.used,
        500 + u64::try_from(count(QUESTION)).unwrap()
    );
    app.finish().await;
}

/// What answers take of a model is learned from its reports: the next one reserves that much.
#[tokio::test]
async fn the_estimate_learns() {
    let app = TestApp::with(|config| plan(config, 100_000, 0)).await;
    let ada = app.user("ada").await;
    app.model
        .answer(Script::says(["word ".repeat(100)]).counts(90, 77));
    assert_eq!(ada.say("Hi").await.status, 200);
    app.model.answer(Script::hang());
    let (start, events) = ask(&ada, "Hi").await;
    assert_eq!(app.quota(&ada).await.tokens.reserved, 77 + 1);
    let stop = format!(
        "/api/chat/turns/{}/stop",
        start["turn_id"].as_str().unwrap()
    );
    ada.post(&stop, &json!({})).await;
    events.rest().await;
    app.finish().await;
}
