//! Once more the password, before an act that a stranger at an open browser must not do.
//!
//! Must stay true: what was confirmed holds for the password that it was compared with; the act's
//! transaction asks whether the account still has it.

use jiff::SignedDuration;
use storage::Read;
use uuid::Uuid;

use super::caller::CurrentUser;
use super::password::{self, Password, Verdict};
use super::store;
use crate::app::App;
use crate::error::{Error, Result};
use crate::http::rate::Limit;

/// How fresh the sign-in of somebody without a password must be.
const FRESH: SignedDuration = SignedDuration::from_mins(10);

/// That somebody showed the account's password, or needs none.
#[must_use = "the transaction that acts must ask whether it holds"]
pub struct Confirmed {
    user: Uuid,
    /// The stored hash that was compared with; empty where there is no password.
    hash: String,
}

impl Confirmed {
    /// Passes while the account's password is the one that was shown: its owner may have set another
    /// since.
    ///
    /// # Errors
    /// `password_wrong`.
    pub fn holds(&self, tx: &impl Read) -> Result<()> {
        let user = store::user(tx, self.user)?;
        if user.is_some_and(|user| user.password_hash == self.hash) {
            return Ok(());
        }
        Err(wrong())
    }
}

/// Passes when `password` is the caller's; without a password, when they signed in just now.
///
/// # Errors
/// `password_missing`, `password_wrong`, `sign_in_again`; `login_throttled` after five wrong ones;
/// `rate_limited`.
pub async fn confirm(
    app: &App,
    caller: &CurrentUser,
    password: Option<Password>,
) -> Result<Confirmed> {
    let confirmed = Confirmed {
        user: caller.id,
        hash: caller.user.password_hash.clone(),
    };
    if !caller.user.has_password() {
        signed_in_just_now(app, caller)?;
        return Ok(confirmed);
    }
    let Some(password) = password else {
        let message = "Your password is needed for this.";
        return Err(Error::field("password_missing", "password", message));
    };
    // The right one costs as much as a wrong one.
    let limit = Limit::per_minute(app.config.limits.sign_ins_per_minute);
    app.rates.take("passwords", &caller.id, limit)?;
    let tries = vec![("confirm", caller.session.to_string())];
    let attempt = app.throttle.attempt(tries)?;
    let stored = Some(confirmed.hash.clone());
    match password::verify(app, password, stored).await {
        Ok(Verdict::Wrong) => Err(wrong()),
        Ok(Verdict::Right | Verdict::Outdated) => {
            attempt.right(&["confirm"]);
            Ok(confirmed)
        }
        Err(error) => {
            attempt.undecided();
            Err(error)
        }
    }
}

fn wrong() -> Error {
    Error::forbidden("password_wrong", "That is not your password.")
}

fn signed_in_just_now(app: &App, caller: &CurrentUser) -> Result<()> {
    let now = app.clock.now();
    let session = app.store.read(|tx| store::session(tx, caller.session))?;
    if session.is_some_and(|session| now.duration_since(session.created_at) <= FRESH) {
        return Ok(());
    }
    Err(Error::forbidden(
        "sign_in_again",
        "For this, sign out and in again first: your sign-in is older than ten minutes.",
    ))
}
