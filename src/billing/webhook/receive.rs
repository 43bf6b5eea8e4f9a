//! The route that Stripe calls.
//!
//! It is for no browser: Stripe sends neither an Origin nor fetch metadata, which is all that the check for
//! other sites' pages looks at; who sends is known by the signature.

use std::time::Duration;

use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use serde::Serialize;
use storage::WriteTx;
use utoipa::ToSchema;

use super::event::{Told, label};
use super::signature::{Bad, check};
use super::{EventRow, EventState, get, put};
use crate::app::App;
use crate::billing::{customers, sync};
use crate::error::{Error, Result};
use crate::http::failure::Failure;
use crate::http::{Client, Json};
use crate::metrics;
use crate::outside::Stripe;

const LONGEST_BODY: usize = 1024 * 1024;
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Serialize, ToSchema)]
pub struct Received {
    /// Always true: it is stored.
    pub received: bool,
}

/// Takes an event of Stripe's. `/billing/webhook` is the same.
#[utoipa::path(post, path = "/api/billing/webhook", tag = "billing",
    request_body(content = String, content_type = "application/json", description = "As Stripe signed it."),
    responses((status = 200, body = Received), (status = 404, body = Failure), (status = 413, body = Failure),
    (status = 400, body = Failure, description = "signature_invalid, signature_expired, livemode_mismatch, malformed"),
    (status = 429, body = Failure)))]
pub async fn receive(
    State(app): State<App>,
    client: Client,
    request: Request,
) -> Result<Json<Received>> {
    let Some(stripe) = &app.stripe else {
        return Err(Error::NotFound { what: "address" });
    };
    // Checking a body costs; Stripe sends again later what was too much at once.
    client.admit(&app, "events")?;
    let headers = request.headers().clone();
    let body = read(&app, request).await?;
    let told = genuine(&app, &headers, &body)
        .and_then(|()| believable(&body, stripe.livemode()))
        .inspect_err(|error| {
            metrics::stripe_event("other", "refused");
            tracing::warn!(code = error.code(), "an event was refused");
        })?;
    let kind = label(&told.kind);
    let (id, inside) = (told.id.clone(), app.clone());
    let result = app.store.write(move |tx| take(&inside, tx, told)).await?;
    metrics::stripe_event(kind, result);
    tracing::info!(event = id, kind, result, "an event came");
    Ok(Json(Received { received: true }))
}

async fn read(app: &App, request: Request) -> Result<Bytes> {
    let body = to_bytes(request.into_body(), LONGEST_BODY);
    let body = app.clock.timeout(BODY_TIMEOUT, body).await;
    let late = |_| Error::Malformed("The request body did not arrive in time.".into());
    body.map_err(late)?.map_err(|_| Error::TooLarge {
        limit_bytes: LONGEST_BODY,
    })
}

fn genuine(app: &App, headers: &HeaderMap, body: &[u8]) -> Result<()> {
    let secrets = app.stripe.as_ref().map(Stripe::webhook_secrets);
    let header = headers.get("stripe-signature");
    let header = header.and_then(|value| value.to_str().ok());
    let now = app.clock.now();
    check(header, body, secrets.unwrap_or_default(), now).map_err(|bad| match bad {
        Bad::Invalid => Error::NotGenuine {
            code: "signature_invalid",
            message: "None of stripe.webhook_secrets signed this. Does the endpoint's secret stand there?",
        },
        Bad::Expired => Error::NotGenuine {
            code: "signature_expired",
            message: "This was signed more than five minutes from now. Is this server's clock right?",
        },
    })
}

/// What a body says that is signed well.
fn believable(body: &[u8], livemode: bool) -> Result<Told> {
    let unread = || Error::Malformed("The body is not an event.".into());
    let told = Told::read(body).ok_or_else(unread)?;
    if told.livemode != livemode {
        return Err(Error::NotGenuine {
            code: "livemode_mismatch",
            message: "This event is of Stripe's other mode than stripe.secret_key: test and live each have their own.",
        });
    }
    Ok(told)
}

/// Stores an event with its effect: whose it is, and the job that asks Stripe how things are.
fn take(app: &App, tx: &mut WriteTx<'_>, told: Told) -> Result<&'static str> {
    if get(tx, &told.id)?.is_some() {
        return Ok("repeat");
    }
    let now = app.clock.now();
    let mut row = EventRow {
        id: told.id.clone(),
        kind: told.kind.clone(),
        created: told.created.unwrap_or(now),
        received_at: now,
        customer: None,
        user: None,
        state: EventState::Ignored,
        tries: 0,
        error: None,
        seen: None,
        asked: 0,
    };
    let about = told.customer.as_deref().filter(|_| told.is_relevant());
    if let Some(customer) = about {
        if let (Some(user), None) = (told.user, customers::user_of(tx, customer)?)
            && !customers::learn(app, tx, user, customer, told.livemode)?
            && told.is_open()
        {
            let words = "It names an account that is not here, or that has another customer. If something is paid there, look for it at Stripe.";
            row.error = Some(words.into());
            tracing::warn!(
                event = row.id,
                "an event names an account that is not here, or that has another customer"
            );
        }
        if let Some(user) = customers::user_of(tx, customer)? {
            let known = customers::customer(tx, user)?;
            row.customer = Some(customer.to_owned());
            row.user = Some(user);
            row.state = EventState::Waiting;
            row.asked = known.map_or(0, |known| known.asked);
            row.seen = told.subscription;
            sync::queue(app, tx, user, Some(row.id.clone()))?;
        }
    }
    put(tx, &row)?;
    Ok(match row.state {
        EventState::Waiting => "stored",
        _ => "ignored",
    })
}
