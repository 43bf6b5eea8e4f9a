//! SLICE: keeping it alive. Health, readiness, metrics, the control socket, the API's description.

mod capability;
mod control;
mod describe;
mod health;

pub use capability::{auth_health, intelligence_health, memory_health};
pub use control::{Command, Reply, ask, serve as serve_control};
pub use describe::{document, openapi};
pub use health::{health, metrics, ready, status};

pub mod paths {
    //! For the OpenAPI document: the handlers with their descriptions.
    pub use super::capability::{
        __path_auth_health, __path_intelligence_health, __path_memory_health, auth_health,
        intelligence_health, memory_health,
    };
    pub use super::health::{
        __path_health, __path_metrics, __path_ready, __path_status, health, metrics, ready, status,
    };
}
