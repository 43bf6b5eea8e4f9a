//! Power losses, kills, failing syncs and a full disk: the store over simulated files, run after run.
//!
//! `NOVACORE_TORTURE_RUNS` is the number of runs; a failure names its seed and tells what was done, and
//! `NOVACORE_TORTURE_SEED` repeats that run alone.

mod model;
mod run;

use std::ops::Range;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::support::sim::Sync;

/// Runs without being told.
const RUNS: u64 = 50;

/// Far longer than any run takes.
const AT_MOST: Duration = Duration::from_secs(120);

/// A run that may neither hang nor panic unnoticed.
fn bounded(seed: u64, forgets: Option<Sync>) -> Result<(), String> {
    let (sender, answer) = mpsc::channel();
    thread::spawn(move || sender.send(run::run(seed, forgets)));
    match answer.recv_timeout(AT_MOST) {
        Ok(outcome) => outcome,
        Err(RecvTimeoutError::Timeout) => Err(format!("seed {seed}: hangs")),
        Err(RecvTimeoutError::Disconnected) => Err(format!("seed {seed}: panicked")),
    }
}

fn seeds() -> Range<u64> {
    let told = |name| {
        let told = std::env::var_os(name)?;
        Some(told.to_string_lossy().parse::<u64>().unwrap())
    };
    match told("NOVACORE_TORTURE_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..told("NOVACORE_TORTURE_RUNS").unwrap_or(RUNS),
    }
}

/// Promise: whatever was acknowledged is there after a power loss, a kill, a failed sync or a full
/// disk, at any moment, opening included; what was not is there as a whole or not at all, in order.
#[test]
fn acknowledged_writes_survive_everything() {
    let failed: Vec<String> = seeds()
        .filter_map(|seed| bounded(seed, None).err())
        .collect();
    let reasons: Vec<&str> = failed.iter().filter_map(|run| run.lines().next()).collect();
    let reasons = reasons.join("\n");
    let first = failed.first().map_or("", String::as_str);
    assert!(failed.is_empty(), "{reasons}\n\nthe first one: {first}");
}

/// Within how many runs a missing sync must be noticed.
const NOTICED_WITHIN: u64 = 200;

/// Promise: the runs above are able to fail: a build without one of these syncs does.
#[test]
fn without_a_sync_it_is_noticed() {
    let kinds = [
        Sync::File("journal"),
        Sync::Folder("journal"),
        Sync::File("snapshots"),
        Sync::Folder("snapshots"),
        Sync::File("live"),
        Sync::Folder("live"),
    ];
    for forgotten in kinds {
        let noticed = (0..NOTICED_WITHIN).any(|seed| bounded(seed, Some(forgotten)).is_err());
        assert!(noticed, "{forgotten:?}");
    }
}
