//! What the tests stand on: the whole program under test, people who use it, a clock that stands
//! still, a scripted model server, a scripted mail server and stand-ins for other services.

pub mod app;
pub mod at_once;
pub mod authenticator;
pub mod clock;
pub mod disk;
mod fake_embed;
mod fake_model;
pub mod fake_ollama;
pub mod http;
pub mod ledger;
pub mod people;
mod performance;
pub mod process;
pub mod programs;
pub mod provider;
mod provider_keys;
mod provider_routes;
pub mod rates;
pub mod records;
pub mod redact;
pub mod routes;
pub mod script;
pub mod smtp;
pub mod source;
pub mod stripe;
mod stripe_books;
mod stripe_routes;
pub mod surfer;
pub mod usage;
