//! A new fact among those that are known: it says the same as one of them, takes the place of some, or
//! must give way. No clock, no model.
//!
//! Must stay true: of what says the same one is kept; what the person wrote or corrected is never replaced
//! by what a model wrote.

use std::collections::BTreeSet;

use jiff::Timestamp;
use storage::{Read, WriteTx};
use uuid::Uuid;

use super::valid::Refusal;
use super::words;
use crate::billing::Moment;
use crate::error::Result;
use crate::memory::row::{Kind, Memory};
use crate::memory::tiers::{about_the_same, tells_of_change};
use crate::memory::{remember, store};

/// Two facts that share so much of their stems are one.
pub const ALIKE: f32 = 0.7;
/// So much of what a model says was so before must stand in the fact that it means.
const MEANT: f32 = 0.5;

/// Whether the person wrote or corrected this fact.
pub fn own(fact: &Memory) -> bool {
    fact.kind == Kind::Fact && (fact.edited_at.is_some() || fact.evidence.is_empty())
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
    pub replaces: Option<&'a str>,
}

/// How a new fact stands to all that are known, those that are no longer so among them.
pub fn judge(new: &New<'_>, facts: &[(Uuid, Memory)]) -> Verdict {
    let stems = words::stems(new.text);
    let meant = new.replaces.map(words::stems);
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
        let pointed_at = meant.as_ref().is_some_and(|meant| {
            words::jaccard(meant, &theirs) >= MEANT && !stems.is_disjoint(&theirs)
        });
        let changed = new.changes && about_the_same(new.text, &fact.text);
        if alike || pointed_at || changed {
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

/// All facts of a person.
pub fn all(tx: &impl Read, user: Uuid) -> Result<Vec<(Uuid, Memory)>> {
    store::of_kind(tx, user, Kind::Fact)
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
        if alike || (tells_of_change(text) && about_the_same(text, &fact.text)) {
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
            replaces: None,
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

    /// What a model says was so before ends only what shares words with what is so now.
    #[test]
    fn what_is_replaced_must_be_meant() {
        let known = [fact(1, "You live in Bern.", 5)];
        let replacing = |text, replaces| {
            let new = New {
                text,
                said_at: at(6),
                changes: false,
                replaces: Some(replaces),
            };
            judge(&new, &known)
        };
        let one = Uuid::from_u128(1);
        let told = replacing("You live in Lisbon.", "You live in Bern");
        assert_eq!(told, Verdict::New(vec![one]));
        let hostile = replacing("You like tea.", "You live in Bern");
        assert_eq!(hostile, Verdict::New(vec![]));
    }

    /// The person's own word stands, whatever a model makes of it.
    #[test]
    fn what_the_person_wrote_stands() {
        let mut known = [fact(1, "You live in Bern.", 5)];
        for stated in [false, true] {
            known[0].1.edited_at = (!stated).then(|| at(6));
            known[0].1.evidence = if stated { vec![] } else { vec![Uuid::nil()] };
            let same = told("You live in Bern.", 9, &known);
            assert_eq!(same, Verdict::Refused(Refusal::Known));
            let other = told("You now live in Lisbon.", 9, &known);
            assert_eq!(other, Verdict::Refused(Refusal::Corrected));
        }
    }
}
