//! What somebody may use, what they used, and what they pay.

mod mails;
mod trial;
