//! What somebody may use, how often and how much, what they used, and what they pay.

mod admin;
mod corrections;
mod everybody;
mod invoices;
mod journey;
mod kept_rates;
mod mails;
mod networks;
mod paying;
mod plans;
mod rates;
mod reconciling;
mod signatures;
mod stripe_client;
mod sync;
mod trial;
mod usage;
mod webhook;
