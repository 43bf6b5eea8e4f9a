//! How many accounts there are, for those who watch the server: numbers only.

use jiff::Timestamp;
use storage::Read;

use crate::auth::store;
use crate::error::Result;

/// Accounts, as numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accounts {
    pub total: u64,
    pub verified: u64,
    pub disabled: u64,
    /// Signed in, or refreshed a sign-in, at or after the moment asked for.
    pub seen: u64,
}

/// Counts all accounts; `since` is what counts as seen.
pub fn count(tx: &impl Read, since: Timestamp) -> Result<Accounts> {
    const PAGE: usize = 1000;
    let mut counts = Accounts::default();
    let mut last = None;
    loop {
        let page = store::users(tx, last, PAGE)?;
        for user in &page {
            counts.total += 1;
            counts.verified += u64::from(user.email_verified_at.is_some());
            counts.disabled += u64::from(user.disabled);
            counts.seen += u64::from(user.last_seen_at.is_some_and(|at| at >= since));
        }
        last = page.last().map(|user| user.id);
        if page.len() < PAGE {
            return Ok(counts);
        }
    }
}
