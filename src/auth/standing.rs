//! Which plan an account has, and why: what an administrator gave it, what it pays for, what it may try,
//! or the plan of everybody.
//!
//! Pure. Must stay true: it follows from the account's row, the configuration and the time alone, so that
//! a change counts with the next request and a plan ends by itself. What plans hold is `billing`'s.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::store::{Role, User};
use crate::config::Config;

/// A plan that somebody pays for, as `billing` last heard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paid {
    pub plan: String,
    /// It ends then unless something newer is heard.
    pub until: Option<Timestamp>,
    /// With real money; what was paid in test mode counts only under a key of test mode.
    #[serde(default)]
    pub livemode: bool,
}

/// Where a plan comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// `plans.default`.
    Default,
    /// What a new account may try.
    Trial,
    /// A subscription.
    Paid,
    /// An administrator, or the invitation it came by.
    Given,
}

/// The plan whose limits count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub plan: String,
    pub source: Source,
    /// When it ends by itself.
    pub until: Option<Timestamp>,
}

/// What counts now. A plan that is no longer configured is passed over.
pub fn standing(config: &Config, user: &User, now: Timestamp) -> Standing {
    let holds = |plan: &str, until: Option<Timestamp>| {
        config.plans.get(plan).is_some() && until.is_none_or(|until| now < until)
    };
    let of = |plan: &str, source, until| Standing {
        plan: plan.to_owned(),
        source,
        until,
    };
    if let Some(plan) = user.plan.as_deref().filter(|p| holds(p, user.plan_until)) {
        return of(plan, Source::Given, user.plan_until);
    }
    let live = config.stripe.livemode();
    let paid = user.paid.as_ref().filter(|paid| paid.livemode == live);
    let paid = paid.filter(|_| config.billing.enabled);
    if let Some(paid) = paid.filter(|paid| holds(&paid.plan, paid.until)) {
        return of(&paid.plan, Source::Paid, paid.until);
    }
    let trial = &config.billing.trial_plan;
    if let Some(until) = trial_ends(config, user).filter(|until| holds(trial, Some(*until))) {
        return of(trial, Source::Trial, Some(until));
    }
    of(config.default_plan(), Source::Default, None)
}

/// When the trial of an account ends, or ended; none where there is no trial.
pub fn trial_ends(config: &Config, user: &User) -> Option<Timestamp> {
    if !config.offers_trial() || user.role == Role::Admin {
        return None;
    }
    let days = SignedDuration::from_hours(i64::from(config.billing.trial_days) * 24);
    user.created_at.checked_add(days).ok()
}
