//! Turning one-time codes on and off, and making new recovery codes, for the signed-in person.
//!
//! Must stay true: nothing here changes without the password and a code that is right; recovery codes
//! are answered once and can never be read again.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::WriteTx;
use utoipa::ToSchema;

use super::{Shown, check, codes, insisted_on, off, tell};
use crate::app::App;
use crate::auth::audit::{Actor, Event, What};
use crate::auth::caller::{CurrentUser, VerifiedUser};
use crate::auth::confirm::{Confirmed, confirm};
use crate::auth::password::Password;
use crate::auth::session::revoked;
use crate::auth::store::{self, SecondFactor};
use crate::error::{Error, Result};
use crate::http::briefly::Owner;
use crate::http::failure::Failure;
use crate::http::throttle::Attempt;
use crate::http::{Client, Json};

/// How long a secret that was shown waits for its first code.
const PENDING: Duration = Duration::from_mins(15);

/// A secret that was shown, of which no code has come yet; kept under the sign-in that began it.
#[derive(Clone, Copy)]
struct Pending {
    seed: [u8; 16],
}

#[derive(Serialize, ToSchema)]
pub struct SecondFactorState {
    pub enabled: bool,
    pub enabled_at: Option<Timestamp>,
    pub recovery_codes_left: usize,
    /// Whether this server insists on it for this account.
    pub required: bool,
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct BeginSecondFactor {
    pub password: Option<Password>,
}

#[derive(Serialize, ToSchema)]
pub struct SecondFactorSecret {
    /// In base 32, for typing.
    pub secret: String,
    /// For a QR code.
    pub otpauth_url: String,
}

#[derive(Deserialize, ToSchema)]
pub struct SecondFactorCode {
    pub code: String,
}

#[derive(Deserialize, ToSchema)]
pub struct SecondFactorProof {
    pub password: Option<Password>,
    /// Of the authenticator, or a recovery code.
    pub code: String,
}

#[derive(Serialize, ToSchema)]
pub struct RecoveryCodes {
    /// Each is good once; they are not shown again.
    pub recovery_codes: Vec<String>,
}

/// Whether the caller's sign-ins ask for codes.
#[utoipa::path(get, path = "/api/auth/second-factor", tag = "auth",
    responses((status = 200, body = SecondFactorState), (status = 401, body = Failure)))]
pub async fn state(State(app): State<App>, caller: CurrentUser) -> Json<SecondFactorState> {
    let factor = caller.user.second_factor.as_ref();
    Json(SecondFactorState {
        enabled: factor.is_some(),
        enabled_at: factor.map(|factor| factor.enabled_at),
        recovery_codes_left: factor.map_or(0, |factor| factor.recovery.len()),
        required: insisted_on(&app, &caller.user),
    })
}

/// Shows a new secret for the authenticator. It counts once a code of it has come.
#[utoipa::path(post, path = "/api/auth/second-factor/begin", tag = "auth", request_body = BeginSecondFactor, responses(
    (status = 200, body = SecondFactorSecret),
    (status = 403, body = Failure, description = "email_unverified, password_wrong, sign_in_again"),
    (status = 409, body = Failure, description = "second_factor_on"),
    (status = 422, body = Failure, description = "password_missing")))]
pub async fn begin(
    State(app): State<App>,
    VerifiedUser(caller): VerifiedUser,
    Json(body): Json<BeginSecondFactor>,
) -> Result<Json<SecondFactorSecret>> {
    if caller.user.second_factor.is_some() {
        return Err(on_already());
    }
    let confirmed = confirm(&app, &caller, body.password).await?;
    app.store.read(|tx| {
        caller.still(tx)?;
        confirmed.holds(tx)
    })?;
    let seed = app.random.bytes();
    let (secret, otpauth_url) = codes::to_show(&app, caller.id, &caller.user.email, &seed)?;
    let pending = Pending { seed };
    let owner = Owner::Person(caller.id);
    app.briefly
        .keep_under(caller.session, owner, pending, PENDING);
    Ok(Json(SecondFactorSecret {
        secret,
        otpauth_url,
    }))
}

/// Turns codes on, by the first code of the secret that was shown.
#[utoipa::path(post, path = "/api/auth/second-factor/enable", tag = "auth", request_body = SecondFactorCode, responses(
    (status = 200, body = RecoveryCodes), (status = 403, body = Failure, description = "email_unverified"),
    (status = 409, body = Failure, description = "nothing_begun, second_factor_on"),
    (status = 422, body = Failure, description = "totp_invalid"),
    (status = 429, body = Failure, description = "login_throttled")))]
pub async fn enable(
    State(app): State<App>,
    client: Client,
    VerifiedUser(caller): VerifiedUser,
    Json(body): Json<SecondFactorCode>,
) -> Result<Json<RecoveryCodes>> {
    let pending = app.briefly.look::<Pending>(caller.session);
    let Pending { seed } = pending.ok_or_else(nothing_begun)?;
    let attempt = attempt(&app, &caller)?;
    let step = match codes::read(&body.code) {
        Some(codes::Typed::Code(code)) => codes::step(&app, caller.id, &seed, &code)?,
        _ => None,
    };
    let last_step = step.ok_or_else(wrong)?;
    attempt.right(&["code"]);
    let (recovery_codes, recovery) = codes::recovery(&app, caller.id);
    let factor = SecondFactor {
        seed,
        enabled_at: app.clock.now(),
        last_step,
        recovery,
    };
    let event = Event::new(&app, What::SecondFactorOn, Actor::User(caller.id)).from(&client);
    let inside = app.clone();
    let (id, session) = (caller.id, caller.session);
    let enable = move |tx: &mut WriteTx<'_>| {
        caller.still(tx)?;
        let user = store::user(tx, id)?.ok_or_else(revoked)?;
        if user.second_factor.is_some() {
            return Err(on_already());
        }
        store::change_user(tx, id, |user| user.second_factor = Some(factor))?
            .ok_or_else(revoked)?;
        // Both factors were shown in this sign-in, so it need not begin anew.
        let mut session = store::session(tx, session)?.ok_or_else(revoked)?;
        session.second_factor = true;
        store::put_session(tx, &session)?;
        tell(&inside, tx, &event, id)
    };
    app.store.write(enable).await?;
    let _ = app.briefly.take::<Pending>(session);
    tracing::info!(user_id = %id, "a second factor was turned on");
    Ok(Json(RecoveryCodes { recovery_codes }))
}

/// Makes new recovery codes; the old ones are of no more use.
#[utoipa::path(post, path = "/api/auth/second-factor/recovery-codes", tag = "auth", request_body = SecondFactorProof, responses(
    (status = 200, body = RecoveryCodes),
    (status = 403, body = Failure, description = "email_unverified, password_wrong, sign_in_again"),
    (status = 409, body = Failure, description = "second_factor_off"),
    (status = 422, body = Failure, description = "totp_invalid, password_missing"),
    (status = 429, body = Failure, description = "login_throttled")))]
pub async fn recovery_codes(
    State(app): State<App>,
    client: Client,
    VerifiedUser(caller): VerifiedUser,
    Json(body): Json<SecondFactorProof>,
) -> Result<Json<RecoveryCodes>> {
    let (confirmed, shown) = prove(&app, &caller, body).await?;
    let (recovery_codes, recovery) = codes::recovery(&app, caller.id);
    let event = Event::new(&app, What::RecoveryCodesMade, Actor::User(caller.id)).from(&client);
    let (id, inside) = (caller.id, app.clone());
    let replace = move |tx: &mut WriteTx<'_>| {
        caller.still(tx)?;
        confirmed.holds(tx)?;
        shown.spend(tx, id).map_err(about_the_field)?;
        store::change_user(tx, id, |user| {
            if let Some(factor) = &mut user.second_factor {
                factor.recovery = recovery;
            }
        })?;
        tell(&inside, tx, &event, id)
    };
    app.store.write(replace).await?;
    Ok(Json(RecoveryCodes { recovery_codes }))
}

/// Turns codes off.
#[utoipa::path(post, path = "/api/auth/second-factor/disable", tag = "auth", request_body = SecondFactorProof, responses(
    (status = 204), (status = 403, body = Failure, description = "email_unverified, password_wrong, sign_in_again"),
    (status = 409, body = Failure, description = "second_factor_off, second_factor_required"),
    (status = 422, body = Failure, description = "totp_invalid, password_missing"),
    (status = 429, body = Failure, description = "login_throttled")))]
pub async fn disable(
    State(app): State<App>,
    client: Client,
    VerifiedUser(caller): VerifiedUser,
    Json(body): Json<SecondFactorProof>,
) -> Result<StatusCode> {
    if insisted_on(&app, &caller.user) {
        return Err(Error::conflict(
            "second_factor_required",
            "This server insists on a second factor for administrators.",
        ));
    }
    let (confirmed, shown) = prove(&app, &caller, body).await?;
    let event = Event::new(&app, What::SecondFactorOff, Actor::User(caller.id)).from(&client);
    let (id, inside) = (caller.id, app.clone());
    let disable = move |tx: &mut WriteTx<'_>| {
        caller.still(tx)?;
        confirmed.holds(tx)?;
        shown.spend(tx, id).map_err(about_the_field)?;
        store::change_user(tx, id, |user| user.second_factor = None)?;
        tell(&inside, tx, &event, id)
    };
    app.store.write(disable).await?;
    tracing::info!(user_id = %id, "a second factor was turned off");
    Ok(StatusCode::NO_CONTENT)
}

/// The password, and a code that is right; nothing is used up yet.
async fn prove(
    app: &App,
    caller: &CurrentUser,
    body: SecondFactorProof,
) -> Result<(Confirmed, Shown)> {
    if caller.user.second_factor.is_none() {
        return Err(off());
    }
    let confirmed = confirm(app, caller, body.password).await?;
    let attempt = attempt(app, caller)?;
    let shown = check(app, &caller.user, Some(&body.code)).map_err(about_the_field)?;
    attempt.right(&["code"]);
    Ok((confirmed, shown))
}

/// Counts a code by the sign-in that sends it, until it turns out to be right.
fn attempt<'a>(app: &'a App, caller: &CurrentUser) -> Result<Attempt<'a>> {
    let tries = vec![("code", caller.session.to_string())];
    Ok(app.throttle.attempt(tries)?)
}

fn wrong() -> Error {
    Error::field(
        "totp_invalid",
        "code",
        "That code is not right. Type the newest one your authenticator shows, and see that the clock of your device is right.",
    )
}

/// Inside a sign-in a wrong code is a wrong field, not a stranger.
fn about_the_field(error: Error) -> Error {
    match error.code() {
        "totp_invalid" | "totp_required" => Error::field("totp_invalid", "code", error.message()),
        _ => error,
    }
}

fn nothing_begun() -> Error {
    Error::conflict(
        "nothing_begun",
        "Nothing was begun here, or it is longer ago than 15 minutes. Begin again.",
    )
}

fn on_already() -> Error {
    Error::conflict(
        "second_factor_on",
        "The second factor is on already. Turn it off first to set up another.",
    )
}
