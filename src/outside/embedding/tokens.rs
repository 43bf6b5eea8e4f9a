//! Text to the pieces of words that the built-in embedder knows: what `packaging/embedder/tokens.py`
//! does when the model is built, which is what uncased BERT does but for symbols, which stand alone.
//!
//! Must stay true: any text gives at most `MOST_TOKENS` pieces, and work in proportion to its length;
//! both programs find the same pieces, which a test compares by way of the vectors.

use std::collections::HashMap;

use unicode_normalization::UnicodeNormalization as _;

const LONGEST_WORD: usize = 100;
pub(super) const MOST_TOKENS: usize = 256;

/// What a character does to a word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    #[default]
    Part,
    /// As if it were not there: an accent, a control character.
    Nothing,
    Space,
    /// A word of its own.
    Alone,
}

/// (first, last, kind) of all characters that are not simply part of a word, in order.
pub(super) type Kinds = Vec<(u32, u32, Kind)>;

/// The rows of the model by what they stand for.
#[derive(Default)]
pub(super) struct Vocabulary {
    /// Pieces at the beginning of a word.
    first: HashMap<&'static str, u32>,
    /// Pieces further on, without the `##` that marks them.
    further: HashMap<&'static str, u32>,
    /// In bytes.
    longest: usize,
    kinds: Kinds,
}

impl Vocabulary {
    /// Words in the order of their rows.
    pub fn new(words: impl Iterator<Item = &'static str>, kinds: Kinds) -> Self {
        let mut found = Self {
            kinds,
            ..Self::default()
        };
        for (word, row) in words.zip(0..) {
            found.longest = found.longest.max(word.len());
            match word.strip_prefix("##").filter(|rest| !rest.is_empty()) {
                Some(rest) => found.further.insert(rest, row),
                None => found.first.insert(word, row),
            };
        }
        found
    }

    /// Rows of the text's pieces. A word that cannot be spelt has none, but takes a place.
    pub fn rows(&self, text: &str) -> Vec<u32> {
        let mut found = Found::default();
        let mut word = Word::default();
        for c in text.nfd() {
            match self.kind(c) {
                Kind::Nothing => continue,
                Kind::Part => {
                    self.grow(&mut word, c);
                    continue;
                }
                Kind::Space => self.end(&mut word, &mut found),
                Kind::Alone => {
                    self.end(&mut word, &mut found);
                    word.push(c);
                    self.end(&mut word, &mut found);
                }
            }
            if found.places >= MOST_TOKENS {
                return found.rows;
            }
        }
        self.end(&mut word, &mut found);
        found.rows
    }

    fn grow(&self, word: &mut Word, c: char) {
        if c.is_ascii() {
            word.push(c.to_ascii_lowercase());
            return;
        }
        // A letter in lower case may carry an accent that the letter itself did not.
        for lower in c.to_lowercase().nfd() {
            if self.kind(lower) != Kind::Nothing {
                word.push(lower);
            }
        }
    }

    fn end(&self, word: &mut Word, found: &mut Found) {
        if word.length > 0 {
            let pieces = self.pieces(word).unwrap_or_default();
            let room = MOST_TOKENS.saturating_sub(found.places);
            found.places += pieces.len().max(1);
            found.rows.extend(pieces.into_iter().take(room));
        }
        word.text.clear();
        word.length = 0;
    }

    /// The longest pieces from the left; `None` when something is left over.
    fn pieces(&self, word: &Word) -> Option<Vec<u32>> {
        if word.length > LONGEST_WORD {
            return None;
        }
        let mut found = Vec::new();
        let mut rest = word.text.as_str();
        while !rest.is_empty() {
            let known = if found.is_empty() {
                &self.first
            } else {
                &self.further
            };
            let most = rest.len().min(self.longest);
            let (end, row) = (1..=most)
                .rev()
                .filter(|&end| rest.is_char_boundary(end))
                .find_map(|end| known.get(&rest[..end]).map(|row| (end, *row)))?;
            found.push(row);
            rest = &rest[end..];
        }
        Some(found)
    }

    fn kind(&self, c: char) -> Kind {
        if c.is_ascii_alphanumeric() {
            return Kind::Part;
        }
        let code = u32::from(c);
        let after = self.kinds.partition_point(|(first, ..)| *first <= code);
        match after.checked_sub(1).map(|at| self.kinds[at]) {
            Some((_, last, kind)) if code <= last => kind,
            _ => Kind::Part,
        }
    }
}

/// A word as it grows.
#[derive(Default)]
struct Word {
    text: String,
    /// In characters.
    length: usize,
}

impl Word {
    /// What no piece can be made of is counted only.
    fn push(&mut self, c: char) {
        self.length += 1;
        if self.length <= LONGEST_WORD {
            self.text.push(c);
        }
    }
}

#[derive(Default)]
struct Found {
    rows: Vec<u32>,
    /// Pieces and unknown words.
    places: usize,
}
