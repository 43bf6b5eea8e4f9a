//! What an administrator changes about an account: whether it is open, its role and plan, its sign-ins.
//!
//! Must stay true: whoever changes something is still an administrator in the transaction that does it;
//! closing an account ends everything of it at once.

use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::{Read, WriteTx};
use utoipa::ToSchema;
use uuid::Uuid;

use super::known_plan;
use super::list::{AdminUser, view};
use crate::app::App;
use crate::auth::audit::{Actor, Event, What};
use crate::auth::closing::{self, Ended};
use crate::auth::mail::{Mail, Purpose};
use crate::auth::store::{self, Role, User};
use crate::auth::{Admin, CurrentUser, links};
use crate::error::{Error, Result};
use crate::http::failure::Failure;
use crate::http::{Client, Json, Path};

/// Who changes an account, and from where.
#[derive(Clone)]
pub struct Act {
    pub app: App,
    pub actor: Actor,
    pub caller: Option<CurrentUser>,
    pub client: Option<Client>,
}

impl Act {
    pub fn of(app: &App, admin: &Admin, client: Client) -> Self {
        Self {
            app: app.clone(),
            actor: Actor::Administrator(admin.0.id),
            caller: Some(admin.0.clone()),
            client: Some(client),
        }
    }

    /// An event about somebody's account.
    pub fn event(&self, what: What, user: Uuid) -> Event {
        let event = Event::new(&self.app, what, self.actor).about(user);
        match &self.client {
            Some(client) => event.from(client),
            None => event,
        }
    }

    /// Passes when whoever acts still may; an operator always may.
    ///
    /// # Errors
    /// Those of `CurrentUser::still`.
    pub fn still(&self, tx: &impl Read) -> Result<()> {
        match &self.caller {
            Some(caller) => caller.still(tx),
            None => Ok(()),
        }
    }
}

/// What is to change; what is not named stays.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub struct Change {
    /// A disabled account cannot sign in; its data stays.
    pub disabled: Option<bool>,
    pub role: Option<Role>,
    /// Gives a plan; empty takes the given one back.
    pub plan: Option<String>,
    /// When the plan that is given ends; without it, it stays.
    pub plan_until: Option<Timestamp>,
    /// Only `true`: an administrator vouches for the address.
    pub email_verified: Option<bool>,
}

impl Change {
    pub(super) fn check(&self, app: &App) -> Result<()> {
        let given = self.plan.as_deref().filter(|plan| !plan.is_empty());
        given.map(|plan| known_plan(app, plan)).transpose()?;
        if self.plan_until.is_some() && given.is_none() {
            let message = "Name the plan that ends then.";
            return Err(Error::field("plan_until_alone", "plan_until", message));
        }
        if self.plan_until.is_some_and(|at| at <= app.clock.now()) {
            let message = "Choose a time that has not passed.";
            return Err(Error::field("plan_until_past", "plan_until", message));
        }
        if self.email_verified == Some(false) {
            let message = "An address that was verified stays verified.";
            return Err(Error::field("only_true", "email_verified", message));
        }
        Ok(())
    }

    /// Whether it takes something away that an administrator needs to administer.
    fn takes(&self) -> bool {
        self.disabled == Some(true) || self.role == Some(Role::User)
    }
}

fn yourself() -> Error {
    Error::conflict(
        "yourself",
        "This is your own account. Another administrator can do this.",
    )
}

/// Passes when the account is not the caller's own.
///
/// # Errors
/// `yourself`.
pub fn must_be_another(admin: &Admin, id: Uuid) -> Result<()> {
    if admin.0.id == id {
        return Err(yourself());
    }
    Ok(())
}

/// The account, unless it is being deleted.
///
/// # Errors
/// `not_found`, `account_erasing`.
pub fn account(tx: &impl Read, id: Uuid) -> Result<User> {
    let user = store::user(tx, id)?.ok_or(Error::NotFound { what: "account" })?;
    if user.erasing {
        let message = "This account is being deleted.";
        return Err(Error::conflict("account_erasing", message));
    }
    Ok(user)
}

/// What an account was given, in a few words.
fn plan_words(user: &User) -> String {
    match (&user.plan, user.plan_until) {
        (None, _) => "the given plan was taken back".into(),
        (Some(plan), None) => plan.clone(),
        (Some(plan), Some(until)) => format!("{plan} until {}", until.strftime("%Y-%m-%d")),
    }
}

/// Makes the changes in the caller's transaction, each with its event.
pub(super) fn apply(
    tx: &mut WriteTx<'_>,
    act: &Act,
    id: Uuid,
    change: &Change,
) -> Result<(User, Option<Ended>)> {
    act.still(tx)?;
    let before = account(tx, id)?;
    if change.takes() {
        closing::must_not_be_the_last(tx, &before)?;
    }
    let mut user = before.clone();
    let mut events = Vec::new();
    if let Some(disabled) = change.disabled.filter(|now| *now != before.disabled) {
        user.disabled = disabled;
        events.push(act.event(
            if disabled {
                What::AccountDisabled
            } else {
                What::AccountEnabled
            },
            id,
        ));
    }
    if let Some(role) = change.role.filter(|now| *now != before.role) {
        user.role = role;
        let word = match role {
            Role::Admin => "administrator",
            Role::User => "user",
        };
        events.push(act.event(What::RoleChanged, id).detail(word));
    }
    if let Some(plan) = change.plan.clone() {
        user.plan = Some(plan).filter(|plan| !plan.is_empty());
        user.plan_until = change.plan_until;
        if (&user.plan, user.plan_until) != (&before.plan, before.plan_until) {
            events.push(act.event(What::PlanChanged, id).detail(plan_words(&user)));
        }
    }
    if change.email_verified == Some(true) && before.email_verified_at.is_none() {
        user.email_verified_at = Some(act.app.clock.now());
        links::void(tx, id, links::Purpose::VerifyEmail)?;
        events.push(act.event(What::VerifiedByAdministrator, id));
    }
    for event in events {
        event.record(tx)?;
    }
    let closed = user.disabled && !before.disabled;
    let changed = user.clone();
    store::change_user(tx, id, |row| *row = changed)?;
    let ended = if closed {
        Some(closing::end(tx, id)?)
    } else {
        None
    };
    Ok((user, ended))
}

/// Changes an account. Disabling it ends its sign-ins, its streams and its running answers at once; its
/// API tokens are refused for as long as it lasts.
#[utoipa::path(patch, path = "/api/admin/users/{id}", tag = "admin", params(("id" = Uuid, Path)), request_body = Change, responses(
    (status = 200, body = AdminUser), (status = 403, body = Failure), (status = 404, body = Failure),
    (status = 409, body = Failure, description = "last_administrator, yourself"), (status = 422, body = Failure)))]
pub async fn change(
    State(app): State<App>,
    client: Client,
    admin: Admin,
    Path(id): Path<Uuid>,
    Json(change): Json<Change>,
) -> Result<Json<AdminUser>> {
    change.check(&app)?;
    if change.takes() {
        must_be_another(&admin, id)?;
    }
    let act = Act::of(&app, &admin, client);
    let stored = move |tx: &mut WriteTx<'_>| {
        let (user, ended) = apply(tx, &act, id, &change)?;
        Ok::<_, Error>((view(tx, &act.app, &user)?, ended))
    };
    let (user, ended) = app.store.write(stored).await?;
    if let Some(ended) = ended {
        ended.close(&app);
    }
    Ok(Json(user))
}

/// Ends all sign-ins of an account.
#[utoipa::path(post, path = "/api/admin/users/{id}/end-sessions", tag = "admin", params(("id" = Uuid, Path)), responses(
    (status = 204), (status = 403, body = Failure), (status = 404, body = Failure)))]
pub async fn end_sessions(
    State(app): State<App>,
    client: Client,
    admin: Admin,
    Path(id): Path<Uuid>,
) -> Result<StatusCode> {
    let act = Act::of(&app, &admin, client);
    let event = act.event(What::SessionsEnded, id);
    let end = move |tx: &mut WriteTx<'_>| {
        act.still(tx)?;
        account(tx, id)?;
        event.record(tx)?;
        store::end_sessions(tx, id, None)
    };
    let ended = app.store.write(end).await?;
    app.presence.close(ended);
    Ok(StatusCode::NO_CONTENT)
}

/// A mail that was queued.
#[derive(Serialize, ToSchema)]
pub struct MailQueued {
    pub mail_id: Uuid,
}

/// Sends somebody a link by which they choose a new password. Nobody chooses it for them.
#[utoipa::path(post, path = "/api/admin/users/{id}/start-reset", tag = "admin", params(("id" = Uuid, Path)), responses(
    (status = 202, body = MailQueued), (status = 403, body = Failure), (status = 404, body = Failure),
    (status = 409, body = Failure, description = "account_disabled")))]
pub async fn start_reset(
    State(app): State<App>,
    client: Client,
    admin: Admin,
    Path(id): Path<Uuid>,
) -> Result<(StatusCode, Json<MailQueued>)> {
    let act = Act::of(&app, &admin, client);
    let start = move |tx: &mut WriteTx<'_>| {
        act.still(tx)?;
        let user = account(tx, id)?;
        if user.disabled {
            let message = "This account is disabled. Enable it first.";
            return Err(Error::conflict("account_disabled", message));
        }
        let purpose = links::Purpose::ResetPassword;
        let link = links::prepare(&act.app, purpose, id, &user.email);
        links::issue(tx, &link)?;
        act.event(What::ResetRequested, id).record(tx)?;
        Mail::to(id, Purpose::ResetPassword)
            .about(link.id)
            .send(&act.app, tx)
    };
    let mail_id = app.store.write(start).await?;
    Ok((StatusCode::ACCEPTED, Json(MailQueued { mail_id })))
}
