//! One-time links: for verifying an address, setting a new password, and invitations.
//!
//! Must stay true: a token is HMAC-SHA256(mail key, row id), 32 bytes that nobody can guess; it is made
//! when a mail is rendered and stored only as its hash; it is good once, for a time, for one purpose,
//! and for the address it was sent to.

mod store;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use storage::WriteTx;
use uuid::Uuid;

pub use store::{CATALOGUE, end_some, erase, get, sweep, void};

use crate::app::{App, mac};
use crate::auth::closing::must_be_there;
use crate::error::{Error, Result};

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    VerifyEmail,
    ResetPassword,
}

impl Purpose {
    /// How long it is good.
    pub fn lifetime(self) -> SignedDuration {
        match self {
            Self::VerifyEmail => SignedDuration::from_hours(24),
            Self::ResetPassword => SignedDuration::from_mins(60),
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Link {
    pub id: Uuid,
    pub purpose: Purpose,
    pub user: Uuid,
    /// The address it was sent to; it must still be the account's.
    pub email: String,
    pub token_hash: [u8; 32],
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub used_at: Option<Timestamp>,
}

impl storage::Record for Link {}

/// The token of the row with this id.
pub fn token(app: &App, id: Uuid) -> String {
    URL_SAFE_NO_PAD.encode(mac(&app.keys.derive("mail link"), &[id.as_bytes()]))
}

/// What is stored of a token.
pub fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.trim()).into()
}

/// A new link, not yet stored.
pub fn prepare(app: &App, purpose: Purpose, user: Uuid, email: &str) -> Link {
    let (id, now) = (app.ids.next(), app.clock.now());
    Link {
        id,
        purpose,
        user,
        email: email.to_owned(),
        token_hash: hash(&token(app, id)),
        created_at: now,
        expires_at: now.checked_add(purpose.lifetime()).unwrap_or(now),
        used_at: None,
    }
}

/// Stores a link; older ones of the same purpose are void from now on.
///
/// # Errors
/// `session_revoked` when the account was deleted since it was asked for.
pub fn issue(tx: &mut WriteTx<'_>, link: &Link) -> Result<()> {
    must_be_there(tx, link.user)?;
    store::void(tx, link.user, link.purpose)?;
    store::put(tx, link)
}

/// The link that a token leads to, if it is still good.
///
/// # Errors
/// `link_invalid`, `link_used`, or `link_expired`, each with what to do.
pub fn open(
    tx: &impl storage::Read,
    purpose: Purpose,
    token: &str,
    now: Timestamp,
) -> Result<Link> {
    let found = store::by_hash(tx, &hash(token))?.filter(|link| link.purpose == purpose);
    let link = found.ok_or_else(invalid)?;
    if link.used_at.is_some() {
        return Err(Error::forbidden(
            "link_used",
            "This link was used already; it works once.",
        ));
    }
    if now >= link.expires_at {
        return Err(Error::forbidden(
            "link_expired",
            "This link has run out. Ask for a new one.",
        ));
    }
    Ok(link)
}

/// What a token is answered that leads nowhere, or no longer.
pub fn invalid() -> Error {
    Error::forbidden(
        "link_invalid",
        "This link is not valid. Perhaps it was cut off, or a newer one was sent since.",
    )
}

/// Uses a link up.
pub fn spend(tx: &mut WriteTx<'_>, mut link: Link, now: Timestamp) -> Result<()> {
    link.used_at = Some(now);
    store::put(tx, &link)
}
