//! What is on the disk, and what is about to go wrong with it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use novacore_storage::Stamp;

use super::Sync;
use super::file::Home;
use super::folder::{Folder, NameChange};
use super::inode::Inode;
use crate::support::rng::Rng;

/// What goes wrong next; a number counts down.
#[derive(Debug, Default)]
pub struct Faults {
    pub stop: Option<u64>,
    pub sync_fails: Option<u64>,
    pub room: Option<u64>,
    pub forgets: Option<Sync>,
}

pub struct State {
    pub rng: Rng,
    /// Nanoseconds; every change takes some.
    clock: i128,
    /// Which process the disk serves.
    pub generation: u64,
    /// Nothing works until the process is replaced.
    pub stopped: bool,
    /// The change under way is the one that is cut short.
    pub cutting: bool,
    pub no_unnamed: bool,
    pub faults: Faults,
    pub locks: BTreeSet<PathBuf>,
    inodes: BTreeMap<u64, Inode>,
    last_inode: u64,
    folders: BTreeMap<PathBuf, Folder>,
}

pub fn gone() -> io::Error {
    io::Error::other("the power is gone")
}

pub fn not_found() -> io::Error {
    io::ErrorKind::NotFound.into()
}

/// A path's folder and name.
pub fn split(path: &Path) -> io::Result<(&Path, &str)> {
    let name = path.file_name().and_then(|name| name.to_str());
    let parts = path.parent().zip(name);
    parts.ok_or_else(|| io::ErrorKind::InvalidInput.into())
}

impl State {
    pub fn new(rng: Rng, root: &Path) -> Self {
        let mut state = Self {
            rng,
            clock: 1_000_000_000_000_000_000,
            generation: 0,
            stopped: false,
            cutting: false,
            no_unnamed: false,
            faults: Faults::default(),
            locks: BTreeSet::new(),
            inodes: BTreeMap::new(),
            last_inode: 0,
            folders: BTreeMap::new(),
        };
        state.make_dir(root);
        for folder in state.folders.values_mut() {
            folder.kept = true;
        }
        state
    }

    pub fn alive(&self, generation: u64) -> io::Result<()> {
        if self.stopped || self.generation != generation {
            return Err(gone());
        }
        Ok(())
    }

    /// Counts a change; true when it is the one during which everything stops.
    pub fn ends_now(&mut self) -> bool {
        self.cutting = count_down(&mut self.faults.stop);
        self.cutting
    }

    /// The time of a change.
    pub fn tick(&mut self) -> i128 {
        self.clock += 1_000;
        self.clock
    }

    pub fn new_inode(&mut self) -> u64 {
        self.last_inode += 1;
        let now = self.tick();
        self.inodes.insert(self.last_inode, Inode::new(now));
        self.last_inode
    }

    pub fn inode(&self, number: u64) -> io::Result<&Inode> {
        self.inodes.get(&number).ok_or_else(not_found)
    }

    pub fn inode_mut(&mut self, number: u64) -> io::Result<&mut Inode> {
        self.inodes.get_mut(&number).ok_or_else(not_found)
    }

    /// Sets the time of change, after a change of the name.
    fn renamed(&mut self, number: u64) {
        let now = self.tick();
        if let Some(inode) = self.inodes.get_mut(&number) {
            inode.renamed(now);
        }
    }

    /// Sets the time of change, after a change of the content.
    pub fn touch(&mut self, number: u64) {
        let now = self.tick();
        if let Some(inode) = self.inodes.get_mut(&number) {
            inode.changed = now;
        }
    }

    pub fn find(&self, folder: &Path, name: &str) -> Option<u64> {
        self.folders.get(folder)?.names.get(name).copied()
    }

    pub fn make_dir(&mut self, dir: &Path) {
        for dir in dir.ancestors() {
            self.folders.entry(dir.to_owned()).or_default();
        }
    }

    pub fn names(&self, dir: &Path) -> Vec<String> {
        let files = self.folders.get(dir).into_iter();
        let files = files.flat_map(|folder| folder.names.keys().cloned());
        let inside = |path: &&PathBuf| path.parent() == Some(dir);
        let folders = self.folders.keys().filter(inside);
        let folders = folders.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()));
        let names: BTreeSet<String> = files.chain(folders).collect();
        names.into_iter().collect()
    }

    pub fn stamp(&self, folder: &Path, name: &str) -> Option<Stamp> {
        let number = self.find(folder, name)?;
        let inode = self.inodes.get(&number)?;
        Some(Stamp {
            inode: number,
            born_ns: inode.born,
            len: inode.bytes.len() as u64,
            changed_ns: inode.changed,
        })
    }

    fn change_names(&mut self, folder: &Path, change: NameChange) -> io::Result<()> {
        let folder = self.folders.get_mut(folder).ok_or_else(not_found)?;
        folder.change(change);
        Ok(())
    }

    /// Gives a file a name that nothing has.
    pub fn link(&mut self, folder: &Path, name: &str, inode: u64) -> io::Result<()> {
        if self.find(folder, name).is_some() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.change_names(folder, NameChange::Set(name.to_owned(), inode))?;
        self.renamed(inode);
        Ok(())
    }

    pub fn unlink(&mut self, folder: &Path, name: &str) {
        if let Some(inode) = self.find(folder, name) {
            // The folder is there: the name was found in it.
            let _ = self.change_names(folder, NameChange::Removed(name.to_owned()));
            self.renamed(inode);
        }
    }

    pub fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let ((folder, old), (target, new)) = (split(from)?, split(to)?);
        if folder != target {
            return Err(io::ErrorKind::CrossesDevices.into());
        }
        let inode = self.find(folder, old).ok_or_else(not_found)?;
        self.change_names(
            folder,
            NameChange::Renamed(old.to_owned(), new.to_owned(), inode),
        )?;
        self.renamed(inode);
        Ok(())
    }

    pub fn create_unnamed(&mut self, dir: &Path) -> io::Result<(u64, Home)> {
        if !self.folders.contains_key(dir) {
            return Err(not_found());
        }
        let inode = self.new_inode();
        if !self.no_unnamed {
            return Ok((inode, Home::Unnamed));
        }
        let name = format!("{inode}.tmp");
        self.link(dir, &name, inode)?;
        Ok((inode, Home::Passing(name)))
    }

    fn sync_fails(&mut self) -> bool {
        count_down(&mut self.faults.sync_fails)
    }

    pub fn sync_file(&mut self, number: u64, kind: Sync) -> io::Result<()> {
        if self.faults.forgets == Some(kind) {
            return Ok(());
        }
        let fails = self.sync_fails();
        let inode = self.inodes.get_mut(&number).ok_or_else(not_found)?;
        if fails {
            inode.fail_sync(&mut self.rng);
            return Err(io::Error::from_raw_os_error(EIO));
        }
        inode.sync();
        Ok(())
    }

    pub fn sync_dir(&mut self, dir: &Path) -> io::Result<()> {
        if self.faults.forgets == Some(Sync::Folder(Sync::purpose(dir))) {
            return Ok(());
        }
        let fails = self.sync_fails();
        let folder = self.folders.get_mut(dir).ok_or_else(not_found)?;
        if fails {
            folder.fail_sync(&mut self.rng);
            return Err(io::Error::from_raw_os_error(EIO));
        }
        folder.sync();
        for (path, inside) in &mut self.folders {
            inside.kept |= path.parent() == Some(dir);
        }
        Ok(())
    }

    pub fn end_process(&mut self) {
        self.generation += 1;
        self.stopped = false;
        self.cutting = false;
        self.faults.stop = None;
        self.locks.clear();
        let named: BTreeSet<u64> = self.folders.values().flat_map(Folder::inodes).collect();
        self.inodes.retain(|number, _| named.contains(number));
    }

    pub fn lose_power(&mut self) {
        let mut lost: Vec<PathBuf> = Vec::new();
        // Folders come before what is in them.
        for (path, folder) in &mut self.folders {
            let in_lost = lost.iter().any(|lost| path.starts_with(lost));
            if in_lost || !(folder.kept || self.rng.coin()) {
                lost.push(path.clone());
                continue;
            }
            folder.kept = true;
            folder.lose_power(&mut self.rng);
        }
        for path in lost {
            self.folders.remove(&path);
        }
        for inode in self.inodes.values_mut() {
            inode.lose_power(&mut self.rng);
        }
        self.end_process();
    }

    pub fn flip(&mut self, path: &Path, byte: usize, bit: u8) {
        let found = split(path)
            .ok()
            .and_then(|(dir, name)| self.find(dir, name));
        if let Some(inode) = found.and_then(|number| self.inodes.get_mut(&number)) {
            inode.flip(byte, bit);
        }
    }

    pub fn listing(&self) -> Vec<(PathBuf, u64)> {
        let mut files = Vec::new();
        for (path, folder) in &self.folders {
            for (name, number) in &folder.names {
                let len = self.inodes.get(number).map_or(0, |inode| inode.bytes.len());
                files.push((path.join(name), len as u64));
            }
        }
        files
    }
}

/// An error of the device.
const EIO: i32 = 5;

/// Counts down to the one call that is meant.
fn count_down(counter: &mut Option<u64>) -> bool {
    match counter {
        Some(0 | 1) => {
            *counter = None;
            true
        }
        Some(n) => {
            *n -= 1;
            false
        }
        None => false,
    }
}
