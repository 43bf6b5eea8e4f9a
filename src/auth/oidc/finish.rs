//! The second factor after another service: its word replaces the password, and nothing else.

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::Response;
use serde::Deserialize;
use storage::WriteTx;
use utoipa::ToSchema;
use uuid::Uuid;

use super::cookie;
use super::settle::{self, Person, Tie};
use crate::app::App;
use crate::auth::audit::What;
use crate::auth::enter::{Visitor, enter};
use crate::auth::login;
use crate::auth::second_factor::{self, Shown};
use crate::auth::session::Proof;
use crate::auth::store::{self, Method, User};
use crate::auth::token;
use crate::error::{Error, Result};
use crate::http::failure::Failure;
use crate::http::{Client, Json};

/// A sign-in that lacks the second factor.
#[derive(Clone)]
pub struct HalfDone {
    pub user: Uuid,
    pub person: Person,
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct OidcSecondFactor {
    /// A code of the authenticator, or a recovery code.
    pub totp: String,
}

/// Finishes a sign-in with the other service.
#[utoipa::path(post, path = "/api/auth/oidc/second-factor", tag = "auth", request_body = OidcSecondFactor, responses(
    (status = 200, body = token::SignedIn),
    (status = 401, body = Failure, description = "totp_invalid, oidc_expired"),
    (status = 429, body = Failure, description = "login_throttled, rate_limited")))]
pub async fn second_factor(
    State(app): State<App>,
    client: Client,
    headers: HeaderMap,
    Json(body): Json<OidcSecondFactor>,
) -> Result<Response> {
    login::admit(&app, &client)?;
    let visitor = Visitor {
        client: &client,
        headers: &headers,
    };
    let (id, half, user) = half_done(&app, &visitor)?.ok_or_else(expired)?;
    let shown = check(&app, &visitor, &user, &body.totp).await?;
    let proof = Proof {
        method: Method::Oidc,
        strong: shown.strong(),
    };
    let tie = Tie::new(&app, &client, &half.person, user.id);
    let now = app.clock.now();
    let also = move |tx: &mut WriteTx<'_>| {
        shown.spend(tx, half.user)?;
        settle::enter(tx, &half.person, &tie, proof.strong, now)
    };
    let mut response = enter(&app, &visitor, &user, proof, also).await?;
    drop(app.briefly.take::<HalfDone>(id));
    let forget = cookie::forget(&client)?;
    response.headers_mut().append(header::SET_COOKIE, forget);
    Ok(response)
}

/// What this browser began, and whose account it is.
fn half_done(app: &App, visitor: &Visitor<'_>) -> Result<Option<(Uuid, HalfDone, User)>> {
    let id = cookie::id(visitor.headers, visitor.client);
    let found = id.and_then(|id| Some((id, app.briefly.look::<HalfDone>(id)?)));
    let Some((id, half)) = found else {
        return Ok(None);
    };
    let user = app.store.read(|tx| store::user(tx, half.user))?;
    let user = user.filter(|user| !user.disabled && !user.erasing);
    Ok(user.map(|user| (id, half, user)))
}

/// Compares the code, counting tries as at a sign-in with a password. A wrong one leaves what is half
/// done as it is, for another try.
async fn check(app: &App, visitor: &Visitor<'_>, user: &User, code: &str) -> Result<Shown> {
    let keys = login::keys(app, visitor, &user.email, Some(user));
    let attempt = match app.throttle.attempt(keys) {
        Ok(attempt) => attempt,
        Err(refusal) => {
            return Err(login::slow_down(app, visitor.client, refusal, Some(user)).await);
        }
    };
    match second_factor::check(app, user, Some(code)) {
        Ok(shown) => {
            attempt.right(&["account", "device"]);
            Ok(shown)
        }
        Err(error) if error.code() == "totp_invalid" => {
            login::tell(app, visitor.client, What::SignInRefused, Some(user)).await;
            Err(error)
        }
        Err(error) => {
            attempt.undecided();
            Err(error)
        }
    }
}

fn expired() -> Error {
    Error::Unauthenticated {
        code: "oidc_expired",
        message: "This took too long. Please begin again.",
    }
}
