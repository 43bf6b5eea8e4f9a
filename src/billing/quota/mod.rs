//! Quotas: what is reserved before it is spent, and given back or booked afterwards.
//!
//! Must stay true: a turn reserves in the transaction that admits it, so that turns begun at once cannot
//! pass a limit together; its reservation goes in the transaction that books what it used.

mod calibration;
mod hold;
mod memory;
mod refusal;
mod reserve;
mod settle;
mod store;
mod view;
mod warning;

pub use hold::Hold;
pub use memory::{book_background, book_memory, can_remember, room_for};
pub use reserve::{Asked, hold_on, note_written, release, reserve};
pub use settle::{Charged, Spent, settle};
pub use store::{CATALOGUE, all as reserved, erase};
pub use view::{Meter, Quota, view};
pub use warning::{QuotaWarning, warn};
