//! One id, one log line and one measurement for every request.
//!
//! Must stay true: the log holds the route's pattern, never the path or the query, and no body.

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::Instrument;

use super::{failure, tally};
use crate::app::App;
use crate::error::Error;
use crate::metrics;

pub const CORRELATION_HEADER: &str = "x-correlation-id";

/// The id of the request in whose course something happens; passed on to the model server.
#[derive(Clone, Debug)]
pub struct CorrelationId(pub String);

pub async fn observe(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let id = accepted(request.headers()).unwrap_or_else(|| fresh(&app));
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("unmatched", MatchedPath::as_str)
        .to_owned();
    request.extensions_mut().insert(CorrelationId(id.clone()));
    let span = tracing::info_span!(
        "request",
        correlation_id = %id,
        %method,
        route,
        user_id = tracing::field::Empty,
        service = tracing::field::Empty,
    );
    let started = app.clock.monotonic();
    async {
        let response = failure::render(tally::told(next.run(request)).await, &id);
        let took = app.clock.monotonic().saturating_sub(started);
        let status = response.status().as_u16();
        metrics::request(label(&method), &route, status, took);
        tracing::info!(
            status,
            latency_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            "answered"
        );
        with_id(response, &id)
    }
    .instrument(span)
    .await
}

/// The method as a label: words that a client made up would fill the memory with series.
fn label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}

/// An id of the client's own, if it has the agreed form: 1 to 64 of `[A-Za-z0-9._-]`.
fn accepted(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(CORRELATION_HEADER)?.to_str().ok()?;
    let fits = (1..=64).contains(&id.len())
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    fits.then(|| id.to_owned())
}

fn fresh(app: &App) -> String {
    uuid::Builder::from_random_bytes(app.random.bytes())
        .into_uuid()
        .to_string()
}

fn with_id(mut response: Response, id: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(id) {
        response.headers_mut().insert(CORRELATION_HEADER, value);
    }
    response
}

/// A handler that panicked answers like any other internal failure.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the form that the layer asks for"
)]
pub fn panicked(panic: Box<dyn std::any::Any + Send>) -> Response {
    let cause = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    Error::internal("a handler panicked", cause.unwrap_or("no message")).into_response()
}
