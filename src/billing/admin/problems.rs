//! What is wrong with the way in which money is to be taken, as sentences for whoever can mend it.

use std::collections::BTreeSet;

use storage::Read;

use crate::app::App;
use crate::billing::customers;
use crate::billing::reconcile::{END, customer_of};
use crate::billing::webhook;
use crate::config::{Period, Plan, Plans};
use crate::error::Result;
use crate::jobs::State;
use crate::outside::Stripe;

/// At the start: what the settings alone show.
pub fn greet(app: &App) {
    let Some(stripe) = &app.stripe else { return };
    for problem in of_settings(app, stripe) {
        tracing::warn!("billing: {problem}");
    }
}

/// All there is to say now; nothing while billing is off.
pub fn now(app: &App, tx: &impl Read) -> Result<Vec<String>> {
    let Some(stripe) = &app.stripe else {
        return Ok(Vec::new());
    };
    let mut problems = of_settings(app, stripe);
    if app.held() {
        problems.push("This data is a copy, or was restored, so Stripe is not called until it is adopted (novacore adopt).".into());
    }
    problems.extend(of_customers(app, tx, stripe)?);
    problems.extend(of_events(app, tx)?);
    problems.extend(of_the_gone(app, tx)?);
    let last = stripe.last_call().and_then(|call| call.trouble);
    problems.extend(last.map(|trouble| format!("The last call came to nothing: {trouble}.")));
    Ok(problems)
}

fn of_settings(app: &App, stripe: &Stripe) -> Vec<String> {
    let mut problems = of_plans(&app.config.plans);
    let base = app.base();
    if stripe.livemode() && !base.starts_with("https://") {
        problems.push(format!(
            "The key is one for real money, but people reach this server at {base}, without encryption. Set server.public_url to an address that begins with https://."
        ));
    }
    if stripe.livemode() && !stripe.default_base() {
        problems.push(
            "The key is one for real money, but stripe.api_base is not Stripe's own address."
                .into(),
        );
    }
    problems
}

/// Plans that are shown at a price nobody can pay, or sold at one that nobody is shown.
fn of_plans(plans: &Plans) -> Vec<String> {
    let mut problems = Vec::new();
    for (name, plan) in plans.ordered() {
        let Plan {
            price_monthly,
            price_yearly,
            ..
        } = plan;
        for (period, shown, id) in [
            ("monthly", price_monthly, plan.sold(Period::Monthly)),
            ("yearly", price_yearly, plan.sold(Period::Yearly)),
        ] {
            let title = plans.title(name);
            if !shown.is_empty() && id.is_none() {
                problems.push(format!(
                    "The plan {title} has a {period} price, {shown}, that nobody can pay: set plans.{name}.stripe_{period} to the price's id at Stripe, or plans.{name}.price_{period} to nothing."
                ));
            }
            if shown.is_empty() && id.is_some() {
                problems.push(format!(
                    "The plan {title} is sold at a {period} price that is not shown: set plans.{name}.price_{period}."
                ));
            }
        }
    }
    problems
}

/// What the mirror holds that does not fit the settings.
fn of_customers(app: &App, tx: &impl Read, stripe: &Stripe) -> Result<Vec<String>> {
    let live = stripe.livemode();
    let mode = |live| if live { "live" } else { "test" };
    let all = customers::customers(tx)?.into_iter();
    let others = all.filter(|(_, row)| row.livemode != live).count();
    let mut problems = Vec::new();
    if others > 0 {
        problems.push(format!(
            "{others} accounts are customers of {} mode, but the key is one of {} mode, so what they bought is not looked after.",
            mode(!live),
            mode(live)
        ));
    }
    let plans = &app.config.plans;
    let rows = customers::all_subscriptions(tx)?.into_iter();
    let open: Vec<_> = rows
        .filter(|(_, row)| !row.subscription.status.is_over() && row.subscription.livemode == live)
        .collect();
    let people: BTreeSet<_> = open.iter().map(|(user, _)| user).collect();
    if people.len() < open.len() {
        problems.push("Somebody has more than one subscription at once and may pay twice. Look for it at Stripe, cancel the one too many, and limit customers to one subscription there.".into());
    }
    let prices: BTreeSet<_> = open
        .into_iter()
        .filter_map(|(_, row)| row.subscription.price)
        .filter(|price| plans.of_price(price).is_none())
        .collect();
    problems.extend(prices.into_iter().map(|price| {
        format!(
            "Somebody has a subscription to the price {price}, which belongs to no plan: name it in the plan that it is for."
        )
    }));
    Ok(problems)
}

/// What people go on paying whose accounts are deleted, because it could not be ended.
fn of_the_gone(app: &App, tx: &impl Read) -> Result<Vec<String>> {
    let ends = app.jobs.list(tx, Some(END), None, usize::MAX)?.into_iter();
    let failed = ends.filter(|job| job.state == State::Failed);
    let failed = failed.filter_map(|job| customer_of(&job));
    Ok(failed
        .map(|customer| {
            format!(
                "What a deleted account paid for could not be ended. Cancel the subscriptions of the customer {customer} at Stripe, or have the job tried again."
            )
        })
        .collect())
}

fn of_events(app: &App, tx: &impl Read) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    if webhook::last_at(tx)?.is_none() {
        problems.push(format!(
            "Stripe has not told anything yet. Have a webhook endpoint there call {}/api/billing/webhook.",
            app.base()
        ));
    }
    match webhook::count(tx)?.failed {
        0 => {}
        1 => problems.push(
            "An event of Stripe's could not be worked off. Look at it, and have it tried again."
                .into(),
        ),
        failed => problems.push(format!(
            "{failed} events of Stripe's could not be worked off. Look at them, and have them tried again."
        )),
    }
    Ok(problems)
}
