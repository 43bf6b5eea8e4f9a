//! The disk is full: nothing new, everything else goes on, and it heals by itself.

use std::pin::pin;
use std::time::Duration;

use novacore::ops::{Command, Reply, Steps};
use serde_json::{Value, json};
use storage::Writing;

use super::health::dependency;
use crate::support::app::{PASSWORD, TestApp};
use crate::support::clock::soon;
use crate::support::http::{Person, text};
use crate::support::script::{Gate, Script};
use crate::support::usage::plan;

/// Waits for something while the clock goes on, a second with each answer that the program gives.
async fn while_time_passes<T>(app: &TestApp, coming: impl Future<Output = T>) -> T {
    let mut coming = pin!(coming);
    let nobody = app.nobody();
    let wait = async {
        loop {
            tokio::select! {
                came = &mut coming => return came,
                _ = nobody.get("/health") => app.advance(Duration::from_secs(1)),
            }
        }
    };
    soon("what time brings", wait).await
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
    let ada = app.user("ada").await;
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
    assert_eq!(
        found.body["results"][0]["text"],
        "My sister lives in Lisbon."
    );

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
    let admin = app.user("admin").await;
    let healed =
        async { while admin.get("/api/admin/storage").await.body["writing"]["state"] != "ok" {} };
    while_time_passes(&app, healed).await;
    assert_eq!(ada.say("Hello").await.status, 200);
    app.finish().await;
}

/// An answer that is being written goes on to its end; its end is stored when there is room again, and
/// nothing of what was shown is lost.
#[tokio::test]
async fn a_running_answer_is_not_lost() {
    for patience in [true, false] {
        let app = TestApp::new().await;
        let ada = app.user("ada").await;
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
        gate.open();
        while told.len() < 3 {
            told.push(events.until("delta").await);
        }
        assert_eq!(text(&told), "One two three.");
        let tried = async {
            while app.app.store.writing() == Writing::Possible {
                app.nobody().get("/health").await;
            }
        };
        soon("the first try", tried).await;
        if patience {
            app.disk.set_full(false);
            let end = while_time_passes(&app, events.rest()).await.pop().unwrap();
            assert_eq!(end.name, "done");
        } else {
            let end = while_time_passes(&app, events.rest()).await.pop().unwrap();
            assert_eq!(
                (end.name.as_str(), &end.data["code"]),
                ("error", &json!("storage_read_only"))
            );
            assert_eq!(newest(&ada, &session).await["status"], "streaming");
            app.disk.set_full(false);
        }
        let stored = async { while newest(&ada, &session).await["status"] != "complete" {} };
        while_time_passes(&app, stored).await;
        assert_eq!(newest(&ada, &session).await["content"], "One two three.");
        app.finish().await;
    }
}

/// Answers that share a day neither wait for the disk nor are lost or booked twice: each is told as far as
/// there was room for it, and booked once when its end can be stored.
#[tokio::test]
async fn limited_answers_go_on_and_are_booked_once() {
    let app = TestApp::with(|config| plan(config, 1000, 0)).await;
    let ada = app.user("ada").await;
    let (gates, mut running) = ([Gate::new(), Gate::new()], Vec::new());
    for gate in &gates {
        let words = (0..400).map(|word| format!("word{word} "));
        app.model.answer(Script::says(words).gated(gate));
        let mut events = ada.stream(&json!({"message": "Count"})).await;
        let start = events.until("start").await.data;
        gate.release(1);
        events.until("delta").await;
        running.push((start, events));
    }
    app.settle_index().await;
    app.disk.set_full(true);
    gates.iter().for_each(Gate::open);
    let mut sessions = Vec::new();
    for (start, events) in running {
        let end = while_time_passes(&app, events.rest()).await.pop().unwrap();
        assert_eq!(end.data["code"], "storage_read_only");
        sessions.push(start["session_id"].as_str().unwrap().to_owned());
    }
    app.disk.set_full(false);
    let mut charged = 0;
    for session in sessions {
        let stored = async { while newest(&ada, &session).await["status"] == "streaming" {} };
        while_time_passes(&app, stored).await;
        charged += newest(&ada, &session).await["tokens_used"]
            .as_i64()
            .unwrap();
    }
    let today = app.today(&ada).await;
    assert_eq!((today.messages, today.tokens()), (2, charged));
    app.finish().await;
}

/// A server that is started while the disk is full serves what is there.
#[tokio::test]
async fn it_starts_on_a_full_disk() {
    let mut app = TestApp::new().await;
    let gate = Gate::new();
    let ada = app.user("ada").await;
    let said = ada.say("My sister lives in Lisbon.").await;
    app.model
        .answer(Script::says(["One ".to_owned(), "two.".to_owned()]).gated(&gate));
    let mut events = ada.stream(&json!({"message": "Count"})).await;
    let start = events.until("start").await.data;
    let session = start["session_id"].as_str().unwrap().to_owned();
    app.end();
    app.disk.set_full(true);
    app.reopen().await;
    let ada = ada.at(&app.url);
    let history = format!("/api/chat/history/{}", said.str("session_id"));
    let history = ada.get(&history).await;
    assert_eq!(
        history.body["items"][0]["status"], "complete",
        "{history:?}"
    );
    let ready = app.nobody().get("/ready").await.body;
    assert_eq!(dependency(&ready, "storage")["status"], "degraded");
    app.disk.set_full(false);
    let marked = async { while newest(&ada, &session).await["status"] != "interrupted" {} };
    while_time_passes(&app, marked).await;
    app.finish().await;
}

/// When it is the data's own disk that is full, a backup by hand says so, and names the way that needs
/// no room there.
#[tokio::test]
async fn a_backup_from_a_full_disk_names_the_way() {
    let app = TestApp::new().await;
    app.user("ada").await.say("Remember me.").await;
    app.settle().await;
    app.disk.set_full(true);
    let dir = app.folder().join("bak");
    let backup = Command::Backup { dir: dir.clone() };
    let reply = backup.run(&app.app, &Steps::default()).await;
    let Reply::Failed { said, .. } = reply else {
        panic!("{reply:?}");
    };
    assert!(said.contains("The disk of the data"), "{said}");
    let data = app.folder().join("data");
    let way = format!("cp -a {} {}", data.display(), dir.display());
    assert!(said.ends_with(&way), "{said}");
    app.disk.set_full(false);
    app.finish().await;
}
