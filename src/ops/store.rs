//! The table about looking after the data.

use storage::{Read, Record, Table, TableInfo, WriteTx};

use crate::care::Backups;
use crate::error::Result;

const BACKUPS: Table<u8, Backups> = Table::new("ops_backups");

pub const CATALOGUE: [TableInfo; 1] = [BACKUPS.info(
    "ops",
    "0",
    "last backup, last good backup, since when they are due",
)];

impl Record for Backups {}

pub fn backups(tx: &impl Read) -> Result<Backups> {
    Ok(tx.get(&BACKUPS, &0)?.unwrap_or_default())
}

pub fn put_backups(tx: &mut WriteTx<'_>, backups: &Backups) -> Result<()> {
    Ok(tx.put(&BACKUPS, &0, backups)?)
}
