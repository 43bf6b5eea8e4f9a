//! What somebody has used of what they may use today, as it goes over the wire.

use jiff::Timestamp;
use serde::Serialize;
use storage::Read;
use utoipa::ToSchema;

use super::store;
use crate::auth::{self, Source, User};
use crate::billing::{Day, all_amounts, amounts_of_day, limits};
use crate::config::Config;
use crate::error::Result;

/// How full one limit is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub struct Meter {
    pub used: u64,
    /// By answers that are being written.
    pub reserved: u64,
    /// Null: no limit.
    pub limit: Option<u64>,
    pub remaining: Option<u64>,
    /// Of what is used and reserved, with one decimal; may exceed 100.
    pub percentage: Option<f64>,
}

impl Meter {
    pub fn new(used: i64, reserved: u64, limit: Option<u64>) -> Self {
        let used = u64::try_from(used).unwrap_or(0);
        let taken = used.saturating_add(reserved);
        Self {
            used,
            reserved,
            limit,
            remaining: limit.map(|limit| limit.saturating_sub(taken)),
            percentage: limit.map(|limit| percentage(taken, limit)),
        }
    }
}

/// `part` of `whole` with one decimal.
pub fn percentage(part: u64, whole: u64) -> f64 {
    let tenths = u128::from(part) * 1000 / u128::from(whole.max(1));
    // Beyond a million times the limit the figure says nothing more.
    f64::from(u32::try_from(tenths).unwrap_or(u32::MAX)) / 10.0
}

/// What somebody may use today and what is left of it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Quota {
    pub plan: String,
    pub plan_title: String,
    pub source: Source,
    /// When the plan ends by itself.
    pub until: Option<Timestamp>,
    /// False: nothing is limited.
    pub metered: bool,
    /// Input and output.
    pub tokens: Meter,
    pub messages: Meter,
    /// Bytes of remembered text; these do not start again.
    pub storage: Meter,
    /// Of today; shown, not charged.
    pub context_tokens: u64,
    /// Of today; shown, not charged.
    pub background_tokens: u64,
    pub requests_per_minute: Option<u32>,
    pub burst: Option<u32>,
    pub answers_at_once: Option<u32>,
    /// The next midnight UTC.
    pub resets_at: Timestamp,
    /// Whether a higher plan is for sale.
    pub upgrade: bool,
}

/// A person's quota now.
pub fn view(config: &Config, tx: &impl Read, user: &User, now: Timestamp) -> Result<Quota> {
    let today = Day::of(now);
    let standing = auth::standing(config, user, now);
    let limits = limits(config, user, now);
    let booked = amounts_of_day(tx, user.id, today)?;
    let held = all_amounts(tx, user.id)?.amounts.memory_bytes;
    let running = store::of_user(tx, user.id)?;
    let running = running.iter().filter(|(_, kept)| kept.day == today);
    let (messages, tokens) = running.fold((0, 0_u64), |(messages, tokens), (_, kept)| {
        (messages + 1, tokens.saturating_add(kept.tokens()))
    });
    let shown = |amount: i64| u64::try_from(amount).unwrap_or(0);
    let at_once = u32::try_from(config.limits.answers_per_user).unwrap_or(u32::MAX);
    Ok(Quota {
        plan_title: config.plans.title(&standing.plan),
        source: standing.source,
        until: standing.until,
        metered: limits.metered,
        tokens: Meter::new(booked.tokens(), tokens, limits.tokens),
        messages: Meter::new(booked.messages, messages, limits.messages),
        storage: Meter::new(held, 0, limits.memory),
        context_tokens: shown(booked.llm_tokens_context),
        background_tokens: shown(booked.background_tokens),
        requests_per_minute: limits.rate.map(|(rate, _)| rate),
        burst: limits.rate.map(|(_, burst)| burst),
        answers_at_once: Some(at_once).filter(|most| config.limits.enabled && *most > 0),
        resets_at: today.end(),
        upgrade: limits.metered && higher_for_sale(config, &standing.plan),
        plan: standing.plan,
    })
}

/// Whether a plan that holds more than this one can be bought.
pub fn higher_for_sale(config: &Config, plan: &str) -> bool {
    let plans = config.plans.ordered().into_iter();
    let mut higher = plans.skip_while(|(name, _)| *name != plan).skip(1);
    config.billing.enabled && higher.any(|(_, plan)| plan.for_sale())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A meter says what is left without ever going below nothing, and how full it is to a tenth.
    #[test]
    fn a_meter_adds_up() {
        let meter = Meter::new(150, 50, Some(300));
        assert_eq!((meter.remaining, meter.percentage), (Some(100), Some(66.6)));
        let over = Meter::new(400, 0, Some(300));
        assert_eq!((over.remaining, over.percentage), (Some(0), Some(133.3)));
        let open = Meter::new(-5, 7, None);
        assert_eq!((open.used, open.reserved, open.limit), (0, 7, None));
        assert_eq!((open.remaining, open.percentage), (None, None));
    }
}
