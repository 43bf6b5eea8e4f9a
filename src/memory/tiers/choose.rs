//! Which turns of a session are promoted. Pure: no storage, no clock.
//!
//! Must stay true: the same turns with the same scores give the same choice, in whatever order they come.

use std::cmp::Ordering;

use uuid::Uuid;

/// What a memory's text and place among others are worth keeping; until it was scored, nothing.
pub fn importance_of(importance: f32) -> f32 {
    if importance.is_finite() {
        importance
    } else {
        0.0
    }
}

/// How a turn stands among all of a person's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rank {
    pub importance: f32,
    /// When it was said, in seconds since 1970.
    pub at: i64,
    pub place: u64,
}

impl Rank {
    /// More important ones first, of equal ones the earlier.
    fn better(&self, other: &Self) -> Ordering {
        let by_score = other.importance.total_cmp(&self.importance);
        let by_time = by_score.then(self.at.cmp(&other.at));
        by_time.then(self.place.cmp(&other.place))
    }
}

/// Those of the candidates, new turns of the session that ends, that are among the best `share` of `all`; or
/// the best of them where the session would have none. In the order in which they were said.
pub fn choose(
    mut all: Vec<Rank>,
    candidates: &[(Uuid, Rank)],
    has_some: bool,
    share: f64,
) -> Vec<Uuid> {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a count"
    )]
    let many = (all.len() as f64 * share).ceil() as usize;
    let mut chosen: Vec<&(Uuid, Rank)> = Vec::new();
    if let Some(last) = many.min(all.len()).checked_sub(1) {
        let (_, bar, _) = all.select_nth_unstable_by(last, Rank::better);
        let over = |rank: &Rank| rank.better(bar) != Ordering::Greater;
        chosen.extend(candidates.iter().filter(|(_, rank)| over(rank)));
    }
    if chosen.is_empty() && !has_some {
        let best = candidates.iter().min_by(|(_, a), (_, b)| a.better(b));
        chosen.extend(best);
    }
    chosen.sort_by_key(|(_, rank)| rank.place);
    chosen.into_iter().map(|(id, _)| *id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(place: u32, importance: f32) -> (Uuid, Rank) {
        let rank = Rank {
            importance,
            at: 0,
            place: place.into(),
        };
        (Uuid::from_u128(place.into()), rank)
    }

    /// Of a session with these turns, among others of an importance of 0.9.
    fn chosen(others: u32, here: &[(Uuid, Rank)], has_some: bool) -> Vec<u128> {
        let others = (0..others).map(|place| turn(place, 0.9));
        let mut all: Vec<_> = others.chain(here.iter().copied()).map(|(_, r)| r).collect();
        let first = choose(all.clone(), here, has_some, 0.3);
        all.reverse();
        assert_eq!(
            choose(all, here, has_some, 0.3),
            first,
            "whatever the order"
        );
        first.iter().map(Uuid::as_u128).collect()
    }

    /// The bar is that of everything the person said, not of the session.
    #[test]
    fn the_best_of_all_are_promoted() {
        let here = [turn(10, 0.8), turn(11, 0.95), turn(12, 0.96)];
        assert_eq!(chosen(7, &here, false), [11, 12]);
        assert_eq!(chosen(0, &here, false), [12], "alone, the best third");
    }

    /// Each session keeps at least one turn, the earlier of equal ones.
    #[test]
    fn a_session_keeps_at_least_one() {
        let here = [turn(10, 0.1), turn(11, 0.1)];
        assert_eq!(chosen(9, &here, false), [10]);
        assert_eq!(chosen(9, &here[1..], false), [11]);
        assert_eq!(chosen(9, &here, true), [0; 0], "it has one");
        assert_eq!(chosen(9, &[], false), [0; 0]);
    }
}
