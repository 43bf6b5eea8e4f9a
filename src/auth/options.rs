//! What the page must know before anybody has signed in: which ways in there are.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::{oidc, passkeys, store};
use crate::app::App;
use crate::config::{Registration, Verification};
use crate::error::Result;
use crate::http::{Client, Json};

/// Another service that people can sign in with.
#[derive(Serialize, ToSchema)]
pub struct Provider {
    pub name: String,
}

#[derive(Serialize, ToSchema)]
pub struct Options {
    /// Whether the first administrator is still to be made.
    pub setup_required: bool,
    pub registration: Registration,
    pub verification: Verification,
    /// Whether a mail server is configured; without one an administrator has the mails.
    pub mail: bool,
    pub passkeys: bool,
    pub oidc: Option<Provider>,
    /// Where people find help.
    pub support_address: Option<String>,
    /// What people should know beforehand, one sentence each.
    pub known_limits: Vec<String>,
}

/// Which ways in there are.
#[utoipa::path(get, path = "/api/auth/options", tag = "auth", responses((status = 200, body = Options)))]
pub async fn options(State(app): State<App>, client: Client) -> Result<Json<Options>> {
    client.admit(&app, "visits")?;
    let config = &app.config;
    Ok(Json(Options {
        setup_required: !app.store.read(store::set_up)?,
        registration: config.auth.registration,
        verification: config.auth.verification,
        mail: config.mail.on(),
        passkeys: passkeys::on(&app),
        oidc: oidc::name(&app).map(|name| Provider { name }),
        support_address: Some(config.support.address.clone()).filter(|text| !text.is_empty()),
        known_limits: config.support.known_limits.clone(),
    }))
}
