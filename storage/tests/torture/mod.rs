//! Torture: copies of a directory that is being written at full speed, processes killed at any moment,
//! bits that flip. A few of each in every test run; thousands by `make torture`, which sets
//! `NOVACORE_TORTURE_RUNS` and prints what became of them.

mod child;
mod copies;
mod copying;
mod flips;
mod history;
mod kills;
mod rot;

pub use copying::copy_all;

use std::env;
use std::io::{Write, stdout};
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use novacore_storage::{Options, Store, TableInfo};

/// How often each test does what it does.
const RUNS: &str = "NOVACORE_TORTURE_RUNS";
/// What chance begins with: the same number, the same files, orders and bits.
const SEED: &str = "NOVACORE_TORTURE_SEED";
/// Two hours pass in a second, so that snapshots come of age and are retired while we look.
const HASTE: u64 = 7200;
/// When the hurried clock shows the right time; before any run.
const START_MS: u64 = 1_790_000_000_000;
const CATALOGUE: &[TableInfo] = &[
    history::ROWS.info("torture", "thread, slot", "the row of a write"),
    history::MARKS.info("torture", "thread", "its last write"),
];

/// The number of runs: `usual`, unless torture was asked for.
fn runs(usual: usize) -> usize {
    number(RUNS).map_or(usual, |runs| usize::try_from(runs).unwrap())
}

fn number(variable: &str) -> Option<u64> {
    env::var_os(variable).map(|text| text.into_string().unwrap().parse().unwrap())
}

/// Says a line in a torture run; ordinary tests are silent.
fn tell(line: &str) {
    if env::var_os(RUNS).is_some() {
        tell_always(line);
    }
}

/// Says a line that the test harness does not swallow.
fn tell_always(line: &str) {
    let mut out = stdout().lock();
    writeln!(out, "{line}").unwrap();
}

/// Small snapshots, often, on a hurried clock.
fn options(dir: &Path) -> Options {
    let mut options = Options::new(dir.to_owned(), CATALOGUE, &[]);
    options.cache_bytes = 4 << 20;
    options.clock = Arc::new(hurried_clock);
    "a machine".clone_into(&mut options.machine);
    options.keep_days = 1;
    options.snapshot_bytes = 1 << 20;
    options
}

#[expect(
    clippy::disallowed_methods,
    reason = "what is retired in a copy's time depends on real time"
)]
fn hurried_clock() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let since = u64::try_from(now.as_millis()).unwrap() - START_MS;
    START_MS + since * HASTE
}

/// What a full check of a store found, in words; nothing when all is well.
fn findings(store: &Store) -> Result<Option<String>, novacore_storage::Error> {
    let report = store.check(true, &mut |_| {})?;
    let found: Vec<String> = report
        .findings
        .iter()
        .map(|finding| format!("{}: {}", finding.place, finding.reason))
        .collect();
    Ok((!found.is_empty()).then(|| found.join("; ")))
}

/// Chance that can be repeated: splitmix64.
#[derive(Debug, Clone)]
struct Random(u64);

impl Random {
    /// Chance for one test; `test` keeps two tests from doing the same.
    fn new(test: u64) -> Self {
        Self(number(SEED).unwrap_or(1) << 8 | test)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mixed(self.0)
    }

    /// A number below `limit`.
    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.below(len as u64)).unwrap()
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.index(last + 1));
        }
    }
}

fn mixed(seed: u64) -> u64 {
    let z = (seed ^ (seed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
