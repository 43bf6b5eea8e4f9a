//! A new fact among those that are known: it says the same as one of them, takes the place of some, or
//! must give way. No clock, no model.
//!
//! Must stay true: of what says the same one is kept; what the person wrote, corrected or pinned is never
//! replaced by what a model wrote; nothing ends that is about somebody else, or of which no change was told;
//! what is gone through is bounded, for others wait to write meanwhile.

use std::collections::BTreeSet;

use jiff::Timestamp;
use storage::{Read, WriteTx};
use uuid::Uuid;

use super::valid::Refusal;
use super::words;
use crate::billing::Moment;
use crate::error::Result;
use crate::memory::row::{Kind, Memory};
use crate::memory::tiers::{about_the_same, of_the_same, tells_of_change};
use crate::memory::{remember, store};

/// Two facts that share so much of their stems are one.
pub const ALIKE: f32 = 0.7;
/// The latest facts among which a new one finds its place.
const NEWEST: usize = 2_000;
/// Of the latest so many those that are the person's own.
const NEWEST_OWN: usize = 5_000;

/// Whether this fact is the person's own: they wrote, corrected or pinned it.
pub fn own(fact: &Memory) -> bool {
    let written = fact.edited_at.is_some() || fact.evidence.is_empty();
    fact.kind == Kind::Fact && (written || fact.pinned)
}

/// What is to become of a new fact.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is kept, and these are no longer so.
    New(Vec<Uuid>),
    /// This one says the same: it gets the new evidence.
    Same(Uuid),
    Refused(Refusal),
}

/// A fact that is to be kept.
pub struct New<'a> {
    pub text: &'a str,
    /// When the newest of the turns was said that it rests on.
    pub said_at: Timestamp,
    /// It, or what it rests on, tells of a change.
    pub changes: bool,
}

/// How a new fact stands to all that are known, those that are no longer so among them.
pub fn judge(new: &New<'_>, facts: &[(Uuid, Memory)]) -> Verdict {
    let stems = words::stems(new.text);
    let mut ends = Vec::new();
    for (id, fact) in facts {
        let theirs = words::stems(&fact.text);
        let alike = words::jaccard(&stems, &theirs) >= ALIKE;
        let same = alike && !differs(new.text, &fact.text);
        if let Some(ended) = fact.ended_at {
            if same && new.said_at <= ended {
                return Verdict::Refused(Refusal::Outdated);
            }
            continue;
        }
        if same {
            return if own(fact) {
                Verdict::Refused(Refusal::Known)
            } else {
                Verdict::Same(*id)
            };
        }
        let otherwise = alike && of_the_same(new.text, &fact.text);
        if otherwise || (new.changes && about_the_same(new.text, &fact.text)) {
            if own(fact) {
                return Verdict::Refused(Refusal::Corrected);
            }
            if fact.created_at > new.said_at {
                return Verdict::Refused(Refusal::Outdated);
            }
            ends.push(*id);
        }
    }
    Verdict::New(ends)
}

/// Whether two sentences of the same words say different things: by a number, a name, or a "not".
fn differs(a: &str, b: &str) -> bool {
    let marks = |text: &str| -> BTreeSet<String> {
        let tokens = words::tokens(text).into_iter();
        let told = tokens.filter_map(|token| match words::number(token.word) {
            Some(number) => Some(number),
            None => (!token.first && token.word.chars().any(char::is_uppercase))
                .then(|| token.word.to_lowercase()),
        });
        told.collect()
    };
    words::denies(a) != words::denies(b) || marks(a) != marks(b)
}

/// The facts of a person that are gone through, in the order in which they were stored.
pub fn all(tx: &impl Read, user: Uuid) -> Result<Vec<(Uuid, Memory)>> {
    let facts = store::latest_of_kind(tx, user, Kind::Fact, NEWEST_OWN)?;
    Ok(gone_through(facts))
}

fn gone_through(newest_first: Vec<(Uuid, Memory)>) -> Vec<(Uuid, Memory)> {
    let facts = newest_first.into_iter().enumerate();
    let kept = facts.filter(|(at, (_, fact))| *at < NEWEST || own(fact));
    let mut kept: Vec<_> = kept.map(|(_, fact)| fact).collect();
    kept.reverse();
    kept
}

/// Marks facts as no longer so since `by`.
pub fn end(
    tx: &mut WriteTx<'_>,
    moment: Moment<'_>,
    (user, by): (Uuid, Uuid),
    (at, ends): (Timestamp, &[Uuid]),
) -> Result<()> {
    for old in ends {
        remember::change(tx, moment, (user, *old), |fact| {
            fact.ended_at = Some(at);
            fact.superseded_by = Some(by);
        })?;
    }
    Ok(())
}

/// The person stated a fact: what a model wrote to the same effect, or otherwise, gives way.
pub fn settle_stated(
    tx: &mut WriteTx<'_>,
    moment: Moment<'_>,
    (user, id): (Uuid, Uuid),
    text: &str,
) -> Result<()> {
    let stems = words::stems(text);
    let mut ends = Vec::new();
    for (other, fact) in all(tx, user)? {
        if other == id || own(&fact) || fact.ended_at.is_some() {
            continue;
        }
        let alike = words::jaccard(&stems, &words::stems(&fact.text)) >= ALIKE;
        let settled = !differs(text, &fact.text) || of_the_same(text, &fact.text);
        let changed = tells_of_change(text) && about_the_same(text, &fact.text);
        if (alike && settled) || changed {
            ends.push(other);
        }
    }
    end(tx, moment, (user, id), (moment.now, &ends))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::row::Speaker;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_second(day * 86_400).expect("a time")
    }

    fn fact(number: u128, text: &str, day: i64) -> (Uuid, Memory) {
        let mut fact = Memory::turn(Uuid::nil(), Speaker::Assistant, text.into(), at(day));
        fact.kind = Kind::Fact;
        fact.evidence = vec![Uuid::from_u128(99)];
        (Uuid::from_u128(number), fact)
    }

    fn told(text: &str, day: i64, facts: &[(Uuid, Memory)]) -> Verdict {
        let new = New {
            text,
            said_at: at(day),
            changes: tells_of_change(text),
        };
        judge(&new, facts)
    }

    /// What says the same is kept once; what was changed ends; what is older gives way.
    #[test]
    fn facts_find_their_place() {
        let bern = fact(1, "You live in Bern.", 5);
        let known = [
            bern.clone(),
            fact(2, "Your sister Clara plays the cello.", 5),
        ];
        let one = Uuid::from_u128(1);
        assert_eq!(told("You live in Bern!", 6, &known), Verdict::Same(one));
        assert_eq!(
            told("You now live in Lisbon.", 6, &known),
            Verdict::New(vec![one])
        );
        assert_eq!(
            told("You now live in Lisbon.", 4, &known),
            Verdict::Refused(Refusal::Outdated)
        );
        assert_eq!(told("You live in Lisbon.", 6, &known), Verdict::New(vec![]));
        let not = "Your sister Clara does not play the cello.";
        let two = Uuid::from_u128(2);
        assert_eq!(told(not, 6, &known), Verdict::New(vec![two]));
        let mut ended = bern;
        ended.1.ended_at = Some(at(7));
        let ended = [ended];
        let again = told("You live in Bern.", 6, &ended);
        assert_eq!(again, Verdict::Refused(Refusal::Outdated));
        assert_eq!(told("You live in Bern.", 8, &ended), Verdict::New(vec![]));
    }

    /// What is said of somebody else ends nothing, however alike it sounds; nor does what is not told as a
    /// change.
    #[test]
    fn only_the_same_is_ended() {
        let anna = "Your sister Anna plays the cello very well every Sunday.";
        let clara = "Your sister Clara plays the cello very well every Sunday.";
        assert_eq!(told(clara, 6, &[fact(1, anna, 5)]), Verdict::New(vec![]));
        let monday = "Your sister Anna plays the cello very well every Monday.";
        let one = Uuid::from_u128(1);
        assert_eq!(
            told(monday, 6, &[fact(1, anna, 5)]),
            Verdict::New(vec![one])
        );
        let tea = [fact(1, "You like tea.", 5)];
        assert_eq!(told("You like coffee.", 6, &tea), Verdict::New(vec![]));
    }

    /// What is gone through is bounded; what is the person's own is looked for farther back.
    #[test]
    fn what_is_gone_through_is_bounded() {
        let many = (0..4_000).map(|n| fact(n, "You like tea.", 5));
        let mut many: Vec<_> = many.collect();
        many[3_500].1.pinned = true;
        let kept = gone_through(many);
        let ids: Vec<_> = kept.iter().map(|(id, _)| id.as_u128()).collect();
        assert_eq!(ids.len(), NEWEST + 1);
        assert_eq!((ids[0], ids[1], ids[NEWEST]), (3_500, 1_999, 0));
    }

    /// The person's own word stands, whatever a model makes of it.
    #[test]
    fn what_the_person_wrote_stands() {
        let mut known = [fact(1, "You live in Bern.", 5)];
        for how in ["corrected", "stated", "pinned"] {
            known[0].1.edited_at = (how == "corrected").then(|| at(6));
            known[0].1.pinned = how == "pinned";
            let evidence = (how != "stated").then(Uuid::nil);
            known[0].1.evidence = evidence.into_iter().collect();
            let same = told("You live in Bern.", 9, &known);
            assert_eq!(same, Verdict::Refused(Refusal::Known));
            let other = told("You now live in Lisbon.", 9, &known);
            assert_eq!(other, Verdict::Refused(Refusal::Corrected));
        }
    }
}
