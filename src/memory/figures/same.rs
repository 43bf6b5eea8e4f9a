//! Which memories say the same: those of one speaker with the same set of stems, whatever their order, all
//! of them questions or none.
//!
//! Must stay true: what says the same is stored all the same, for it was said; when the first of them is
//! forgotten the next one takes its place.

use sha2::{Digest as _, Sha256};
use storage::Read;
use uuid::Uuid;

use super::store;
use crate::error::Result;
use crate::memory::Memory;

/// With fewer stems two memories have the same by chance.
const FEWEST: usize = 3;

/// The earlier memory that says the same as this one.
pub fn original(tx: &impl Read, (user, id): (Uuid, Uuid), memory: &Memory) -> Result<Option<Uuid>> {
    match words(memory, &storage::analyse(&memory.text)) {
        Some(words) => {
            let first = store::first_of_same(tx, user, words)?;
            // Ids grow, so that the first is the one that was stored first.
            Ok(first.filter(|first| *first < id))
        }
        None => Ok(None),
    }
}

/// What stands for the words of a memory; none when there are too few, or a model chose them.
pub fn words(memory: &Memory, stems: &[String]) -> Option<u64> {
    if memory.kind.derived() {
        return None;
    }
    let mut stems: Vec<_> = stems.iter().map(String::as_str).collect();
    stems.sort_unstable();
    stems.dedup();
    if stems.len() < FEWEST {
        return None;
    }
    let asks = memory.text.trim_end().ends_with('?');
    let said = [memory.speaker.name(), if asks { "?" } else { "." }];
    let mut hash = Sha256::new();
    for word in said.into_iter().chain(stems) {
        hash.update(word);
        hash.update([0]);
    }
    let hash = hash.finalize();
    Some(
        hash.iter()
            .take(8)
            .fold(0, |all, byte| all << 8 | u64::from(*byte)),
    )
}
