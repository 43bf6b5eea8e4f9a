//! Which of an owner's documents contain a stem, on disk and in the overlay, as one list.
//!
//! Tantivy's own scorer is not asked: it knows numbers of the whole index only, so scores would depend on
//! what other people wrote. What must stay true: a list is exact, and does not depend on what has been
//! committed or merged; its cost is that of this owner's documents with the stem, and of what of theirs
//! waits for a commit.

use tantivy::SegmentReader;
use uuid::Uuid;

use super::disk::Disk;
use super::overlay::Look;
use crate::Error;

/// A document that contains a stem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Posting {
    /// Which document, as the owner's [`TextOp::Put`](super::TextOp::Put) named it.
    pub place: u64,
    /// How often the stem occurs in it.
    pub frequency: u32,
    /// How many stems it has, repeated ones too; above 40 rounded down, by an eighth at most.
    pub length: u32,
}

/// The postings of each stem, by place.
pub(super) fn read<S: AsRef<str>>(
    disk: &Disk,
    look: Look,
    owner: Uuid,
    stems: &[S],
) -> Result<Vec<Vec<Posting>>, Error> {
    let Look { hidden, mut found } = look;
    for segment in disk.searcher().segment_readers() {
        read_segment(disk, segment, (owner, &hidden), stems, &mut found)?;
    }
    for list in &mut found {
        // Nearly in order already: a segment's documents were written by place. This sort, unlike the
        // unstable one, makes use of that.
        list.sort();
    }
    Ok(found)
}

/// Adds what a segment has of an owner but for the hidden documents.
fn read_segment<S: AsRef<str>>(
    disk: &Disk,
    segment: &SegmentReader,
    (owner, hidden): (Uuid, &[Uuid]),
    stems: &[S],
    found: &mut [Vec<Posting>],
) -> Result<(), Error> {
    let mut lists = Vec::with_capacity(stems.len());
    for (stem, found) in stems.iter().zip(found) {
        if let Some(postings) = disk.postings(segment, owner, stem.as_ref())? {
            lists.push((postings, found));
        }
    }
    if lists.is_empty() {
        return Ok(());
    }
    let hidden = disk.numbers(segment, owner, hidden)?;
    let places = Disk::places(segment)?;
    let lengths = disk.lengths(segment)?;
    for (mut postings, found) in lists {
        found.reserve(usize::try_from(postings.doc_freq()).unwrap_or_default());
        let mut places_of = Vec::new();
        while postings.block_len() > 0 {
            let documents = postings.docs();
            places_of.resize(documents.len(), 0);
            places.get_vals(documents, &mut places_of);
            let each = documents.iter().zip(postings.freqs()).zip(&places_of);
            for ((&document, &frequency), &place) in each {
                if segment.is_deleted(document) || hidden.binary_search(&document).is_ok() {
                    continue;
                }
                found.push(Posting {
                    place,
                    frequency,
                    length: lengths.fieldnorm(document),
                });
            }
            postings.advance();
        }
    }
    Ok(())
}
