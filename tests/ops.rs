//! Keeping it alive: health and metrics, the commands, and the real binary from start to end.

mod commands;
mod control;
mod crash;
mod folders;
mod health;
mod metrics;
mod secrets;
mod serving;
