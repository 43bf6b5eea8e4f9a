//! Which room may name which: the arrows.

use std::collections::{BTreeMap, BTreeSet};

use super::product;
use crate::support::source::read;

/// What every slice may use. `app` belongs to the floor here: it holds the floor's parts, and the
/// extractors of `http` read them from it.
const FLOOR: [&str; 10] = [
    "app", "care", "clock", "config", "error", "http", "jobs", "log", "metrics", "outside",
];

const SLICES: [&str; 6] = ["auth", "billing", "memory", "chat", "account", "ops"];

/// The rooms that each room may name, beside `FLOOR` where it is a slice.
const ARROWS: [(&str, &[&str]); 23] = [
    ("main", &["cli"]),
    ("lib", &[]),
    (
        "cli",
        &[
            "clock",
            "config",
            "error",
            "lifecycle",
            "log",
            "ops",
            "schedule",
        ],
    ),
    // The indexes.
    (
        "router",
        &[
            "account", "app", "auth", "billing", "chat", "error", "http", "memory", "ops",
        ],
    ),
    (
        "schedule",
        &[
            "account", "app", "auth", "billing", "chat", "error", "jobs", "memory", "ops",
        ],
    ),
    (
        "schema",
        &[
            "account", "auth", "billing", "chat", "jobs", "memory", "ops",
        ],
    ),
    (
        "lifecycle",
        &[
            "app", "auth", "billing", "care", "chat", "clock", "config", "error", "http", "jobs",
            "memory", "metrics", "ops", "outside", "router", "schedule", "schema",
        ],
    ),
    // The slices.
    ("auth", &[]),
    ("billing", &["auth"]),
    ("memory", &["auth", "billing"]),
    ("chat", &["auth", "billing", "memory"]),
    ("account", &["auth", "billing", "chat", "memory", "ops"]),
    ("ops", &["account", "auth", "billing", "chat", "memory"]),
    // The floor.
    (
        "app",
        &[
            "care", "clock", "config", "error", "http", "jobs", "outside",
        ],
    ),
    ("care", &[]),
    ("http", &["app", "clock", "config", "error", "metrics"]),
    ("jobs", &["clock", "error"]),
    ("outside", &["clock", "config", "error"]),
    ("log", &["config", "error"]),
    ("metrics", &[]),
    ("error", &[]),
    ("clock", &[]),
    ("config", &[]),
];

fn allowed(room: &str, other: &str) -> bool {
    let row = ARROWS.iter().find(|(name, _)| *name == room);
    let named = row.is_some_and(|(_, others)| others.contains(&other));
    named || (SLICES.contains(&room) && FLOOR.contains(&other))
}

/// Who names whom, with one file that does.
fn drawn() -> BTreeMap<(String, String), String> {
    let mut drawn = BTreeMap::new();
    for file in product() {
        for root in ["crate", "novacore"] {
            for other in file.names_after(root) {
                if other != file.room() {
                    drawn.insert((file.room().to_owned(), other), file.path.clone());
                }
            }
        }
    }
    drawn
}

/// A capability can be changed inside its own folder: nobody reaches into a room that the arrows do
/// not lead to, and the floor knows no slice.
#[test]
fn rooms_name_only_what_the_arrows_lead_to() {
    let drawn = drawn();
    assert!(drawn.len() > 50, "the reader of `use` lines reads nothing");
    let wrong: Vec<_> = drawn
        .iter()
        .filter(|((room, other), _)| !allowed(room, other))
        .map(|((room, other), file)| format!("{file}: {room} -> {other}"))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The table above speaks of rooms that exist, and of every one: a new room gets its arrows first.
#[test]
fn every_room_has_its_row() {
    let rooms: BTreeSet<String> = product().iter().map(|f| f.room().to_owned()).collect();
    let rows: BTreeSet<String> = ARROWS.iter().map(|(room, _)| (*room).to_owned()).collect();
    assert_eq!(rooms, rows);
}

/// No two rooms need each other, so that each can be read alone; `app` and `http` count as one.
#[test]
fn no_circle() {
    let one = |room: &str| if room == "http" { "app" } else { room }.to_owned();
    let mut leads: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (room, other) in drawn().into_keys() {
        leads.entry(one(&room)).or_default().insert(one(&other));
    }
    for start in leads.keys() {
        let mut seen = BTreeSet::new();
        let mut next: Vec<_> = leads[start].iter().filter(|o| *o != start).collect();
        while let Some(room) = next.pop() {
            assert_ne!(
                room, start,
                "a way leads from {start} back to it, through {seen:?}"
            );
            if seen.insert(room.clone()) {
                next.extend(leads.get(room).into_iter().flatten().filter(|o| *o != room));
            }
        }
    }
}

/// A slice is entered through its `mod.rs` alone: its files are private, and nobody climbs out of
/// one by `super`.
#[test]
fn slices_have_one_door() {
    for slice in SLICES {
        let door = read(&format!("src/{slice}/mod.rs"));
        let open: Vec<_> = door
            .lines()
            .filter(|line| line.starts_with("pub mod ") && line.ends_with(';'))
            .collect();
        assert!(open.is_empty(), "src/{slice}/mod.rs opens {open:?}");
    }
    for file in product() {
        // So many modules deep below its room that one more step up would leave it.
        let folders = file.path.matches('/').count() - 1;
        let deep = folders - usize::from(file.path.ends_with("/mod.rs"));
        let climbs = "super::".repeat(deep + 1);
        let escape = file.text.lines().find(|line| {
            let line = line.trim_start_matches("pub ");
            line.starts_with("use ") && line.contains(&climbs)
        });
        assert_eq!(escape, None, "{} leaves its room by `super`", file.path);
    }
}
