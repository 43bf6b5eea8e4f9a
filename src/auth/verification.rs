//! Verifying a mail address: the link that proves that mail to it reaches the person.
//!
//! Must stay true: a link works once, for the address it was sent to; asking for another mail tells
//! nobody whether an address has an account, by words or by time.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::WriteTx;
use utoipa::{IntoParams, ToSchema};

use super::audit::{self, Actor, Event, What};
use super::caller::CurrentUser;
use super::links::{self, Purpose};
use super::mail::{self, Mail};
use super::store::{self, User};
use crate::app::App;
use crate::error::{Error, Result};
use crate::http::failure::Failure;
use crate::http::{Client, Json, Query};

const TRIES_PERIOD: Duration = Duration::from_mins(15);
const TRIES: usize = 5;
const MAILS_PERIOD: Duration = Duration::from_hours(1);
/// Mails of one kind that one person is sent, and asked for from one network.
pub const MAILS_A_PERSON: usize = 3;
pub const MAILS_A_NETWORK: usize = 10;

/// Counts the use of one-time links by network, so that nobody tries tokens one after the other.
pub fn admit_link(app: &App, what: &'static str, client: &Client) -> Result<()> {
    app.rates
        .window(what, &client.network(), TRIES, TRIES_PERIOD)
}

/// Counts mails that a network asks for.
pub fn admit_mail(app: &App, what: &'static str, client: &Client) -> Result<()> {
    app.rates
        .window(what, &client.network(), MAILS_A_NETWORK, MAILS_PERIOD)
}

/// Counts mails to a person; `what` is its own, so that no flood of networks can make it forget. For
/// somebody who may not be that person this is asked after the answer, so that they hear nothing of it.
pub fn admit_person(app: &App, what: &'static str, user: &User) -> Result<()> {
    app.rates
        .window(what, &user.id, MAILS_A_PERSON, MAILS_PERIOD)
}

#[derive(Deserialize, ToSchema, IntoParams)]
pub struct LinkToken {
    /// From the link in the mail.
    pub token: String,
}

#[derive(Serialize, ToSchema)]
pub struct Verified {
    pub email: String,
    pub email_verified_at: Timestamp,
}

/// Verifies the address that the link was sent to, and uses the link up.
#[utoipa::path(post, path = "/api/auth/verify-email", tag = "auth", request_body = LinkToken, responses(
    (status = 200, body = Verified),
    (status = 403, body = Failure, description = "link_invalid, link_used, link_expired"), (status = 429, body = Failure)))]
pub async fn verify(
    State(app): State<App>,
    client: Client,
    Json(body): Json<LinkToken>,
) -> Result<Json<Verified>> {
    consume(&app, &client, body.token).await.map(Json)
}

/// The same, for links opened by something that is no page.
#[utoipa::path(get, path = "/api/auth/verify-email", tag = "auth", params(LinkToken), responses(
    (status = 200, body = Verified), (status = 403, body = Failure), (status = 429, body = Failure)))]
pub async fn verify_by_link(
    State(app): State<App>,
    client: Client,
    Query(query): Query<LinkToken>,
) -> Result<Json<Verified>> {
    consume(&app, &client, query.token).await.map(Json)
}

async fn consume(app: &App, client: &Client, token: String) -> Result<Verified> {
    admit_link(app, "verifications", client)?;
    let now = app.clock.now();
    let event = Event::new(app, What::EmailVerified, Actor::Nobody).from(client);
    let verify = move |tx: &mut WriteTx<'_>| {
        let link = links::open(tx, Purpose::VerifyEmail, &token, now)?;
        let (user, email) = (link.user, link.email.clone());
        links::spend(tx, link, now)?;
        let event = Event {
            actor: Actor::User(user),
            ..event.about(user)
        };
        event.record(tx)?;
        confirm_address(tx, user, &email, now)
    };
    app.store.write(verify).await
}

/// Marks the address as verified, if it is still the account's.
pub fn confirm_address(
    tx: &mut WriteTx<'_>,
    user: uuid::Uuid,
    email: &str,
    now: Timestamp,
) -> Result<Verified> {
    let theirs = store::user(tx, user)?.is_some_and(|user| user.email == email);
    let changed = if theirs {
        store::change_user(tx, user, |user| {
            user.email_verified_at.get_or_insert(now);
        })?
    } else {
        None
    };
    let user = changed.ok_or_else(links::invalid)?;
    Ok(Verified {
        email: user.email,
        email_verified_at: user.email_verified_at.unwrap_or(now),
    })
}

/// Queues the mail with the link that verifies a person's address.
pub fn send_link(app: &App, tx: &mut WriteTx<'_>, user: &User, event: &Event) -> Result<()> {
    let link = links::prepare(app, Purpose::VerifyEmail, user.id, &user.email);
    links::issue(tx, &link)?;
    event.record(tx)?;
    let mail = Mail::to(user.id, mail::Purpose::VerifyEmail).about(link.id);
    mail.send(app, tx).map(|_| ())
}

#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct Address {
    /// Needed only from those who are not signed in.
    #[serde(default)]
    pub email: String,
}

/// What somebody hears whose address must be verified first.
pub fn needed() -> Error {
    Error::forbidden(
        "email_unverified",
        "Verify your mail address first; the link is in the mail that was sent to it.",
    )
}

/// What everybody is told who asks for a mail.
#[derive(Serialize, ToSchema)]
pub struct CheckMail {
    /// Always `check_mail`.
    pub status: &'static str,
}

/// 202: a mail is on its way, if there is somebody to get it.
pub fn check_mail() -> Response {
    let body = CheckMail {
        status: "check_mail",
    };
    (StatusCode::ACCEPTED, Json(body)).into_response()
}

/// Sends the verification mail again. Whoever is not signed in hears the same for every address.
#[utoipa::path(post, path = "/api/auth/resend-verification", tag = "auth", request_body = Address, responses(
    (status = 202, body = CheckMail), (status = 409, body = Failure, description = "already_verified"), (status = 429, body = Failure)))]
pub async fn resend(
    State(app): State<App>,
    client: Client,
    caller: Option<CurrentUser>,
    Json(body): Json<Address>,
) -> Result<Response> {
    let Some(caller) = caller else {
        admit_mail(&app, "verification mails", &client)?;
        in_the_background(&app, resend_to(app.clone(), client, body.email));
        return Ok(check_mail());
    };
    let user = caller.user.clone();
    if user.email_verified_at.is_some() {
        let message = "Your address is verified already.";
        return Err(Error::conflict("already_verified", message));
    }
    admit_person(&app, "verification mails to a person", &user)?;
    let event = Event::new(&app, What::VerificationSent, Actor::User(user.id)).from(&client);
    let inside = app.clone();
    let send = move |tx: &mut WriteTx<'_>| {
        caller.still(tx)?;
        send_link(&inside, tx, &user, &event)
    };
    app.store.write(send).await?;
    Ok(check_mail())
}

async fn resend_to(app: App, client: Client, email: String) -> Result<()> {
    let event = Event::new(&app, What::VerificationSent, Actor::Nobody).from(&client);
    let found = app.store.read(|tx| store::user_by_email(tx, &email))?;
    let wanting = found.filter(|user| !user.disabled && user.email_verified_at.is_none());
    let Some(user) = wanting else {
        audit::record(&app, event.refused()).await;
        return Ok(());
    };
    admit_person(&app, "verification mails to a person", &user)?;
    let inside = app.clone();
    let send = move |tx: &mut WriteTx<'_>| send_link(&inside, tx, &user, &event.about(user.id));
    app.store.write(send).await
}

/// Does what an address leads to a while after the answer, so that neither the time of the answer nor
/// that of the next one tells whether it leads anywhere.
pub fn in_the_background(app: &App, work: impl Future<Output = Result<()>> + Send + 'static) {
    let spread = u64::from(u16::from_le_bytes(app.random.bytes())) * 750 / u64::from(u16::MAX);
    let pause = app.clock.rest(Duration::from_millis(250 + spread));
    app.tasks.work(async move {
        pause.await;
        match work.await {
            Ok(()) => {}
            Err(Error::TooMany { .. }) => tracing::info!("a mail was asked for too often"),
            Err(error) => tracing::warn!(%error, "a mail that was asked for could not be queued"),
        }
    });
}
