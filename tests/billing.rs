//! What somebody may use, what they used, and what they pay.

mod corrections;
mod everybody;
mod plans;
mod shell;
mod usage;
