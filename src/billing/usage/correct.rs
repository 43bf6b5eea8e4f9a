//! Making a mistake of the ledger good.
//!
//! Must stay true: nothing is taken out of the ledger, another row is added, with its reason; the person
//! and the administrator are told of it in the same transaction.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use storage::WriteTx;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::auth::{self, Act, Admin, What};
use crate::billing::{self, Booking, Day, Quota, Resource};
use crate::error::{Error, Result};
use crate::http::failure::Failure;
use crate::http::{Client, Json, Path};

const NOTE_CHARS: usize = 200;
/// No correction is larger: far more than anybody uses, far less than what a sum can hold.
const MOST: u64 = 1_000_000_000_000;

#[derive(Debug, Deserialize, ToSchema)]
pub struct NewCorrection {
    pub resource: Resource,
    /// What is added; negative to give something back, never 0.
    #[schema(minimum = -1_000_000_000_000_i64, maximum = 1_000_000_000_000_i64)]
    pub amount: i64,
    /// Why, as the person reads it: 1 to 200 characters.
    pub note: String,
}

/// The quota after a correction.
#[derive(Serialize, ToSchema)]
pub struct Corrected {
    pub quota: Quota,
}

/// The note of a correction that can be made.
fn checked(asked: &NewCorrection) -> Result<String> {
    if asked.amount == 0 || asked.amount.unsigned_abs() > MOST {
        let message = format!("A whole number from -{MOST} to {MOST}, and not 0.");
        return Err(Error::field("amount_invalid", "amount", message));
    }
    let note = asked.note.trim();
    if note.is_empty() || note.chars().count() > NOTE_CHARS || note.chars().any(char::is_control) {
        let message = format!("Say why, in 1 to {NOTE_CHARS} characters on one line.");
        return Err(Error::field("note_invalid", "note", message));
    }
    Ok(note.to_owned())
}

/// `llm_tokens_output -500`.
fn words(asked: &NewCorrection) -> Result<String> {
    let name = serde_json::to_value(asked.resource);
    let name = name.map_err(|e| Error::internal("naming a resource", e))?;
    let name = name.as_str().unwrap_or_default();
    Ok(format!("{name} {:+}", asked.amount))
}

/// Adds a row to somebody's ledger that makes a mistake good. It counts for today.
#[utoipa::path(post, path = "/api/admin/users/{id}/usage/correction", tag = "admin", params(("id" = Uuid, Path)),
    request_body = NewCorrection, responses((status = 201, body = Corrected), (status = 401, body = Failure),
    (status = 403, body = Failure), (status = 404, body = Failure),
    (status = 409, body = Failure, description = "account_erasing"),
    (status = 422, body = Failure, description = "amount_invalid, note_invalid")))]
pub async fn correct(
    State(app): State<App>,
    client: Client,
    admin: Admin,
    Path(id): Path<Uuid>,
    Json(asked): Json<NewCorrection>,
) -> Result<(StatusCode, Json<Corrected>)> {
    let note = checked(&asked)?;
    let detail = words(&asked)?;
    let (act, by, now) = (Act::of(&app, &admin, client), admin.0.id, app.clock.now());
    let mut both = vec![id, by];
    both.dedup();
    let events = both
        .into_iter()
        .map(|about| act.event(What::UsageCorrected, about).detail(&detail));
    let events: Vec<_> = events.collect();
    let correct = move |tx: &mut WriteTx<'_>| {
        act.still(tx)?;
        let user = auth::open_account(tx, id)?;
        let booking = Booking {
            user: id,
            plan: auth::standing(&act.app.config, &user, now).plan,
            source: None,
            day: Day::of(now),
            at: now,
        };
        billing::correct(tx, &booking, (asked.resource, asked.amount), note)?;
        for event in &events {
            event.record(tx)?;
        }
        billing::quota(&act.app.config, tx, &user, now)
    };
    let quota = app.store.write(correct).await?;
    Ok((StatusCode::CREATED, Json(Corrected { quota })))
}
