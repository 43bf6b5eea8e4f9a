//! The change feed: what derived indexes read to catch up with the tables.
//!
//! A write records which key of which feed it touched; the row becomes durable with the write itself, so
//! the feed cannot miss a change or tell of one that did not happen. Rows sort by batch, then by order
//! within the batch. What must stay true: a reader is never given a part of a batch, because it keeps
//! the batch's seq as its watermark.

use serde::{Deserialize, Serialize};

use crate::read::Raw;
use crate::record;
use crate::{Error, Record, Span, Table, WriteTx, key};

/// seq of the batch and place within it -> what changed.
pub(crate) const CHANGES: Table<(u64, u32), Row> = Table::new("storage.changes");

/// At most this many rows are trimmed in one batch; the rest goes with the next trim.
const TRIM_LIMIT: usize = 4096;

/// One change that became durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The batch it became durable in.
    pub seq: u64,
    /// Which derived index it is for.
    pub feed: String,
    /// What changed, in whatever form the feed's reader understands.
    pub key: Vec<u8>,
}

/// A change without its key.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) feed: String,
    pub(crate) key: Vec<u8>,
}

impl Record for Row {}

/// The changes of whole batches after `seq`, at least `limit` of them when there are so many.
pub(crate) fn after<R: Raw + ?Sized>(tx: &R, seq: u64, limit: usize) -> Result<Vec<Change>, Error> {
    let mut found: Vec<Change> = Vec::new();
    let span: Span<(u64, u32)> = Span::all().after(&seq);
    tx.visit(CHANGES.name(), &span.range, &mut |key, value| {
        let (seq, _): (u64, u32) = key::decode_whole(CHANGES.name(), key)?;
        if found.len() >= limit && found.last().is_none_or(|last| last.seq != seq) {
            return Ok(false);
        }
        let Row { feed, key } = record::decode(CHANGES.name(), key, value)?;
        found.push(Change { seq, feed, key });
        Ok(true)
    })?;
    Ok(found)
}

/// Deletes rows up to and including batch `seq`, as many as one batch may.
pub(crate) fn trim(tx: &mut WriteTx<'_>, seq: u64) -> Result<(), Error> {
    let span: Span<(u64, u32)> = Span::all().until(&seq);
    tx.remove_range(CHANGES.name(), &span.range, TRIM_LIMIT)?;
    Ok(())
}
