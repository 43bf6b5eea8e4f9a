//! What a request was counted by, told in its answer's `RateLimit-*` headers.
//!
//! A request has one place for it, which whoever takes from a bucket fills (`rate`): a task's own, so that
//! nobody who counts need carry it along. Work that goes on in another task tells nothing, as it must where
//! what it finds is not for the caller. Must stay true: of several buckets the one with the least room is
//! told.

use std::cell::Cell;

use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;

tokio::task_local! {
    static TALLY: Cell<Option<Tally>>;
}

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// How full a bucket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    /// How often in the bucket's period: a minute, unless the documentation says an hour.
    pub limit: u32,
    /// Calls that would pass now.
    pub remaining: u32,
    /// Whole seconds until the bucket is full again.
    pub reset: u64,
}

impl Tally {
    fn is_tighter_than(&self, other: &Self) -> bool {
        (self.remaining, other.reset) < (other.remaining, self.reset)
    }
}

/// Notes that the request was counted by this bucket; outside of a request nothing happens.
pub fn note(tally: Tally) {
    let _ = TALLY.try_with(|told| {
        if told.get().is_none_or(|other| tally.is_tighter_than(&other)) {
            told.set(Some(tally));
        }
    });
}

/// The answer, with what was noted while it was made.
pub async fn told(answering: impl Future<Output = Response>) -> Response {
    let (mut response, tally) = TALLY
        .scope(Cell::new(None), async {
            let response = answering.await;
            (response, TALLY.with(Cell::get))
        })
        .await;
    if let Some(tally) = tally {
        let headers = response.headers_mut();
        headers.insert(LIMIT, HeaderValue::from(tally.limit));
        headers.insert(REMAINING, HeaderValue::from(tally.remaining));
        headers.insert(RESET, HeaderValue::from(tally.reset));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bucket that will stop the caller first is the one that is told.
    #[test]
    fn the_tightest_is_told() {
        let tally = |remaining, reset| Tally {
            limit: 60,
            remaining,
            reset,
        };
        assert!(tally(1, 5).is_tighter_than(&tally(2, 60)));
        assert!(tally(2, 60).is_tighter_than(&tally(2, 5)));
        assert!(!tally(2, 5).is_tighter_than(&tally(2, 5)));
    }
}
