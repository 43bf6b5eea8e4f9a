//! The bytes of one file: as they are read, as they are on the disk, and what lies between.

use crate::support::rng::Rng;

/// What a disk writes whole or not at all.
const SECTOR: usize = 512;

/// A change that no sync has made durable.
#[derive(Debug)]
enum Change {
    Write { offset: usize, data: Vec<u8> },
    Length(usize),
}

#[derive(Debug, Default)]
pub struct Inode {
    pub born: i128,
    pub changed: i128,
    /// As every process reads it.
    pub bytes: Vec<u8>,
    durable: Vec<u8>,
    durable_changed: i128,
    unsynced: Vec<Change>,
}

impl Inode {
    pub fn new(born: i128) -> Self {
        Self {
            born,
            changed: born,
            durable_changed: born,
            ..Self::default()
        }
    }

    /// A name came or went. That is written together with the time, unless content is outstanding.
    pub fn renamed(&mut self, now: i128) {
        if self.unsynced.is_empty() && self.durable_changed == self.changed {
            self.durable_changed = now;
        }
        self.changed = now;
    }

    pub fn write(&mut self, offset: usize, data: &[u8]) {
        put(&mut self.bytes, offset, data);
        let data = data.to_vec();
        self.unsynced.push(Change::Write { offset, data });
    }

    pub fn set_len(&mut self, len: usize) {
        self.bytes.resize(len, 0);
        self.unsynced.push(Change::Length(len));
    }

    pub fn sync(&mut self) {
        for change in self.unsynced.drain(..) {
            match change {
                Change::Write { offset, data } => put(&mut self.durable, offset, &data),
                Change::Length(len) => self.durable.resize(len, 0),
            }
        }
        self.durable_changed = self.changed;
    }

    /// Some of what was not synced reaches the disk and the rest never will; readers see all of it.
    pub fn fail_sync(&mut self, rng: &mut Rng) {
        if self.unsynced.is_empty() {
            return;
        }
        // The disk takes all, takes nothing, or takes what it likes, each often enough to be met.
        let mood = rng.below(4);
        for change in self.unsynced.drain(..) {
            let kept = match mood {
                0 => 0,
                1 => 1,
                _ => rng.below(3),
            };
            match change {
                _ if kept == 0 => {}
                Change::Write { offset, data } if kept == 1 => {
                    put(&mut self.durable, offset, &data);
                }
                Change::Write { offset, data } => tear(&mut self.durable, offset, &data, rng),
                Change::Length(len) => self.durable.resize(len, 0),
            }
        }
        // The time of change is written with the file's other properties, not with its content.
        if rng.coin() {
            self.durable_changed = self.changed;
        }
    }

    /// Only what is on the disk is left.
    pub fn lose_power(&mut self, rng: &mut Rng) {
        self.fail_sync(rng);
        self.bytes.clone_from(&self.durable);
        self.changed = self.durable_changed;
    }

    pub fn flip(&mut self, byte: usize, bit: u8) {
        for bytes in [&mut self.bytes, &mut self.durable] {
            if let Some(byte) = bytes.get_mut(byte) {
                *byte ^= 1 << bit;
            }
        }
    }
}

fn put(bytes: &mut Vec<u8>, offset: usize, data: &[u8]) {
    let end = offset + data.len();
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    bytes[offset..end].copy_from_slice(data);
}

/// Writes some of the sectors, and perhaps the length that all of them would have led to.
fn tear(bytes: &mut Vec<u8>, offset: usize, data: &[u8], rng: &mut Rng) {
    if rng.coin() && bytes.len() < offset + data.len() {
        bytes.resize(offset + data.len(), 0);
    }
    let mut start = 0;
    while start < data.len() {
        let end = data.len().min(start + SECTOR - (offset + start) % SECTOR);
        if rng.coin() {
            put(bytes, offset + start, &data[start..end]);
        }
        start = end;
    }
}
