//! The tables of API tokens.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::{Read, Record, Span, Table, TableInfo, WriteTx};
use uuid::Uuid;

use crate::error::Result;

const TOKENS: Table<(Uuid, Uuid), ApiToken> = Table::new("auth_api_tokens");
const HASHES: Table<[u8; 32], Place> = Table::new("auth_api_token_hashes");

pub const CATALOGUE: [TableInfo; 2] = [
    TOKENS
        .info("auth", "user, token", "name, hash, scopes, times")
        .by_user(),
    HASHES.info("auth", "token hash", "user, token"),
];

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ApiToken {
    pub id: Uuid,
    pub user: Uuid,
    pub name: String,
    pub hash: [u8; 32],
    pub scopes: Vec<String>,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
}

impl Record for ApiToken {}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Place(Uuid, Uuid);

impl Record for Place {}

pub fn put(tx: &mut WriteTx<'_>, token: &ApiToken) -> Result<()> {
    tx.put(&HASHES, &token.hash, &Place(token.user, token.id))?;
    Ok(tx.put(&TOKENS, &(token.user, token.id), token)?)
}

pub fn get(tx: &impl Read, user: Uuid, id: Uuid) -> Result<Option<ApiToken>> {
    Ok(tx.get(&TOKENS, &(user, id))?)
}

pub fn by_hash(tx: &impl Read, hash: &[u8; 32]) -> Result<Option<ApiToken>> {
    match tx.get(&HASHES, hash)? {
        Some(Place(user, id)) => Ok(tx.get(&TOKENS, &(user, id))?),
        None => Ok(None),
    }
}

/// Keeps when a token was used, if it is still there.
pub fn note_use(tx: &mut WriteTx<'_>, user: Uuid, id: Uuid, now: Timestamp) -> Result<()> {
    if let Some(mut token) = tx.get(&TOKENS, &(user, id))? {
        token.last_used_at = Some(now);
        tx.put(&TOKENS, &(user, id), &token)?;
    }
    Ok(())
}

/// A user's tokens, newest first.
pub fn of_user(tx: &impl Read, user: Uuid, limit: usize) -> Result<Vec<ApiToken>> {
    let rows = tx.scan(&TOKENS, Span::prefix(&user).rev(), limit)?;
    Ok(rows.into_iter().map(|(_, token)| token).collect())
}

/// Removes one of a user's tokens; what was removed.
pub fn remove(tx: &mut WriteTx<'_>, user: Uuid, id: Uuid) -> Result<Option<ApiToken>> {
    let token = tx.get(&TOKENS, &(user, id))?;
    if let Some(token) = &token {
        tx.delete(&HASHES, &token.hash)?;
        tx.delete(&TOKENS, &(user, id))?;
    }
    Ok(token)
}

/// Removes up to `limit` tokens of a user; returns their ids.
pub fn erase(tx: &mut WriteTx<'_>, user: Uuid, limit: usize) -> Result<Vec<Uuid>> {
    let tokens = of_user(tx, user, limit)?;
    for token in &tokens {
        remove(tx, user, token.id)?;
    }
    Ok(tokens.into_iter().map(|token| token.id).collect())
}

/// Tokens that expired before a moment, with their owners; at most `limit`.
pub fn expired(tx: &impl Read, before: Timestamp, limit: usize) -> Result<Vec<(Uuid, Uuid)>> {
    const PAGE: usize = 1000;
    let mut expired = Vec::new();
    let mut span = Span::all();
    loop {
        let page = tx.scan(&TOKENS, span, PAGE)?;
        let last = page.last().map(|(key, _)| *key);
        let over = page
            .into_iter()
            .filter(|(_, token)| token.expires_at.is_some_and(|at| at < before));
        expired.extend(over.map(|(key, _)| key));
        match last {
            Some(key) if expired.len() < limit => span = Span::all().after(&key),
            _ => break,
        }
    }
    expired.truncate(limit);
    Ok(expired)
}
