//! Text to tokens and back: GPT-2's byte-level byte-pair encoding, with the splitting of `SmolLM`.
//!
//! Must stay true: text never becomes a control token, whatever it contains; the bytes of all
//! tokens of a text are the text.

use std::collections::HashMap;

use crate::LoadError;
use crate::gguf::Gguf;

pub(crate) struct Tokenizer {
    /// The bytes of each token.
    pieces: Vec<Vec<u8>>,
    /// The token of each single byte.
    bytes: [u32; 256],
    /// Which two neighbours become one: lower ranks first.
    merges: HashMap<(u32, u32), Merge>,
}

#[derive(Clone, Copy)]
struct Merge {
    rank: u32,
    into: u32,
}

impl Tokenizer {
    pub fn of(file: &Gguf) -> Result<Self, LoadError> {
        let no_token = || LoadError::Form("merges that lead to no token");
        let tokens = file.texts("tokenizer.ggml.tokens")?;
        let ids: HashMap<&str, u32> = tokens.iter().copied().zip(0..).collect();
        let letters: HashMap<char, u8> = (0..=255).map(|byte| (letter_of(byte), byte)).collect();
        let mut bytes = [0; 256];
        for (byte, id) in (0..=255u8).zip(&mut bytes) {
            // Bytes that no UTF-8 text has need not be there; token 0 stands for the unknown.
            let letter = letter_of(byte).to_string();
            *id = ids.get(letter.as_str()).copied().unwrap_or(0);
        }
        let mut merges = HashMap::new();
        for (rank, pair) in (0..).zip(file.texts("tokenizer.ggml.merges")?) {
            let (left, right) = pair.split_once(' ').ok_or_else(no_token)?;
            let id = |token: &str| ids.get(token).copied().ok_or_else(no_token);
            let into = id(&format!("{left}{right}"))?;
            merges.insert((id(left)?, id(right)?), Merge { rank, into });
        }
        // Control tokens keep their own letters; they are never shown.
        let piece = |token: &&str| {
            token
                .chars()
                .filter_map(|c| letters.get(&c).copied())
                .collect()
        };
        Ok(Self {
            pieces: tokens.iter().map(piece).collect(),
            bytes,
            merges,
        })
    }

    pub fn bytes_of(&self, token: u32) -> &[u8] {
        self.pieces.get(token as usize).map_or(&[], Vec::as_slice)
    }

    pub fn encode(&self, text: &str, tokens: &mut Vec<u32>) {
        for word in words(text) {
            let mut word: Vec<u32> = word.bytes().map(|b| self.bytes[usize::from(b)]).collect();
            while let Some((at, merge)) = self.next_merge(&word) {
                word[at] = merge.into;
                word.remove(at + 1);
            }
            tokens.extend(word);
        }
    }

    fn next_merge(&self, word: &[u32]) -> Option<(usize, Merge)> {
        let pairs = word.windows(2).enumerate();
        pairs
            .filter_map(|(at, pair)| Some((at, *self.merges.get(&(pair[0], pair[1]))?)))
            .min_by_key(|(_, merge)| merge.rank)
    }
}

/// GPT-2 writes each byte as a visible letter: printable ones as themselves, the others from U+0100 on.
fn letter_of(byte: u8) -> char {
    let printable = |b: u8| matches!(b, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    if printable(byte) {
        return char::from(byte);
    }
    let nth = (0..byte).filter(|&b| !printable(b)).count();
    u32::try_from(nth)
        .ok()
        .and_then(|nth| char::from_u32(0x100 + nth))
        .unwrap_or(char::REPLACEMENT_CHARACTER)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Letter,
    Digit,
    Space,
    Other,
}

/// Unicode's classes, nearly: Rust counts a few marks of Indic scripts among the letters.
fn class(c: char) -> Class {
    match c {
        _ if c.is_whitespace() => Class::Space,
        _ if c.is_numeric() => Class::Digit,
        _ if c.is_alphabetic() => Class::Letter,
        _ => Class::Other,
    }
}

/// The pieces within which tokens are merged: each digit alone; between digits, contractions,
/// runs of letters or of other signs with one space before them, runs of spaces.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let length = word_length(rest)?;
        let (word, after) = rest.split_at(length);
        rest = after;
        Some(word)
    })
}

fn word_length(text: &str) -> Option<usize> {
    let mut chars = text.chars();
    let first = chars.next()?;
    for ending in ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"] {
        if text.starts_with(ending) {
            return Some(ending.len());
        }
    }
    let run = |from: usize, of: Class| {
        let end = text[from..].find(|c| class(c) != of);
        end.map_or(text.len(), |end| from + end)
    };
    match class(first) {
        Class::Digit => Some(first.len_utf8()),
        of @ (Class::Letter | Class::Other) => Some(run(0, of)),
        Class::Space => match chars.next().map(class) {
            Some(of @ (Class::Letter | Class::Other)) if first == ' ' => Some(run(1, of)),
            _ => Some(spaces_length(text, run(0, Class::Space))),
        },
    }
}

/// The last space of a run belongs to the word after it, except at the end and before a digit.
fn spaces_length(text: &str, run: usize) -> usize {
    let before_word = text[run..]
        .chars()
        .next()
        .is_some_and(|c| class(c) != Class::Digit);
    let last = text[..run].chars().next_back().map_or(0, char::len_utf8);
    if before_word && run > last {
        run - last
    } else {
        run
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pieces are those of the regular expressions the model was trained with.
    #[test]
    fn words_are_split_as_in_training() {
        let split = |text| words(text).collect::<Vec<_>>();
        assert_eq!(
            split("Hello'Ve world 123\n\n  foo it's  ok!? "),
            [
                "Hello", "'", "Ve", " world", " ", "1", "2", "3", "\n\n ", " foo", " it", "'s",
                " ", " ok", "!?", " "
            ]
        );
        assert_eq!(
            split("日本 4, Grüße\n"),
            ["日本", " ", "4", ",", " Grüße", "\n"]
        );
        assert_eq!(split(""), [""; 0]);
    }

    /// Every byte has its own visible letter.
    #[test]
    fn bytes_have_letters() {
        assert_eq!(
            [letter_of(b' '), letter_of(b'\n'), letter_of(b'a')],
            ['Ġ', 'Ċ', 'a']
        );
        let letters: std::collections::HashSet<char> = (0..=255).map(letter_of).collect();
        assert_eq!(letters.len(), 256);
    }
}
