//! The way back: from the service's answer to a sign-in, or to an identity that is tied.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use openidconnect::OAuth2TokenResponse as _;
use serde::Deserialize;
use storage::WriteTx;
use subtle::ConstantTimeEq as _;
use utoipa::IntoParams;
use uuid::Uuid;

use super::begin::Way;
use super::finish::HalfDone;
use super::proof::{self, Proved, Refused};
use super::settle::{self, Person, Rules, Settled, Tie};
use super::{cookie, failed, service};
use crate::app::App;
use crate::auth::address::checked_address;
use crate::auth::audit::{self, Actor, Event, What};
use crate::auth::enter::{self, Visitor};
use crate::auth::grounds::Grounds;
use crate::auth::session::Proof;
use crate::auth::store::{self, Method, Role, Session, User};
use crate::auth::token;
use crate::error::{Error, Result};
use crate::http::briefly::Owner;
use crate::http::rate::Limit;
use crate::http::{Client, Query};
use crate::metrics;
use crate::outside::{OidcTrouble, SignInService, oidc_code};

/// How long somebody may take to find the code of their authenticator.
const HALF_DONE: Duration = Duration::from_mins(5);

#[derive(Debug, Default, Deserialize, IntoParams)]
pub struct Back {
    code: Option<String>,
    state: Option<String>,
    error: Option<String>,
    /// RFC 9207: who sends the browser back.
    iss: Option<String>,
}

enum Arrived {
    In(Box<(User, Session)>),
    /// All but the second factor.
    Half(Uuid),
    Linked,
}

/// The browser comes back from the other service.
#[utoipa::path(get, path = "/api/auth/oidc/callback", tag = "auth", params(Back), responses(
    (status = 303, description = "to /, /account#linked, /login#second-factor, or #problem=CODE of /login or /account")))]
pub async fn callback(
    State(app): State<App>,
    client: Client,
    headers: HeaderMap,
    query: Result<Query<Back>>,
) -> Result<Response> {
    let service = service(&app)?;
    if let Err(error) = client.admit(&app, "ways back") {
        return Ok(to(&format!("/login#problem={}", error.code())));
    }
    // It is a browser, though another site sent it here, so that it does not look like ours.
    let client = Client {
        browser: true,
        ..client
    };
    let back = query.map_or_else(|_| Back::default(), |Query(back)| back);
    let Some(way) = way_of(&app, &client, &headers, &back) else {
        tracing::info!(address = %client.address, "somebody came back by no way that this browser is on");
        return Ok(to("/login#problem=oidc_expired"));
    };
    let visitor = Visitor {
        client: &client,
        headers: &way.devices,
    };
    let arrived = arrive(&app, service, &visitor, &way, back).await;
    answer(&app, &visitor, &way, &arrived)
}

fn to(place: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, place)]).into_response()
}

/// The way that this browser is on, used up by coming back with its state. With another state it stays:
/// a link that somebody else made must not end it.
fn way_of(app: &App, client: &Client, headers: &HeaderMap, back: &Back) -> Option<Arc<Way>> {
    let id = cookie::id(headers, client)?;
    let way: Arc<Way> = app.briefly.look(id)?;
    let state = back.state.as_deref()?;
    if !bool::from(state.as_bytes().ct_eq(way.state.as_bytes())) {
        return None;
    }
    app.briefly.take(id)
}

fn answer(
    app: &App,
    visitor: &Visitor<'_>,
    way: &Way,
    arrived: &Result<Arrived>,
) -> Result<Response> {
    let client = visitor.client;
    if let Ok(Arrived::Half(id)) = *arrived {
        let mut response = to("/login#second-factor");
        let cookie = cookie::keep(client, id, HALF_DONE)?;
        response.headers_mut().append(header::SET_COOKIE, cookie);
        return Ok(response);
    }
    let mut response = match arrived {
        Ok(Arrived::In(entered)) => {
            let (user, session) = &**entered;
            let mut response = to("/");
            let cookie = token::refresh_cookie(app, client, session)?;
            response.headers_mut().append(header::SET_COOKIE, cookie);
            enter::remember(app, visitor, user, &mut response)?;
            response
        }
        Ok(_) => to("/account#linked"),
        Err(error) => problem(way, error),
    };
    let cookie = cookie::forget(client)?;
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}

/// Where somebody hears why it did not work: codes of ours alone.
fn problem(way: &Way, error: &Error) -> Response {
    let code = match error {
        Error::Forbidden { code, .. }
        | Error::Conflict { code, .. }
        | Error::TooMany { code, .. }
        | Error::Unavailable { code, .. } => code,
        other => {
            tracing::error!(error = %other, "a sign-in with the other service failed");
            "oidc_failed"
        }
    };
    metrics::sign_in("refused");
    tracing::info!(code, "sign-in with the other service refused");
    // Whose sign-in has ended has no account page to read it on.
    let page = match way.link {
        Some(_) if code != "oidc_expired" => "/account",
        _ => "/login",
    };
    to(&format!("{page}#problem={code}"))
}

async fn arrive(
    app: &App,
    service: &SignInService,
    visitor: &Visitor<'_>,
    way: &Way,
    back: Back,
) -> Result<Arrived> {
    if let Some(code) = back.error {
        tracing::info!(
            code = oidc_code(&code),
            "the other service sent somebody back with an error"
        );
        return Err(match code.as_str() {
            "access_denied" => Error::forbidden(
                "oidc_refused",
                "The other service was told not to let you in here.",
            ),
            _ => failed(),
        });
    }
    if back.iss.is_some_and(|iss| iss != service.issuer().as_str()) {
        tracing::warn!("somebody came back from another service than they were sent to (iss)");
        return Err(failed());
    }
    let code = back.code.ok_or_else(failed)?;
    let person = prove(app, service, way, code).await?;
    match way.link {
        Some((user, session)) => link(app, visitor.client, &person, user, session).await,
        None => sign_in(app, visitor, person).await,
    }
}

/// Who they are, as the service vouches for it.
async fn prove(app: &App, service: &SignInService, way: &Way, code: String) -> Result<Person> {
    let trouble = |trouble: OidcTrouble| {
        tracing::warn!(%trouble, "the other service cannot be used");
        failed()
    };
    let metadata = service.known().await.map_err(trouble)?;
    let answer = service.exchange(code, &way.departure()).await;
    let answer = answer.map_err(trouble)?;
    let read = |metadata| {
        let now = app.clock.now();
        proof::read(&answer, metadata, service.client_id(), &way.nonce, now)
    };
    let mut proved = read(&metadata);
    if proved.as_ref().err() == Some(&Refused::UnknownKey) {
        let newer = service.with_newer_keys(&metadata).await.map_err(trouble)?;
        if let Some(newer) = newer {
            proved = read(&newer);
        }
    }
    let mut proved = proved.map_err(|why| {
        tracing::warn!(?why, "an ID token of the other service proves nothing");
        failed()
    })?;
    if proved.email.is_none() || proved.email_verified.is_none() {
        let (token, subject) = (answer.access_token().clone(), proved.subject.clone());
        let claims = service.claims_of(token, subject).await.map_err(trouble)?;
        if let Some(claims) = claims.filter(|claims| claims.email().is_some()) {
            proved.email = claims.email().map(|email| email.as_str().to_owned());
            proved.email_verified = claims.email_verified();
        }
    }
    Ok(person(app, service, &proved))
}

fn person(app: &App, service: &SignInService, proved: &Proved) -> Person {
    let issuer = service.issuer().as_str();
    Person {
        issuer: issuer.to_owned(),
        hash: settle::hash(issuer, &proved.subject),
        // What cannot be an address is none.
        email: proved
            .email
            .as_deref()
            .and_then(|email| checked_address(email).ok()),
        email_verified: proved.email_verified == Some(true),
        rules: Rules::of(app),
    }
}

async fn sign_in(app: &App, visitor: &Visitor<'_>, person: Person) -> Result<Arrived> {
    let user = match app.store.read(|tx| settle::decide(tx, &person)) {
        Ok(Settled::Known(user, _) | Settled::Theirs(user)) => user,
        Ok(Settled::Stranger(email)) => make_account(app, visitor.client, &person, email).await?,
        Err(error) => {
            tell(app, visitor.client, &person, &error).await;
            return Err(error);
        }
    };
    if user.second_factor.is_some() {
        let half = HalfDone {
            user: user.id,
            person,
        };
        let id = app.briefly.keep(Owner::Person(user.id), half, HALF_DONE);
        return Ok(Arrived::Half(id));
    }
    let proof = Proof {
        method: Method::Oidc,
        strong: false,
    };
    let tie = Tie::new(app, visitor.client, &person, user.id);
    let now = app.clock.now();
    let also = move |tx: &mut WriteTx<'_>| settle::enter(tx, &person, &tie, false, now);
    let entered = enter::begin(app, visitor, &user, proof, also).await?;
    Ok(Arrived::In(Box::new(entered)))
}

/// An account for somebody who has none: verified, since the service says so, and without a password.
async fn make_account(app: &App, client: &Client, person: &Person, email: String) -> Result<User> {
    let limit = Limit::per_hour(app.config.limits.registrations_per_hour);
    app.rates.take("registrations", &client.network(), limit)?;
    let now = app.clock.now();
    let user = User {
        id: app.ids.next(),
        email,
        password_hash: String::new(),
        role: Role::User,
        created_at: now,
        email_verified_at: Some(now),
        disabled: false,
        plan: None,
        plan_until: None,
        paid: None,
        last_seen_at: None,
        invitation: None,
        second_factor: None,
        erasing: false,
    };
    let tie = Tie::new(app, client, person, user.id);
    let event = Event::new(app, What::Registered, Actor::User(user.id))
        .from(client)
        .detail("another service");
    let person = person.clone();
    let add = move |tx: &mut WriteTx<'_>| match settle::decide(tx, &person)? {
        Settled::Stranger(_) => {
            store::add_user(tx, &user)?;
            event.record(tx)?;
            tie.store(tx)?;
            Ok(user)
        }
        // Two ways of the same person at once.
        Settled::Known(user, _) => Ok(user),
        Settled::Theirs(_) => Err(failed()),
    };
    app.store.write(add).await
}

/// Ties the identity to the account that asked for it, if its sign-in still lives.
async fn link(
    app: &App,
    client: &Client,
    person: &Person,
    user: Uuid,
    session: Uuid,
) -> Result<Arrived> {
    let tie = Tie::new(app, client, person, user);
    let grounds = Grounds::sign_in(app, user, session).verified();
    let inside = app.clone();
    let store = move |tx: &mut WriteTx<'_>| {
        let still = grounds.still(tx);
        still.map_err(|error| match error {
            Error::Unauthenticated { .. } | Error::Forbidden { .. } => Error::forbidden(
                "oidc_expired",
                "Your sign-in has ended in the meantime. Sign in and begin again.",
            ),
            other => other,
        })?;
        tie.store(tx)?;
        tie.tell(&inside, tx)
    };
    app.store.write(store).await?;
    Ok(Arrived::Linked)
}

/// Keeps a refusal, with the account it was about if there is one.
async fn tell(app: &App, client: &Client, person: &Person, error: &Error) {
    let event = Event::new(app, What::SignInRefused, Actor::Nobody)
        .from(client)
        .refused()
        .detail(error.code());
    let account = app.store.read(|tx| settle::account_of(tx, person));
    let event = match account {
        Ok(Some(user)) => event.about(user),
        _ => event,
    };
    audit::record(app, event).await;
}
