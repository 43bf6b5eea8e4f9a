//! Invitations: links by which somebody may make an account, made by an administrator.
//!
//! Must stay true: a token is HMAC-SHA256(invitation key, row id) and stored only as its hash; whether an
//! invitation is still good is decided in the transaction that makes the account, so that its last use is
//! given once; it verifies an address only when it names that address, for then its link was mailed there.

pub(super) mod admin;
mod store;

use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::{Read, WriteTx};
use utoipa::ToSchema;
use uuid::Uuid;

pub use store::{CATALOGUE, Invitation, erase, get, revoke_some, unname};

use crate::app::{App, mac};
use crate::auth::audit::{Actor, Event, What};
use crate::auth::links;
use crate::auth::store::{User, folded};
use crate::config::Registration;
use crate::error::{Error, Result};
use crate::http::failure::Failure;
use crate::http::rate::Limit;
use crate::http::{Client, Json};

/// What became of an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    Open,
    UsedUp,
    Expired,
    Revoked,
}

impl Invitation {
    pub fn standing(&self, now: Timestamp) -> Standing {
        if self.revoked_at.is_some() {
            Standing::Revoked
        } else if self.used >= self.uses {
            Standing::UsedUp
        } else if now >= self.expires_at {
            Standing::Expired
        } else {
            Standing::Open
        }
    }

    /// Whether somebody with this address may come by it.
    fn is_for(&self, email: &str) -> bool {
        let address = self.address.as_deref();
        address.is_none_or(|address| folded(address) == folded(email))
    }
}

/// The token of the invitation with this id.
fn token(app: &App, id: Uuid) -> String {
    URL_SAFE_NO_PAD.encode(mac(&app.keys.derive("invitation"), &[id.as_bytes()]))
}

/// The link of the invitation with this id. The token stands in the fragment, which no server sees.
pub fn link(app: &App, id: Uuid) -> String {
    format!("{}/register#invitation={}", app.base(), token(app, id))
}

fn invalid(message: &str) -> Error {
    Error::forbidden("invitation_invalid", message)
}

fn worthless() -> Error {
    invalid("This invitation is not valid, or no longer: ask whoever gave it to you for a new one.")
}

/// The invitation that a token leads to, while it is good.
fn open(tx: &impl Read, token: &str, now: Timestamp) -> Result<Invitation> {
    let found = store::by_hash(tx, &links::hash(token))?;
    let open = found.filter(|invitation| invitation.standing(now) == Standing::Open);
    open.ok_or_else(worthless)
}

/// What an account gets from the invitation that it comes by.
#[derive(Clone, Debug)]
pub struct Guest {
    pub invitation: Uuid,
    pub plan: Option<String>,
    /// Whether the link was mailed to the account's address, which is verified by that.
    pub vouched: bool,
}

/// Whether somebody may register here with what they bring; with what, when it is an invitation.
/// `take` decides again in the transaction that adds the account.
///
/// # Errors
/// `registration_closed`, `invitation_required`, `invitation_invalid`.
pub fn guest(app: &App, token: Option<&str>, email: &str) -> Result<Option<Guest>> {
    let token = token.map(str::trim).filter(|token| !token.is_empty());
    let token = match (app.config.auth.registration, token) {
        (Registration::Closed, _) => {
            return Err(Error::forbidden(
                "registration_closed",
                "New accounts are not open here. Ask the administrator.",
            ));
        }
        (Registration::Invitation, None) => {
            return Err(Error::forbidden(
                "invitation_required",
                "New accounts need an invitation here. Ask the administrator for a link.",
            ));
        }
        (Registration::Open, None) => return Ok(None),
        (Registration::Open | Registration::Invitation, Some(token)) => token,
    };
    let now = app.clock.now();
    let invitation = app.store.read(|tx| open(tx, token, now))?;
    must_be_for(&invitation, email)?;
    Ok(Some(Guest {
        invitation: invitation.id,
        vouched: invitation.address.is_some(),
        plan: invitation.plan,
    }))
}

fn must_be_for(invitation: &Invitation, email: &str) -> Result<()> {
    if invitation.is_for(email) {
        return Ok(());
    }
    Err(invalid(
        "This invitation is for another address. Use the one that it was sent to.",
    ))
}

/// Uses up the invitation that a new account names, if it names one, after the account was added in the
/// same transaction.
///
/// # Errors
/// `invitation_invalid` when it is no longer good.
pub fn take(app: &App, tx: &mut WriteTx<'_>, user: &User) -> Result<()> {
    let Some(id) = user.invitation else {
        return Ok(());
    };
    let invitation = store::get(tx, id)?;
    let now = app.clock.now();
    let open = invitation.filter(|invitation| invitation.standing(now) == Standing::Open);
    let mut invitation = open.ok_or_else(worthless)?;
    must_be_for(&invitation, &user.email)?;
    invitation.used += 1;
    store::put(tx, &invitation)?;
    store::put_guest(tx, id, user.id)?;
    Event::new(app, What::InvitationUsed, Actor::User(user.id)).record(tx)
}

#[derive(Deserialize, ToSchema)]
pub struct InvitationToken {
    /// The part of the link after `#invitation=`.
    pub token: String,
}

/// What somebody who was invited is shown before they make an account.
#[derive(Serialize, ToSchema)]
pub struct InvitationView {
    /// The address that the account must have.
    pub email: Option<String>,
    pub plan: Option<String>,
    pub expires_at: Timestamp,
    pub support_address: Option<String>,
    pub known_limits: Vec<String>,
}

/// What an invitation offers.
#[utoipa::path(post, path = "/api/auth/invitation", tag = "auth", request_body = InvitationToken, responses(
    (status = 200, body = InvitationView), (status = 403, body = Failure, description = "invitation_invalid"),
    (status = 429, body = Failure)))]
pub async fn look(
    State(app): State<App>,
    client: Client,
    Json(body): Json<InvitationToken>,
) -> Result<Json<InvitationView>> {
    let limit = Limit::per_minute(app.config.limits.sign_ins_per_minute);
    app.rates.take("invitations", &client.network(), limit)?;
    let now = app.clock.now();
    let invitation = app.store.read(|tx| open(tx, &body.token, now))?;
    let support = &app.config.support;
    Ok(Json(InvitationView {
        email: invitation.address,
        plan: invitation.plan,
        expires_at: invitation.expires_at,
        support_address: Some(support.address.clone()).filter(|address| !address.is_empty()),
        known_limits: support.known_limits.clone(),
    }))
}
