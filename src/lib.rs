//! NovaCore: an AI companion that remembers you, on a machine you own. The map of the house is
//! `src/ARCHITECTURE.md`.

pub mod clock;
pub mod config;
pub mod error;
pub mod outside;
