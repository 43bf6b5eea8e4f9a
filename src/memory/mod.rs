//! SLICE: remembering. Every turn is a memory; the best few of earlier conversations come back into
//! the prompt as quoted, dated data.
//!
//! Enter here: `remember`, `recall`, `forget_*`, and the handlers. Must stay true: a memory is stored
//! in the transaction of the turn it comes from, before any model is asked anything; it is found only
//! by its owner; the text index is a cache that can be deleted at any time.

mod agree;
mod figures;
mod follow;
mod manage;
mod opening;
mod place;
mod rank;
mod recall;
mod remember;
mod row;
mod store;
mod view;

pub use agree::{disagreements, reindex};
pub use figures::CATALOGUE as FIGURES_CATALOGUE;
pub use follow::{caught_up, commits, follow, taken_up};
pub use manage::{forget, list, read_one, search};
pub use opening::{count_everything, open_ledger};
pub use recall::{Recalled, ScorePart, UsedMemory, count_uses, recall, used};
pub use remember::{Forgotten, erase, forget_session, remember};
pub use row::{DateMention, Kind, Memory, Speaker, Tier};
pub use store::{CATALOGUE, count_all, remembered};

pub mod paths {
    //! For the OpenAPI document: the handlers with their descriptions.
    pub use super::manage::{
        __path_forget, __path_list, __path_read_one, __path_search, forget, list, read_one, search,
    };
}
