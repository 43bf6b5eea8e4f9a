//! Spans: which rows of a table are meant, and in which direction.
//!
//! A span is a half-open range of encoded keys. Because no key is the beginning of another one, "after
//! this key" and "after everything that begins with this part" are the same thing: the range starts at
//! the first bytes that do not begin with it.

use std::marker::PhantomData;

use crate::Key;
use crate::key::encoded;

/// A leading part of the key `K`: the whole key, or the first one to three parts of a tuple.
///
/// It exists so that a span over the wrong type does not compile.
pub trait Leading<K>: Key {}

impl<K: Key> Leading<K> for K {}
impl<A: Key, B: Key> Leading<(A, B)> for A {}
impl<A: Key, B: Key, C: Key> Leading<(A, B, C)> for A {}
impl<A: Key, B: Key, C: Key> Leading<(A, B, C)> for (A, B) {}
impl<A: Key, B: Key, C: Key, D: Key> Leading<(A, B, C, D)> for A {}
impl<A: Key, B: Key, C: Key, D: Key> Leading<(A, B, C, D)> for (A, B) {}
impl<A: Key, B: Key, C: Key, D: Key> Leading<(A, B, C, D)> for (A, B, C) {}

/// Some rows of a table whose key is `K`, ascending unless turned around with [`Span::rev`].
///
/// Bounds narrow each other, in any order: `Span::prefix(&user).before(&key).rev()` is what comes
/// before `key` among the user's rows, nearest first. Bounds speak of the order of keys; `rev`
/// changes only the direction of walking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span<K> {
    pub(crate) range: Range,
    key: PhantomData<fn() -> K>,
}

/// The bytes behind a span.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Range {
    /// First key inside.
    pub(crate) low: Vec<u8>,
    /// First key outside; none means up to the end of the table.
    pub(crate) high: Option<Vec<u8>>,
    /// Walk from the greatest key to the smallest.
    pub(crate) descending: bool,
}

impl Range {
    /// True when no key can be inside.
    pub(crate) fn is_empty(&self) -> bool {
        self.high.as_ref().is_some_and(|high| *high <= self.low)
    }

    fn start_at(&mut self, low: Vec<u8>) {
        if low > self.low {
            self.low = low;
        }
    }

    fn end_before(&mut self, high: Vec<u8>) {
        if self.high.as_ref().is_none_or(|now| high < *now) {
            self.high = Some(high);
        }
    }
}

/// The first bytes after everything that begins with `bytes`; none when nothing can come after.
fn successor(mut bytes: Vec<u8>) -> Option<Vec<u8>> {
    while let Some(last) = bytes.pop() {
        if let Some(next) = last.checked_add(1) {
            bytes.push(next);
            return Some(bytes);
        }
    }
    None
}

impl<K: Key> Span<K> {
    /// Every row of the table.
    #[must_use]
    pub fn all() -> Self {
        Self {
            range: Range::default(),
            key: PhantomData,
        }
    }

    /// The rows whose key begins with `part`. A text is a whole part: this is not a search for texts
    /// that begin with some letters.
    #[must_use]
    pub fn prefix<P: Leading<K>>(part: &P) -> Self {
        Self::all().from(part).until(part)
    }

    /// Only `part` and what follows it.
    #[must_use]
    pub fn from<P: Leading<K>>(mut self, part: &P) -> Self {
        self.range.start_at(encoded(part));
        self
    }

    /// Only what follows `part`, without it.
    #[must_use]
    pub fn after<P: Leading<K>>(mut self, part: &P) -> Self {
        match successor(encoded(part)) {
            Some(low) => self.range.start_at(low),
            None => self.range.high = Some(Vec::new()),
        }
        self
    }

    /// Only what comes before `part`, without it.
    #[must_use]
    pub fn before<P: Leading<K>>(mut self, part: &P) -> Self {
        self.range.end_before(encoded(part));
        self
    }

    /// Only `part` and what comes before it.
    #[must_use]
    pub fn until<P: Leading<K>>(mut self, part: &P) -> Self {
        if let Some(high) = successor(encoded(part)) {
            self.range.end_before(high);
        }
        self
    }

    /// The same rows, walked the other way.
    #[must_use]
    pub fn rev(mut self) -> Self {
        self.range.descending = !self.range.descending;
        self
    }
}
