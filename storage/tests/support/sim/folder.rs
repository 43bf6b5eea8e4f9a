//! The names in one folder: as they are seen, as they are on the disk, and what lies between.

use std::collections::BTreeMap;

use crate::support::rng::Rng;

type Names = BTreeMap<String, u64>;

/// A change of names that no sync has made durable.
#[derive(Debug, Clone)]
pub enum NameChange {
    /// Created, or linked.
    Set(String, u64),
    Removed(String),
    Renamed(String, String, u64),
}

impl NameChange {
    fn apply(&self, names: &mut Names) {
        match self {
            Self::Set(name, inode) => {
                names.insert(name.clone(), *inode);
            }
            Self::Removed(name) => {
                names.remove(name);
            }
            Self::Renamed(from, to, inode) => {
                names.remove(from);
                names.insert(to.clone(), *inode);
            }
        }
    }
}

#[derive(Debug, Default)]
pub struct Folder {
    /// As every process sees them.
    pub names: Names,
    durable: Names,
    unsynced: Vec<NameChange>,
    /// Whether the folder itself survives a power loss.
    pub kept: bool,
}

impl Folder {
    pub fn change(&mut self, change: NameChange) {
        change.apply(&mut self.names);
        self.unsynced.push(change);
    }

    /// Every file that has a name here, or may have one after a power loss.
    pub fn inodes(&self) -> impl Iterator<Item = u64> {
        let unsynced = self.unsynced.iter().filter_map(|change| match change {
            NameChange::Set(_, inode) | NameChange::Renamed(_, _, inode) => Some(inode),
            NameChange::Removed(_) => None,
        });
        let names = self.names.values().chain(self.durable.values());
        names.chain(unsynced).copied()
    }

    pub fn sync(&mut self) {
        for change in self.unsynced.drain(..) {
            change.apply(&mut self.durable);
        }
    }

    /// Some of the changes reach the disk and the rest never will; everybody sees all of them.
    pub fn fail_sync(&mut self, rng: &mut Rng) {
        let mood = rng.below(4);
        for change in self.unsynced.drain(..) {
            let kept = match mood {
                0 => false,
                1 => true,
                _ => rng.coin(),
            };
            if kept {
                change.apply(&mut self.durable);
            }
        }
    }

    /// Only what is on the disk is left.
    pub fn lose_power(&mut self, rng: &mut Rng) {
        self.fail_sync(rng);
        self.names.clone_from(&self.durable);
    }
}
