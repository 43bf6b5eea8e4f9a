//! Which memories are wanted: tier, kind, tag, conversation, time. Read from what a request says. Pure.
//!
//! Must stay true: the same filter means the same for a list, a search and forgetting.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use uuid::Uuid;

use super::row::{Kind, Memory, Tier};
use super::signs::Signs;
use crate::error::{Error, Result};

/// What a request says of the memories it wants; nothing said means all.
#[derive(Clone, Debug, Default)]
pub struct Wish<'a> {
    /// Tiers, with commas between them.
    pub tier: Option<&'a str>,
    /// Kinds, with commas between them.
    pub kind: Option<&'a str>,
    pub tag: Option<&'a str>,
    pub session: Option<Uuid>,
    pub pinned: bool,
    pub current: bool,
    pub from: Option<&'a str>,
    pub to: Option<&'a str>,
}

/// Which memories are wanted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// None means every tier; the short-term one has no stored memories.
    pub tiers: Option<Vec<Tier>>,
    /// Empty means every kind.
    pub kinds: Vec<Kind>,
    pub tag: Option<String>,
    pub session: Option<Uuid>,
    pub pinned: bool,
    /// Without what is no longer so.
    pub current: bool,
    pub from: Option<Timestamp>,
    /// Before this.
    pub to: Option<Timestamp>,
}

impl Filter {
    /// # Errors
    /// `tier_invalid`, `kind_invalid`, `from_invalid`, `to_invalid`.
    pub fn read(wish: &Wish<'_>) -> Result<Self> {
        let kinds = listed(wish.kind).map(kind).collect::<Result<Vec<_>>>()?;
        let tiers = listed(wish.tier).map(tier).collect::<Result<Vec<_>>>()?;
        Ok(Self {
            tiers: (!tiers.is_empty()).then(|| tiers.into_iter().flatten().collect()),
            kinds,
            tag: wish.tag.map(str::to_owned),
            session: wish.session,
            pinned: wish.pinned,
            current: wish.current,
            from: wish.from.map(from).transpose()?,
            to: wish.to.map(to).transpose()?,
        })
    }

    /// Whether it wants every memory there is.
    pub fn is_open(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it wants some memories and not others, wherever they stand.
    pub fn narrows(&self) -> bool {
        let anywhere = Self {
            session: None,
            ..self.clone()
        };
        !anywhere.is_open()
    }

    /// Whether it may want the memory of these signs, which tell nothing of tags and conversations.
    pub fn may_admit(&self, signs: &Signs) -> bool {
        let of = |wanted: bool, is: bool| !wanted || is;
        self.tiers
            .as_ref()
            .is_none_or(|tiers| tiers.contains(&signs.tier))
            && of(!self.kinds.is_empty(), self.kinds.contains(&signs.kind))
            && of(self.pinned, signs.pinned)
            && of(self.current, !signs.ended)
            && self.from.is_none_or(|from| signs.at >= from.as_second())
            && self.to.is_none_or(|to| signs.at <= to.as_second())
    }

    pub fn admits(&self, memory: &Memory) -> bool {
        let of = |wanted: bool, is: bool| !wanted || is;
        self.tiers
            .as_ref()
            .is_none_or(|tiers| tiers.contains(&memory.tier))
            && of(!self.kinds.is_empty(), self.kinds.contains(&memory.kind))
            && self
                .tag
                .as_ref()
                .is_none_or(|tag| memory.tags.contains(tag))
            && self.session.is_none_or(|session| memory.session == session)
            && of(self.pinned, memory.pinned)
            && of(self.current, memory.ended_at.is_none())
            && self.from.is_none_or(|from| memory.created_at >= from)
            && self.to.is_none_or(|to| memory.created_at < to)
    }
}

fn listed(words: Option<&str>) -> impl Iterator<Item = &str> {
    let words = words.unwrap_or_default().split(',').map(str::trim);
    words.filter(|word| !word.is_empty())
}

/// A tier by its name, in any case; none for the short-term one, of which nothing is stored.
pub fn tier(word: &str) -> Result<Option<Tier>> {
    match word.to_ascii_lowercase().as_str() {
        "stm" => Ok(None),
        "itm" => Ok(Some(Tier::Itm)),
        "ltm" => Ok(Some(Tier::Ltm)),
        _ => Err(Error::field(
            "tier_invalid",
            "tier",
            "A tier is stm, itm or ltm.",
        )),
    }
}

fn kind(word: &str) -> Result<Kind> {
    let known = Kind::ALL
        .into_iter()
        .find(|kind| kind.name() == word.to_ascii_lowercase());
    known.ok_or_else(|| {
        let message = "A kind is turn, note, fact, summary or reflection.";
        Error::field("kind_invalid", "kind", message)
    })
}

/// The beginning of a day, or a moment.
pub fn from(word: &str) -> Result<Timestamp> {
    moment(word, false).ok_or_else(|| not_a_time("from_invalid", "from"))
}

/// The end of a day, or a moment.
pub fn to(word: &str) -> Result<Timestamp> {
    moment(word, true).ok_or_else(|| not_a_time("to_invalid", "to"))
}

fn moment(word: &str, end: bool) -> Option<Timestamp> {
    if let Ok(moment) = word.parse::<Timestamp>() {
        return Some(moment);
    }
    let day: Date = word.parse().ok()?;
    let day = if end {
        day.checked_add(1.day()).ok()?
    } else {
        day
    };
    let begin = day.to_zoned(TimeZone::UTC).ok()?;
    Some(begin.timestamp())
}

fn not_a_time(code: &'static str, field: &'static str) -> Error {
    let message = "Give a day such as 2026-03-31, or a time such as 2026-03-31T12:00:00Z.";
    Error::field(code, field, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    /// A day as the end of a span is in it; a moment is not.
    #[test]
    fn days_are_whole() {
        assert_eq!(from("2026-03-01").ok(), Some(stamp("2026-03-01T00:00:00Z")));
        assert_eq!(to("2026-03-31").ok(), Some(stamp("2026-04-01T00:00:00Z")));
        let moment = "2026-03-31T12:00:00Z";
        assert_eq!(to(moment).ok(), Some(stamp(moment)));
        for odd in ["", "yesterday", "2026-02-30", "2026"] {
            assert!(from(odd).is_err() && to(odd).is_err(), "{odd}");
        }
    }

    /// Names are read in any case, several with commas; unknown ones are refused.
    #[test]
    fn names_are_read() {
        let read = |tier, kind| {
            Filter::read(&Wish {
                tier,
                kind,
                ..Wish::default()
            })
        };
        let both = read(Some("LTM, itm"), Some("Fact,summary")).expect("is read");
        assert_eq!(both.tiers, Some(vec![Tier::Ltm, Tier::Itm]));
        assert_eq!(both.kinds, [Kind::Fact, Kind::Summary]);
        assert_eq!(
            read(Some("stm"), None).expect("is read").tiers,
            Some(vec![])
        );
        assert!(read(None, None).expect("is read").is_open());
        assert!(read(Some("xtm"), None).is_err() && read(None, Some("turns")).is_err());
    }
}
