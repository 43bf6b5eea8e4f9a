//! For administrators: programs outside that check service tokens, each with a secret of its own.

use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::WriteTx;
use utoipa::ToSchema;
use uuid::Uuid;

use super::manage::{SecretMade, is_word};
use super::store::{self, Receiver};
use super::token::receiver_secret;
use crate::app::App;
use crate::auth::audit::{Actor, Event, What};
use crate::auth::caller::Admin;
use crate::auth::signed;
use crate::error::{Error, Result};
use crate::http::failure::Failure;
use crate::http::{Client, Json, Path};

/// The receiver that tokens for the model server name (`model.service_auth`).
const MODEL: &str = "model";

#[derive(Debug, Deserialize, ToSchema)]
pub struct NewReceiver {
    /// 1 to 64 of `a-z 0-9 : . _ -`; stands in tokens as `aud`.
    pub name: String,
}

#[derive(Serialize, ToSchema)]
pub struct ReceiverView {
    pub id: Uuid,
    pub name: String,
    pub created_at: Timestamp,
    pub secret_made_at: Timestamp,
}

impl From<Receiver> for ReceiverView {
    fn from(receiver: Receiver) -> Self {
        Self {
            id: receiver.id,
            name: receiver.name,
            created_at: receiver.created_at,
            secret_made_at: receiver.secret_made_at,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct ReceiverList {
    pub items: Vec<ReceiverView>,
}

/// A new receiver. Its secret is shown this once.
#[derive(Serialize, ToSchema)]
pub struct ReceiverMade {
    #[serde(flatten)]
    pub item: ReceiverView,
    /// The key for HS256: these 43 characters as they stand here, not what they decode to.
    pub secret: String,
}

/// Adds a receiver.
#[utoipa::path(post, path = "/api/admin/receivers", tag = "admin", request_body = NewReceiver, responses(
    (status = 201, body = ReceiverMade), (status = 403, body = Failure),
    (status = 409, body = Failure, description = "name_taken, too_many"), (status = 422, body = Failure)))]
pub async fn make(
    State(app): State<App>,
    client: Client,
    Admin(admin): Admin,
    Json(body): Json<NewReceiver>,
) -> Result<(StatusCode, Json<ReceiverMade>)> {
    let name = body.name.trim().to_owned();
    if !is_word(&name) || [signed::HERE, MODEL].contains(&name.as_str()) {
        return Err(Error::field(
            "name_invalid",
            "name",
            "A receiver's name is 1 to 64 of a-z, 0-9 and : . _ - (but not novacore or model).",
        ));
    }
    let now = app.clock.now();
    let receiver = Receiver {
        id: app.ids.next(),
        name,
        secret_number: 1,
        created_at: now,
        secret_made_at: now,
    };
    let secret = receiver_secret(&app, &receiver);
    let event = Event::new(&app, What::ReceiverMade, Actor::Administrator(admin.id))
        .from(&client)
        .detail(&receiver.name);
    let stored = app.store.write(move |tx| {
        admin.still(tx)?;
        store::add_receiver(tx, &receiver)?;
        event.record(tx)?;
        Ok::<_, Error>(receiver)
    });
    let item = stored.await?.into();
    Ok((StatusCode::CREATED, Json(ReceiverMade { item, secret })))
}

/// All receivers, newest first.
#[utoipa::path(get, path = "/api/admin/receivers", tag = "admin", responses(
    (status = 200, body = ReceiverList), (status = 403, body = Failure)))]
pub async fn list(State(app): State<App>, _admin: Admin) -> Result<Json<ReceiverList>> {
    let receivers = app.store.read(store::receivers)?;
    let items = receivers.into_iter().map(ReceiverView::from).collect();
    Ok(Json(ReceiverList { items }))
}

/// Gives a receiver a new secret; tokens are signed with it from now on.
#[utoipa::path(post, path = "/api/admin/receivers/{id}/secret", tag = "admin", params(("id" = Uuid, Path)),
    responses((status = 200, body = SecretMade), (status = 403, body = Failure), (status = 404, body = Failure)))]
pub async fn new_secret(
    State(app): State<App>,
    client: Client,
    Admin(admin): Admin,
    Path(id): Path<Uuid>,
) -> Result<Json<SecretMade>> {
    let now = app.clock.now();
    let actor = Actor::Administrator(admin.id);
    let event = Event::new(&app, What::ReceiverSecretMade, actor).from(&client);
    let change = move |tx: &mut WriteTx<'_>| {
        admin.still(tx)?;
        let found = store::receiver(tx, id)?;
        let mut receiver = found.ok_or(Error::NotFound { what: "receiver" })?;
        receiver.secret_number += 1;
        receiver.secret_made_at = now;
        store::put_receiver(tx, &receiver)?;
        event.detail(&receiver.name).record(tx)?;
        Ok::<_, Error>(receiver)
    };
    let receiver = app.store.write(change).await?;
    let secret = receiver_secret(&app, &receiver);
    Ok(Json(SecretMade { secret }))
}

/// Removes a receiver; no service gets tokens for it any more.
#[utoipa::path(delete, path = "/api/admin/receivers/{id}", tag = "admin", params(("id" = Uuid, Path)),
    responses((status = 204), (status = 403, body = Failure), (status = 404, body = Failure)))]
pub async fn remove(
    State(app): State<App>,
    client: Client,
    Admin(admin): Admin,
    Path(id): Path<Uuid>,
) -> Result<StatusCode> {
    let actor = Actor::Administrator(admin.id);
    let event = Event::new(&app, What::ReceiverRemoved, actor).from(&client);
    let remove = move |tx: &mut WriteTx<'_>| {
        admin.still(tx)?;
        let found = store::remove_receiver(tx, id)?;
        let receiver = found.ok_or(Error::NotFound { what: "receiver" })?;
        event.detail(receiver.name).record(tx)
    };
    app.store.write(remove).await?;
    Ok(StatusCode::NO_CONTENT)
}
