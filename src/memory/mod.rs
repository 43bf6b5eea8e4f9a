//! SLICE: remembering. Every turn is a memory; the best few of earlier conversations come back into
//! the prompt as quoted, dated data.
//!
//! Enter here: `remember`, `recall`, `forget_*`, and the handlers. Must stay true: a memory is stored
//! in the transaction of the turn it comes from, before any model is asked anything; it is found only
//! by its owner; the text index is a cache that can be deleted at any time.

mod agree;
mod checked;
mod figures;
mod filter;
mod follow;
mod manage;
mod opening;
mod place;
mod quote;
mod rank;
mod recall;
mod remember;
mod row;
mod store;
mod view;

pub use agree::{disagreements, reindex};
pub use figures::CATALOGUE as FIGURES_CATALOGUE;
pub use filter::Filter;
pub use follow::{caught_up, commits, follow, taken_up};
pub use opening::{count_everything, open_ledger};
pub use quote::{price, quoted};
pub use recall::{
    Recalled, ScorePart, Searched, Understood, UsedMemory, Wanted, count_uses, recall, search, used,
};
pub use remember::{Forgotten, erase, forget_session, remember};
pub use row::{DateMention, Kind, Memory, Speaker, Tier};
pub use store::{CATALOGUE, count_all, remembered};

pub mod routes {
    //! The handlers, each with its description (`__path_`), as the router and the OpenAPI document name
    //! them.
    pub use crate::memory::manage::*;
}
