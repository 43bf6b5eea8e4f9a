//! The rows of one's own ledger.

use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::app::App;
use crate::auth::{Caller, UsageRead};
use crate::billing::{self, Kind, Resource, Row};
use crate::error::Result;
use crate::http::failure::Failure;
use crate::http::{Json, Query};

const MOST: usize = 200;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LedgerQuery {
    /// At most this many, 50 unless told, 200 at most.
    limit: Option<usize>,
    /// `next_before` of the page before.
    before: Option<u64>,
}

/// A row of the ledger.
#[derive(Serialize, ToSchema)]
pub struct LedgerItem {
    /// Counts from 1 without gaps.
    pub number: u64,
    pub resource: Resource,
    /// Negative where something was given back.
    pub amount: i64,
    /// The turn, or the memory, that it comes from.
    pub source_id: Option<Uuid>,
    pub kind: Kind,
    /// Why it was corrected.
    pub note: Option<String>,
    /// The UTC day it counts for.
    #[schema(format = "date")]
    pub day: String,
    pub at: Timestamp,
    /// The plan that counted then.
    pub plan: String,
}

impl From<(u64, Row)> for LedgerItem {
    fn from((number, row): (u64, Row)) -> Self {
        Self {
            number,
            resource: row.resource,
            amount: row.amount,
            source_id: row.source,
            kind: row.kind,
            note: row.note,
            day: row.day.to_string(),
            at: row.at,
            plan: row.plan,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct LedgerPage {
    pub items: Vec<LedgerItem>,
    pub next_before: Option<u64>,
    /// How many rows there are in all.
    pub total: u64,
}

/// The caller's ledger, newest first.
#[utoipa::path(get, path = "/api/usage/ledger", tag = "usage", params(LedgerQuery), responses(
    (status = 200, body = LedgerPage), (status = 401, body = Failure), (status = 403, body = Failure)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller<UsageRead>,
    Query(query): Query<LedgerQuery>,
) -> Result<Json<LedgerPage>> {
    let limit = query.limit.unwrap_or(50).clamp(1, MOST);
    app.store.read(|tx| {
        let mut rows = billing::rows(tx, caller.id, query.before, limit + 1)?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        Ok(Json(LedgerPage {
            next_before: rows.last().filter(|_| more).map(|(number, _)| *number),
            items: rows.into_iter().map(LedgerItem::from).collect(),
            total: billing::all_amounts(tx, caller.id)?.rows,
        }))
    })
}
