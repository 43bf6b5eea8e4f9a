//! Deleting an account, one's own or, for administrators, somebody's.
//!
//! Must stay true: from the answer on nobody is signed in to the account and nothing is added to it; what
//! it holds is removed in the background, and that goes on after a crash.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use storage::WriteTx;
use utoipa::ToSchema;
use uuid::Uuid;

use super::erase::{self, Erasure};
use crate::app::App;
use crate::auth::{self, Act, Admin, CurrentUser, Ended, Password, Shown};
use crate::error::{Error, Result};
use crate::http::failure::Failure;
use crate::http::{Client, Json, Path};

#[derive(Debug, Deserialize, ToSchema)]
pub struct Goodbye {
    pub password: Option<Password>,
    /// A code of the second factor or a recovery code, where there is one.
    pub totp: Option<String>,
}

/// That an account is being deleted.
#[derive(Serialize, ToSchema)]
pub struct Erasing {
    /// Always `erasing`: it is gone from the rows within moments, from the search index and the data's own
    /// files once these are rewritten right after, and from older snapshots and the journal, out of which
    /// an earlier moment can be restored, after a day. Backups and copies elsewhere hold it for as long
    /// as they are kept.
    pub status: &'static str,
}

const ERASING: (StatusCode, Json<Erasing>) =
    (StatusCode::ACCEPTED, Json(Erasing { status: "erasing" }));

/// Deletes the caller's account with everything in it.
#[utoipa::path(post, path = "/api/account/delete", tag = "account", request_body = Goodbye, responses(
    (status = 202, body = Erasing), (status = 401, body = Failure, description = "totp_required, totp_invalid"),
    (status = 403, body = Failure, description = "password_wrong, sign_in_again"),
    (status = 409, body = Failure, description = "last_administrator"), (status = 422, body = Failure)))]
pub async fn delete(
    State(app): State<App>,
    caller: CurrentUser,
    Json(body): Json<Goodbye>,
) -> Result<(StatusCode, Json<Erasing>)> {
    let confirmed = auth::confirm(&app, &caller, body.password).await?;
    let shown = check_code(&app, &caller, body.totp.as_deref())?;
    let erasure = Erasure::of(caller.id);
    let (inside, by) = (app.clone(), caller.clone());
    let begun = app.store.write(move |tx| {
        by.still(tx)?;
        confirmed.holds(tx)?;
        shown.spend(tx, by.id)?;
        begin(&inside, tx, &erasure)
    });
    close(&app, begun.await?);
    tracing::info!(user_id = %caller.id, "an account is being deleted at its owner's wish");
    Ok(ERASING)
}

/// The second factor, where there is one; who guesses has to wait.
fn check_code(app: &App, caller: &CurrentUser, code: Option<&str>) -> Result<Shown> {
    if caller.user.second_factor.is_none() || code.is_none() {
        return auth::check_code(app, &caller.user, code);
    }
    let tries = vec![("confirm-code", caller.session.to_string())];
    let attempt = app.throttle.attempt(tries)?;
    let shown = auth::check_code(app, &caller.user, code)?;
    attempt.right(&["confirm-code"]);
    Ok(shown)
}

/// Deletes somebody's account with everything in it.
#[utoipa::path(delete, path = "/api/admin/users/{id}", tag = "admin", params(("id" = Uuid, Path)), responses(
    (status = 202, body = Erasing), (status = 403, body = Failure), (status = 404, body = Failure),
    (status = 409, body = Failure, description = "last_administrator, yourself")))]
pub async fn delete_person(
    State(app): State<App>,
    client: Client,
    admin: Admin,
    Path(id): Path<Uuid>,
) -> Result<(StatusCode, Json<Erasing>)> {
    auth::must_be_another(&admin, id)?;
    let act = Act::of(&app, &admin, client);
    let erasure = Erasure::of(id).by(admin.0.id);
    let inside = app.clone();
    let begun = app.store.write(move |tx| {
        act.still(tx)?;
        begin(&inside, tx, &erasure)
    });
    close(&app, begun.await?);
    tracing::info!(user_id = %id, by = %admin.0.id, "an account is being deleted by an administrator");
    Ok(ERASING)
}

/// Ends the account and queues the rest; nothing when that was done before.
fn begin(app: &App, tx: &mut WriteTx<'_>, erasure: &Erasure) -> Result<Option<Ended>> {
    let ended = auth::begin_erasing(tx, erasure.user)?;
    if ended.is_some() {
        app.jobs.add(tx, erase::KIND, erasure)?;
    }
    Ok::<_, Error>(ended)
}

fn close(app: &App, ended: Option<Ended>) {
    if let Some(ended) = ended {
        ended.close(app);
    }
}
