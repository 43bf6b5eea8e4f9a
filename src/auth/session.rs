//! The life of a sign-in: begin, refresh with rotation, list, end.
//!
//! Must stay true: two tabs that refresh at the same moment both stay signed in; a refresh token
//! that comes back after it was replaced ends the sign-in, its access tokens included.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use storage::WriteTx;
use utoipa::ToSchema;
use uuid::Uuid;

use super::audit::{Actor, Event, What};
use super::caller::CurrentUser;
use super::grounds::Grounds;
use super::store::{self, Method, Session, User};
use super::{audit, invitations, keys, links, token, tokens};
use crate::app::App;
use crate::error::{Error, Result};
use crate::http::failure::Failure;
use crate::http::{Client, Json, Path};

/// How long the token before the newest still brings the newest again, for tabs that raced.
const GRACE: SignedDuration = SignedDuration::from_secs(10);

fn days(count: u64) -> SignedDuration {
    SignedDuration::from_hours(24 * i64::try_from(count).unwrap_or(30))
}

fn after(now: Timestamp, span: SignedDuration) -> Timestamp {
    now.checked_add(span).unwrap_or(Timestamp::MAX)
}

/// How somebody proved who they are.
#[derive(Clone, Copy, Debug)]
pub struct Proof {
    pub method: Method,
    /// By a second factor or a passkey.
    pub strong: bool,
}

/// A new sign-in, not yet stored.
pub fn begin(app: &App, client: &Client, user: Uuid, proof: Proof) -> Session {
    let now = app.clock.now();
    Session {
        id: app.ids.next(),
        user,
        turn: 0,
        spent_at: None,
        created_at: now,
        last_seen_at: now,
        expires_at: after(now, days(app.config.auth.refresh_days)),
        ends_at: after(now, days(app.config.auth.refresh_absolute_days)),
        device: client.user_agent.clone(),
        address: client.address.to_string(),
        method: proof.method,
        second_factor: proof.strong,
    }
}

#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct RefreshToken {
    /// Clients that are no browser send it here; a browser sends its cookie.
    pub refresh_token: Option<String>,
}

/// What a sign-in that ended is answered.
pub fn revoked() -> Error {
    Error::session_revoked()
}

/// The session and number of the refresh token that came with a request.
fn presented(
    app: &App,
    client: &Client,
    headers: &HeaderMap,
    body: RefreshToken,
) -> Result<(Uuid, u64)> {
    let cookie = || token::cookie(headers, client);
    let token = body.refresh_token.or_else(cookie);
    let token = token.ok_or(Error::Unauthenticated {
        code: "token_missing",
        message: "Sign in first.",
    })?;
    token::read_refresh_token(app, &token).ok_or(Error::Unauthenticated {
        code: "token_invalid",
        message: "This refresh token is not valid.",
    })
}

enum Refreshed {
    Good(Box<(User, Session)>),
    /// A token that was replaced came back, so this user's sign-in was ended.
    Reused(Uuid),
    Ended,
}

/// Exchanges a refresh token for a new pair.
#[utoipa::path(post, path = "/api/auth/refresh", tag = "auth", request_body = RefreshToken, responses(
    (status = 200, body = token::SignedIn), (status = 401, body = Failure)))]
pub async fn refresh(
    State(app): State<App>,
    client: Client,
    headers: HeaderMap,
    Json(body): Json<RefreshToken>,
) -> Result<Response> {
    client.admit(&app, "renewals")?;
    let (id, turn) = presented(&app, &client, &headers, body)?;
    let now = app.clock.now();
    let expires_at = after(now, days(app.config.auth.refresh_days));
    let address = client.address.to_string();
    let reused = Event::new(&app, What::SessionReused, Actor::Nobody).from(&client);
    let refreshed = app.store.write(move |tx| {
        let refreshed = rotate(tx, id, turn, now, |session| {
            session.expires_at = expires_at;
            session.address = address;
        })?;
        if let Refreshed::Reused(user) = refreshed {
            reused.about(user).refused().record(tx)?;
        }
        Ok::<_, Error>(refreshed)
    });
    let refreshed = match refreshed.await {
        Err(error) if error.code() == "storage_read_only" => {
            app.store.read(|tx| unspent(tx, id, turn, now))?
        }
        refreshed => refreshed?,
    };
    match refreshed {
        Refreshed::Good(good) => token::signed_in(&app, &client, &good.0, &good.1),
        Refreshed::Reused(_) => {
            app.presence.close([id]);
            Err(revoked())
        }
        Refreshed::Ended => Err(revoked()),
    }
}

/// Spends token number `turn`; the ending of a reused sign-in is a result, not an error, so that it
/// is committed.
fn rotate(
    tx: &mut WriteTx<'_>,
    id: Uuid,
    turn: u64,
    now: Timestamp,
    extend: impl FnOnce(&mut Session),
) -> Result<Refreshed> {
    let Some(mut session) = store::session(tx, id)? else {
        return Ok(Refreshed::Ended);
    };
    let user = store::user(tx, session.user)?.filter(|user| !user.disabled && session.live(now));
    let Some(user) = user else {
        store::remove_session(tx, session.user, id)?;
        return Ok(Refreshed::Ended);
    };
    let raced = raced(&session, turn, now);
    if turn == session.turn {
        session.turn += 1;
        session.spent_at = Some(now);
        session.last_seen_at = now;
        extend(&mut session);
        store::put_session(tx, &session)?;
        store::change_user(tx, session.user, |user| user.last_seen_at = Some(now))?;
    } else if !raced {
        tracing::warn!(session_id = %id, user_id = %session.user, "a spent refresh token came back: sign-in ended");
        store::remove_session(tx, session.user, id)?;
        return Ok(Refreshed::Reused(session.user));
    }
    Ok(Refreshed::Good(Box::new((user, session))))
}

/// Whether token `turn` is the one before the newest, and was spent by another tab just now.
fn raced(session: &Session, turn: u64, now: Timestamp) -> bool {
    let spent = session.spent_at.filter(|_| turn + 1 == session.turn);
    spent.is_some_and(|spent| now.duration_since(spent) <= GRACE)
}

/// While nothing can be stored a refresh token stays good, so that people who are signed in can go on
/// reading: the same token again, and a new access token. It is spent when storage can write again.
fn unspent(tx: &impl storage::Read, id: Uuid, turn: u64, now: Timestamp) -> Result<Refreshed> {
    let Some(session) = store::session(tx, id)? else {
        return Ok(Refreshed::Ended);
    };
    let good = (turn == session.turn || raced(&session, turn, now)) && session.live(now);
    let user = store::user(tx, session.user)?.filter(|user| good && !user.disabled);
    Ok(user.map_or(Refreshed::Ended, |user| {
        Refreshed::Good(Box::new((user, session)))
    }))
}

/// Ends this sign-in. Always 204: someone who is already signed out has what they want.
#[utoipa::path(post, path = "/api/auth/logout", tag = "auth", request_body = RefreshToken, responses((status = 204)))]
pub async fn logout(
    State(app): State<App>,
    client: Client,
    caller: Option<CurrentUser>,
    headers: HeaderMap,
    Json(body): Json<RefreshToken>,
) -> Result<Response> {
    let ended = leaving(&app, &client, caller, &headers, body)?;
    if let Some((user, session)) = ended {
        let event = Event::new(&app, What::SignedOut, Actor::User(user)).from(&client);
        let end = move |tx: &mut WriteTx<'_>| {
            if store::remove_session(tx, user, session)? {
                event.record(tx)?;
            }
            Ok::<_, Error>(())
        };
        app.store.write(end).await?;
        app.presence.close([session]);
    }
    token::signed_out(&client)
}

/// Ends every sign-in of the caller.
#[utoipa::path(post, path = "/api/auth/logout-all", tag = "auth", request_body = RefreshToken,
    responses((status = 204), (status = 401, body = Failure)))]
pub async fn logout_all(
    State(app): State<App>,
    client: Client,
    caller: Option<CurrentUser>,
    headers: HeaderMap,
    Json(body): Json<RefreshToken>,
) -> Result<Response> {
    let leaving = leaving(&app, &client, caller, &headers, body)?;
    let (user, session) = leaving.ok_or_else(revoked)?;
    let grounds = Grounds::sign_in(&app, user, session);
    let still = move |tx: &WriteTx<'_>| grounds.still(tx);
    end_all(&app, &client, user, None, still).await?;
    token::signed_out(&client)
}

/// Ends all of a person's sign-ins but `keep`, at their own wish.
async fn end_all(
    app: &App,
    client: &Client,
    user: Uuid,
    keep: Option<Uuid>,
    still: impl FnOnce(&WriteTx<'_>) -> Result<()> + Send + 'static,
) -> Result<()> {
    let event = Event::new(app, What::SessionsEnded, Actor::User(user)).from(client);
    let end = move |tx: &mut WriteTx<'_>| {
        still(tx)?;
        event.record(tx)?;
        store::end_sessions(tx, user, keep)
    };
    app.presence.close(app.store.write(end).await?);
    Ok(())
}

/// Ends all of the caller's sign-ins but the one that asks.
#[utoipa::path(delete, path = "/api/auth/sessions", tag = "auth", responses((status = 204)))]
pub async fn end_others(
    State(app): State<App>,
    client: Client,
    caller: CurrentUser,
) -> Result<StatusCode> {
    let (user, keep) = (caller.id, Some(caller.session));
    let still = move |tx: &WriteTx<'_>| caller.still(tx);
    end_all(&app, &client, user, keep, still).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whose sign-in a log-out speaks of: by access token, else by a refresh token.
fn leaving(
    app: &App,
    client: &Client,
    caller: Option<CurrentUser>,
    headers: &HeaderMap,
    body: RefreshToken,
) -> Result<Option<(Uuid, Uuid)>> {
    if let Some(caller) = caller {
        return Ok(Some((caller.id, caller.session)));
    }
    client.admit(app, "leavings")?;
    // Any refresh token of ours will do, also an old one: whoever has it may end the sign-in.
    let Ok((id, _)) = presented(app, client, headers, body) else {
        return Ok(None);
    };
    let session = app.store.read(|tx| store::session(tx, id))?;
    Ok(session.map(|session| (session.user, session.id)))
}

/// A sign-in as its owner sees it.
#[derive(Serialize, ToSchema)]
pub struct SignInView {
    pub id: Uuid,
    /// Whether it is the one asking.
    pub current: bool,
    /// The browser or program, in its own words.
    pub device: String,
    pub address: String,
    pub method: Method,
    /// Whether a second factor or a passkey was shown.
    pub second_factor: bool,
    pub created_at: Timestamp,
    /// To within the lifetime of an access token.
    pub last_seen_at: Timestamp,
    pub expires_at: Timestamp,
}

#[derive(Serialize, ToSchema)]
pub struct SignInList {
    pub items: Vec<SignInView>,
}

/// The caller's sign-ins, newest first.
#[utoipa::path(get, path = "/api/auth/sessions", tag = "auth", responses((status = 200, body = SignInList)))]
pub async fn list_sessions(
    State(app): State<App>,
    caller: CurrentUser,
) -> Result<Json<SignInList>> {
    let now = app.clock.now();
    let sessions = app.store.read(|tx| store::sessions(tx, caller.id))?;
    let items = sessions
        .into_iter()
        .filter(|session| session.live(now))
        .map(|session| SignInView {
            id: session.id,
            current: session.id == caller.session,
            device: session.device,
            address: session.address,
            method: session.method,
            second_factor: session.second_factor,
            created_at: session.created_at,
            last_seen_at: session.last_seen_at,
            expires_at: session.expires_at.min(session.ends_at),
        })
        .collect();
    Ok(Json(SignInList { items }))
}

/// Ends one of the caller's sign-ins.
#[utoipa::path(delete, path = "/api/auth/sessions/{id}", tag = "auth", params(("id" = Uuid, Path)),
    responses((status = 204), (status = 404, body = Failure)))]
pub async fn end_session(
    State(app): State<App>,
    client: Client,
    caller: CurrentUser,
    Path(id): Path<Uuid>,
) -> Result<StatusCode> {
    let event = Event::new(&app, What::SignedOut, Actor::User(caller.id)).from(&client);
    let end = move |tx: &mut WriteTx<'_>| {
        caller.still(tx)?;
        let ended = store::remove_session(tx, caller.id, id)?;
        if ended {
            event.record(tx)?;
        }
        Ok::<_, Error>(ended)
    };
    if app.store.write(end).await? {
        app.presence.close([id]);
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Error::NotFound { what: "sign-in" })
    }
}

/// Ends every sign-in there is and voids every open link and invitation, in a store that nobody serves:
/// what was restored must not open doors that were closed since. Blocks; returns how many sign-ins
/// there were.
pub fn end_everything(store: &storage::Store, now: Timestamp) -> Result<u64> {
    const STEP: usize = 1000;
    store.write(store::void_setup).wait()?;
    while store.write(|tx| links::end_some(tx, STEP)).wait()? > 0 {}
    let revoke = move |tx: &mut WriteTx<'_>| invitations::revoke_some(tx, now, STEP);
    while store.write(revoke).wait()? > 0 {}
    let mut all = 0;
    loop {
        match store.write(|tx| store::end_any(tx, STEP)).wait()?.len() {
            0 => return Ok(all),
            some => all += some as u64,
        }
    }
}

/// Removes sign-ins that ended by themselves, links and API tokens that ran out, keys whose overlap is
/// over, and old events, in small steps.
pub async fn sweep(app: &App) -> Result<()> {
    const STEP: usize = 1000;
    let now = app.clock.now();
    app.store.write(move |tx| links::sweep(tx, now)).await?;
    audit::sweep(app).await?;
    keys::sweep(app).await?;
    tokens::sweep(app).await?;
    loop {
        let ended = app.store.read(|tx| store::ended(tx, now, STEP))?;
        if ended.is_empty() {
            return Ok(());
        }
        let remove = move |tx: &mut WriteTx<'_>| {
            ended
                .into_iter()
                .try_for_each(|(user, id)| store::remove_session(tx, user, id).map(|_| ()))
        };
        app.store.write(remove).await?;
    }
}
