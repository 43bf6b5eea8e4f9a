//! What a subscription gives, and until when. Pure.
//!
//! | status | gives its plan |
//! |---|---|
//! | active, trialing | until the period's end and the days of grace; to the minute, when it is to end then |
//! | past due | for the days of grace, counted from when that was first seen |
//! | incomplete, incomplete expired, unpaid, paused, canceled | not |

use jiff::{SignedDuration, Timestamp};

use crate::auth::Paid;
use crate::billing::customers::{Mirrored, Subscription};
use crate::config::Config;
use crate::outside::SubscriptionStatus as Status;

/// What all subscriptions of somebody's come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    pub paid: Option<Paid>,
    /// The subscription that counts, or the one to tell of where none does.
    pub counts: Option<String>,
    /// How long the plan holds although a payment failed.
    pub grace_until: Option<Timestamp>,
    /// Prices that are paid for and belong to no plan.
    pub unknown: Vec<String>,
}

/// What somebody's subscriptions come to now.
pub fn judge(config: &Config, all: &[Mirrored], now: Timestamp) -> Verdict {
    let grace = SignedDuration::from_hours(i64::from(config.billing.grace_days) * 24);
    let names = config.plans.names();
    let mut verdict = Verdict::default();
    let mut best: Option<((usize, Timestamp), &Mirrored)> = None;
    for row in all {
        let Some(until) = until(row, grace, now).filter(|until| now < *until) else {
            continue;
        };
        let price = row.subscription.price.as_deref().unwrap_or_default();
        let plan = config.plans.of_price(price).map(|(plan, _)| plan);
        let Some(size) = names.iter().position(|name| Some(*name) == plan) else {
            verdict.unknown.push(price.to_owned());
            continue;
        };
        // The larger plan counts; of the same, the one that lasts longer.
        if best.is_none_or(|(than, _)| (size, until) > than) {
            best = Some(((size, until), row));
        }
    }
    if let Some(((size, until), row)) = best {
        let past_due = row.subscription.status == Status::PastDue;
        verdict.grace_until = Some(until).filter(|_| past_due);
        verdict.counts = Some(row.subscription.id.clone());
        verdict.paid = Some(Paid {
            plan: names[size].to_owned(),
            until: Some(until),
            livemode: config.stripe.livemode(),
        });
    } else {
        // What may still come to something is told of before what is over, and the newest first.
        let key = |row: &&Mirrored| {
            let subscription = &row.subscription;
            (!subscription.status.is_over(), subscription.created)
        };
        let shown = all.iter().max_by_key(key);
        verdict.counts = shown.map(|row| row.subscription.id.clone());
    }
    verdict
}

/// Until when it gives its plan; none where it does not.
fn until(row: &Mirrored, grace: SignedDuration, now: Timestamp) -> Option<Timestamp> {
    let later = |at: Timestamp| at.checked_add(grace).unwrap_or(Timestamp::MAX);
    let subscription = &row.subscription;
    let ends = ends(subscription);
    match subscription.status {
        Status::Active | Status::Trialing => Some(match (ends, subscription.current_period_end) {
            (Some(end), _) => end,
            (None, Some(end)) => later(end),
            // Stripe did not say: as long as it is asked every day.
            (None, None) => later(now).max(next_days(now)),
        }),
        Status::PastDue => {
            let end = later(row.past_due_since.unwrap_or(now));
            Some(ends.map_or(end, |ends| ends.min(end)))
        }
        Status::Unpaid
        | Status::Canceled
        | Status::Incomplete
        | Status::IncompleteExpired
        | Status::Paused => None,
    }
}

/// When a subscription ends because somebody wants it to.
pub fn ends(subscription: &Subscription) -> Option<Timestamp> {
    let at_end = subscription.cancel_at_period_end;
    let period = subscription.current_period_end.filter(|_| at_end);
    match (subscription.cancel_at, period) {
        (Some(at), Some(end)) => Some(at.min(end)),
        (at, end) => at.or(end),
    }
}

fn next_days(now: Timestamp) -> Timestamp {
    now.checked_add(SignedDuration::from_hours(48))
        .unwrap_or(Timestamp::MAX)
}
