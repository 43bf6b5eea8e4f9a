//! Counting tokens before the model server does. Pure.
//!
//! An estimate that errs on the high side: the prompt must fit, since nothing is ever cut silently.
//! English prose has about 4.5 letters a token with the vocabularies in use (Llama 3, Qwen 2.5,
//! Gemma 3); counted here as 3.5. Digits stand alone in some of them, so each counts one; signs come
//! in pairs in code; runs of letters too long for a word (hex, base64) have about two a token; other
//! scripts about one a character, emoji up to three.

/// Tokens that a message costs beside its text: role and separators.
pub const PER_MESSAGE: usize = 6;

/// Letters in a row beyond which it is no word.
const LONGEST_WORD: usize = 24;

/// Counts a text that comes in pieces, wherever they are cut.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counter {
    hundredths: u64,
    /// Letters and digits in a row up to here.
    run: usize,
}

impl Counter {
    pub fn push(&mut self, text: &str) {
        for c in text.chars() {
            self.run = if c.is_ascii_alphanumeric() {
                self.run + 1
            } else {
                0
            };
            self.hundredths += match c {
                '0'..='9' => 100,
                'a'..='z' | 'A'..='Z' if self.run > LONGEST_WORD => 60,
                'a'..='z' | 'A'..='Z' => 29,
                ' ' => 10,
                c if c.is_ascii() => 50,
                c if c.len_utf8() == 4 => 300,
                _ => 100,
            };
        }
    }

    pub fn tokens(&self) -> u64 {
        self.hundredths.div_ceil(100)
    }
}

/// Estimated tokens of a text.
pub fn estimate(text: &str) -> usize {
    let mut counter = Counter::default();
    counter.push(text);
    usize::try_from(counter.tokens()).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The estimate must not be lower than what tokenizers count, or the prompt would not fit.
    #[test]
    fn the_estimate_errs_on_the_high_side() {
        // Counted with the tokenizers of Llama 3 and Qwen 2.5: 10, 9, and 11 to 14 tokens.
        assert!(estimate("The quick brown fox jumps over the lazy dog.") >= 10);
        assert!(estimate("fn main() { println!(\"hi\"); }") >= 9);
        assert!(estimate("こんにちは、元気ですか。今日は。") >= 14);
        // Qwen 2.5 counts each digit, Llama 3 three together; hex has about two characters a token.
        assert!(estimate(&"7".repeat(3000)) >= 3000);
        assert!(estimate(&"c0ffee".repeat(100)) >= 300);
        assert!(estimate("🦀🚀") >= 4);
        assert_eq!(estimate(""), 0);
    }

    /// Prose must not be counted far too high either, or the window stays half empty.
    #[test]
    fn the_estimate_of_prose_is_near() {
        let prose =
            "The quick brown fox jumps over the lazy dog while the calm river runs to the sea. ";
        let counted = 19 * 10; // by the tokenizers of Llama 3 and Qwen 2.5
        assert!(estimate(&prose.repeat(10)) < counted * 3 / 2);
    }

    /// Wherever a text is cut into pieces, they count as the whole does: what is held while an answer comes
    /// is what is booked when it stays.
    #[test]
    fn pieces_count_as_the_whole() {
        let text = "Würde 🦀 c0ffee".to_owned() + &"deadbeef".repeat(9) + " { x: 1 }";
        let cuts: Vec<_> = text.char_indices().map(|(at, _)| at).collect();
        for at in cuts {
            let mut counter = Counter::default();
            counter.push(&text[..at]);
            counter.push(&text[at..]);
            assert_eq!(counter.tokens(), estimate(&text) as u64, "cut at {at}");
        }
    }
}
