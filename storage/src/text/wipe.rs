//! Removing an index.
//!
//! What must stay true: no file that is not the index's own is ever removed.

use std::fs;
use std::io;
use std::path::Path;

use crate::Error;

/// Removes an index, file by file. The folder comes from a setting, which may be mistaken: when there is
/// anything in it that the index did not make, all stays as it is.
pub(super) fn wipe(dir: &Path) -> Result<(), Error> {
    let entries = fs::read_dir(dir)?.collect::<io::Result<Vec<_>>>()?;
    for entry in &entries {
        let name = entry.file_name();
        let ours = name.to_str().is_some_and(is_of_an_index) && entry.file_type()?.is_file();
        if !ours {
            return Err(Error::Foreign {
                dir: dir.to_owned(),
                found: name.to_string_lossy().into_owned(),
            });
        }
    }
    for entry in entries {
        fs::remove_file(entry.path())?;
    }
    Ok(())
}

/// Whether tantivy gives such names: its lists and locks, a list not yet in its place (`.tmp` and six
/// letters), and the parts of a segment, named by its id.
fn is_of_an_index(name: &str) -> bool {
    const LISTS: [&str; 4] = [
        "meta.json",
        ".managed.json",
        ".tantivy-writer.lock",
        ".tantivy-meta.lock",
    ];
    const PARTS: [&str; 8] = [
        "idx",
        "pos",
        "term",
        "store",
        "store.temp",
        "fast",
        "fieldnorm",
        "del",
    ];
    let unfinished = name
        .strip_prefix(".tmp")
        .is_some_and(|rest| rest.len() == 6 && rest.bytes().all(|b| b.is_ascii_alphanumeric()));
    let part = name.split_once('.').is_some_and(|(id, part)| {
        let part = part.trim_start_matches(|c: char| c.is_ascii_digit());
        let part = part.strip_prefix('.').unwrap_or(part);
        id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()) && PARTS.contains(&part)
    });
    LISTS.contains(&name) || unfinished || part
}
