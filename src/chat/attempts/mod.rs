//! Requests that are sent twice: a key that the client chose attaches the second one to the turn that the
//! first one began.
//!
//! Must stay true: a key is its owner's, and asks one thing; it is stored in the transaction that begins
//! the turn.

mod store;

use axum::http::HeaderMap;
use sha2::{Digest as _, Sha256};

pub use store::{Attempt, CATALOGUE, erase, get, put};

use super::ask::AskRequest;
use crate::app::App;
use crate::error::{Error, Result};

/// The Idempotency-Key of a request, with a fingerprint of what it asks.
pub fn key(headers: &HeaderMap, request: &AskRequest) -> Result<Option<(String, [u8; 32])>> {
    let Some(value) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    let key = value
        .to_str()
        .ok()
        .filter(|key| (1..=255).contains(&key.len()));
    let key = key.ok_or_else(|| {
        Error::Malformed("Idempotency-Key must have 1 to 255 visible characters.".into())
    })?;
    let asked = (
        &request.message,
        request.session_id,
        request.use_memory,
        &request.model,
    );
    let asked =
        serde_json::to_vec(&asked).map_err(|e| Error::internal("fingerprint of a request", e))?;
    Ok(Some((key.to_owned(), Sha256::digest(asked).into())))
}

/// Removes idempotency keys that have run out, in small steps.
pub async fn sweep(app: &App) -> Result<()> {
    const STEP: usize = 1000;
    let now = app.clock.now();
    loop {
        let old = app.store.read(|tx| store::old(tx, now, STEP))?;
        if old.is_empty() {
            return Ok(());
        }
        app.store
            .write(move |tx| store::remove(tx, &old, now))
            .await?;
    }
}
