//! What durable storage costs, beside plain redb and `SQLite`: `make bench`, or
//! `cargo bench -p novacore-storage --bench storage -- DIR`, where DIR is on the disk that is meant.
//!
//! The machine is noisy, so the engines take turns, round by round, and the figures are medians of the
//! rounds; what counts are the ratios within one run.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a benchmark reads the real clock"
)]

mod engines;
mod large;
mod load;
mod slow;
mod table;

use std::env;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use novacore_storage::Store;
use redb::Database;

use engines::{Engine, GroupedRedb, Ours, Outcome, Redb, Sqlite};
use load::{Times, bare_appends, beside_commits, commits, reads};
use slow::SlowDisk;
use table::{heading, median, micros, row, times};

const ROUNDS: usize = 7;
const CLIENTS: [u64; 4] = [1, 16, 64, 256];
/// How long clients write in one round.
const TIME: Duration = Duration::from_millis(300);
/// Rows that the reads find.
const ROWS: u64 = 20_000;
const READS: u64 = 4000;

fn main() -> Outcome {
    let dir = env::args_os()
        .skip(1)
        .find(|arg| !arg.to_string_lossy().starts_with("--"));
    let dir = tempfile::tempdir_in(dir.map_or_else(env::temp_dir, PathBuf::from))?;
    commit_times(&dir.path().join("commits"))?;
    slow_commits(&dir.path().join("slow"))?;
    read_times(&dir.path().join("reads"))?;
    large::measure(dir.path())
}

/// All engines, ours first: the others are compared with it.
fn engines(dir: &Path) -> Outcome<[Box<dyn Engine>; 4]> {
    std::fs::create_dir(dir)?;
    Ok([
        Box::new(Ours::open(&dir.join("ours"))?),
        Box::new(Redb(Database::create(dir.join("plain.redb"))?)),
        Box::new(GroupedRedb::new(Database::create(
            dir.join("grouped.redb"),
        )?)),
        Box::new(Sqlite::open(&dir.join("rows.db"))?),
    ])
}

fn commit_times(dir: &Path) -> Outcome {
    let engines = engines(dir)?;
    let mut bare = Vec::new();
    // By engine, by number of clients, by round.
    let mut all: Vec<Vec<Vec<Times>>> = engines
        .iter()
        .map(|_| CLIENTS.iter().map(|_| Vec::new()).collect())
        .collect();
    for round in 0..ROUNDS {
        bare.push(bare_appends(&dir.join(format!("bare-{round}")), TIME)?.percentile(50));
        for (place, clients) in CLIENTS.into_iter().enumerate() {
            for turn in 0..engines.len() {
                // Nobody is always the first.
                let which = (turn + round) % engines.len();
                let first = ((round * CLIENTS.len() + place) as u64) << 32;
                all[which][place].push(commits(engines[which].as_ref(), clients, first, TIME)?);
            }
        }
    }
    heading(&["the disk alone", "p50"])?;
    row(&["512 bytes appended and synced", &micros(median(bare))])?;
    let names: Vec<&str> = engines.iter().map(|engine| engine.name()).collect();
    let against = ["us : redb", "us : grouped", "us : SQLite"];
    heading(&[&["durable commits"], &names[..], &against[..]].concat())?;
    for (place, clients) in CLIENTS.into_iter().enumerate() {
        for percent in [50, 95] {
            let took = |times: &Times| times.percentile(percent).as_secs_f64();
            let what = format!("p{percent}, {clients} client{}", plural(clients));
            compare(
                &what,
                &all,
                place,
                (&took, &|figure| micros(Duration::from_secs_f64(figure))),
            )?;
        }
    }
    for (place, clients) in CLIENTS.into_iter().enumerate() {
        let what = format!("commits a second, {clients} client{}", plural(clients));
        compare(
            &what,
            &all,
            place,
            (&Times::per_second, &|figure| format!("{figure:.0}")),
        )?;
    }
    heading(&["promise", "", "measured"])?;
    let p50 = |times: &Times| times.percentile(50).as_secs_f64();
    let ratio = times(ratio(&all[0][0], &all[1][0], &p50));
    row(&["commit p50 against redb", "at most 0.8x", &ratio])?;
    let rates = |one: &[Times], other: &[Times]| times(self::ratio(one, other, &Times::per_second));
    let ratio = rates(&all[0][0], &all[1][0]);
    row(&["commits a second against redb", "at least 1.0x", &ratio])?;
    let ratio = rates(&all[0][2], &all[0][0]);
    row(&["64 clients against one", "at least 15x", &ratio])
}

/// The median of the rounds' ratios.
fn ratio(one: &[Times], other: &[Times], of: &dyn Fn(&Times) -> f64) -> f64 {
    median(
        one.iter()
            .zip(other)
            .map(|(one, other)| of(one) / of(other)),
    )
}

/// What grouping is for: one client and 64 on a disk that takes its time to sync.
fn slow_commits(dir: &Path) -> Outcome {
    let mut options = Ours::options(dir);
    options.files = Arc::new(SlowDisk);
    let ours = Ours(Store::open(options)?);
    let (mut one, mut many) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS as u64 {
        one.push(commits(&ours, 1, round << 33, TIME)?);
        many.push(commits(&ours, 64, round << 33 | 1 << 32, TIME)?);
    }
    let rate = |rounds: &[Times]| format!("{:.0}", median(rounds.iter().map(Times::per_second)));
    heading(&["a sync takes 1 ms more", "commits a second"])?;
    row(&["1 client", &rate(&one)])?;
    row(&["64 clients", &rate(&many)])?;
    row(&[
        "64 clients against one (promise: at least 15x)",
        &times(ratio(&many, &one, &Times::per_second)),
    ])
}

fn plural(number: u64) -> &'static str {
    if number == 1 { "" } else { "s" }
}

/// A figure of a measurement, and how it is shown.
type Figure<'f> = (&'f dyn Fn(&Times) -> f64, &'f dyn Fn(f64) -> String);

/// A line with the medians of all engines and the ratios of ours, which are made round by round.
fn compare(what: &str, all: &[Vec<Vec<Times>>], place: usize, figure: Figure<'_>) -> Outcome {
    let (of, show) = figure;
    let rounds = |engine: usize| &all[engine][place];
    let mut cells = vec![what.to_owned()];
    cells.extend((0..all.len()).map(|engine| show(median(rounds(engine).iter().map(of)))));
    for other in 1..all.len() {
        cells.push(times(ratio(rounds(0), rounds(other), of)));
    }
    row(&cells)
}

fn read_times(dir: &Path) -> Outcome {
    let engines = engines(dir)?;
    let [ours, redb, _, sqlite] = &engines;
    let engines = [ours.as_ref(), redb.as_ref(), sqlite.as_ref()];
    for engine in engines {
        for first in (0..ROWS).step_by(500) {
            engine.put(first..first + 500)?;
        }
    }
    heading(&["reads, p50 (p95)", "NovaCore", "redb", "SQLite"])?;
    for writing in [false, true] {
        for range in [false, true] {
            let mut all = [const { Vec::new() }; 3];
            for round in 0..ROUNDS {
                for (figures, engine) in all.iter_mut().zip(engines) {
                    figures.push(one_read(engine, range, writing.then_some(round))?);
                }
            }
            let what = if range { "50 rows" } else { "one row" };
            let beside = if writing {
                ", while a client writes"
            } else {
                ""
            };
            let mut cells = vec![format!("{what}{beside}")];
            for figures in &all {
                let [p50, p95] = [50, 95].map(|percent| {
                    micros(median(
                        figures.iter().map(|times| times.percentile(percent)),
                    ))
                });
                cells.push(format!("{p50} ({p95})"));
            }
            row(&cells)?;
        }
    }
    Ok(())
}

/// Reads of one engine; beside a client that commits when a round for its keys is given.
fn one_read(engine: &dyn Engine, range: bool, writing: Option<usize>) -> Outcome<Times> {
    let calls = if range { READS / 4 } else { READS };
    let read = || {
        reads(calls, ROWS - 100, |key| {
            if range {
                engine.range(key)
            } else {
                engine.get(key)
            }
        })
    };
    match writing {
        None => read(),
        Some(round) => {
            let first = ((round * 2 + usize::from(range) + 1) as u64) << 40;
            Ok(beside_commits(engine, first, read)?.0)
        }
    }
}
