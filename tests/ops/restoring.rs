//! From a backup, a copy, or a moment in the past back to a server.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use novacore::clock::Clock;
use serde_json::{Value, json};

use super::data_commands::{complained, create, ends, said, with_words};
use super::health::dependency;
use crate::support::clock::soon;
use crate::support::process::{Place, Program};

async fn titles(program: &Program) -> Vec<String> {
    let ada = program.sign_in("ada@example.org").await;
    let sessions = ada.get("/api/chat/sessions").await.body;
    let items = sessions["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["title"].as_str().unwrap().to_owned())
        .collect()
}

/// Where the command said it put what was there.
fn aside(told: &str) -> PathBuf {
    let line = told
        .lines()
        .find_map(|line| line.strip_prefix("What was there before is now "))
        .unwrap_or_else(|| panic!("{told}"));
    line.trim_end_matches('.').into()
}

/// What was backed up is there again; who was signed in then is not signed in; what was at the target
/// is still there under another name; and the restored data is held until it is adopted.
#[tokio::test]
async fn from_a_backup() {
    let place = with_words().await;
    let mut program = place.serve().await;
    let ada = program.sign_in("ada@example.org").await;
    assert_eq!(ada.get("/api/auth/me").await.status, 200);
    ends(&place, &["backup", "bak"], 0).await;
    ada.say("Said after the backup.").await;

    let refused = ends(&place, &["restore", "bak"], 1).await;
    assert!(refused.contains("A server runs on"), "{refused}");
    program.terminate();
    program.ended().await;
    let told = ends(&place, &["restore", "bak"], 0).await;
    for part in ["Restored ", "batch ", "All sign-ins were ended (2)", "held"] {
        assert!(told.contains(part), "no {part} in {told}");
    }
    assert!(aside(&told).join("live").exists(), "{told}");

    let program = place.serve().await;
    let again = ada.at(&program.url);
    assert_eq!(again.get("/api/auth/me").await.status, 401);
    assert_eq!(titles(&program).await, ["My sister lives in Lisbon."]);
    let admin = program.sign_in("ada@example.org").await;
    let state = admin.get("/api/admin/storage").await.body;
    assert_eq!(state["held"], true);
    let ready = program.nobody().get("/ready").await.body;
    let held = dependency(&ready, "held");
    assert_eq!(held["status"], "degraded");
    assert!(held["reason"].as_str().unwrap().contains("novacore adopt"));
    let adopted = admin.post("/api/admin/storage/adopt", &json!({})).await;
    assert_eq!(adopted.status, 204);
    let ready = program.nobody().get("/ready").await.body;
    assert_eq!(dependency(&ready, "held")["status"], "ok");
    // What was said then is found by its words, though the index was of another history.
    let search = json!({"query": "sister"});
    let found =
        async { while admin.post("/api/memory/search", &search).await.body["total"] == 0 {} };
    soon("the memory", found).await;
}

/// Back to a moment: what was said before it is there, what came after is not.
#[tokio::test]
async fn to_a_moment() {
    let place = with_words().await;
    let program = place.serve().await;
    let ada = program.sign_in("ada@example.org").await;
    let second = ada.say("The second.").await.str("session_id");
    let path = format!("/api/chat/sessions/{second}");
    let renamed = ada.patch(&path, &json!({"title": "Before"})).await;
    assert_eq!(renamed.status, 200);
    let moment = now();
    // What is stored from here on has a later millisecond.
    while now() <= moment {}
    let renamed = ada.patch(&path, &json!({"title": "After"})).await;
    assert_eq!(renamed.status, 200);
    program.kill().await;

    let words = ["restore", "data", "--at", &moment, "--into", "then"];
    let told = ends(&place, &words, 0).await;
    assert!(!told.contains("What was there before"), "{told}");
    let then = place.serve_with(&["serve", "--data-dir", "then"]).await;
    assert_eq!(titles(&then).await[0], "Before");
    let now = place.serve().await;
    assert_eq!(titles(&now).await[0], "After", "the source is as it was");
    let running = ["restore", "data", "--into", "other"];
    let refused = ends(&place, &running, 1).await;
    assert!(refused.contains("A server runs on"), "{refused}");
    now.kill().await;
    let early = [
        "restore",
        "data",
        "--at",
        "2000-01-01 00:00",
        "--into",
        "early",
    ];
    let refused = ends(&place, &early, 1).await;
    assert!(refused.contains("does not reach back so far"), "{refused}");
    assert!(!place.path().join("early").exists());
}

/// The time now, to the millisecond, as the API writes it.
fn now() -> String {
    format!("{:.3}", Clock::system().now())
}

/// A plain copy of a running server's directory opens with everything that was told to be stored, is
/// held, and says so; adopting it releases it, and the original is not held.
#[tokio::test]
async fn from_a_plain_copy() {
    let place = with_words().await;
    let program = place.serve().await;
    let ada = program.sign_in("ada@example.org").await;
    assert_eq!(ada.say("Said just before the copy.").await.status, 200);
    let copied = Command::new("cp")
        .args(["-a", "data", "copy"])
        .current_dir(place.path())
        .status();
    assert!(copied.unwrap().success());
    let checked = ends(&place, &["check", "copy"], 0).await;
    assert!(checked.contains("It is a copy"), "{checked}");
    let copy = place.serve_with(&["serve", "--data-dir", "copy"]).await;
    assert_eq!(titles(&copy).await.len(), 2);
    assert!(copy.log().contains("this data is a copy"), "{}", copy.log());
    let own = place.run(&["adopt", "--data-dir", "copy"], "").await;
    assert!(said(&own).starts_with("Adopted"), "{}", complained(&own));
    let ready = copy.nobody().get("/ready").await.body;
    assert_eq!(dependency(&ready, "held")["status"], "ok");
    copy.kill().await;
    let copy = place.serve_with(&["serve", "--data-dir", "copy"]).await;
    let ready = copy.nobody().get("/ready").await.body;
    assert_eq!(
        dependency(&ready, "held")["status"],
        "ok",
        "it was said for good"
    );
    let ready: Value = program.nobody().get("/ready").await.body;
    assert_eq!(dependency(&ready, "held")["status"], "ok");
    assert!(!program.log().contains("this data is a copy"));
}

/// A directory whose live file is ruined can be its own backup.
#[tokio::test]
async fn from_itself() {
    let place = with_words().await;
    fs::write(place.data().join("live/main.redb"), "ruined").unwrap();
    let told = ends(&place, &["restore", "data"], 0).await;
    assert!(aside(&told).join("live/main.redb").exists(), "{told}");
    let program = place.serve().await;
    assert_eq!(titles(&program).await, ["My sister lives in Lisbon."]);
    ends(&place, &["check", "--deep"], 0).await;
}

/// A link that was open when the backup was made does not open the restored server.
#[tokio::test]
async fn open_links_are_void() {
    let place = Place::new();
    let program = place.serve().await;
    let link = fs::read_to_string(place.data().join("setup-link")).unwrap();
    ends(&place, &["backup", "bak"], 0).await;
    program.kill().await;
    ends(&place, &["restore", "bak"], 0).await;
    assert!(!place.data().join("setup-link").exists());
    let program = place.serve().await;
    let token = link.trim().split_once('#').unwrap().1;
    let body = json!({"token": token, "email": "eve@example.org", "password": "a calm river bank"});
    let refused = program.nobody().post("/api/auth/setup", &body).await;
    assert_eq!(refused.code(), "setup_token_invalid");
    create(&place, "ada@example.org").await;
}

/// What is at the target is replaced only when it is ours, and never when it is tied up with the source;
/// a refusal says so, and nothing is changed.
#[tokio::test]
async fn only_what_is_ours_is_replaced() {
    let place = with_words().await;
    ends(&place, &["backup", "bak"], 0).await;
    let root = place.path();
    fs::create_dir(root.join("home")).unwrap();
    for name in ["home/a", "home/b", "home/c", "home/d", "file"] {
        fs::write(root.join(name), "mine").unwrap();
    }
    fs::create_dir(root.join("empty")).unwrap();
    fs::create_dir(root.join("shelf")).unwrap();
    ends(&place, &["backup", "shelf/bak"], 0).await;
    fs::create_dir(root.join("mixed")).unwrap();
    fs::create_dir(root.join("mixed/journal")).unwrap();
    fs::write(root.join("mixed/thesis.odt"), "mine").unwrap();
    let before = everything(root);
    for (from, into, why) in [
        ("bak", "home", "(it holds a, b, c, ...)"),
        ("bak", "mixed", "(it holds thesis.odt)"),
        ("bak", "shelf", "(it holds bak)"),
        ("bak", "file", "is a file, not a folder"),
        ("bak", "bak/new", "lies in"),
        ("bak", "bak", "is what is to be restored"),
        ("data", "data/live", "is not a NovaCore data directory"),
        ("data/snapshots", "data", "There is no NovaCore data in"),
        ("bak", "no/where", "Make it first"),
    ] {
        let told = ends(&place, &["restore", from, "--into", into], 1).await;
        assert!(told.contains(why), "{from} to {into}: {told}");
        let nothing = told.contains("Nothing was changed.") || from == "data/snapshots";
        assert!(nothing, "{from} to {into}: {told}");
        assert_eq!(everything(root), before, "{from} to {into}");
    }
    let future = [
        "restore",
        "bak",
        "--at",
        "2999-01-01 00:00",
        "--into",
        "new",
    ];
    let told = ends(&place, &future, 1).await;
    assert!(told.contains("lies in the future"), "{told}");
    assert_eq!(everything(root), before);
    ends(&place, &["restore", "bak", "--into", "empty"], 0).await;
    assert!(root.join("empty/live").exists());
}

/// The path of everything below a folder.
fn everything(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(everything(&path));
        }
        found.push(path);
    }
    found.sort();
    found
}
