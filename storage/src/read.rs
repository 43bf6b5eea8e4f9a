//! Reading: one set of functions, the same from a snapshot and from inside a write.
//!
//! What must stay true: every value that leaves this file had its checksum verified.

use std::cell::RefCell;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::ops::Bound;
use std::sync::Arc;

use redb::{ReadOnlyTable, ReadTransaction, ReadableTable, TableDefinition};

use crate::changes::{self, Change};
use crate::error::guarded;
use crate::key::{decode_whole, encoded};
use crate::span::Range;
use crate::table::Catalogue;
use crate::{Error, Key, Record, Span, Table, record};

/// In redb every table is bytes to bytes; the types are above it.
pub(crate) type Bytes = &'static [u8];

/// The redb table of that name.
pub(crate) const fn definition(name: &str) -> TableDefinition<'_, Bytes, Bytes> {
    TableDefinition::new(name)
}

/// Given a row's key and value; false ends the walk.
pub type Visitor<'v> = dyn FnMut(&[u8], &[u8]) -> Result<bool, Error> + 'v;

/// Reading bytes: what a snapshot and a write do differently. Not visible outside of the crate.
pub trait Raw {
    /// The value under `key`.
    fn fetch(&self, table: &'static str, key: &[u8]) -> Result<Option<Vec<u8>>, Error>;
    /// Shows rows to `visitor` until it says stop.
    fn visit(
        &self,
        table: &'static str,
        range: &Range,
        visitor: &mut Visitor<'_>,
    ) -> Result<(), Error>;
}

/// Reading tables, from a [`ReadTx`] or a [`WriteTx`](crate::WriteTx).
///
/// Every function here fails with `Error::UnknownTable` for a table outside of the catalogue, with
/// `Error::Corrupt` when bytes are not what was written, and with `Error::Io` when the disk fails.
pub trait Read: Raw {
    /// The value under a key.
    ///
    /// # Errors
    /// Those of the trait, and `Error::UnknownVersion`.
    fn get<K: Key, V: Record>(&self, table: &Table<K, V>, key: &K) -> Result<Option<V>, Error> {
        let key = encoded(key);
        self.fetch(table.name(), &key)?
            .map(|bytes| record::decode(table.name(), &key, &bytes))
            .transpose()
    }

    /// True when there is a value under the key; the value is read and checked, too.
    ///
    /// # Errors
    /// Those of the trait.
    fn contains<K: Key, V: Record>(&self, table: &Table<K, V>, key: &K) -> Result<bool, Error> {
        let key = encoded(key);
        self.fetch(table.name(), &key)?
            .map(|bytes| record::verify(table.name(), &key, &bytes))
            .transpose()
            .map(|found| found.is_some())
    }

    /// The first `limit` rows of a span, in its direction.
    ///
    /// # Errors
    /// Those of the trait, and `Error::UnknownVersion`.
    fn scan<K: Key, V: Record>(
        &self,
        table: &Table<K, V>,
        span: Span<K>,
        limit: usize,
    ) -> Result<Vec<(K, V)>, Error> {
        self.scan_where(table, span, limit, |_| true)
    }

    /// The first `limit` rows of a span whose values are `wanted`, in its direction. It walks over the
    /// others: the cost grows with them.
    ///
    /// # Errors
    /// Those of the trait, and `Error::UnknownVersion`.
    fn scan_where<K: Key, V: Record>(
        &self,
        table: &Table<K, V>,
        span: Span<K>,
        limit: usize,
        wanted: impl Fn(&V) -> bool,
    ) -> Result<Vec<(K, V)>, Error> {
        let mut rows = Vec::new();
        if limit == 0 {
            return Ok(rows);
        }
        self.visit(table.name(), &span.range, &mut |key, value| {
            let value = record::decode(table.name(), key, value)?;
            if wanted(&value) {
                rows.push((decode_whole(table.name(), key)?, value));
            }
            Ok(rows.len() < limit)
        })?;
        Ok(rows)
    }

    /// How many rows are in a span. It walks them: the cost grows with the answer.
    ///
    /// # Errors
    /// Those of the trait.
    fn count<K: Key, V: Record>(&self, table: &Table<K, V>, span: Span<K>) -> Result<u64, Error> {
        let mut rows = 0;
        self.visit(table.name(), &span.range, &mut |key, value| {
            record::verify(table.name(), key, value)?;
            rows += 1;
            Ok(true)
        })?;
        Ok(rows)
    }

    /// The changes recorded after batch `seq`, oldest first.
    ///
    /// Batches are never split: when there are more than `limit` changes, the answer ends with the
    /// batch in which the limit is reached, and may be longer by the rest of it. So the seq of the
    /// last change is always a good place to go on from.
    ///
    /// # Errors
    /// Those of the trait.
    fn changes_after(&self, seq: u64, limit: usize) -> Result<Vec<Change>, Error> {
        changes::after(self, seq, limit)
    }
}

/// A snapshot: it sees what was durable when it began, and nothing of what is written meanwhile.
pub struct ReadTx {
    transaction: ReadTransaction,
    catalogue: Arc<Catalogue>,
    /// Tables opened so far; opening one costs a walk through the tree of tables.
    tables: RefCell<HashMap<&'static str, ReadOnlyTable<Bytes, Bytes>>>,
    /// Held, never read: the file under it stays open as long as somebody reads.
    _reader: Option<Arc<()>>,
}

impl fmt::Debug for ReadTx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReadTx")
    }
}

impl ReadTx {
    pub(crate) fn new(
        transaction: ReadTransaction,
        catalogue: Arc<Catalogue>,
        reader: Option<Arc<()>>,
    ) -> Self {
        Self {
            transaction,
            catalogue,
            tables: RefCell::default(),
            _reader: reader,
        }
    }

    /// What redb sees, tables outside of the catalogue included.
    pub(crate) fn raw(&self) -> &ReadTransaction {
        &self.transaction
    }

    fn with_table<T>(
        &self,
        name: &'static str,
        work: impl FnOnce(&ReadOnlyTable<Bytes, Bytes>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        guarded(|| match self.tables.borrow_mut().entry(name) {
            Entry::Occupied(open) => work(open.get()),
            Entry::Vacant(vacant) => {
                self.catalogue.check(name)?;
                work(vacant.insert(self.transaction.open_table(definition(name))?))
            }
        })
    }
}

impl Raw for ReadTx {
    fn fetch(&self, table: &'static str, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        self.with_table(table, |table| fetch_from(table, key))
    }

    fn visit(
        &self,
        table: &'static str,
        range: &Range,
        visitor: &mut Visitor<'_>,
    ) -> Result<(), Error> {
        self.with_table(table, |table| visit_rows(table, range, visitor))
    }
}

impl Read for ReadTx {}

/// The value under `key` in an open table.
pub(crate) fn fetch_from(
    table: &impl ReadableTable<Bytes, Bytes>,
    key: &[u8],
) -> Result<Option<Vec<u8>>, Error> {
    Ok(table.get(key)?.map(|value| value.value().to_vec()))
}

/// Shows the rows of an open table to `visitor`.
pub(crate) fn visit_rows(
    table: &impl ReadableTable<Bytes, Bytes>,
    range: &Range,
    visitor: &mut Visitor<'_>,
) -> Result<(), Error> {
    if range.is_empty() {
        return Ok(());
    }
    let low = Bound::Included(range.low.as_slice());
    let high = range
        .high
        .as_deref()
        .map_or(Bound::Unbounded, Bound::Excluded);
    let mut rows = table.range::<&[u8]>((low, high))?;
    loop {
        let row = if range.descending {
            rows.next_back()
        } else {
            rows.next()
        };
        let Some(row) = row else { return Ok(()) };
        let (key, value) = row?;
        if !visitor(key.value(), value.value())? {
            return Ok(());
        }
    }
}
