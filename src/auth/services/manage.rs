//! For administrators: making, listing and removing services, and giving one a new secret.

use axum::extract::State;
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use storage::{Read, WriteTx};
use utoipa::ToSchema;
use uuid::Uuid;

use super::store::{self, Service};
use crate::app::App;
use crate::auth::audit::{Actor, Event, What};
use crate::auth::caller::Admin;
use crate::auth::signed;
use crate::auth::tokens::checked_name;
use crate::error::{Error, Result};
use crate::http::failure::Failure;
use crate::http::{Client, Json, Path};

/// How every service's secret begins, so that scanners of leaked secrets recognise it.
pub(super) const PREFIX: &str = "novas_";

/// Of audiences, and of scopes, a service has at most so many.
const MOST_WORDS: usize = 32;

/// What is stored of a secret.
pub(super) fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.trim()).into()
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct NewService {
    /// 1 to 80 characters; no other service has it.
    pub name: String,
    /// For whom it may get tokens: `novacore`, or names of receivers.
    pub audiences: Vec<String>,
    /// Here: `metrics:read`, `backup:run`, `usage:read`, `jobs:run`. For receivers any word of 1 to 64
    /// of `a-z 0-9 : . _ -`.
    pub scopes: Vec<String>,
}

#[derive(Serialize, ToSchema)]
pub struct ServiceView {
    pub id: Uuid,
    pub name: String,
    pub audiences: Vec<String>,
    pub scopes: Vec<String>,
    pub created_at: Timestamp,
    /// To within five minutes.
    pub last_used_at: Option<Timestamp>,
}

impl From<Service> for ServiceView {
    fn from(service: Service) -> Self {
        Self {
            id: service.id,
            name: service.name,
            audiences: service.audiences,
            scopes: service.scopes,
            created_at: service.created_at,
            last_used_at: service.last_used_at,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct ServiceList {
    pub items: Vec<ServiceView>,
}

/// A new service. Its secret is shown this once.
#[derive(Serialize, ToSchema)]
pub struct ServiceMade {
    #[serde(flatten)]
    pub item: ServiceView,
    /// `novas_` and 43 characters.
    pub secret: String,
}

/// A secret, shown this once.
#[derive(Serialize, ToSchema)]
pub struct SecretMade {
    pub secret: String,
}

fn fresh_secret(app: &App) -> String {
    let random = URL_SAFE_NO_PAD.encode(app.random.bytes::<32>());
    format!("{PREFIX}{random}")
}

/// Whether it is a word that stands in a token: 1 to 64 of `a-z 0-9 : . _ -`.
pub(super) fn is_word(word: &str) -> bool {
    let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b":._-".contains(&b);
    (1..=64).contains(&word.len()) && word.bytes().all(letter)
}

fn each_once(words: Vec<String>) -> Vec<String> {
    let mut once = Vec::with_capacity(words.len());
    for word in words {
        if !once.contains(&word) {
            once.push(word);
        }
    }
    once
}

fn checked(body: NewService) -> Result<NewService> {
    let name = checked_name(&body.name)?;
    if name.parse::<Uuid>().is_ok() {
        let message = "A name must not look like an id.";
        return Err(Error::field("name_invalid", "name", message));
    }
    let (audiences, scopes) = (each_once(body.audiences), each_once(body.scopes));
    let few = 1..=MOST_WORDS;
    if !few.contains(&audiences.len()) {
        let message = "Name at least one audience: \"novacore\", or a receiver.";
        return Err(Error::field("audiences_missing", "audiences", message));
    }
    if !few.contains(&scopes.len()) || !scopes.iter().all(|scope| is_word(scope)) {
        let message = "Name at least one scope; each is 1 to 64 of a-z, 0-9 and : . _ -";
        return Err(Error::field("scope_invalid", "scopes", message));
    }
    Ok(NewService {
        name,
        audiences,
        scopes,
    })
}

/// Every audience is here, or a receiver that there is.
fn known(tx: &impl Read, audiences: &[String]) -> Result<()> {
    for name in audiences {
        if name != signed::HERE && store::receiver_called(tx, name)?.is_none() {
            return Err(Error::field(
                "audience_unknown",
                "audiences",
                "There is no receiver of one of these names. Add it first.",
            ));
        }
    }
    Ok(())
}

/// Adds a service.
#[utoipa::path(post, path = "/api/admin/services", tag = "admin", request_body = NewService, responses(
    (status = 201, body = ServiceMade), (status = 403, body = Failure),
    (status = 409, body = Failure, description = "name_taken, too_many"), (status = 422, body = Failure)))]
pub async fn make(
    State(app): State<App>,
    client: Client,
    Admin(admin): Admin,
    Json(body): Json<NewService>,
) -> Result<(StatusCode, Json<ServiceMade>)> {
    let body = checked(body)?;
    let secret = fresh_secret(&app);
    let service = Service {
        id: app.ids.next(),
        name: body.name,
        audiences: body.audiences,
        scopes: body.scopes,
        secret_hash: hash(&secret),
        secret_number: 1,
        created_at: app.clock.now(),
        last_used_at: None,
    };
    let event = Event::new(&app, What::ServiceMade, Actor::Administrator(admin.id))
        .from(&client)
        .detail(&service.name);
    let stored = app.store.write(move |tx| {
        admin.still(tx)?;
        known(tx, &service.audiences)?;
        store::add_service(tx, &service)?;
        event.record(tx)?;
        Ok::<_, Error>(service)
    });
    let item = stored.await?.into();
    Ok((StatusCode::CREATED, Json(ServiceMade { item, secret })))
}

/// All services, newest first.
#[utoipa::path(get, path = "/api/admin/services", tag = "admin", responses(
    (status = 200, body = ServiceList), (status = 403, body = Failure)))]
pub async fn list(State(app): State<App>, _admin: Admin) -> Result<Json<ServiceList>> {
    let services = app.store.read(store::services)?;
    let items = services.into_iter().map(ServiceView::from).collect();
    Ok(Json(ServiceList { items }))
}

/// Gives a service a new secret; the old one, and every token it was given, ends at once.
#[utoipa::path(post, path = "/api/admin/services/{id}/secret", tag = "admin", params(("id" = Uuid, Path)),
    responses((status = 200, body = SecretMade), (status = 403, body = Failure), (status = 404, body = Failure)))]
pub async fn new_secret(
    State(app): State<App>,
    client: Client,
    Admin(admin): Admin,
    Path(id): Path<Uuid>,
) -> Result<Json<SecretMade>> {
    let secret = fresh_secret(&app);
    let secret_hash = hash(&secret);
    let actor = Actor::Administrator(admin.id);
    let event = Event::new(&app, What::ServiceSecretMade, actor).from(&client);
    let change = move |tx: &mut WriteTx<'_>| {
        admin.still(tx)?;
        let found = store::service(tx, id)?;
        let mut service = found.ok_or(Error::NotFound { what: "service" })?;
        service.secret_hash = secret_hash;
        service.secret_number += 1;
        store::put_service(tx, &service)?;
        event.detail(service.name).record(tx)
    };
    app.store.write(change).await?;
    Ok(Json(SecretMade { secret }))
}

/// Removes a service; its tokens end at once.
#[utoipa::path(delete, path = "/api/admin/services/{id}", tag = "admin", params(("id" = Uuid, Path)),
    responses((status = 204), (status = 403, body = Failure), (status = 404, body = Failure)))]
pub async fn remove(
    State(app): State<App>,
    client: Client,
    Admin(admin): Admin,
    Path(id): Path<Uuid>,
) -> Result<StatusCode> {
    let actor = Actor::Administrator(admin.id);
    let event = Event::new(&app, What::ServiceRemoved, actor).from(&client);
    let remove = move |tx: &mut WriteTx<'_>| {
        admin.still(tx)?;
        let found = store::remove_service(tx, id)?;
        let service = found.ok_or(Error::NotFound { what: "service" })?;
        event.detail(service.name).record(tx)
    };
    app.store.write(remove).await?;
    Ok(StatusCode::NO_CONTENT)
}
