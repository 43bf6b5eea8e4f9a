//! Keeping it alive: health and metrics, the commands, and the real binary from start to end.

mod commands;
mod control;
mod crash;
mod damage;
pub mod data_commands;
mod folders;
mod formats;
mod full_disk;
mod health;
mod internal;
mod metrics;
mod nightly;
mod queue;
mod restoring;
mod secrets;
mod serving;
