//! Nightly backups by the test's clock, the check, and what an administrator sees of both.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use super::health::dependency;
use crate::support::app::TestApp;
use crate::support::clock::soon;
use crate::support::http::Person;

fn backups(home: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(home) else {
        return Vec::new();
    };
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Waits until all that runs in the background sleeps: the sweep, the queue of jobs, and of the data's care
/// upkeep, the watch on writing, the check, and where they are on the nightly backups; and the graphs of
/// vectors.
async fn all_asleep(app: &TestApp) {
    let loops = if app.config.backup.nightly { 7 } else { 6 };
    app.clock.sleepers(loops).await;
}

/// Moves time on until something is so, each step only when all that runs in the background sleeps.
pub async fn until(app: &TestApp, step: Duration, what: &str, so: impl Fn(&TestApp) -> bool) {
    let wait = async {
        loop {
            all_asleep(app).await;
            if so(app) {
                break;
            }
            app.advance(step);
        }
    };
    soon(what, wait).await;
}

fn last_good(app: &TestApp) -> Option<String> {
    let backups = app.app.care.backups.borrow();
    backups.good_at.map(|at| at.to_string())
}

async fn with_nightly() -> TestApp {
    TestApp::with(|config| {
        config.backup.nightly = true;
        config.backup.keep = 3;
    })
    .await
}

async fn state(admin: &Person) -> Value {
    admin.get("/api/admin/storage").await.body
}

/// What the newest backup says of itself.
fn first_description(home: &Path) -> PathBuf {
    home.join(backups(home).pop().unwrap()).join("backup.json")
}

/// One backup a night at its time; only so many are kept; and what others put there, or what is not
/// whole, is never touched.
#[tokio::test]
async fn one_a_night() {
    let app = with_nightly().await;
    app.user("ada").await.say("Remember me.").await;
    let home = app.folder().join("data.backups");
    fs::create_dir_all(home.join("novacore-20200101T030000Z")).unwrap();
    fs::create_dir(home.join("holiday-photos")).unwrap();
    let served = home.join("novacore-20200102T030000Z");
    fs::create_dir_all(served.join("live")).unwrap();
    let minutes = Duration::from_mins(10);
    for day in 1..=5 {
        let want = format!("2026-01-0{day}T03:");
        until(&app, minutes, "the night's backup", |app| {
            last_good(app).is_some_and(|at| at.starts_with(&want))
        })
        .await;
    }
    fs::copy(first_description(&home), served.join("backup.json")).unwrap();
    let want = "2026-01-06T03:";
    until(&app, minutes, "one more", |app| {
        last_good(app).is_some_and(|at| at.starts_with(want))
    })
    .await;
    // The removal comes after the word of it.
    let kept = async {
        while backups(&home).len() > 6 {
            tokio::task::yield_now().await;
        }
    };
    soon("the removal", kept).await;
    let names = backups(&home);
    assert_eq!(
        names[..3],
        [
            "holiday-photos",
            "novacore-20200101T030000Z",
            "novacore-20200102T030000Z"
        ],
        "{names:?}"
    );
    for (name, day) in names[3..].iter().zip(4..) {
        assert!(
            name.starts_with(&format!("novacore-2026010{day}T03")),
            "{names:?}"
        );
        assert!(home.join(name).join("backup.json").exists());
    }
    app.finish().await;
}

/// Without room no backup is begun; that is told where an operator looks, survives a restart, and the
/// next try comes by itself.
#[tokio::test]
async fn without_room_none_is_made() {
    let mut app = with_nightly().await;
    app.admin().await;
    app.disk.set_free(1000);
    let failed = |app: &TestApp| {
        let backups = app.app.care.backups.borrow();
        let last = backups.last.as_ref();
        last.is_some_and(|last| last.failure.is_some())
    };
    until(&app, Duration::from_mins(5), "a failure", failed).await;
    for restart in [false, true] {
        if restart {
            app.crash_and_reopen().await;
        }
        let admin = app.admin().await;
        let last = state(&admin).await["last_backup"].clone();
        assert_eq!(last["ok"], false);
        let reason = last["reason"].as_str().unwrap();
        assert!(reason.contains("1.0 kB are free"), "{reason}");
        let ready = app.nobody().get("/ready").await.body;
        let backup = dependency(&ready, "backup");
        assert_eq!(backup["status"], "degraded");
        assert!(
            backup["reason"]
                .as_str()
                .unwrap()
                .contains("1.0 kB are free")
        );
    }
    app.disk.set_free(u64::MAX);
    until(&app, Duration::from_mins(10), "a good one", |app| {
        last_good(app).is_some()
    })
    .await;
    let ready = app.nobody().get("/ready").await.body;
    assert_eq!(dependency(&ready, "backup")["status"], "ok");
    app.finish().await;
}

/// An administrator begins one by hand, once at a time, and sees what it came to.
#[tokio::test]
async fn one_by_hand() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let before = state(&admin).await;
    assert_eq!(
        (&before["last_backup"], &before["held"]),
        (&Value::Null, &json!(false))
    );
    assert_eq!(before["writing"], json!({"state": "ok"}));
    assert_eq!(before["nightly"]["on"], false);
    let turn = app.app.care.backing_up.clone().try_acquire_owned().unwrap();
    let refused = admin.post("/api/admin/storage/backup", &json!({})).await;
    assert_eq!((refused.status, refused.code()), (409, "backup_running"));
    assert_eq!(state(&admin).await["backup_running"], true);
    drop(turn);
    let begun = admin.post("/api/admin/storage/backup", &json!({})).await;
    assert_eq!(begun.status, 202);
    app.settle().await;
    let after = state(&admin).await;
    let last = &after["last_backup"];
    assert_eq!(last["ok"], true, "{after}");
    assert!(last["bytes"].as_u64().unwrap() > 0);
    assert!(
        Path::new(last["path"].as_str().unwrap())
            .join("backup.json")
            .exists()
    );
    assert!(after["disk"]["live_bytes"].as_u64().unwrap() > 0);
    app.finish().await;
}

/// Everything is checked soon after the start, without anybody asking, and its result is told.
#[tokio::test]
async fn the_check_comes_by_itself() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    app.user("ada").await.say("Remember me.").await;
    app.settle().await;
    let checked = |app: &TestApp| app.app.care.check.borrow().is_some();
    until(&app, Duration::from_secs(10), "the check", checked).await;
    let check = state(&admin).await["last_check"].clone();
    assert_eq!(
        (&check["ok"], &check["findings"]),
        (&json!(true), &json!(0)),
        "{check}"
    );
    let metrics = app.nobody().get("/metrics").await.text;
    assert!(metrics.contains("check_findings 0"), "{metrics}");
    app.finish().await;
}

/// A copy whose folder of backups is the original's begins none by itself, counts none as its own and
/// removes none, also after one by hand; adopted, it goes on as any other.
#[tokio::test]
async fn a_held_copy_leaves_backups_alone() {
    let mut app = with_nightly().await;
    let home = app.folder().join("data.backups");
    let by_hand = async |app: &TestApp| {
        app.advance(Duration::from_secs(1));
        let begun = app.admin().await;
        let begun = begun.post("/api/admin/storage/backup", &json!({})).await;
        assert_eq!(begun.status, 202);
        app.settle().await;
    };
    by_hand(&app).await;
    by_hand(&app).await;
    app.end();
    let copied = std::process::Command::new("cp")
        .args(["-a", "data", "copy"])
        .current_dir(app.folder())
        .status();
    assert!(copied.unwrap().success());
    app.config.data.dir = app.folder().join("copy");
    app.config.backup.dir.clone_from(&home);
    app.config.backup.keep = 1;
    app.reopen().await;

    let seen = state(&app.admin().await).await;
    assert_eq!(seen["last_backup"], Value::Null);
    assert_eq!(
        (&seen["nightly"]["on"], &seen["nightly"]["why"]),
        (&json!(false), &json!("held"))
    );
    for _ in 0..24 {
        all_asleep(&app).await;
        app.advance(Duration::from_hours(3));
    }
    assert_eq!(backups(&home).len(), 2);
    let ready = app.nobody().get("/ready").await.body;
    assert_eq!(dependency(&ready, "backup")["status"], "ok", "{ready}");
    by_hand(&app).await;
    assert_eq!(backups(&home).len(), 3, "none was removed");

    let admin = app.admin().await;
    let adopted = admin.post("/api/admin/storage/adopt", &json!({})).await;
    assert_eq!(adopted.status, 204);
    let seen = state(&admin).await["nightly"].clone();
    assert_eq!((&seen["on"], &seen["why"]), (&json!(true), &Value::Null));
    let minutes = Duration::from_mins(10);
    until(&app, minutes, "a night's backup, and the removal", |_| {
        backups(&home).len() == 1
    })
    .await;
    app.finish().await;
}
