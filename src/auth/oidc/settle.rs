//! Whose account somebody at another service gets: the rules, asked before anything is stored and once
//! more inside the transaction that stores it.
//!
//! Must stay true: an account is given to whoever the service vouches for only when its address was
//! verified on both sides (otherwise whoever registered a stranger's address first would share the
//! account with them); an administrator's never, without having signed in here.

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use storage::{Read, WriteTx};
use uuid::Uuid;

use super::store::{self as identities, Identity};
use crate::app::App;
use crate::auth::audit::{Actor, Event, What};
use crate::auth::mail::{Mail, Purpose};
use crate::auth::store::{self, Role, User};
use crate::config::{Registration, Verification};
use crate::error::{Error, Result};
use crate::http::Client;

/// Somebody at the service, and what this installation does with strangers.
#[derive(Clone, Debug)]
pub struct Person {
    pub issuer: String,
    /// Of issuer and subject.
    pub hash: [u8; 32],
    pub email: Option<String>,
    pub email_verified: bool,
    pub rules: Rules,
}

#[derive(Clone, Copy, Debug)]
pub struct Rules {
    pub open: bool,
    pub verified_only: bool,
}

impl Rules {
    pub fn of(app: &App) -> Self {
        let auth = &app.config.auth;
        Self {
            open: auth.registration == Registration::Open,
            verified_only: auth.verification == Verification::Login,
        }
    }
}

/// What is stored of who somebody is there.
pub fn hash(issuer: &str, subject: &str) -> [u8; 32] {
    let mut digest = Sha256::new();
    for part in [issuer, subject] {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    digest.finalize().into()
}

/// What is to be done.
#[derive(Debug)]
pub enum Settled {
    /// The identity is tied to this account.
    Known(User, Uuid),
    /// The account is theirs by its address; the identity is to be tied to it.
    Theirs(User),
    /// They have no account and may have one, with this address.
    Stranger(String),
}

impl Settled {
    /// The account there is.
    pub fn user(&self) -> Option<&User> {
        match self {
            Self::Known(user, _) | Self::Theirs(user) => Some(user),
            Self::Stranger(_) => None,
        }
    }
}

/// Whose account it is.
///
/// # Errors
/// `account_disabled`, `oidc_address_unverified`, `oidc_account_unverified`, `oidc_link_first`,
/// `oidc_not_allowed`.
pub fn decide(tx: &impl Read, person: &Person) -> Result<Settled> {
    if let Some(identity) = identities::by_hash(tx, &person.hash)? {
        let user = store::user(tx, identity.user)?.ok_or_else(disabled)?;
        open(&user)?;
        if person.rules.verified_only && !user.trusted() {
            return Err(account_unverified());
        }
        return Ok(Settled::Known(user, identity.id));
    }
    let Some(email) = person.email.as_deref().filter(|_| person.email_verified) else {
        return Err(Error::forbidden(
            "oidc_address_unverified",
            "The other service does not say that your mail address there is verified.",
        ));
    };
    match store::user_by_email(tx, email)? {
        Some(user) => {
            open(&user)?;
            if user.role == Role::Admin {
                return Err(Error::forbidden(
                    "oidc_link_first",
                    "An administrator ties the other service to the account under Account, after signing in here.",
                ));
            }
            if user.email_verified_at.is_none() {
                return Err(account_unverified());
            }
            Ok(Settled::Theirs(user))
        }
        None if person.rules.open && store::set_up(tx)? => Ok(Settled::Stranger(email.to_owned())),
        None => Err(Error::forbidden(
            "oidc_not_allowed",
            "There is no account with your address, and new ones are not open here. Ask the administrator.",
        )),
    }
}

/// The account that a refusal is about: of nobody's who only claims an address.
pub fn account_of(tx: &impl Read, person: &Person) -> Result<Option<Uuid>> {
    if let Some(identity) = identities::by_hash(tx, &person.hash)? {
        return Ok(Some(identity.user));
    }
    match person.email.as_deref().filter(|_| person.email_verified) {
        Some(email) => Ok(store::user_by_email(tx, email)?.map(|user| user.id)),
        None => Ok(None),
    }
}

fn open(user: &User) -> Result<()> {
    if user.disabled || user.erasing {
        return Err(disabled());
    }
    Ok(())
}

fn disabled() -> Error {
    Error::forbidden("account_disabled", "This account is closed.")
}

fn account_unverified() -> Error {
    Error::forbidden(
        "oidc_account_unverified",
        "There is an account with your address that was never verified. Sign in with its password and verify it first.",
    )
}

pub fn taken() -> Error {
    Error::conflict(
        "oidc_taken",
        "This sign-in of the other service belongs to another account here.",
    )
}

/// What stores that an identity is an account's, with its event: made outside of the transaction.
#[derive(Clone, Debug)]
pub struct Tie {
    identity: Identity,
    event: Event,
}

impl Tie {
    pub fn new(app: &App, client: &Client, person: &Person, user: Uuid) -> Self {
        let event = Event::new(app, What::IdentityLinked, Actor::User(user)).from(client);
        Self {
            identity: Identity {
                id: app.ids.next(),
                user,
                issuer: person.issuer.clone(),
                hash: person.hash,
                email: person.email.clone(),
                linked_at: app.clock.now(),
                last_used_at: None,
            },
            event: event.detail(super::service_name(app, &person.issuer)),
        }
    }

    /// Stores it; what is tied to the same account already stays as it is.
    ///
    /// # Errors
    /// `oidc_taken` when it is another's.
    pub fn store(&self, tx: &mut WriteTx<'_>) -> Result<()> {
        match identities::by_hash(tx, &self.identity.hash)? {
            Some(identity) if identity.user == self.identity.user => Ok(()),
            Some(_) => Err(taken()),
            None => {
                identities::put(tx, &self.identity)?;
                self.event.record(tx)
            }
        }
    }
}

impl Tie {
    /// Tells the person by mail that there is a new way in.
    pub fn tell(&self, app: &App, tx: &mut WriteTx<'_>) -> Result<()> {
        let mail = Mail::to(self.identity.user, Purpose::AccessAdded).about(self.event.id);
        mail.send(app, tx).map(|_| ())
    }
}

/// In the transaction of a sign-in to `user`: decides once more, and keeps that the identity was used.
/// A second factor that was switched on in the meantime is asked for at the next try.
///
/// # Errors
/// Those of `decide`; `oidc_failed` when it is no longer the same account.
pub fn enter(
    tx: &mut WriteTx<'_>,
    person: &Person,
    tie: &Tie,
    strong: bool,
    now: Timestamp,
) -> Result<()> {
    let settled = decide(tx, person)?;
    let user = tie.identity.user;
    let same = settled
        .user()
        .is_some_and(|found| found.id == user && (strong || found.second_factor.is_none()));
    if !same {
        return Err(super::failed());
    }
    if let Settled::Known(_, id) = settled {
        return identities::note_use(tx, user, id, now);
    }
    tie.store(tx)?;
    identities::note_use(tx, user, tie.identity.id, now)
}
