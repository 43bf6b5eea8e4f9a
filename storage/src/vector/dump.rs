//! A graph on disk: a folder with the library's two files and a manifest.
//!
//! The library trusts its files blindly: it panics, ends the process or reads past a row when they are
//! not what it wrote. What must stay true:
//! * nothing is handed to it before the length and checksum of both files are those of the manifest,
//!   and the manifest those of its own;
//! * a folder appears whole or not at all;
//! * files hold rows without names: labels come from the caller's rows when a graph is loaded, so that
//!   an old folder can be out of date, but not wrong.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use hnsw_rs::prelude::{AnnT, HnswIo};
use serde::{Deserialize, Serialize};

use super::Block;
use super::graph::{Graph, RowDistance};
use crate::Error;
use crate::error::caught;

const VERSION: u32 = 1;
const MANIFEST: &str = "manifest";
const NAME: &str = "rows";
const FILES: [&str; 2] = ["rows.hnsw.graph", "rows.hnsw.data"];
/// The checksum at the end of a manifest.
const SUM_BYTES: usize = size_of::<u32>();
/// Of a hundred rows, how many may differ from the caller's in a graph that is still taken.
const MOST_DIFFERENT: usize = 20;

#[derive(Serialize, Deserialize)]
struct Manifest {
    version: u32,
    dim: usize,
    count: usize,
    note: Vec<u8>,
    /// Length and crc32c of each of `FILES`.
    files: Vec<(u64, u32)>,
}

impl Graph {
    /// Writes the graph into a folder that is not there yet, with a note of the caller's by which to
    /// tell later whether it still fits.
    ///
    /// # Errors
    /// `Io`, `Full` or `Panicked`; then nothing is left of it.
    pub fn dump(&self, dir: &Path, note: &[u8]) -> Result<(), Error> {
        let unfinished = dir.with_added_extension("new");
        self.write(&unfinished, note)
            .and_then(|()| put_in_place(&unfinished, dir))
            .inspect_err(|_| drop(fs::remove_dir_all(&unfinished)))
    }

    /// The files, synced; they count once the folder has its name.
    pub(super) fn write(&self, dir: &Path, note: &[u8]) -> Result<(), Error> {
        remove(dir)?;
        make_dir(dir)?;
        caught(|| {
            let written = self.library().file_dump(dir, NAME);
            written.map(|_| ()).map_err(|error| Error::Io {
                reason: error.to_string(),
            })
        })?;
        let mut files = Vec::new();
        for name in FILES {
            let mut file = File::open(dir.join(name))?;
            file.sync_all()?;
            files.push(sum(&mut file)?);
        }
        let manifest = Manifest {
            version: VERSION,
            dim: self.dim(),
            count: self.nodes(),
            note: note.to_owned(),
            files,
        };
        let mut bytes = rmp_serde::to_vec_named(&manifest).map_err(|error| Error::Unstorable {
            reason: error.to_string(),
        })?;
        bytes.extend(crc32c::crc32c(&bytes).to_le_bytes());
        let mut file = File::create_new(dir.join(MANIFEST))?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        Ok(File::open(dir)?.sync_all()?)
    }

    /// Loads a folder and gives its rows the labels that they have in `rows`; rows that it lacks are
    /// inserted, rows that are no longer there are dead. None when there is no folder, or it has another
    /// note, or so much is different that it is better built anew.
    ///
    /// # Errors
    /// `Corrupt` or `Panicked` when the files are not what was written; `Io`.
    pub fn load(dir: &Path, note: &[u8], rows: &Block) -> Result<Option<Self>, Error> {
        let Some(manifest) = manifest(dir)? else {
            return Ok(None);
        };
        if manifest.note != note || manifest.dim != rows.dim() {
            return Ok(None);
        }
        for (name, expected) in FILES.iter().zip(&manifest.files) {
            if sum(&mut File::open(dir.join(name))?)? != *expected {
                return Err(damaged(dir, &format!("{name} has another checksum")));
            }
        }
        caught(|| {
            let library = reader(dir).load_hnsw_with_dist(RowDistance);
            let mut library = library.map_err(|error| damaged(dir, &error.to_string()))?;
            // Loading sets what building left alone; with it the same puts would give another graph.
            library.set_extend_candidates(false);
            let graph = Self::from_library(library, rows.dim());
            let graph = graph.filter(|graph| graph.nodes() == manifest.count);
            let mut graph = graph.ok_or_else(|| damaged(dir, "the rows are not those written"))?;
            let missing = graph.name_all(rows);
            let different = missing.len() + graph.dead();
            if 100 * different > MOST_DIFFERENT * graph.nodes() {
                return Ok(None);
            }
            graph.insert(rows, missing);
            Ok(Some(graph))
        })
    }
}

/// Moves finished files to where they are looked for.
pub(super) fn put_in_place(unfinished: &Path, dir: &Path) -> Result<(), Error> {
    fs::rename(unfinished, dir)?;
    if let Some(parent) = dir.parent() {
        File::open(parent)?.sync_all()?;
    }
    Ok(())
}

/// A folder for nobody else's eyes.
pub(super) fn make_dir(dir: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

/// Removes a folder with what is in it; none is fine.
pub(super) fn remove(dir: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

fn damaged(dir: &Path, reason: &str) -> Error {
    Error::corrupt(&dir.display().to_string(), reason)
}

fn manifest(dir: &Path) -> Result<Option<Manifest>, Error> {
    let bytes = match fs::read(dir.join(MANIFEST)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && !dir.exists() => return Ok(None),
        read => read?,
    };
    let sound = bytes
        .split_last_chunk::<SUM_BYTES>()
        .filter(|(body, sum)| crc32c::crc32c(body) == u32::from_le_bytes(**sum))
        .and_then(|(body, _)| rmp_serde::from_slice::<Manifest>(body).ok())
        .ok_or_else(|| damaged(dir, "the manifest is not what was written"))?;
    Ok((sound.version == VERSION && sound.files.len() == FILES.len()).then_some(sound))
}

/// Length and checksum of what is left to read.
fn sum(file: &mut File) -> io::Result<(u64, u32)> {
    let mut buffer = vec![0; 1 << 20];
    let (mut length, mut sum) = (0, 0);
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok((length, sum));
        }
        length += read as u64;
        sum = crc32c::crc32c_append(sum, &buffer[..read]);
    }
}

/// The library's reader of a folder. A graph borrows its reader for as long as it lives, though it uses
/// it only with memory maps, which are not asked for. So a reader is given up to live for ever: a path
/// and a few words, once for each folder however often it is loaded.
fn reader(dir: &Path) -> &'static HnswIo {
    static READERS: Mutex<BTreeMap<PathBuf, &'static HnswIo>> = Mutex::new(BTreeMap::new());
    let mut readers = READERS.lock().unwrap_or_else(PoisonError::into_inner);
    readers
        .entry(dir.to_owned())
        .or_insert_with(|| Box::leak(Box::new(HnswIo::new(dir, NAME))))
}
