//! What was replaced, and is so again: what a newer statement ended comes back when that goes.

use std::time::Duration;

use serde_json::{Value, json};

use super::distilling::session;
use super::{id_of, note, one};
use crate::support::app::TestApp;
use crate::support::http::Person;

const BERN: &str = "I live in Bern.";
const LISBON: &str = "I live in Lisbon now.";
const PARIS: &str = "I live in Paris now.";

/// Each said in a conversation of its own that ended, a minute apart.
async fn told(said: &[&str]) -> (TestApp, Person) {
    let app = TestApp::with(|config| config.auth.access_minutes = 1_440).await;
    let ada = app.user("ada").await;
    for words in said {
        session(&app, &ada, &[words]).await;
        app.advance(Duration::from_mins(1));
    }
    (app, ada)
}

/// Since when it is over, and what replaced it.
async fn over(person: &Person, id: &str) -> (Value, Value) {
    let memory = one(person, id).await.body;
    (memory["ended_at"].clone(), memory["superseded_by"].clone())
}

async fn count(person: &Person) -> Value {
    person.get("/api/memory/stats").await.body["superseded"].clone()
}

const CURRENT: (Value, Value) = (Value::Null, Value::Null);

/// Who forgets what replaced a statement has that again, counted as such.
#[tokio::test]
async fn forgetting_gives_back() {
    let (app, ada) = told(&[BERN, LISBON]).await;
    let (bern, lisbon) = (id_of(&ada, BERN).await, id_of(&ada, LISBON).await);
    assert_eq!(over(&ada, &bern).await.1, json!(lisbon));
    assert_eq!(count(&ada).await, 1);
    assert_eq!(
        ada.delete(&format!("/api/memory/{lisbon}")).await.status,
        204
    );
    assert_eq!(over(&ada, &bern).await, CURRENT);
    assert_eq!(count(&ada).await, 0);
    app.finish().await;
}

/// The same when it is corrected to say something else; a slip of the pen gives nothing back.
#[tokio::test]
async fn correcting_gives_back() {
    let (app, ada) = told(&[BERN, LISBON]).await;
    let (bern, lisbon) = (id_of(&ada, BERN).await, id_of(&ada, LISBON).await);
    let path = format!("/api/memory/{lisbon}");
    let slip = json!({"text": "I live in Lisboa now."});
    assert_eq!(ada.patch(&path, &slip).await.status, 200);
    assert_eq!(over(&ada, &bern).await.1, json!(lisbon));
    let other = json!({"text": "The hero of my novel moved to Lisbon."});
    assert_eq!(ada.patch(&path, &other).await.status, 200);
    assert_eq!(over(&ada, &bern).await, CURRENT);
    assert_eq!(count(&ada).await, 0);
    app.finish().await;
}

/// What was replaced twice stays over when the one in between goes: the last one still says so.
#[tokio::test]
async fn the_last_word_counts() {
    let (app, ada) = told(&[BERN, LISBON, PARIS]).await;
    let bern = id_of(&ada, BERN).await;
    let (lisbon, paris) = (id_of(&ada, LISBON).await, id_of(&ada, PARIS).await);
    assert_eq!(over(&ada, &bern).await.1, json!(lisbon));
    assert_eq!(over(&ada, &lisbon).await.1, json!(paris));
    ada.delete(&format!("/api/memory/{lisbon}")).await;
    assert_eq!(over(&ada, &bern).await.1, json!(paris));
    ada.delete(&format!("/api/memory/{paris}")).await;
    assert_eq!(over(&ada, &bern).await, CURRENT);
    app.finish().await;
}

/// The person says whether something is so: by new words, or by a word about it; that replaces nothing.
#[tokio::test]
async fn the_person_decides_what_is_so() {
    let (app, ada) = told(&[BERN, LISBON]).await;
    let (bern, lisbon) = (id_of(&ada, BERN).await, id_of(&ada, LISBON).await);
    let path = format!("/api/memory/{bern}");
    let again = ada.patch(&path, &json!({"current": true})).await;
    assert_eq!(again.status, 200);
    assert_eq!(over(&ada, &bern).await, CURRENT);
    assert_eq!(
        again.body["edited_at"],
        Value::Null,
        "its words are as they were"
    );
    assert_eq!(one(&ada, &lisbon).await.body["supersedes"], json!([]));

    let ended = ada.patch(&path, &json!({"current": false})).await.body;
    let now = json!("2026-01-01T00:02:00Z");
    assert_eq!(
        (&ended["ended_at"], &ended["superseded_by"]),
        (&now, &Value::Null)
    );
    assert_eq!(count(&ada).await, 1);
    app.advance(Duration::from_mins(5));
    ada.patch(&path, &json!({"current": false})).await;
    assert_eq!(over(&ada, &bern).await.0, now, "it is over since then");
    ada.delete(&format!("/api/memory/{lisbon}")).await;
    assert_eq!(over(&ada, &bern).await.0, now, "no other ended it");

    ada.patch(&path, &json!({"text": "I live in Berne."})).await;
    assert_eq!(over(&ada, &bern).await, CURRENT);
    let both = json!({"text": "I lived in Bern.", "current": false});
    assert!(ada.patch(&path, &both).await.body["ended_at"].is_string());
    let note = note(&ada, "The kettle is broken.").await;
    ada.patch(&format!("/api/memory/{note}"), &json!({"current": true}))
        .await;
    assert_eq!(count(&ada).await, 1);
    app.finish().await;
}

/// A fact is corrected, unpinned and ended like any memory; its words are pinned then, and fit into prompts.
#[tokio::test]
async fn a_fact_is_changed() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let stated = json!({"text": "I live in Bern."});
    let fact = ada.post("/api/memory/profile", &stated).await.str("id");
    let path = format!("/api/memory/{fact}");
    let unpinned = ada.patch(&path, &json!({"pinned": false})).await.body;
    assert_eq!(
        (&unpinned["pinned"], &unpinned["tier"]),
        (&json!(false), &json!("ltm"))
    );
    let long = ada.patch(&path, &json!({"text": "x".repeat(1_001)})).await;
    assert_eq!((long.status, long.code()), (422, "memory_text_too_long"));
    let most = ada.patch(&path, &json!({"text": "x".repeat(1_000)})).await;
    assert_eq!(most.status, 200);
    let moved = ada.patch(&path, &json!({"text": LISBON})).await.body;
    assert_eq!(
        (&moved["pinned"], &moved["edited_at"]),
        (&json!(true), &json!("2026-01-01T00:00:00Z"))
    );
    let profile = async || {
        let profile = ada.get("/api/memory/profile").await.body;
        (
            super::texts(&profile["facts"]),
            super::texts(&profile["past"]),
        )
    };
    let (here, nothing) = (vec![LISBON.to_owned()], Vec::new());
    assert_eq!(profile().await, (here.clone(), nothing.clone()));
    ada.patch(&path, &json!({"current": false})).await;
    assert_eq!(profile().await, (nothing.clone(), here.clone()));
    ada.say("Hello").await;
    assert!(!super::instructions(&app).contains("Lisbon"));
    ada.patch(&path, &json!({"current": true})).await;
    assert_eq!(profile().await, (here, nothing));
    app.finish().await;
}
