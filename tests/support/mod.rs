//! What the tests stand on: the whole program under test, people who use it, a clock that stands
//! still, and a scripted model server.

pub mod app;
pub mod clock;
pub mod disk;
mod fake_model;
pub mod fake_ollama;
pub mod http;
pub mod people;
mod performance;
pub mod process;
pub mod redact;
pub mod routes;
pub mod script;
pub mod source;
