//! The tables of invitations.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::{Read, Record, Span, Table, TableInfo, WriteTx};
use uuid::Uuid;

use crate::auth::store::{User, folded};
use crate::error::Result;

const INVITATIONS: Table<Uuid, Invitation> = Table::new("auth_invitations");
const HASHES: Table<[u8; 32], Place> = Table::new("auth_invitation_hashes");
const GUESTS: Table<(Uuid, Uuid), ()> = Table::new("auth_invitation_guests");

#[rustfmt::skip]
pub const CATALOGUE: [TableInfo; 3] = [
    INVITATIONS.info("auth", "invitation", "address, note, plan, uses, token hash, times"),
    HASHES.info("auth", "token hash", "invitation"),
    GUESTS.info("auth", "invitation, user", "(index of who came by it)"),
];

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Place(Uuid);

impl Record for Place {}

/// A way to an account for so many people.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Invitation {
    pub id: Uuid,
    pub token_hash: [u8; 32],
    /// Only for this address; the link is mailed to it.
    pub address: Option<String>,
    /// For administrators alone.
    pub note: Option<String>,
    /// The plan that its accounts get.
    pub plan: Option<String>,
    pub uses: u32,
    pub used: u32,
    pub created_at: Timestamp,
    /// None once that account is no more.
    pub created_by: Option<Uuid>,
    pub expires_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
}

impl Record for Invitation {}

pub fn put(tx: &mut WriteTx<'_>, invitation: &Invitation) -> Result<()> {
    tx.put(&HASHES, &invitation.token_hash, &Place(invitation.id))?;
    Ok(tx.put(&INVITATIONS, &invitation.id, invitation)?)
}

pub fn get(tx: &impl Read, id: Uuid) -> Result<Option<Invitation>> {
    Ok(tx.get(&INVITATIONS, &id)?)
}

pub fn by_hash(tx: &impl Read, hash: &[u8; 32]) -> Result<Option<Invitation>> {
    match tx.get(&HASHES, hash)? {
        Some(Place(id)) => get(tx, id),
        None => Ok(None),
    }
}

/// Newest first, older than `before`.
pub fn page(tx: &impl Read, before: Option<Uuid>, limit: usize) -> Result<Vec<Invitation>> {
    let span = Span::all().rev();
    let span = match &before {
        Some(id) => span.before(id),
        None => span,
    };
    let rows = tx.scan(&INVITATIONS, span, limit)?;
    Ok(rows.into_iter().map(|(_, invitation)| invitation).collect())
}

/// Notes that somebody came by an invitation.
pub fn put_guest(tx: &mut WriteTx<'_>, invitation: Uuid, user: Uuid) -> Result<()> {
    Ok(tx.put(&GUESTS, &(invitation, user), &())?)
}

/// Who came by an invitation, in the order they came.
pub fn guests(tx: &impl Read, invitation: Uuid) -> Result<Vec<Uuid>> {
    let rows = tx.scan(&GUESTS, Span::prefix(&invitation), usize::MAX)?;
    Ok(rows.into_iter().map(|((_, user), ())| user).collect())
}

/// Forgets that a person came by an invitation; says how many rows that were.
pub fn erase(tx: &mut WriteTx<'_>, user: &User) -> Result<usize> {
    match user.invitation {
        Some(invitation) => Ok(usize::from(tx.delete(&GUESTS, &(invitation, user.id))?)),
        None => Ok(0),
    }
}

/// Takes a person off the invitations that they made, and off those that name their address, which
/// nobody else may come by.
pub fn unname(tx: &mut WriteTx<'_>, user: Uuid, email: &str, now: Timestamp) -> Result<()> {
    for mut invitation in page(tx, None, usize::MAX)? {
        let named = invitation.address.as_deref();
        let named = named.is_some_and(|address| folded(address) == folded(email));
        let made = invitation.created_by == Some(user);
        if named {
            (invitation.address, invitation.note) = (None, None);
            invitation.revoked_at.get_or_insert(now);
        }
        if made {
            invitation.created_by = None;
        }
        if named || made {
            put(tx, &invitation)?;
        }
    }
    Ok(())
}

/// Revokes up to `limit` invitations that could still be used; returns how many.
pub fn revoke_some(tx: &mut WriteTx<'_>, now: Timestamp, limit: usize) -> Result<usize> {
    let open = |invitation: &Invitation| {
        invitation.revoked_at.is_none() && invitation.used < invitation.uses
    };
    let all = page(tx, None, usize::MAX)?;
    let mut revoked = 0;
    for mut invitation in all.into_iter().filter(open).take(limit) {
        invitation.revoked_at = Some(now);
        put(tx, &invitation)?;
        revoked += 1;
    }
    Ok(revoked)
}
