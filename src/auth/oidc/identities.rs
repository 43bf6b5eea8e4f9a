//! What a person sees of, and does with, the identities that are tied to their account.

use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;
use storage::WriteTx;
use utoipa::ToSchema;
use uuid::Uuid;

use super::store::{self, Identity};
use crate::app::App;
use crate::auth::audit::{Actor, Event, What};
use crate::auth::caller::CurrentUser;
use crate::auth::passkeys;
use crate::auth::store::User;
use crate::error::{Error, Result};
use crate::http::failure::Failure;
use crate::http::{Client, Json, Path};

#[derive(Debug, Serialize, ToSchema)]
pub struct LinkedIdentity {
    pub id: Uuid,
    /// Of the service.
    pub name: String,
    /// The address there.
    pub email: Option<String>,
    pub linked_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct LinkedIdentities {
    pub items: Vec<LinkedIdentity>,
}

/// The identities that are tied to the account, newest first.
#[utoipa::path(get, path = "/api/auth/identities", tag = "auth", responses(
    (status = 200, body = LinkedIdentities), (status = 401, body = Failure)))]
pub async fn list(State(app): State<App>, caller: CurrentUser) -> Result<Json<LinkedIdentities>> {
    let rows = app
        .store
        .read(|tx| store::of_user(tx, caller.id, usize::MAX))?;
    let items = rows.into_iter().map(|row| LinkedIdentity {
        id: row.id,
        name: super::service_name(&app, &row.issuer),
        email: row.email,
        linked_at: row.linked_at,
        last_used_at: row.last_used_at,
    });
    Ok(Json(LinkedIdentities {
        items: items.collect(),
    }))
}

/// Unties an identity, unless nobody could sign in to the account any more.
#[utoipa::path(delete, path = "/api/auth/identities/{id}", tag = "auth", params(("id" = Uuid, Path)), responses(
    (status = 204), (status = 404, body = Failure),
    (status = 409, body = Failure, description = "last_way_in")))]
pub async fn remove(
    State(app): State<App>,
    client: Client,
    caller: CurrentUser,
    Path(id): Path<Uuid>,
) -> Result<StatusCode> {
    let event = Event::new(&app, What::IdentityRemoved, Actor::User(caller.id)).from(&client);
    let names = app.clone();
    let issuer = app.config.oidc.issuer.clone();
    let remove = move |tx: &mut WriteTx<'_>| {
        caller.still(tx)?;
        let removed = store::remove(tx, caller.id, id)?;
        let removed = removed.ok_or(Error::NotFound { what: "identity" })?;
        // By the account as it is now: a password may have gone since the request came in.
        let user = crate::auth::store::user(tx, caller.id)?.unwrap_or(caller.user);
        let others = store::of_user(tx, caller.id, usize::MAX)?;
        if !usable(&others, &issuer) && !other_way_in(tx, &user)? {
            return Err(Error::conflict(
                "last_way_in",
                "This is the only way into your account. Set a password or add a passkey first.",
            ));
        }
        let name = super::service_name(&names, &removed.issuer);
        event.detail(name).record(tx)
    };
    app.store.write(remove).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whether somebody can sign in to the account with the service that is configured now.
pub fn leads_to(app: &App, tx: &impl storage::Read, user: Uuid) -> Result<bool> {
    let identities = store::of_user(tx, user, usize::MAX)?;
    Ok(usable(&identities, &app.config.oidc.issuer))
}

/// Whether one of these is of the service that is configured now.
fn usable(identities: &[Identity], issuer: &str) -> bool {
    identities.iter().any(|identity| identity.issuer == issuer)
}

/// Whether somebody can sign in to the account without another service.
fn other_way_in(tx: &impl storage::Read, user: &User) -> Result<bool> {
    Ok(user.has_password() || passkeys::count(tx, user.id)? > 0)
}
