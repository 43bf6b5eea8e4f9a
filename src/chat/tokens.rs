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

/// Estimated tokens of a text.
pub fn estimate(text: &str) -> usize {
    let mut hundredths = 0;
    let mut run = 0;
    for c in text.chars() {
        run = if c.is_ascii_alphanumeric() {
            run + 1
        } else {
            0
        };
        hundredths += match c {
            '0'..='9' => 100,
            'a'..='z' | 'A'..='Z' if run > LONGEST_WORD => 60,
            'a'..='z' | 'A'..='Z' => 29,
            ' ' => 10,
            c if c.is_ascii() => 50,
            c if c.len_utf8() == 4 => 300,
            _ => 100,
        };
    }
    usize::div_ceil(hundredths, 100)
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
}
