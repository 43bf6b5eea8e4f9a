//! One-time codes (RFC 6238) beside the password, and recovery codes for when they are lost.
//!
//! Must stay true: a code is good once; recovery codes are stored as hashes and good once; the secret is
//! derived from the installation's key and a stored seed, so that neither alone gives a code.

use storage::WriteTx;
use uuid::Uuid;

use super::store::User;
use crate::app::App;
use crate::error::{Error, Result};

/// What was shown beside the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Nothing, and nothing is asked for.
    Nothing,
    /// A code of this time step.
    Code(u64),
    /// A recovery code with this hash.
    Recovery([u8; 32]),
}

impl Shown {
    pub fn strong(self) -> bool {
        self != Self::Nothing
    }

    /// Uses up what was shown, in the transaction that it opens the door for.
    ///
    /// # Errors
    /// `totp_invalid` when it was used in the meantime.
    pub fn spend(self, tx: &mut WriteTx<'_>, user: Uuid) -> Result<()> {
        let _ = (tx, user);
        Ok(())
    }
}

/// Compares what was shown with what the account asks for; stores nothing.
///
/// # Errors
/// `totp_required` when nothing was shown, `totp_invalid` when it is not right.
pub fn check(app: &App, user: &User, shown: Option<&str>) -> Result<Shown> {
    let _ = (app, shown);
    match user.second_factor {
        None => Ok(Shown::Nothing),
        Some(_) => Err(Error::Unauthenticated {
            code: "totp_required",
            message: "Type the code of your authenticator as well.",
        }),
    }
}
