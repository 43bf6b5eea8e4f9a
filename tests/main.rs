//! The one integration binary: a file per slice or floor room, on the shared support.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that meets the unexpected has failed"
)]

mod support;

mod access;
mod account;
mod architecture;
mod auth;
mod billing;
mod chat;
mod http;
mod journeys;
mod memory;

mod ops;
mod outside;
