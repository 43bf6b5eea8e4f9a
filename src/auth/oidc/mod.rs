//! Signing in with another service (OpenID Connect, authorization code with PKCE).
//!
//! The way: `begin` sends the browser off, `callback` receives it, `proof` says what the service's token
//! proves, `settle` whose account that is, `finish` asks for the second factor where the account has one.
//!
//! Must stay true: a way is good once, for minutes, in the browser that set out (its cookie and the
//! state must both match); code, tokens and state are never stored or logged; nothing that the service
//! writes gets into an address of ours.

pub(super) mod begin;
pub(super) mod callback;
mod cookie;
pub(super) mod finish;
pub(super) mod identities;
mod proof;
mod settle;
mod store;

pub(super) use identities::leads_to;
pub use store::{CATALOGUE, erase};

use crate::app::App;
use crate::error::{Error, Result};
use crate::outside::SignInService;

/// The service that is configured.
fn service(app: &App) -> Result<&SignInService> {
    app.oidc.as_ref().ok_or(Error::NotFound {
        what: "sign-in service",
    })
}

/// What the button that leads to the service says; nothing when none is configured.
pub fn name(app: &App) -> Option<String> {
    let oidc = &app.config.oidc;
    oidc.on().then(|| service_name(app, &oidc.issuer))
}

/// What people call an issuer: as configured, or its host.
fn service_name(app: &App, issuer: &str) -> String {
    let oidc = &app.config.oidc;
    if issuer == oidc.issuer && !oidc.name.is_empty() {
        return oidc.name.clone();
    }
    let rest = issuer.split_once("://").map_or(issuer, |(_, rest)| rest);
    rest.split(['/', '?', '#'])
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// At start: says in the log when the service cannot be used, since otherwise the first person who
/// tries would find out.
pub fn greet(app: &App) {
    if app.oidc.is_none() {
        return;
    }
    if app.config.server.public_url.is_empty() {
        tracing::warn!(
            page = %app.base(),
            "the other service sends people back to this address, which is right on this machine only: set server.public_url"
        );
    }
    let greeting = app.clone();
    app.tasks.work(async move {
        let Some(service) = &greeting.oidc else {
            return;
        };
        if let Err(trouble) = service.known().await {
            tracing::warn!(
                issuer = service.issuer().as_str(), %trouble,
                "nobody can sign in with the other service (oidc.issuer) just now; it is asked again when somebody tries"
            );
        }
    });
}

/// What went wrong is in the log; the person can only try again.
fn failed() -> Error {
    Error::Unavailable {
        code: "oidc_failed",
        message:
            "Signing in with the other service did not work. Please try again, or sign in otherwise."
                .into(),
    }
}
