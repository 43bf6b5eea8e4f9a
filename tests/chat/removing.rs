//! Deleting long conversations, and what is kept of those that end.

use std::time::Duration;

use serde_json::json;

use super::{ask, conversations, field, four_words, history};
use crate::support::app::TestApp;
use crate::support::http::Person;

/// A conversation of which so much is remembered that one transaction does not take it.
async fn long(app: &TestApp, person: &Person) -> String {
    let session = person.say("Tell me of the river").await.str("session_id");
    let lines: Vec<_> = (0..2_600)
        .map(|n| json!({"text": format!("River {n}"), "session_key": session}).to_string())
        .collect();
    let request = person
        .request("POST", "/api/memory/import")
        .header("content-type", "application/x-ndjson")
        .body(lines.join("\n"));
    assert_eq!(Person::send(request).await.body["imported"], 2_600);
    app.settle().await;
    session
}

async fn remembered(person: &Person) -> u64 {
    let stats = person.get("/api/memory/stats").await.body;
    stats["total"].as_u64().unwrap()
}

/// The kinds of jobs that are still to be done.
fn open(app: &TestApp) -> usize {
    app.app.jobs.open().unwrap()
}

async fn unlimited() -> TestApp {
    TestApp::with(|config| config.limits.enabled = false).await
}

/// When it is answered, all of a long conversation is gone, in steps between which others write; and no job
/// is left.
#[tokio::test]
async fn a_long_conversation_goes_in_steps() {
    let app = unlimited().await;
    let ada = app.user("ada").await;
    let session = long(&app, &ada).await;
    let before = app.app.store.seq();
    let path = format!("/api/chat/sessions/{session}");
    assert_eq!(ada.delete(&path).await.status, 204);
    // Six steps at least, of which the request and the job may put two into one batch.
    let batches = app.app.store.seq() - before;
    assert!(batches >= 3, "{batches}");
    assert_eq!(remembered(&ada).await, 0);
    assert_eq!(open(&app), 0);
    assert_eq!(ada.delete(&path).await.status, 404);
    app.finish().await;
}

/// What a crash leaves undone of it is done after the next start; the conversation is gone from the first step
/// on, and its answers with it.
#[tokio::test]
async fn a_crash_in_the_middle_leaves_nothing() {
    let mut app = unlimited().await;
    let ada = app.user("ada").await;
    let session = long(&app, &ada).await;
    let turn = history(&ada, &session).await["items"][0]["turn_id"].clone();
    let path = format!("/api/chat/sessions/{session}");
    let (before, commits) = (app.app.store.seq(), app.app.store.clone());
    let mut deleting = Box::pin(ada.delete(&path));
    // Until the first step is stored.
    while commits.seq() == before {
        tokio::select! {
            biased;
            _ = &mut deleting => break,
            () = tokio::task::yield_now() => {}
        }
    }
    drop(deleting);
    app.crash_and_reopen().await;
    let ada = app.user("ada").await;
    assert_eq!(ada.get(&path).await.status, 404);
    let turn = turn.as_str().unwrap();
    let events = ada.get(&format!("/api/chat/turns/{turn}/events")).await;
    assert_eq!(events.status, 404);
    app.run_jobs().await;
    assert_eq!(remembered(&ada).await, 0);
    assert_eq!(conversations(&ada).await.len(), 0);
    app.settle().await;
    let agreed = novacore::memory::disagreements(&app.app).await.unwrap();
    assert_eq!(agreed.findings, [] as [&str; 0]);
    app.finish().await;
}

/// What is kept of a deleted conversation is promoted like what was said in one that ended.
#[tokio::test]
async fn what_is_kept_is_promoted() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let said = "On 3 May my sister Clara moved to Lisbon.";
    let session = ada.say(said).await.str("session_id");
    app.settle().await;
    let path = format!("/api/chat/sessions/{session}?keep_memory=true");
    assert_eq!(ada.delete(&path).await.status, 204);
    app.run_jobs().await;
    let ltm = ada.get("/api/memory?tier=ltm").await.body;
    assert_eq!(ltm["items"][0]["text"], said);
    let jobs = ada.get("/api/memory/jobs").await.body;
    assert_eq!(jobs["items"][0]["kind"], "promote");
    app.finish().await;
}

/// What was kept of an answer that a crash cut off belongs to its conversation, though that was ended while it
/// was written.
#[tokio::test]
async fn a_cut_off_answer_of_an_ended_conversation_counts() {
    let mut app = TestApp::new().await;
    let ada = app.user("ada").await;
    let (script, gate) = four_words();
    app.model.answer(script);
    let (start, mut events) = ask(&ada, "Count").await;
    let session = field(&start, "session_id");
    gate.release(1);
    events.next().await.unwrap();
    app.advance(Duration::from_millis(600));
    for _ in 0..2 {
        gate.release(1);
        events.next().await.unwrap();
    }
    let path = format!("/api/chat/sessions/{session}/end");
    assert_eq!(ada.post(&path, &json!({})).await.status, 200);
    app.run_jobs().await;
    app.crash_and_reopen().await;
    drop(events);
    app.run_jobs().await;
    let ada = app.user("ada").await;
    let jobs = ada.get("/api/memory/jobs").await.body;
    let of_session = jobs["items"].as_array().unwrap().iter();
    let promotions = of_session.filter(|job| job["kind"] == "promote");
    assert_eq!(promotions.count(), 2, "of the question, and of the answer");
    app.finish().await;
}
