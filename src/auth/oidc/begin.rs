//! The way to the other service.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{cookie, failed, service};
use crate::app::App;
use crate::auth::caller::CurrentUser;
use crate::auth::confirm::confirm;
use crate::auth::password::Password;
use crate::auth::{login, verification};
use crate::error::Result;
use crate::http::briefly::Owner;
use crate::http::failure::Failure;
use crate::http::{Client, Json};
use crate::outside::Departure;

/// How long somebody may take at the service.
const LIFETIME: Duration = Duration::from_mins(10);

/// A way that somebody is on.
pub struct Way {
    pub state: String,
    pub nonce: String,
    verifier: String,
    back: String,
    /// Who wants the service tied to their account, and with which sign-in they asked for it.
    pub link: Option<(Uuid, Uuid)>,
    /// The cookies by which the browser's devices are known.
    pub devices: HeaderMap,
}

impl Way {
    fn new(app: &App, link: Option<(Uuid, Uuid)>, headers: &HeaderMap) -> Self {
        let random = || URL_SAFE_NO_PAD.encode(app.random.bytes::<32>());
        Self {
            state: random(),
            nonce: random(),
            verifier: random(),
            back: format!(
                "{}/api/auth/oidc/callback",
                app.base().trim_end_matches('/')
            ),
            link,
            devices: cookie::devices(headers),
        }
    }

    pub fn departure(&self) -> Departure<'_> {
        Departure {
            state: &self.state,
            nonce: &self.nonce,
            verifier: &self.verifier,
            back: &self.back,
        }
    }
}

#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct OidcBegin {
    /// Ties the service to the account that is signed in, instead of signing in; its address must be
    /// verified.
    pub link: Option<bool>,
    /// For `link`, where the account has one.
    pub password: Option<Password>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct OidcAddress {
    /// Where the page is to go.
    pub url: String,
}

/// Who wants another way into their account, and may have it: one that stays must not be had by whoever
/// finds an open browser, nor before the address is known to be theirs.
async fn may_link(
    app: &App,
    caller: CurrentUser,
    password: Option<Password>,
) -> Result<(Uuid, Uuid)> {
    if !caller.user.trusted() {
        return Err(verification::needed());
    }
    let confirmed = confirm(app, &caller, password).await?;
    app.store.read(|tx| {
        caller.still(tx)?;
        confirmed.holds(tx)
    })?;
    Ok((caller.id, caller.session))
}

/// Begins a sign-in with the other service, or ties it to the caller's account.
#[utoipa::path(post, path = "/api/auth/oidc/begin", tag = "auth", request_body = OidcBegin, responses(
    (status = 200, body = OidcAddress),
    (status = 401, body = Failure, description = "link without a sign-in"),
    (status = 403, body = Failure, description = "email_unverified, password_wrong, sign_in_again"),
    (status = 404, body = Failure, description = "no service is configured"),
    (status = 429, body = Failure), (status = 503, body = Failure, description = "oidc_failed")))]
pub async fn begin(
    State(app): State<App>,
    client: Client,
    caller: Result<CurrentUser>,
    headers: HeaderMap,
    Json(body): Json<OidcBegin>,
) -> Result<Response> {
    let service = service(&app)?;
    login::admit(&app, &client)?;
    let link = match body.link {
        Some(true) => Some(may_link(&app, caller?, body.password).await?),
        _ => None,
    };
    let way = Way::new(&app, link, &headers);
    let url = service.address(&way.departure()).await.map_err(|trouble| {
        tracing::warn!(%trouble, "the other service cannot be used");
        failed()
    })?;
    let owner = match link {
        Some((user, _)) => Owner::Person(user),
        None => Owner::Stranger(client.network()),
    };
    let id = app.briefly.keep(owner, Arc::new(way), LIFETIME);
    let mut response = Json(OidcAddress { url }).into_response();
    let cookie = cookie::keep(&client, id, LIFETIME)?;
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}
