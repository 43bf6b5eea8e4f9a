//! The tables of identities at other services.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::{Read, Record, Span, Table, TableInfo, WriteTx};
use uuid::Uuid;

use crate::error::Result;

const IDENTITIES: Table<(Uuid, Uuid), Identity> = Table::new("auth_identities");
const SUBJECTS: Table<[u8; 32], Place> = Table::new("auth_identity_subjects");

pub const CATALOGUE: [TableInfo; 2] = [
    IDENTITIES
        .info("auth", "user, identity", "issuer, address there, times")
        .by_user(),
    SUBJECTS.info("auth", "hash of issuer and subject", "user, identity"),
];

/// That somebody at another service is the owner of an account here.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Identity {
    pub id: Uuid,
    pub user: Uuid,
    pub issuer: String,
    /// Of issuer and subject, by which it is found; who they are there need not be known here.
    pub hash: [u8; 32],
    /// The address they had there when it was tied.
    pub email: Option<String>,
    pub linked_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
}

impl Record for Identity {}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Place(Uuid, Uuid);

impl Record for Place {}

pub fn put(tx: &mut WriteTx<'_>, identity: &Identity) -> Result<()> {
    let place = Place(identity.user, identity.id);
    tx.put(&SUBJECTS, &identity.hash, &place)?;
    Ok(tx.put(&IDENTITIES, &(identity.user, identity.id), identity)?)
}

pub fn by_hash(tx: &impl Read, hash: &[u8; 32]) -> Result<Option<Identity>> {
    match tx.get(&SUBJECTS, hash)? {
        Some(Place(user, id)) => Ok(tx.get(&IDENTITIES, &(user, id))?),
        None => Ok(None),
    }
}

/// Keeps when an identity was used, if it is still there.
pub fn note_use(tx: &mut WriteTx<'_>, user: Uuid, id: Uuid, now: Timestamp) -> Result<()> {
    if let Some(mut identity) = tx.get(&IDENTITIES, &(user, id))? {
        identity.last_used_at = Some(now);
        tx.put(&IDENTITIES, &(user, id), &identity)?;
    }
    Ok(())
}

/// A user's identities, newest first.
pub fn of_user(tx: &impl Read, user: Uuid, limit: usize) -> Result<Vec<Identity>> {
    let rows = tx.scan(&IDENTITIES, Span::prefix(&user).rev(), limit)?;
    Ok(rows.into_iter().map(|(_, identity)| identity).collect())
}

/// Removes one of a user's identities; what was removed.
pub fn remove(tx: &mut WriteTx<'_>, user: Uuid, id: Uuid) -> Result<Option<Identity>> {
    let identity = tx.get(&IDENTITIES, &(user, id))?;
    if let Some(identity) = &identity {
        tx.delete(&SUBJECTS, &identity.hash)?;
        tx.delete(&IDENTITIES, &(user, id))?;
    }
    Ok(identity)
}

/// Removes up to `limit` identities of a user; returns how many.
pub fn erase(tx: &mut WriteTx<'_>, user: Uuid, limit: usize) -> Result<usize> {
    let identities = of_user(tx, user, limit)?;
    for identity in &identities {
        remove(tx, user, identity.id)?;
    }
    Ok(identities.len())
}
