//! Power losses, kills, failing syncs and a full disk: the store over simulated files, run after run.
//!
//! `NOVACORE_TORTURE_RUNS` is the number of runs; a failure names its seed and tells what was done, and
//! `NOVACORE_TORTURE_SEED` repeats that run alone.

mod calm;
mod model;
mod opening;
mod run;

use std::ops::Range;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::support::sim::Sync;

/// Runs without being told.
const RUNS: u64 = 50;

/// Far longer than any run takes.
const AT_MOST: Duration = Duration::from_mins(2);

type Kind = fn(u64, Option<Sync>) -> Result<(), String>;

/// A run that may neither hang nor panic unnoticed.
fn bounded(seed: u64, forgets: Option<Sync>, kind: Kind) -> Result<(), String> {
    let (sender, answer) = mpsc::channel();
    thread::spawn(move || sender.send(kind(seed, forgets)));
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
        .filter_map(|seed| bounded(seed, None, run::run).err())
        .collect();
    let reasons: Vec<&str> = failed.iter().filter_map(|run| run.lines().next()).collect();
    let reasons = reasons.join("\n");
    let first = failed.first().map_or("", String::as_str);
    assert!(failed.is_empty(), "{reasons}\n\nthe first one: {first}");
}

/// Promise: a store that was closed well needs no check after a power loss, and lacks nothing.
#[test]
fn a_good_close_survives_a_power_loss() {
    for seed in 0..20 {
        bounded(seed, None, calm::run).unwrap();
    }
}

/// Promise: a live file of which a sync failed is not trusted without a check, even when a later
/// process found it well and closed it.
#[test]
fn a_failed_sync_is_remembered() {
    for seed in 0..25 {
        bounded(seed, None, calm::run_after_a_failed_sync).unwrap();
    }
}

/// Promise: the runs above are able to fail: in a build without one of these syncs they do.
#[test]
fn without_a_sync_it_is_noticed() {
    for forgotten in [
        Sync::File("journal"),
        Sync::Folder("journal"),
        Sync::File("snapshots"),
        Sync::Folder("snapshots"),
        Sync::File(""),
        Sync::Folder(""),
    ] {
        let noticed = (0..1000).any(|seed| bounded(seed, Some(forgotten), run::run).is_err());
        assert!(noticed, "{forgotten:?}");
    }
    // The live file can always be made anew; only the word that it was closed well rests on its sync.
    let live = Some(Sync::File("live"));
    assert!((0..200).any(|seed| bounded(seed, live, calm::run).is_err()));
}

/// Promise: two syncs are for speed alone. Without that of the folder `live` an older live file may be
/// back, or the word of a good close: the one is behind the journal, the other names a time of change
/// that redb's first sync of the opened file has outdated. A marker that was torn says nothing.
#[test]
fn without_these_syncs_nothing_is_lost() {
    for forgotten in [Sync::Folder("live"), Sync::File("clean")] {
        for seed in 0..25 {
            bounded(seed, Some(forgotten), run::run).unwrap();
        }
    }
}
