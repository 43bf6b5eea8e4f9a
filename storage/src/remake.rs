//! The live file: checked, or made anew from a snapshot or from nothing.
//!
//! What must stay true: the old file stays in its place until the new one is complete and synced.

use std::path::Path;
use std::sync::Arc;

use crate::backend::Backend;
use crate::home::{Home, OpenFile, new_database, read_meta};
use crate::live::Meta;
use crate::{Error, FileHandle, snapshot};

/// Bytes that are copied from a snapshot at a time.
const COPY_CHUNK: usize = 1 << 20;

/// The live file after a full check.
pub(crate) fn checked_live(home: &Home) -> Result<(OpenFile, Meta), Error> {
    let open = home.open_database(&home.live_file(), true)?;
    let meta = read_meta(&open.database)?;
    Ok((open, meta))
}

/// Copies a snapshot into the place of the live file and verifies it there.
pub(crate) fn from_snapshot(home: &Home, source: &Home, seq: u64) -> Result<OpenFile, Error> {
    replace_live(home, |into| {
        copy_file(source, &snapshot::path(source, seq), &into)
    })?;
    let (open, meta) = checked_live(home)?;
    if meta.seq != seq {
        return Err(Error::corrupt_file(
            "a snapshot is not the one its name says",
        ));
    }
    Ok(open)
}

/// Copies a file's bytes, and syncs them.
pub(crate) fn copy_file(
    source: &Home,
    path: &Path,
    into: &Arc<dyn FileHandle>,
) -> Result<(), Error> {
    let from = source.files.open_to_read(path)?;
    let len = from.len()?;
    let mut at = 0;
    let mut chunk = vec![0; COPY_CHUNK];
    while at < len {
        let part = usize::try_from(len - at)
            .unwrap_or(COPY_CHUNK)
            .min(COPY_CHUNK);
        from.read_at(at, &mut chunk[..part])?;
        into.write_at(at, &chunk[..part])?;
        at += part as u64;
    }
    Ok(into.sync()?)
}

/// An empty database in the place of the live file.
pub(crate) fn from_nothing(home: &Home) -> Result<OpenFile, Error> {
    replace_live(home, |into| {
        new_database(&Backend::new(into))?;
        Ok(())
    })?;
    home.open_database(&home.live_file(), false)
}

/// Makes a new live file beside the old one, and puts it into its place when it is complete.
pub(crate) fn replace_live(
    home: &Home,
    fill: impl FnOnce(Arc<dyn FileHandle>) -> Result<(), Error>,
) -> Result<(), Error> {
    let new = home.files.create_unnamed(&home.live_dir())?;
    fill(Arc::clone(&new))?;
    new.sync()?;
    home.put(new.as_ref(), &home.live_file())
}
