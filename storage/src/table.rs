//! Tables: a name with the types of its keys and values, and the catalogue of all names.

use std::collections::HashSet;
use std::marker::PhantomData;

use crate::changes::CHANGES;
use crate::keep::SCRUB;
use crate::key::decode_whole;
use crate::live::META;
use crate::{Error, Key, Record, record};

/// Tables of this crate begin with this; the catalogue's may not.
const RESERVED: &str = "storage.";

/// Reads a row, given the table's name, the key and the value.
type Decode = fn(&str, &[u8], &[u8]) -> Result<(), Error>;

/// One row of the catalogue: a table's name and, for whoever reads it, what is in the table.
#[derive(Debug, Clone, Copy)]
pub struct TableInfo {
    /// Name of the table; it is in the file, so changing it needs a migration.
    pub name: &'static str,
    /// The part of the program that alone reads and writes it.
    pub owner: &'static str,
    /// What the key consists of.
    pub key: &'static str,
    /// What the value is.
    pub value: &'static str,
    /// True when the key begins with the user whose row it is.
    pub by_user: bool,
    /// Reads a row as the types of the table say; for the check.
    pub(crate) decode: Decode,
}

impl TableInfo {
    /// Says that the keys begin with the id of the user whose rows they are.
    #[must_use]
    pub const fn by_user(mut self) -> Self {
        self.by_user = true;
        self
    }
}

/// The typed name of a table: `const USERS: Table<Uuid, User> = Table::new("auth.users");`
#[derive(Debug)]
pub struct Table<K, V> {
    name: &'static str,
    types: PhantomData<fn() -> (K, V)>,
}

impl<K: Key, V: Record> Table<K, V> {
    /// Names a table. It must be in the catalogue given to `Store::open`.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            types: PhantomData,
        }
    }

    /// The table's row of the catalogue.
    #[must_use]
    pub const fn info(
        &self,
        owner: &'static str,
        key: &'static str,
        value: &'static str,
    ) -> TableInfo {
        TableInfo {
            name: self.name,
            owner,
            key,
            value,
            by_user: false,
            decode: decode_row::<K, V>,
        }
    }

    /// The name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }
}

/// Reads a row as the types of its table say.
fn decode_row<K: Key, V: Record>(table: &str, key: &[u8], value: &[u8]) -> Result<(), Error> {
    decode_whole::<K>(table, key)?;
    record::decode::<V>(table, key, value).map(|_| ())
}

/// The tables a transaction may open.
#[derive(Debug)]
pub(crate) struct Catalogue {
    names: HashSet<&'static str>,
    tables: Vec<TableInfo>,
}

impl Catalogue {
    /// The declared tables and this crate's own; a name that is there twice or reserved is an error.
    pub(crate) fn new(declared: &[TableInfo]) -> Result<Self, Error> {
        let mut tables = vec![
            META.info("storage", "0", "format, last batch, lineage"),
            CHANGES.info("storage", "batch, place in it", "what changed"),
            SCRUB.info("storage", "0", "the last scrub"),
        ];
        let mut names: HashSet<_> = tables.iter().map(|table| table.name).collect();
        for table in declared {
            if table.name.starts_with(RESERVED) || !names.insert(table.name) {
                let reason = format!("the table name {} is taken", table.name);
                return Err(Error::Misdeclared { reason });
            }
            tables.push(*table);
        }
        Ok(Self { names, tables })
    }

    pub(crate) fn check(&self, name: &str) -> Result<(), Error> {
        if self.names.contains(name) {
            return Ok(());
        }
        Err(Error::UnknownTable {
            table: name.to_owned(),
        })
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.tables.iter().map(|table| table.name)
    }

    pub(crate) fn tables(&self) -> &[TableInfo] {
        &self.tables
    }
}
