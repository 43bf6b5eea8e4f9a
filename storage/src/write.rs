//! One batch of writes, and what one closure of it may do.
//!
//! The closures of a batch run one after the other against one redb transaction; each sees what the
//! earlier ones wrote. What must stay true:
//! * every change of a table goes through [`WriteTx::apply`], with its absolute value, and is in `ops`:
//!   that list is the whole truth of the batch, and what the journal appends;
//! * a closure that fails is undone from that list, in reverse;
//! * when redb itself fails, the batch is lost as a whole, whatever a closure makes of the error.

use std::cell::RefCell;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;

use redb::WriteTransaction;

use crate::changes::{self, CHANGES, Row};
use crate::error::{caught, guarded};
use crate::journal::frame;
use crate::key::encoded;
use crate::read::{Bytes, Raw, Visitor, definition, fetch_from, visit_rows};
use crate::span::Range;
use crate::table::Catalogue;
use crate::{Error, Key, Read, Record, Span, Table, record};

/// Rows that are collected before they are deleted, so that a large span needs little memory at a time.
const DELETE_CHUNK: usize = 1024;

/// One change of one row.
struct Op {
    table: &'static str,
    key: Vec<u8>,
    /// The value from now on; none means deleted.
    new: Option<Vec<u8>>,
    /// The value before, for undoing; dropped once the closure has succeeded.
    old: Option<Vec<u8>>,
}

/// A transaction that writes. Everything a closure does with it becomes durable together, or not at all.
pub struct WriteTx<'t> {
    transaction: &'t WriteTransaction,
    catalogue: &'t Catalogue,
    tables: RefCell<HashMap<&'static str, redb::Table<'t, Bytes, Bytes>>>,
    seq: u64,
    ops: Vec<Op>,
    bytes: usize,
    changes: u32,
    trim: Option<u64>,
    failure: RefCell<Option<Error>>,
}

/// Where a closure began, to go back there.
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    ops: usize,
    changes: u32,
    trim: Option<u64>,
}

impl fmt::Debug for WriteTx<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteTx").field("seq", &self.seq).finish()
    }
}

impl WriteTx<'_> {
    /// Stores a value, over an older one if there is one.
    ///
    /// # Errors
    /// `Error::UnknownTable`, `Error::Unstorable`, or what the disk says.
    pub fn put<K: Key, V: Record>(
        &mut self,
        table: &Table<K, V>,
        key: &K,
        value: &V,
    ) -> Result<(), Error> {
        let key = encoded(key);
        let value = record::encode(&key, value)?;
        self.apply(table.name(), key, Some(value)).map(|_| ())
    }

    /// Deletes a row; false when there was none.
    ///
    /// # Errors
    /// `Error::UnknownTable`, or what the disk says.
    pub fn delete<K: Key, V: Record>(
        &mut self,
        table: &Table<K, V>,
        key: &K,
    ) -> Result<bool, Error> {
        self.apply(table.name(), encoded(key), None)
    }

    /// Deletes all rows of a span and says how many they were.
    ///
    /// A batch is held in memory until it is durable: delete very large spans in several writes.
    ///
    /// # Errors
    /// `Error::UnknownTable`, or what the disk says.
    pub fn delete_span<K: Key, V: Record>(
        &mut self,
        table: &Table<K, V>,
        span: Span<K>,
    ) -> Result<u64, Error> {
        let Span { range, .. } = span;
        self.remove_range(table.name(), &range, usize::MAX)
    }

    /// Removes up to `limit` rows of a span, the first ones, and says how many they were: for spans that
    /// are too large for one batch.
    ///
    /// # Errors
    /// What the disk says.
    pub fn delete_some<K: Key, V: Record>(
        &mut self,
        table: &Table<K, V>,
        span: Span<K>,
        limit: usize,
    ) -> Result<usize, Error> {
        let Span { range, .. } = span;
        let removed = self.remove_range(table.name(), &range, limit)?;
        Ok(usize::try_from(removed).unwrap_or(limit))
    }

    /// Adds a row to the change feed, durable together with the change it tells of.
    ///
    /// # Errors
    /// What the disk says.
    pub fn record_change(&mut self, feed: &str, key: &[u8]) -> Result<(), Error> {
        let place = (self.seq, self.changes);
        let row = Row {
            feed: feed.to_owned(),
            key: key.to_owned(),
        };
        self.put(&CHANGES, &place, &row)?;
        self.changes += 1;
        Ok(())
    }

    /// Forgets the changes up to and including batch `up_to_seq`, once every derived index has them.
    /// One batch forgets a few thousand at most; the rest goes with the next call.
    pub fn trim_changes(&mut self, up_to_seq: u64) {
        self.trim = self.trim.max(Some(up_to_seq));
    }

    /// The seq of the batch in which this write will become durable.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// Deletes up to `limit` rows of a range and says how many they were.
    pub(crate) fn remove_range(
        &mut self,
        table: &'static str,
        range: &Range,
        limit: usize,
    ) -> Result<u64, Error> {
        let mut deleted = 0;
        let mut left = limit;
        while left > 0 {
            let mut keys = Vec::new();
            self.visit(table, range, &mut |key, _| {
                keys.push(key.to_vec());
                Ok(keys.len() < left.min(DELETE_CHUNK))
            })?;
            if keys.is_empty() {
                break;
            }
            left -= keys.len();
            for key in keys {
                deleted += u64::from(self.apply(table, key, None)?);
            }
        }
        Ok(deleted)
    }

    /// The one place that changes a row; true when there was a value before.
    fn apply(
        &mut self,
        table: &'static str,
        key: Vec<u8>,
        new: Option<Vec<u8>>,
    ) -> Result<bool, Error> {
        let old = self.with_table(table, |table| replace(table, &key, new.as_deref()))?;
        let existed = old.is_some();
        if existed || new.is_some() {
            self.bytes += key.len() + new.as_ref().map_or(0, Vec::len);
            self.ops.push(Op {
                table,
                key,
                new,
                old,
            });
        }
        Ok(existed)
    }
}

/// What the writer thread does with a batch.
impl<'t> WriteTx<'t> {
    pub(crate) fn new(
        transaction: &'t WriteTransaction,
        catalogue: &'t Catalogue,
        seq: u64,
    ) -> Self {
        Self {
            transaction,
            catalogue,
            tables: RefCell::default(),
            seq,
            ops: Vec::new(),
            bytes: 0,
            changes: 0,
            trim: None,
            failure: RefCell::default(),
        }
    }

    /// Bytes of keys and values written so far.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn mark(&self) -> Mark {
        Mark {
            ops: self.ops.len(),
            changes: self.changes,
            trim: self.trim,
        }
    }

    /// Keeps what was done since `mark`: it will not be undone any more.
    pub(crate) fn keep(&mut self, mark: Mark) {
        for op in &mut self.ops[mark.ops..] {
            op.old = None;
        }
    }

    /// Undoes what was done since `mark`, newest first.
    pub(crate) fn undo(&mut self, mark: Mark) {
        for op in self.ops.split_off(mark.ops).into_iter().rev() {
            self.bytes = self
                .bytes
                .saturating_sub(op.key.len() + op.new.as_ref().map_or(0, Vec::len));
            let undone =
                self.with_table(op.table, |table| replace(table, &op.key, op.old.as_deref()));
            if undone.is_err() {
                break; // with_table has noted the failure, and with it the batch is lost.
            }
        }
        self.changes = mark.changes;
        self.trim = mark.trim;
    }

    pub(crate) fn has_written(&self) -> bool {
        !self.ops.is_empty()
    }

    /// Does what [`WriteTx::trim_changes`] asked for.
    pub(crate) fn trim(&mut self) -> Result<(), Error> {
        self.trim.map_or(Ok(()), |seq| changes::trim(self, seq))
    }

    /// The batch as of `ms`, ready to be committed, unless redb failed on the way.
    pub(crate) fn finish(self, ms: u64) -> Result<Batch, Error> {
        match self.failure.into_inner() {
            Some(failure) => Err(failure),
            None => Ok(Batch {
                seq: self.seq,
                ms,
                recorded_changes: self.changes > 0,
                ops: self.ops,
            }),
        }
    }

    /// Works on an open redb table. A failure in here is redb's, and is kept: the batch cannot be
    /// trusted after it.
    fn with_table<T>(
        &self,
        name: &'static str,
        work: impl FnOnce(&mut redb::Table<'t, Bytes, Bytes>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.catalogue.check(name)?;
        let outcome = guarded(|| match self.tables.borrow_mut().entry(name) {
            Entry::Occupied(open) => work(open.into_mut()),
            Entry::Vacant(vacant) => {
                work(vacant.insert(self.transaction.open_table(definition(name))?))
            }
        });
        if let Err(failure) = &outcome {
            self.failure
                .borrow_mut()
                .get_or_insert_with(|| failure.clone());
        }
        outcome
    }
}

/// What the closures of a batch have done: all there is to make durable.
pub(crate) struct Batch {
    pub(crate) seq: u64,
    /// When it was written, in milliseconds since 1970.
    pub(crate) ms: u64,
    pub(crate) recorded_changes: bool,
    ops: Vec<Op>,
}

impl Batch {
    pub(crate) fn is_empty(&self) -> bool {
        self.ops.is_empty()
    }

    /// The body of its record in the journal.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, Error> {
        frame::encode_ops(self.ops.iter().map(|op| frame::Op {
            table: op.table,
            key: &op.key,
            value: op.new.as_deref(),
        }))
    }
}

fn replace(
    table: &mut redb::Table<'_, Bytes, Bytes>,
    key: &[u8],
    value: Option<&[u8]>,
) -> Result<Option<Vec<u8>>, Error> {
    let old = match value {
        Some(value) => table.insert(key, value)?,
        None => table.remove(key)?,
    };
    Ok(old.map(|old| old.value().to_vec()))
}

impl Raw for WriteTx<'_> {
    fn fetch(&self, table: &'static str, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        self.with_table(table, |table| fetch_from(table, key))
    }

    fn visit(
        &self,
        table: &'static str,
        range: &Range,
        visitor: &mut Visitor<'_>,
    ) -> Result<(), Error> {
        // The visitor's own failure, a damaged row or a panic of an upgrade, is the closure's to
        // handle: it must not look like redb's, which would cost the neighbours their writes.
        let mut refused = None;
        self.with_table(table, |table| {
            visit_rows(table, range, &mut |key, value| {
                caught(|| visitor(key, value)).or_else(|error| {
                    refused = Some(error);
                    Ok(false)
                })
            })
        })?;
        refused.map_or(Ok(()), Err)
    }
}

impl Read for WriteTx<'_> {}
