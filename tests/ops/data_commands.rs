//! The commands about the data, by the real binary: beside a running server, and without one.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};

use crate::support::app::PASSWORD;
use crate::support::process::Place;

pub fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub fn complained(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Runs a command that must end with this code; returns what it said on both ways.
pub async fn ends(place: &Place, words: &[&str], code: i32) -> String {
    let output = place.run(words, "").await;
    let all = said(&output) + &complained(&output);
    assert_eq!(output.status.code(), Some(code), "{words:?}: {all}");
    all
}

/// An installation in which ada, the administrator, has said something.
pub async fn with_words() -> Place {
    let place = Place::new();
    create(&place, "ada@example.org").await;
    let mut program = place.serve().await;
    let ada = program.sign_in("ada@example.org").await;
    assert_eq!(ada.say("My sister lives in Lisbon.").await.status, 200);
    program.terminate();
    assert_eq!(program.ended().await.0, Some(0));
    place
}

pub async fn create(place: &Place, email: &str) {
    let words = ["user", "create", email, "--admin", "--password-stdin"];
    assert!(place.run(&words, PASSWORD).await.status.success());
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Every command does its work beside a running server and without one, and says so in its exit code.
#[tokio::test]
async fn every_command_both_ways() {
    let place = with_words().await;
    for running in [false, true] {
        let program = if running {
            Some(place.serve().await)
        } else {
            None
        };
        let name = if running { "running" } else { "stopped" };
        let made = ends(&place, &["backup", name], 0).await;
        assert!(made.contains("read back and compared"), "{made}");
        let whole = ends(&place, &["check"], 0).await;
        assert!(whole.contains("Everything is as it must be."), "{whole}");
        assert!(whole.contains("2 memories with the text index"), "{whole}");
        assert!(!whole.contains("copy"), "{whole}");
        ends(&place, &["check", "--deep", "--repair"], 0).await;
        let anew = ends(&place, &["reindex"], 0).await;
        assert!(anew.contains("made anew: 2 memories"), "{anew}");
        ends(&place, &["compact"], 0).await;
        let sizes = ends(&place, &["data", "stats"], 0).await;
        for word in ["chat_messages", "ada@example.org", "journal", "snapshots"] {
            assert!(sizes.contains(word), "no {word} in\n{sizes}");
        }
        let sizes: Value = {
            let output = place.run(&["data", "stats", "--json"], "").await;
            serde_json::from_str(&said(&output)).unwrap()
        };
        assert_eq!(sizes["users"][0]["email"], "ada@example.org");
        assert!(sizes["disk"]["live_bytes"].as_u64().unwrap() > 0);
        let scrubbed = ends(&place, &["data", "scrub"], 0).await;
        assert!(scrubbed.contains("24 hours"), "{scrubbed}");
        let adopted = ends(&place, &["adopt"], 0).await;
        assert!(adopted.contains("is not held"), "{adopted}");
        if let Some(program) = program {
            let ada = program.sign_in("ada@example.org").await;
            let search = json!({"query": "sister"});
            let found = ada.post("/api/memory/search", &search).await;
            assert_eq!(
                found.body["results"][0]["text"],
                "My sister lives in Lisbon."
            );
        }
    }
}

/// A backup is a data directory by itself, private, with its key and a word on what it is; and it is
/// left as it was by checking it.
#[tokio::test]
async fn a_backup_is_a_data_directory() {
    let place = with_words().await;
    ends(&place, &["backup", "bak"], 0).await;
    let backup = place.path().join("bak");
    assert_eq!(mode(&backup), 0o700);
    assert_eq!(mode(&backup.join("secret.key")), 0o600);
    let names = || {
        let entries = fs::read_dir(&backup).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    let expected = ["backup.json", "secret.key", "snapshots"];
    assert_eq!(names(), expected);
    let told = fs::read_to_string(backup.join("backup.json")).unwrap();
    let told: Value = serde_json::from_str(&told).unwrap();
    for key in ["version", "format", "seq", "lineage", "time", "bytes"] {
        assert!(!told[key].is_null(), "no {key} in {told}");
    }
    let whole = ends(&place, &["check", "bak"], 0).await;
    let deep = ends(&place, &["check", "bak", "--deep"], 0).await;
    assert!(deep.contains("Restored on trial"), "{deep}");
    assert!(whole.contains("Everything is as it must be."), "{whole}");
    assert_eq!(names(), expected, "a check changes nothing");

    // It can be served as it is.
    let words = ["serve", "--data-dir", "bak"];
    let program = place.serve_with(&words).await;
    assert!(
        program.log().contains("novacore adopt"),
        "{}",
        program.log()
    );
    let ada = program.sign_in("ada@example.org").await;
    let sessions = ada.get("/api/chat/sessions").await.body;
    assert_eq!(sessions["items"].as_array().unwrap().len(), 1);
}

/// What must not be is refused with a sentence, and nothing is changed by it.
#[tokio::test]
async fn refusals() {
    let place = with_words().await;
    fs::create_dir(place.path().join("full")).unwrap();
    fs::write(place.path().join("full/thesis.odt"), "mine").unwrap();
    let refused = ends(&place, &["backup", "full"], 1).await;
    assert!(refused.contains("is not empty"), "{refused}");
    let refused = ends(&place, &["backup", "data/bak"], 1).await;
    assert!(refused.contains("in the data directory"), "{refused}");
    assert!(!place.data().join("bak").exists());
    for words in [
        &["backup"][..],
        &["restore"],
        &["restore", "bak", "--at", "yesterday"],
        &["data"],
        &["check", "--shallow"],
        &["check", "bak", "--repair"],
    ] {
        ends(&place, words, 2).await;
    }
    let nothing = ["check", "--data-dir", "nowhere"];
    let refused = ends(&place, &nothing, 1).await;
    assert!(refused.contains("There is no folder"), "{refused}");
    assert!(!place.path().join("nowhere").exists());
    let refused = ends(&place, &["check", "full"], 1).await;
    assert!(
        refused.contains("There is no NovaCore data in"),
        "{refused}"
    );
    let refused = ends(&place, &["check", "."], 1).await;
    assert!(refused.contains("; did you mean "), "{refused}");
    let refused = ends(&place, &["check", "full/thesis.odt"], 1).await;
    assert!(refused.contains("is a file, not a folder"), "{refused}");
    ends(&place, &["restore", "full", "--into", "new"], 1).await;
    assert!(!place.path().join("new").exists());
    assert_eq!(
        fs::read(place.path().join("full/thesis.odt")).unwrap(),
        b"mine"
    );
    let left = fs::read_dir(place.path()).unwrap();
    for entry in left {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(!name.contains("ing-"), "{name} was left over");
    }
    let upgrade = ends(&place, &["upgrade-check"], 0).await;
    assert!(upgrade.contains("Nothing would change."), "{upgrade}");
}

/// Damage is found, named by its place, and ends the command with 1.
#[tokio::test]
async fn damage_is_found() {
    let place = with_words().await;
    ends(&place, &["backup", "bak"], 0).await;
    let folder = place.path().join("bak/snapshots");
    let file = fs::read_dir(folder).unwrap().next().unwrap().unwrap();
    let mut bytes = fs::read(file.path()).unwrap();
    let at = bytes
        .windows(6)
        .position(|six| six == b"Lisbon")
        .expect("the words are in the snapshot");
    bytes[at] ^= 1;
    fs::write(file.path(), bytes).unwrap();
    let found = ends(&place, &["check", "bak"], 1).await;
    assert!(!found.contains("Everything is as it must be."), "{found}");
    assert!(
        !found.contains("Lisbon") && !found.contains("isbon"),
        "{found}"
    );
    ends(&place, &["restore", "bak", "--into", "new"], 1).await;
    assert!(!place.path().join("new").exists());
}
