//! The table of memories whose text the decided model does not take.

use storage::{Read, Span, Table, TableInfo, WriteTx};
use uuid::Uuid;

use crate::error::Result;

const REFUSED: Table<(Uuid, u64), ()> = Table::new("memory_refused");

#[rustfmt::skip]
pub const CATALOGUE: [TableInfo; 1] = [
    REFUSED.info("memory", "user, place", "the decided model does not take its text").by_user(),
];

pub fn put(tx: &mut WriteTx<'_>, key: (Uuid, u64)) -> Result<()> {
    Ok(tx.put(&REFUSED, &key, &())?)
}

/// It is asked again, or gone.
pub fn delete(tx: &mut WriteTx<'_>, key: (Uuid, u64)) -> Result<()> {
    Ok(tx.delete(&REFUSED, &key).map(drop)?)
}

/// How many there are, of this user or of all.
pub fn count(tx: &impl Read, user: Option<Uuid>) -> Result<u64> {
    let span = user.map_or_else(Span::all, |user| Span::prefix(&user));
    Ok(tx.count(&REFUSED, span)?)
}

/// Removes some of what an account that is being deleted has here; how many rows.
pub fn erase(tx: &mut WriteTx<'_>, user: Uuid, limit: usize) -> Result<usize> {
    Ok(tx.delete_some(&REFUSED, Span::prefix(&user), limit)?)
}
