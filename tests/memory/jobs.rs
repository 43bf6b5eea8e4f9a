//! The jobs of distilling: what stops them, what they cost, and whose they are.

use std::time::Duration;

use novacore::config::EmbeddingProvider;
use novacore::schedule;
use serde_json::json;

use super::distilling::{CELLO, distil, facts, jobs, outcomes, profile, session};
use super::meaning::store;
use super::{all, stored, texts};
use crate::support::app::TestApp;
use crate::support::http::Person;
use crate::support::script::{Gate, Script};

/// What cannot be used even then is given up for this night, shown, and tried on three more nights; no turn
/// is lost by it, and an endless answer is cut.
#[tokio::test]
async fn nonsense_is_given_up_in_the_end() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    schedule::sweep(&app.app).await.unwrap();
    session(&app, &ada, &[CELLO]).await;
    let before = all(&ada).await;
    let endless: Vec<_> = std::iter::repeat_n("word ".to_owned(), 9_000).collect();
    app.model.answer(Script::says(endless));
    for _ in 0..20 {
        app.model.answer(Script::says(["no"]));
    }
    let mut asked = Vec::new();
    for night in 0..6 {
        let hours = if night == 0 { 3 } else { 24 };
        app.advance(Duration::from_hours(hours));
        schedule::sweep(&app.app).await.unwrap();
        app.run_jobs().await;
        schedule::sweep(&app.app).await.unwrap();
        app.run_jobs().await;
        asked.push(app.model.requests().len() - 1);
    }
    assert_eq!(asked, [2, 4, 6, 8, 8, 8]);
    let ada = app.user("ada").await;
    let failed = jobs(&ada, "distil").await;
    assert_eq!(failed.len(), 4);
    assert!(
        failed.iter().all(|job| job["state"] == "failed"),
        "{failed:?}"
    );
    assert_eq!(failed[0]["made"]["rejected"], 1);
    assert_eq!(all(&ada).await, before);
    assert_eq!(outcomes(&app).await, json!({"malformed": 4}));
    app.finish().await;
}

/// While the model is away jobs are held, which costs no try; when it is back they are done.
#[tokio::test]
async fn a_model_that_is_away_is_waited_for() {
    let app = TestApp::with(|config| config.auth.access_minutes = 1_440).await;
    let ada = app.user("ada").await;
    session(&app, &ada, &[CELLO]).await;
    app.model.answer(Script::status(503, "server busy"));
    distil(&app, &ada).await;
    let held = &jobs(&ada, "distil").await[0];
    let state = (&held["state"], &held["attempts"], &held["error"]);
    assert_eq!(state, (&json!("held"), &json!(0), &json!("model_busy")));
    app.model
        .answer(facts(&[("You play the cello on Mondays.", &[1])]));
    app.advance(Duration::from_mins(11));
    app.run_jobs().await;
    assert_eq!(jobs(&ada, "distil").await[0]["state"], "done");
    assert_eq!(texts(&profile(&ada).await["facts"]).len(), 1);
    app.finish().await;
}

/// Whoever asks something goes first: the call is dropped at once and made again later, at no cost of a try.
#[tokio::test]
async fn an_answer_goes_first() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    session(&app, &ada, &[CELLO]).await;
    let gate = Gate::new();
    app.model.answer(Script::says(["{"]).gated(&gate));
    let begun = ada.post("/api/memory/distil", &json!({})).await;
    assert_eq!(begun.status, 202);
    app.model.received(2).await;
    assert_eq!(jobs(&ada, "distil").await[0]["state"], "running");
    app.model.answer(Script::says(["Hello."]));
    let bob = app.user("bob").await;
    assert_eq!(bob.say("Hi").await.str("response"), "Hello.");
    app.model.aborted(1).await;
    app.run_jobs().await;
    let held = &jobs(&ada, "distil").await[0];
    assert_eq!(
        (&held["state"], &held["attempts"]),
        (&json!("held"), &json!(0))
    );
    app.model
        .answer(facts(&[("You play the cello on Mondays.", &[1])]));
    app.advance(Duration::from_secs(61));
    app.run_jobs().await;
    assert_eq!(texts(&profile(&ada).await["facts"]).len(), 1);
    app.finish().await;
}

/// A day's budget holds: what is beyond waits for the next night.
#[tokio::test]
async fn the_budget_holds() {
    let app = TestApp::with(|config| config.memory.distil_calls = 2).await;
    let ada = app.user("ada").await;
    for _ in 0..4 {
        session(&app, &ada, &[CELLO]).await;
    }
    for _ in 0..4 {
        app.model
            .answer(facts(&[("You play the cello on Mondays.", &[1])]));
    }
    distil(&app, &ada).await;
    assert_eq!(app.model.requests().len(), 4 + 2);
    let held = jobs(&ada, "distil").await;
    let waiting = held.iter().filter(|job| job["state"] == "held");
    assert_eq!(waiting.count(), 2);
    let state = app.admin().await.get("/api/admin/memory").await.body;
    assert_eq!(state["distilling"]["calls_today"], 2);
    assert_eq!(state["distilling"]["tokens_today"], 240);
    app.advance(Duration::from_hours(27));
    app.run_jobs().await;
    assert_eq!(app.model.requests().len(), 4 + 4);
    app.finish().await;
}

/// A job names its conversation, as long as that can be opened, or the group that was stored; as many are told
/// as are asked for.
#[tokio::test]
async fn a_job_names_what_it_is_about() {
    let app = TestApp::with(|config| config.auth.access_minutes = 1_440).await;
    let ada = app.user("ada").await;
    let talk = session(&app, &ada, &[CELLO]).await;
    let renamed = json!({"title": "Music"});
    ada.patch(&format!("/api/chat/sessions/{talk}"), &renamed)
        .await;
    let diary = json!({"text": "Rain all day.", "session_key": "diary"});
    stored(&ada, &diary).await;
    app.advance(Duration::from_hours(2));
    schedule::sweep(&app.app).await.unwrap();
    app.run_jobs().await;
    let named = async |of: &str| {
        let jobs = ada.get("/api/memory/jobs").await.body;
        let mut jobs = jobs["items"].as_array().unwrap().iter();
        let job = jobs.find(|job| job["session_title"] == of);
        job.unwrap_or_else(|| panic!("no {of}"))["conversation"].clone()
    };
    assert_eq!(named("Music").await, json!(true));
    assert_eq!(named("diary").await, json!(false));
    let told = async |limit: &str| {
        let jobs = ada.get(&format!("/api/memory/jobs{limit}")).await.body;
        jobs["items"].as_array().unwrap().clone()
    };
    let all = told("").await;
    assert!(all.len() > 1);
    assert_eq!(told("?limit=500").await, all);
    assert_eq!(told("?limit=1").await, all[..1]);
    for limit in [0, 501] {
        let refused = ada.get(&format!("/api/memory/jobs?limit={limit}")).await;
        assert_eq!((refused.status, refused.code()), (422, "limit_invalid"));
    }
    ada.delete(&format!("/api/chat/sessions/{talk}?keep_memory=true"))
        .await;
    let gone = jobs(&ada, "promote").await;
    let gone = gone.iter().find(|job| job["session_id"] == talk).unwrap();
    assert_eq!(
        (&gone["session_title"], &gone["conversation"]),
        (&json!(null), &json!(false))
    );
    app.finish().await;
}

/// As long as something of one's own waits to be embedded, it is told how far that is; nobody else's counts.
#[tokio::test]
async fn embedding_tells_how_far_it_is() {
    let app = TestApp::with(|config| config.embedding.provider = EmbeddingProvider::Auto).await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let progress =
        async |person: &Person| person.get("/api/memory/jobs").await.body["embedding"].clone();
    store(&ada, "The kettle is broken.").await;
    app.settle().await;
    assert_eq!(progress(&ada).await, json!(null));
    let gate = Gate::new();
    app.model.embedding().hold(&gate);
    store(&ada, "I bought a car.").await;
    assert_eq!(progress(&ada).await, json!({"done": 1, "total": 2}));
    assert_eq!(progress(&bob).await, json!(null));
    gate.open();
    app.settle().await;
    assert_eq!(progress(&ada).await, json!(null));
    app.finish().await;
    // Where nothing is embedded nothing is told of it, though all waits.
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    store(&ada, "The kettle is broken.").await;
    assert_eq!(progress(&ada).await, json!(null));
    app.finish().await;
}

/// Jobs are their owner's: nobody else sees them or has them tried again, administrators see numbers alone.
#[tokio::test]
async fn jobs_are_their_owners() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    session(&app, &ada, &[CELLO]).await;
    app.model.answer(Script::status(503, "server busy"));
    distil(&app, &ada).await;
    let job = jobs(&ada, "distil").await[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(bob.get("/api/memory/jobs").await.body["items"], json!([]));
    let retry = format!("/api/memory/jobs/{job}/retry");
    assert_eq!(bob.post(&retry, &json!({})).await.status, 404);
    app.model
        .answer(facts(&[("You play the cello on Mondays.", &[1])]));
    assert_eq!(ada.post(&retry, &json!({})).await.status, 202);
    app.run_jobs().await;
    let done = ada.post(&retry, &json!({})).await;
    assert_eq!((done.status, done.code()), (409, "job_done"));
    let seen = app.admin().await.get("/api/admin/memory").await.text;
    assert!(!seen.contains("cello") && !seen.contains(&job), "{seen}");
    let listed = app.admin().await.get("/api/admin/jobs").await.text;
    assert!(!listed.contains("cello"), "{listed}");
    app.finish().await;
}
