//! SLICE: keeping it alive. Health, readiness, metrics, the control socket, backups and checks of the
//! data, the API's description.

mod accounts;
mod admin;
mod backup;
mod capability;
mod check;
mod command;
mod control;
mod data;
mod describe;
mod folder;
mod health;
mod internal;
mod jobs;
mod ledger;
mod nightly;
mod progress;
mod restore;
mod scrub;
mod store;
mod text;
mod upkeep;

pub use admin::{adopt_data, begin_backup, storage_state};
pub use capability::{auth_health, billing_health, intelligence_health, memory_health};
pub use check::directory as check_directory;
pub use command::{Command, Exit, Reply, UserState};
pub use control::{ask, serve as serve_control};
pub use describe::{document, openapi};
pub use folder::{IN_DATA, must_have_data};
pub use health::{health, metrics, ready, status};
pub use internal::{backup as internal_backup, jobs as internal_jobs, usage as internal_usage};
pub use jobs::{list_jobs, retry_job};
pub use nightly::nightly;
pub use progress::{Step, Steps};
pub use restore::{Restoring, restore};
pub use scrub::job as scrub_job;
pub use store::CATALOGUE;
pub use upkeep::{check as keep_checking, maintain, opened, watch_writing};

pub mod paths {
    //! For the OpenAPI document: the handlers with their descriptions.
    pub use super::admin::{
        __path_adopt_data, __path_begin_backup, __path_storage_state, adopt_data, begin_backup,
        storage_state,
    };
    pub use super::capability::{
        __path_auth_health, __path_billing_health, __path_intelligence_health,
        __path_memory_health, auth_health, billing_health, intelligence_health, memory_health,
    };
    pub use super::health::{
        __path_health, __path_metrics, __path_ready, __path_status, health, metrics, ready, status,
    };
    pub use super::internal::{
        __path_backup as __path_internal_backup, __path_jobs as __path_internal_jobs,
        __path_usage as __path_internal_usage, backup as internal_backup, jobs as internal_jobs,
        usage as internal_usage,
    };
    pub use super::jobs::{__path_list_jobs, __path_retry_job, list_jobs, retry_job};
}
