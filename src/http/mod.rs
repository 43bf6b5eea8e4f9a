//! FLOOR: what every route needs and no route should write again: bodies in and out, who is on the
//! other end of the connection, events that can be resumed, the embedded page.
//!
//! Slices may enter; nothing here knows a slice.

pub mod assets;
pub mod body;
pub mod briefly;
pub mod client;
pub mod counts;
pub mod events;
pub mod failure;
pub mod observe;
pub mod presence;
pub mod protect;
pub mod rate;
pub mod serve;
pub mod tally;
pub mod throttle;

pub use body::{Json, Path, Query};
pub use client::Client;
