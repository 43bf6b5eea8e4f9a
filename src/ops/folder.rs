//! Which folders are ours: what may be read as data, and what may be replaced by it.
//!
//! Must stay true: a folder that holds anything that is not NovaCore's is never a target, and every
//! refusal says that nothing was changed.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::config::lies_in;
use crate::error::{Error, Result};

/// All that NovaCore puts into `data.dir`.
pub const IN_DATA: [&str; 11] = [
    "backup.json",
    "journal",
    "live",
    "place",
    "place.new",
    "snapshots",
    "lock",
    "secret.key",
    "secret.key.new",
    "setup-link",
    "setup-link.new",
];
/// A directory with one of these holds rows.
const ROWS: [&str; 3] = ["live", "snapshots", "journal"];
/// How many names a refusal tells.
const TOLD: usize = 3;

/// Whether a folder holds data of ours.
pub fn has_data(dir: &Path) -> bool {
    ROWS.iter().any(|name| dir.join(name).is_dir())
}

/// Refuses what cannot be read as data, with what is there instead.
pub fn must_have_data(dir: &Path) -> Result<()> {
    let place = dir.display();
    let said = match fs::read_dir(dir) {
        Ok(_) if has_data(dir) => return Ok(()),
        Ok(_) => {
            let below = dir.join("data");
            let guess = if has_data(&below) {
                format!("; did you mean {}?", below.display())
            } else {
                ".".into()
            };
            format!("There is no NovaCore data in {place}{guess}")
        }
        Err(e) => match e.kind() {
            ErrorKind::NotFound => format!("There is no folder {place}."),
            ErrorKind::NotADirectory => format!("{place} is a file, not a folder."),
            ErrorKind::PermissionDenied => {
                format!("{place} cannot be read: permission denied. Run this as its owner.")
            }
            _ => format!("{place} cannot be read: {e}."),
        },
    };
    Err(Error::field("no_data", "dir", said))
}

/// Refuses a target that is not absent, empty or ours, or that is tied up with the source.
pub fn must_be_target(into: &Path, from: &Path, data: &Path) -> Result<()> {
    let place = into.display();
    let refuse = |why: &str, advice: &str| {
        let said = format!("{why} Nothing was changed. {advice}");
        Err(Error::field("no_target", "into", said))
    };
    let another = "Name a folder that does not exist.";
    if let Some(above) = into.parent()
        && !above.is_dir()
    {
        let why = format!("There is no folder {}.", above.display());
        return refuse(&why, "Make it first.");
    }
    match foreign(into) {
        Ok(None) => {}
        Ok(Some(held)) => {
            let why = format!("{place} is not a NovaCore data directory (it holds {held}).");
            return refuse(&why, another);
        }
        Err(e) if e.kind() == ErrorKind::NotADirectory => {
            return refuse(&format!("{place} is a file, not a folder."), another);
        }
        Err(e) => return refuse(&format!("{place} cannot be used: {e}."), another),
    }
    let within = (lies_in(into, from), lies_in(from, into));
    let shown = from.display();
    match within {
        (false, false) => Ok(()),
        (true, true) if lies_in(into, data) && lies_in(data, into) => Ok(()),
        (true, true) => {
            let why = format!("{place} is what is to be restored.");
            refuse(&why, another)
        }
        (true, false) => {
            let why = format!("{place} lies in {shown}, which is to be restored.");
            refuse(&why, "Name a folder elsewhere.")
        }
        (false, true) => {
            let why = format!("{shown}, which is to be restored, lies in {place}.");
            refuse(&why, "Name a folder elsewhere.")
        }
    }
}

/// What a folder holds that is not ours, or all it holds when that is no data; none when it is absent,
/// empty or a data directory.
fn foreign(dir: &Path) -> std::io::Result<Option<String>> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        // A link that leads nowhere is there all the same.
        Err(e) if e.kind() == ErrorKind::NotFound && fs::symlink_metadata(dir).is_err() => {
            return Ok(None);
        }
        Err(e) => return Err(e),
    };
    let mut names = Vec::new();
    for entry in entries {
        names.push(PathBuf::from(entry?.file_name()));
    }
    names.sort();
    let ours = |name: &PathBuf| IN_DATA.iter().any(|known| name == Path::new(known));
    if has_data(dir) {
        names.retain(|name| !ours(name));
    }
    if names.is_empty() {
        return Ok(None);
    }
    let mut told: Vec<_> = names
        .iter()
        .take(TOLD)
        .map(|name| name.display().to_string())
        .collect();
    if names.len() > TOLD {
        told.push("...".into());
    }
    Ok(Some(told.join(", ")))
}
