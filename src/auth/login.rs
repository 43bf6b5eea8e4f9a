//! Signing in with a password.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

use super::audit::{self, Actor, Event, What};
use super::enter::{self, Visitor, enter};
use super::password::{self, Password, Verdict};
use super::second_factor::{self, Shown};
use super::session::Proof;
use super::store::{self, Method, User};
use super::{device, token};
use crate::app::App;
use crate::config::Verification;
use crate::error::{Error, Result};
use crate::http::failure::Failure;
use crate::http::rate::Limit;
use crate::http::throttle::{Key, Refusal};
use crate::http::{Client, Json};
use crate::metrics;

#[derive(Debug, Deserialize, ToSchema)]
pub struct Login {
    pub email: String,
    pub password: Password,
    /// A code of the authenticator, or a recovery code, where the account asks for one.
    pub totp: Option<String>,
}

/// Counts every try to sign in by where it comes from: hashing costs.
pub fn admit(app: &App, client: &Client) -> Result<()> {
    app.rates.take(
        "sign-ins",
        &client.network(),
        Limit::per_minute(app.config.limits.sign_ins_per_minute),
    )
}

/// What tries at an account are counted by: for a known device the device alone, so that strangers
/// cannot lock it out; otherwise the account, whether it exists or not, and the network.
pub fn keys(app: &App, visitor: &Visitor<'_>, email: &str, user: Option<&User>) -> Vec<Key> {
    let known = user.and_then(|user| device::known(app, visitor, user));
    match known {
        Some(device) => vec![("device", device)],
        None => vec![
            account_key(email),
            ("network", visitor.client.network().to_string()),
        ],
    }
}

/// The key of an account: of any length of address the same length.
pub fn account_key(email: &str) -> Key {
    use std::fmt::Write as _;
    let digest = Sha256::digest(store::folded(email));
    let hex = digest.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    ("account", hex)
}

/// Signs in. An unknown address and a wrong password give the same answer after the same work.
#[utoipa::path(post, path = "/api/auth/login", tag = "auth", request_body = Login, responses(
    (status = 200, body = token::SignedIn),
    (status = 401, body = Failure, description = "credentials_invalid, totp_required, totp_invalid"),
    (status = 403, body = Failure, description = "email_unverified"),
    (status = 429, body = Failure, description = "login_throttled, rate_limited")))]
pub async fn login(
    State(app): State<App>,
    client: Client,
    headers: HeaderMap,
    Json(body): Json<Login>,
) -> Result<Response> {
    admit(&app, &client)?;
    let visitor = Visitor {
        client: &client,
        headers: &headers,
    };
    let user = app
        .store
        .read(|tx| store::user_by_email(tx, &body.email))?
        .filter(|user| !user.disabled);
    let keys = keys(&app, &visitor, &body.email, user.as_ref());
    let attempt = match app.throttle.attempt(keys) {
        Ok(attempt) => attempt,
        Err(refusal) => return Err(slow_down(&app, &client, refusal, user.as_ref()).await),
    };
    let (user, verdict, shown) = match prove(&app, &body, user.clone()).await {
        Ok(proven) => proven,
        Err(error) => {
            if ["credentials_invalid", "totp_invalid"].contains(&error.code()) {
                // Counts as a failure: the attempt is dropped.
                tell(&app, &client, What::SignInRefused, user.as_ref()).await;
            } else {
                attempt.undecided();
            }
            return Err(error);
        }
    };
    attempt.right(&["account", "device"]);
    if app.config.auth.verification == Verification::Login && !user.trusted() {
        return Err(unverified());
    }
    let rehashed = match verdict {
        Verdict::Outdated => Some(password::hash(&app, body.password).await?),
        _ => None,
    };
    let proof = Proof {
        method: Method::Password,
        strong: shown.strong(),
    };
    let id = user.id;
    enter(&app, &visitor, &user, proof, move |tx| {
        shown.spend(tx, id)?;
        if let Some(hash) = rehashed {
            store::change_user(tx, id, |user| user.password_hash = hash)?;
        }
        Ok(())
    })
    .await
}

/// The account, when the password is right and what else it asks for was shown.
async fn prove(app: &App, body: &Login, user: Option<User>) -> Result<(User, Verdict, Shown)> {
    let with_password = user.filter(User::has_password);
    let stored = with_password
        .as_ref()
        .map(|user| user.password_hash.clone());
    let verdict = password::verify(app, body.password.clone(), stored).await?;
    match with_password {
        Some(user) if verdict != Verdict::Wrong => {
            let shown = second_factor::check(app, &user, body.totp.as_deref())?;
            Ok((user, verdict, shown))
        }
        _ => Err(enter::refused()),
    }
}

/// What somebody hears who may not sign in before the address is verified.
pub fn unverified() -> Error {
    Error::forbidden(
        "email_unverified",
        "Verify your mail address first: open the link in the mail that was sent to it.",
    )
}

/// What somebody hears who has to wait. One event tells of a whole wait, so that a flood of tries does
/// not bury what else happened to the account.
pub async fn slow_down(app: &App, client: &Client, refusal: Refusal, user: Option<&User>) -> Error {
    if refusal.first {
        tell(app, client, What::SignInThrottled, user).await;
    } else {
        metrics::sign_in("refused");
    }
    refusal.into()
}

/// Keeps a refusal, with the account it was about if there is one.
pub async fn tell(app: &App, client: &Client, what: What, user: Option<&User>) {
    metrics::sign_in("refused");
    tracing::info!(address = %client.address, ?what, "sign-in refused");
    let event = Event::new(app, what, Actor::Nobody).from(client).refused();
    let event = match user {
        Some(user) => event.about(user.id),
        None => event,
    };
    audit::record(app, event).await;
}
