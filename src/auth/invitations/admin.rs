//! Inviting, for administrators: make an invitation, look what became of it, take it back.

use axum::extract::State;
use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use storage::Read;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::store::{self, Invitation};
use super::{Standing, link, token};
use crate::app::App;
use crate::auth::Admin;
use crate::auth::address::checked_address;
use crate::auth::audit::{Actor, Event, What};
use crate::auth::mail::{Mail, Purpose};
use crate::auth::{links, people};
use crate::error::{Error, Result};
use crate::http::failure::Failure;
use crate::http::{Client, Json, Path, Query};

const MOST: usize = 200;
const MOST_USES: u32 = 1_000;
const MOST_DAYS: u32 = 90;
const DAYS: u32 = 14;
const NOTE_CHARS: usize = 200;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct InvitationQuery {
    /// At most this many, 50 unless told, 200 at most.
    limit: Option<usize>,
    /// `next_before` of the page before.
    before: Option<Uuid>,
}

/// An account that came by an invitation.
#[derive(Serialize, ToSchema)]
pub struct InvitedAccount {
    pub id: Uuid,
    pub email: String,
    pub created_at: Timestamp,
}

/// An invitation as an administrator sees it.
#[derive(Serialize, ToSchema)]
pub struct InvitationItem {
    pub id: Uuid,
    pub note: Option<String>,
    pub email: Option<String>,
    pub plan: Option<String>,
    pub uses: u32,
    pub used: u32,
    pub state: Standing,
    pub created_at: Timestamp,
    /// The address of who made it; none when that account is no more.
    pub created_by: Option<String>,
    pub expires_at: Timestamp,
    pub accounts: Vec<InvitedAccount>,
}

#[derive(Serialize, ToSchema)]
pub struct InvitationList {
    pub items: Vec<InvitationItem>,
    pub next_before: Option<Uuid>,
}

fn item(tx: &impl Read, invitation: Invitation, now: Timestamp) -> Result<InvitationItem> {
    let account = |id| crate::auth::user(tx, id);
    let mut accounts = Vec::new();
    for id in store::guests(tx, invitation.id)? {
        accounts.extend(account(id)?.map(|user| InvitedAccount {
            id,
            email: user.email,
            created_at: user.created_at,
        }));
    }
    let created_by = match invitation.created_by {
        Some(id) => account(id)?.map(|user| user.email),
        None => None,
    };
    Ok(InvitationItem {
        id: invitation.id,
        state: invitation.standing(now),
        note: invitation.note,
        email: invitation.address,
        plan: invitation.plan,
        uses: invitation.uses,
        used: invitation.used,
        created_at: invitation.created_at,
        created_by,
        expires_at: invitation.expires_at,
        accounts,
    })
}

/// The invitations there are, newest first.
#[utoipa::path(get, path = "/api/admin/invitations", tag = "admin", params(InvitationQuery), responses(
    (status = 200, body = InvitationList), (status = 401, body = Failure), (status = 403, body = Failure)))]
pub async fn list(
    State(app): State<App>,
    _admin: Admin,
    Query(query): Query<InvitationQuery>,
) -> Result<Json<InvitationList>> {
    let limit = query.limit.unwrap_or(50).clamp(1, MOST);
    let now = app.clock.now();
    app.store.read(|tx| {
        let mut rows = store::page(tx, query.before, limit + 1)?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_before = rows.last().filter(|_| more).map(|row| row.id);
        let items = rows.into_iter().map(|row| item(tx, row, now));
        let items = items.collect::<Result<Vec<_>>>()?;
        Ok(Json(InvitationList { items, next_before }))
    })
}

#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct NewInvitation {
    /// Only for this address; the link is mailed to it.
    pub email: Option<String>,
    /// What administrators want to remember; 200 characters at most.
    pub note: Option<String>,
    /// The plan that its accounts get.
    pub plan: Option<String>,
    /// How many accounts may be made by it, 1 unless told, 1000 at most; 1 when it names an address.
    pub uses: Option<u32>,
    /// How many days it is good, 14 unless told, 90 at most.
    pub days: Option<u32>,
}

/// An invitation that was just made.
#[derive(Serialize, ToSchema)]
pub struct InvitationMade {
    #[serde(flatten)]
    pub invitation: InvitationItem,
    pub link: String,
}

/// What was asked for as an invitation, not yet stored.
fn prepare(app: &App, by: Uuid, asked: NewInvitation) -> Result<Invitation> {
    let text = |words: Option<String>| {
        let words = words.map(|words| words.trim().to_owned());
        words.filter(|words| !words.is_empty())
    };
    let address = text(asked.email).map(|email| checked_address(&email));
    let address = address.transpose()?;
    let (note, plan) = (text(asked.note), text(asked.plan));
    if note
        .as_ref()
        .is_some_and(|n| n.chars().count() > NOTE_CHARS)
    {
        let message = format!("Use at most {NOTE_CHARS} characters.");
        return Err(Error::field("note_too_long", "note", message));
    }
    plan.as_deref()
        .map(|plan| people::known_plan(app, plan))
        .transpose()?;
    let uses = asked.uses.unwrap_or(1);
    let most = if address.is_some() { 1 } else { MOST_USES };
    if !(1..=most).contains(&uses) {
        let message = if address.is_some() {
            "An invitation to one address is for one account.".to_owned()
        } else {
            format!("Between 1 and {MOST_USES}.")
        };
        return Err(Error::field("uses_invalid", "uses", message));
    }
    let days = asked.days.unwrap_or(DAYS);
    if !(1..=MOST_DAYS).contains(&days) {
        let message = format!("Between 1 and {MOST_DAYS}.");
        return Err(Error::field("days_invalid", "days", message));
    }
    let (id, now) = (app.ids.next(), app.clock.now());
    let lifetime = SignedDuration::from_hours(24 * i64::from(days));
    Ok(Invitation {
        id,
        token_hash: links::hash(&token(app, id)),
        address,
        note,
        plan,
        uses,
        used: 0,
        created_at: now,
        created_by: Some(by),
        expires_at: now.checked_add(lifetime).unwrap_or(now),
        revoked_at: None,
    })
}

/// Makes an invitation; when it names an address, its link is mailed there, too.
#[utoipa::path(post, path = "/api/admin/invitations", tag = "admin", request_body = NewInvitation, responses(
    (status = 201, body = InvitationMade), (status = 401, body = Failure), (status = 403, body = Failure),
    (status = 409, body = Failure, description = "email_taken"), (status = 422, body = Failure)))]
pub async fn invite(
    State(app): State<App>,
    client: Client,
    Admin(admin): Admin,
    Json(asked): Json<NewInvitation>,
) -> Result<(StatusCode, Json<InvitationMade>)> {
    let invitation = prepare(&app, admin.id, asked)?;
    let link = link(&app, invitation.id);
    let event =
        Event::new(&app, What::InvitationMade, Actor::Administrator(admin.id)).from(&client);
    let (now, inside) = (app.clock.now(), app.clone());
    let made = app.store.write(move |tx| {
        admin.still(tx)?;
        if let Some(address) = &invitation.address {
            if crate::auth::store::user_by_email(tx, address)?.is_some() {
                let message = "There is already an account with this address.";
                return Err(Error::conflict("email_taken", message));
            }
            let mail = Mail {
                purpose: Purpose::Invitation,
                user: None,
                row: Some(invitation.id),
                facts: None,
            };
            mail.send(&inside, tx)?;
        }
        store::put(tx, &invitation)?;
        event.record(tx)?;
        item(tx, invitation, now)
    });
    let invitation = made.await?;
    Ok((
        StatusCode::CREATED,
        Json(InvitationMade { invitation, link }),
    ))
}

fn not_found() -> Error {
    Error::NotFound { what: "invitation" }
}

#[derive(Serialize, ToSchema)]
pub struct InvitationLink {
    pub link: String,
}

/// The link of an invitation once more, while it is good; that it was shown is kept.
#[utoipa::path(post, path = "/api/admin/invitations/{id}/link", tag = "admin", params(("id" = Uuid, Path)), responses(
    (status = 200, body = InvitationLink), (status = 403, body = Failure), (status = 404, body = Failure),
    (status = 409, body = Failure, description = "invitation_over")))]
pub async fn link_again(
    State(app): State<App>,
    client: Client,
    Admin(admin): Admin,
    Path(id): Path<Uuid>,
) -> Result<Json<InvitationLink>> {
    let now = app.clock.now();
    let actor = Actor::Administrator(admin.id);
    let event = Event::new(&app, What::InvitationLinkShown, actor).from(&client);
    let show = move |tx: &mut storage::WriteTx<'_>| {
        admin.still(tx)?;
        let invitation = store::get(tx, id)?.ok_or_else(not_found)?;
        if invitation.standing(now) != Standing::Open {
            return Err(Error::conflict(
                "invitation_over",
                "This invitation is used up, expired or revoked. Make a new one.",
            ));
        }
        event.record(tx)
    };
    app.store.write(show).await?;
    let link = link(&app, id);
    Ok(Json(InvitationLink { link }))
}

/// Takes an invitation back; the accounts that came by it stay.
#[utoipa::path(delete, path = "/api/admin/invitations/{id}", tag = "admin", params(("id" = Uuid, Path)), responses(
    (status = 204), (status = 403, body = Failure), (status = 404, body = Failure)))]
pub async fn revoke(
    State(app): State<App>,
    client: Client,
    Admin(admin): Admin,
    Path(id): Path<Uuid>,
) -> Result<StatusCode> {
    let now = app.clock.now();
    let actor = Actor::Administrator(admin.id);
    let event = Event::new(&app, What::InvitationRevoked, actor).from(&client);
    let revoke = move |tx: &mut storage::WriteTx<'_>| {
        admin.still(tx)?;
        let mut invitation = store::get(tx, id)?.ok_or_else(not_found)?;
        if invitation.revoked_at.is_none() {
            invitation.revoked_at = Some(now);
            store::put(tx, &invitation)?;
            event.record(tx)?;
        }
        Ok::<_, Error>(())
    };
    app.store.write(revoke).await?;
    Ok(StatusCode::NO_CONTENT)
}
