//! Dates as people say them ("last Friday", "two weeks ago", "on 7 May") resolved to days.
//!
//! Pure: what is meant depends only on the text and the day on which it was said. Must stay true: any
//! text is fine, and a mention that cannot be a date is left out rather than guessed. English. Weeks
//! begin on Monday; seasons are the northern ones.

mod calendar;
mod phrases;
mod tokens;

use jiff::civil::Date;

pub use calendar::month_by_name;
use tokens::Tokens;

use crate::memory::row::DateMention;

/// Longer texts are documents, in which a date says little about the whole.
const WORDS: usize = 2_000;

/// All mentions, in order.
pub fn resolve(text: &str, said_on: Date) -> Vec<DateMention> {
    let tokens = Tokens::of(text, WORDS);
    let mut mentions = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if let Some((words, (from, to))) = phrases::at(&tokens, at, said_on) {
            mentions.push(DateMention {
                text: tokens.text(at, words).to_owned(),
                from,
                to,
            });
            at += words;
        } else {
            at += 1;
        }
    }
    mentions
}

/// Days since 1970-01-01.
pub fn number(day: Date) -> i32 {
    day.since((jiff::Unit::Day, Date::constant(1970, 1, 1)))
        .map_or(0, |span| span.get_days())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Said on Wednesday, 17 May 2023.
    fn said(text: &str) -> String {
        let mentions = resolve(text, Date::constant(2023, 5, 17));
        let mentions = mentions.iter().map(|m| {
            if m.from == m.to {
                format!("{} = {}", m.text, m.from)
            } else {
                format!("{} = {}..{}", m.text, m.from, m.to)
            }
        });
        mentions.collect::<Vec<_>>().join("; ")
    }

    /// What each phrase means.
    #[test]
    fn phrases_mean_days() {
        let cases = [
            ("I went there yesterday.", "yesterday = 2023-05-16"),
            (
                "Today I start; tomorrow I rest.",
                "Today = 2023-05-17; tomorrow = 2023-05-18",
            ),
            (
                "the day before yesterday",
                "day before yesterday = 2023-05-15",
            ),
            ("We met last night.", "last night = 2023-05-16"),
            ("last week", "last week = 2023-05-08..2023-05-14"),
            ("this week", "this week = 2023-05-15..2023-05-21"),
            ("Next month we move.", "Next month = 2023-06-01..2023-06-30"),
            ("last month", "last month = 2023-04-01..2023-04-30"),
            ("last year", "last year = 2022-01-01..2022-12-31"),
            ("last Friday", "last Friday = 2023-05-12"),
            ("next Friday", "next Friday = 2023-05-19"),
            ("this Friday", "this Friday = 2023-05-19"),
            ("last weekend", "last weekend = 2023-05-13..2023-05-14"),
            ("this weekend", "this weekend = 2023-05-20..2023-05-21"),
            (
                "two weekends ago",
                "two weekends ago = 2023-05-06..2023-05-07",
            ),
            ("3 days ago", "3 days ago = 2023-05-14"),
            ("a week ago", "a week ago = 2023-05-08..2023-05-14"),
            ("two months ago", "two months ago = 2023-03-01..2023-03-31"),
            ("ten years ago", "ten years ago = 2013-01-01..2013-12-31"),
            ("a couple of days ago", "a couple of days ago = 2023-05-15"),
            ("in two weeks", "in two weeks = 2023-05-29..2023-06-04"),
            ("in March", "in March = 2023-03-01..2023-03-31"),
            ("last March", "last March = 2023-03-01..2023-03-31"),
            ("last June", "last June = 2022-06-01..2022-06-30"),
            ("next March", "next March = 2024-03-01..2024-03-31"),
            ("on 7 May", "on 7 May = 2023-05-07"),
            ("the 7th of May", "7th of May = 2023-05-07"),
            ("May 7th, 2022", "May 7th, 2022 = 2022-05-07"),
            ("on Dec 30", "on Dec 30 = 2022-12-30"),
            ("March 2021", "March 2021 = 2021-03-01..2021-03-31"),
            ("in 2022", "in 2022 = 2022-01-01..2022-12-31"),
            ("2023-02-03", "2023-02-03 = 2023-02-03"),
            ("last summer", "last summer = 2022-06-01..2022-08-31"),
            ("on Monday", "on Monday = 2023-05-15"),
            ("two Fridays ago", "two Fridays ago = 2023-05-05"),
        ];
        for (text, meaning) in cases {
            assert_eq!(said(text), meaning, "{text}");
        }
    }

    /// Words that are dates only elsewhere, and dates that do not exist.
    #[test]
    fn other_words_are_not_dates() {
        for text in [
            "You may sit down.",
            "I may go.",
            "They march on.",
            "A long march in the hills",
            "It cost 2000 euros.",
            "last time",
            "in two minds",
            "long ago",
            "I had 3 days off.",
            "99999999999999 years ago",
            "9000 years ago",
        ] {
            assert_eq!(said(text), "", "{text}");
        }
    }

    proptest! {
        /// Any text on any day: no panic, and a span never ends before it begins.
        #[test]
        fn anything_can_be_read(
            text in "([a-zäß0-9]{1,6}|last|next|in|ago|weeks|may|31|2024|friday|two|-|,|[\u{0}-\u{10ffff}]| ){0,30}",
            year in -9999_i16..=9999,
            day in 1_i8..=28,
        ) {
            for mention in resolve(&text, Date::constant(year, 12, day)) {
                prop_assert!(mention.from <= mention.to);
                prop_assert!(text.contains(&mention.text));
            }
        }
    }
}
