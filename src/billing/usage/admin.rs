//! Usage as administrators see it: how much everybody used, and one person's days.
//!
//! Must stay true: numbers only, and whose they are; nothing that anybody said.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use storage::Read;
use tokio::task::spawn_blocking;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{DaysQuery, Stretch, UsageDay, UsageTotals, every_day, shown};
use crate::app::App;
use crate::auth::{self, Admin, Source, User};
use crate::billing::{self, Amounts, Quota, all_amounts, amounts_of_days};
use crate::error::{Error, Result};
use crate::http::failure::Failure;
use crate::http::{Json, Path, Query};

const MOST: usize = 200;
/// Days that are told of one person unless others are asked for.
const DAYS: u32 = 30;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EverybodyQuery {
    /// So many days, today the last of them; 1 unless told, 366 at most.
    days: Option<u32>,
    /// At most this many people, 50 unless told, 200 at most.
    limit: Option<usize>,
}

/// What one person used.
#[derive(Serialize, ToSchema)]
pub struct PersonsUsage {
    pub id: Uuid,
    pub email: String,
    /// Name of the plan whose limits count.
    pub plan: String,
    pub source: Source,
    pub llm_tokens_input: i64,
    pub llm_tokens_output: i64,
    pub llm_tokens_context: i64,
    pub messages: i64,
    pub background_tokens: i64,
    /// Input and output: what is charged.
    pub tokens: i64,
    /// Held now, whatever the days.
    pub memory_bytes: i64,
    /// How much of today's tokens is used and reserved; null without a limit.
    pub today_percentage: Option<f64>,
}

/// What everybody used.
#[derive(Serialize, ToSchema)]
pub struct EverybodysUsage {
    pub days: u32,
    #[schema(format = "date")]
    pub from: String,
    #[schema(format = "date")]
    pub to: String,
    /// Of everybody, also of those who are not listed.
    pub totals: UsageTotals,
    /// Held now, by everybody.
    pub memory_bytes_total: i64,
    pub people_total: usize,
    /// Who used the most tokens comes first.
    pub items: Vec<PersonsUsage>,
}

/// One account's sums.
struct Sums {
    user: User,
    used: Amounts,
    /// Bytes held now.
    held: i64,
}

/// Everybody's sums in some days; of accounts that are being deleted nothing counts any more.
fn everybody(tx: &impl Read, stretch: Stretch) -> Result<Vec<Sums>> {
    let users = auth::users(tx, None, usize::MAX)?.into_iter();
    let sums = users.filter(|user| !user.erasing).map(|user| {
        let days = amounts_of_days(tx, user.id, stretch.from, stretch.to)?;
        let held = all_amounts(tx, user.id)?.amounts.memory_bytes;
        let used = super::sum(&days);
        Ok(Sums { user, used, held })
    });
    sums.collect()
}

/// What everybody used today, and the bytes that they hold.
pub fn of_today(app: &App, tx: &impl Read) -> Result<(Amounts, i64)> {
    let today = Stretch::until(app.clock.now(), None, 1)?;
    let all = everybody(tx, today)?;
    Ok(totals(&all))
}

fn totals(all: &[Sums]) -> (Amounts, i64) {
    let used = all.iter().map(|sums| sums.used);
    let held = all.iter().map(|sums| sums.held);
    (
        used.fold(Amounts::default(), Amounts::plus),
        held.fold(0, i64::saturating_add),
    )
}

fn persons(app: &App, tx: &impl Read, sums: Sums) -> Result<PersonsUsage> {
    let Sums { user, used, held } = sums;
    let quota = billing::quota(&app.config, tx, &user, app.clock.now())?;
    Ok(PersonsUsage {
        id: user.id,
        email: user.email,
        plan: quota.plan,
        source: quota.source,
        llm_tokens_input: used.llm_tokens_input,
        llm_tokens_output: used.llm_tokens_output,
        llm_tokens_context: used.llm_tokens_context,
        messages: used.messages,
        background_tokens: used.background_tokens,
        tokens: used.tokens(),
        memory_bytes: held,
        today_percentage: quota.tokens.percentage,
    })
}

fn read_everybody(
    app: &App,
    tx: &impl Read,
    stretch: Stretch,
    limit: usize,
) -> Result<EverybodysUsage> {
    let mut all = everybody(tx, stretch)?;
    let (used, memory_bytes_total) = totals(&all);
    let people_total = all.len();
    // Accounts come newest first, and those who used as much stay in that order.
    all.sort_by_key(|sums| std::cmp::Reverse((sums.used.tokens(), sums.used.messages)));
    all.truncate(limit);
    let items = all.into_iter().map(|sums| persons(app, tx, sums));
    Ok(EverybodysUsage {
        days: stretch.days,
        from: stretch.from.to_string(),
        to: stretch.to.to_string(),
        totals: used.into(),
        memory_bytes_total,
        people_total,
        items: items.collect::<Result<_>>()?,
    })
}

/// What everybody used.
#[utoipa::path(get, path = "/api/admin/usage", tag = "admin", params(EverybodyQuery), responses(
    (status = 200, body = EverybodysUsage), (status = 401, body = Failure), (status = 403, body = Failure),
    (status = 422, body = Failure, description = "days_invalid")))]
pub async fn all(
    State(app): State<App>,
    _admin: Admin,
    Query(query): Query<EverybodyQuery>,
) -> Result<Json<EverybodysUsage>> {
    let stretch = Stretch::until(app.clock.now(), query.days, 1)?;
    let limit = query.limit.unwrap_or(50).clamp(1, MOST);
    let counted = spawn_blocking(move || {
        app.store
            .read(|tx| read_everybody(&app, tx, stretch, limit))
    });
    let counted = counted.await;
    let usage = counted.map_err(|e| Error::internal("counting what was used", e))??;
    Ok(Json(usage))
}

/// What one person may use and used.
#[derive(Serialize, ToSchema)]
pub struct OnePersonsUsage {
    pub quota: Quota,
    /// Every day, oldest first.
    pub history: Vec<UsageDay>,
}

/// What one person may use today, and what they used day by day.
#[utoipa::path(get, path = "/api/admin/users/{id}/usage", tag = "admin", params(("id" = Uuid, Path), DaysQuery), responses(
    (status = 200, body = OnePersonsUsage), (status = 401, body = Failure), (status = 403, body = Failure),
    (status = 404, body = Failure), (status = 422, body = Failure, description = "days_invalid")))]
pub async fn one(
    State(app): State<App>,
    _admin: Admin,
    Path(id): Path<Uuid>,
    Query(query): Query<DaysQuery>,
) -> Result<Json<OnePersonsUsage>> {
    let now = app.clock.now();
    let stretch = Stretch::until(now, query.days, DAYS)?;
    app.store.read(|tx| {
        let user = auth::user(tx, id)?.ok_or(Error::NotFound { what: "account" })?;
        Ok(Json(OnePersonsUsage {
            quota: billing::quota(&app.config, tx, &user, now)?,
            history: shown(every_day(tx, id, stretch)?),
        }))
    })
}
