//! What each way of ending a turn costs.

use std::time::Duration;

use novacore::billing::Amounts;
use novacore::error::Error;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use storage::{Record, Table};
use uuid::Uuid;

use super::{ask, booked, count, hear, newest};
use crate::support::app::TestApp;
use crate::support::people::id_of;
use crate::support::script::{Gate, Script};
use crate::support::usage::plan;

const QUESTION: &str = "Good morning, Nova";

/// Whatever stands under a key.
#[derive(Serialize, Deserialize)]
struct Any;

impl Record for Any {}

/// Waits until everything is stored that was to be stored before.
async fn kept(app: &TestApp) {
    let nothing = app.app.store.write(|_| Ok::<_, Error>(()));
    nothing.await.unwrap();
}

/// Who stops an answer pays for what was written, also for what the model thought.
#[tokio::test]
async fn a_stopped_answer_costs_what_was_written() {
    let app = TestApp::with(|config| plan(config, 0, 0)).await;
    let ada = app.user("ada").await;
    let gate = Gate::new();
    let script = Script::says(["one ", "two ", "three"]).thinking(["Let me think. "]);
    app.model.answer(script.counts(90, 50).gated(&gate));
    let (start, mut events) = ask(&ada, QUESTION).await;
    gate.release(1);
    events.until("thinking").await;
    hear(&gate, &mut events, 2).await;
    let stop = format!(
        "/api/chat/turns/{}/stop",
        start["turn_id"].as_str().unwrap()
    );
    assert_eq!(ada.post(&stop, &json!({})).await.status, 204);
    let sums = booked(&app, &ada, &start).await;
    let written = count("one two ") + count("Let me think. ");
    assert_eq!((sums.messages, sums.llm_tokens_output), (1, written));
    assert_eq!(sums.llm_tokens_input, count(QUESTION));
    let prompt = start["context"]["used"].as_i64().unwrap();
    assert_eq!(
        sums.llm_tokens_context,
        prompt - count(QUESTION),
        "as estimated"
    );
    assert_eq!(
        newest(&ada, &start["session_id"]).await["tokens_used"],
        sums.tokens()
    );
    app.finish().await;
}

/// What failed before anything came costs nothing, not even a message; what breaks off later costs what came.
#[tokio::test]
async fn a_failure_costs_what_came() {
    let app = TestApp::with(|config| plan(config, 1000, 1)).await;
    let ada = app.user("ada").await;
    app.model.answer(Script::status(500, "out of memory"));
    let (start, events) = ask(&ada, QUESTION).await;
    assert_eq!(events.rest().await.last().unwrap().name, "error");
    assert_eq!(booked(&app, &ada, &start).await, Amounts::default());
    assert_eq!(
        newest(&ada, &start["session_id"]).await["tokens_used"],
        Value::Null
    );
    assert_eq!(
        (app.reservations(), app.quota(&ada).await.messages.remaining),
        (0, Some(1))
    );

    app.model
        .answer(Script::says(["Once ", "upon "]).error_midstream("the runner died"));
    let (start, events) = ask(&ada, QUESTION).await;
    assert_eq!(events.rest().await.last().unwrap().name, "error");
    let sums = booked(&app, &ada, &start).await;
    assert_eq!(
        (sums.messages, sums.llm_tokens_output),
        (1, count("Once upon "))
    );
    assert_eq!(
        newest(&ada, &start["session_id"]).await["tokens_used"],
        sums.tokens()
    );
    app.finish().await;
}

/// Who hangs up pays what everybody pays: the answer is written to its end, and the report stands.
#[tokio::test]
async fn hanging_up_changes_nothing() {
    let app = TestApp::with(|config| plan(config, 1000, 0)).await;
    let ada = app.user("ada").await;
    let gate = Gate::new();
    app.model
        .answer(Script::says(["one ", "two"]).counts(90, 17).gated(&gate));
    let (start, mut events) = ask(&ada, QUESTION).await;
    hear(&gate, &mut events, 1).await;
    drop(events);
    gate.open();
    app.settle().await;
    let sums = booked(&app, &ada, &start).await;
    assert_eq!(
        (sums.llm_tokens_output, sums.llm_tokens_context),
        (17, 90 - count(QUESTION))
    );
    app.finish().await;
}

/// A conversation that is deleted in the middle of an answer is gone, and what was written is charged.
#[tokio::test]
async fn a_deleted_conversation_costs_what_was_written() {
    let app = TestApp::with(|config| plan(config, 1000, 0)).await;
    let ada = app.user("ada").await;
    let gate = Gate::new();
    app.model
        .answer(Script::says(["one ", "two ", "three"]).gated(&gate));
    let (start, mut events) = ask(&ada, QUESTION).await;
    hear(&gate, &mut events, 2).await;
    let path = format!(
        "/api/chat/sessions/{}",
        start["session_id"].as_str().unwrap()
    );
    assert_eq!(ada.delete(&path).await.status, 204);
    events.rest().await;
    app.settle().await;
    let sums = booked(&app, &ada, &start).await;
    assert_eq!(
        (sums.messages, sums.llm_tokens_output),
        (1, count("one two "))
    );
    assert_eq!(app.today(&ada).await.memory_bytes, 0, "forgotten");
    app.finish().await;
}

/// A crash costs what was kept of the answer; one before the first word, nothing.
#[tokio::test]
async fn a_crash_costs_what_was_kept() {
    let mut app = TestApp::with(|config| plan(config, 1000, 0)).await;
    let ada = app.user("ada").await;
    let gate = Gate::new();
    app.model
        .answer(Script::says(["one ", "two ", "three ", "four"]).gated(&gate));
    let (start, mut events) = ask(&ada, QUESTION).await;
    hear(&gate, &mut events, 1).await;
    app.advance(Duration::from_millis(600));
    hear(&gate, &mut events, 2).await;
    app.model.answer(Script::hang());
    let (empty, hanging) = ask(&ada, QUESTION).await;
    app.model.received(2).await;
    kept(&app).await;
    assert_eq!(app.reservations(), 2);
    app.crash_and_reopen().await;
    drop((events, hanging));
    let ada = app.user("ada").await;
    assert_eq!(app.reservations(), 0);
    let message = newest(&ada, &start["session_id"]).await;
    assert_eq!(
        (&message["content"], &message["status"]),
        (&json!("one two "), &json!("interrupted"))
    );
    let sums = booked(&app, &ada, &start).await;
    assert_eq!(
        (sums.messages, sums.llm_tokens_output),
        (1, count("one two "))
    );
    assert_eq!(message["tokens_used"], sums.tokens());
    assert_eq!(booked(&app, &ada, &empty).await, Amounts::default());
    assert_eq!(
        newest(&ada, &empty["session_id"]).await["tokens_used"],
        Value::Null
    );
    app.finish().await;
}

/// What a crash leaves reserved for a turn whose conversation was deleted is freed by the next sweep, and
/// what is reserved for running turns stays.
#[tokio::test]
async fn a_sweep_frees_what_no_turn_holds() {
    let mut app = TestApp::with(|config| plan(config, 1000, 0)).await;
    let ada = app.user("ada").await;
    app.model.answer(Script::hang());
    let (start, events) = ask(&ada, QUESTION).await;
    app.model.received(1).await;
    let (user, session) = (
        id_of(&ada).await,
        start["session_id"].as_str().unwrap().to_owned(),
    );
    // The process ends between the deletion and the end of the answer.
    let running = Table::<(Uuid, Uuid), Any>::new("chat_running");
    let key = (user, session.parse().unwrap());
    let removed = app.app.store.write(move |tx| tx.delete(&running, &key));
    assert!(removed.await.unwrap());
    app.crash_and_reopen().await;
    drop(events);
    assert_eq!(app.reservations(), 1);
    let ada = app.user("ada").await;
    let gate = Gate::new();
    app.model.answer(Script::says(["one"]).gated(&gate));
    let (_, events) = ask(&ada, QUESTION).await;
    novacore::schedule::sweep(&app.app).await.unwrap();
    assert_eq!(app.reservations(), 1, "that of the running turn");
    gate.open();
    assert_eq!(events.rest().await.last().unwrap().name, "done");
    app.finish().await;
}

/// Who deletes the conversation of an answer pays for what was kept of it, also when the program ends
/// before the answer's own end is stored.
#[tokio::test]
async fn a_deletion_and_a_crash_cost_what_was_kept() {
    let mut app = TestApp::with(|config| plan(config, 100_000, 0)).await;
    let ada = app.user("ada").await;
    let gate = Gate::new();
    let first = "one ".repeat(1500);
    app.model
        .answer(Script::says([first.clone(), "two".into()]).gated(&gate));
    let (start, mut events) = ask(&ada, QUESTION).await;
    hear(&gate, &mut events, 1).await;
    kept(&app).await;
    let path = format!(
        "/api/chat/sessions/{}",
        start["session_id"].as_str().unwrap()
    );
    // The process ends between the deletion and the end of the answer, which is not told to stop.
    let turn = start["turn_id"].as_str().unwrap().parse().unwrap();
    app.app.streams.remove(turn);
    assert_eq!(ada.delete(&path).await.status, 204);
    assert_eq!(app.reservations(), 1);
    app.crash_and_reopen().await;
    drop(events);
    let ada = app.user("ada").await;
    assert_eq!(app.reservations(), 1);
    novacore::schedule::sweep(&app.app).await.unwrap();
    let sums = booked(&app, &ada, &start).await;
    assert_eq!(
        (sums.messages, sums.llm_tokens_input, sums.llm_tokens_output),
        (1, count(QUESTION), count(&first))
    );
    app.finish().await;
}

/// Where a server reports nothing, or nothing but 0, our count stands.
#[tokio::test]
async fn without_a_report_our_count_stands() {
    let app = TestApp::with(|config| plan(config, 1000, 0)).await;
    let ada = app.user("ada").await;
    for script in [
        Script::says(["one ", "two"]),
        Script::says(["one ", "two"]).counts(0, 0),
    ] {
        app.model.answer(script);
        let (start, events) = ask(&ada, QUESTION).await;
        events.rest().await;
        let sums = booked(&app, &ada, &start).await;
        let prompt = start["context"]["used"].as_i64().unwrap();
        let expected = (count(QUESTION), count("one two"), prompt - count(QUESTION));
        assert_eq!(
            (
                sums.llm_tokens_input,
                sums.llm_tokens_output,
                sums.llm_tokens_context
            ),
            expected
        );
    }
    app.model.answer(Script::says(["one"]).counts(2, 1));
    let (start, events) = ask(&ada, QUESTION).await;
    events.rest().await;
    let sums = booked(&app, &ada, &start).await;
    assert_eq!(
        (sums.llm_tokens_input, sums.llm_tokens_context),
        (2, 0),
        "never over the report"
    );
    app.finish().await;
}
