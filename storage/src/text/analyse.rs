//! Text to stems: split at everything that is not a letter or digit, lower case, accents folded to
//! ASCII, English stop words out, English stemming.
//!
//! What must stay true: documents and queries go through the same steps. A change of the steps needs a
//! new `disk::VERSION`, so that existing indexes are built again.

use std::collections::HashSet;

use tantivy::tokenizer::{
    AsciiFoldingFilter, Language, LowerCaser, RemoveLongFilter, SimpleTokenizer, Stemmer,
    StopWordFilter, TextAnalyzer, Token,
};

/// Longer words, in bytes, are not words.
const LONGEST_WORD: usize = 255;

/// English words that say nothing about what a text is about, and what is left of their contractions
/// ("don't" is split into "don" and "t").
const STOP_WORDS: &str = "a about am an and any are aren as at be because been being both but by \
    can cannot could couldn d did didn do does doesn doing don during each for from had hadn has \
    hasn have haven having he her here hers herself him himself his how i if in into is isn it its \
    itself ll m me more most my myself no nor not of on once only or other our ours ourselves out \
    over own re s same she should shouldn so some such t than that the their theirs them \
    themselves then there these they this those through to too under until up ve very was wasn we \
    were weren what when where which while who whom why will with would wouldn you your yours \
    yourself yourselves";

/// The stems of a text, in order, repeated as often as they occur.
#[must_use]
pub fn analyse(text: &str) -> Vec<String> {
    let mut stems = Vec::new();
    each_stem(text, |_, stem| stems.push(stem.to_owned()));
    stems
}

/// The same, each with where its word begins, in bytes.
#[must_use]
pub fn places(text: &str) -> Vec<(usize, String)> {
    let mut places = Vec::new();
    each_token(text, |token| {
        places.push((token.offset_from, token.text.clone()));
    });
    places
}

/// A word of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// As it stands in the text.
    pub typed: String,
    /// What it is found by.
    pub stem: String,
}

/// The words of a text with different stems, in order, each as it stands there first.
#[must_use]
pub fn words(text: &str) -> Vec<Word> {
    let mut seen = HashSet::new();
    let mut words = Vec::new();
    each_stem(text, |typed, stem| {
        if seen.insert(stem.to_owned()) {
            words.push(Word {
                typed: typed.to_owned(),
                stem: stem.to_owned(),
            });
        }
    });
    words
}

/// The steps, as tantivy wants them.
fn analyser() -> TextAnalyzer {
    TextAnalyzer::builder(SimpleTokenizer::default())
        .filter(RemoveLongFilter::limit(LONGEST_WORD))
        .filter(LowerCaser)
        .filter(AsciiFoldingFilter)
        .filter(StopWordFilter::remove(
            STOP_WORDS.split_whitespace().map(str::to_owned),
        ))
        .filter(Stemmer::new(Language::English))
        .build()
}

/// Calls `each` with every word as it stands in the text and its stem.
fn each_stem(text: &str, mut each: impl FnMut(&str, &str)) {
    each_token(text, |token| {
        let typed = text.get(token.offset_from..token.offset_to);
        each(typed.unwrap_or(&token.text), &token.text);
    });
}

fn each_token(text: &str, mut each: impl FnMut(&Token)) {
    thread_local! {
        // Building one takes longer than analysing a short text, and using one needs it mutable.
        static ANALYSER: std::cell::RefCell<TextAnalyzer> = std::cell::RefCell::new(analyser());
    }
    ANALYSER.with_borrow_mut(|analyser| {
        let mut stream = analyser.token_stream(text);
        while stream.advance() {
            each(stream.token());
        }
    });
}
