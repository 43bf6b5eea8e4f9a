//! A text as pieces that a model can take in: sentences, as many together as fit. Pure.
//!
//! Must stay true: every word is in a piece, so that a long turn is found by its last sentence; a short
//! turn is one piece.

/// About what a small model reads at once: 200 tokens are some 150 words.
const WORDS: usize = 150;
/// A longer word counts as several: it may be an address, or anything.
const LETTERS: usize = 12;
/// Pieces of a text.
const MOST: usize = 8;

/// At most eight pieces, in their order; those of a very long text are longer.
pub fn pieces(text: &str) -> Vec<String> {
    let mut room = WORDS;
    loop {
        let pieces = packed(text.trim(), room);
        if pieces.len() <= MOST {
            return pieces;
        }
        room += room / 4;
    }
}

/// Sentences together, as many as fit.
fn packed(text: &str, room: usize) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut left = 0;
    for sentence in sentences(text) {
        for part in parts(sentence, room) {
            let length = length(part);
            if let Some(piece) = pieces.last_mut().filter(|_| length <= left) {
                piece.push_str(part);
                left -= length;
            } else {
                pieces.push(part.trim_start().to_owned());
                left = room.saturating_sub(length);
            }
        }
    }
    pieces
}

/// How much of a model's room it takes, in words.
fn length(text: &str) -> usize {
    let word = |word: &str| {
        let wide = word.chars().filter(|letter| is_wide(*letter)).count();
        wide.max(word.chars().count() / LETTERS).max(1)
    };
    text.split_whitespace().map(word).sum()
}

/// A letter that is about a word: of Chinese, Japanese, Korean.
fn is_wide(letter: char) -> bool {
    letter >= '\u{2e80}'
}

/// Each with the space after it. A sentence ends with a mark and a space, a full-width mark, or a line.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    let mut ends = Vec::new();
    let mut marked = false;
    for (at, letter) in text.char_indices() {
        let end = at + letter.len_utf8();
        if letter == '\n'
            || matches!(letter, '。' | '！' | '？')
            || (marked && letter.is_whitespace())
        {
            ends.push(end);
        }
        marked = matches!(letter, '.' | '!' | '?' | '…')
            || (marked && matches!(letter, '"' | '\'' | ')' | '”' | '’'));
    }
    cut(text, ends)
}

/// A sentence that is longer than a piece, in parts that are not: at spaces, or where there are none, anywhere.
fn parts(sentence: &str, room: usize) -> impl Iterator<Item = &str> {
    let mut ends = Vec::new();
    let (mut begin, mut space) = (0, None);
    if length(sentence) > room {
        for (at, letter) in sentence.char_indices() {
            let end = at + letter.len_utf8();
            if letter.is_whitespace() {
                space = Some(end);
            }
            let grown = letter.is_whitespace() || is_wide(letter) || (end - begin) % LETTERS == 0;
            let part = sentence.get(begin..end).filter(|_| grown);
            if part.is_some_and(|part| length(part) > room) {
                begin = space.take().filter(|space| *space > begin).unwrap_or(at);
                ends.push(begin);
            }
        }
    }
    cut(sentence, ends)
}

fn cut(text: &str, ends: Vec<usize>) -> impl Iterator<Item = &str> {
    let mut begin = 0;
    let all = ends.into_iter().chain([text.len()]);
    all.filter_map(move |end| {
        let part = text.get(begin..end).filter(|part| !part.is_empty());
        begin = end;
        part
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&str> {
        text.split_whitespace().collect()
    }

    /// A short turn is one piece; sentences are kept whole while they fit.
    #[test]
    fn sentences_stay_together() {
        assert_eq!(
            pieces(" My dog is sick. Really? "),
            ["My dog is sick. Really?"]
        );
        let sentence = "One two three four five six seven eight nine ten. ";
        let found = pieces(&sentence.repeat(31));
        assert_eq!(found.len(), 3);
        assert!(found.iter().all(|piece| piece.trim_end().ends_with("ten.")));
    }

    /// No word is lost, however long the text is and whatever it is made of, and there are at most eight.
    #[test]
    fn every_word_is_in_a_piece() {
        let lines = "a line without a mark\n".repeat(300);
        let endless = "word ".repeat(3000);
        let wide = "\u{732b}".repeat(5000);
        let address = "x".repeat(16_000);
        for text in [lines, endless, wide.clone(), address.clone()] {
            let found = pieces(&text);
            assert!((2..=MOST).contains(&found.len()), "{}", found.len());
            let all = found.concat();
            if text == wide || text == address {
                assert_eq!(all, text);
            } else {
                assert_eq!(words(&all), words(&text));
            }
        }
        assert_eq!(pieces(""), [] as [&str; 0]);
    }
}
