//! A data directory of every format that was ever written. `tests/fixtures/` holds them, each packed by
//! the release that wrote it: one administrator, one conversation.

use std::fs;
use std::process::Command;

use serde_json::json;

use super::data_commands::ends;
use crate::support::clock::soon;
use crate::support::process::Place;

/// Promise: whatever an earlier release wrote is opened by this one, whole, and checked without a finding.
#[tokio::test]
async fn every_format_opens() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
    let mut fixtures: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    fixtures.sort();
    assert!(fixtures.len() >= 2, "{fixtures:?}");
    for fixture in fixtures {
        let place = Place::new();
        fs::create_dir(place.data()).unwrap();
        let unpacked = Command::new("tar")
            .arg("-xzf")
            .arg(&fixture)
            .arg("-C")
            .arg(place.data())
            .status();
        assert!(unpacked.unwrap().success(), "{}", fixture.display());
        ends(&place, &["upgrade-check"], 0).await;
        let program = place.serve().await;
        let ada = program.sign_in("ada@example.org").await;
        let sessions = ada.get("/api/chat/sessions").await.body;
        let id = sessions["items"][0]["id"].as_str().unwrap();
        let history = ada.get(&format!("/api/chat/history/{id}")).await.body;
        assert_eq!(history["items"].as_array().unwrap().len(), 2, "{history}");
        let search = json!({"query": "Clara"});
        // The index is made anew from the rows, in the background.
        let found =
            async { while ada.post("/api/memory/search", &search).await.body["total"] != 1 {} };
        soon("the memory", found).await;
        ends(&place, &["check", "--deep"], 0).await;
        // What was remembered before there was a ledger is counted in it.
        let ledger = ends(&place, &["ledger", "verify"], 0).await;
        assert!(ledger.contains("every total equals its rows"), "{ledger}");
        assert!(!ledger.contains(" 0 rows"), "{ledger}");
    }
}
