//! Once more the password, before an act that a stranger at an open browser must not do.

use jiff::SignedDuration;

use super::caller::CurrentUser;
use super::password::{self, Password, Verdict};
use super::store;
use crate::app::App;
use crate::error::{Error, Result};

/// How fresh the sign-in of somebody without a password must be.
const FRESH: SignedDuration = SignedDuration::from_mins(10);

/// Passes when `password` is the caller's; without a password, when they signed in just now.
///
/// # Errors
/// `password_missing`, `password_wrong`, `sign_in_again`; `login_throttled` after five wrong ones.
pub async fn confirm(app: &App, caller: &CurrentUser, password: Option<Password>) -> Result<()> {
    if !caller.user.has_password() {
        return signed_in_just_now(app, caller);
    }
    let Some(password) = password else {
        let message = "Your password is needed for this.";
        return Err(Error::field("password_missing", "password", message));
    };
    let tries = vec![("confirm", caller.session.to_string())];
    let attempt = app.throttle.attempt(tries)?;
    let stored = Some(caller.user.password_hash.clone());
    match password::verify(app, password, stored).await {
        Ok(Verdict::Wrong) => Err(Error::forbidden(
            "password_wrong",
            "That is not your password.",
        )),
        Ok(Verdict::Right | Verdict::Outdated) => {
            attempt.right(&["confirm"]);
            Ok(())
        }
        Err(error) => {
            attempt.undecided();
            Err(error)
        }
    }
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
