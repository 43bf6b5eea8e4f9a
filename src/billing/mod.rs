//! SLICE: what somebody may use, what they used, and what they pay.
//!
//! Enter here: the ledger (`book`), the limits of a plan, and of a turn `reserve`, `hold_on`, `settle`. Must
//! stay true: what is used is booked in the transaction that uses it; a limit is asked for before anything
//! is spent; totals are the sums of rows.

mod day;
mod ledger;
mod moment;
mod plans;
mod quota;

pub use day::Day;
pub use ledger::{
    Amounts, Booking, CATALOGUE as LEDGER_CATALOGUE, Kind, Mismatch, Resource, Row, Total,
    Verified, book, correct, day as amounts_of_day, days as amounts_of_days, erase as erase_ledger,
    open_with, rows, total as all_amounts, verify as verify_ledger,
};
pub use moment::Moment;
pub use plans::{Limits, limits};
pub use quota::{
    Asked, CATALOGUE as QUOTA_CATALOGUE, Charged, Hold, Limited, Meter, Quota, QuotaWarning, Spent,
    book_background, book_memory, can_remember, erase as erase_quota, hold_on, release, reserve,
    reserved, settle, view as quota, warn,
};
