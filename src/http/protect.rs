//! What protects the person in front of a browser: security headers, and no acts on behalf of
//! another site's page.

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::client::origin_is_ours;
use crate::app::App;
use crate::error::Error;

const HEADERS: [(HeaderName, &str); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
];

/// Sets the security headers, the page's content policy among them. What does not say otherwise,
/// answers of the API and failures, is never cached.
pub async fn security_headers(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        app.page.content_policy.clone(),
    );
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

/// Refuses unsafe methods that a page of another origin sent (OWASP, Fetch Metadata).
pub async fn same_site(request: Request, next: Next) -> Response {
    let safe = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    if safe || allowed(&request) {
        return next.run(request).await;
    }
    Error::forbidden(
        "cross_site",
        "This request came from another site's page and was refused.",
    )
    .into_response()
}

/// Both headers must agree, each where it is sent.
fn allowed(request: &Request) -> bool {
    let headers = request.headers();
    let site = headers.get("sec-fetch-site");
    let near = site.is_none_or(|site| site == "same-origin" || site == "none");
    // A form of our own page sends `Origin: null`, because of our `Referrer-Policy`; from other
    // places `null` comes with another site, or from a browser that does not say which.
    let ours = headers
        .get(header::ORIGIN)
        .is_none_or(|origin| origin_is_ours(headers) || (origin == "null" && site.is_some()));
    near && ours
}
