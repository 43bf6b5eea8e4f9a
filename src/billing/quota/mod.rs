//! Quotas: what is reserved before it is spent, and given back or booked afterwards.
//!
//! Must stay true: a turn reserves in the transaction that admits it, so that turns begun at once cannot
//! pass a limit together; its reservation goes in the transaction that books what it used.

mod store;
mod view;

pub use store::{CATALOGUE, erase};
pub use view::{Meter, Quota, view};
