//! Sessions end, and the best of what was said in them is promoted.

use std::time::Duration;

use novacore::config::Distil;
use novacore::schedule;
use serde_json::{Value, json};

use super::{distilling::session, id_of};
use crate::support::app::TestApp;
use crate::support::http::Person;
use crate::support::script::Script;

/// Promotion is no model's business.
async fn without_a_model() -> TestApp {
    TestApp::with(|config| {
        config.auth.access_minutes = 1_440;
        config.memory.distil = Distil::Off;
    })
    .await
}

/// The texts that are long-term, oldest first.
async fn promoted(person: &Person) -> Vec<String> {
    let list = person.get("/api/memory?limit=1000").await.body;
    let items = list["items"].as_array().unwrap().iter().rev();
    let ltm = items.filter(|item| item["tier"] == "ltm");
    ltm.map(|item| item["text"].as_str().unwrap().to_owned())
        .collect()
}

async fn ended_at(person: &Person, session: &str) -> Value {
    let path = format!("/api/chat/sessions/{session}");
    person.get(&path).await.body["ended_at"].clone()
}

/// A conversation in which nothing was said for an hour ends, and keeps at least one turn for the long
/// term; a later message opens it again, and its next end looks at what is new.
#[tokio::test]
async fn an_idle_conversation_ends() {
    let app = without_a_model().await;
    let ada = app.user("ada").await;
    app.model.answer(Script::says(["Ah."]));
    let said = ada.say("My kettle is broken.").await;
    let session = said.str("session_id");
    app.settle().await;
    app.advance(Duration::from_mins(59));
    schedule::sweep(&app.app).await.unwrap();
    assert_eq!(ended_at(&ada, &session).await, Value::Null);
    app.advance(Duration::from_mins(1));
    schedule::sweep(&app.app).await.unwrap();
    app.run_jobs().await;
    assert_eq!(ended_at(&ada, &session).await, "2026-01-01T01:00:00Z");
    assert_eq!(promoted(&ada).await, ["My kettle is broken."]);
    let id = id_of(&ada, "My kettle is broken.").await;
    let memory = ada.get(&format!("/api/memory/{id}")).await.body;
    assert_eq!(memory["promoted_at"], "2026-01-01T01:00:00Z");
    app.model.answer(Script::says(["Oh."]));
    ada.say_in(&session, "I have a new one.").await;
    app.settle().await;
    assert_eq!(ended_at(&ada, &session).await, Value::Null);
    app.advance(Duration::from_hours(2));
    schedule::sweep(&app.app).await.unwrap();
    app.run_jobs().await;
    assert_ne!(ended_at(&ada, &session).await, Value::Null);
    let jobs = ada.get("/api/memory/jobs").await.body;
    let jobs = jobs["items"].as_array().unwrap();
    assert!(
        jobs.iter()
            .all(|job| job["kind"] == "promote" && job["state"] == "done")
    );
    assert_eq!(jobs.len(), 2);
    app.finish().await;
}

/// The same words at the same times give the same tiers, in another installation as well; no model is asked.
#[tokio::test]
async fn promotion_is_the_same_everywhere() {
    let mut tiers = Vec::new();
    for _ in 0..2 {
        let app = without_a_model().await;
        let ada = app.user("ada").await;
        for day in 0..5 {
            let said = [
                format!("On day {day} I planted {day} trees."),
                "It rained.".to_owned(),
            ];
            let said: Vec<_> = said.iter().map(String::as_str).collect();
            session(&app, &ada, &said).await;
            app.advance(Duration::from_hours(1));
        }
        assert_eq!(app.model.requests().len(), 10, "the answers alone");
        tiers.push(promoted(&ada).await);
        app.finish().await;
    }
    assert!(tiers[0].len() >= 5, "{tiers:?}");
    assert_eq!(tiers[0], tiers[1]);
}

/// What a newer statement says is no longer so is marked, of the same person alone.
#[tokio::test]
async fn a_correction_marks_what_it_corrects() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let before = "My meeting is on Monday.";
    for person in [&ada, &bob] {
        session(&app, person, &[before]).await;
    }
    app.advance(Duration::from_mins(1));
    let after = "Actually, my meeting is on Tuesday.";
    session(&app, &ada, &[after]).await;
    let row = async |person: &Person, text: &str| {
        let id = id_of(person, text).await;
        person.get(&format!("/api/memory/{id}")).await.body
    };
    let old = row(&ada, before).await;
    assert_eq!(old["superseded_by"], row(&ada, after).await["id"]);
    assert!(old["ended_at"].is_string());
    assert_eq!(row(&ada, after).await["ended_at"], Value::Null);
    assert_eq!(row(&bob, before).await["ended_at"], json!(null));
    app.finish().await;
}

/// What is stored by hand with one key ends by itself when nothing was stored there for an hour, once; and
/// again when there is more.
#[tokio::test]
async fn an_idle_group_ends() {
    let app = without_a_model().await;
    let ada = app.user("ada").await;
    let store = async |text: &str| {
        let body = json!({"text": text, "session_key": "diary"});
        super::stored(&ada, &body).await
    };
    let pass = async |minutes: u64| {
        app.advance(Duration::from_mins(minutes));
        schedule::sweep(&app.app).await.unwrap();
        app.run_jobs().await;
    };
    let jobs = async || {
        let jobs = ada.get("/api/memory/jobs").await.body;
        jobs["items"].as_array().unwrap().len()
    };
    store("I planted three trees in the garden.").await;
    store("Hm.").await;
    pass(59).await;
    assert_eq!(promoted(&ada).await, [] as [&str; 0]);
    store("Well.").await;
    pass(59).await;
    assert_eq!(jobs().await, 0, "counted from what was stored last");
    pass(1).await;
    assert_eq!(
        promoted(&ada).await,
        ["I planted three trees in the garden."]
    );
    pass(120).await;
    assert_eq!(jobs().await, 1);
    store("On 3 May my neighbour Anton felled two of the trees.").await;
    pass(60).await;
    assert_eq!(
        promoted(&ada).await,
        [
            "I planted three trees in the garden.",
            "On 3 May my neighbour Anton felled two of the trees."
        ]
    );
    assert_eq!(jobs().await, 2);
    app.finish().await;
}

/// What its owner took out of the long-term ones is not put back when the session ends again.
#[tokio::test]
async fn what_was_taken_out_stays_out() {
    let app = without_a_model().await;
    let ada = app.user("ada").await;
    let body = json!({"text": "I planted three trees in May.", "session_key": "diary"});
    let id = super::stored(&ada, &body).await;
    let path = format!("/api/memory/{id}/demote");
    assert_eq!(ada.post(&path, &json!({})).await.status, 200);
    super::stored(&ada, &json!({"text": "Hm.", "session_key": "diary"})).await;
    app.advance(Duration::from_hours(1));
    schedule::sweep(&app.app).await.unwrap();
    app.run_jobs().await;
    assert_eq!(promoted(&ada).await, ["Hm."]);
    app.finish().await;
}
