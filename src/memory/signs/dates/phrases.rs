//! Which words say which days: one function a form, each tried at every word.

use jiff::civil::Date;

use super::calendar::{Days, Unit, day_near, month_by_name, month_near, whole_month, whole_year};
use super::tokens::Tokens;

/// How many words, and what they mean.
type Found = Option<(usize, Days)>;

/// Before a bare month or year they show that a date is meant.
const PREPOSITIONS: &str = "in since until by during of from early late mid around before after on";

/// Counts beyond this are stories, not dates.
const FARTHEST: i32 = 150;

pub fn at(tokens: &Tokens<'_>, at: usize, said: Date) -> Found {
    iso(tokens, at)
        .or_else(|| single(tokens, at, said))
        .or_else(|| relative(tokens, at, said))
        .or_else(|| counted(tokens, at, said))
        .or_else(|| led(tokens, at, said))
        .or_else(|| day_and_month(tokens, at, said))
        .or_else(|| month(tokens, at, said))
        .or_else(|| weekday(tokens, at, said))
}

/// 2023-05-07
fn iso(tokens: &Tokens<'_>, at: usize) -> Found {
    let dashes = tokens.gap(at) == "-" && tokens.gap(at + 1) == "-";
    let year = dashes.then(|| year(tokens.word(at))).flatten()?;
    let month = tokens.word(at + 1).parse().ok()?;
    let day = tokens.word(at + 2).parse().ok()?;
    let date = Date::new(year, month, day).ok()?;
    Some((3, (date, date)))
}

/// yesterday, today, tomorrow; the day before and after.
fn single(tokens: &Tokens<'_>, at: usize, said: Date) -> Found {
    let (words, steps) = match (tokens.word(at), tokens.word(at + 1), tokens.word(at + 2)) {
        ("day", "before", "yesterday") => (3, -2),
        ("day", "after", "tomorrow") => (3, 2),
        ("yesterday", ..) => (1, -1),
        ("last", "night", _) => (2, -1),
        ("today" | "tonight", ..) => (1, 0),
        ("this", "morning" | "afternoon" | "evening", _) => (2, 0),
        ("tomorrow", ..) => (1, 1),
        _ => return None,
    };
    Some((words, Unit::Day.away(said, steps)?))
}

/// last week, this weekend, next Friday, last March
fn relative(tokens: &Tokens<'_>, at: usize, said: Date) -> Found {
    let steps = match tokens.word(at) {
        "last" | "past" | "previous" => -1,
        "this" => 0,
        "next" | "coming" | "upcoming" => 1,
        _ => return None,
    };
    let word = tokens.word(at + 1);
    if let Some(month) = month_by_name(word) {
        return Some((2, month_near(said, month, steps)?));
    }
    match Unit::by_name(word) {
        None | Some(Unit::Day) => None,
        Some(_) if word.ends_with('s') => None,
        Some(unit) => Some((2, unit.away(said, steps)?)),
    }
}

/// two weeks ago, a couple of days ago, in three months
fn counted(tokens: &Tokens<'_>, at: usize, said: Date) -> Found {
    let ahead = tokens.word(at) == "in";
    let start = at + usize::from(ahead);
    let (number, mut words) = match (tokens.word(start), tokens.word(start + 1)) {
        ("a", "couple") => (2, 2),
        ("a", "few") => (3, 2),
        ("a" | "an", _) => (1, 1),
        ("couple", _) => (2, 1),
        (word, _) => (count(word)?, 1),
    };
    if tokens.word(start + words) == "of" {
        words += 1;
    }
    let unit = Unit::by_name(tokens.word(start + words))?;
    words += 1;
    if ahead {
        return Some((words + 1, unit.away(said, number)?));
    }
    if tokens.word(start + words) != "ago" {
        return None;
    }
    Some((words + 1, unit.away(said, -number)?))
}

/// "in", "on" and the like belong to the mention they lead in.
fn led(tokens: &Tokens<'_>, at: usize, said: Date) -> Found {
    if !matches!(tokens.word(at), "in" | "on") {
        return None;
    }
    let next = at + 1;
    let (words, days) = day_and_month(tokens, next, said)
        .or_else(|| month(tokens, next, said))
        .or_else(|| weekday(tokens, next, said))?;
    Some((words + 1, days))
}

/// 7 May, 7th of May 2023, May 7th, 2023
fn day_and_month(tokens: &Tokens<'_>, at: usize, said: Date) -> Found {
    let (words, month, day) = if let Some(month) = month_by_name(tokens.word(at)) {
        (2, month, day(tokens.word(at + 1))?)
    } else {
        let day = day(tokens.word(at))?;
        let of = usize::from(tokens.word(at + 1) == "of");
        (2 + of, month_by_name(tokens.word(at + 1 + of))?, day)
    };
    match year(tokens.word(at + words)) {
        Some(year) => {
            let date = Date::new(year, month, day).ok()?;
            Some((words + 1, (date, date)))
        }
        None => Some((words, day_near(said, month, day)?)),
    }
}

/// March 2022; a month or year alone where a preposition shows that it is one.
fn month(tokens: &Tokens<'_>, at: usize, said: Date) -> Found {
    let word = tokens.word(at);
    let before = tokens.before(at);
    let after_preposition = PREPOSITIONS.split(' ').any(|it| it == before) && !before.is_empty();
    if let Some(month) = month_by_name(word) {
        if let Some(year) = year(tokens.word(at + 1)) {
            return Some((2, whole_month(Date::new(year, month, 1).ok()?)));
        }
        let word_too = matches!(word, "may" | "march" | "mar" | "jan" | "sep" | "dec");
        let is_meant = tokens.is_capital(at) && (after_preposition || !word_too)
            || after_preposition && !word_too;
        return is_meant
            .then(|| month_near(said, month, 0))
            .flatten()
            .map(|days| (1, days));
    }
    let year = after_preposition.then(|| year(word)).flatten()?;
    Some((1, whole_year(year)?))
}

/// A weekday alone is the last one, today included.
fn weekday(tokens: &Tokens<'_>, at: usize, said: Date) -> Found {
    let word = tokens.word(at);
    let Some(Unit::On(weekday)) = Unit::by_name(word) else {
        return None;
    };
    if word.ends_with('s') {
        return None;
    }
    if said.weekday() == weekday {
        return Some((1, (said, said)));
    }
    Some((1, Unit::On(weekday).away(said, -1)?))
}

fn count(word: &str) -> Option<i32> {
    const WORDS: [&str; 12] = [
        "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
        "twelve",
    ];
    let named = WORDS.iter().position(|it| *it == word);
    let number = match named {
        Some(position) => i32::try_from(position + 1).ok()?,
        None => word.parse().ok()?,
    };
    (1..=FARTHEST).contains(&number).then_some(number)
}

/// 7, 7th
fn day(word: &str) -> Option<i8> {
    let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let ending = word.get(digits.len()..)?;
    let day: i8 = digits.parse().ok()?;
    let is_day = matches!(ending, "" | "st" | "nd" | "rd" | "th") && (1..=31).contains(&day);
    is_day.then_some(day)
}

fn year(word: &str) -> Option<i16> {
    let year: i16 = (word.len() == 4).then(|| word.parse().ok()).flatten()?;
    (1900..=2100).contains(&year).then_some(year)
}
