//! What somebody may use: how often, how much, and what they pay.

mod kept_rates;
mod networks;
mod rates;
