//! What a mail tells of where no row holds it: names of plans, moments, levels. Never text.
//!
//! Must stay true: the words are made of these when the mail is sent or shown; a mail whose facts are no
//! longer so is not sent.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Purpose;
use super::plan_words;
use super::words::Words;
use crate::app::App;
use crate::auth::standing::{Source, standing};
use crate::auth::store::User;

/// What a plan limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Limited {
    /// Tokens a day.
    Tokens,
    /// Messages a day.
    Messages,
    /// Bytes of remembered text.
    Memory,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Facts {
    /// For `QuotaWarning`.
    Used {
        what: Limited,
        /// In per cent: 80, or 100 for all of it.
        level: u8,
        /// When it starts again by itself; none for memory.
        resets_at: Option<Timestamp>,
    },
    /// For what tells of a trial or a subscription: the plan it is about, by its name, and until when it
    /// holds: the end of a trial, or of the grace after a payment failed.
    Plan {
        plan: String,
        until: Option<Timestamp>,
    },
}

/// What a mail about limits or plans says now, or why nobody needs it any more. None when its purpose
/// and its facts do not fit.
pub fn words(
    app: &App,
    purpose: Purpose,
    facts: &Facts,
    user: &User,
) -> Option<Result<Words, &'static str>> {
    let (base, now) = (&app.base(), app.clock.now());
    if user.disabled {
        // They could not open the page that it leads to.
        return Some(Err("the account is disabled"));
    }
    let (plan, until) = match (purpose, facts) {
        (Purpose::QuotaWarning, Facts::Used { resets_at, .. })
            if resets_at.is_some_and(|at| at <= now) =>
        {
            return Some(Err("the limit it tells of has started again"));
        }
        (
            Purpose::QuotaWarning,
            Facts::Used {
                what,
                level,
                resets_at,
            },
        ) => {
            let words = plan_words::quota_warning(base, *what, *level, *resets_at);
            return Some(Ok(words));
        }
        (_, Facts::Plan { plan, until }) => (plan, *until),
        _ => return None,
    };
    let plans = &app.config.plans;
    let title = plans.title(plan);
    let after = |at| plans.title(&standing(&app.config, user, at).plan);
    Some(match purpose {
        Purpose::TrialEnding => {
            let until = until?;
            if let Err(over) = still_trying(app, user, now) {
                return Some(Err(over));
            }
            Ok(plan_words::trial_ending(base, &title, until, &after(until)))
        }
        Purpose::SubscriptionStarted => Ok(plan_words::subscription_started(base, &title)),
        Purpose::PaymentFailed if paid_since(user, plan, until) => Err("it was paid since"),
        Purpose::PaymentFailed => Ok(plan_words::payment_failed(
            base,
            &title,
            until.map(|until| (until, after(until))).as_ref(),
        )),
        Purpose::SubscriptionEnded => Ok(plan_words::subscription_ended(base, &title, &after(now))),
        _ => return None,
    })
}

fn still_trying(app: &App, user: &User, now: Timestamp) -> Result<(), &'static str> {
    match standing(&app.config, user, now).source {
        Source::Trial => Ok(()),
        _ => Err("the trial is over, or another plan counts"),
    }
}

/// Whether the plan holds longer by now than it did when a payment had failed.
fn paid_since(user: &User, plan: &str, until: Option<Timestamp>) -> bool {
    let paid = user.paid.as_ref().filter(|paid| paid.plan == plan);
    let longer = |then| paid.is_some_and(|paid| paid.until.is_none_or(|now| now > then));
    until.is_some_and(longer)
}
