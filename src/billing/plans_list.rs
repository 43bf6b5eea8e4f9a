//! The plans there are, as people choose among them.
//!
//! Must stay true: without billing there is no price and nothing for sale.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::{self, CurrentUser};
use crate::config::{Config, Period, Plan};
use crate::http::Json;
use crate::http::failure::Failure;

/// A plan and what it holds; null = no limit.
#[derive(Serialize, ToSchema)]
pub struct PlanItem {
    pub name: String,
    pub title: String,
    pub tokens_per_day: Option<u64>,
    pub messages_per_day: Option<u64>,
    pub memory_bytes: Option<u64>,
    pub requests_per_minute: Option<u32>,
    pub burst: Option<u32>,
    /// As people read it; the payment service knows what is charged.
    pub price_monthly: Option<String>,
    pub price_yearly: Option<String>,
    /// How it can be bought; empty: not for sale.
    pub sells: Vec<Period>,
    /// Whether it is the caller's plan now.
    pub current: bool,
}

/// What a new account may try.
#[derive(Serialize, ToSchema)]
pub struct TrialOffer {
    pub plan: String,
    pub days: u32,
}

#[derive(Serialize, ToSchema)]
pub struct PlanList {
    /// Whether plans are sold here.
    pub billing: bool,
    pub trial: Option<TrialOffer>,
    /// Smallest first.
    pub items: Vec<PlanItem>,
}

fn item(config: &Config, name: &str, plan: &Plan, current: bool) -> PlanItem {
    let sold = config.billing.enabled;
    let limit = |limit: u64| Some(limit).filter(|limit| *limit > 0);
    let price = |price: &String| Some(price.clone()).filter(|price| sold && !price.is_empty());
    let rate = Some(plan.requests_per_minute).filter(|rate| *rate > 0);
    let periods = [Period::Monthly, Period::Yearly].into_iter();
    let periods = periods.filter(|period| sold && plan.sold(*period).is_some());
    PlanItem {
        name: name.to_owned(),
        title: config.plans.title(name),
        tokens_per_day: limit(plan.tokens_per_day),
        messages_per_day: limit(plan.messages_per_day),
        memory_bytes: limit(plan.memory_bytes),
        requests_per_minute: rate,
        burst: rate.map(|_| plan.burst),
        price_monthly: price(&plan.price_monthly),
        price_yearly: price(&plan.price_yearly),
        sells: periods.collect(),
        current,
    }
}

/// The plans there are.
#[utoipa::path(get, path = "/api/billing/plans", tag = "billing", responses(
    (status = 200, body = PlanList), (status = 401, body = Failure), (status = 403, body = Failure)))]
pub async fn plans(State(app): State<App>, caller: CurrentUser) -> Json<PlanList> {
    let config = &app.config;
    let current = auth::standing(config, &caller.user, app.clock.now()).plan;
    let plans = config.plans.ordered().into_iter();
    let items = plans.map(|(name, plan)| item(config, name, plan, name == current));
    let trial = config.offers_trial().then(|| TrialOffer {
        plan: config.billing.trial_plan.clone(),
        days: config.billing.trial_days,
    });
    Json(PlanList {
        billing: config.billing.enabled,
        trial,
        items: items.collect(),
    })
}
