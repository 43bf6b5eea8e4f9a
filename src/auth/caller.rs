//! Who may call, in the type of a handler's argument. A handler without one is public, visibly.
//!
//! Must stay true: role, state and session are read from storage on every request; the token only
//! says whose they are.

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::header;
use axum::http::request::Parts;
use uuid::Uuid;

use super::store::{self, Role};
use super::token::read_access_token;
use crate::app::App;
use crate::error::{Error, Result};
use crate::http::rate::Limit;

/// A signed-in person.
#[derive(Clone, Debug)]
pub struct CurrentUser {
    pub id: Uuid,
    pub session: Uuid,
    pub user: store::User,
}

/// A signed-in administrator.
#[derive(Clone, Debug)]
pub struct Admin(pub CurrentUser);

fn bearer(parts: &Parts) -> Result<&str> {
    let missing = Error::Unauthenticated {
        code: "token_missing",
        message: "Sign in first.",
    };
    let Some(value) = parts.headers.get(header::AUTHORIZATION) else {
        return Err(missing);
    };
    let text = value.to_str().unwrap_or_default();
    match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token.trim()),
        _ => Err(missing),
    }
}

/// The person behind an access token, if the sign-in still lives.
fn identify(app: &App, token: &str) -> Result<CurrentUser> {
    let bearer = read_access_token(app, token)?;
    let now = app.clock.now();
    app.store.read(|tx| {
        let session =
            store::session(tx, bearer.session)?.filter(|s| s.live(now) && s.user == bearer.user);
        let user = store::user(tx, bearer.user)?.filter(|user| !user.disabled);
        match (session, user) {
            (Some(session), Some(user)) => Ok(CurrentUser {
                id: user.id,
                session: session.id,
                user,
            }),
            _ => Err(Error::Unauthenticated {
                code: "session_revoked",
                message: "This sign-in has ended. Sign in again.",
            }),
        }
    })
}

impl FromRequestParts<App> for CurrentUser {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let caller = identify(app, bearer(parts)?)?;
        tracing::Span::current().record("user_id", tracing::field::display(caller.id));
        let limits = &app.config.limits;
        app.rates.take(
            "reads",
            &caller.id,
            Limit::per_minute(limits.reads_per_minute).burst(limits.reads_burst),
        )?;
        Ok(caller)
    }
}

/// For routes that also work without a live sign-in, such as log-out.
impl OptionalFromRequestParts<App> for CurrentUser {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Option<Self>> {
        match <Self as FromRequestParts<App>>::from_request_parts(parts, app).await {
            Ok(caller) => Ok(Some(caller)),
            Err(Error::Unauthenticated { .. }) => Ok(None),
            // Too many requests, or storage that fails, says nothing about who is calling.
            Err(error) => Err(error),
        }
    }
}

impl FromRequestParts<App> for Admin {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let caller = <CurrentUser as FromRequestParts<App>>::from_request_parts(parts, app).await?;
        if caller.user.role == Role::Admin {
            return Ok(Self(caller));
        }
        Err(Error::forbidden(
            "forbidden",
            "Only an administrator may do this.",
        ))
    }
}
