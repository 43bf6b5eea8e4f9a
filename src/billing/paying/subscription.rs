//! How somebody's plan stands: which one counts and why, and what they pay for, from the mirror.

use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use storage::Read;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::auth::{self, CurrentUser, Source, User};
use crate::billing::customers::{self, Customer, Mirrored};
use crate::billing::sync;
use crate::config::Period;
use crate::error::{Error, Result};
use crate::http::Json;
use crate::http::failure::Failure;
use crate::outside::SubscriptionStatus as Status;

/// Which plan counts for somebody, and what they pay for.
#[derive(Serialize, ToSchema)]
pub struct BillingStanding {
    pub plan: String,
    pub plan_title: String,
    pub source: Source,
    /// When this plan ends by itself.
    pub until: Option<Timestamp>,
    /// While it is the trial that counts.
    pub trial: Option<Trial>,
    /// The one that counts, or the last one.
    pub subscription: Option<SubscriptionView>,
    /// There is a customer, so that the portal can be opened.
    pub can_manage: bool,
}

#[derive(Serialize, ToSchema)]
pub struct Trial {
    pub plan: String,
    pub ends_at: Timestamp,
}

#[derive(Serialize, ToSchema)]
pub struct SubscriptionView {
    pub status: Status,
    /// None when no plan has its price any more.
    pub plan: Option<String>,
    pub plan_title: Option<String>,
    pub period: Option<Period>,
    pub current_period_end: Option<Timestamp>,
    pub cancel_at_period_end: bool,
    /// When it ended, or is going to by what is known.
    pub ends_at: Option<Timestamp>,
    /// A payment failed, and the plan holds until then.
    pub grace_until: Option<Timestamp>,
    pub updated_at: Timestamp,
}

/// How an account stands.
pub fn view(app: &App, tx: &impl Read, user: &User) -> Result<BillingStanding> {
    let standing = auth::standing(&app.config, user, app.clock.now());
    let trial = standing
        .until
        .filter(|_| standing.source == Source::Trial)
        .map(|ends_at| Trial {
            plan: standing.plan.clone(),
            ends_at,
        });
    let known = customers::known(app, tx, user.id)?;
    let subscription = match &known {
        Some(_) => customers::counting(tx, user.id)?,
        None => None,
    };
    Ok(BillingStanding {
        plan_title: app.config.plans.title(&standing.plan),
        plan: standing.plan,
        source: standing.source,
        until: standing.until,
        trial,
        subscription: subscription.map(|(customer, row)| mirrored(app, &customer, row)),
        can_manage: known.is_some(),
    })
}

/// The same by the account's id.
pub fn of(app: &App, tx: &impl Read, id: Uuid) -> Result<BillingStanding> {
    let user = auth::user(tx, id)?.ok_or_else(Error::session_revoked)?;
    view(app, tx, &user)
}

fn mirrored(app: &App, customer: &Customer, row: Mirrored) -> SubscriptionView {
    let subscription = row.subscription;
    let plans = &app.config.plans;
    let sold = subscription.price.as_deref();
    let sold = sold.and_then(|price| plans.of_price(price));
    let interval = match subscription.interval.as_deref() {
        Some("month") => Some(Period::Monthly),
        Some("year") => Some(Period::Yearly),
        _ => None,
    };
    SubscriptionView {
        status: subscription.status,
        plan: sold.map(|(plan, _)| plan.to_owned()),
        plan_title: sold.map(|(plan, _)| plans.title(plan)),
        period: sold.map(|(_, period)| period).or(interval),
        current_period_end: subscription.current_period_end,
        cancel_at_period_end: subscription.cancel_at_period_end,
        ends_at: subscription
            .ended_at
            .or_else(|| sync::subscription_ends(&subscription)),
        grace_until: customer
            .grace_until
            .filter(|_| subscription.status == Status::PastDue),
        updated_at: customer.updated_at.unwrap_or(customer.since),
    }
}

/// How the plan stands.
#[utoipa::path(get, path = "/api/billing/subscription", tag = "billing", responses(
    (status = 200, body = BillingStanding), (status = 401, body = Failure), (status = 404, body = Failure, description = "billing is off")))]
pub async fn subscription(
    State(app): State<App>,
    caller: CurrentUser,
) -> Result<Json<BillingStanding>> {
    customers::on(&app)?;
    Ok(Json(app.store.read(|tx| of(&app, tx, caller.id))?))
}
