//! Reading one journal file.
//!
//! What must stay true: a file that ends in the middle of a record is normal, a file that goes on after a
//! bad record is damage, and the two are told apart.

use uuid::Uuid;

use super::frame::{HEAD, Head, RECORD_HEAD, Record};
use crate::Error;

/// Where reading a file ended, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Walked {
    /// The last record that was read, or the seq before the file's first one.
    pub(crate) seq: u64,
    /// When it was written; 0 when there was none.
    pub(crate) ms: u64,
    /// What came after it.
    pub(crate) end: End,
    /// The highest seq that a sound record in this file has, read or not.
    pub(crate) known: u64,
    /// True when bad bytes stand before something sound.
    pub(crate) damaged: bool,
}

/// How a journal file ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// As it should: by its seal.
    Sealed,
    /// With nothing but zeros: its writer was killed, or is still at work.
    Open,
    /// With this many bytes that are no whole record: the power went, or bits were flipped.
    Torn(u64),
    /// The visitor, or `limit`, said that it is enough.
    Enough,
}

/// Which records of a file are wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    /// The seq of the file's first record, by its name.
    pub(crate) first: u64,
    /// Records up to this one are not needed: they may be damaged.
    pub(crate) after: u64,
    /// Records from this one on are void: a later file has them.
    pub(crate) limit: u64,
    /// Whose file it is, should its own head be unreadable.
    pub(crate) lineage: Uuid,
}

impl Wanted {
    /// Whatever is in a file, wherever it begins.
    pub(crate) const ALL: Self = Self {
        first: 0,
        after: 0,
        limit: u64::MAX,
        lineage: Uuid::nil(),
    };
}

/// Shows the wanted records of a file to `visit` until it says stop.
///
/// # Errors
/// The visitor's.
pub(crate) fn walk<'b>(
    bytes: &'b [u8],
    wanted: Wanted,
    visit: &mut dyn FnMut(Record<'b>) -> Result<bool, Error>,
) -> Result<Walked, Error> {
    let Wanted {
        first,
        after,
        limit,
        ..
    } = wanted;
    let head = Head::decode(bytes);
    let lineage = head.map_or(wanted.lineage, |head| head.lineage);
    // A renamed file is read as what it says it is.
    let first = if first > 0 {
        first
    } else {
        head.map_or(1, |head| head.first_seq)
    };
    let mut walked = Walked {
        seq: first.saturating_sub(1),
        ms: 0,
        end: End::Open,
        known: first.saturating_sub(1),
        damaged: head.is_none(),
    };
    let mut at = HEAD.min(bytes.len());
    loop {
        let rest = &bytes[at..];
        let record = match Record::decode(lineage, rest) {
            Some(record) if record.is_seal() && record.seq == walked.seq => {
                walked.end = End::Sealed;
                return Ok(settled(walked, bytes));
            }
            Some(record) if !record.is_seal() && record.seq == walked.seq.saturating_add(1) => {
                record
            }
            // Nothing was written here, or nothing that can be used. What is sound further on?
            _ => {
                let Some((skipped, record)) = next_sound(lineage, rest, walked.seq) else {
                    let torn = unwritten_from(rest);
                    walked.end = if torn == 0 {
                        End::Open
                    } else {
                        End::Torn(torn)
                    };
                    return Ok(settled(walked, bytes));
                };
                walked.damaged = true;
                walked.known = walked
                    .known
                    .max(last_sound(lineage, &rest[skipped..], record.seq));
                // The last seq before what was found; for a seal the last one of all.
                let before = record.seq - u64::from(!record.is_seal());
                if before > after {
                    walked.end = End::Torn(unwritten_from(rest));
                    return Ok(walked);
                }
                at += skipped;
                walked.seq = before;
                continue;
            }
        };
        if record.seq >= limit || (record.seq > after && !visit(record)?) {
            walked.end = End::Enough;
            return Ok(walked);
        }
        at += record.size();
        walked.seq = record.seq;
        walked.ms = record.ms;
        walked.known = walked.known.max(record.seq);
    }
}

/// A file without a sound head and without a record was never finished, which is no damage.
fn settled(mut walked: Walked, bytes: &[u8]) -> Walked {
    if walked.known == walked.seq && walked.ms == 0 && Head::decode(bytes).is_none() {
        walked.damaged = false;
    }
    walked
}

/// Bytes up to the last one that is not zero.
fn unwritten_from(rest: &[u8]) -> u64 {
    rest.iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |last| last as u64 + 1)
}

/// The next sound record with a seq that may follow, with how many bytes come before it.
fn next_sound(lineage: Uuid, rest: &[u8], seq: u64) -> Option<(usize, Record<'_>)> {
    let last = rest.iter().rposition(|byte| *byte != 0)?;
    (1..=last).find_map(|skipped| {
        let candidate = &rest[skipped..];
        let found: [u8; 8] = candidate.get(8..16)?.try_into().ok()?;
        let found = u64::from_le_bytes(found);
        // A file holds fewer records than this; computing a checksum at every byte would take too long.
        if found < seq || found > seq.saturating_add(1 << 24) || candidate.len() < RECORD_HEAD {
            return None;
        }
        let record = Record::decode(lineage, candidate)?;
        (record.seq > seq || record.is_seal()).then_some((skipped, record))
    })
}

/// The highest seq of the sound records that follow each other from here.
fn last_sound(lineage: Uuid, bytes: &[u8], first: u64) -> u64 {
    let (mut at, mut seq) = (0, first);
    while let Some(record) = bytes
        .get(at..)
        .and_then(|rest| Record::decode(lineage, rest))
    {
        seq = seq.max(record.seq);
        at += record.size();
    }
    seq
}
