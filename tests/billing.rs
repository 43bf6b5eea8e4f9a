//! What somebody may use, and what they pay.

mod reconciling;
mod signatures;
mod stripe_client;
mod sync;
mod webhook;
