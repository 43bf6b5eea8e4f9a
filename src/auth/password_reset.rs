//! Setting a new password: with the old one, or with a link that was mailed.
//!
//! Must stay true: a new password ends the sign-ins it must end and is told by mail; asking for a link
//! tells nobody whether an address has an account; a link does not replace the second factor.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use storage::WriteTx;
use utoipa::ToSchema;

use super::audit::{self, Actor, Event, What};
use super::caller::CurrentUser;
use super::confirm::confirm;
use super::links::{self, Purpose};
use super::login::account_key;
use super::mail::{self, Mail};
use super::password::{self, Password};
use super::verification::{
    Address, CheckMail, admit_link, admit_mail, admit_person, check_mail, confirm_address,
    in_the_background,
};
use super::{oidc, store, tokens};
use crate::app::App;
use crate::error::Result;
use crate::http::failure::Failure;
use crate::http::{Client, Json};

/// Mails a link for a new password, if the address has an account. The answer is always the same.
#[utoipa::path(post, path = "/api/auth/forgot-password", tag = "auth", request_body = Address, responses(
    (status = 202, body = CheckMail), (status = 429, body = Failure)))]
pub async fn forgot(
    State(app): State<App>,
    client: Client,
    Json(body): Json<Address>,
) -> Result<Response> {
    admit_mail(&app, "reset mails", &client)?;
    in_the_background(&app, send_to(app.clone(), client, body.email));
    Ok(check_mail())
}

async fn send_to(app: App, client: Client, email: String) -> Result<()> {
    let event = Event::new(&app, What::ResetRequested, Actor::Nobody).from(&client);
    let found = app.store.read(|tx| store::user_by_email(tx, &email))?;
    let Some(user) = found.filter(|user| !user.disabled) else {
        audit::record(&app, event.refused()).await;
        return Ok(());
    };
    admit_person(&app, "reset mails to a person", &user)?;
    let link = links::prepare(&app, Purpose::ResetPassword, user.id, &user.email);
    let inside = app.clone();
    let send = move |tx: &mut WriteTx<'_>| {
        links::issue(tx, &link)?;
        event.about(user.id).record(tx)?;
        let mail = Mail::to(user.id, mail::Purpose::ResetPassword).about(link.id);
        mail.send(&inside, tx).map(|_| ())
    };
    app.store.write(send).await
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct NewPassword {
    /// From the link in the mail.
    pub token: String,
    pub password: Password,
}

/// Sets a new password with the mailed link, and ends every sign-in. Signs nobody in.
#[utoipa::path(post, path = "/api/auth/reset-password", tag = "auth", request_body = NewPassword, responses(
    (status = 204), (status = 403, body = Failure, description = "link_invalid, link_used, link_expired"),
    (status = 422, body = Failure), (status = 429, body = Failure)))]
pub async fn reset(
    State(app): State<App>,
    client: Client,
    Json(body): Json<NewPassword>,
) -> Result<StatusCode> {
    admit_link(&app, "resets", &client)?;
    let NewPassword { token, password } = body;
    let now = app.clock.now();
    app.store
        .read(|tx| links::open(tx, Purpose::ResetPassword, &token, now))?;
    password.check()?;
    let hash = password::hash(&app, password).await?;
    let event = Event::new(&app, What::PasswordReset, Actor::Nobody).from(&client);
    let inside = app.clone();
    let set = move |tx: &mut WriteTx<'_>| {
        // Again: of two requests with one link, one sets the password.
        let link = links::open(tx, Purpose::ResetPassword, &token, now)?;
        let (user, email) = (link.user, link.email.clone());
        links::spend(tx, link, now)?;
        if store::user(tx, user)?.is_some_and(|user| user.email_verified_at.is_none()) {
            // Who had the account until now may not be who has the address.
            oidc::erase(tx, user, usize::MAX)?;
        }
        // Whoever has the mail has the address.
        confirm_address(tx, user, &email, now)?;
        let programs = tokens::erase(tx, user, usize::MAX)?;
        store::change_user(tx, user, |user| user.password_hash = hash)?;
        let mut ended = store::end_sessions(tx, user, None)?;
        ended.extend(programs);
        let event = Event {
            actor: Actor::User(user),
            ..event.about(user)
        };
        event.record(tx)?;
        let mail = Mail::to(user, mail::Purpose::PasswordChanged).about(event.id);
        mail.send(&inside, tx)?;
        Ok::<_, crate::error::Error>((email, ended))
    };
    let (email, ended): (String, Vec<_>) = app.store.write(set).await?;
    app.presence.close(ended);
    // The owner is not to wait for what a stranger's guesses have added up to.
    app.throttle.forget(&account_key(&email));
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct ChangePassword {
    /// Not needed from those who have none yet and signed in within the last ten minutes.
    pub current_password: Option<Password>,
    pub new_password: Password,
}

/// Sets a new password and ends all other sign-ins.
#[utoipa::path(post, path = "/api/auth/change-password", tag = "auth", request_body = ChangePassword, responses(
    (status = 204), (status = 403, body = Failure, description = "password_wrong, sign_in_again"), (status = 422, body = Failure)))]
pub async fn change(
    State(app): State<App>,
    client: Client,
    caller: CurrentUser,
    Json(body): Json<ChangePassword>,
) -> Result<StatusCode> {
    let confirmed = confirm(&app, &caller, body.current_password).await?;
    body.new_password.check_as("new_password")?;
    let hash = password::hash(&app, body.new_password).await?;
    let event = Event::new(&app, What::PasswordChanged, Actor::User(caller.id)).from(&client);
    let (user, keep, inside) = (caller.id, caller.session, app.clone());
    let set = move |tx: &mut WriteTx<'_>| {
        caller.still(tx)?;
        confirmed.holds(tx)?;
        store::change_user(tx, user, |user| user.password_hash = hash)?;
        links::void(tx, user, Purpose::ResetPassword)?;
        let ended = store::end_sessions(tx, user, Some(keep))?;
        event.record(tx)?;
        let mail = Mail::to(user, mail::Purpose::PasswordChanged).about(event.id);
        mail.send(&inside, tx)?;
        Ok::<_, crate::error::Error>(ended)
    };
    let ended = app.store.write(set).await?;
    app.presence.close(ended);
    Ok(StatusCode::NO_CONTENT)
}
