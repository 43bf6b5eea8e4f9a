//! Giving out service tokens: to an administrator, or to the service itself for its secret.
//!
//! Must stay true: an unknown service and a wrong secret get the same answer, and the right secret is
//! never slowed down by wrong ones; every token given out
//! and every refusal is a security event.

use axum::extract::{FromRequestParts, State};
use axum::http::header;
use axum::http::request::Parts;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use utoipa::ToSchema;

use super::store::{self, Service};
use super::token::{self, Audience};
use super::{manage, used};
use crate::app::App;
use crate::auth::audit::{self, Actor, Event, What};
use crate::auth::caller::Admin;
use crate::auth::login;
use crate::auth::signed;
use crate::error::{Error, Result};
use crate::http::failure::Failure;
use crate::http::{Client, Json};

/// A secret that must not be shown, not even by `Debug`.
#[derive(Deserialize, ToSchema)]
#[schema(value_type = String)]
pub struct Secret(String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct Wanted {
    /// Name or id of the service.
    pub service: String,
    /// The service's secret, unless it stands after `Bearer` or an administrator asks.
    pub secret: Option<Secret>,
    /// `novacore`, or a receiver's name.
    pub audience: String,
    /// At least one of the service's scopes.
    pub scopes: Vec<String>,
}

#[derive(Serialize, ToSchema)]
pub struct ServiceToken {
    /// For the header `X-Service-Token`.
    pub token: String,
    /// Seconds until it expires.
    pub expires_in: i64,
}

/// Who asks for a token.
pub enum Asker {
    Administrator(Box<Admin>),
    Service(Secret),
    /// Perhaps the secret is in the body.
    Nobody,
}

impl FromRequestParts<App> for Asker {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let Some(value) = parts.headers.get(header::AUTHORIZATION) else {
            return Ok(Self::Nobody);
        };
        let words = value.to_str().unwrap_or_default().split_once(' ');
        if let Some((_, secret)) = words.filter(|(scheme, word)| {
            scheme.eq_ignore_ascii_case("bearer") && word.trim().starts_with(manage::PREFIX)
        }) {
            return Ok(Self::Service(Secret(secret.trim().to_owned())));
        }
        let admin = Admin::from_request_parts(parts, app).await?;
        Ok(Self::Administrator(Box::new(admin)))
    }
}

/// Gives out a token for a service: for its own secret (in the body, or as `Bearer novas_...`), or to
/// an administrator.
#[utoipa::path(post, path = "/api/auth/service/token", tag = "auth", request_body = Wanted, responses(
    (status = 200, body = ServiceToken), (status = 401, body = Failure),
    (status = 403, body = Failure, description = "service_unknown, service_audience, service_scope"),
    (status = 429, body = Failure, description = "login_throttled, rate_limited")))]
pub async fn issue(
    State(app): State<App>,
    client: Client,
    asker: Asker,
    Json(mut body): Json<Wanted>,
) -> Result<Json<ServiceToken>> {
    if body.scopes.is_empty() {
        let message = "Name at least one scope.";
        return Err(Error::field("scopes_missing", "scopes", message));
    }
    let secret = match asker {
        Asker::Service(secret) => Ok(secret),
        Asker::Nobody => Ok(body.secret.take().ok_or(Error::Unauthenticated {
            code: "token_missing",
            message: "Send the service's secret, or sign in as an administrator.",
        })?),
        Asker::Administrator(admin) => Err(admin),
    };
    let found = app
        .store
        .read(|tx| store::service_called(tx, &body.service))?;
    let (service, actor) = match secret {
        Ok(secret) => {
            let service = prove(&app, &client, found, &secret).await?;
            let actor = Actor::Service(service.id);
            (service, actor)
        }
        Err(admin) => {
            app.store.read(|tx| admin.0.still(tx))?;
            let service = found.ok_or_else(unknown)?;
            (service, Actor::Administrator(admin.0.id))
        }
    };
    let event = |what| {
        let bare = Event::new(&app, what, actor).from(&client);
        bare.detail(&service.name)
    };
    let audience = match permit(&app, &service, &body) {
        Ok(audience) => audience,
        Err(error) => {
            audit::record(&app, event(What::ServiceTokenRefused).refused()).await;
            return Err(error);
        }
    };
    let token = token::sign(&app, &service, &audience, &body.scopes)?;
    // Stands alone: metrics must be readable also while nothing can be stored.
    audit::record(&app, event(What::ServiceTokenIssued)).await;
    used(&app, &service);
    Ok(Json(ServiceToken {
        token,
        expires_in: token::LIFETIME.as_secs(),
    }))
}

/// The service, when the secret is its own.
async fn prove(
    app: &App,
    client: &Client,
    found: Option<Service>,
    secret: &Secret,
) -> Result<Service> {
    login::admit(app, client)?;
    // An unknown service costs the same comparison.
    let stored = found.as_ref().map_or([0; 32], |s| s.secret_hash);
    let same = bool::from(manage::hash(&secret.0).ct_eq(&stored));
    if let Some(service) = found.clone().filter(|_| same) {
        return Ok(service);
    }
    // The secret has 256 bits and needs no slowing down: guesses are counted for the noise they make,
    // by network alone, and after they were compared, so that no stranger can lock a service out.
    let tries = vec![("network", client.network().to_string())];
    let _failed = app.throttle.attempt(tries)?;
    tracing::info!(address = %client.address, "a service token was refused");
    let event = Event::new(app, What::ServiceTokenRefused, Actor::Nobody);
    let event = event.from(client).refused();
    let event = match found {
        Some(service) => event.detail(service.name),
        None => event,
    };
    audit::record(app, event).await;
    Err(unknown())
}

fn unknown() -> Error {
    Error::forbidden(
        "service_unknown",
        "There is no such service, or its secret is another one.",
    )
}

/// Whom the token is to be for, if the service may have it.
fn permit(app: &App, service: &Service, body: &Wanted) -> Result<Audience> {
    let no_audience = || {
        let own = service.audiences.join(", ");
        Error::forbidden(
            "service_audience",
            format!(
                "The service {} gets no tokens for that audience; its audiences are: {own}.",
                service.name
            ),
        )
    };
    if !service.audiences.contains(&body.audience) {
        return Err(no_audience());
    }
    if body.scopes.iter().any(|s| !service.scopes.contains(s)) {
        let own = service.scopes.join(", ");
        return Err(Error::forbidden(
            "service_scope",
            format!(
                "The service {} does not have all of these scopes; its scopes are: {own}.",
                service.name
            ),
        ));
    }
    if body.audience == signed::HERE {
        return Ok(Audience::Here);
    }
    let receiver = app
        .store
        .read(|tx| store::receiver_called(tx, &body.audience))?;
    receiver.map(Audience::Outside).ok_or_else(no_audience)
}
