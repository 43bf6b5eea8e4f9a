//! SLICE: remembering. Every turn is a memory; the best few of earlier conversations come back into
//! the prompt as quoted, dated data.
//!
//! Enter here: `remember`, `recall`, `forget_*`, and the handlers. Must stay true: a memory is stored
//! in the transaction of the turn it comes from, before any model is asked anything; it is found only
//! by its owner; the text index is a cache that can be deleted at any time.

mod admin;
mod agree;
mod checked;
mod distil;
mod embed;
mod figures;
mod filter;
mod follow;
mod gather;
mod importance;
mod manage;
mod opening;
mod place;
mod profile;
mod question;
mod quote;
mod ranking;
mod reading;
mod recall;
mod remember;
mod row;
mod signs;
mod store;
mod tiers;
mod view;

pub use agree::{disagreements, reindex};
pub use distil::{
    ALONE, CATALOGUE as DISTIL_CATALOGUE, DISTIL, REFLECT, Standing as DistilStanding,
    distil as distil_job, nightly, reflect as reflect_job, standing as distil_standing,
};
pub use embed::{
    CATALOGUE as EMBED_CATALOGUE, How as EmbeddingHow, REFUSED_CATALOGUE, forget_cached,
    greet as greet_embedding, how as embedding_how, keep_embedding, settled as embedded,
    tend as tend_vectors, tidy as tidy_vectors, totals as vector_totals,
};
pub use figures::{CATALOGUE as FIGURES_CATALOGUE, count_all};
pub use filter::Filter;
pub use follow::{caught_up, commits, follow, taken_up};
pub use manage::forget_some_of;
pub use opening::{count_everything, count_some, count_the_rest, open_ledger};
pub use profile::{CATALOGUE as PROFILE_CATALOGUE, Known, known};
pub use quote::{RECALLED_HEAD, heading_price, price, quoted};
pub use recall::{
    Beside, Chosen, Recalled, Running, ScorePart, Searched, Understood, UsedMemory, Wanted,
    count_uses, recall, search, used,
};
pub use remember::{erase, remember};
pub use row::{DateMention, Kind, Memory, Speaker, Tier};
pub use store::{CATALOGUE, remembered};
pub use tiers::{
    CATALOGUE as TIERS_CATALOGUE, PROMOTE, end_idle, idle_since, promote as promote_job,
    session_ended,
};

pub mod routes {
    //! The handlers, each with its description (`__path_`), as the router and the OpenAPI document name
    //! them.
    pub use crate::memory::admin::{__path_state as __path_admin_state, state as admin_state};
    pub use crate::memory::distil::routes::{
        __path_distil, __path_distil_everybodys, __path_list as __path_list_jobs,
        __path_retry as __path_retry_job, distil, distil_everybodys, list as list_jobs,
        retry as retry_job,
    };
    pub use crate::memory::embed::admin::{
        __path_decide as __path_decide_embedding, decide as decide_embedding,
    };
    pub use crate::memory::manage::*;
    pub use crate::memory::profile::{
        __path_read as __path_read_profile, __path_state as __path_state_fact,
        read as read_profile, state as state_fact,
    };
}
