//! One-time codes (RFC 6238) beside the password, and recovery codes for when they are lost.
//!
//! Must stay true: a code is good once; recovery codes are stored as hashes and good once; the secret is
//! derived from the installation's key and a stored seed, so that neither alone gives a code.

mod codes;
pub(super) mod routes;

use storage::WriteTx;
use uuid::Uuid;

use self::codes::Typed;
use crate::app::App;
use crate::auth::audit::{Actor, Event, What};
use crate::auth::mail::{Mail, Purpose};
use crate::auth::store::{self, Role, User};
use crate::error::{Error, Result};

/// What was shown beside the password.
pub enum Shown {
    /// Nothing, and nothing is asked for.
    Nothing,
    /// A code of this time step.
    Code(u64),
    /// A recovery code.
    Recovery(Box<Recovery>),
}

/// A recovery code that is about to be used, and what has to be told of it.
pub struct Recovery {
    hash: [u8; 32],
    event: Event,
    app: App,
}

impl Shown {
    pub fn strong(&self) -> bool {
        !matches!(self, Self::Nothing)
    }

    /// Uses up what was shown, in the transaction that it opens the door for.
    ///
    /// # Errors
    /// `totp_invalid` when it was used in the meantime, `totp_required` when codes were turned on.
    pub fn spend(self, tx: &mut WriteTx<'_>, user: Uuid) -> Result<()> {
        let mut good = false;
        match self {
            Self::Nothing => {
                let on = store::user(tx, user)?.is_some_and(|user| user.second_factor.is_some());
                return if on { Err(required()) } else { Ok(()) };
            }
            Self::Code(step) => store::change_user(tx, user, |user| {
                if let Some(factor) = &mut user.second_factor {
                    good = step > factor.last_step;
                    factor.last_step = factor.last_step.max(step);
                }
            })?,
            Self::Recovery(code) => {
                let changed = store::change_user(tx, user, |user| {
                    if let Some(factor) = &mut user.second_factor {
                        let before = factor.recovery.len();
                        factor.recovery.retain(|hash| *hash != code.hash);
                        good = factor.recovery.len() < before;
                    }
                })?;
                if good {
                    tell(&code.app, tx, &code.event, user)?;
                }
                changed
            }
        };
        if good { Ok(()) } else { Err(invalid()) }
    }
}

/// Compares what was shown with what the account asks for; stores nothing.
///
/// # Errors
/// `totp_required` when nothing was shown, `totp_invalid` when it is not right.
pub fn check(app: &App, user: &User, shown: Option<&str>) -> Result<Shown> {
    let Some(factor) = &user.second_factor else {
        return Ok(Shown::Nothing);
    };
    let shown = shown.map(str::trim).filter(|shown| !shown.is_empty());
    match codes::read(shown.ok_or_else(required)?) {
        Some(Typed::Code(code)) => {
            let step = codes::step(app, user.id, &factor.seed, &code)?;
            let fresh = step.filter(|step| *step > factor.last_step);
            fresh.map(Shown::Code).ok_or_else(invalid)
        }
        Some(Typed::Recovery(code)) => {
            let hash = codes::hash(app, user.id, &code);
            if !factor.recovery.contains(&hash) {
                return Err(invalid());
            }
            let event = Event::new(app, What::RecoveryCodeUsed, Actor::User(user.id));
            let app = app.clone();
            Ok(Shown::Recovery(Box::new(Recovery { hash, event, app })))
        }
        None => Err(invalid()),
    }
}

/// Whether this server insists on a second factor for this account.
fn insisted_on(app: &App, user: &User) -> bool {
    app.config.auth.second_factor_for_administrators && user.role == Role::Admin
}

/// Stores what was changed about a second factor, and has its owner told.
fn tell(app: &App, tx: &mut WriteTx<'_>, event: &Event, user: Uuid) -> Result<()> {
    event.record(tx)?;
    let mail = Mail::to(user, Purpose::SecondFactorChanged).about(event.id);
    mail.send(app, tx).map(|_| ())
}

/// For somebody who lost authenticator and recovery codes: whoever has a shell on the server turns the
/// codes off. Passkeys stay. All sign-ins end, since whoever asked may not be who they say.
///
/// # Errors
/// Not found; `second_factor_off`.
pub async fn reset(app: &App, email: &str) -> Result<User> {
    let event = Event::new(app, What::SecondFactorOff, Actor::Operator);
    let (inside, email) = (app.clone(), email.to_owned());
    let change = move |tx: &mut WriteTx<'_>| {
        let user = store::user_by_email(tx, &email)?.ok_or(Error::NotFound { what: "account" })?;
        if user.second_factor.is_none() {
            return Err(off());
        }
        let changed = store::change_user(tx, user.id, |user| user.second_factor = None)?;
        let user = changed.ok_or(Error::NotFound { what: "account" })?;
        tell(&inside, tx, &event.about(user.id), user.id)?;
        let ended = store::end_sessions(tx, user.id, None)?;
        Ok((user, ended))
    };
    let (user, ended) = app.store.write(change).await?;
    app.presence.close(ended);
    tracing::info!(user_id = %user.id, "the operator turned a second factor off");
    Ok(user)
}

fn required() -> Error {
    Error::Unauthenticated {
        code: "totp_required",
        message: "Type the code of your authenticator as well.",
    }
}

fn invalid() -> Error {
    Error::Unauthenticated {
        code: "totp_invalid",
        message: "That code is not right, or was used already. Type the newest one your authenticator shows.",
    }
}

fn off() -> Error {
    Error::conflict(
        "second_factor_off",
        "This account has no second factor turned on.",
    )
}
