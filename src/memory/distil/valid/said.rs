//! What the turns say that a claim rests on, and whether its names and numbers stand there. Pure.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::Refusal;
use crate::memory::distil::source::Turn;
use crate::memory::distil::words::{self, Token};

/// The words of the turns that a claim rests on, and those of the days that they mean.
#[derive(Default)]
pub struct Said {
    words: BTreeSet<String>,
    pub stems: BTreeSet<String>,
    numbers: BTreeSet<String>,
    /// Years, months and weekdays; and numbers that are a date's only beside these.
    dates: BTreeSet<String>,
    days: BTreeSet<String>,
}

impl Said {
    pub fn of(turns: &[&Turn]) -> Self {
        let mut said = Self::default();
        for turn in turns {
            said.words.extend(words::lower(&turn.text));
            said.stems.extend(words::stems(&turn.text));
            let day = words::day(turn.created_at);
            said.add_date(day, day);
            for mention in &turn.dates {
                said.add_date(mention.from, mention.to);
            }
        }
        let spoken = said.words.iter().filter_map(|word| words::number(word));
        said.numbers = spoken.collect();
        let years = said.dates.iter().filter_map(|word| words::number(word));
        said.numbers.extend(years);
        for date in said.dates.iter().chain(&said.days) {
            said.stems.extend(words::stems(date));
        }
        said
    }

    fn add_date(&mut self, from: Date, to: Date) {
        words::add_date(&mut self.dates, from, to);
        words::add_day_numbers(&mut self.days, from, to);
    }

    fn has(&self, word: &str) -> bool {
        let small = word.to_lowercase();
        let stem = words::stems(word);
        self.words.contains(&small)
            || self.dates.contains(&small)
            || (!stem.is_empty() && stem.is_subset(&self.stems))
    }

    /// Whether a number was said, or belongs to a date that was meant.
    fn has_number(&self, number: &str, beside: &[Token<'_>]) -> bool {
        let of_date = || {
            let mut near = beside.iter().map(|token| token.word.to_lowercase());
            self.days.contains(number) && near.any(|word| self.dates.contains(&word))
        };
        self.numbers.contains(number) || of_date()
    }
}

/// Words that begin a summary or a reflection without being names.
const STARTERS: [&str; 13] = [
    "nova",
    "person",
    "user",
    "conversation",
    "later",
    "finally",
    "together",
    "also",
    "next",
    "today",
    "overall",
    "however",
    "talked",
];

/// Each name and number of a text must stand in what was said.
pub fn names_and_numbers(text: &str, said: &Said, shown: &[Turn]) -> Result<(), Refusal> {
    let tokens = words::tokens(text);
    for (at, token) in tokens.iter().enumerate() {
        if let Some(number) = words::number(token.word) {
            let beside = &tokens[at.saturating_sub(2)..tokens.len().min(at + 3)];
            if !said.has_number(&number, beside) {
                return Err(Refusal::Number);
            }
        } else if is_name(*token, said, shown) && !said.has(token.word) {
            return Err(Refusal::Name);
        }
    }
    Ok(())
}

/// A word with a capital letter. Where a sentence begins, it is one when it is no usual word there.
fn is_name(token: Token<'_>, said: &Said, shown: &[Turn]) -> bool {
    let word = token.word;
    let small = word.to_lowercase();
    let known = ["i", "nova"].contains(&small.as_str());
    if !word.chars().any(char::is_uppercase) || known {
        return false;
    }
    if !token.first {
        return true;
    }
    let capital_elsewhere = shown.iter().any(|turn| {
        let mut words = words::tokens(&turn.text).into_iter();
        words.any(|other| !other.first && other.word == word)
    });
    let usual = words::stems(word).is_empty() || STARTERS.contains(&small.as_str());
    capital_elsewhere || !(usual || said.has(word))
}
