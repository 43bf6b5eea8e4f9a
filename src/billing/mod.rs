//! SLICE: what somebody may use, what they used, and what they pay.
//!
//! Enter here: the ledger (`book`), the limits of a plan, and of a turn `reserve`, `hold_on`, `settle`. Must
//! stay true: what is used is booked in the transaction that uses it; a limit is asked for before anything
//! is spent; totals are the sums of rows.

mod admin;
mod customers;
mod day;
mod health;
mod ledger;
mod moment;
mod news;
mod paying;
mod plans;
mod plans_list;
mod quota;
mod rates;
mod reconcile;
mod shell;
mod sync;
mod trial;
mod usage;
mod webhook;

// What somebody may use.
pub use day::Day;
pub use moment::Moment;
pub use plans::{Limits, limits};
pub use quota::{
    Asked, CATALOGUE as QUOTA_CATALOGUE, Charged, Hold, Meter, Quota, QuotaWarning, Spent,
    book_background, book_memory, can_remember, erase as erase_quota, hold_on, note_written,
    release, reserve, reserved, room_for, settle, view as quota, warn,
};
pub use rates::{
    CATALOGUE as RATES_CATALOGUE, Costly, Searching, admit_export, erase as erase_rates,
    keep_rates, load_rates, store_rates, sweep_rates,
};

// What they used.
pub use ledger::{
    Amounts, Booking, CATALOGUE as LEDGER_CATALOGUE, Kind, Mismatch, Resource, Row, Total,
    Verified, book, correct, day as amounts_of_day, days as amounts_of_days, erase as erase_ledger,
    open_with, rows, total as all_amounts, verify as verify_ledger,
};
pub use usage::admin::of_today as used_today;

// What they pay.
pub use admin::greet;
pub use customers::{
    CATALOGUE as CUSTOMERS_CATALOGUE, Customer, Mirrored, counting, customers,
    erase as erase_customers, invoices, known as known_customer, last_reconcile_at,
};
pub use health::{How as BillingHow, health as how};
pub use news::Change;
pub use reconcile::{END, end_job, keep as keep_reconciling, leave, run as reconcile};
pub use shell::resync as resync_in_words;
pub use sync::{KIND as SYNC, job as sync_job, now as sync_now};
pub use trial::{CATALOGUE as TRIAL_CATALOGUE, erase as erase_trial, remind as remind_of_trials};
pub use webhook::{
    CATALOGUE as EVENTS_CATALOGUE, EventRow, EventState, count as count_events, get as event,
    last_at as last_event_at, list as events, retry as retry_event, sweep as sweep_events,
    unname as unname_events,
};

pub mod routes {
    //! The handlers, each with its description (`__path_`), as the router and the OpenAPI document name
    //! them.
    pub use crate::billing::paying::{
        __path_checkout, __path_invoices, __path_portal, __path_refresh, __path_subscription,
        checkout, invoices, portal, refresh, subscription,
    };
    pub use crate::billing::webhook::{__path_receive, receive};

    pub mod admin {
        pub use crate::billing::admin::*;
    }
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
