//! A person's passkeys: list, add, remove.

use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use storage::{Read, WriteTx};
use utoipa::ToSchema;
use uuid::Uuid;
use webauthn_rs::prelude::{self, PasskeyRegistration, RegisterPublicKeyCredential};

use super::store::{self, Passkey};
use super::{CEREMONY, MOST, options, party, read, written};
use crate::app::App;
use crate::auth::audit::{Actor, Event, What};
use crate::auth::caller::{CurrentUser, VerifiedUser};
use crate::auth::confirm::confirm;
use crate::auth::mail::{Mail, Purpose};
use crate::auth::oidc;
use crate::auth::password::Password;
use crate::auth::store as accounts;
use crate::error::{Error, Result};
use crate::http::briefly::Owner;
use crate::http::failure::Failure;
use crate::http::{Client, Json, Path};

/// Bytes of a key as it is stored, which are 600 or so; an authenticator can add certificates of any
/// length.
const LONGEST_KEY: usize = 16 * 1024;

/// A challenge for a new passkey, good only in the sign-in that asked for it.
struct Enrolment {
    session: Uuid,
    state: PasskeyRegistration,
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct BeginPasskey {
    pub password: Option<Password>,
}

/// A challenge, and the id by which its answer comes back.
#[derive(Serialize, ToSchema)]
pub struct PasskeyCeremony {
    pub ceremony: Uuid,
    /// `{publicKey: …}`, for `navigator.credentials`.
    #[schema(value_type = Object)]
    pub options: Value,
}

#[derive(Deserialize, ToSchema)]
pub struct NewPasskey {
    pub ceremony: Uuid,
    /// For its owner to tell it from others.
    pub name: String,
    /// What `PublicKeyCredential.toJSON()` gives.
    #[schema(value_type = Object)]
    pub credential: Value,
}

#[derive(Serialize, ToSchema)]
pub struct PasskeyView {
    pub id: Uuid,
    pub name: String,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
}

#[derive(Serialize, ToSchema)]
pub struct PasskeyList {
    pub items: Vec<PasskeyView>,
}

impl From<Passkey> for PasskeyView {
    fn from(passkey: Passkey) -> Self {
        Self {
            id: passkey.id,
            name: passkey.name,
            created_at: passkey.created_at,
            last_used_at: passkey.last_used_at,
        }
    }
}

/// The caller's passkeys, oldest first.
#[utoipa::path(get, path = "/api/auth/passkeys", tag = "auth",
    responses((status = 200, body = PasskeyList), (status = 401, body = Failure)))]
pub async fn list(State(app): State<App>, caller: CurrentUser) -> Result<Json<PasskeyList>> {
    let passkeys = app
        .store
        .read(|tx| store::of_user(tx, caller.id, usize::MAX))?;
    let items = passkeys.into_iter().map(PasskeyView::from).collect();
    Ok(Json(PasskeyList { items }))
}

/// Begins a new passkey: what the browser hands to the authenticator.
#[utoipa::path(post, path = "/api/auth/passkeys/begin", tag = "auth", request_body = BeginPasskey, responses(
    (status = 200, body = PasskeyCeremony),
    (status = 403, body = Failure, description = "email_unverified, password_wrong, sign_in_again"),
    (status = 409, body = Failure, description = "passkeys_off, passkeys_full"),
    (status = 422, body = Failure, description = "password_missing")))]
pub async fn begin(
    State(app): State<App>,
    VerifiedUser(caller): VerifiedUser,
    Json(body): Json<BeginPasskey>,
) -> Result<Json<PasskeyCeremony>> {
    let party = party(&app)?;
    let there = app
        .store
        .read(|tx| store::of_user(tx, caller.id, usize::MAX))?;
    room(there.len())?;
    let confirmed = confirm(&app, &caller, body.password).await?;
    let there: Result<Vec<_>> = there
        .iter()
        .map(|row| Ok(read(row)?.cred_id().clone()))
        .collect();
    let email = &caller.user.email;
    let begun = party.start_passkey_registration(caller.id, email, email, Some(there?));
    let (challenge, state) = begun.map_err(|e| Error::internal("beginning a passkey", e))?;
    let mut options = options(&challenge.public_key)?;
    // Nobody types an address before they sign in with one, so the authenticator must know it.
    let selection = &mut options["publicKey"]["authenticatorSelection"];
    selection["residentKey"] = "required".into();
    selection["requireResidentKey"] = true.into();
    let session = caller.session;
    app.store.read(|tx| {
        caller.still(tx)?;
        confirmed.holds(tx)
    })?;
    let (owner, enrolment) = (Owner::Person(caller.id), Enrolment { session, state });
    let ceremony = app.briefly.keep(owner, enrolment, CEREMONY);
    Ok(Json(PasskeyCeremony { ceremony, options }))
}

/// Adds the passkey that the authenticator made.
#[utoipa::path(post, path = "/api/auth/passkeys", tag = "auth", request_body = NewPasskey, responses(
    (status = 201, body = PasskeyView), (status = 403, body = Failure, description = "email_unverified"),
    (status = 409, body = Failure, description = "passkeys_off, passkeys_full"),
    (status = 422, body = Failure, description = "passkey_invalid, name_invalid")))]
pub async fn add(
    State(app): State<App>,
    client: Client,
    VerifiedUser(caller): VerifiedUser,
    Json(body): Json<NewPasskey>,
) -> Result<(StatusCode, Json<PasskeyView>)> {
    let name = checked(&body.name)?;
    let key = answered(&app, caller.session, body)?;
    let text = written(&key)?;
    if text.len() > LONGEST_KEY {
        return Err(invalid());
    }
    let passkey = Passkey {
        id: app.ids.next(),
        user: caller.id,
        name: name.clone(),
        key: text,
        created_at: app.clock.now(),
        last_used_at: None,
    };
    let user = caller.id;
    let view = PasskeyView::from(passkey.clone());
    let event = Event::new(&app, What::PasskeyAdded, Actor::User(caller.id)).from(&client);
    let (event, inside) = (event.detail(name), app.clone());
    let add = move |tx: &mut WriteTx<'_>| {
        caller.still(tx)?;
        let there = store::of_user(tx, passkey.user, usize::MAX)?;
        room(there.len())?;
        for row in &there {
            // Of two ceremonies at once that chose the same authenticator, one counts.
            if read(row)?.cred_id() == key.cred_id() {
                return Err(invalid());
            }
        }
        store::put(tx, &passkey)?;
        event.record(tx)?;
        let mail = Mail::to(passkey.user, Purpose::PasskeyAdded).about(event.id);
        mail.send(&inside, tx).map(|_| ())
    };
    app.store.write(add).await?;
    tracing::info!(user_id = %user, "a passkey was added");
    Ok((StatusCode::CREATED, Json(view)))
}

/// The key in the answer to a challenge of this sign-in.
fn answered(app: &App, session: Uuid, body: NewPasskey) -> Result<prelude::Passkey> {
    let party = party(app)?;
    let begun = app.briefly.take::<Enrolment>(body.ceremony);
    let begun = begun
        .filter(|begun| begun.session == session)
        .ok_or_else(invalid)?;
    let answer: RegisterPublicKeyCredential =
        serde_json::from_value(body.credential).map_err(|_| invalid())?;
    party
        .finish_passkey_registration(&answer, &begun.state)
        .map_err(|error| {
            tracing::debug!(%error, "a new passkey was refused");
            invalid()
        })
}

/// Removes one of the caller's passkeys, unless nobody could sign in to the account any more.
#[utoipa::path(delete, path = "/api/auth/passkeys/{id}", tag = "auth", params(("id" = Uuid, Path)),
    responses((status = 204), (status = 404, body = Failure), (status = 409, body = Failure, description = "last_way_in")))]
pub async fn remove(
    State(app): State<App>,
    client: Client,
    caller: CurrentUser,
    Path(id): Path<Uuid>,
) -> Result<StatusCode> {
    let event = Event::new(&app, What::PasskeyRemoved, Actor::User(caller.id)).from(&client);
    let inside = app.clone();
    let remove = move |tx: &mut WriteTx<'_>| {
        caller.still(tx)?;
        let removed = store::remove(tx, caller.id, id)?;
        let removed = removed.ok_or(Error::NotFound { what: "passkey" })?;
        if !way_in(&inside, tx, caller.id)? {
            return Err(Error::conflict(
                "last_way_in",
                "This is the only way into your account. Set a password or add another passkey first.",
            ));
        }
        let event = event.detail(removed.name);
        event.record(tx)?;
        let mail = Mail::to(caller.id, Purpose::PasskeyRemoved).about(event.id);
        mail.send(&inside, tx).map(|_| ())
    };
    app.store.write(remove).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whether somebody can sign in to the account.
fn way_in(app: &App, tx: &impl Read, user: Uuid) -> Result<bool> {
    let password = accounts::user(tx, user)?.is_some_and(|user| user.has_password());
    Ok(password || store::count(tx, user)? > 0 || oidc::leads_to(app, tx, user)?)
}

fn room(there: usize) -> Result<()> {
    if there < MOST {
        return Ok(());
    }
    Err(Error::conflict(
        "passkeys_full",
        format!("You have {MOST} passkeys, which is as many as fit. Remove one first."),
    ))
}

fn checked(name: &str) -> Result<String> {
    const LONGEST: usize = 60;
    let name = name.trim();
    let fits = (1..=LONGEST).contains(&name.chars().count());
    if fits && !name.chars().any(char::is_control) {
        return Ok(name.to_owned());
    }
    Err(Error::field(
        "name_invalid",
        "name",
        format!("Give it a name of 1 to {LONGEST} characters."),
    ))
}

fn invalid() -> Error {
    Error::field(
        "passkey_invalid",
        "credential",
        "This passkey could not be added: the answer does not fit, came too late, or was used already. Please try again.",
    )
}
