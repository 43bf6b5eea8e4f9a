//! API tokens: keys for a person's own programs, with scopes.
//!
//! Must stay true: a token is shown once and stored as its hash; it opens what its scopes say and never
//! sign-ins, billing, administration, or the deletion of the account.

mod scope;
mod store;

use jiff::SignedDuration;
use sha2::{Digest as _, Sha256};

pub use scope::{
    Anything, ChatRead, ChatWrite, McpUse, MemoryRead, MemoryWrite, OpenAi, SCOPES, Scope,
    UsageRead,
};
pub use store::{ApiToken, CATALOGUE, by_hash, erase, of_user};

use crate::app::App;

/// How every token begins, so that scanners of leaked secrets recognise it.
pub const PREFIX: &str = "nova_";

/// The time of last use is written this seldom: it is for people, and writing costs.
const USED_EVERY: SignedDuration = SignedDuration::from_mins(5);

/// What is stored of a token.
pub fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.trim()).into()
}

/// Notes that a token was used, without keeping its request waiting.
pub fn used(app: &App, token: &ApiToken) {
    let now = app.clock.now();
    let recently = token
        .last_used_at
        .is_some_and(|at| now.duration_since(at) < USED_EVERY);
    if recently {
        return;
    }
    let (user, id) = (token.user, token.id);
    let noted = app
        .store
        .write(move |tx| store::note_use(tx, user, id, now));
    app.tasks.work(async move {
        if let Err(error) = noted.await {
            tracing::debug!(%error, "the use of an API token could not be noted");
        }
    });
}
