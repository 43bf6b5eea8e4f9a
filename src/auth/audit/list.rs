//! Reading what happened: one's own account, and for administrators everybody's.
//!
//! Must stay true: people see what was done to their account and by what kind of person, not from
//! where an administrator did it.

use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::Read;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{Actor, Event, What, of_everybody, of_user};
use crate::app::App;
use crate::auth::services;
use crate::auth::store::{self, folded};
use crate::auth::{Admin, CurrentUser};
use crate::error::Result;
use crate::http::failure::Failure;
use crate::http::{Json, Query};

const MOST: usize = 500;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ActivityQuery {
    /// At most this many, 50 unless told, 500 at most.
    limit: Option<usize>,
    /// `next_before` of the page before.
    before: Option<Uuid>,
}

/// How it went.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Ok,
    Refused,
}

impl Outcome {
    fn of(event: &Event) -> Self {
        if event.refused {
            Self::Refused
        } else {
            Self::Ok
        }
    }
}

/// Who did something, seen by whoever it was done to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Doer {
    You,
    Administrator,
    /// Whoever has a shell on the server.
    Operator,
    /// The program itself, for somebody who did not say who they are.
    Program,
}

/// Something that happened to one's own account.
#[derive(Serialize, ToSchema)]
pub struct ActivityView {
    pub id: Uuid,
    pub at: Timestamp,
    pub event: What,
    pub result: Outcome,
    pub by: Doer,
    pub address: Option<String>,
    pub device: Option<String>,
    pub detail: Option<String>,
}

impl ActivityView {
    fn of(event: Event, me: Uuid) -> Self {
        let by = match event.actor {
            Actor::User(id) | Actor::Administrator(id) if id == me => Doer::You,
            Actor::Administrator(_) => Doer::Administrator,
            Actor::Operator => Doer::Operator,
            Actor::Nobody | Actor::User(_) | Actor::Service(_) => Doer::Program,
        };
        let theirs = matches!(by, Doer::Administrator | Doer::Operator);
        Self {
            id: event.id,
            at: event.at,
            event: event.what,
            result: Outcome::of(&event),
            by,
            address: event.address.filter(|_| !theirs),
            device: event.device.filter(|_| !theirs),
            detail: event.detail,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct ActivityList {
    pub items: Vec<ActivityView>,
    pub next_before: Option<Uuid>,
}

/// What happened to the caller's account, newest first.
#[utoipa::path(get, path = "/api/auth/activity", tag = "auth", params(ActivityQuery), responses((status = 200, body = ActivityList)))]
pub async fn activity(
    State(app): State<App>,
    caller: CurrentUser,
    Query(query): Query<ActivityQuery>,
) -> Result<Json<ActivityList>> {
    let limit = query.limit.unwrap_or(50).clamp(1, MOST);
    let mut events = app
        .store
        .read(|tx| of_user(tx, caller.id, query.before, limit + 1))?;
    let next_before = page(&mut events, limit);
    let items = events.into_iter();
    Ok(Json(ActivityList {
        items: items
            .map(|event| ActivityView::of(event, caller.id))
            .collect(),
        next_before,
    }))
}

/// Cuts a list that was read with one more than fit; where the next page begins.
fn page(events: &mut Vec<Event>, limit: usize) -> Option<Uuid> {
    let more = events.len() > limit;
    events.truncate(limit);
    events.last().filter(|_| more).map(|event| event.id)
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// About this account: its id or its whole address.
    user: Option<String>,
    /// Of this kind.
    event: Option<What>,
    /// At most this many, 50 unless told, 500 at most.
    limit: Option<usize>,
    /// `next_before` of the page before.
    before: Option<Uuid>,
}

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ActorKind {
    User,
    Administrator,
    Operator,
    Service,
    Nobody,
}

/// Who did something.
#[derive(Serialize, ToSchema)]
pub struct ActorView {
    pub kind: ActorKind,
    pub id: Option<Uuid>,
    /// The address of an account, or a service's own name; none when it is no more.
    pub name: Option<String>,
}

/// Something that happened to an account.
#[derive(Serialize, ToSchema)]
pub struct EventView {
    pub id: Uuid,
    pub at: Timestamp,
    pub event: What,
    pub result: Outcome,
    pub user_id: Option<Uuid>,
    pub email: Option<String>,
    pub actor: ActorView,
    pub address: Option<String>,
    pub device: Option<String>,
    pub detail: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct EventList {
    pub items: Vec<EventView>,
    pub next_before: Option<Uuid>,
}

/// What happened to accounts, newest first.
#[utoipa::path(get, path = "/api/admin/audit", tag = "admin", params(AuditQuery), responses(
    (status = 200, body = EventList), (status = 401, body = Failure), (status = 403, body = Failure)))]
pub async fn events(
    State(app): State<App>,
    _admin: Admin,
    Query(query): Query<AuditQuery>,
) -> Result<Json<EventList>> {
    let limit = query.limit.unwrap_or(50).clamp(1, MOST);
    app.store.read(|tx| {
        let mut events = find(tx, &query, limit + 1)?;
        let next_before = page(&mut events, limit);
        let items = events.into_iter().map(|event| view(tx, event));
        let items = items.collect::<Result<Vec<_>>>()?;
        Ok(Json(EventList { items, next_before }))
    })
}

fn find(tx: &impl Read, query: &AuditQuery, most: usize) -> Result<Vec<Event>> {
    let wanted = |event: &Event| query.event.is_none_or(|what| what == event.what);
    let Some(asked) = query
        .user
        .as_deref()
        .map(str::trim)
        .filter(|w| !w.is_empty())
    else {
        return of_everybody(tx, query.before, most, wanted);
    };
    let known = match asked.parse::<Uuid>() {
        Ok(id) => Some(id),
        Err(_) => store::user_by_email(tx, &folded(asked))?.map(|user| user.id),
    };
    let Some(user) = known else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    let mut before = query.before;
    loop {
        let some = of_user(tx, user, before, MOST)?;
        let full = some.len() == MOST;
        before = some.last().map(|event| event.id);
        let room = most - found.len();
        found.extend(some.into_iter().filter(wanted).take(room));
        if !full || found.len() >= most {
            return Ok(found);
        }
    }
}

fn view(tx: &impl Read, event: Event) -> Result<EventView> {
    let address_of = |id| Ok::<_, crate::error::Error>(store::user(tx, id)?.map(|user| user.email));
    let email = match event.user {
        Some(id) => address_of(id)?,
        None => None,
    };
    let (kind, id, name) = match event.actor {
        Actor::User(id) => (ActorKind::User, Some(id), address_of(id)?),
        Actor::Administrator(id) if id.is_nil() => (ActorKind::Administrator, None, None),
        Actor::Administrator(id) => (ActorKind::Administrator, Some(id), address_of(id)?),
        Actor::Service(id) => (ActorKind::Service, Some(id), services::name(tx, id)?),
        Actor::Operator => (ActorKind::Operator, None, None),
        Actor::Nobody => (ActorKind::Nobody, None, None),
    };
    Ok(EventView {
        id: event.id,
        at: event.at,
        event: event.what,
        result: Outcome::of(&event),
        user_id: event.user,
        email,
        actor: ActorView { kind, id, name },
        address: event.address,
        device: event.device,
        detail: event.detail,
    })
}
