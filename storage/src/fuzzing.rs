//! What reads bytes that anybody may have altered, as plain functions for the fuzz tests.
//!
//! No part of the interface: hidden from the documentation, free to change.

use uuid::Uuid;

use crate::journal::frame::{Head, Op, Record as Frame, decode_ops, encode_ops};
use crate::journal::walk::{Wanted, walk};
use crate::{Error, Record, record};

/// One batch as the journal holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Its number.
    pub seq: u64,
    /// When it was written.
    pub ms: u64,
    /// Table, key, and value or none.
    pub ops: Vec<(String, Vec<u8>, Option<Vec<u8>>)>,
}

/// A whole journal file.
///
/// # Errors
/// `Unstorable` for a table's name of more than 255 bytes.
pub fn journal_file(lineage: Uuid, batches: &[Batch]) -> Result<Vec<u8>, Error> {
    let head = Head {
        lineage,
        first_seq: batches.first().map_or(1, |batch| batch.seq),
    };
    let mut bytes = head.encode();
    for batch in batches {
        let ops = batch.ops.iter().map(|(table, key, value)| Op {
            table,
            key,
            value: value.as_deref(),
        });
        let body = encode_ops(ops)?;
        let (seq, ms) = (batch.seq, batch.ms);
        Frame {
            seq,
            ms,
            body: &body,
        }
        .encode(lineage, &mut bytes)?;
    }
    Ok(bytes)
}

/// The whole batches at the front of a journal file, and how many bytes they take with the head.
#[must_use]
pub fn read_journal(bytes: &[u8]) -> (Vec<Batch>, usize) {
    let mut batches = Vec::new();
    let mut read = 0;
    let Some(head) = Head::decode(bytes) else {
        return (batches, read);
    };
    let wanted = Wanted {
        first: head.first_seq,
        after: head.first_seq.saturating_sub(1),
        limit: u64::MAX,
        lineage: head.lineage,
    };
    // A visitor that never fails.
    let _ = walk(bytes, wanted, &mut |frame| {
        let Ok(ops) = decode_ops(frame.body) else {
            return Ok(false);
        };
        read += frame.size();
        batches.push(Batch {
            seq: frame.seq,
            ms: frame.ms,
            ops: ops
                .into_iter()
                .map(|op| {
                    (
                        op.table.to_owned(),
                        op.key.to_vec(),
                        op.value.map(<[u8]>::to_vec),
                    )
                })
                .collect(),
        });
        Ok(true)
    });
    (batches, read + crate::journal::frame::HEAD)
}

/// The bytes of a value.
///
/// # Errors
/// `Unstorable`.
pub fn encode_value<V: Record>(key: &[u8], value: &V) -> Result<Vec<u8>, Error> {
    record::encode(key, value)
}

/// A value from bytes.
///
/// # Errors
/// `Corrupt`, `UnknownVersion`.
pub fn decode_value<V: Record>(key: &[u8], bytes: &[u8]) -> Result<V, Error> {
    record::decode("fuzzing", key, bytes)
}
