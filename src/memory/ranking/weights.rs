//! Every number of the ranker, in one place.
//!
//! Fitted by a listwise softmax on the dev half of `LoCoMo`, each conversation left out once, and
//! then rounded and thinned by hand on all of that half, so its figures are a little flattering; the
//! other half is for checking a release. `measure.rs` prints the table, `make eval` the one over HTTP.
//! Promotion, pins, fading and newness have no data there: their weights are small by decision. Tried and worth nothing there: the share of the question that is covered, dates
//! that a text mentions, the length, names in common, and a second vector of two turns.

/// What each sign is worth. `z(..)` is standardised over the candidates of one question, `[..]` is 0 or 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weights {
    /// Of words to be found, no question: the share of their rarity in its own words. `LoCoMo` has only questions.
    pub keyword: f64,
    /// The share of the question's rarity in its own words: worth nothing on `LoCoMo`, but who names somebody
    /// wants what names them, among however many alike.
    pub covered: f64,
    /// z(BM25 of its own words). Small, because `around` says most of it.
    pub words: f64,
    /// z(BM25 of it with two turns before and after). MEMORY.md: +8 points over the base alone.
    pub around: f64,
    /// z(BM25 of its whole session). +6 over the base alone.
    pub session: f64,
    /// z(cosine with the question).
    pub meaning: f64,
    /// Of the words and meaning of the turn before it, and of the turn after it.
    pub before: f64,
    pub after: f64,
    /// [said by who acts in the question], [said by who is named in it among others].
    pub speaker: f64,
    pub named: f64,
    /// [said within a named day or week], [in a named month], [in a named year].
    pub day: f64,
    pub month: f64,
    pub year: f64,
    /// [the question asks when, it has a word of time], [it has a date].
    pub time: f64,
    pub dated: f64,
    /// [the question asks how many, it has a number].
    pub number: f64,
    /// [it ends in a question].
    pub asks: f64,
    /// z(importance).
    pub importance: f64,
    /// 1 for today, half after `HALF_LIFE` days. On `LoCoMo` worth nothing; people expect some of it.
    pub recent: f64,
    /// [promoted], [pinned], [ITM not used for a week], [something newer has taken its place].
    pub promoted: f64,
    pub pinned: f64,
    pub faded: f64,
    pub ended: f64,
    /// [said by Nova, and not asked for]: it mostly repeats what the person said.
    pub echo: f64,
}

/// With an embedder, and without.
pub const WITH_MEANING: Weights = Weights {
    keyword: 3.0,
    covered: 1.5,
    words: 0.1,
    around: 0.5,
    session: 0.4,
    meaning: 0.5,
    before: 0.2,
    after: 0.1,
    speaker: 2.3,
    named: 1.5,
    day: 2.2,
    month: 3.2,
    year: 0.4,
    time: 1.5,
    dated: 0.7,
    number: 0.8,
    asks: -0.3,
    importance: 0.5,
    recent: 0.1,
    promoted: 0.1,
    pinned: 0.3,
    faded: -0.1,
    ended: -1.0,
    echo: -1.0,
};

pub const WORDS_ONLY: Weights = Weights {
    words: 0.3,
    around: 0.5,
    before: 0.3,
    after: 0.0,
    meaning: 0.0,
    number: 0.9,
    ..WITH_MEANING
};

/// A memory with fewer stems ("Oh, nice.") tells nothing, unless it has a word of the question.
pub const TELLING: u16 = 2;

/// BM25, as MEMORY.md measured it for own text and sessions. Windows are all about as long.
pub const K1: f64 = 1.2;
pub const B: f64 = 0.4;
pub const B_AROUND: f64 = 0.0;

/// How many turns before and after it are around a turn.
pub const AROUND: u32 = 2;

/// Candidates by own words, by the words around, by meaning; by date [`super::DATED_CANDIDATES`].
pub const CANDIDATES: usize = 200;

/// A named day counts from the day before it until so many days after: people tell of it later.
pub const TOLD_BEFORE: i32 = 1;
pub const TOLD_AFTER: i32 = 2;

/// Days after which the newness of a memory is worth half.
pub const HALF_LIFE: f64 = 60.0;

/// ITM that was not used for so many days fades.
pub const FADES_AFTER: i32 = 7;

/// Two texts with so much of their stems in common say the same.
pub const SAME: f64 = 0.85;

/// A correction is about what an older statement says when it has so much of its stems.
pub const CORRECTS: f64 = 0.5;

/// How far down the order corrections are looked for.
pub const CORRECTED: usize = 60;

/// Chosen are only memories that match at least so much: the share of the question's rarity that is in
/// them or around them, or the cosine.
pub const FLOOR_COVERED: f64 = 0.3;
pub const FLOOR_COSINE: f64 = 0.35;

/// And whose score is within this of the best.
pub const FLOOR_BELOW_BEST: f64 = 6.0;
