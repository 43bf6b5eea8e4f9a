//! The promises of storage, one file per group of them. One binary, because linking is slow.
//!
//! No test here sleeps or measures time: what takes place elsewhere is waited for by its answer.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on should say so and stop"
)]

mod changes;
mod crash;
mod fuzz;
mod group_commit;
mod keys;
mod model;
mod opening;
mod power;
mod records;
mod recovery;
mod support;
mod text;
mod text_files;
mod text_model;
mod torture;
mod vector;
mod vector_building;
mod vector_files;
mod vector_graph;
mod vector_memory;
mod vector_owners;
