//! SLICE: remembering. Every turn is a memory; the best few of earlier conversations come back into
//! the prompt as quoted, dated data.
//!
//! Enter here: `remember`, `recall`, `forget_*`, and the handlers. Must stay true: a memory is stored
//! in the transaction of the turn it comes from, before any model is asked anything; it is found only
//! by its owner; the text index is a cache that can be deleted at any time.

mod admin;
mod agree;
mod distil;
mod figures;
mod follow;
mod manage;
mod opening;
mod place;
mod profile;
mod rank;
mod recall;
mod remember;
mod row;
mod store;
mod tiers;
mod view;

pub use admin::state as admin_state;
pub use agree::{disagreements, reindex};
pub use distil::routes::{
    distil as distil_now, distil_everybodys, list as list_jobs, retry as retry_job,
};
pub use distil::{
    ALONE, CATALOGUE as DISTIL_CATALOGUE, DISTIL, REFLECT, Standing as DistilStanding,
    distil as distil_job, nightly, reflect as reflect_job, standing as distil_standing,
};
pub use figures::CATALOGUE as FIGURES_CATALOGUE;
pub use follow::{caught_up, commits, follow, taken_up};
pub use manage::{forget, list, read_one, search};
pub use opening::{count_everything, open_ledger};
pub use profile::{Known, known, read as read_profile, state as state_fact};
pub use recall::{Recalled, ScorePart, UsedMemory, count_uses, recall, used};
pub use remember::{Forgotten, erase, forget_session, remember};
pub use row::{DateMention, Kind, Memory, Speaker, Tier};
pub use store::{CATALOGUE, count_all, remembered};
pub use tiers::{
    CATALOGUE as TIERS_CATALOGUE, PROMOTE, end_idle, idle_since, promote as promote_job,
    session_ended,
};

pub mod paths {
    //! For the OpenAPI document: the handlers with their descriptions.
    pub use super::admin::{__path_state as __path_admin_state, state as admin_state};
    pub use super::distil::routes::{
        __path_distil as __path_distil_now, __path_distil_everybodys,
        __path_list as __path_list_jobs, __path_retry as __path_retry_job, distil as distil_now,
        distil_everybodys, list as list_jobs, retry as retry_job,
    };
    pub use super::manage::{
        __path_forget, __path_list, __path_read_one, __path_search, forget, list, read_one, search,
    };
    pub use super::profile::{
        __path_read as __path_read_profile, __path_state as __path_state_fact,
        read as read_profile, state as state_fact,
    };
}
