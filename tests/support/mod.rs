//! What the tests stand on: a clock that stands still, and a scripted model server.

pub mod clock;
mod fake_model;
pub mod fake_ollama;
mod performance;
pub mod script;
