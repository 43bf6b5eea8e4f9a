//! The table of passkeys.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::{Read, Record, Span, Table, TableInfo, WriteTx};
use uuid::Uuid;

use crate::error::Result;

const PASSKEYS: Table<(Uuid, Uuid), Passkey> = Table::new("auth_passkeys");

pub const CATALOGUE: [TableInfo; 1] = [PASSKEYS
    .info(
        "auth",
        "user, passkey",
        "name, credential id, public key, counter, times",
    )
    .by_user()];

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Passkey {
    pub id: Uuid,
    pub user: Uuid,
    pub name: String,
    /// What `webauthn-rs` keeps of it, as JSON: its types name their fields differently elsewhere.
    /// Holds nothing secret.
    pub key: String,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
}

impl Record for Passkey {}

pub fn put(tx: &mut WriteTx<'_>, passkey: &Passkey) -> Result<()> {
    Ok(tx.put(&PASSKEYS, &(passkey.user, passkey.id), passkey)?)
}

pub fn get(tx: &impl Read, user: Uuid, id: Uuid) -> Result<Option<Passkey>> {
    Ok(tx.get(&PASSKEYS, &(user, id))?)
}

/// A person's passkeys, oldest first.
pub fn of_user(tx: &impl Read, user: Uuid, limit: usize) -> Result<Vec<Passkey>> {
    let rows = tx.scan(&PASSKEYS, Span::prefix(&user), limit)?;
    Ok(rows.into_iter().map(|(_, passkey)| passkey).collect())
}

/// How many a person has.
pub fn count(tx: &impl Read, user: Uuid) -> Result<usize> {
    Ok(of_user(tx, user, usize::MAX)?.len())
}

/// Removes one of a person's passkeys; what was removed.
pub fn remove(tx: &mut WriteTx<'_>, user: Uuid, id: Uuid) -> Result<Option<Passkey>> {
    let passkey = get(tx, user, id)?;
    if passkey.is_some() {
        tx.delete(&PASSKEYS, &(user, id))?;
    }
    Ok(passkey)
}

/// Removes up to `limit` passkeys of a person; returns how many.
pub fn erase(tx: &mut WriteTx<'_>, user: Uuid, limit: usize) -> Result<usize> {
    let passkeys = of_user(tx, user, limit)?;
    for passkey in &passkeys {
        remove(tx, user, passkey.id)?;
    }
    Ok(passkeys.len())
}
