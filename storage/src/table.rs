//! Tables: a name with the types of its keys and values, and the catalogue of all names.

use std::collections::HashSet;
use std::marker::PhantomData;

use crate::changes::CHANGES;
use crate::live::META;
use crate::{Error, Key, Record};

/// Tables of this crate begin with this; the catalogue's may not.
const RESERVED: &str = "storage.";

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

    /// The name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }
}

/// The names a transaction may open.
#[derive(Debug)]
pub(crate) struct Catalogue(HashSet<&'static str>);

impl Catalogue {
    /// The declared tables and this crate's own; a name that is there twice or reserved is an error.
    pub(crate) fn new(declared: &[TableInfo]) -> Result<Self, Error> {
        let mut names = HashSet::from([META.name(), CHANGES.name()]);
        for table in declared {
            if table.name.starts_with(RESERVED) || !names.insert(table.name) {
                let reason = format!("the table name {} is taken", table.name);
                return Err(Error::Misdeclared { reason });
            }
        }
        Ok(Self(names))
    }

    pub(crate) fn check(&self, name: &str) -> Result<(), Error> {
        if self.0.contains(name) {
            return Ok(());
        }
        Err(Error::UnknownTable {
            table: name.to_owned(),
        })
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().copied()
    }
}
