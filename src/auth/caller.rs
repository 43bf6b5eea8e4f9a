//! Who may call, in the type of a handler's argument. A handler without one is public, visibly.
//!
//! Must stay true: role, state and session are read from storage on every request; the token only
//! says whose they are; and again by `still` in the transaction that acts for them. What a person may do by signing in alone (`CurrentUser`) no API token may.

use std::marker::PhantomData;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::header;
use axum::http::request::Parts;
use storage::Read;
use uuid::Uuid;

use super::grounds::Grounds;
use super::session::revoked;
use super::store;
use super::token::read_access_token;
use super::tokens::{self, Scope};
use crate::app::App;
use crate::error::{Error, Result};
use crate::http::presence::Door;
use crate::http::rate::Limit;

/// A person who signed in.
#[derive(Clone, Debug)]
pub struct CurrentUser {
    pub id: Uuid,
    pub session: Uuid,
    /// Whether this sign-in was made with a second factor or a passkey.
    pub strong: bool,
    pub user: store::User,
    /// Closes when the sign-in ends.
    pub door: Door,
    grounds: Grounds,
}

impl CurrentUser {
    /// To be asked first in every transaction that does something for this person: passes while what
    /// the handler's door asked for is so.
    ///
    /// # Errors
    /// Those of the door.
    pub fn still(&self, tx: &impl Read) -> Result<()> {
        self.grounds.still(tx)
    }
}

/// A person who signed in, or a program of theirs whose API token has the scope `S`.
#[derive(Clone, Debug)]
pub struct Caller<S> {
    pub id: Uuid,
    /// As of a person who signed in; never of a program.
    pub strong: bool,
    pub user: store::User,
    /// Closes when the sign-in or the token ends.
    pub door: Door,
    grounds: Grounds,
    scope: PhantomData<S>,
}

impl<S> Caller<S> {
    /// To be asked first in every transaction that does something for this caller: passes while the
    /// sign-in or the token lives.
    ///
    /// # Errors
    /// `session_revoked`, `token_invalid`, `token_expired`.
    pub fn still(&self, tx: &impl Read) -> Result<()> {
        self.grounds.still(tx)
    }

    /// Counts the request as any other than a costly one, which has a limit of its own.
    ///
    /// # Errors
    /// `rate_limited`.
    pub fn admit(&self, app: &App) -> Result<()> {
        admit(app, self.id)
    }
}

impl<S: Scope> Caller<S> {
    /// Who is calling, not yet counted: whoever asks for this counts it.
    ///
    /// # Errors
    /// What keeps the caller from being known, and `scope_missing`.
    pub fn identify(parts: &mut Parts, app: &App) -> Result<Self> {
        let token = bearer(parts)?;
        let caller = if token.starts_with(tokens::PREFIX) {
            identify_program(app, token)?
        } else {
            let person = identify(app, token)?;
            Self {
                id: person.id,
                strong: person.strong,
                user: person.user,
                door: person.door,
                grounds: person.grounds,
                scope: PhantomData,
            }
        };
        known(caller.id);
        hold(parts, &caller.door);
        Ok(caller)
    }
}

/// A signed-in person whose address is verified; administrators need not.
#[derive(Clone, Debug)]
pub struct VerifiedUser(pub CurrentUser);

/// A signed-in administrator, with a second factor where the configuration asks for one.
#[derive(Clone, Debug)]
pub struct Admin(pub CurrentUser);

/// The word after `Bearer`.
fn bearer(parts: &Parts) -> Result<&str> {
    let missing = Error::Unauthenticated {
        code: "token_missing",
        message: "Sign in first.",
    };
    let Some(value) = parts.headers.get(header::AUTHORIZATION) else {
        return Err(missing);
    };
    let text = value.to_str().unwrap_or_default();
    match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token.trim()),
        _ => Err(missing),
    }
}

/// The person behind an access token, if the sign-in still lives.
fn identify(app: &App, token: &str) -> Result<CurrentUser> {
    let bearer = read_access_token(app, token)?;
    let now = app.clock.now();
    // Before storage is asked, so that an end in between closes it.
    let door = app.presence.door(bearer.session);
    app.store.read(|tx| {
        let session =
            store::session(tx, bearer.session)?.filter(|s| s.live(now) && s.user == bearer.user);
        let user = store::user(tx, bearer.user)?.filter(|user| !user.disabled);
        match (session, user) {
            (Some(session), Some(user)) => Ok(CurrentUser {
                id: user.id,
                session: session.id,
                strong: session.second_factor,
                user,
                door,
                grounds: Grounds::sign_in(app, bearer.user, session.id),
            }),
            _ => Err(revoked()),
        }
    })
}

/// The person behind an API token, if it is good for the scope.
fn identify_program<S: Scope>(app: &App, token: &str) -> Result<Caller<S>> {
    let hash = tokens::hash(token);
    let id = app.store.read(|tx| tokens::by_hash(tx, &hash))?;
    let id = id.ok_or_else(tokens::invalid)?.id;
    // Before storage is asked whether it lives, so that its removal in between closes it.
    let door = app.presence.door(id);
    let found = app.store.read(|tx| {
        let Some(token) = tokens::by_hash(tx, &hash)? else {
            return Ok::<_, Error>(None);
        };
        let user = store::user(tx, token.user)?.filter(|user| !user.disabled);
        Ok(user.map(|user| (token, user)))
    })?;
    let (token, user) = found.ok_or_else(tokens::invalid)?;
    tokens::must_be_good(&token, app.clock.now())?;
    if S::NEEDED && !token.scopes.iter().any(|scope| scope == S::NAME) {
        return Err(Error::forbidden(
            "scope_missing",
            format!("This API token lacks the scope {}.", S::NAME),
        ));
    }
    tokens::used(app, &token);
    Ok(Caller {
        id: user.id,
        strong: false,
        user,
        door,
        grounds: Grounds::api_token(app, token.user, token.id),
        scope: PhantomData,
    })
}

/// Notes who it is for the log.
fn known(id: Uuid) {
    tracing::Span::current().record("user_id", tracing::field::display(id));
}

/// Counts the request.
fn admit(app: &App, id: Uuid) -> Result<()> {
    let limits = &app.config.limits;
    let limit = Limit::per_minute(limits.reads_per_minute).burst(limits.reads_burst);
    app.rates.take("reads", &id, limit)
}

/// Leaves the door where the reader of the body finds it: when it closes before all of the body is there,
/// the request is refused.
fn hold(parts: &mut Parts, door: &Door) {
    parts.extensions.insert(door.clone());
}

impl FromRequestParts<App> for CurrentUser {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let token = bearer(parts)?;
        if token.starts_with(tokens::PREFIX) {
            // Told apart from a token that is no good at all.
            let caller = identify_program::<tokens::Anything>(app, token)?;
            known(caller.id);
            admit(app, caller.id)?;
            return Err(Error::forbidden(
                "scope_missing",
                "No API token may do this; sign in.",
            ));
        }
        let caller = identify(app, token)?;
        known(caller.id);
        admit(app, caller.id)?;
        hold(parts, &caller.door);
        Ok(caller)
    }
}

impl<S: Scope> FromRequestParts<App> for Caller<S> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let caller = Self::identify(parts, app)?;
        caller.admit(app)?;
        Ok(caller)
    }
}

/// For routes that also work without a live sign-in, such as log-out.
impl OptionalFromRequestParts<App> for CurrentUser {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Option<Self>> {
        let caller = <Self as FromRequestParts<App>>::from_request_parts(parts, app).await;
        // Who signs out while the sign-in ends has what they want.
        parts.extensions.remove::<Door>();
        match caller {
            Ok(caller) => Ok(Some(caller)),
            Err(Error::Unauthenticated { .. }) => Ok(None),
            // Too many requests, or storage that fails, says nothing about who is calling.
            Err(error) => Err(error),
        }
    }
}

/// The caller, when they are what the door asks for; from now on `still` asks for it, too.
fn asked(mut caller: CurrentUser, door: impl FnOnce(Grounds) -> Grounds) -> Result<CurrentUser> {
    caller.grounds = door(caller.grounds);
    caller.grounds.asked_for(&caller.user, caller.strong)?;
    Ok(caller)
}

impl FromRequestParts<App> for VerifiedUser {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let caller = <CurrentUser as FromRequestParts<App>>::from_request_parts(parts, app).await?;
        Ok(Self(asked(caller, Grounds::verified)?))
    }
}

impl FromRequestParts<App> for Admin {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let caller = <CurrentUser as FromRequestParts<App>>::from_request_parts(parts, app).await?;
        let caller = asked(caller, |grounds| grounds.administrator(app))?;
        Ok(Self(caller))
    }
}
