//! NovaCore: an AI companion that remembers you, on a machine you own. The map of the house is
//! `src/ARCHITECTURE.md`.

pub mod account;
pub mod app;
pub mod auth;
pub mod billing;
pub mod care;
pub mod chat;
pub mod cli;
pub mod clock;
pub mod config;
pub mod error;
pub mod http;
pub mod jobs;
pub mod lifecycle;
pub mod log;
pub mod memory;
pub mod metrics;
pub mod ops;
pub mod outside;
pub mod router;
pub mod schedule;
pub mod schema;
