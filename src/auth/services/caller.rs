//! A service at the door, by its token in `X-Service-Token`.
//!
//! Must stay true: the service's row is read on every request; the token only says whose it is.

use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use uuid::Uuid;

use super::scope::ServiceScope;
use super::{store, token, used};
use crate::app::App;
use crate::error::{Error, Result};
use crate::http::rate::Limit;

const HEADER: &str = "x-service-token";

/// A service whose token has the scope `S`.
#[derive(Clone, Debug)]
pub struct ServiceCaller<S> {
    pub id: Uuid,
    pub name: String,
    scope: PhantomData<S>,
}

impl<S: ServiceScope> FromRequestParts<App> for ServiceCaller<S> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let Some(value) = parts.headers.get(HEADER) else {
            return Err(Error::forbidden(
                "service_token_missing",
                "This is for services: send a service token in the header X-Service-Token.",
            ));
        };
        let claims = token::read(app, value.to_str().unwrap_or_default().trim())?;
        let service = app.store.read(|tx| store::service(tx, claims.sub))?;
        let service = service.filter(|service| service.secret_number == claims.secret_number);
        let service = service.ok_or_else(token::invalid)?;
        tracing::Span::current().record("service", service.name.as_str());
        let limits = &app.config.limits;
        let limit = Limit::per_minute(limits.reads_per_minute).burst(limits.reads_burst);
        app.rates.take("services", &service.id, limit)?;
        if !claims.scope.split(' ').any(|scope| scope == S::NAME) {
            return Err(Error::forbidden(
                "scope_missing",
                format!("This service token lacks the scope {}.", S::NAME),
            ));
        }
        used(app, &service);
        Ok(Self {
            id: service.id,
            name: service.name,
            scope: PhantomData,
        })
    }
}
