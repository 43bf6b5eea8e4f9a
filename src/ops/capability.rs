//! One answer per capability: does it work right now? For pages and outside monitors.
//!
//! Must stay true: states only, no causes; anyone may ask.

use std::time::Duration;

use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth;
use crate::billing::{self, BillingHow};
use crate::error::Result;
use crate::http::Json;
use crate::memory::{self, EmbeddingHow};

/// How one capability does.
#[derive(Serialize, ToSchema)]
pub struct Capability {
    /// `ok`, `degraded` or `down`; of what can be left off, also `off`.
    pub status: &'static str,
    pub checked_at: Timestamp,
    /// How long the check took.
    pub latency_ms: u64,
}

impl Capability {
    fn since(app: &App, started: Duration, status: &'static str) -> Json<Self> {
        let took = app.clock.monotonic().saturating_sub(started);
        let latency_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        Json(Self {
            status,
            checked_at: app.clock.now(),
            latency_ms,
        })
    }
}

fn working<T>(checked: &Result<T>) -> &'static str {
    if checked.is_ok() { "ok" } else { "down" }
}

/// Whether accounts can be read.
#[utoipa::path(get, path = "/api/auth/health", tag = "ops", responses((status = 200, body = Capability)))]
pub async fn auth_health(State(app): State<App>) -> Json<Capability> {
    let started = app.clock.monotonic();
    let status = working(&auth::setup_required(&app));
    Capability::since(&app, started, status)
}

/// Whether a model answers.
#[utoipa::path(get, path = "/api/intelligence/health", tag = "ops", responses((status = 200, body = Capability)))]
pub async fn intelligence_health(State(app): State<App>) -> Json<Capability> {
    let started = app.clock.monotonic();
    let status = if app.models.health().await.is_ok() {
        "ok"
    } else {
        "down"
    };
    Capability::since(&app, started, status)
}

/// Whether everything remembered can be found.
#[utoipa::path(get, path = "/api/memory/health", tag = "ops", responses((status = 200, body = Capability)))]
pub async fn memory_health(State(app): State<App>) -> Json<Capability> {
    let started = app.clock.monotonic();
    let status = match memory::caught_up(&app) {
        Ok(false) => "degraded",
        Ok(true) if matches!(memory::embedding_how(&app), EmbeddingHow::Troubled(_)) => "degraded",
        checked => working(&checked),
    };
    Capability::since(&app, started, status)
}

/// Whether people can pay and what they pay for counts: from what is known, nothing is asked of Stripe.
#[utoipa::path(get, path = "/api/billing/health", tag = "ops", responses((status = 200, body = Capability)))]
pub async fn billing_health(State(app): State<App>) -> Json<Capability> {
    let started = app.clock.monotonic();
    let status = match billing::how(&app) {
        Ok(BillingHow::Off) => "off",
        Ok(BillingHow::Fine) => "ok",
        Ok(BillingHow::Troubled) => "degraded",
        Err(_) => "down",
    };
    Capability::since(&app, started, status)
}
