//! SLICE: remembering. Every turn is a memory; the best few of earlier conversations come back into
//! the prompt as quoted, dated data.
//!
//! Enter here: `remember`, `recall`, `forget_*`, and the handlers. Must stay true: a memory is stored
//! in the transaction of the turn it comes from, before any model is asked anything; it is found only
//! by its owner; the text index is a cache that can be deleted at any time.

mod agree;
mod follow;
pub mod importance;
mod manage;
mod opening;
pub mod question;
mod rank;
pub mod ranking;
mod recall;
pub mod signs;
mod store;

pub use agree::{disagreements, reindex};
pub use follow::{caught_up, commits, follow, taken_up};
pub use manage::{forget, list, read_one, search};
pub use opening::open_ledger;
pub use recall::{Recalled, UsedMemory, recall, used};
pub use store::{
    CATALOGUE, Memory, Speaker, count_all, erase, forget_session, remember, remembered,
};

pub mod paths {
    //! For the OpenAPI document: the handlers with their descriptions.
    pub use super::manage::{
        __path_forget, __path_list, __path_read_one, __path_search, forget, list, read_one, search,
    };
}
