//! Laying what was heard from Stripe over what we knew, with all that follows from it, in one transaction.

use storage::WriteTx;
use uuid::Uuid;

use super::access::{self, Verdict};
use super::{Answer, Question, still_asked};
use crate::app::App;
use crate::auth::{self, Paid};
use crate::billing::customers::{self, Customer, Mirrored, Subscription};
use crate::billing::news::{self, Change};
use crate::billing::webhook::EventRow;
use crate::error::Result;
use crate::outside::SubscriptionStatus as Status;

/// What Stripe answered, unless something newer counts.
pub fn answer(app: &App, tx: &mut WriteTx<'_>, question: &Question, answer: Answer) -> Result<()> {
    let user = question.user;
    let Some(mut customer) = still_asked(question, customers::customer(tx, user)?) else {
        return Ok(());
    };
    customer.applied = question.number;
    customer.newest = customer.newest.max(whole_second(question.asked_at));
    customers::put_invoices(tx, user, &answer.invoices)?;
    lay(app, tx, user, customer, answer.subscriptions)
}

/// What an event says of its subscription, unless something newer is known.
pub fn payload(app: &App, tx: &mut WriteTx<'_>, user: Uuid, event: &EventRow) -> Result<()> {
    let (Some(seen), Some(mut customer)) = (&event.seen, customers::known(app, tx, user)?) else {
        return Ok(());
    };
    let newer = customer.newest.is_none_or(|newest| event.created >= newest);
    // An answer that was asked for after the event came says more than the event.
    let asked = customer.applied > event.asked;
    if !newer || asked || seen.customer != customer.customer {
        return Ok(());
    }
    let mut all: Vec<_> = customers::subscriptions(tx, user)?;
    let before = all.iter().position(|row| row.subscription.id == seen.id);
    let before = before.map(|at| all.remove(at).subscription);
    // What is over stays over.
    if before.is_some_and(|before| before.status.is_over() && !seen.status.is_over()) {
        return Ok(());
    }
    customer.newest = Some(event.created);
    let mut all: Vec<_> = all.into_iter().map(|row| row.subscription).collect();
    all.push(seen.clone());
    lay(app, tx, user, customer, all)
}

/// Stripe tells its times in seconds, so that an event of the second in which it was asked may be newer.
fn whole_second(at: jiff::Timestamp) -> Option<jiff::Timestamp> {
    jiff::Timestamp::from_second(at.as_second()).ok()
}

/// These are somebody's subscriptions now.
fn lay(
    app: &App,
    tx: &mut WriteTx<'_>,
    user: Uuid,
    customer: Customer,
    subscriptions: Vec<Subscription>,
) -> Result<()> {
    let now = app.clock.now();
    let before = customers::subscriptions(tx, user)?;
    let since = |subscription: &Subscription| {
        let known = before
            .iter()
            .find(|row| row.subscription.id == subscription.id);
        let known = known.and_then(|row| row.past_due_since);
        (subscription.status == Status::PastDue).then(|| known.unwrap_or(now))
    };
    let is_ours = |price: &str| app.config.plans.of_price(price).is_some();
    let rows = subscriptions.into_iter().map(|mut subscription| {
        subscription.put_first(is_ours);
        Mirrored {
            past_due_since: since(&subscription),
            subscription,
        }
    });
    let rows: Vec<_> = rows.collect();
    let verdict = access::judge(&app.config, &rows, now);
    for price in &verdict.unknown {
        tracing::warn!(user_id = %user, price, "somebody pays for a price that belongs to no plan; name it in plans.*.stripe_monthly or stripe_yearly");
    }
    let failed_before = customer.grace_until.is_some();
    customers::put_subscriptions(tx, user, &rows)?;
    let customer = Customer {
        updated_at: Some(now),
        counts: verdict.counts.clone(),
        grace_until: verdict.grace_until,
        ..customer
    };
    customers::put_customer(tx, user, &customer)?;
    count(app, tx, user, verdict, failed_before)
}

/// Has a verdict count for the account, and tells of what it changes.
fn count(
    app: &App,
    tx: &mut WriteTx<'_>,
    user: Uuid,
    verdict: Verdict,
    failed_before: bool,
) -> Result<()> {
    let mut before = None;
    let paid = verdict.paid.clone();
    let there = auth::user(tx, user)?;
    if there
        .as_ref()
        .is_some_and(|there| there.paid == paid && !there.erasing)
    {
        before.clone_from(&paid);
    } else {
        let change = |row: &mut auth::User| before = std::mem::replace(&mut row.paid, paid);
        if auth::change_user(tx, user, change)?.is_none() {
            return Ok(());
        }
    }
    // What was paid in Stripe's other mode counted nothing.
    let live = app.config.stripe.livemode();
    let before = before.filter(|paid| paid.livemode == live);
    if let Some(change) = difference(before, verdict.paid.clone()) {
        news::tell(app, tx, user, &change)?;
    }
    if let (Some(paid), Some(until), false) = (verdict.paid, verdict.grace_until, failed_before) {
        let plan = paid.plan;
        news::tell(app, tx, user, &Change::PaymentFailed { plan, until })?;
    }
    Ok(())
}

fn difference(before: Option<Paid>, after: Option<Paid>) -> Option<Change> {
    match (before, after) {
        (None, Some(after)) => Some(Change::Started { plan: after.plan }),
        (Some(before), None) => Some(Change::Ended { plan: before.plan }),
        (Some(before), Some(after)) if before.plan != after.plan => Some(Change::Moved {
            from: before.plan,
            to: after.plan,
        }),
        _ => None,
    }
}
