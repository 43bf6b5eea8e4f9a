//! SLICE: what somebody may use, what they used, and what they pay.
//!
//! Enter here: the ledger (`book`), the limits of a plan. Must stay true: what is used is booked in the
//! transaction that uses it; a limit is asked for before anything is spent; totals are the sums of rows.

mod day;
mod ledger;
mod plans;
mod trial;

pub use day::Day;
pub use ledger::{
    Amounts, Booking, CATALOGUE as LEDGER_CATALOGUE, Kind, Mismatch, Resource, Row, book, correct,
    day as amounts_of_day, days as amounts_of_days, erase as erase_ledger, open_with, rows,
    total as all_amounts, verify as verify_ledger,
};
pub use plans::{Limits, limits};
pub use trial::{CATALOGUE as TRIAL_CATALOGUE, erase as erase_trial, remind as remind_of_trials};
