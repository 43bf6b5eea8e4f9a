//! Is it alive, is it ready, how is it doing.
//!
//! Must stay true: reasons are told only to this machine and to services that may read metrics;
//! everybody else learns states, no causes.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Serialize;
use storage::Read as _;
use utoipa::ToSchema;

use super::{admin, check, nightly};
use crate::app::App;
use crate::auth::{self, ReadMetrics, ServiceCaller};
use crate::config::Registration;
use crate::error::{Error, Result};
use crate::http::failure::Failure;
use crate::http::{Client, Json};
use crate::memory::{self, EmbeddingHow};

pub const VERSION: &str = env!("CARGO_PKG_VERSION");

#[derive(Serialize, ToSchema)]
pub struct Health {
    /// Always `ok`: the process answers.
    pub status: &'static str,
    pub version: &'static str,
}

/// Alive.
#[utoipa::path(get, path = "/health", tag = "ops", responses((status = 200, body = Health)))]
pub async fn health() -> Json<Health> {
    Json(Health {
        status: "ok",
        version: VERSION,
    })
}

/// One thing that NovaCore depends on.
#[derive(Serialize, ToSchema)]
pub struct Dependency {
    pub name: &'static str,
    /// `ok`, `degraded` or `down`.
    pub status: &'static str,
    /// Only for callers on this machine, and services with `metrics:read`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct Ready {
    /// The worst of the dependencies' states; a missing model server, or storage that cannot write,
    /// is only `degraded`.
    pub status: &'static str,
    pub version: &'static str,
    pub dependencies: Vec<Dependency>,
}

type How = (&'static str, Option<String>);

/// `ok`, or degraded for this reason.
fn fine_unless(fault: Option<String>) -> How {
    (if fault.is_none() { "ok" } else { "degraded" }, fault)
}

fn storage_state(app: &App) -> How {
    if let Err(error) = app.store.read(|tx| tx.changes_after(u64::MAX, 1)) {
        return ("down", Some(error.to_string()));
    }
    let writing = admin::writing_state(app);
    fine_unless(writing.reason.map(|reason| {
        let since = writing
            .since
            .map_or_else(String::new, |at| format!(" since {at}"));
        format!("Read-only{since}: {reason}. Nothing new can be stored; reading goes on.")
    }))
}

fn embedding_fault(app: &App) -> Option<String> {
    match memory::embedding_how(app) {
        EmbeddingHow::Off | EmbeddingHow::Fine => None,
        EmbeddingHow::Troubled(why) => Some(why),
    }
}

/// Everything that NovaCore depends on, and how it is.
async fn dependencies(app: &App) -> [(&'static str, How); 9] {
    let index = match memory::caught_up(app) {
        Ok(true) => None,
        Ok(false) => Some("The text index is still taking up changes.".to_owned()),
        Err(error) => Some(error.to_string()),
    };
    let held =
        "This data is a copy, or was restored: nothing is sent to anybody until `novacore adopt`.";
    let limits = "Rate limits are switched off (limits.enabled = false).";
    let model = app.models.health().await.err();
    [
        ("storage", storage_state(app)),
        ("held", fine_unless(app.held().then(|| held.to_owned()))),
        ("backup", fine_unless(nightly::fault(app))),
        ("check", fine_unless(check::fault(app))),
        ("file_system", fine_unless(admin::file_system(app).1)),
        ("text_index", fine_unless(index)),
        ("embedding", fine_unless(embedding_fault(app))),
        ("model", fine_unless(model.map(|problem| problem.message))),
        (
            "limits",
            fine_unless((!app.config.limits.enabled).then(|| limits.to_owned())),
        ),
    ]
}

/// Ready to serve: 200 when `ok` or `degraded`, 503 when `down`.
#[utoipa::path(get, path = "/ready", tag = "ops",
    responses((status = 200, body = Ready), (status = 503, body = Ready)))]
pub async fn ready(
    State(app): State<App>,
    client: Client,
    service: Result<ServiceCaller<ReadMetrics>>,
) -> Response {
    // A token that is no good must not make a machine that is well look ill: it brings no reasons.
    let told = client.loopback || service.is_ok();
    let dependencies = dependencies(&app).await;
    let dependencies = dependencies.map(|(name, (status, reason))| Dependency {
        name,
        status,
        reason: reason.filter(|_| told),
    });
    let worst = |state| dependencies.iter().any(|d| d.status == state);
    let (code, status) = if worst("down") {
        (StatusCode::SERVICE_UNAVAILABLE, "down")
    } else {
        (
            StatusCode::OK,
            if worst("degraded") { "degraded" } else { "ok" },
        )
    };
    (
        code,
        Json(Ready {
            status,
            version: VERSION,
            dependencies: dependencies.into(),
        }),
    )
        .into_response()
}

#[derive(Serialize, ToSchema)]
pub struct PasswordRule {
    /// Characters.
    pub min: usize,
    pub max: usize,
}

/// What the page must know before anybody has signed in.
#[derive(Serialize, ToSchema)]
pub struct ServerStatus {
    /// `ok`, or `degraded` without a model server.
    pub status: &'static str,
    pub version: &'static str,
    pub checked_at: Timestamp,
    pub latency_ms: u64,
    /// The first administrator is still to be made, by the set-up link.
    pub setup_required: bool,
    /// The caller has a browser's sign-in cookie, which may or may not still be good.
    pub signed_in: bool,
    /// `open` or `closed`.
    pub registration: &'static str,
    pub password: PasswordRule,
}

/// Whether the whole works, and what a newcomer may do.
#[utoipa::path(get, path = "/api/status", tag = "ops", responses((status = 200, body = ServerStatus)))]
pub async fn status(
    State(app): State<App>,
    client: Client,
    headers: HeaderMap,
) -> Result<Json<ServerStatus>> {
    client.admit(&app, "visits")?;
    let started = app.clock.monotonic();
    let setup_required = auth::setup_required(&app)?;
    let model = app.models.health().await;
    let open = app.config.auth.registration == Registration::Open && !setup_required;
    let took = app.clock.monotonic().saturating_sub(started);
    Ok(Json(ServerStatus {
        status: if model.is_ok() { "ok" } else { "degraded" },
        version: VERSION,
        checked_at: app.clock.now(),
        latency_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        setup_required,
        signed_in: auth::has_cookie(&headers, &client),
        registration: if open { "open" } else { "closed" },
        password: PasswordRule {
            min: auth::PASSWORD_MIN_CHARS,
            max: auth::PASSWORD_MAX_CHARS,
        },
    }))
}

/// Prometheus text, for the allowed networks and for services with `metrics:read`.
#[utoipa::path(get, path = "/metrics", tag = "ops",
    responses((status = 200, body = String, content_type = "text/plain"), (status = 403, body = Failure)))]
pub async fn metrics(
    State(app): State<App>,
    client: Client,
    service: Result<ServiceCaller<ReadMetrics>>,
) -> Result<Response> {
    // Behind a proxy on this machine everybody would look like loopback, so that does not count.
    let allowed = app.metrics_networks.contains(client.address)
        && (client.loopback || !client.address.is_loopback());
    if !allowed {
        service.map_err(|error| match error.code() {
            "service_token_missing" => Error::forbidden(
                "forbidden",
                "Metrics are for the networks in metrics.allowed_networks, and for services with the scope metrics:read.",
            ),
            _ => error,
        })?;
    }
    admin::count(&app).await;
    app.metrics.run_upkeep();
    let kind = [(
        header::CONTENT_TYPE,
        "text/plain; version=0.0.4; charset=utf-8",
    )];
    Ok((kind, app.metrics.render()).into_response())
}
