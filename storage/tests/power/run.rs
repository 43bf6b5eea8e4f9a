//! One seeded run: a store at work over a disk that fails, and what it must hold each time.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use novacore_storage::{Error, Options, Pending, Store, Writing};

use super::model::{Change, Model, Rows, on_purpose};
use crate::support::CATALOGUE;
use crate::support::rng::Rng;
use crate::support::sim::{Fault, SimDisk, Sync};

const DAY_MS: u64 = 86_400_000;

/// How a process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Closed,
    Killed,
    PowerLost,
}

/// A store at work, and what is known of it.
pub struct Run {
    pub rng: Rng,
    pub disk: SimDisk,
    clock: Arc<AtomicU64>,
    pub model: Model,
    next_change: u64,
    /// The last batch that was acknowledged.
    pub seq: u64,
    /// The disk refuses this time, but does not stop.
    pub refusing: bool,
    /// What was done, for the report of a failure.
    story: Vec<String>,
}

fn data() -> PathBuf {
    PathBuf::from("/srv/data")
}

/// Runs a seed to its end. With `forgets`, in a build without that sync.
pub fn run(seed: u64, forgets: Option<Sync>) -> Result<(), String> {
    let mut run = Run::new(seed);
    run.disk.forget(forgets);
    let outcome = (0..3 + run.rng.below(4)).try_for_each(|_| run.life());
    outcome
        .and_then(|()| run.last_look())
        .map_err(|reason| run.report(seed, &reason))
}

impl Run {
    pub fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let disk = SimDisk::new(rng.next(), Path::new("/srv"));
        if rng.chance(15) {
            disk.without_unnamed();
        }
        Self {
            rng,
            disk,
            clock: Arc::new(AtomicU64::new(1_790_000_000_000)),
            model: Model::new(),
            next_change: 1,
            seq: 0,
            refusing: false,
            story: Vec::new(),
        }
    }

    pub fn report(&self, seed: u64, reason: &str) -> String {
        let from = self.story.len().saturating_sub(60);
        let story = self.story[from..].join("\n  ");
        let files = self.disk.listing();
        let files = files
            .iter()
            .map(|(path, len)| format!("{} {len}", path.display()));
        let files = files.collect::<Vec<_>>().join("\n  ");
        format!("seed {seed}: {reason}\n  {story}\nfiles:\n  {files}")
    }

    pub fn tell(&mut self, what: impl Into<String>) {
        self.story.push(what.into());
    }

    pub fn options(&self) -> Options {
        let clock = Arc::clone(&self.clock);
        let mut options = Options::new(data(), CATALOGUE, &[]);
        options.cache_bytes = 1 << 20;
        options.files = self.disk.files();
        options.clock = Arc::new(move || clock.load(Ordering::Relaxed));
        options.keep_days = 2;
        options.snapshot_bytes = 200_000;
        options
    }

    fn forward(&self, ms: u64) {
        self.clock.fetch_add(ms, Ordering::Relaxed);
    }

    /// From an opening to the end of the process, whatever kind it is.
    fn life(&mut self) -> Result<(), String> {
        let store = self.open()?;
        self.refusing = false;
        let mut steps = 3 + self.rng.below(20);
        match self.rng.below(10) {
            0..5 => {
                let n = self.rng.spread(2_000);
                self.arm(Fault::Stop(n));
                steps += 100;
            }
            5 | 6 => {
                let n = self.rng.spread(60);
                self.arm(Fault::SyncFails(n));
                self.refusing = true;
            }
            7 | 8 => {
                let n = self.rng.spread(1_000_000);
                self.arm(Fault::FullAfter(n));
                self.refusing = true;
            }
            _ => {}
        }
        let mut store = Some(store);
        while let Some(open) = &store
            && steps > 0
            && !self.disk.stopped()
        {
            steps -= 1;
            if self.step(open)? {
                store = None;
            }
        }
        self.end(store)
    }

    pub fn arm(&mut self, fault: Fault) {
        self.tell(format!("armed {fault:?}"));
        self.disk.arm(fault);
    }

    /// One thing that a program does. True when the store was closed.
    fn step(&mut self, store: &Store) -> Result<bool, String> {
        let done = match self.rng.below(100) {
            0..70 => return self.group(store).map(|()| false),
            70..78 => ("snapshot", store.snapshot(&mut |_| ()).map(|_| ())),
            78..88 => {
                let ms = self.rng.below(2 * DAY_MS);
                self.forward(ms);
                ("maintain", store.maintain().map(|_| ()))
            }
            88..91 => ("compact", store.compact(&mut |_| ()).map(|_| ())),
            91..94 => ("scrub", store.scrub(&mut |_| ()).map(|_| ())),
            94..97 => ("check", self.checked(store)?),
            _ => return self.close(store).map(|()| true),
        };
        self.tell(format!("{} {:?}", done.0, done.1));
        match done.1 {
            Ok(()) => self.still_right(store).map(|()| false),
            Err(error) => self.failed(store, &error).map(|()| false),
        }
    }

    fn checked(&mut self, store: &Store) -> Result<Result<(), Error>, String> {
        let deep = self.rng.coin();
        match store.check(deep, &mut |_| ()) {
            Ok(report) if report.findings.is_empty() => Ok(Ok(())),
            Ok(_) if self.disk.stopped() || self.refusing => Ok(Ok(())),
            Ok(report) => Err(format!("check finds {:?}", report.findings)),
            Err(error) => Ok(Err(error)),
        }
    }

    /// Several writes that are queued at once.
    pub fn group(&mut self, store: &Store) -> Result<(), String> {
        let ms = self.rng.spread(600_000);
        self.forward(ms);
        let changes: Vec<Change> = (0..=self.rng.below(5)).map(|_| self.change()).collect();
        let failure = self.write(store, &changes)?;
        match failure {
            Some(error) => self.failed(store, &error),
            None if self.rng.chance(20) => self.still_right(store),
            None => Ok(()),
        }
    }

    fn change(&mut self) -> Change {
        let change = Change::random(self.next_change, &mut self.rng);
        self.next_change += 1;
        change
    }

    /// Writes, and notes what was acknowledged; answers with a failure that the disk is the cause of.
    fn write(&mut self, store: &Store, changes: &[Change]) -> Result<Option<Error>, String> {
        let queued: Vec<Pending<u64, Error>> = changes
            .iter()
            .map(|change| {
                let change = change.clone();
                store.write(move |tx| change.run(tx).map(|()| tx.seq()))
            })
            .collect();
        let mut failure = None;
        let mut refused = Vec::new();
        for (pending, change) in queued.into_iter().zip(changes) {
            let answer = pending.wait();
            self.tell(format!("write {} {answer:?}", change.number));
            match answer {
                Ok(_) if change.fails => return Err("a failed write was acknowledged".to_owned()),
                Ok(seq) if seq < self.seq => return Err(format!("batch {seq} came late")),
                Ok(seq) => {
                    self.seq = seq;
                    self.model.acknowledge(change);
                    refused.clear();
                }
                Err(error) if change.fails && error == on_purpose() => {}
                Err(error) => {
                    if self.refusing {
                        refused.push(change);
                    } else {
                        self.model.doubt(change);
                    }
                    failure = Some(error);
                }
            }
        }
        self.model.refuse(&refused);
        Ok(failure)
    }

    /// Reading goes on, and gives what was acknowledged.
    fn still_right(&mut self, store: &Store) -> Result<(), String> {
        match Rows::read(store) {
            Ok(rows) => self.model.check(&rows),
            Err(_) if self.disk.stopped() => Ok(()),
            Err(error) => Err(format!("cannot be read: {error:?}")),
        }
    }

    /// Something was refused: rightly, and until the disk is well again.
    fn failed(&mut self, store: &Store, error: &Error) -> Result<(), String> {
        if self.disk.stopped() {
            return Ok(());
        }
        if !self.refusing || !matches!(error, Error::Full | Error::Io { .. }) {
            return Err(format!("without a reason: {error:?}"));
        }
        self.still_right(store)?;
        if self.rng.coin() {
            let change = self.change();
            let again = self.write(store, &[change])?;
            if let Some(error) = again
                && !matches!(error, Error::Full | Error::Io { .. })
            {
                return Err(format!("refuses for a strange reason: {error:?}"));
            }
            self.serves_what_is_possible(store)?;
        }
        if self.disk.stopped() || self.rng.chance(30) {
            return Ok(()); // As it is, into the next end.
        }
        self.recovered(store)
    }

    /// After a refusal was followed by a success, what was refused may have turned out to be in.
    fn serves_what_is_possible(&mut self, store: &Store) -> Result<(), String> {
        if self.disk.stopped() {
            return Ok(());
        }
        let rows = Rows::read(store).map_err(|error| format!("cannot be read: {error:?}"))?;
        if self.model.check(&rows).is_ok() {
            return Ok(());
        }
        self.model.settle(rows)
    }

    /// The disk is well: writing is possible again.
    fn recovered(&mut self, store: &Store) -> Result<(), String> {
        self.disk.heal();
        self.refusing = false;
        let probed = store.probe().wait();
        self.tell(format!("the disk is well, probe {probed:?}"));
        probed.map_err(|error| format!("does not recover: {error:?}"))?;
        if store.writing() != Writing::Possible {
            return Err(format!("still refuses: {:?}", store.writing()));
        }
        let mut change = self.change();
        change.fails = false;
        if let Some(error) = self.write(store, &[change])? {
            return Err(format!("does not take a write: {error:?}"));
        }
        let rows = Rows::read(store).map_err(|error| format!("cannot be read: {error:?}"))?;
        self.model.settle(rows)
    }

    pub fn close(&mut self, store: &Store) -> Result<(), String> {
        let closed = store.close();
        self.tell(format!("close {closed:?}"));
        match closed {
            Err(error) if !self.disk.stopped() && !self.refusing => {
                Err(format!("does not close: {error:?}"))
            }
            _ => Ok(()),
        }
    }

    /// The end of a process: of its own accord, or by force.
    fn end(&mut self, store: Option<Store>) -> Result<(), String> {
        let by_force = self.rng.chance(70);
        if let Some(store) = store {
            if by_force {
                self.disk.stop();
            } else {
                self.close(&store)?;
            }
            drop(store);
        }
        let end = match self.rng.below(10) {
            0..6 => End::PowerLost,
            _ if by_force || self.disk.stopped() => End::Killed,
            _ => End::Closed,
        };
        self.disk.heal();
        self.ends(end);
        Ok(())
    }

    pub fn ends(&mut self, end: End) {
        self.tell(format!("{end:?}"));
        match end {
            End::PowerLost => self.disk.power_loss(),
            End::Killed | End::Closed => self.disk.kill(),
        }
    }
}
