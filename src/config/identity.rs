//! Settings of accounts: who may have one, how they prove who they are, and mail.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who may make an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Registration {
    Open,
    /// Whoever has a link that an administrator made.
    Invitation,
    Closed,
}

/// What an address that was never verified keeps somebody from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verification {
    /// From what costs or leaves the house: `limits.unverified_messages_per_day`, tokens, export.
    Features,
    /// From signing in at all.
    Login,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    pub registration: Registration,
    pub verification: Verification,
    pub second_factor_for_administrators: bool,
    pub access_minutes: u64,
    pub refresh_days: u64,
    pub refresh_absolute_days: u64,
    pub hash_memory_kib: u32,
    pub hash_iterations: u32,
    pub hash_threads: usize,
    pub audit_days: u32,
    pub secret: String,
    pub secret_file: PathBuf,
}

/// Signing in with another service, by OpenID Connect.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Oidc {
    pub issuer: String,
    pub name: String,
    pub client_id: String,
    pub client_secret: String,
    pub client_secret_file: PathBuf,
    pub scopes: Vec<String>,
}

#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    pub smtp_url: String,
    pub smtp_url_file: PathBuf,
    pub from: String,
}

/// What people are told who need help.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Support {
    pub address: String,
    pub known_limits: Vec<String>,
}

impl Default for Auth {
    fn default() -> Self {
        Self {
            registration: Registration::Open,
            verification: Verification::Features,
            second_factor_for_administrators: false,
            access_minutes: 15,
            refresh_days: 7,
            refresh_absolute_days: 30,
            hash_memory_kib: 19_456,
            hash_iterations: 2,
            hash_threads: 2,
            audit_days: 90,
            secret: String::new(),
            secret_file: PathBuf::new(),
        }
    }
}

impl Default for Oidc {
    fn default() -> Self {
        Self {
            issuer: String::new(),
            name: String::new(),
            client_id: String::new(),
            client_secret: String::new(),
            client_secret_file: PathBuf::new(),
            scopes: vec!["openid".into(), "email".into()],
        }
    }
}

impl Oidc {
    pub fn on(&self) -> bool {
        !self.issuer.is_empty()
    }
}

impl Mail {
    pub fn on(&self) -> bool {
        !self.smtp_url.is_empty()
    }
}
