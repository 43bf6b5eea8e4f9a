//! A text's words with their positions, so that a mention can be shown as it was written.

use std::ops::Range;

pub struct Tokens<'t> {
    text: &'t str,
    places: Vec<Range<usize>>,
    lower: Vec<String>,
}

impl<'t> Tokens<'t> {
    /// The first `limit` words: letters and digits, nothing else.
    pub fn of(text: &'t str, limit: usize) -> Self {
        let mut places: Vec<Range<usize>> = Vec::new();
        let mut start = None;
        for (at, letter) in text.char_indices() {
            match (letter.is_alphanumeric(), start) {
                (true, None) => start = Some(at),
                (false, Some(from)) => {
                    places.push(from..at);
                    start = None;
                    if places.len() == limit {
                        break;
                    }
                }
                _ => {}
            }
        }
        if let Some(from) = start {
            places.push(from..text.len());
        }
        let lower = places.iter().filter_map(|place| text.get(place.clone()));
        let lower = lower.map(str::to_lowercase).collect();
        Self {
            text,
            places,
            lower,
        }
    }

    pub fn len(&self) -> usize {
        self.lower.len()
    }

    /// In lower case; empty beyond the end.
    pub fn word(&self, at: usize) -> &str {
        self.lower.get(at).map_or("", String::as_str)
    }

    pub fn before(&self, at: usize) -> &str {
        at.checked_sub(1).map_or("", |at| self.word(at))
    }

    pub fn is_capital(&self, at: usize) -> bool {
        let place = self.places.get(at).cloned();
        let word = place.and_then(|place| self.text.get(place));
        word.and_then(|word| word.chars().next())
            .is_some_and(char::is_uppercase)
    }

    /// What stands between this word and the next.
    pub fn gap(&self, at: usize) -> &str {
        match (self.places.get(at), self.places.get(at + 1)) {
            (Some(one), Some(two)) => self.text.get(one.end..two.start).unwrap_or(""),
            _ => "",
        }
    }

    /// `words` words from `at`, as they were written.
    pub fn text(&self, at: usize, words: usize) -> &'t str {
        let last = at + words.saturating_sub(1);
        match (self.places.get(at), self.places.get(last)) {
            (Some(one), Some(two)) => self.text.get(one.start..two.end).unwrap_or(""),
            _ => "",
        }
    }
}
