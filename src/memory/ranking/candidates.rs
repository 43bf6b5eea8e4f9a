//! Which places are worth reading the signs of: a few hundred of however many.

use std::collections::BTreeSet;

use super::postings::{Postings, neighbours};
use super::weights::CANDIDATES;

/// What the vectors found: places with cosines, best first.
pub type Nearest<'n> = &'n [(u64, f32)];

/// At most so many places of a named date are worth handing in; the newest, when there are more.
pub const DATED_CANDIDATES: usize = 100;

/// The best by own words, of the places around these the best by the words around them, the nearest
/// in meaning, and `dated`: places of the days that the question names, which may have no word of it.
/// Ascending. Places around may never have been, or be forgotten: they have no signs.
pub fn candidates(postings: &Postings, nearest: Nearest<'_>, dated: &[u64]) -> Vec<u64> {
    let own = postings.best_own(CANDIDATES);
    let around: BTreeSet<u64> = own
        .iter()
        .flat_map(|place| {
            let (first, last) = neighbours(*place);
            first..=last
        })
        .collect();
    let mut around: Vec<(f64, u64)> = around
        .into_iter()
        .map(|place| (postings.score_around(&postings.around(place)), place))
        .collect();
    around.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)));

    let mut all: BTreeSet<u64> = own.into_iter().collect();
    all.extend(around.into_iter().take(CANDIDATES).map(|(_, place)| place));
    all.extend(nearest.iter().take(CANDIDATES).map(|(place, _)| *place));
    all.extend(dated.iter().take(DATED_CANDIDATES));
    all.into_iter().collect()
}
