//! The tables of vectors: whose, of which place and piece, and by which model; what has none yet; and which
//! model was decided.
//!
//! Must stay true: a vector is read only together with the decision whose model made it.

use serde::de::{Error as _, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use storage::{Read, Record, Span, Table, TableInfo, WriteTx};
use uuid::Uuid;

use super::decision::Decision;
use crate::error::Result;

const VECTORS: Table<(Uuid, u64, u8), Row> = Table::new("memory_vectors");
const WAITING: Table<(Uuid, u64), ()> = Table::new("memory_waiting");
const DECISION: Table<u32, Decision> = Table::new("memory_embedding");

#[rustfmt::skip]
pub const CATALOGUE: [TableInfo; 3] = [
    VECTORS.info("memory", "user, place, piece", "what a piece of a memory means to a model").by_user(),
    WAITING.info("memory", "user, place", "has no vector of the decided model yet").by_user(),
    DECISION.info("memory", "0", "which model memories are embedded with"),
];

/// A vector, and which decision's model made it.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Row {
    tag: u32,
    numbers: Numbers,
}

impl Record for Row {}

/// Stored as the bytes of its numbers, little endian.
#[derive(Clone, Debug, PartialEq)]
struct Numbers(Vec<f32>);

impl Serialize for Numbers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let bytes: Vec<u8> = self.0.iter().flat_map(|x| x.to_le_bytes()).collect();
        serializer.serialize_bytes(&bytes)
    }
}

impl<'de> Deserialize<'de> for Numbers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Numbers;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("the bytes of numbers")
            }

            fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Numbers, E> {
                let (numbers, rest) = bytes.as_chunks::<4>();
                if !rest.is_empty() {
                    return Err(E::custom("a number is cut off"));
                }
                Ok(Numbers(
                    numbers.iter().map(|x| f32::from_le_bytes(*x)).collect(),
                ))
            }
        }
        deserializer
            .deserialize_bytes(Bytes)
            .map_err(D::Error::custom)
    }
}

pub fn decision(tx: &impl Read) -> Result<Option<Decision>> {
    Ok(tx.get(&DECISION, &0)?)
}

pub fn put_decision(tx: &mut WriteTx<'_>, decision: &Decision) -> Result<()> {
    Ok(tx.put(&DECISION, &0, decision)?)
}

pub fn put_vector(
    tx: &mut WriteTx<'_>,
    (user, place, piece): (Uuid, u64, u8),
    tag: u32,
    numbers: Vec<f32>,
) -> Result<()> {
    let numbers = Numbers(numbers);
    Ok(tx.put(&VECTORS, &(user, place, piece), &Row { tag, numbers })?)
}

/// Removes all vectors of a place; how many.
pub fn delete_vectors(tx: &mut WriteTx<'_>, user: Uuid, place: u64) -> Result<u64> {
    Ok(tx.delete_span(&VECTORS, Span::prefix(&(user, place)))?)
}

/// The vector of one piece, if this decision's model made it.
pub fn vector(tx: &impl Read, key: (Uuid, u64, u8), tag: u32) -> Result<Option<Vec<f32>>> {
    let row = tx.get(&VECTORS, &key)?.filter(|row| row.tag == tag);
    Ok(row.map(|row| row.numbers.0))
}

/// Whether a place has a vector of this decision's model.
pub fn has_vector(tx: &impl Read, (user, place): (Uuid, u64), tag: u32) -> Result<bool> {
    let rows = tx.scan(&VECTORS, Span::prefix(&(user, place)), 1)?;
    Ok(rows.first().is_some_and(|(_, row)| row.tag == tag))
}

/// All pieces of a place that this decision's model made.
pub fn of_place(tx: &impl Read, user: Uuid, place: u64, tag: u32) -> Result<Vec<(u8, Vec<f32>)>> {
    let rows = tx.scan(&VECTORS, Span::prefix(&(user, place)), usize::MAX)?;
    let own = rows.into_iter().filter(|(_, row)| row.tag == tag);
    Ok(own
        .map(|((_, _, piece), row)| (piece, row.numbers.0))
        .collect())
}

/// A piece of somebody's with its vector.
pub type Piece = ((u64, u8), Vec<f32>);

/// Vectors of a user from after `after`, of whatever model; with whether it is of this decision's.
pub fn some_after(
    tx: &impl Read,
    user: Uuid,
    after: Option<(u64, u8)>,
    limit: usize,
) -> Result<Vec<(u32, Piece)>> {
    let mut span = Span::prefix(&user);
    if let Some((place, piece)) = after {
        span = span.after(&(user, place, piece));
    }
    pieces(tx, span, limit)
}

fn pieces(tx: &impl Read, span: Span<(Uuid, u64, u8)>, limit: usize) -> Result<Vec<(u32, Piece)>> {
    let rows = tx.scan(&VECTORS, span, limit)?;
    Ok(rows
        .into_iter()
        .map(|((_, place, piece), row)| (row.tag, ((place, piece), row.numbers.0)))
        .collect())
}

/// Vectors of what was said together, of places from `first` to `last` from after `after`, of whatever model.
pub fn of_group(
    tx: &impl Read,
    user: Uuid,
    (first, last): (u64, u64),
    (after, limit): (Option<(u64, u8)>, usize),
) -> Result<Vec<(u32, Piece)>> {
    let mut span = Span::prefix(&user)
        .from(&(user, first))
        .until(&(user, last));
    if let Some((place, piece)) = after {
        span = span.after(&(user, place, piece));
    }
    pieces(tx, span, limit)
}

pub fn has_vectors(tx: &impl Read, user: Uuid) -> Result<bool> {
    Ok(!tx.scan(&VECTORS, Span::prefix(&user), 1)?.is_empty())
}

pub fn put_waiting(tx: &mut WriteTx<'_>, user: Uuid, place: u64) -> Result<()> {
    Ok(tx.put(&WAITING, &(user, place), &())?)
}

pub fn delete_waiting(tx: &mut WriteTx<'_>, user: Uuid, place: u64) -> Result<bool> {
    Ok(tx.delete(&WAITING, &(user, place))?)
}

/// The next user after this one for whom something waits; after the last one the first.
pub fn next_waiting(tx: &impl Read, after: Option<Uuid>) -> Result<Option<Uuid>> {
    let first = |span| {
        let rows = tx.scan(&WAITING, span, 1)?;
        Ok(rows.first().map(|((user, _), ())| *user))
    };
    let next = match after {
        Some(user) => first(Span::all().after(&user))?,
        None => None,
    };
    match next {
        Some(user) => Ok(Some(user)),
        None => first(Span::all()),
    }
}

/// Places of a user that wait, the first ones.
pub fn waiting(tx: &impl Read, user: Uuid, limit: usize) -> Result<Vec<u64>> {
    let rows = tx.scan(&WAITING, Span::prefix(&user), limit)?;
    Ok(rows.into_iter().map(|((_, place), ())| place).collect())
}

/// How many wait, of this user or of all.
pub fn count_waiting(tx: &impl Read, user: Option<Uuid>) -> Result<u64> {
    let span = user.map_or_else(Span::all, |user| Span::prefix(&user));
    Ok(tx.count(&WAITING, span)?)
}

/// Removes some of what an account that is being deleted has here; how many rows.
pub fn erase(tx: &mut WriteTx<'_>, user: Uuid, limit: usize) -> Result<usize> {
    let removed = tx.delete_some(&WAITING, Span::prefix(&user), limit)?;
    let left = limit.saturating_sub(removed);
    Ok(removed + tx.delete_some(&VECTORS, Span::prefix(&user), left)?)
}
