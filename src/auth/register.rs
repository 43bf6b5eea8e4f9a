//! Making an account.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use storage::WriteTx;
use utoipa::ToSchema;
use uuid::Uuid;

use super::address::checked_address;
use super::audit::{Actor, Event, What};
use super::enter::{self, Visitor};
use super::mail::{Mail, Purpose};
use super::password::{self, Password};
use super::session::{self, Proof};
use super::store::{self, Method, Role, User};
use super::verification::{CheckMail, admit_person, check_mail, in_the_background, send_link};
use super::{invitations, token};
use crate::app::App;
use crate::config::Verification;
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

/// Makes an account and signs it in. Where nobody may sign in unverified, the answer is always 202,
/// whether the address has an account or not, and a mail says the rest.
#[utoipa::path(post, path = "/api/auth/register", tag = "auth", request_body = Credentials, responses(
    (status = 201, body = token::SignedIn), (status = 202, body = CheckMail, description = "when auth.verification = login"),
    (status = 403, body = Failure, description = "registration_closed, invitation_required, invitation_invalid"),
    (status = 409, body = Failure, description = "email_taken"), (status = 422, body = Failure)))]
pub async fn register(
    State(app): State<App>,
    client: Client,
    headers: HeaderMap,
    Json(body): Json<Credentials>,
) -> Result<Response> {
    let limit = Limit::per_hour(app.config.limits.registrations_per_hour);
    app.rates.take("registrations", &client.network(), limit)?;
    if !app.store.read(store::set_up)? {
        return Err(Error::forbidden(
            "registration_closed",
            "New accounts are not open here. Ask the administrator.",
        ));
    }
    let guest = invitations::guest(&app, body.invitation.as_deref(), &body.email)?;
    let account = NewAccount {
        email: body.email,
        password: body.password,
        role: Role::User,
        plan: guest.as_ref().and_then(|guest| guest.plan.clone()),
        vouched: guest.as_ref().is_some_and(|guest| guest.vouched),
        invitation: guest.map(|guest| guest.invitation),
    };
    if app.config.auth.verification == Verification::Login {
        // The same work for every address before the answer, and the rest after it.
        let user = prepare(&app, account).await?;
        in_the_background(&app, quietly(app.clone(), client, user));
        return Ok(check_mail());
    }
    let visitor = Visitor {
        client: &client,
        headers: &headers,
    };
    sign_up(&app, &visitor, account, Method::Password, |_| Ok(())).await
}

/// Makes an account that is to be verified before anybody signs in; the owner of an address that has
/// one is told by mail.
async fn quietly(app: App, client: Client, user: User) -> Result<()> {
    let event = Event::new(&app, What::Registered, Actor::Nobody).from(&client);
    let taken = app.store.read(|tx| store::user_by_email(tx, &user.email))?;
    if let Some(owner) = taken {
        admit_person(&app, "address taken", &owner)?;
        let inside = app.clone();
        let tell = move |tx: &mut WriteTx<'_>| {
            event.about(owner.id).refused().record(tx)?;
            Mail::to(owner.id, Purpose::AddressTaken)
                .send(&inside, tx)
                .map(|_| ())
        };
        return app.store.write(tell).await;
    }
    let inside = app.clone();
    let add = move |tx: &mut WriteTx<'_>| {
        store::add_user(tx, &user)?;
        invitations::take(&inside, tx, &user)?;
        let event = Event {
            actor: Actor::User(user.id),
            ..event.about(user.id)
        };
        send_link(&inside, tx, &user, &event)
    };
    match app.store.write(add).await {
        // Two requests at once: one made the account, and its mail is on the way.
        Err(error) if error.code() == "email_taken" => Ok(()),
        added => added,
    }
}

/// Checks, hashes, and in one transaction runs `admit` and adds the account with its first sign-in and
/// the mail that verifies its address. Answers 201 with both tokens.
pub async fn sign_up(
    app: &App,
    visitor: &Visitor<'_>,
    account: NewAccount,
    method: Method,
    admit: impl FnOnce(&mut WriteTx<'_>) -> Result<()> + Send + 'static,
) -> Result<Response> {
    let mut user = prepare(app, account).await?;
    user.last_seen_at = Some(user.created_at);
    let proof = Proof {
        method,
        strong: false,
    };
    let session = session::begin(app, visitor.client, user.id, proof);
    let event = Event::new(app, What::Registered, Actor::User(user.id)).from(visitor.client);
    let inside = app.clone();
    let add = move |tx: &mut WriteTx<'_>| {
        admit(tx)?;
        store::add_user(tx, &user)?;
        invitations::take(&inside, tx, &user)?;
        store::put_session(tx, &session)?;
        if user.email_verified_at.is_none() {
            send_link(&inside, tx, &user, &event)?;
        } else {
            event.record(tx)?;
        }
        Ok::<_, Error>((user, session))
    };
    let (user, session) = app.store.write(add).await?;
    let mut response = enter::answer(app, visitor, &user, &session)?;
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
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
        plan_until: None,
        paid: None,
        last_seen_at: None,
        invitation: account.invitation,
        second_factor: None,
        erasing: false,
    })
}
