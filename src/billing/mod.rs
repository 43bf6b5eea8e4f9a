//! SLICE: what somebody may use, what they used, and what they pay.
//!
//! Enter here: the ledger (`book`), the limits of a plan. Must stay true: what is used is booked in the
//! transaction that uses it; a limit is asked for before anything is spent; totals are the sums of rows.

mod day;
mod ledger;
mod plans;
mod rates;
mod plans_list;
mod quota;
mod usage;

pub use day::Day;
pub use ledger::{
    Amounts, Booking, CATALOGUE as LEDGER_CATALOGUE, Kind, Mismatch, Resource, Row, book, correct,
    day as amounts_of_day, days as amounts_of_days, erase as erase_ledger, open_with, rows,
    total as all_amounts, verify as verify_ledger,
};
pub use plans::{Limits, limits};
pub use rates::{
    CATALOGUE as RATES_CATALOGUE, Costly, Searching, admit_export, erase as erase_rates,
    keep_rates, load_rates, store_rates, sweep_rates,
};
pub use quota::{CATALOGUE as QUOTA_CATALOGUE, Meter, Quota, erase as erase_quota, view as quota};

// What is told to those who watch the server.
pub use usage::admin::of_today as used_today;

pub mod routes {
    //! The handlers, each with its description (`__path_`), as the router and the OpenAPI document name
    //! them.

    pub mod plans {
        pub use crate::billing::plans_list::{__path_plans, plans};
    }
    pub mod usage {
        pub use crate::billing::usage::admin::{__path_all, __path_one, all, one};
        pub use crate::billing::usage::correct::{__path_correct, correct};
        pub use crate::billing::usage::export::{__path_export, export};
        pub use crate::billing::usage::list::{__path_list, list};
        pub use crate::billing::usage::own::{
            __path_history, __path_quota, __path_stats, history, quota, stats,
        };
    }
}
