//! The table of signing keys' generations.

use storage::{Read, Record, Span, Table, TableInfo, WriteTx};

use super::Generation;
use crate::error::Result;

const KEYS: Table<u32, Generation> = Table::new("auth_signing_keys");

pub const CATALOGUE: [TableInfo; 1] = [KEYS.info(
    "auth",
    "generation",
    "salt of the signing keys, when it was made, when older ones end",
)];

impl Record for Generation {}

/// Oldest first.
pub fn all(tx: &impl Read) -> Result<Vec<Generation>> {
    let rows = tx.scan(&KEYS, Span::all(), usize::MAX)?;
    Ok(rows.into_iter().map(|(_, generation)| generation).collect())
}

pub fn put(tx: &mut WriteTx<'_>, generation: &Generation) -> Result<()> {
    Ok(tx.put(&KEYS, &generation.number, generation)?)
}

pub fn remove(tx: &mut WriteTx<'_>, number: u32) -> Result<()> {
    tx.delete(&KEYS, &number)?;
    Ok(())
}
