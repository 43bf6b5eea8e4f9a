//! Buying a plan: the way to Stripe's page.
//!
//! Must stay true: the customer is stored before there is a page on which they can pay; who has a
//! subscription that is not over buys no second one.

use axum::extract::State;
use axum::http::HeaderMap;
use serde::Deserialize;
use storage::{Read, WriteTx};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{HOUR, PaymentPage};
use crate::app::App;
use crate::auth::{self, CurrentUser, VerifiedUser};
use crate::billing::customers::{self, Customer};
use crate::billing::sync;
use crate::config::Period;
use crate::error::{Error, Result};
use crate::http::Json;
use crate::http::failure::Failure;
use crate::outside::{Checkout, StripeError};

/// Of one person in an hour.
const MOST: usize = 10;

#[derive(Debug, Deserialize, ToSchema)]
pub struct CheckoutRequest {
    pub plan: String,
    pub period: Period,
}

/// The price of what is asked for.
fn price(app: &App, ask: &CheckoutRequest) -> Result<String> {
    auth::known_plan(app, &ask.plan)?;
    let plan = app.config.plans.get(&ask.plan);
    let price = plan.and_then(|plan| plan.sold(ask.period));
    let price = price.ok_or_else(|| {
        let message = "This plan cannot be bought for this period. Choose another one.";
        Error::conflict("plan_not_for_sale", message)
    })?;
    Ok(price.to_owned())
}

/// Passes when nothing that somebody bought can still be charged for.
fn must_have_none(app: &App, tx: &impl Read, user: Uuid) -> Result<()> {
    if customers::known(app, tx, user)?.is_none() {
        return Ok(());
    }
    let all = customers::subscriptions(tx, user)?;
    if all.iter().all(|row| row.subscription.status.is_over()) {
        return Ok(());
    }
    Err(Error::conflict(
        "already_subscribed",
        "You have a subscription already. Change or cancel it where you manage your plan.",
    ))
}

/// Begins buying a plan: the address of the page on which it is paid.
#[utoipa::path(post, path = "/api/billing/checkout", tag = "billing", request_body = CheckoutRequest, params(
        ("Idempotency-Key" = Option<String>, Header, description = "Asking again with the same key within a day leads to the same page.")), responses(
    (status = 200, body = PaymentPage), (status = 401, body = Failure), (status = 403, body = Failure, description = "email_unverified"),
    (status = 404, body = Failure, description = "billing is off"), (status = 409, body = Failure, description = "plan_not_for_sale, already_subscribed"),
    (status = 422, body = Failure, description = "plan_unknown"), (status = 429, body = Failure),
    (status = 503, body = Failure, description = "billing_unavailable, data_held")))]
pub async fn checkout(
    State(app): State<App>,
    VerifiedUser(caller): VerifiedUser,
    headers: HeaderMap,
    Json(ask): Json<CheckoutRequest>,
) -> Result<Json<PaymentPage>> {
    customers::stripe(&app)?;
    app.rates.window("checkouts", &caller.id, MOST, HOUR)?;
    let price = price(&app, &ask)?;
    let key = super::idempotency(&app, &headers, caller.id, &format!("buy {price}"))?;
    let inside = app.clone();
    // A client that hangs up must not leave a customer at Stripe that we know nothing of.
    let buying = async move { buy(&inside, &caller, &price, &key).await };
    Ok(Json(app.tasks.to_the_end(buying).await?))
}

async fn buy(app: &App, caller: &CurrentUser, price: &str, key: &str) -> Result<PaymentPage> {
    let user = caller.id;
    let known = app.store.read(|tx| {
        caller.still(tx)?;
        must_have_none(app, tx, user)?;
        customers::known(app, tx, user)
    })?;
    let mut customer = match known {
        // They may have paid a moment ago, in another window.
        Some(known) => match sync::now(app, user).await {
            Err(Error::Conflict { .. }) => renew(app, caller, known.customer).await?,
            told => told.and(Ok(known))?,
        },
        None => customers::ensure(app, &caller.user).await?,
    };
    let mut made = open(app, caller, &customer, (price, key)).await;
    if matches!(&made, Err(Refused::Stripe(error)) if error.lacks_customer()) {
        // What a deleted customer had is told for ever, but nothing is sold to it.
        customer = renew(app, caller, customer.customer).await?;
        made = open(app, caller, &customer, (price, key)).await;
    }
    let url = made?;
    // Whoever was signed out meanwhile, or deleted, is not led there: nobody else knows the page.
    app.store.read(|tx| caller.still(tx))?;
    Ok(PaymentPage { url })
}

/// Why there is no page.
enum Refused {
    Stripe(StripeError),
    Ours(Error),
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Stripe(error) => customers::failed(&error),
            Refused::Ours(error) => error,
        }
    }
}

async fn renew(app: &App, caller: &CurrentUser, gone: String) -> Result<Customer> {
    let user = caller.id;
    app.store.read(|tx| {
        caller.still(tx)?;
        must_have_none(app, tx, user)
    })?;
    customers::renew(app, &caller.user, gone).await
}

/// The address of a page on which a customer buys something at a price, under a key.
async fn open(
    app: &App,
    caller: &CurrentUser,
    customer: &Customer,
    (price, key): (&str, &str),
) -> Result<String, Refused> {
    let stripe = customers::stripe(app).map_err(Refused::Ours)?;
    let (inside, by) = (app.clone(), caller.clone());
    let begin = move |tx: &mut WriteTx<'_>| {
        by.still(tx)?;
        must_have_none(&inside, tx, by.id)?;
        customers::leads_to_checkout(&inside, tx, by.id)
    };
    app.store.write(begin).await.map_err(Refused::Ours)?;
    let (base, user) = (app.base(), caller.id);
    // Another customer is another question.
    let key = format!("{key}-{}", customer.customer);
    let checkout = Checkout {
        customer: &customer.customer,
        user,
        price,
        success_url: &format!("{base}/billing/success?session_id={{CHECKOUT_SESSION_ID}}"),
        cancel_url: &format!("{base}/billing/cancel"),
    };
    let made = stripe.create_checkout(&checkout, &key).await;
    made.map(|made| made.url).map_err(Refused::Stripe)
}
