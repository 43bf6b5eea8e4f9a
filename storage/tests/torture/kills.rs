//! Processes killed at any moment of their work.

use std::time::Duration;

use novacore_storage::{Start, Store};
use tempfile::TempDir;

use super::child::{Said, Work, Writer};
use super::history::{self, Lasts};
use super::{Random, findings, options, runs, tell};

/// When the process is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    Writing,
    /// While it opens what another one left behind, killed as well.
    Opening,
    /// Beside writing, in the middle of this.
    During(Work),
}

const MOMENTS: [Moment; 5] = [
    Moment::Writing,
    Moment::Opening,
    Moment::During(Work::Snapshot),
    Moment::During(Work::Compact),
    Moment::During(Work::Scrub),
];

/// Kills in one directory before a new one is begun: what survived is what the next one begins with.
const CHAIN: usize = 20;

/// What had been acknowledged, and by how many processes: each may have left one write of each thread
/// that is there without having been acknowledged.
struct Known {
    acked: Lasts,
    processes: u64,
}

/// Runs a process in the directory and kills it.
fn killed(dir: &TempDir, moment: Moment, acked: Lasts, random: &mut Random) -> Known {
    let work = match moment {
        Moment::During(work) => work,
        Moment::Writing | Moment::Opening => Work::Everything,
    };
    let writer = Writer::start(dir.path(), work, acked);
    let more = Said::total(&writer.said()) + 1 + random.below(300);
    match moment {
        Moment::Writing => writer.wait(|said| said.total() >= more),
        Moment::Opening => writer.wait(|said| said.opening),
        Moment::During(_) => writer.wait(|said| said.total() >= more && said.begun > 0),
    }
    if moment != Moment::Writing {
        let begun = writer.said().begun;
        let moment = Duration::from_micros(random.below(30_000));
        writer.wait_at_most(moment, |said| said.begun > begun + 1);
    }
    let acked = writer.kill();
    if moment == Moment::Opening && random.below(3) > 0 {
        let next = killed(dir, moment, acked, random);
        let processes = next.processes + 1;
        return Known { processes, ..next };
    }
    Known {
        acked,
        processes: 1,
    }
}

/// Opens the directory and compares it with what had been acknowledged; how it was opened, and what
/// the next process begins with.
fn survived(dir: &TempDir, known: &Known) -> Result<(Start, Lasts), String> {
    let store = Store::open(options(dir.path())).map_err(|error| format!("{error:?}"))?;
    let start = store.opened().start;
    let lasts = history::read_back(&store).map_err(|fault| format!("{start:?}, {fault:?}"))?;
    let Known { acked, processes } = known;
    let mut both = lasts.iter().zip(acked);
    if both.any(|(last, acked)| last < acked || *last > acked + processes) {
        let opened = store.opened();
        return Err(format!(
            "{acked:?} acknowledged, {lasts:?} there, {opened:?}"
        ));
    }
    if store.held() {
        return Err("it is held, though nobody copied it".to_owned());
    }
    match findings(&store).map_err(|error| format!("not checked: {error:?}"))? {
        None => Ok((start, lasts)),
        Some(found) => Err(format!("check, after {start:?}: {found}")),
    }
    // Dropped, so closed well; the next process is killed again.
}

/// Promise: after kill -9 at any moment, that of opening, of a snapshot, a compaction or a scrub too,
/// everything acknowledged is there, every write whole and nothing else.
#[test]
fn acknowledged_writes_survive_kill() {
    let mut random = Random::new(2);
    let mut dir = TempDir::new().unwrap();
    let mut acked = Lasts::default();
    let mut tally = [(0, 0); MOMENTS.len()];
    for run in 0..runs(MOMENTS.len()) {
        if run % CHAIN == 0 {
            dir = TempDir::new().unwrap();
            // So that the first opening has something to do.
            let first = killed(&dir, Moment::Writing, Lasts::default(), &mut random);
            acked = survived(&dir, &first).unwrap().1;
        }
        let which = run % MOMENTS.len();
        let known = killed(&dir, MOMENTS[which], acked, &mut random);
        match survived(&dir, &known) {
            Ok((start, lasts)) => {
                acked = lasts;
                tally[which].0 += 1;
                tally[which].1 += u32::from(start == Start::Rebuilt);
            }
            Err(reason) => {
                let moment = MOMENTS[which];
                tell(&format!(
                    "{moment:?}: the directory is kept: {}",
                    dir.keep().display()
                ));
                assert!(reason.is_empty(), "killed while {moment:?}: {reason}");
                return;
            }
        }
    }
    tell("kill -9 while         | kills | survived | rebuilt");
    for (moment, (survived, rebuilt)) in MOMENTS.iter().zip(tally) {
        let name = format!("{moment:?}");
        tell(&format!(
            "{name:<21} | {survived:>5} | {survived:>8} | {rebuilt:>7}"
        ));
    }
}
