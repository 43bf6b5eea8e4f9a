//! Power losses of a store that was closed well: no fault before, so it must open at once.

use novacore_storage::Start;

use super::run::{End, Run};
use crate::support::sim::{Fault, Sync};

/// Opens, writes, closes and loses the power, a few times over.
pub fn run(seed: u64, forgets: Option<Sync>) -> Result<(), String> {
    let mut run = Run::new(seed);
    run.disk.forget(forgets);
    let outcome = (0..6).try_for_each(|life| run.calm_life(life == 0));
    outcome.map_err(|reason| run.report(seed, &reason))
}

/// A sync fails, the process is killed, the next one closes well, and then the power goes: what the
/// failed sync left unwritten looked well to the check in between.
pub fn run_after_a_failed_sync(seed: u64, forgets: Option<Sync>) -> Result<(), String> {
    let mut run = Run::new(seed);
    run.disk.forget(forgets);
    let outcome = (0..4).try_for_each(|_| run.doubtful_life());
    outcome.map_err(|reason| run.report(seed, &reason))
}

impl Run {
    fn doubtful_life(&mut self) -> Result<(), String> {
        let store = self.open_once()?;
        self.refusing = true;
        let n = self.rng.spread(20);
        self.arm(Fault::SyncFails(n));
        for _ in 0..self.rng.below(6) {
            self.group(&store)?;
        }
        self.disk.stop();
        drop(store);
        self.disk.heal();
        self.ends(End::Killed);
        let store = self.open_once()?;
        self.refusing = false;
        for _ in 0..self.rng.below(3) {
            self.group(&store)?;
        }
        self.close(&store)?;
        drop(store);
        self.ends(End::PowerLost);
        Ok(())
    }

    fn calm_life(&mut self, first: bool) -> Result<(), String> {
        let store = self.open_once()?;
        match store.opened().start {
            Start::New if first => {}
            Start::Clean if !first => {}
            start => return Err(format!("closed well, but opened as {start:?}")),
        }
        for _ in 0..self.rng.below(4) {
            self.group(&store)?;
        }
        self.close(&store)?;
        drop(store);
        self.ends(End::PowerLost);
        Ok(())
    }
}
