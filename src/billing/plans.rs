//! What a plan allows. Pure.

use crate::auth::{Role, User, standing};
use crate::config::Config;
use jiff::Timestamp;

/// What somebody may use; none = no limit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Name of the plan, also where nothing is limited.
    pub plan: String,
    /// Whether anything is limited at all.
    pub metered: bool,
    /// Charged tokens a UTC day.
    pub tokens: Option<u64>,
    /// Messages a UTC day.
    pub messages: Option<u64>,
    /// Bytes of remembered text.
    pub memory: Option<u64>,
    /// Costly calls a minute, and how many at once.
    pub rate: Option<(u32, u32)>,
}

/// The limits of an account now. Administrators have none, and nobody has any with `limits.enabled = false`.
pub fn limits(config: &Config, user: &User, now: Timestamp) -> Limits {
    let plan = standing(config, user, now).plan;
    let metered = config.limits.enabled && user.role != Role::Admin;
    let Some(holds) = config.plans.get(&plan).filter(|_| metered) else {
        return Limits {
            plan,
            ..Limits::default()
        };
    };
    let some = |limit: u64| Some(limit).filter(|limit| *limit > 0);
    Limits {
        metered,
        tokens: some(holds.tokens_per_day),
        messages: some(holds.messages_per_day),
        memory: some(holds.memory_bytes),
        rate: Some((holds.requests_per_minute, holds.burst)).filter(|(rate, _)| *rate > 0),
        plan,
    }
}
