//! Storing by hand.

use serde_json::{Value, json};

use super::{found, one, stored, texts};
use crate::support::app::TestApp;

/// A note stands alone; it is found at once and is what was said of it.
#[tokio::test]
async fn a_note_is_remembered() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let note = json!({"text": "The spare key is with Mrs Quill.", "speaker": "Mrs Quill", "tier": "LTM",
        "tags": ["home"], "created_at": "2025-03-04T10:00:00+02:00"});
    let made = ada.post("/api/memory/store", &note).await;
    assert_eq!(made.status, 201, "{made:?}");
    for (key, value) in [
        ("kind", json!("note")),
        ("speaker", json!("Mrs Quill")),
        ("tier", json!("ltm")),
        ("tags", json!(["home"])),
        ("created_at", json!("2025-03-04T08:00:00Z")),
        ("promoted_at", json!("2026-01-01T00:00:00Z")),
        ("session_title", Value::Null),
        ("session_id", made.body["id"].clone()),
    ] {
        assert_eq!(made.body[key], value, "{key}");
    }
    assert_eq!(
        found(&ada, "spare key").await,
        ["The spare key is with Mrs Quill."]
    );
    let answer = ada.say("Where is the spare key?").await;
    assert_eq!(
        texts(&answer.body["memories"]),
        ["The spare key is with Mrs Quill."]
    );
    let told = super::instructions(&app);
    assert!(
        told.contains(r#"- 2025-03-04, "Mrs Quill" said: "The spare key"#),
        "{told}"
    );
    app.finish().await;
}

/// What has the same key is one group, for ever and for each person another; its name is shown.
#[tokio::test]
async fn the_same_key_is_the_same_group() {
    let mut app = TestApp::new().await;
    let mut sessions = Vec::new();
    for (name, key) in [
        ("ada", "diary"),
        ("ada", " diary "),
        ("ada", "log"),
        ("bob", "diary"),
    ] {
        let person = app.user(name).await;
        let id = stored(
            &person,
            &json!({"text": "Rain all day.", "session_key": key}),
        )
        .await;
        let memory = one(&person, &id).await.body;
        assert_eq!(
            (&memory["kind"], &memory["session_title"]),
            (&json!("turn"), &json!(key.trim()))
        );
        sessions.push(memory["session_id"].clone());
        app.crash_and_reopen().await;
        // Ids are made of the time.
        app.advance(std::time::Duration::from_secs(1));
    }
    assert_eq!(sessions[0], sessions[1]);
    assert!(sessions[0] != sessions[2] && sessions[0] != sessions[3] && sessions[2] != sessions[3]);
    let ada = app.user("ada").await;
    let path = format!("/api/memory?session_id={}", sessions[0].as_str().unwrap());
    assert_eq!(ada.get(&path).await.body["total"], 2);
    assert_eq!(ada.get("/api/memory/stats").await.body["sessions"], 2);
    app.finish().await;
}

/// What cannot be is refused by its field, and stores nothing.
#[tokio::test]
async fn what_cannot_be_is_refused() {
    let app = super::unlimited().await;
    let ada = app.user("ada").await;
    for (field, value, code) in [
        ("text", json!(""), "memory_text_empty"),
        ("text", json!("x".repeat(16_385)), "memory_text_too_long"),
        ("speaker", json!(""), "speaker_invalid"),
        ("speaker", json!("x".repeat(65)), "speaker_invalid"),
        ("session_key", json!(" "), "session_key_invalid"),
        ("session_key", json!("x".repeat(201)), "session_key_invalid"),
        (
            "created_at",
            json!("2026-01-02T00:00:01Z"),
            "created_at_invalid",
        ),
        (
            "created_at",
            json!("1969-12-31T00:00:00Z"),
            "created_at_invalid",
        ),
        ("tags", json!(["a\nb"]), "tags_invalid"),
        ("tier", json!("stm"), "tier_invalid"),
    ] {
        let mut body = json!({"text": "Good"});
        body[field] = value;
        let refused = ada.post("/api/memory/store", &body).await;
        assert_eq!((refused.status, refused.code()), (422, code), "{refused:?}");
        assert!(refused.body["fields"][field].is_string(), "{refused:?}");
    }
    let odd = json!({"text": "Good", "created_at": "yesterday"});
    assert_eq!(ada.post("/api/memory/store", &odd).await.status, 400);
    assert_eq!(ada.get("/api/memory").await.body["total"], 0);
    let day = json!({"text": "Good", "created_at": "2026-01-02T00:00:00Z"});
    stored(&ada, &day).await;
    app.finish().await;
}

/// Storing costs like a message: who stores faster than the plan allows is told to wait.
#[tokio::test]
async fn storing_is_counted() {
    let app = TestApp::with(|config| {
        config.plans.default = "free".into();
        let plan = config.plans.named.get_mut("free").unwrap();
        (plan.requests_per_minute, plan.burst) = (1, 2);
    })
    .await;
    let ada = app.user("ada").await;
    for expected in [201, 201, 429] {
        let stored = ada.post("/api/memory/store", &json!({"text": "Tea"})).await;
        assert_eq!(stored.status, expected, "{stored:?}");
    }
    assert_eq!(
        super::import(&ada, &[json!({"text": "Tea"})]).await.code(),
        "rate_limited"
    );
    app.finish().await;
}

/// The last byte that fits is taken, one more is not, and nothing of it stays.
#[tokio::test]
async fn the_edge_of_the_room() {
    let app = TestApp::with(|config| {
        config.plans.default = "free".into();
        config.plans.named.get_mut("free").unwrap().memory_bytes = 1000;
    })
    .await;
    let ada = app.user("ada").await;
    stored(&ada, &json!({"text": "x".repeat(900)})).await;
    let over = ada
        .post("/api/memory/store", &json!({"text": "y".repeat(100)}))
        .await;
    assert_eq!((over.status, over.code()), (429, "quota_exceeded"));
    assert!(over.header("retry-after").parse::<u64>().unwrap() > 0);
    stored(&ada, &json!({"text": "y".repeat(99)})).await;
    let stats = ada.get("/api/memory/stats").await.body;
    assert_eq!(
        (&stats["bytes"], &stats["limit_bytes"]),
        (&json!(999), &json!(1000))
    );
    assert_eq!(stats["total"], 2);
    app.finish().await;
}
