//! The way to Stripe's page on which somebody manages what they pay for.

use axum::extract::State;
use axum::http::HeaderMap;

use super::{HOUR, PaymentPage};
use crate::app::App;
use crate::auth::CurrentUser;
use crate::billing::customers;
use crate::error::{Error, Result};
use crate::http::Json;
use crate::http::failure::Failure;

/// Of one person in an hour.
const MOST: usize = 10;

/// The address of the page on which one changes how one pays, changes the plan, or cancels it.
#[utoipa::path(post, path = "/api/billing/portal", tag = "billing", params(
        ("Idempotency-Key" = Option<String>, Header, description = "Asking again with the same key within a day leads to the same page.")), responses(
    (status = 200, body = PaymentPage), (status = 401, body = Failure), (status = 404, body = Failure, description = "billing is off"),
    (status = 409, body = Failure, description = "no_customer"), (status = 429, body = Failure),
    (status = 503, body = Failure, description = "billing_unavailable, data_held")))]
pub async fn portal(
    State(app): State<App>,
    caller: CurrentUser,
    headers: HeaderMap,
) -> Result<Json<PaymentPage>> {
    let stripe = customers::stripe(&app)?;
    app.rates.window("portals", &caller.id, MOST, HOUR)?;
    let known = app.store.read(|tx| {
        caller.still(tx)?;
        customers::known(&app, tx, caller.id)
    })?;
    let customer = known.ok_or_else(no_customer)?.customer;
    let key = super::idempotency(&app, &headers, caller.id, &format!("portal {customer}"))?;
    let back = format!("{}/plans", app.base());
    let made = stripe.create_portal(&customer, &back, &key).await;
    let url = made.map_err(|error| match error {
        gone if gone.lacks_customer() => no_customer(),
        error => customers::failed(&error),
    })?;
    Ok(Json(PaymentPage { url }))
}

/// Nothing was ever bought.
pub fn no_customer() -> Error {
    Error::conflict(
        "no_customer",
        "Nothing was bought with this account yet, so there is nothing to manage.",
    )
}
