//! Which directory this is, and whether its live file is as it was left.
//!
//! Two small files answer that by naming another file's stamp, which no copy has: `place` names the lock
//! file, so a copied directory knows that it is one; `live/clean` names the live file as it was when it
//! was closed well, so that it may be opened without a check. What must stay true: `place` is written
//! only for a new directory and when a copy is adopted; `live/clean` is gone, for good, before the live
//! file is opened, and is written after its last sync.

use std::path::Path;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::files::{Files, Stamp, read_whole};
use crate::home::{Home, LOCK_FILE};
use crate::{Error, record};

/// Names of the two files, for the data directory and for its folder `live`.
pub(crate) const PLACE: &str = "place";
pub(crate) const CLEAN: &str = "clean";

/// Says which directory this is.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    machine: String,
    lock: Stamp,
}

impl crate::Record for Place {}

/// Says what the live file was when it was closed.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Clean {
    live: Stamp,
    /// The last batch in it, and its time.
    pub(crate) seq: u64,
    pub(crate) lineage: Uuid,
    /// Bytes of the journal that no snapshot has.
    pub(crate) since_snapshot: u64,
}

impl crate::Record for Clean {}

/// True when the directory is the one that `settle` was called for, on the same machine.
pub(crate) fn is_home(home: &Home) -> Result<bool, Error> {
    let here = stamp_of_lock(home)?;
    let said: Option<Place> = load(home.files.as_ref(), &home.dir.join(PLACE), PLACE);
    Ok(said.is_some_and(|said| Some(said.lock) == here && said.machine == home.machine))
}

/// Makes this directory the one that it says it is.
pub(crate) fn settle(home: &Home) -> Result<(), Error> {
    let lock = stamp_of_lock(home)?.ok_or(Error::Closed)?;
    let machine = home.machine.clone();
    save(home, &home.dir, PLACE, &Place { machine, lock })
}

/// What was said at the last good close, if the live file has not been touched since.
pub(crate) fn clean_close(home: &Home) -> Result<Option<Clean>, Error> {
    let here = home.files.stamp(&home.live_file())?;
    let said: Option<Clean> = load(home.files.as_ref(), &home.live_dir().join(CLEAN), CLEAN);
    Ok(said.filter(|said| Some(said.live) == here))
}

/// Takes the word back, before the live file is opened.
pub(crate) fn unsay_clean(home: &Home) -> Result<(), Error> {
    home.files.remove(&home.live_dir().join(CLEAN))?;
    Ok(home.files.sync_dir(&home.live_dir())?)
}

/// Says that the live file is closed and synced, with this last batch; `since_snapshot` are the bytes
/// of the journal that no snapshot has.
pub(crate) fn say_clean(
    home: &Home,
    seq: u64,
    lineage: Uuid,
    since_snapshot: u64,
) -> Result<(), Error> {
    let Some(live) = home.files.stamp(&home.live_file())? else {
        return Ok(());
    };
    let clean = Clean {
        live,
        seq,
        lineage,
        since_snapshot,
    };
    save(home, &home.live_dir(), CLEAN, &clean)
}

fn stamp_of_lock(home: &Home) -> Result<Option<Stamp>, Error> {
    Ok(home.files.stamp(&home.dir.join(LOCK_FILE))?)
}

/// A file that is missing or damaged says nothing.
fn load<T: crate::Record>(files: &dyn Files, path: &Path, name: &str) -> Option<T> {
    let bytes = read_whole(files, path).ok()?;
    record::decode(name, name.as_bytes(), &bytes).ok()
}

fn save<T: crate::Record>(home: &Home, dir: &Path, name: &str, value: &T) -> Result<(), Error> {
    let bytes = record::encode(name.as_bytes(), value)?;
    let file = home.files.create_unnamed(dir)?;
    file.write_at(0, &bytes)?;
    file.sync()?;
    home.put(file.as_ref(), &dir.join(name))
}
