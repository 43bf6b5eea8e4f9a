//! API tokens: keys for a person's own programs, with scopes.
//!
//! Must stay true: a token is shown once and stored as its hash; it opens what its scopes say and never
//! sign-ins, billing, administration, or the deletion of the account.

pub(super) mod manage;
mod scope;
mod store;

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

pub(super) use manage::checked_name;
pub use scope::{
    Anything, ChatRead, ChatWrite, McpUse, MemoryRead, MemoryWrite, OpenAi, SCOPES, Scope,
    UsageRead,
};
pub use store::{ApiToken, CATALOGUE, by_hash, erase, get, of_user};

use crate::app::App;
use crate::error::{Error, Result};

/// How every token begins, so that scanners of leaked secrets recognise it.
pub const PREFIX: &str = "nova_";

/// The time of last use is written this seldom: it is for people, and writing costs.
pub const USED_EVERY: SignedDuration = SignedDuration::from_mins(5);

/// Expired tokens stay in their owner's list for so long.
const EXPIRED_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What is stored of a token.
pub fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.trim()).into()
}

/// What a token that is not there is answered.
pub fn invalid() -> Error {
    Error::Unauthenticated {
        code: "token_invalid",
        message: "This API token is not valid. Perhaps it was removed.",
    }
}

/// Passes until the token expires.
///
/// # Errors
/// `token_expired`.
pub fn must_be_good(token: &ApiToken, now: Timestamp) -> Result<()> {
    if token.expires_at.is_some_and(|at| at <= now) {
        return Err(Error::Unauthenticated {
            code: "token_expired",
            message: "This API token has expired.",
        });
    }
    Ok(())
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

/// Removes tokens that expired long ago.
pub async fn sweep(app: &App) -> Result<()> {
    const STEP: usize = 1000;
    let now = app.clock.now();
    let before = now.checked_sub(EXPIRED_KEPT).unwrap_or(now);
    loop {
        let over = app.store.read(|tx| store::expired(tx, before, STEP))?;
        if over.is_empty() {
            return Ok(());
        }
        let remove = move |tx: &mut storage::WriteTx<'_>| {
            over.into_iter()
                .try_for_each(|(user, id)| store::remove(tx, user, id).map(|_| ()))
        };
        app.store.write(remove).await?;
    }
}
