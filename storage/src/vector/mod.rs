//! Vectors, per owner, in memory: a cache over the caller's rows that can be thrown away at any time.
//!
//! | file | what it is for |
//! |---|---|
//! | `row.rs` | a vector as bytes with one scale, and the product of two of them |
//! | `block.rs` | all vectors of one owner side by side; looks at each: exact |
//! | `best.rs` | the best few of many |
//! | `graph.rs` | an approximate graph for owners with very many |
//! | `dump.rs` | a graph on disk, refused unless every byte is what was written |
//! | `entry.rs` | one owner in memory: loaded once, told of every change |
//! | `vectors.rs` | the door: owners in memory within a budget |
//! | `building.rs` | graphs made beside the searches, and their files |
//!
//! No rows are kept here and no table is read: the caller loads an owner with a closure and tells of
//! what changed. What must stay true:
//! * one owner's vectors are never looked at for another;
//! * vectors of different models or dimensions are never compared;
//! * the block is always there and always whole, so that a graph that is missing, being made, damaged
//!   or short of results costs time, never a result;
//! * what a file says is believed only after its checksums, and then only about how rows lie to each
//!   other: which rows an owner has, and what they are called, is always the caller's word.

mod best;
mod block;
mod building;
mod dump;
mod entry;
mod graph;
mod row;
mod vectors;

pub use block::Block;
pub use building::Built;
pub use graph::Graph;
pub use vectors::{Loaded, Query, Usage, Vectors};

/// What a vector belongs to: a place among its owner's, and a piece of what is there.
pub type Label = (u64, u8);

/// A vector that was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Near {
    /// Whose vector it is.
    pub label: Label,
    /// Cosine between it and the query. Of bytes it is off by up to some 0.01 and may pass 1 by as much.
    pub cosine: f32,
}
