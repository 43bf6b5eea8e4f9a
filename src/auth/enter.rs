//! What every way of signing in ends with: the sign-in is stored with its event, the device is
//! remembered, and the person is told when it is a new one.

use axum::http::{HeaderMap, header};
use axum::response::Response;
use storage::WriteTx;

use super::audit::{Actor, Event, What};
use super::mail::{Mail, Purpose};
use super::session::{self, Proof};
use super::store::{self, Method, Session, User};
use super::{closing, device, token};
use crate::app::App;
use crate::error::{Error, Result};
use crate::http::Client;
use crate::metrics;

/// The browser or program that signs in.
pub struct Visitor<'a> {
    pub client: &'a Client,
    pub headers: &'a HeaderMap,
}

/// Signs `user` in, with what else `also` has to store, and answers with both tokens.
pub async fn enter(
    app: &App,
    visitor: &Visitor<'_>,
    user: &User,
    proof: Proof,
    also: impl FnOnce(&mut WriteTx<'_>) -> Result<()> + Send + 'static,
) -> Result<Response> {
    let (user, session) = begin(app, visitor, user, proof, also).await?;
    answer(app, visitor, &user, &session)
}

/// The same without the answer, for those who answer otherwise than with a body.
pub async fn begin(
    app: &App,
    visitor: &Visitor<'_>,
    user: &User,
    proof: Proof,
    also: impl FnOnce(&mut WriteTx<'_>) -> Result<()> + Send + 'static,
) -> Result<(User, Session)> {
    let client = visitor.client;
    let session = session::begin(app, client, user.id, proof);
    let event = Event::new(app, What::SignedIn, Actor::User(user.id))
        .from(client)
        .detail(how(proof));
    let new_device = client.browser && device::known(app, visitor, user).is_none();
    // Programs sign in as they like, and somebody's first sign-in is no news to them.
    let tell = new_device && user.last_seen_at.is_some() && app.config.mail.on();
    let (id, now, app_inside) = (user.id, app.clock.now(), app.clone());
    let compared = user.password_hash.clone();
    let stored = move |tx: &mut WriteTx<'_>| {
        let now_there = closing::must_be_open(tx, id)?;
        if proof.method == Method::Password && now_there.password_hash != compared {
            // It was changed while this try was on its way.
            return Err(refused());
        }
        also(tx)?;
        let ended = store::add_session(tx, &session)?;
        event.record(tx)?;
        if tell {
            let mail = Mail::to(id, Purpose::NewSignIn).about(event.id);
            mail.send(&app_inside, tx)?;
        }
        let user = store::change_user(tx, id, |user| user.last_seen_at = Some(now))?;
        Ok((user.ok_or_else(session::revoked)?, session, ended))
    };
    let (user, session, ended) = app.store.write(stored).await?;
    app.presence.close(ended);
    metrics::sign_in("accepted");
    tracing::info!(user_id = %user.id, session_id = %session.id, "signed in");
    Ok((user, session))
}

/// Both tokens, and for a browser the cookie by which its device is known.
pub fn answer(
    app: &App,
    visitor: &Visitor<'_>,
    user: &User,
    session: &Session,
) -> Result<Response> {
    let mut response = token::signed_in(app, visitor.client, user, session)?;
    remember(app, visitor, user, &mut response)?;
    Ok(response)
}

/// Adds the cookie by which the device is known, if it is not yet.
pub fn remember(
    app: &App,
    visitor: &Visitor<'_>,
    user: &User,
    response: &mut Response,
) -> Result<()> {
    if visitor.client.browser && device::known(app, visitor, user).is_none() {
        let cookie = device::cookie(app, visitor.client, user)?;
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(())
}

fn how(proof: Proof) -> &'static str {
    match (proof.method, proof.strong) {
        (Method::Password, false) => "password",
        (Method::Password, true) => "password and second factor",
        (Method::Passkey, _) => "passkey",
        (Method::Oidc, _) => "another service",
        (Method::Setup, _) => "set-up link",
    }
}

/// What the wrong password and the unknown address get alike.
pub fn refused() -> Error {
    Error::Unauthenticated {
        code: "credentials_invalid",
        message: "The address or the password is not right.",
    }
}
