//! The two tokens of a sign-in and how they travel.
//!
//! Access token: a JWT, typ `at+jwt`, HS256, 15 minutes. Refresh token:
//! `<session id>.<n>.<HMAC-SHA256(refresh key, session id, n)>`, so that any of them can be computed
//! again and none is stored. Browsers get the refresh token as a cookie, programs in the body.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use utoipa::ToSchema;
use uuid::Uuid;

use super::signed::{self, Bad, Kind};
use super::standing::standing;
use super::store::{Role, Session, User};
use crate::app::{App, mac};
use crate::error::{Error, Result};
use crate::http::{Client, Json};

const ACCESS: Kind = Kind {
    purpose: "access token",
    typ: "at+jwt",
};
const REFRESH: &str = "refresh token";

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: Uuid,
    sid: Uuid,
    /// For display; what counts is read from storage on every request.
    role: Role,
    iat: i64,
    exp: i64,
    aud: String,
    iss: String,
}

/// Who an access token speaks for.
pub struct Bearer {
    pub user: Uuid,
    pub session: Uuid,
}

/// A user as everybody who may see one sees it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the form on the wire: each is told by itself"
)]
pub struct PublicUser {
    pub id: Uuid,
    pub email: String,
    pub email_verified: bool,
    pub email_verified_at: Option<Timestamp>,
    pub role: Role,
    /// Name of the plan whose limits count.
    pub plan: String,
    pub created_at: Timestamp,
    /// False for accounts that only sign in by another service or a passkey.
    pub has_password: bool,
    /// Whether one-time codes are asked for.
    pub second_factor: bool,
    /// Whether this server wants one before anything administrative, there is none yet, and this sign-in
    /// was not made with a passkey either.
    pub second_factor_required: bool,
}

impl PublicUser {
    /// `strong`: whether who asks signed in with a second factor or a passkey.
    pub fn of(app: &App, user: &User, strong: bool) -> Self {
        let wanted = app.config.auth.second_factor_for_administrators && user.role == Role::Admin;
        Self {
            id: user.id,
            email: user.email.clone(),
            email_verified: user.email_verified_at.is_some(),
            email_verified_at: user.email_verified_at,
            role: user.role,
            plan: plan(app, user),
            created_at: user.created_at,
            has_password: user.has_password(),
            second_factor: user.second_factor.is_some(),
            second_factor_required: wanted && !strong && user.second_factor.is_none(),
        }
    }
}

/// Name of the plan whose limits count for a user.
pub fn plan(app: &App, user: &User) -> String {
    standing(&app.config, user, app.clock.now()).plan
}

/// The answer to every successful sign-in.
#[derive(Serialize, ToSchema)]
pub struct SignedIn {
    pub user: PublicUser,
    pub access_token: String,
    /// Only for clients that are no browser; a browser gets it as a cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// Always `Bearer`.
    pub token_type: &'static str,
    /// Seconds until the access token expires.
    pub expires_in: u64,
}

fn access_lifetime(app: &App) -> SignedDuration {
    SignedDuration::from_mins(i64::try_from(app.config.auth.access_minutes).unwrap_or(15))
}

pub fn access_token(app: &App, user: &User, session: Uuid) -> Result<String> {
    let now = app.clock.now().as_second();
    let claims = Claims {
        sub: user.id,
        sid: session,
        role: user.role,
        iat: now,
        exp: now + access_lifetime(app).as_secs(),
        aud: signed::HERE.into(),
        iss: signed::issuer(app),
    };
    signed::sign(app, ACCESS, &claims)
}

/// Checks signature, algorithm, type, audience, issuer and time; says nothing about the session.
pub fn read_access_token(app: &App, token: &str) -> Result<Bearer> {
    let expired = || Error::Unauthenticated {
        code: "token_expired",
        message: "This access token has expired.",
    };
    let claims: Claims = signed::read(app, ACCESS, access_lifetime(app), token).map_err(|bad| {
        if bad == Bad::Expired {
            return expired();
        }
        Error::Unauthenticated {
            code: "token_invalid",
            message: "This access token is not valid.",
        }
    })?;
    if claims.exp <= app.clock.now().as_second() {
        return Err(expired());
    }
    Ok(Bearer {
        user: claims.sub,
        session: claims.sid,
    })
}

fn refresh_mac(key: &[u8; 32], session: Uuid, turn: u64) -> [u8; 32] {
    mac(key, &[session.as_bytes(), &turn.to_be_bytes()])
}

pub fn refresh_token(app: &App, session: Uuid, turn: u64) -> String {
    let (_, key) = app.keys.newest(REFRESH);
    format!(
        "{session}.{turn}.{}",
        URL_SAFE_NO_PAD.encode(refresh_mac(&key, session, turn))
    )
}

/// The session and number of a refresh token that we made ourselves, with the newest key or with an
/// older one whose overlap is not over.
pub fn read_refresh_token(app: &App, token: &str) -> Option<(Uuid, u64)> {
    let mut parts = token.splitn(3, '.');
    let session: Uuid = parts.next()?.parse().ok()?;
    let turn: u64 = parts.next()?.parse().ok()?;
    let given = URL_SAFE_NO_PAD.decode(parts.next()?).ok()?;
    let keys = app.keys.accepted(REFRESH, app.clock.now());
    let ours = |key| bool::from(given.ct_eq(&refresh_mac(key, session, turn)));
    keys.iter().any(ours).then_some((session, turn))
}

/// The name says what the browser must enforce: `__Host-` cookies are Secure, of this host alone.
fn cookie_name(client: &Client) -> &'static str {
    if client.https {
        "__Host-novacore"
    } else {
        "novacore"
    }
}

/// Whether the request carries a browser's sign-in, good or not.
pub fn has_cookie(headers: &HeaderMap, client: &Client) -> bool {
    cookie(headers, client).is_some()
}

pub fn cookie(headers: &HeaderMap, client: &Client) -> Option<String> {
    let name = cookie_name(client);
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}

fn set_cookie(client: &Client, value: &str, seconds: u64) -> Result<HeaderValue> {
    let secure = if client.https { "; Secure" } else { "" };
    let name = cookie_name(client);
    HeaderValue::from_str(&format!(
        "{name}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}"
    ))
    .map_err(|e| Error::internal("setting a cookie", e))
}

/// A response that takes the browser's cookie away.
pub fn signed_out(client: &Client) -> Result<Response> {
    let mut response = axum::http::StatusCode::NO_CONTENT.into_response();
    response
        .headers_mut()
        .insert(header::SET_COOKIE, set_cookie(client, "", 0)?);
    Ok(response)
}

/// The browser's way to get the refresh token of `session`.
pub fn refresh_cookie(app: &App, client: &Client, session: &Session) -> Result<HeaderValue> {
    let refresh = refresh_token(app, session.id, session.turn);
    let seconds = session.expires_at.min(session.ends_at).as_second() - app.clock.now().as_second();
    set_cookie(client, &refresh, u64::try_from(seconds).unwrap_or(0))
}

/// Both tokens of `session`, each by the way its client gets it.
pub fn signed_in(app: &App, client: &Client, user: &User, session: &Session) -> Result<Response> {
    let refresh = (!client.browser).then(|| refresh_token(app, session.id, session.turn));
    let body = SignedIn {
        user: PublicUser::of(app, user, session.second_factor),
        access_token: access_token(app, user, session.id)?,
        refresh_token: refresh,
        token_type: "Bearer",
        expires_in: app.config.auth.access_minutes * 60,
    };
    let mut response = Json(body).into_response();
    if client.browser {
        let cookie = refresh_cookie(app, client, session)?;
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}
