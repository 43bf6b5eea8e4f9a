//! What somebody may use, what they used, and what they pay.

mod admin;
mod invoices;
mod journey;
mod mails;
mod paying;
mod reconciling;
mod signatures;
mod stripe_client;
mod sync;
mod trial;
mod webhook;
