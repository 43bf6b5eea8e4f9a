//! One's own usage: today's, day by day, and in figures.

use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::{DaysQuery, Stretch, UsageDay, UsageTotals, every_day, shown, sum};
use crate::app::App;
use crate::auth::{Caller, UsageRead};
use crate::billing::{self, Amounts, Day, Quota};
use crate::error::Result;
use crate::http::failure::Failure;
use crate::http::{Json, Query};

/// Days that are told unless others are asked for.
const DAYS: u32 = 30;

/// What the caller may use today, and what is left of it.
#[utoipa::path(get, path = "/api/usage/quota", tag = "usage", responses(
    (status = 200, body = Quota), (status = 401, body = Failure), (status = 403, body = Failure)))]
pub async fn quota(State(app): State<App>, caller: Caller<UsageRead>) -> Result<Json<Quota>> {
    let now = app.clock.now();
    app.store
        .read(|tx| billing::quota(&app.config, tx, &caller.user, now).map(Json))
}

/// Days, oldest first.
#[derive(Serialize, ToSchema)]
pub struct UsageHistory {
    #[schema(format = "date")]
    pub from: String,
    #[schema(format = "date")]
    pub to: String,
    /// Every day from the first to the last.
    pub items: Vec<UsageDay>,
}

/// What the caller used, day by day.
#[utoipa::path(get, path = "/api/usage/history", tag = "usage", params(DaysQuery), responses(
    (status = 200, body = UsageHistory), (status = 401, body = Failure), (status = 403, body = Failure),
    (status = 422, body = Failure, description = "days_invalid")))]
pub async fn history(
    State(app): State<App>,
    caller: Caller<UsageRead>,
    Query(query): Query<DaysQuery>,
) -> Result<Json<UsageHistory>> {
    let stretch = Stretch::until(app.clock.now(), query.days, DAYS)?;
    let days = app.store.read(|tx| every_day(tx, caller.id, stretch))?;
    Ok(Json(UsageHistory {
        from: stretch.from.to_string(),
        to: stretch.to.to_string(),
        items: shown(days),
    }))
}

/// A day that stands out.
#[derive(Serialize, ToSchema)]
pub struct BusiestDay {
    #[schema(format = "date")]
    pub date: String,
    pub tokens: i64,
}

/// Some days in figures.
#[derive(Serialize, ToSchema)]
pub struct UsageStats {
    pub days: u32,
    #[schema(format = "date")]
    pub from: String,
    #[schema(format = "date")]
    pub to: String,
    pub totals: UsageTotals,
    /// The mean of all these days, rounded.
    pub tokens_a_day: i64,
    /// The mean of all these days, rounded.
    pub messages_a_day: i64,
    /// Days on which tokens or messages were used.
    pub active_days: usize,
    /// The day with the most tokens, the earliest of equals.
    pub busiest: Option<BusiestDay>,
    /// When something was counted for the first time ever.
    pub since: Option<Timestamp>,
}

/// A sum over so many days, rounded to the nearest whole number a day.
fn mean(sum: i64, days: u32) -> i64 {
    let (sum, days) = (i128::from(sum), i128::from(days.max(1)));
    let rounded = (2 * sum + days).div_euclid(2 * days);
    i64::try_from(rounded).unwrap_or(i64::MAX)
}

fn busiest(days: &[(Day, Amounts)]) -> Option<BusiestDay> {
    let latest_first = days.iter().rev();
    let (day, most) = latest_first.max_by_key(|(_, amounts)| amounts.tokens())?;
    (most.tokens() > 0).then(|| BusiestDay {
        date: day.to_string(),
        tokens: most.tokens(),
    })
}

/// What the caller used, in figures.
#[utoipa::path(get, path = "/api/usage/stats", tag = "usage", params(DaysQuery), responses(
    (status = 200, body = UsageStats), (status = 401, body = Failure), (status = 403, body = Failure),
    (status = 422, body = Failure, description = "days_invalid")))]
pub async fn stats(
    State(app): State<App>,
    caller: Caller<UsageRead>,
    Query(query): Query<DaysQuery>,
) -> Result<Json<UsageStats>> {
    let stretch = Stretch::until(app.clock.now(), query.days, DAYS)?;
    let (days, total) = app.store.read(|tx| {
        let days = every_day(tx, caller.id, stretch)?;
        Ok::<_, crate::error::Error>((days, billing::all_amounts(tx, caller.id)?))
    })?;
    let totals = sum(&days);
    let active = |amounts: &Amounts| amounts.tokens() > 0 || amounts.messages > 0;
    Ok(Json(UsageStats {
        days: stretch.days,
        from: stretch.from.to_string(),
        to: stretch.to.to_string(),
        tokens_a_day: mean(totals.tokens(), stretch.days),
        messages_a_day: mean(totals.messages, stretch.days),
        active_days: days.iter().filter(|(_, amounts)| active(amounts)).count(),
        busiest: busiest(&days),
        since: total.since,
        totals: totals.into(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Means are rounded to the nearest, halves up, also when more was given back than used.
    #[test]
    fn means_are_rounded() {
        assert_eq!((mean(10, 4), mean(9, 4), mean(0, 30)), (3, 2, 0));
        assert_eq!((mean(-9, 4), mean(-7, 4)), (-2, -2));
        assert_eq!(mean(i64::MAX, 1), i64::MAX);
    }
}
