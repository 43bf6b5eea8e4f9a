//! What somebody may use, how often and how much, what they used, and what they pay.

mod corrections;
mod everybody;
mod kept_rates;
mod networks;
mod plans;
mod rates;
mod usage;
