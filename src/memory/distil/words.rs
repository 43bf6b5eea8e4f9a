//! Words of sentences, as validation compares them: stems, names, numbers, clauses. No storage, no clock.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// The different stems of a text.
pub fn stems(text: &str) -> BTreeSet<String> {
    storage::analyse(text).into_iter().collect()
}

/// How much two sets have in common, 0 to 1.
pub fn jaccard(a: &BTreeSet<String>, b: &BTreeSet<String>) -> f32 {
    let shared = a.intersection(b).count();
    let all = a.len() + b.len() - shared;
    share(shared, all)
}

/// `part` of `all`; 0 where there is nothing.
#[expect(clippy::cast_precision_loss, reason = "counts of words in a sentence")]
pub fn share(part: usize, all: usize) -> f32 {
    if all == 0 {
        return 0.0;
    }
    part as f32 / all as f32
}

/// A word as it stands, and whether it begins a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    pub word: &'a str,
    pub first: bool,
}

/// All words: runs of letters and digits.
pub fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut begins = true;
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        if c.is_alphanumeric() {
            start.get_or_insert(at);
            continue;
        }
        if let Some(from) = start.take() {
            let word = &text[from..at];
            found.push(Token {
                word,
                first: begins,
            });
            begins = false;
        }
        // What a quotation mark opens begins a sentence of its own.
        let opens = || text[at..].chars().nth(1).is_some_and(char::is_alphanumeric);
        let ends = matches!(c, '.' | '!' | '?' | ':' | ';' | '\n');
        if ends || (matches!(c, '"' | '“') && opens()) {
            begins = true;
        }
    }
    found
}

/// The words in small letters.
pub fn lower(text: &str) -> BTreeSet<String> {
    let words = tokens(text).into_iter();
    words.map(|token| token.word.to_lowercase()).collect()
}

/// Small numbers in words; "one" is as often a pronoun.
const NUMBERS: [(&str, &str); 15] = [
    ("two", "2"),
    ("three", "3"),
    ("four", "4"),
    ("five", "5"),
    ("six", "6"),
    ("seven", "7"),
    ("eight", "8"),
    ("nine", "9"),
    ("ten", "10"),
    ("eleven", "11"),
    ("twelve", "12"),
    ("twenty", "20"),
    ("thirty", "30"),
    ("hundred", "100"),
    ("thousand", "1000"),
];

/// The number that a word is or holds, in one form; None for any other word.
pub fn number(word: &str) -> Option<String> {
    let small = word.to_lowercase();
    if let Some((_, digits)) = NUMBERS.iter().find(|(name, _)| *name == small) {
        return Some((*digits).to_owned());
    }
    let digits: String = small.chars().filter(char::is_ascii_digit).collect();
    if digits.is_empty() {
        return small.chars().any(char::is_numeric).then_some(small);
    }
    let plain = digits.trim_start_matches('0');
    Some(if plain.is_empty() { "0" } else { plain }.to_owned())
}

/// Words that a day, or a span of days, may be told with: year, month, weekday.
pub fn add_date(words: &mut BTreeSet<String>, from: Date, to: Date) {
    for day in [from, to] {
        for form in ["%Y", "%B", "%b"] {
            words.insert(day.strftime(form).to_string().to_lowercase());
        }
    }
    if from == to {
        words.insert(from.strftime("%A").to_string().to_lowercase());
    }
}

/// Numbers that are a date's only beside its month or year.
pub fn add_day_numbers(numbers: &mut BTreeSet<String>, from: Date, to: Date) {
    for day in [from, to] {
        numbers.insert(day.day().to_string());
        numbers.insert(day.month().to_string());
    }
}

/// The day of a time, UTC.
pub fn day(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

/// The sentences of a text.
pub fn sentences(text: &str) -> impl Iterator<Item = &str> {
    let ends = |c: char| matches!(c, '.' | '!' | '?' | ';' | '\n');
    text.split(ends).filter(|part| !part.trim().is_empty())
}

/// Parts of a text that are said with or without a "not".
pub fn clauses(text: &str) -> Vec<String> {
    let ends = [
        ", ",
        "; ",
        ". ",
        "! ",
        "? ",
        "\n",
        " but ",
        " and ",
        " because ",
        " though ",
    ];
    let mut parts = vec![text.to_lowercase().replace('’', "'")];
    for end in ends {
        parts = parts
            .iter()
            .flat_map(|part| part.split(end))
            .map(str::to_owned)
            .collect();
    }
    parts.retain(|part| !part.trim().is_empty());
    parts
}

/// Whether a clause denies something.
pub fn denies(clause: &str) -> bool {
    let small = clause.to_lowercase().replace('’', "'");
    small.contains("n't") || {
        let words = lower(&small);
        [
            "not", "never", "no", "none", "nobody", "nothing", "without", "cannot", "neither",
        ]
        .iter()
        .any(|word| words.contains(*word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where a sentence begins, a capital letter says nothing.
    #[test]
    fn beginnings_are_known() {
        let said = tokens("You met Clara. Then \"Bob\" came.");
        let first: Vec<_> = said.iter().filter(|t| t.first).map(|t| t.word).collect();
        assert_eq!(first, ["You", "Then", "Bob"]);
    }

    /// One number has one form, however it is written.
    #[test]
    fn numbers_have_one_form() {
        let forms = ["7th", "07", "seven", "Seven", "house", "one"].map(number);
        let seven = Some("7".to_owned());
        assert_eq!(
            forms,
            [
                seven.clone(),
                seven.clone(),
                seven.clone(),
                seven,
                None,
                None
            ]
        );
    }

    /// A "not" in one half of a sentence does not deny the other.
    #[test]
    fn denial_is_of_a_clause() {
        let parts = clauses("I like tea, but I don’t like coffee");
        let denied: Vec<_> = parts.iter().map(|part| denies(part)).collect();
        assert_eq!(denied, [false, true]);
    }
}
