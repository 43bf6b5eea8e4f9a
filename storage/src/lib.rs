//! How NovaCore's bytes survive.
#[derive(Debug, thiserror::Error)]
#[error("x")]
pub struct Error;
