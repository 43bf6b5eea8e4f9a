//! Which turns of a session are promoted. Pure: no storage, no clock.
//!
//! Must stay true: the same turns with the same scores give the same choice, in whatever order they come.

use std::cmp::Ordering;
use std::collections::HashSet;

use jiff::Timestamp;
use uuid::Uuid;

use crate::memory::row::{Memory, Tier};

/// What a memory's text and place among others are worth keeping; until it was scored, nothing.
pub fn importance_of(memory: &Memory) -> f32 {
    if memory.importance.is_finite() {
        memory.importance
    } else {
        0.0
    }
}

/// What the choice knows of a turn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    pub id: Uuid,
    pub importance: f32,
    pub at: Timestamp,
    pub place: u64,
    /// Of the session that ends.
    pub here: bool,
    /// Said since the session was promoted last.
    pub new: bool,
    pub tier: Tier,
    /// The person took it out of the long-term ones.
    pub kept_itm: bool,
}

/// More important ones first, of equal ones the earlier.
fn better(a: &Scored, b: &Scored) -> Ordering {
    let by_score = b.importance.total_cmp(&a.importance);
    by_score.then(a.at.cmp(&b.at)).then(a.place.cmp(&b.place))
}

/// The new turns among the best `share` of all, or the best of the new ones where the session would have
/// none; in the order in which they were said.
pub fn choose(mut all: Vec<Scored>, share: f64) -> Vec<Uuid> {
    all.sort_by(better);
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a count"
    )]
    let many = (all.len() as f64 * share).ceil() as usize;
    let eligible =
        |turn: &&Scored| turn.here && turn.new && turn.tier == Tier::Itm && !turn.kept_itm;
    let mut chosen: Vec<&Scored> = all.iter().take(many).filter(eligible).collect();
    let has_some = all.iter().any(|turn| turn.here && turn.tier == Tier::Ltm);
    if chosen.is_empty() && !has_some {
        chosen.extend(all.iter().find(eligible));
    }
    chosen.sort_by_key(|turn| turn.place);
    let mut seen = HashSet::new();
    let ids = chosen.into_iter().map(|turn| turn.id);
    ids.filter(|id| seen.insert(*id)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(number: u32, importance: f32, here: bool) -> Scored {
        Scored {
            id: Uuid::from_u128(number.into()),
            importance,
            at: Timestamp::UNIX_EPOCH,
            place: number.into(),
            here,
            new: here,
            tier: Tier::Itm,
            kept_itm: false,
        }
    }

    fn numbers(chosen: &[Uuid]) -> Vec<u128> {
        chosen.iter().map(Uuid::as_u128).collect()
    }

    /// The bar is that of everything the person said, not of the session.
    #[test]
    fn the_best_of_all_are_promoted() {
        let mut all: Vec<_> = (0..7).map(|n| turn(n, 0.9, false)).collect();
        all.extend([
            turn(10, 0.8, true),
            turn(11, 0.95, true),
            turn(12, 0.96, true),
        ]);
        assert_eq!(numbers(&choose(all.clone(), 0.3)), [11, 12]);
        all.reverse();
        assert_eq!(numbers(&choose(all, 0.3)), [11, 12], "whatever the order");
    }

    /// Each session keeps at least one turn, the earlier of equal ones, and not what was taken out.
    #[test]
    fn a_session_keeps_at_least_one() {
        let mut all: Vec<_> = (0..9).map(|n| turn(n, 0.9, false)).collect();
        all.extend([turn(10, 0.1, true), turn(11, 0.1, true)]);
        assert_eq!(numbers(&choose(all.clone(), 0.3)), [10]);
        all[9].kept_itm = true;
        assert_eq!(numbers(&choose(all.clone(), 0.3)), [11]);
        all[10].tier = Tier::Ltm;
        assert!(choose(all, 0.3).is_empty(), "it has one");
    }
}
