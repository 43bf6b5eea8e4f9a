//! How long a commit takes: `cargo run --release -p novacore-storage --example commits [DIR]`.
//!
//! One small row per write, from 1 and from 64 threads that each wait for the answer; beside it plain
//! redb, one durable transaction per row. The directory should be on the disk that is meant: a folder in
//! memory says nothing.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a benchmark reads the real clock"
)]

use std::env;
use std::io::{Write, stdout};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use novacore_storage::{Error, Options, Record, Store, Table, TableInfo};
use serde::{Deserialize, Serialize};

/// A row of about 400 bytes.
#[derive(Serialize, Deserialize)]
struct Row {
    text: String,
}

impl Record for Row {}

const ROWS: Table<(u64, u64), Row> = Table::new("bench.rows");
const CATALOGUE: &[TableInfo] = &[ROWS.info("bench", "client, number", "a text")];
const WRITES: u64 = 2000;

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn main() -> Outcome {
    let dir = env::args_os()
        .nth(1)
        .map_or_else(env::temp_dir, PathBuf::from);
    let dir = tempfile::tempdir_in(dir)?;
    plain_redb(&dir.path().join("plain.redb"))?;
    for clients in [1, 4, 16, 64] {
        group_commit(&dir.path().join(clients.to_string()), clients)?;
    }
    Ok(())
}

fn plain_redb(path: &Path) -> Outcome {
    let table: redb::TableDefinition<'_, u64, &[u8]> = redb::TableDefinition::new("rows");
    let database = redb::Database::create(path)?;
    let mut times = Vec::new();
    let start = Instant::now();
    for number in 0..WRITES {
        let begun = Instant::now();
        let transaction = database.begin_write()?;
        transaction
            .open_table(table)?
            .insert(number, [7; 400].as_slice())?;
        transaction.commit()?;
        times.push(begun.elapsed());
    }
    report("plain redb", start.elapsed(), times)
}

fn group_commit(dir: &Path, clients: u64) -> Outcome {
    let store = Store::open(Options {
        cache_bytes: 16 << 20,
        ..Options::new(dir.to_owned(), CATALOGUE, &[])
    })?;
    let each = WRITES * clients.min(8) / clients;
    let client = |client: u64| {
        let mut times = Vec::new();
        for number in 0..each {
            let begun = Instant::now();
            let row = Row {
                text: "x".repeat(390),
            };
            store
                .write(move |tx| tx.put(&ROWS, &(client, number), &row))
                .wait()?;
            times.push(begun.elapsed());
        }
        Ok::<_, Error>(times)
    };
    let start = Instant::now();
    let outcomes: Vec<_> = thread::scope(|scope| {
        let running: Vec<_> = (0..clients)
            .map(|n| scope.spawn(move || client(n)))
            .collect();
        running
            .into_iter()
            .map(thread::ScopedJoinHandle::join)
            .collect()
    });
    let elapsed = start.elapsed();
    let mut times = Vec::new();
    for outcome in outcomes {
        times.extend(outcome.map_err(|_| "a client panicked")??);
    }
    report(&format!("{clients} clients"), elapsed, times)?;
    Ok(store.close()?)
}

fn report(what: &str, elapsed: Duration, mut times: Vec<Duration>) -> Outcome {
    times.sort();
    let p50 = times.get(times.len() / 2).ok_or("nothing measured")?;
    let p95 = times
        .get(times.len() * 95 / 100)
        .ok_or("nothing measured")?;
    let count = u32::try_from(times.len())?;
    let rate = f64::from(count) / elapsed.as_secs_f64();
    writeln!(
        stdout(),
        "{what:>12}  p50 {p50:>10.1?}  p95 {p95:>10.1?}  {rate:>7.0} tx/s"
    )?;
    Ok(())
}
