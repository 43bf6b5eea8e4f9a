//! What Stripe told, and what became of it, for administrators.

use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::{Read, WriteTx};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::app::App;
use crate::auth::{self, Admin};
use crate::billing::customers;
use crate::billing::webhook::{self, EventRow, EventState};
use crate::error::{Error, Result};
use crate::http::failure::Failure;
use crate::http::{Json, Path, Query};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EventsQuery {
    state: Option<EventState>,
    /// At most this many, 50 unless told, 500 at most.
    limit: Option<usize>,
    /// `next_before` of the page before.
    before: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct BillingEvent {
    pub id: String,
    pub r#type: String,
    pub created_at: Timestamp,
    pub received_at: Timestamp,
    pub state: EventState,
    pub user_id: Option<Uuid>,
    pub email: Option<String>,
    pub tries: u32,
    pub error: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct BillingEventList {
    pub items: Vec<BillingEvent>,
    pub next_before: Option<String>,
}

fn item(tx: &impl Read, row: EventRow) -> Result<BillingEvent> {
    let user = row.user.map(|id| auth::user(tx, id)).transpose()?;
    Ok(BillingEvent {
        id: row.id,
        r#type: row.kind,
        created_at: row.created,
        received_at: row.received_at,
        state: row.state,
        user_id: row.user,
        email: user.flatten().map(|user| user.email),
        tries: row.tries,
        error: row.error,
    })
}

/// What Stripe told, what came last first.
#[utoipa::path(get, path = "/api/admin/billing/events", tag = "admin", params(EventsQuery), responses(
    (status = 200, body = BillingEventList), (status = 401, body = Failure), (status = 403, body = Failure),
    (status = 404, body = Failure, description = "billing is off")))]
pub async fn events(
    State(app): State<App>,
    _admin: Admin,
    Query(query): Query<EventsQuery>,
) -> Result<Json<BillingEventList>> {
    customers::on(&app)?;
    let limit = query.limit.unwrap_or(50).clamp(1, 500);
    let list = app.store.read(|tx| {
        let before = query.before.as_deref();
        let mut rows = webhook::list(tx, query.state, before, limit + 1)?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_before = rows.last().filter(|_| more).map(|row| row.id.clone());
        let items = rows.into_iter().map(|row| item(tx, row));
        Ok::<_, Error>(BillingEventList {
            items: items.collect::<Result<_>>()?,
            next_before,
        })
    })?;
    Ok(Json(list))
}

/// Has an event worked off again.
#[utoipa::path(post, path = "/api/admin/billing/events/{id}/retry", tag = "admin", params(("id" = String, Path)), responses(
    (status = 202), (status = 401, body = Failure), (status = 403, body = Failure), (status = 404, body = Failure)))]
pub async fn retry(
    State(app): State<App>,
    Admin(admin): Admin,
    Path(id): Path<String>,
) -> Result<StatusCode> {
    let inside = app.clone();
    let again = move |tx: &mut WriteTx<'_>| {
        admin.still(tx)?;
        customers::on(&inside)?;
        if webhook::retry(&inside, tx, &id)? {
            return Ok(());
        }
        Err(Error::NotFound { what: "event" })
    };
    app.store.write(again).await?;
    Ok(StatusCode::ACCEPTED)
}
