//! Settings of plans and of paying for them.
//!
//! Must stay true: without billing everything works and nothing of it is shown; the plans that come with
//! the program can be changed and others added, none removed.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Config;

/// The plan of a new account, and what each plan holds.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Plans {
    pub default: String,
    /// By name. Further ones may stand beside those that come with the program.
    #[serde(flatten)]
    pub named: BTreeMap<String, Plan>,
}

/// How often a plan is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Period {
    Monthly,
    Yearly,
}

/// What somebody may use, and what it costs. 0 = no limit; a text that is empty = not set.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// As people read it; empty for the name with a capital letter.
    pub title: String,
    /// As people read it, for example `$9`; only shown, the payment service knows the price.
    pub price_monthly: String,
    pub price_yearly: String,
    /// The payment service's ids of the prices: of the one that is sold, and after it of those that are
    /// not sold any more and somebody still pays.
    pub stripe_monthly: String,
    pub stripe_yearly: String,
    pub tokens_per_day: u64,
    pub messages_per_day: u64,
    pub memory_bytes: u64,
    /// Calls that cost: chat turns and the like.
    pub requests_per_minute: u32,
    pub burst: u32,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Billing {
    pub enabled: bool,
    /// What a new account may try; empty for none.
    pub trial_plan: String,
    pub trial_days: u32,
    /// How long a plan holds after a payment failed.
    pub grace_days: u32,
}

/// The payment service.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stripe {
    pub secret_key: String,
    pub secret_key_file: PathBuf,
    /// All that are good at the moment: while one is being replaced, both.
    pub webhook_secrets: Vec<String>,
    pub webhook_secrets_file: PathBuf,
    pub api_base: String,
}

const GIB: u64 = 1 << 30;

impl Default for Plans {
    fn default() -> Self {
        let plan = |tokens, messages, gib: u64, rate: (u32, u32)| Plan {
            tokens_per_day: tokens,
            messages_per_day: messages,
            memory_bytes: gib * GIB,
            requests_per_minute: rate.0,
            burst: rate.1,
            ..Plan::default()
        };
        let priced = |plan, monthly: &str, yearly: &str| Plan {
            price_monthly: monthly.into(),
            price_yearly: yearly.into(),
            ..plan
        };
        let free = plan(20_000, 100, 1, (10, 20));
        let basic = plan(200_000, 5_000, 10, (50, 100));
        let pro = plan(0, 0, 100, (100, 200));
        Self {
            default: String::new(),
            named: BTreeMap::from([
                ("free".into(), free),
                ("basic".into(), priced(basic, "$9", "$90")),
                ("pro".into(), priced(pro, "$29", "$290")),
            ]),
        }
    }
}

impl Default for Plan {
    /// What a plan of one's own begins with: no limits.
    fn default() -> Self {
        Self {
            title: String::new(),
            price_monthly: String::new(),
            price_yearly: String::new(),
            stripe_monthly: String::new(),
            stripe_yearly: String::new(),
            tokens_per_day: 0,
            messages_per_day: 0,
            memory_bytes: 0,
            requests_per_minute: 0,
            burst: 0,
        }
    }
}

impl Default for Billing {
    fn default() -> Self {
        Self {
            enabled: false,
            trial_plan: "basic".into(),
            trial_days: 7,
            grace_days: 7,
        }
    }
}

impl Default for Stripe {
    fn default() -> Self {
        Self {
            secret_key: String::new(),
            secret_key_file: PathBuf::new(),
            webhook_secrets: Vec::new(),
            webhook_secrets_file: PathBuf::new(),
            api_base: "https://api.stripe.com".into(),
        }
    }
}

impl Stripe {
    /// Whether the key is one for real money.
    pub fn livemode(&self) -> bool {
        let key = &self.secret_key;
        key.starts_with("sk_live_") || key.starts_with("rk_live_")
    }
}

/// The ids in a setting of prices: the one that is sold comes first.
pub fn prices(set: &str) -> impl Iterator<Item = &str> {
    let ids = set.split(|c: char| c == ',' || c.is_whitespace());
    ids.filter(|id| !id.is_empty())
}

impl Plan {
    /// Whether it can be bought for some period.
    pub fn for_sale(&self) -> bool {
        [Period::Monthly, Period::Yearly]
            .into_iter()
            .any(|period| self.sold(period).is_some())
    }

    /// The price at which it is sold.
    pub fn sold(&self, period: Period) -> Option<&str> {
        let set = match period {
            Period::Monthly => &self.stripe_monthly,
            Period::Yearly => &self.stripe_yearly,
        };
        prices(set).next()
    }

    /// What orders plans: the one that holds less comes first.
    fn size(&self) -> (u64, u64, u64) {
        let or_all = |limit: u64| if limit == 0 { u64::MAX } else { limit };
        (
            or_all(self.tokens_per_day),
            or_all(self.messages_per_day),
            or_all(self.memory_bytes),
        )
    }
}

impl Plans {
    pub fn get(&self, name: &str) -> Option<&Plan> {
        self.named.get(name)
    }

    /// The plans, smallest first.
    pub fn ordered(&self) -> Vec<(&str, &Plan)> {
        let mut plans: Vec<_> = self.named.iter().map(|(n, p)| (n.as_str(), p)).collect();
        plans.sort_by_key(|(_, plan)| plan.size());
        plans
    }

    pub fn names(&self) -> Vec<&str> {
        self.ordered().into_iter().map(|(name, _)| name).collect()
    }

    /// A plan's name as people read it.
    pub fn title(&self, name: &str) -> String {
        let set = self.get(name).map(|plan| plan.title.as_str());
        if let Some(title) = set.filter(|title| !title.is_empty()) {
            return title.to_owned();
        }
        let mut letters = name.chars();
        letters
            .next()
            .map(|first| first.to_uppercase().chain(letters).collect())
            .unwrap_or_default()
    }

    /// The plan that a price of the payment service's belongs to, and how often it is paid.
    pub fn of_price(&self, price: &str) -> Option<(&str, Period)> {
        let mut plans = self.named.iter();
        plans.find_map(|(name, plan)| {
            let is_in = |set| prices(set).any(|id| id == price);
            if is_in(&plan.stripe_monthly) {
                return Some((name.as_str(), Period::Monthly));
            }
            is_in(&plan.stripe_yearly).then_some((name.as_str(), Period::Yearly))
        })
    }
}

impl Config {
    /// The plan of an account that was given none and pays for none. Without billing nobody is metered.
    pub fn default_plan(&self) -> &str {
        match self.plans.default.as_str() {
            "" if self.billing.enabled => "free",
            "" => "pro",
            set => set,
        }
    }

    /// Whether a new account may try a plan: one that holds more than what it has anyway.
    pub fn offers_trial(&self) -> bool {
        let Billing {
            enabled,
            trial_plan,
            trial_days,
            ..
        } = &self.billing;
        let size = |name: &str| self.plans.get(name).map(Plan::size);
        *enabled && *trial_days > 0 && size(trial_plan) > size(self.default_plan())
    }
}

#[cfg(test)]
mod tests;
