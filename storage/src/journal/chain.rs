//! The journal's files as one history.
//!
//! A file is named after the seq of its first record, and after a number when there are several: a file
//! that could not be finished is abandoned, and the next one begins with the same seq. What must stay
//! true: of two files, the later one's word counts from its first seq on.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use uuid::Uuid;

use super::frame::{HEAD, Head, Record, decode_ops};
use super::walk::{End, Wanted, walk};
use crate::files::Files;
use crate::{Error, files};

/// Which file of the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SegmentId {
    /// The seq of its first record.
    pub(crate) first: u64,
    /// Tells files with the same first seq apart; the greater one is the later one.
    pub(crate) turn: u32,
}

impl SegmentId {
    pub(crate) fn file_name(self) -> String {
        match self.turn {
            0 => format!("{:020}.wal", self.first),
            turn => format!("{:020}-{turn}.wal", self.first),
        }
    }

    /// None for a file that is not the journal's.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let stem = name.strip_suffix(".wal")?;
        let (first, turn) = match stem.split_once('-') {
            Some((first, turn)) => (first, turn.parse().ok()?),
            None => (stem, 0),
        };
        let id = Self {
            first: first.parse().ok()?,
            turn,
        };
        (id.file_name() == name).then_some(id)
    }
}

/// All files of a journal, oldest first.
#[derive(Debug)]
pub(crate) struct Chain {
    files: Arc<dyn Files>,
    dir: PathBuf,
    ids: Vec<SegmentId>,
}

/// How far a journal leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reach {
    /// The last batch that can be reached without a gap.
    pub(crate) seq: u64,
    /// When it was written; 0 when none was read.
    pub(crate) ms: u64,
    /// Batches read.
    pub(crate) batches: u64,
    /// The highest seq that is there at all.
    pub(crate) known: u64,
    /// Bytes of a torn end.
    pub(crate) torn_bytes: u64,
    /// In words, what is not as it was written.
    pub(crate) damage: Vec<String>,
    /// In words, which batches are missing between two files: normal in a copy, which was made while
    /// files came and grew.
    pub(crate) gaps: Vec<String>,
    /// True when something sound stands in a file behind something that is not: damage, in a copy too,
    /// because a file only ever grows.
    pub(crate) broken: bool,
    /// Bytes read.
    pub(crate) bytes: u64,
    /// The file that was read last, when it does not end with its seal.
    pub(crate) unsealed: Option<SegmentId>,
}

impl Reach {
    /// Nothing was read, and `seq` is where that leads.
    pub(crate) fn nothing(seq: u64) -> Self {
        Self {
            seq,
            ms: 0,
            batches: 0,
            known: seq,
            torn_bytes: 0,
            damage: Vec::new(),
            gaps: Vec::new(),
            broken: false,
            bytes: 0,
            unsealed: None,
        }
    }
}

/// Which part of a journal is wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part {
    /// Batches after this one.
    pub(crate) after: u64,
    /// Up to and including this one.
    pub(crate) up_to: u64,
    /// Nothing that was written later than this.
    pub(crate) until_ms: u64,
}

impl Part {
    /// Everything after a batch.
    pub(crate) fn after(seq: u64) -> Self {
        Self {
            after: seq,
            up_to: u64::MAX,
            until_ms: u64::MAX,
        }
    }
}

/// Given each batch with its changes, in order.
pub(crate) type OnRecord<'v> = dyn FnMut(Record<'_>) -> Result<(), Error> + 'v;

impl Chain {
    /// Looks at what is there. Files that were retired, which are empty, are not.
    pub(crate) fn list(files: &Arc<dyn Files>, dir: &Path) -> Result<Self, Error> {
        let mut ids = Vec::new();
        for name in files.names(dir)? {
            let Some(id) = SegmentId::parse(&name) else {
                continue;
            };
            let stamp = files.stamp(&dir.join(&name))?;
            if stamp.is_some_and(|stamp| stamp.len > 0) {
                ids.push(id);
            }
        }
        ids.sort();
        Ok(Self {
            files: Arc::clone(files),
            dir: dir.to_owned(),
            ids,
        })
    }

    pub(crate) fn ids(&self) -> &[SegmentId] {
        &self.ids
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// True when it begins with the first batch of all.
    pub(crate) fn is_whole(&self) -> bool {
        self.ids.first().is_some_and(|id| id.first == 1)
    }

    /// Where a file is.
    pub(crate) fn path(&self, id: SegmentId) -> PathBuf {
        self.dir.join(id.file_name())
    }

    /// Whose histories the files say they are; files whose head is unreadable say nothing.
    pub(crate) fn lineages(&self) -> Result<Vec<Uuid>, Error> {
        let mut found = Vec::new();
        for id in &self.ids {
            let file = self.files.open_to_read(&self.path(*id))?;
            let mut head = [0; HEAD];
            if file.len()? < HEAD as u64 {
                continue;
            }
            file.read_at(0, &mut head)?;
            found.extend(Head::decode(&head).map(|head| head.lineage));
        }
        found.sort();
        found.dedup();
        Ok(found)
    }

    /// Bytes of all files.
    pub(crate) fn bytes(&self) -> Result<u64, Error> {
        self.bytes_after(0)
    }

    /// Bytes of the files that begin after a batch.
    pub(crate) fn bytes_after(&self, seq: u64) -> Result<u64, Error> {
        let mut bytes = 0;
        for id in self.ids.iter().filter(|id| id.first > seq) {
            let stamp = self.files.stamp(&self.path(*id))?;
            bytes += stamp.map_or(0, |stamp| stamp.len);
        }
        Ok(bytes)
    }

    /// Shows the batches of a part to `visit`, as far as they follow each other.
    pub(crate) fn replay(&self, part: Part, visit: &mut OnRecord<'_>) -> Result<Reach, Error> {
        let mut reach = Reach::nothing(part.after);
        let first = part.after.saturating_add(1);
        let start = self.ids.iter().rposition(|id| id.first <= first);
        let mut whole = true;
        for (place, id) in self.ids.iter().enumerate().skip(start.unwrap_or(0)) {
            let limit = self.ids.get(place + 1).map_or(u64::MAX, |next| next.first);
            if id.first > reach.seq.saturating_add(1) && whole {
                reach.gaps.push(missing(reach.seq + 1, id.first - 1));
                whole = false;
            }
            let bytes = files::read_whole(self.files.as_ref(), &self.path(*id))?;
            let lineage = match Head::decode(&bytes) {
                Some(head) => head.lineage,
                None => self.lineages()?.first().copied().unwrap_or_default(),
            };
            // Behind a gap nothing is shown; what is there is only taken note of.
            let wanted = if whole {
                part
            } else {
                Part { up_to: 0, ..part }
            };
            if reach.take(&bytes, (*id, limit, lineage), wanted, visit)? && whole {
                return Ok(reach);
            }
        }
        Ok(reach)
    }
}

impl Reach {
    /// Takes the records of a file up to `limit`, behind which they are void; true when nothing after
    /// it is wanted.
    fn take(
        &mut self,
        bytes: &[u8],
        (id, limit, lineage): (SegmentId, u64, Uuid),
        part: Part,
        visit: &mut OnRecord<'_>,
    ) -> Result<bool, Error> {
        let wanted = Wanted {
            first: id.first,
            after: self.seq,
            limit,
            lineage,
        };
        let mut enough = false;
        let walked = walk(bytes, wanted, &mut |record| {
            if part.up_to == 0 || record.seq != self.seq.saturating_add(1) {
                return Ok(true);
            }
            enough = record.seq > part.up_to || record.ms > part.until_ms;
            if enough {
                return Ok(false);
            }
            visit(record)?;
            self.seq = record.seq;
            self.ms = record.ms;
            self.batches += 1;
            Ok(true)
        })?;
        self.bytes += bytes.len() as u64;
        self.known = self.known.max(walked.known.min(limit.saturating_sub(1)));
        if walked.damaged {
            let name = id.file_name();
            self.damage
                .push(format!("{name} has bytes that were not written so"));
        }
        // What is sound up to the limit, and was not reached.
        self.broken |= matches!(walked.end, End::Torn(_))
            && walked.known.min(limit.saturating_sub(1)) > walked.seq;
        let last = limit == u64::MAX;
        let unsealed = last && walked.end != End::Sealed && !enough && walked.known >= id.first;
        self.unsealed = unsealed.then_some(id);
        if let End::Torn(bytes) = walked.end
            && last
        {
            self.torn_bytes = bytes;
        }
        Ok(enough)
    }
}

fn missing(from: u64, to: u64) -> String {
    format!("the journal lacks the batches {from} to {to}")
}

/// Given table, key, and the value from now on or none.
pub(crate) type OnOp<'v> = dyn FnMut(&str, &[u8], Option<&[u8]>) -> Result<(), Error> + 'v;

/// Applies the changes of a record through `apply`.
pub(crate) fn each_op(record: Record<'_>, apply: &mut OnOp<'_>) -> Result<(), Error> {
    for op in decode_ops(record.body)? {
        apply(op.table, op.key, op.value)?;
    }
    Ok(())
}
