//! The tables of one-time links.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use storage::{Read, Record, Span, Table, TableInfo, WriteTx};
use uuid::Uuid;

use super::{Link, Purpose};
use crate::error::Result;

const LINKS: Table<(Uuid, Uuid), Link> = Table::new("auth_links");
const HASHES: Table<[u8; 32], Place> = Table::new("auth_link_hashes");

pub const CATALOGUE: [TableInfo; 2] = [
    LINKS
        .info("auth", "user, link", "purpose, address, token hash, times")
        .by_user(),
    HASHES.info("auth", "token hash", "user, link"),
];

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Place(Uuid, Uuid);

impl Record for Place {}

/// A link that ran out is kept this much longer, so that the page can say that it did.
const KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);

pub fn put(tx: &mut WriteTx<'_>, link: &Link) -> Result<()> {
    tx.put(&HASHES, &link.token_hash, &Place(link.user, link.id))?;
    Ok(tx.put(&LINKS, &(link.user, link.id), link)?)
}

pub fn get(tx: &impl Read, user: Uuid, id: Uuid) -> Result<Option<Link>> {
    Ok(tx.get(&LINKS, &(user, id))?)
}

pub fn by_hash(tx: &impl Read, hash: &[u8; 32]) -> Result<Option<Link>> {
    match tx.get(&HASHES, hash)? {
        Some(Place(user, id)) => get(tx, user, id),
        None => Ok(None),
    }
}

fn remove(tx: &mut WriteTx<'_>, link: &Link) -> Result<()> {
    tx.delete(&HASHES, &link.token_hash)?;
    tx.delete(&LINKS, &(link.user, link.id))?;
    Ok(())
}

fn of_user(tx: &impl Read, user: Uuid, limit: usize) -> Result<Vec<Link>> {
    let rows = tx.scan(&LINKS, Span::prefix(&user), limit)?;
    Ok(rows.into_iter().map(|(_, link)| link).collect())
}

/// Removes a user's open links of one purpose; used ones stay, so that the page can say so.
pub fn void(tx: &mut WriteTx<'_>, user: Uuid, purpose: Purpose) -> Result<()> {
    for link in of_user(tx, user, usize::MAX)? {
        if link.purpose == purpose && link.used_at.is_none() {
            remove(tx, &link)?;
        }
    }
    Ok(())
}

/// Removes up to `limit` links of a user; returns how many.
pub fn erase(tx: &mut WriteTx<'_>, user: Uuid, limit: usize) -> Result<usize> {
    let links = of_user(tx, user, limit)?;
    for link in &links {
        remove(tx, link)?;
    }
    Ok(links.len())
}

/// Removes up to `limit` links, whosever they are; returns how many.
pub fn end_some(tx: &mut WriteTx<'_>, limit: usize) -> Result<usize> {
    let links = tx.scan(&LINKS, Span::all(), limit)?;
    for (_, link) in &links {
        remove(tx, link)?;
    }
    Ok(links.len())
}

/// Removes links that ran out long ago.
pub fn sweep(tx: &mut WriteTx<'_>, now: Timestamp) -> Result<()> {
    let before = now.checked_sub(KEPT).unwrap_or(now);
    for (_, link) in tx.scan(&LINKS, Span::all(), usize::MAX)? {
        if link.expires_at < before {
            remove(tx, &link)?;
        }
    }
    Ok(())
}
