//! Opening a store after whatever has happened, and looking at what it holds.

use novacore_storage::{Error, Start, Store};

use super::model::Rows;
use super::run::{End, Run};
use crate::support::sim::Fault;

impl Run {
    /// Opens, though the power may fail meanwhile, and looks.
    pub fn open(&mut self) -> Result<Store, String> {
        for _ in 0..3 {
            if !self.rng.chance(30) {
                break;
            }
            let n = self.rng.spread(500);
            self.arm(Fault::Stop(n));
            let opened = Store::open(self.options());
            self.tell(format!("open, perhaps cut short: {opened:?}"));
            match opened {
                Err(error) if !self.disk.stopped() => return Err(cannot_open(&error)),
                Ok(store) if !self.disk.stopped() => {
                    self.look(&store)?;
                    return Ok(store);
                }
                opened => drop(opened),
            }
            let end = if self.rng.coin() {
                End::PowerLost
            } else {
                End::Killed
            };
            self.ends(end);
        }
        let opened = Store::open(self.options());
        self.tell(format!("open {:?}", opened.as_ref().map(Store::opened)));
        let store = opened.map_err(|error| cannot_open(&error))?;
        self.look(&store)?;
        Ok(store)
    }

    /// What the store holds after opening.
    fn look(&mut self, store: &Store) -> Result<(), String> {
        match Rows::read(store) {
            Ok(rows) => self.model.settle(rows)?,
            Err(_) if self.disk.stopped() => return Ok(()),
            Err(error) => return Err(format!("cannot be read: {error:?}")),
        }
        if store.seq() < self.seq {
            return Err(format!("is at {}, was at {}", store.seq(), self.seq));
        }
        self.seq = store.seq();
        if store.held() {
            return Err("takes itself for a copy".to_owned());
        }
        Ok(())
    }

    /// At last the disk is well: everything is in order, and a store that is closed well opens quickly.
    pub fn last_look(&mut self) -> Result<(), String> {
        let store = self.open_once()?;
        let doubtful = store.opened().start == Start::Checked;
        let checked = store.check(true, &mut |_| ());
        let checked = checked.map_err(|error| format!("check fails: {error:?}"))?;
        if !checked.findings.is_empty() {
            return Err(format!("check finds {:?}", checked.findings));
        }
        self.close(&store)?;
        drop(store);
        self.disk.kill();
        let store = self.open_once()?;
        match store.opened().start {
            Start::Clean => Ok(()),
            // What a check has found well may not be on the disk: see `a_failed_sync_is_remembered`.
            Start::Checked if doubtful => Ok(()),
            start => Err(format!("closed well, but opened as {start:?}")),
        }
    }

    pub fn open_once(&mut self) -> Result<Store, String> {
        let store = Store::open(self.options()).map_err(|error| cannot_open(&error))?;
        self.look(&store)?;
        Ok(store)
    }
}

fn cannot_open(error: &Error) -> String {
    format!("does not open: {error:?}")
}
