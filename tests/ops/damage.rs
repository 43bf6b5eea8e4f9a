//! Damage under a running server: noticed by itself, told wherever an operator looks.

use std::fs;
use std::time::Duration;

use serde_json::json;

use super::data_commands::{ends, with_words};
use super::health::dependency;
use super::nightly::until;
use crate::support::app::TestApp;

/// A bit that turns in a snapshot while nobody looks is found by the check that comes by itself: it is
/// told in `/ready`, with the place only to this machine, and to administrators; the server goes on.
#[tokio::test]
async fn a_turned_bit_is_noticed() {
    let app = TestApp::new().await;
    app.user("ada")
        .await
        .say("My sister lives in Lisbon.")
        .await;
    app.settle().await;
    let store = app.app.store.clone();
    let taken = tokio::task::spawn_blocking(move || store.snapshot(&mut |_| {}));
    taken.await.unwrap().unwrap();
    let snapshots = fs::read_dir(app.folder().join("data/snapshots")).unwrap();
    let mut turned = 0;
    for file in snapshots.map(|entry| entry.unwrap().path()) {
        let mut bytes = fs::read(&file).unwrap();
        if let Some(words) = bytes.windows(6).position(|six| six == b"Lisbon") {
            bytes[words] ^= 1;
            fs::write(file, bytes).unwrap();
            turned += 1;
        }
    }
    assert_eq!(turned, 1, "the words are in the newest snapshot");

    let checked = |app: &TestApp| app.app.care.check.borrow().is_some();
    until(&app, Duration::from_secs(10), "the check", checked).await;
    let admin = app.admin().await;
    let check = admin.get("/api/admin/storage").await.body["last_check"].clone();
    assert_eq!(
        (&check["ok"], &check["findings"]),
        (&json!(false), &json!(1))
    );
    let ready = app.nobody().get("/ready").await;
    assert_eq!(
        (ready.status, &ready.body["status"]),
        (200, &json!("degraded"))
    );
    let check = dependency(&ready.body, "check");
    assert_eq!(check["status"], "degraded");
    let reason = check["reason"].as_str().unwrap();
    assert!(
        reason.contains("snapshots/") && !reason.contains("isbon"),
        "{reason}"
    );
    let far = app
        .nobody()
        .request("GET", "/ready")
        .header("via", "1.1 proxy");
    let far = crate::support::http::Person::send(far).await;
    assert!(!far.text.contains("snapshots/"), "{}", far.text);
    assert_eq!(app.user("ada").await.say("Hello").await.status, 200);
    app.finish().await;
}

/// Data in memory works, and everybody who looks is warned that it goes with the power.
#[tokio::test]
async fn data_in_memory_is_warned_about() {
    let Ok(folder) = tempfile::tempdir_in("/dev/shm") else {
        return; // this machine has no such place
    };
    let dir = folder.path().join("data");
    let app = TestApp::with(|config| config.data.dir = dir).await;
    let state = app.admin().await.get("/api/admin/storage").await.body;
    assert_eq!(state["file_system"], "memory");
    let ready = app.nobody().get("/ready").await;
    let told = dependency(&ready.body, "file_system");
    assert_eq!((ready.status, &told["status"]), (200, &json!("degraded")));
    assert!(
        told["reason"].as_str().unwrap().contains("local disk"),
        "{told}"
    );
    app.finish().await;
}

/// Data that cannot be opened as a whole is not opened: the refusal says what is missing and the way on,
/// which works, and nothing is changed.
#[tokio::test]
async fn what_is_missing_is_told() {
    let place = with_words().await;
    fs::remove_dir_all(place.data().join("live")).unwrap();
    let journal = fs::read_dir(place.data().join("journal")).unwrap();
    let file = journal.map(|entry| entry.unwrap().path()).max().unwrap();
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&file, &bytes).unwrap();

    let refused = ends(&place, &["serve"], 1).await;
    let last = refused.lines().last().unwrap();
    let dir = place.data().display().to_string();
    for part in [
        "is not whole",
        "Nothing was changed.",
        "novacore restore BACKUP",
        "--partial --into OTHER",
    ] {
        assert!(last.contains(part), "no {part} in {refused}");
    }
    assert_eq!(fs::read(&file).unwrap(), bytes);
    ends(&place, &["check", &dir], 1).await;
    let partial = ["restore", &dir, "--partial", "--into", "other"];
    ends(&place, &partial, 0).await;
    place.serve_with(&["serve", "--data-dir", "other"]).await;
}
