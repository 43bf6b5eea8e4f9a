//! Making an account.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::password::{self, Password};
use super::session::{self, Proof};
use super::store::{self, Method, Role, Session, User};
use super::{invitations, token};
use crate::app::App;
use crate::error::{Error, Result};
use crate::http::failure::Failure;
use crate::http::rate::Limit;
use crate::http::{Client, Json};

#[derive(Debug, Deserialize, ToSchema)]
pub struct Credentials {
    pub email: String,
    pub password: Password,
    /// The part of an invitation's link after `#invitation=`.
    pub invitation: Option<String>,
}

/// An account to be made, by a route or by the shell.
#[derive(Debug)]
pub struct NewAccount {
    pub email: String,
    pub password: Password,
    pub role: Role,
    pub plan: Option<String>,
    /// Whether somebody vouches for the address, as whoever has a shell on the server does.
    pub vouched: bool,
    /// The invitation it comes by.
    pub invitation: Option<Uuid>,
}

/// Makes an account and signs it in.
#[utoipa::path(post, path = "/api/auth/register", tag = "auth", request_body = Credentials, responses(
    (status = 201, body = token::SignedIn), (status = 403, body = Failure, description = "registration_closed, invitation_required, invitation_invalid"),
    (status = 409, body = Failure, description = "email_taken"), (status = 422, body = Failure)))]
pub async fn register(
    State(app): State<App>,
    client: Client,
    body: Json<Credentials>,
) -> Result<Response> {
    let limit = Limit::per_hour(app.config.limits.registrations_per_hour);
    app.rates.take("registrations", &client.network(), limit)?;
    if !app.store.read(store::set_up)? {
        return Err(Error::forbidden(
            "registration_closed",
            "New accounts are not open here. Ask the administrator.",
        ));
    }
    let Json(body) = body;
    let guest = invitations::guest(&app, body.invitation.as_deref(), &body.email)?;
    let account = NewAccount {
        email: body.email,
        password: body.password,
        role: Role::User,
        plan: guest.as_ref().and_then(|guest| guest.plan.clone()),
        vouched: guest.as_ref().is_some_and(|guest| guest.vouched),
        invitation: guest.map(|guest| guest.invitation),
    };
    let (user, session) = sign_up(&app, &client, account, Method::Password, |_| Ok(())).await?;
    created(&app, &client, &user, &session)
}

/// 201 with both tokens.
pub fn created(app: &App, client: &Client, user: &User, session: &Session) -> Result<Response> {
    let mut response = token::signed_in(app, client, user, session)?;
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
}

/// Checks, hashes, and in one transaction runs `admit` and adds the account with its first sign-in.
pub async fn sign_up(
    app: &App,
    client: &Client,
    account: NewAccount,
    method: Method,
    admit: impl FnOnce(&mut storage::WriteTx<'_>) -> Result<()> + Send + 'static,
) -> Result<(User, Session)> {
    let user = prepare(app, account).await?;
    let proof = Proof {
        method,
        strong: false,
    };
    let session = session::begin(app, client, user.id, proof);
    let inside = app.clone();
    app.store
        .write(move |tx| {
            admit(tx)?;
            store::add_user(tx, &user)?;
            invitations::take(&inside, tx, &user)?;
            store::put_session(tx, &session)?;
            Ok((user, session))
        })
        .await
}

/// Makes an account without signing it in: the shell's way.
pub async fn create_account(app: &App, account: NewAccount) -> Result<User> {
    let user = prepare(app, account).await?;
    let user = app
        .store
        .write(move |tx| store::add_user(tx, &user).map(|()| user))
        .await?;
    if user.role == Role::Admin {
        super::setup::withdraw(app);
    }
    Ok(user)
}

async fn prepare(app: &App, account: NewAccount) -> Result<User> {
    let email = checked_address(&account.email)?;
    account.password.check()?;
    let password_hash = password::hash(app, account.password).await?;
    Ok(User {
        id: app.ids.next(),
        email,
        password_hash,
        role: account.role,
        created_at: app.clock.now(),
        email_verified_at: account.vouched.then(|| app.clock.now()),
        disabled: false,
        plan: account.plan,
        last_seen_at: None,
        invitation: account.invitation,
        second_factor: None,
        erasing: false,
    })
}

/// An address that mail could be sent to: one @, something on both sides, no spaces or controls.
/// Whether it exists only a mail can tell.
pub fn checked_address(email: &str) -> Result<String> {
    let email = email.trim();
    let parts = email.rsplit_once('@');
    let fits = email.len() <= 254
        && !email
            .chars()
            .any(|c| c.is_whitespace() || c.is_control() || "<>,;\"()".contains(c))
        && parts.is_some_and(|(name, host)| {
            !name.is_empty()
                && name.len() <= 64
                && !name.contains('@')
                && !host.is_empty()
                && !host.starts_with('.')
        });
    if fits {
        return Ok(email.to_owned());
    }
    Err(Error::field(
        "email_invalid",
        "email",
        "This does not look like a mail address, for example ada@example.org.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is stored as an address must be one, since links will be mailed to it.
    #[test]
    fn addresses_are_checked_for_form() {
        for good in ["ada@example.org", " a+b@localhost ", "ü@bücher.example"] {
            assert!(checked_address(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "ada",
            "@example.org",
            "ada@",
            "a b@c.d",
            "a@b@c",
            "a@b\n.c",
            "<a@b.c>",
            "a@.b",
        ] {
            assert!(checked_address(bad).is_err(), "{bad}");
        }
    }
}
