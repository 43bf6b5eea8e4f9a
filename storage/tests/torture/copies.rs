//! Copies of a directory while a process writes it at full speed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use novacore_storage::{Start, Store};
use tempfile::TempDir;

use super::child::{Work, Writer};
use super::copying::{Job, KINDS, Kind, RSYNC, RSYNC_AGAIN, installed};
use super::history::{self, Lasts};
use super::{Random, findings, options, runs, tell, tell_always};

/// Rounds in one directory before a new one is begun; after each one the process is killed.
const ROUNDS: usize = 3;

/// What became of the copies of one kind.
#[derive(Debug, Default)]
struct Tally {
    copies: u32,
    restored: u32,
    /// Copies whose live file could be used as it was.
    checked: u32,
    /// Copies whose live file was torn or missing.
    rebuilt: u32,
    /// Copies that hold all they must, in which a check finds something nevertheless.
    doubted: u32,
    /// Copies whose tool said that files changed under it.
    complaints: u32,
}

/// What a copy held when it was opened.
struct Restored {
    start: Start,
    lasts: Lasts,
    /// What a check says.
    found: Option<String>,
}

/// Opens a copy and compares it with what had been acknowledged when it was begun.
fn restored(copy: &Path, acked: &Lasts) -> Result<Restored, String> {
    let store = Store::open(options(copy)).map_err(|error| format!("not opened: {error:?}"))?;
    let start = store.opened().start;
    let lasts = history::read_back(&store).map_err(|fault| format!("{start:?}, {fault:?}"))?;
    if lasts.iter().zip(acked).any(|(last, acked)| last < acked) {
        let opened = store.opened();
        return Err(format!(
            "lost: {acked:?} acknowledged, {lasts:?} there, {opened:?}"
        ));
    }
    if !store.held() {
        return Err("a copy is not held".to_owned());
    }
    let found = findings(&store).map_err(|error| format!("not checked: {error:?}"))?;
    store
        .close()
        .map_err(|error| format!("not closed: {error:?}"))?;
    Ok(Restored {
        start,
        lasts,
        found,
    })
}

/// A copy that was made, and what had been acknowledged when it was begun.
struct Made {
    kind: &'static str,
    copy: PathBuf,
    complained: bool,
    acked: Result<Lasts, String>,
}

/// One copy of every kind, the slow ones beside the others.
fn copy_round(
    writer: &Writer,
    from: &Path,
    copies: &Path,
    kinds: &[&'static Kind],
    random: &mut Random,
) -> Vec<Made> {
    let longest = Duration::from_millis(if runs(0) > 0 { 3000 } else { 400 });
    let (slow, fast): (Vec<_>, Vec<_>) = kinds
        .iter()
        .map(|kind| {
            let job = Job {
                from,
                to: copies.join(format!("copy-{}", random.next())),
                writer,
                random: Random(random.next()),
                longest,
                complained: false,
            };
            (*kind, job)
        })
        .partition(|(kind, _)| kind.slow);
    let one = |(kind, mut job): (&'static Kind, Job<'_>)| Made {
        kind: kind.name,
        acked: (kind.copy)(&mut job),
        complained: job.complained,
        copy: job.to,
    };
    thread::scope(|scope| {
        let slow: Vec<_> = slow
            .into_iter()
            .map(|job| scope.spawn(move || one(job)))
            .collect();
        let mut made: Vec<Made> = fast.into_iter().map(one).collect();
        made.extend(slow.into_iter().map(|copy| copy.join().unwrap()));
        made
    })
}

/// The kinds of which the tools are there.
fn kinds() -> Vec<&'static Kind> {
    let rsync = installed("rsync");
    if !rsync {
        tell_always("rsync is not installed: its copies are left out");
    }
    let there = |kind: &&Kind| rsync || ![RSYNC, RSYNC_AGAIN].contains(&kind.name);
    KINDS.iter().filter(there).collect()
}

fn print(tallies: &BTreeMap<&str, Tally>) {
    tell(
        "copy of a directory under full load | copies | restored | lost | checked | rebuilt | doubted | complaints",
    );
    for (name, tally) in tallies {
        let Tally {
            copies,
            restored,
            checked,
            rebuilt,
            doubted,
            complaints,
        } = tally;
        let lost = copies - restored;
        tell(&format!(
            "{name:<35} | {copies:>6} | {restored:>8} | {lost:>4} | {checked:>7} | {rebuilt:>7} | {doubted:>7} | {complaints:>10}"
        ));
    }
}

/// Everything that was found out so far.
#[derive(Default)]
struct Results {
    tallies: BTreeMap<&'static str, Tally>,
    failures: Vec<String>,
}

impl Results {
    /// Opens a copy and counts what became of it; `written` is all that was ever acknowledged. One
    /// that fails is kept for whoever looks into it.
    fn examine(&mut self, made: Made, written: &Lasts) {
        let tally = self.tallies.entry(made.kind).or_default();
        tally.copies += 1;
        tally.complaints += u32::from(made.complained);
        let outcome = made.acked.and_then(|acked| restored(&made.copy, &acked));
        // One write of each thread may have been on its way when each process was killed.
        let outcome = outcome.and_then(|copy| {
            let invented = |(last, written): (&u64, &u64)| *last > written + ROUNDS as u64;
            if copy.lasts.iter().zip(written).any(invented) {
                return Err(format!("{:?} found, {written:?} was written", copy.lasts));
            }
            Ok(copy)
        });
        match outcome {
            Ok(copy) => {
                tally.restored += 1;
                let rebuilt = copy.start == Start::Rebuilt;
                tally.rebuilt += u32::from(rebuilt);
                tally.checked += u32::from(!rebuilt);
                if let Some(found) = copy.found {
                    tally.doubted += 1;
                    self.fail(format!(
                        "{}: check, after {:?}: {found}",
                        made.kind, copy.start
                    ));
                }
                fs::remove_dir_all(made.copy).unwrap();
            }
            Err(reason) => {
                let copy = made.copy.display();
                self.fail(format!("{}, {copy}: {reason}", made.kind));
            }
        }
    }

    fn fail(&mut self, failure: String) {
        tell(&failure);
        self.failures.push(failure);
    }
}

/// Promise: a plain copy of a directory that is written at full speed always opens, with every change
/// that was acknowledged before the copy began, nothing half done and nothing that was never written;
/// it starts held, and the original does not.
#[test]
fn live_copies_restore() {
    let mut random = Random::new(1);
    let kinds = kinds();
    let mut results = Results::default();
    let copies = TempDir::new().unwrap();
    let mut data = TempDir::new().unwrap();
    let mut written = Lasts::default();
    for round in 0..runs(kinds.len()).div_ceil(kinds.len()) {
        if round % ROUNDS == 0 {
            data = TempDir::new().unwrap();
            written = Lasts::default();
        }
        let writer = Writer::start(data.path(), Work::Everything, written);
        let enough = writer.said().total() + 100 + random.below(2000);
        writer.wait(|said| said.total() >= enough);
        assert_eq!(writer.said().opened, Some(false), "the original is held");
        let made = copy_round(&writer, data.path(), copies.path(), &kinds, &mut random);
        written = writer.kill();
        for made in made {
            results.examine(made, &written);
        }
        if round % 25 == 24 {
            print(&results.tallies);
        }
    }
    print(&results.tallies);
    if !results.failures.is_empty() {
        let kept = copies.keep();
        assert!(
            kept.as_os_str().is_empty(),
            "kept in {kept:?}: {:#?}",
            results.failures
        );
    }
}
