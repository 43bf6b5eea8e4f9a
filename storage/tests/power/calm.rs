//! Power losses of a store that was closed well: no fault before, so it must open at once.

use novacore_storage::Start;

use super::run::{End, Run};
use crate::support::sim::Sync;

/// Opens, writes, closes and loses the power, a few times over.
pub fn run(seed: u64, forgets: Option<Sync>) -> Result<(), String> {
    let mut run = Run::new(seed);
    run.disk.forget(forgets);
    let outcome = (0..6).try_for_each(|life| run.calm_life(life == 0));
    outcome.map_err(|reason| run.report(seed, &reason))
}

impl Run {
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
