//! Asking Stripe at once how somebody stands, for when they come back from paying.

use std::time::Duration;

use axum::extract::State;

use super::subscription::{BillingStanding, of};
use crate::app::App;
use crate::auth::CurrentUser;
use crate::billing::{customers, sync};
use crate::error::{Error, Result};
use crate::http::Json;
use crate::http::failure::Failure;

/// Of one person in a minute.
const MOST: usize = 6;

/// How the plan stands, after asking the payment service.
#[utoipa::path(post, path = "/api/billing/refresh", tag = "billing", responses(
    (status = 200, body = BillingStanding), (status = 401, body = Failure), (status = 404, body = Failure, description = "billing is off"),
    (status = 429, body = Failure), (status = 503, body = Failure, description = "billing_unavailable, data_held")))]
pub async fn refresh(State(app): State<App>, caller: CurrentUser) -> Result<Json<BillingStanding>> {
    customers::stripe(&app)?;
    let minute = Duration::from_mins(1);
    app.rates.window("refreshes", &caller.id, MOST, minute)?;
    let known = app.store.read(|tx| {
        caller.still(tx)?;
        customers::known(&app, tx, caller.id)
    })?;
    if known.is_some() {
        match sync::now(&app, caller.id).await {
            // Deleted at Stripe, or here, meanwhile: what is known stands.
            Err(Error::Conflict { .. }) => {}
            told => told?,
        }
    }
    Ok(Json(app.store.read(|tx| of(&app, tx, caller.id))?))
}
