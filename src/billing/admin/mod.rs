//! For administrators: who pays for what, what Stripe told, and what is wrong with the settings.
//!
//! Must stay true: sums are of what was paid, from the mirror; nothing of a payment but its sum is shown.

mod events;
mod problems;

use std::collections::BTreeMap;

use axum::extract::State;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use storage::Read;
use utoipa::ToSchema;
use uuid::Uuid;

pub use events::{__path_events, __path_retry, events, retry};
pub use problems::greet;

use crate::app::App;
use crate::auth::{self, Admin};
use crate::billing::customers::{self, Invoice, Mirrored};
use crate::billing::paying::{self, BillingStanding};
use crate::billing::{sync, webhook};
use crate::error::{Error, Result};
use crate::http::failure::Failure;
use crate::http::{Json, Path};
use crate::outside::SubscriptionStatus as Status;

/// How far back payments are summed up.
const MONTH: SignedDuration = SignedDuration::from_hours(30 * 24);

#[derive(Serialize, ToSchema)]
pub struct BillingOverview {
    /// Real money is taken.
    pub livemode: bool,
    /// It is Stripe itself that is called.
    pub api_base_default: bool,
    /// What should be looked at, a sentence each.
    pub problems: Vec<String>,
    /// Smallest first.
    pub plans: Vec<PlanOverview>,
    /// How many subscriptions stand how.
    pub statuses: BTreeMap<String, usize>,
    pub events: EventsOverview,
    pub last_event_at: Option<Timestamp>,
    pub last_reconcile_at: Option<Timestamp>,
}

#[derive(Serialize, ToSchema)]
pub struct PlanOverview {
    pub name: String,
    pub title: String,
    /// For whom it counts now, whyever.
    pub people: usize,
    /// Who has a subscription to it that gives it.
    pub subscribers: usize,
    /// Paid in the last 30 days, by currency.
    pub revenue: Vec<Sum>,
}

#[derive(Serialize, ToSchema)]
pub struct Sum {
    /// ISO code in small letters.
    pub currency: String,
    /// In the currency's smallest unit.
    pub amount: i64,
}

#[derive(Serialize, ToSchema)]
pub struct EventsOverview {
    pub waiting: u64,
    pub failed: u64,
    pub done: u64,
}

/// Everything of all people that the overview sums up.
struct Everything {
    /// The plan that counts for each account.
    plans: Vec<String>,
    subscriptions: Vec<(Uuid, Mirrored)>,
    invoices: Vec<Invoice>,
}

impl Everything {
    fn read(app: &App, tx: &impl Read) -> Result<Self> {
        let now = app.clock.now();
        let people = auth::users(tx, None, usize::MAX)?.into_iter();
        let people = people.filter(|user| !user.erasing);
        let plans = people.map(|user| auth::standing(&app.config, &user, now).plan);
        let since = now.checked_sub(MONTH).unwrap_or(now);
        // What was paid in test mode is no money.
        let live = app.config.stripe.livemode();
        let subscriptions = customers::all_subscriptions(tx)?.into_iter();
        let subscriptions = subscriptions.filter(|(_, row)| row.subscription.livemode == live);
        let invoices = customers::paid_since(tx, since)?.into_iter();
        let invoices = invoices.filter(|invoice| invoice.livemode == live);
        Ok(Self {
            plans: plans.collect(),
            subscriptions: subscriptions.collect(),
            invoices: invoices.collect(),
        })
    }

    fn plan(&self, app: &App, name: &str) -> PlanOverview {
        let plans = &app.config.plans;
        let of_plan = |price: Option<&String>| {
            let sold = price.and_then(|price| plans.of_price(price));
            sold.is_some_and(|(plan, _)| plan == name)
        };
        let gives = |status| matches!(status, Status::Active | Status::Trialing | Status::PastDue);
        let subscribers = self.subscriptions.iter().filter(|(_, row)| {
            gives(row.subscription.status) && of_plan(row.subscription.price.as_ref())
        });
        let mut revenue: BTreeMap<&str, i64> = BTreeMap::new();
        for invoice in &self.invoices {
            if of_plan(invoice.price.as_ref()) {
                let sum = revenue.entry(&invoice.currency).or_default();
                *sum = sum.saturating_add(invoice.amount_paid);
            }
        }
        let revenue = revenue.into_iter().map(|(currency, amount)| Sum {
            currency: currency.to_owned(),
            amount,
        });
        PlanOverview {
            title: plans.title(name),
            people: self.plans.iter().filter(|plan| *plan == name).count(),
            subscribers: subscribers.count(),
            revenue: revenue.collect(),
            name: name.to_owned(),
        }
    }

    fn statuses(&self) -> BTreeMap<String, usize> {
        let mut statuses = BTreeMap::new();
        for (_, row) in &self.subscriptions {
            *statuses.entry(row.subscription.status.word()).or_default() += 1;
        }
        statuses
    }
}

/// Who pays for what, and whether all is well with it.
#[utoipa::path(get, path = "/api/admin/billing", tag = "admin", responses(
    (status = 200, body = BillingOverview), (status = 401, body = Failure), (status = 403, body = Failure),
    (status = 404, body = Failure, description = "billing is off")))]
pub async fn overview(State(app): State<App>, _admin: Admin) -> Result<Json<BillingOverview>> {
    let stripe = customers::on(&app)?;
    let overview = app.store.read(|tx| {
        let all = Everything::read(&app, tx)?;
        let counts = webhook::count(tx)?;
        let plans = app.config.plans.names().into_iter();
        Ok::<_, Error>(BillingOverview {
            livemode: stripe.livemode(),
            api_base_default: stripe.default_base(),
            problems: problems::now(&app, tx)?,
            plans: plans.map(|name| all.plan(&app, name)).collect(),
            statuses: all.statuses(),
            events: EventsOverview {
                waiting: counts.waiting,
                failed: counts.failed,
                done: counts.done,
            },
            last_event_at: webhook::last_at(tx)?,
            last_reconcile_at: customers::last_reconcile_at(tx)?,
        })
    })?;
    Ok(Json(overview))
}

/// Asks Stripe how somebody stands, and has that count.
#[utoipa::path(post, path = "/api/admin/users/{id}/resync", tag = "admin", params(("id" = Uuid, Path)), responses(
    (status = 200, body = BillingStanding), (status = 401, body = Failure), (status = 403, body = Failure), (status = 404, body = Failure),
    (status = 409, body = Failure, description = "no_customer"),
    (status = 503, body = Failure, description = "billing_unavailable, data_held")))]
pub async fn resync(
    State(app): State<App>,
    Admin(admin): Admin,
    Path(id): Path<Uuid>,
) -> Result<Json<BillingStanding>> {
    customers::on(&app)?;
    let person = |tx: &_| auth::user(tx, id)?.ok_or(Error::NotFound { what: "account" });
    app.store.read(|tx| {
        admin.still(tx)?;
        person(tx)
    })?;
    customers::stripe(&app)?;
    sync::now(&app, id).await?;
    let standing = |tx: &_| paying::view(&app, tx, &person(tx)?);
    Ok(Json(app.store.read(standing)?))
}
