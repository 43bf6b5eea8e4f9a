//! One model for all: what each may have of a night and of a day's budget.

use std::time::Duration;

use novacore::schedule;
use serde_json::{Value, json};

use super::distilling::{CELLO, distil, facts, jobs, session};
use super::import;
use crate::support::app::TestApp;
use crate::support::http::Person;
use crate::support::people::id_of as person_id;
use crate::support::script::{Gate, Script};

async fn calls_today(app: &TestApp) -> Value {
    let state = app.admin().await.get("/api/admin/memory").await.body;
    state["distilling"]["calls_today"].clone()
}

/// So many groups of one turn, stored by hand, that have ended when the night comes.
async fn groups(app: &TestApp, person: &Person, count: usize) {
    let lines: Vec<_> = (0..count)
        .map(|n| json!({"text": CELLO, "session_key": format!("group {n}")}))
        .collect();
    assert_eq!(import(person, &lines).await.body["imported"], count);
    app.settle().await;
}

/// Whoever has very much waiting makes nobody else wait for weeks: in the first night each has a job.
#[tokio::test]
async fn everybody_has_a_night() {
    let app = TestApp::with(|config| {
        config.limits.enabled = false;
        config.auth.access_minutes = 1_440;
        config.memory.distil_calls = 1;
    })
    .await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    schedule::sweep(&app.app).await.unwrap();
    groups(&app, &ada, 240).await;
    groups(&app, &bob, 2).await;
    app.advance(Duration::from_mins(61));
    for _ in 0..4 {
        schedule::sweep(&app.app).await.unwrap();
    }
    app.run_jobs().await;
    assert_eq!(jobs(&bob, "distil").await.len(), 0, "not by day");
    app.model.answer(facts(&[]));
    app.advance(Duration::from_hours(1));
    schedule::sweep(&app.app).await.unwrap();
    app.run_jobs().await;
    assert_eq!(jobs(&bob, "distil").await.len(), 2);
    app.finish().await;
}

/// While others wait nobody uses more than their part of a day's budget; what they leave is there for all.
#[tokio::test]
async fn a_days_budget_is_shared() {
    let app = TestApp::with(|config| config.memory.distil_calls = 4).await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    session(&app, &bob, &[CELLO]).await;
    for _ in 0..4 {
        session(&app, &ada, &[CELLO]).await;
    }
    for _ in 0..5 {
        app.model.answer(facts(&[]));
    }
    distil(&app, &ada).await;
    assert_eq!(calls_today(&app).await, 2);
    let held = jobs(&ada, "distil").await;
    let held = held.iter().filter(|job| job["state"] == "held");
    let why = "others wait for their share of today's budget";
    assert_eq!(held.filter(|job| job["error"] == why).count(), 2);
    // Again from its beginning, as often as she likes.
    distil(&app, &ada).await;
    assert_eq!(calls_today(&app).await, 2);
    distil(&app, &bob).await;
    assert_eq!(calls_today(&app).await, 3);
    assert_eq!(jobs(&bob, "distil").await[0]["state"], "done");
    app.advance(Duration::from_mins(11));
    app.run_jobs().await;
    assert_eq!(calls_today(&app).await, 4);
    app.finish().await;
}

/// Not even for a second try of an answer of the wrong form is the budget passed over.
#[tokio::test]
async fn a_second_try_is_within_the_budget() {
    let app = TestApp::with(|config| config.memory.distil_calls = 1).await;
    let ada = app.user("ada").await;
    session(&app, &ada, &[CELLO]).await;
    app.model.answer(Script::says(["no"]));
    distil(&app, &ada).await;
    assert_eq!(app.model.requests().len(), 1 + 1);
    assert_eq!(calls_today(&app).await, 1);
    assert_eq!(jobs(&ada, "distil").await[0]["state"], "held");
    app.finish().await;
}

/// An account that is disabled while the list of models is asked for: nothing of it goes to the model.
#[tokio::test]
async fn nothing_goes_out_for_a_disabled_account() {
    let app = TestApp::with(|config| config.auth.access_minutes = 1_440).await;
    let (admin, ada) = (app.admin().await, app.user("ada").await);
    schedule::sweep(&app.app).await.unwrap();
    groups(&app, &ada, 1).await;
    app.advance(Duration::from_mins(61));
    schedule::sweep(&app.app).await.unwrap();
    app.run_jobs().await;
    app.advance(Duration::from_hours(1));
    let gate = Gate::new();
    app.model.hold_list(&gate);
    let asked = app.model.other_calls();
    schedule::sweep(&app.app).await.unwrap();
    app.model.asked(asked + 1).await;
    let path = format!("/api/admin/users/{}", person_id(&ada).await);
    let disabled = admin.patch(&path, &json!({"disabled": true})).await;
    assert_eq!(disabled.status, 200);
    gate.open();
    app.run_jobs().await;
    assert_eq!(app.model.requests(), [] as [Value; 0]);
    app.finish().await;
}
