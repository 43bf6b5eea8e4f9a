//! What a request's right to act rests on, and whether it still does.
//!
//! Must stay true: who is calling is found out before the body has come, and a thief can hold its last
//! byte back until the sign-in was ended. So every transaction that does something for a caller asks
//! `still` first, and is refused when the answer has changed.

use storage::Read;
use uuid::Uuid;

use super::store::{self, Role, User};
use super::{closing, session, tokens, verification};
use crate::app::App;
use crate::clock::Clock;
use crate::error::{Error, Result};

/// What was shown.
#[derive(Clone, Copy, Debug)]
enum Shown {
    SignIn(Uuid),
    ApiToken(Uuid),
}

/// What the handler's door asks for beside it.
#[derive(Clone, Copy, Debug)]
enum Asked {
    Nothing,
    VerifiedAddress,
    /// `strong`: with a second factor.
    Administrator {
        strong: bool,
    },
}

#[derive(Clone, Debug)]
pub struct Grounds {
    user: Uuid,
    shown: Shown,
    asked: Asked,
    clock: Clock,
}

impl Grounds {
    pub fn sign_in(app: &App, user: Uuid, session: Uuid) -> Self {
        Self::new(app, user, Shown::SignIn(session))
    }

    pub fn api_token(app: &App, user: Uuid, token: Uuid) -> Self {
        Self::new(app, user, Shown::ApiToken(token))
    }

    fn new(app: &App, user: Uuid, shown: Shown) -> Self {
        Self {
            user,
            shown,
            asked: Asked::Nothing,
            clock: app.clock.clone(),
        }
    }

    /// The same, for somebody whose address is to be verified.
    pub fn verified(self) -> Self {
        let asked = Asked::VerifiedAddress;
        Self { asked, ..self }
    }

    /// The same, for somebody who is to be an administrator.
    pub fn administrator(self, app: &App) -> Self {
        let strong = app.config.auth.second_factor_for_administrators;
        let asked = Asked::Administrator { strong };
        Self { asked, ..self }
    }

    /// Passes while the sign-in or the token lives, the account is open, and it is what the door asks
    /// for.
    ///
    /// # Errors
    /// `session_revoked`, `token_invalid`, `token_expired`; `email_unverified`, `forbidden`,
    /// `second_factor_required`.
    pub fn still(&self, tx: &impl Read) -> Result<()> {
        let strong = match self.shown {
            Shown::SignIn(id) => self.signed_in(tx, id)?,
            Shown::ApiToken(id) => {
                let token = tokens::get(tx, self.user, id)?.ok_or_else(tokens::invalid)?;
                tokens::must_be_good(&token, self.clock.now())?;
                false
            }
        };
        let user = closing::must_be_open(tx, self.user)?;
        self.asked_for(&user, strong)
    }

    /// Whether the sign-in, which must live, was made with a second factor or a passkey.
    fn signed_in(&self, tx: &impl Read, id: Uuid) -> Result<bool> {
        let session = store::session(tx, id)?;
        let now = self.clock.now();
        session
            .filter(|session| session.user == self.user && session.live(now))
            .map(|session| session.second_factor)
            .ok_or_else(session::revoked)
    }

    /// Passes when the account, and how it was signed in to, is what the door asks for.
    pub fn asked_for(&self, user: &User, signed_in_strongly: bool) -> Result<()> {
        match self.asked {
            Asked::VerifiedAddress if !user.trusted() => Err(verification::needed()),
            Asked::Administrator { .. } if user.role != Role::Admin => Err(Error::forbidden(
                "forbidden",
                "Only an administrator may do this.",
            )),
            Asked::Administrator { strong: true } if !signed_in_strongly => Err(Error::forbidden(
                "second_factor_required",
                "This server wants a second factor of administrators. Set one up under Account and go on; if you have one, or a passkey, sign in with it.",
            )),
            _ => Ok(()),
        }
    }
}
