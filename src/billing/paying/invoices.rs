//! What somebody was asked to pay, and paid, from the mirror.

use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::CurrentUser;
use crate::billing::customers;
use crate::error::Result;
use crate::http::failure::Failure;
use crate::http::{Json, Query};
use crate::outside::{Invoice, InvoiceStatus};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct InvoicesQuery {
    /// At most this many, 20 unless told, 100 at most.
    limit: Option<usize>,
    /// `next_before` of the page before.
    before: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct InvoiceItem {
    pub id: String,
    pub number: Option<String>,
    pub created_at: Timestamp,
    /// In the currency's smallest unit.
    pub amount_due: i64,
    pub amount_paid: i64,
    /// ISO code in small letters.
    pub currency: String,
    pub status: InvoiceStatus,
    pub plan: Option<String>,
    pub hosted_url: Option<String>,
    pub pdf_url: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct InvoiceList {
    pub items: Vec<InvoiceItem>,
    pub next_before: Option<String>,
}

fn item(app: &App, invoice: Invoice) -> InvoiceItem {
    let plans = &app.config.plans;
    let plan = invoice.price.as_deref().and_then(|id| plans.of_price(id));
    InvoiceItem {
        plan: plan.map(|(plan, _)| plan.to_owned()),
        id: invoice.id,
        number: invoice.number,
        created_at: invoice.created,
        amount_due: invoice.amount_due,
        amount_paid: invoice.amount_paid,
        currency: invoice.currency,
        status: invoice.status,
        hosted_url: invoice.hosted_url,
        pdf_url: invoice.pdf_url,
    }
}

/// Invoices, newest first.
#[utoipa::path(get, path = "/api/billing/invoices", tag = "billing", params(InvoicesQuery), responses(
    (status = 200, body = InvoiceList), (status = 401, body = Failure), (status = 404, body = Failure, description = "billing is off")))]
pub async fn invoices(
    State(app): State<App>,
    caller: CurrentUser,
    Query(query): Query<InvoicesQuery>,
) -> Result<Json<InvoiceList>> {
    customers::on(&app)?;
    let limit = query.limit.unwrap_or(20).clamp(1, 100);
    let before = query.before.as_deref();
    let mut found = app
        .store
        .read(|tx| match customers::known(&app, tx, caller.id)? {
            Some(_) => customers::invoices(tx, caller.id, before, limit + 1),
            // Nothing, or something of Stripe's other mode.
            None => Ok(Vec::new()),
        })?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next_before = found.last().filter(|_| more).map(|last| last.id.clone());
    let items = found.into_iter().map(|invoice| item(&app, invoice));
    Ok(Json(InvoiceList {
        items: items.collect(),
        next_before,
    }))
}
