//! The list of accounts, and one of them.

use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::Read;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::app::App;
use crate::auth::store::{self, Method, Role, Session, User};
use crate::auth::{Admin, Source, invitations, passkeys, standing, tokens};
use crate::error::{Error, Result};
use crate::http::failure::Failure;
use crate::http::{Json, Path, Query};

const MOST: usize = 200;

/// Which accounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Filter {
    #[default]
    All,
    Administrators,
    Unverified,
    Disabled,
}

impl Filter {
    fn admits(self, user: &User) -> bool {
        match self {
            Self::All => true,
            Self::Administrators => user.role == Role::Admin,
            Self::Unverified => user.email_verified_at.is_none(),
            Self::Disabled => user.disabled,
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UserQuery {
    /// A part of the address.
    q: Option<String>,
    #[serde(default)]
    #[param(inline)]
    filter: Filter,
    /// At most this many, 50 unless told, 200 at most.
    limit: Option<usize>,
    /// `next_before` of the page before.
    before: Option<Uuid>,
}

/// The invitation that an account came by.
#[derive(Serialize, ToSchema)]
pub struct CameBy {
    pub id: Uuid,
    pub note: Option<String>,
}

/// An account as an administrator sees it.
#[expect(
    clippy::struct_excessive_bools,
    reason = "the form on the wire: each is told by itself"
)]
#[derive(Serialize, ToSchema)]
pub struct AdminUser {
    pub id: Uuid,
    pub email: String,
    pub email_verified: bool,
    pub email_verified_at: Option<Timestamp>,
    pub role: Role,
    /// Name of the plan whose limits count.
    pub plan: String,
    pub plan_source: Source,
    /// When the plan that counts ends by itself.
    pub plan_until: Option<Timestamp>,
    /// What it was given, whether it counts now or not.
    pub plan_given: Option<String>,
    pub disabled: bool,
    /// Being deleted; it is gone from this list when that is done.
    pub erasing: bool,
    pub created_at: Timestamp,
    pub last_seen_at: Option<Timestamp>,
    /// How many sign-ins are live.
    pub sign_ins: usize,
    /// Whether one-time codes are asked for.
    pub second_factor: bool,
    pub passkeys: usize,
    pub tokens: usize,
    pub invitation: Option<CameBy>,
}

/// A sign-in as an administrator sees it.
#[derive(Serialize, ToSchema)]
pub struct AdminSession {
    pub id: Uuid,
    pub device: String,
    pub address: String,
    pub method: Method,
    pub created_at: Timestamp,
    pub last_seen_at: Timestamp,
}

/// An account with its sign-ins.
#[derive(Serialize, ToSchema)]
pub struct AdminUserDetail {
    #[serde(flatten)]
    pub user: AdminUser,
    pub sessions: Vec<AdminSession>,
}

#[derive(Serialize, ToSchema)]
pub struct UserList {
    pub items: Vec<AdminUser>,
    pub next_before: Option<Uuid>,
    /// How many there are in all that fit `q` and `filter`.
    pub total: usize,
}

fn live(tx: &impl Read, app: &App, user: Uuid) -> Result<Vec<Session>> {
    let now = app.clock.now();
    let mut sessions = store::sessions(tx, user)?;
    sessions.retain(|session| session.live(now));
    Ok(sessions)
}

/// An account as an administrator sees it.
pub(super) fn view(tx: &impl Read, app: &App, user: &User) -> Result<AdminUser> {
    let invitation = match user.invitation {
        Some(id) => Some(CameBy {
            id,
            note: invitations::get(tx, id)?.and_then(|invitation| invitation.note),
        }),
        None => None,
    };
    let standing = standing(&app.config, user, app.clock.now());
    Ok(AdminUser {
        id: user.id,
        email: user.email.clone(),
        email_verified: user.email_verified_at.is_some(),
        email_verified_at: user.email_verified_at,
        role: user.role,
        plan: standing.plan,
        plan_source: standing.source,
        plan_until: standing.until,
        plan_given: user.plan.clone(),
        disabled: user.disabled,
        erasing: user.erasing,
        created_at: user.created_at,
        last_seen_at: user.last_seen_at,
        sign_ins: live(tx, app, user.id)?.len(),
        second_factor: user.second_factor.is_some(),
        passkeys: passkeys::count(tx, user.id)?,
        tokens: tokens::of_user(tx, user.id, usize::MAX)?.len(),
        invitation,
    })
}

/// The accounts, newest first.
#[utoipa::path(get, path = "/api/admin/users", tag = "admin", params(UserQuery), responses(
    (status = 200, body = UserList), (status = 401, body = Failure), (status = 403, body = Failure)))]
pub async fn list(
    State(app): State<App>,
    _admin: Admin,
    Query(query): Query<UserQuery>,
) -> Result<Json<UserList>> {
    let limit = query.limit.unwrap_or(50).clamp(1, MOST);
    let words = query.q.as_deref().unwrap_or_default().trim().to_lowercase();
    app.store.read(|tx| {
        let all = store::users(tx, None, usize::MAX)?;
        let fits =
            |user: &User| query.filter.admits(user) && user.email.to_lowercase().contains(&words);
        let fitting: Vec<_> = all.into_iter().filter(fits).collect();
        let older = |user: &&User| query.before.is_none_or(|before| user.id < before);
        let mut rows: Vec<_> = fitting.iter().filter(older).take(limit + 1).collect();
        let more = rows.len() > limit;
        rows.truncate(limit);
        let items = rows.iter().map(|user| view(tx, &app, user));
        Ok(Json(UserList {
            items: items.collect::<Result<Vec<_>>>()?,
            next_before: rows.last().filter(|_| more).map(|user| user.id),
            total: fitting.len(),
        }))
    })
}

/// One account, with its sign-ins.
#[utoipa::path(get, path = "/api/admin/users/{id}", tag = "admin", params(("id" = Uuid, Path)), responses(
    (status = 200, body = AdminUserDetail), (status = 403, body = Failure), (status = 404, body = Failure)))]
pub async fn read_one(
    State(app): State<App>,
    _admin: Admin,
    Path(id): Path<Uuid>,
) -> Result<Json<AdminUserDetail>> {
    app.store.read(|tx| {
        let user = store::user(tx, id)?.ok_or(Error::NotFound { what: "account" })?;
        let sessions = live(tx, &app, id)?.into_iter().map(|session| AdminSession {
            id: session.id,
            device: session.device,
            address: session.address,
            method: session.method,
            created_at: session.created_at,
            last_seen_at: session.last_seen_at,
        });
        Ok(Json(AdminUserDetail {
            user: view(tx, &app, &user)?,
            sessions: sessions.collect(),
        }))
    })
}
