//! One's own days as CSV (RFC 4180), for spreadsheets.
//!
//! Must stay true: dates and numbers only, so that nothing in it can be a formula.

use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::{DaysQuery, Stretch, UsageDay, every_day, shown};
use crate::app::App;
use crate::auth::{self, Caller, UsageRead};
use crate::error::{Error, Result};
use crate::http::Query;
use crate::http::failure::Failure;

/// Days that are told unless others are asked for.
const DAYS: u32 = 90;
const HEADER: &str = "date,llm_tokens_input,llm_tokens_output,llm_tokens_context,messages,memory_bytes,background_tokens,tokens\r\n";

fn line(day: &UsageDay) -> String {
    let used = &day.used.amounts;
    format!(
        "{},{},{},{},{},{},{},{}\r\n",
        day.date,
        used.llm_tokens_input,
        used.llm_tokens_output,
        used.llm_tokens_context,
        used.messages,
        used.memory_bytes,
        used.background_tokens,
        day.used.tokens,
    )
}

/// Passes while the person has not exported too often.
fn admit_export(app: &App, caller: &Caller<UsageRead>) -> Result<()> {
    let most = usize::try_from(app.config.limits.exports_per_hour).unwrap_or(usize::MAX);
    app.rates
        .window("exports", &caller.id, most, Duration::from_hours(1))
}

/// What the caller used, day by day, as a table.
#[utoipa::path(get, path = "/api/usage/export", tag = "usage", params(DaysQuery), responses(
    (status = 200, content_type = "text/csv", body = String), (status = 401, body = Failure),
    (status = 403, body = Failure, description = "email_unverified"),
    (status = 422, body = Failure, description = "days_invalid"), (status = 429, body = Failure)))]
pub async fn export(
    State(app): State<App>,
    caller: Caller<UsageRead>,
    Query(query): Query<DaysQuery>,
) -> Result<Response> {
    if !caller.user.trusted() {
        return Err(auth::verification_needed());
    }
    let stretch = Stretch::until(app.clock.now(), query.days, DAYS)?;
    admit_export(&app, &caller)?;
    let days = app.store.read(|tx| {
        caller.still(tx)?;
        every_day(tx, caller.id, stretch)
    })?;
    let lines = shown(days).iter().map(line).collect::<String>();
    let name = format!("novacore-usage-{}-to-{}.csv", stretch.from, stretch.to);
    let attached = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""))
        .map_err(|e| Error::internal("naming the table", e))?;
    let kind = HeaderValue::from_static("text/csv; charset=utf-8");
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_DISPOSITION, attached),
    ];
    Ok((headers, HEADER.to_owned() + &lines).into_response())
}
