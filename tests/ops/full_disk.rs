//! The disk is full: nothing new, everything else goes on, and it heals by itself.

use std::time::Duration;

use serde_json::{Value, json};

use super::health::dependency;
use crate::support::app::{PASSWORD, TestApp};
use crate::support::clock::soon;
use crate::support::http::{Person, text};
use crate::support::script::{Gate, Script};

/// Waits until the program has noticed that it can write again.
async fn healed(app: &TestApp, admin: &Person) {
    let healed = async {
        loop {
            app.advance(Duration::from_secs(5));
            let state = admin.get("/api/admin/storage").await.body;
            if state["writing"]["state"] == "ok" {
                break;
            }
        }
    };
    soon("writing", healed).await;
}

async fn newest(person: &Person, session: &str) -> Value {
    let path = format!("/api/chat/history/{session}");
    person.get(&path).await.body["items"][0].clone()
}

/// What is new is refused in a plain sentence, what is there can be read, also by somebody whose access
/// token has run out; and when there is room again everything works, without a restart.
#[tokio::test]
async fn nothing_new_but_everything_that_is_there() {
    let app = TestApp::new().await;
    let (admin, ada) = (app.admin().await, app.user("ada").await);
    let said = ada.say("My sister lives in Lisbon.").await;
    let credentials = json!({"email": "ada@example.org", "password": PASSWORD});
    let signed_in = app.nobody().post("/api/auth/login", &credentials).await;
    app.settle().await;

    app.disk.set_full(true);
    let new = json!({"email": "bob@example.org", "password": PASSWORD});
    let message = json!({"message": "Hello"});
    for (path, body) in [
        ("/api/chat/message", &message),
        ("/api/chat/stream", &message),
        ("/api/auth/register", &new),
        ("/api/auth/login", &credentials),
        ("/api/chat/sessions", &json!({"title": "New"})),
    ] {
        let refused = ada.post(path, body).await;
        assert_eq!(
            (refused.status, refused.code()),
            (503, "storage_read_only"),
            "{path}: {refused:?}"
        );
        assert!(refused.str("error").contains("disk of this server is full"));
        assert_eq!(refused.header("retry-after"), "5");
    }
    let history = format!("/api/chat/history/{}", said.str("session_id"));
    assert_eq!(
        ada.get(&history).await.body["items"][0]["status"],
        "complete"
    );
    let search = json!({"query": "sister"});
    let found = ada.post("/api/memory/search", &search).await;
    assert_eq!(found.body["total"], 1, "{found:?}");

    // The same refresh token brings access again and again, and is spent only afterwards.
    let token = json!({"refresh_token": signed_in.str("refresh_token")});
    for _ in 0..2 {
        app.advance(Duration::from_mins(20));
        let renewed = app.nobody().post("/api/auth/refresh", &token).await;
        assert_eq!(renewed.status, 200, "{renewed:?}");
        assert_eq!(renewed.body["refresh_token"], token["refresh_token"]);
        let ada = ada.with_token(&renewed.str("access_token"));
        assert_eq!(ada.get("/api/auth/me").await.status, 200);
    }

    let ready = app.nobody().get("/ready").await;
    assert_eq!(
        (ready.status, &ready.body["status"]),
        (200, &json!("degraded"))
    );
    let storage = dependency(&ready.body, "storage");
    assert_eq!(storage["status"], "degraded");
    let reason = storage["reason"].as_str().unwrap();
    assert!(
        reason.starts_with("Read-only since 2026-01-01T") && reason.contains("the disk is full"),
        "{reason}"
    );
    let metrics = app.nobody().get("/metrics").await.text;
    assert!(metrics.contains("storage_seq "), "{metrics}");

    app.disk.set_full(false);
    let renewed = app.nobody().post("/api/auth/refresh", &token).await;
    let ada = ada.with_token(&renewed.str("access_token"));
    let admin_again = app.user("admin").await;
    healed(&app, &admin_again).await;
    assert_eq!(ada.say("Hello").await.status, 200);
    app.finish().await;
    drop(admin);
}

/// An answer that is being written goes on to its end; its end is stored when there is room again, and
/// nothing of what was shown is lost.
#[tokio::test]
async fn a_running_answer_is_not_lost() {
    for patience in [true, false] {
        let app = TestApp::new().await;
        let (admin, ada) = (app.admin().await, app.user("ada").await);
        let gate = Gate::new();
        let words = ["One ", "two ", "three."].map(str::to_owned);
        app.model.answer(Script::says(words).gated(&gate));
        let mut events = ada.stream(&json!({"message": "Count"})).await;
        let start = events.until("start").await.data;
        let session = start["session_id"].as_str().unwrap().to_owned();
        gate.release(1);
        let mut told = vec![events.until("delta").await];
        app.settle_index().await;
        app.disk.set_full(true);
        let others = app.clock.asleep();
        gate.open();
        while told.len() < 3 {
            told.push(events.until("delta").await);
        }
        assert_eq!(text(&told), "One two three.");
        // The end is waiting to be stored.
        app.clock.sleepers(others + 1).await;
        if patience {
            app.disk.set_full(false);
            healed(&app, &admin).await;
            assert_eq!(events.rest().await.pop().unwrap().name, "done");
        } else {
            let rest = tokio::spawn(events.rest());
            while !rest.is_finished() {
                app.advance(Duration::from_secs(5));
                tokio::task::yield_now().await;
            }
            let end = rest.await.unwrap().pop().unwrap();
            assert_eq!(
                (end.name.as_str(), &end.data["code"]),
                ("error", &json!("storage_read_only"))
            );
            assert_eq!(newest(&ada, &session).await["status"], "streaming");
            app.disk.set_full(false);
            healed(&app, &admin).await;
        }
        let stored = async {
            while newest(&ada, &session).await["status"] != "complete" {
                app.advance(Duration::from_secs(5));
            }
        };
        soon("the end in storage", stored).await;
        assert_eq!(newest(&ada, &session).await["content"], "One two three.");
        app.finish().await;
    }
}
