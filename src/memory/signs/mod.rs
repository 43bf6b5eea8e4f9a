//! What is known of a memory without its text: the small row that ranking reads by place.
//!
//! Pure: no storage, no clock. Must stay true: the same text, time and previous turn give the same
//! signs for ever (they are stored, and a rebuild must agree with them); of the text a sign holds no words
//! that could be read back. Of who said it it holds the name.

pub mod dates;
mod sketch;
mod words;

use std::collections::BTreeSet;

use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use sketch::{Sketch, is_verb};

pub use crate::memory::row::{DateMention, Kind, Speaker as Voice, Tier};

use crate::memory::importance::Features;

/// Yes-or-no properties of a text, as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Flags(u16);

impl Flags {
    /// Its last character is a question mark.
    pub const ENDS_IN_QUESTION: Self = Self(1);
    pub const HAS_QUESTION: Self = Self(1 << 1);
    /// "ago", "recently", "on Friday": it tells when something was.
    pub const TIME_WORD: Self = Self(1 << 2);
    /// A mention that could be resolved to a day or a span of days.
    pub const DATED: Self = Self(1 << 3);
    pub const NUMBER: Self = Self(1 << 4);
    pub const FIRST_PERSON: Self = Self(1 << 5);
    /// "live", "bought", "started": something is the case or has happened.
    pub const FACT_VERB: Self = Self(1 << 6);
    /// "actually", "no longer", "moved to": it takes back something that was said.
    pub const CORRECTION: Self = Self(1 << 7);
    /// The turn before it, by somebody else, asks something.
    pub const ANSWERS: Self = Self(1 << 8);

    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    fn set(&mut self, other: Self, on: bool) {
        if on {
            self.0 |= other.0;
        }
    }
}

/// The row by place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Signs {
    pub id: Uuid,
    /// When it was said, in seconds since 1970.
    pub at: i64,
    /// In stems.
    pub length: u16,
    pub voice: Voice,
    pub flags: Flags,
    /// Which stems it has, for telling repetitions and corrections.
    pub sketch: Sketch,
    /// [`crate::memory::importance::Moments::score`], as it was when this was said.
    #[serde(default)]
    pub importance: f32,
    #[serde(default)]
    pub kind: Kind,
    #[serde(default)]
    pub tier: Tier,
    #[serde(default)]
    pub pinned: bool,
    /// Something newer has taken its place.
    #[serde(default)]
    pub ended: bool,
    /// The day (since 1970) it was last given to a model or opened.
    #[serde(default)]
    pub used: Option<i32>,
}

/// What is read.
pub struct Said<'t> {
    pub id: Uuid,
    pub text: &'t str,
    pub at: Timestamp,
    pub zone: TimeZone,
    pub voice: Voice,
    /// The turn before it in the same session.
    pub previous: Option<&'t Signs>,
}

/// What reading brings: the row, and what is only needed while it is stored.
pub struct Reading {
    pub signs: Signs,
    /// Each different stem once, sorted: for the owner's counts.
    pub stems: Vec<String>,
    /// Every date the text mentions, for people.
    pub dates: Vec<DateMention>,
    /// For importance, still without what only the owner's counts tell.
    pub features: Features,
}

pub fn read(said: &Said<'_>) -> Reading {
    let all = storage::analyse(said.text);
    let length = u16::try_from(all.len()).unwrap_or(u16::MAX);
    let stems: Vec<String> = all
        .into_iter()
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let day = said.at.to_zoned(said.zone.clone()).date();
    let dates = dates::resolve(said.text, day);
    let found = words::look(said.text);

    let mut flags = found.flags;
    flags.set(Flags::DATED, !dates.is_empty());
    flags.set(Flags::TIME_WORD, !dates.is_empty());
    let answers = said
        .previous
        .is_some_and(|before| before.voice != said.voice && before.flags.has(Flags::HAS_QUESTION));
    flags.set(Flags::ANSWERS, answers);

    let signs = Signs {
        id: said.id,
        at: said.at.as_second(),
        length,
        voice: said.voice.clone(),
        flags,
        sketch: Sketch::of(&stems),
        importance: 0.0,
        kind: Kind::Turn,
        tier: Tier::Itm,
        pinned: false,
        ended: false,
        used: None,
    };
    let features = Features::of(&signs, found.entities);
    Reading {
        signs,
        stems,
        dates,
        features,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(text: &str) -> Reading {
        read(&Said {
            id: Uuid::nil(),
            text,
            at: "2026-03-10T12:00:00Z".parse().unwrap(),
            zone: TimeZone::UTC,
            voice: Voice::User,
            previous: None,
        })
    }

    /// Each flag is set by what it stands for, and by nothing else.
    #[test]
    fn flags_tell_what_kind_of_sentence_it_is() {
        let cases = [
            ("Where is it?", Flags::ENDS_IN_QUESTION, true),
            ("Is it? I doubt that.", Flags::ENDS_IN_QUESTION, false),
            ("Is it? I doubt that.", Flags::HAS_QUESTION, true),
            ("We met yesterday.", Flags::DATED, true),
            ("We met.", Flags::DATED, false),
            ("It was a while ago.", Flags::TIME_WORD, true),
            ("Green.", Flags::TIME_WORD, false),
            ("She has three cats.", Flags::NUMBER, true),
            ("She has cats.", Flags::NUMBER, false),
            ("I'm tired.", Flags::FIRST_PERSON, true),
            ("She is tired.", Flags::FIRST_PERSON, false),
            ("She moved away.", Flags::FACT_VERB, true),
            ("Actually, it is green.", Flags::CORRECTION, true),
            ("She no longer smokes.", Flags::CORRECTION, true),
            ("It is not blue but green.", Flags::CORRECTION, true),
            ("It is green.", Flags::CORRECTION, false),
        ];
        for (text, flag, expected) in cases {
            assert_eq!(reading(text).signs.flags.has(flag), expected, "{text}");
        }
    }

    /// An answer is what somebody else's question is followed by.
    #[test]
    fn an_answer_follows_a_question_of_somebody_else() {
        let mut question = reading("How old is she?").signs;
        let answer = |previous: &Signs| {
            let said = Said {
                id: Uuid::nil(),
                text: "Seven.",
                at: Timestamp::UNIX_EPOCH,
                zone: TimeZone::UTC,
                voice: Voice::User,
                previous: Some(previous),
            };
            read(&said).signs.flags.has(Flags::ANSWERS)
        };
        assert!(!answer(&question));
        question.voice = Voice::Assistant;
        assert!(answer(&question));
    }

    /// The row stays small, and none of its fields is needed to read it but those of the first version.
    #[test]
    fn a_row_is_small() {
        let signs =
            reading("My sister Ana moved to Lisbon last March because of her new job.").signs;
        let bytes = serde_json::to_vec(&signs).unwrap();
        assert!(bytes.len() < 400, "{}", bytes.len());
        let again: Signs = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(again, signs);
    }
}
