//! What people state of themselves.

use std::time::Duration;

use serde_json::json;

use super::distilling::{distil, facts, profile, session};
use super::{instructions, texts};
use crate::support::app::TestApp;

/// What a person states is pinned, first in every prompt, and stands against whatever a model writes.
#[tokio::test]
async fn what_a_person_states_stands() {
    let app = TestApp::with(|config| config.auth.access_minutes = 1_440).await;
    let ada = app.user("ada").await;
    session(&app, &ada, &["I live in Berne."]).await;
    app.model.answer(facts(&[("You live in Berne.", &[1])]));
    distil(&app, &ada).await;
    let body = json!({"text": " I now live in  Berne with Tom. "});
    let stated = ada.post("/api/memory/profile", &body).await;
    assert_eq!(
        (stated.status, stated.str("text")),
        (201, "I now live in Berne with Tom.".into())
    );
    assert_eq!(
        (&stated.body["pinned"], &stated.body["kind"]),
        (&json!(true), &json!("fact"))
    );
    let known = profile(&ada).await;
    assert_eq!(texts(&known["past"]), ["You live in Berne."], "it gave way");
    app.advance(Duration::from_hours(1));
    session(&app, &ada, &["I live in Lisbon with Tom now."]).await;
    app.model
        .answer(facts(&[("You now live in Lisbon with Tom.", &[1])]));
    distil(&app, &ada).await;
    let known = profile(&ada).await;
    assert_eq!(texts(&known["facts"]), ["I now live in Berne with Tom."]);
    ada.say("Hello").await;
    let line = "- 2026-01-01: \"I now live in Berne with Tom.\"";
    assert!(instructions(&app).contains(line));
    app.finish().await;
}

/// Nothing, and more than fits into a prompt, is refused in words.
#[tokio::test]
async fn a_fact_has_bounds() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    for (text, code) in [
        (" \n ".to_owned(), "memory_text_empty"),
        ("word ".repeat(300), "memory_text_too_long"),
    ] {
        let refused = ada
            .post("/api/memory/profile", &json!({"text": text}))
            .await;
        assert_eq!((refused.status, refused.code()), (422, code));
    }
    let empty = json!({"facts": [], "past": [], "advice": [], "updated_at": null});
    assert_eq!(profile(&ada).await, empty);
    app.finish().await;
}
