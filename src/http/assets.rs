//! The page, embedded in the binary with its compressed twins.
//!
//! Must stay true: the content policy allows no inline script but the page's own, by its hash.

use std::borrow::Cow;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::error::Error;

#[derive(RustEmbed)]
#[folder = "web/build"]
#[allow_missing = true]
struct Built;

const PLACEHOLDER: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>NovaCore</title>\
<h1>NovaCore is running, without its page</h1>\
<p>This binary was built without the page. Run <code>make web</code> and build again; the HTTP API works already.</p></html>";

/// What is known of the page once, at start.
#[derive(Debug)]
pub struct Page {
    pub content_policy: HeaderValue,
}

impl Page {
    pub fn load() -> Self {
        let index = index();
        let hashes: Vec<String> = inline_scripts(&String::from_utf8_lossy(&index))
            .iter()
            .map(|script| format!(" 'sha256-{}'", STANDARD.encode(Sha256::digest(script))))
            .collect();
        let policy = format!(
            "default-src 'none'; script-src 'self'{}; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
             manifest-src 'self'; font-src 'none'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
            hashes.concat()
        );
        let fallback = HeaderValue::from_static("default-src 'none'");
        Self {
            content_policy: HeaderValue::from_str(&policy).unwrap_or(fallback),
        }
    }
}

fn index() -> Cow<'static, [u8]> {
    Built::get("index.html").map_or(Cow::Borrowed(PLACEHOLDER.as_bytes()), |file| file.data)
}

/// The text between each `<script>` without `src` and its end.
fn inline_scripts(html: &str) -> Vec<&str> {
    html.split("<script")
        .skip(1)
        .filter_map(|rest| rest.split_once('>'))
        .filter(|(attributes, _)| !attributes.contains("src="))
        .filter_map(|(_, rest)| rest.split_once("</script>"))
        .map(|(script, _)| script)
        .collect()
}

/// First segments of addresses that programs use, today or by agreement later. Of `/billing` the webhook is a
/// route; what else is there are pages that people come back to.
const API: [&str; 7] = ["api", "v1", "mcp", "ws", "health", "ready", "metrics"];

/// Whether a path, without its first slash, belongs to the page and not to the API.
fn is_page_path(path: &str) -> bool {
    let first = path.split('/').next().unwrap_or(path);
    !API.contains(&first)
}

/// Every address that is no route: a file of the page, or the page itself, which shows the right
/// view or its own 404. Programs' addresses, and methods that no page is asked for with, get an
/// error of the API's shape.
pub async fn page(State(_): State<App>, method: Method, headers: HeaderMap, uri: Uri) -> Response {
    let path = uri.path().trim_start_matches('/');
    if !is_page_path(path) {
        return Error::NotFound { what: "address" }.into_response();
    }
    if !matches!(method, Method::GET | Method::HEAD) {
        if !path.is_empty() && Built::get(path).is_none() {
            return Error::NotFound { what: "address" }.into_response();
        }
        let allow = [(header::ALLOW, HeaderValue::from_static("GET,HEAD"))];
        return (allow, Error::MethodNotAllowed).into_response();
    }
    let looks_like_file = path
        .rsplit('/')
        .next()
        .is_some_and(|name| name.contains('.'));
    match file(path, &headers) {
        Some(response) => response,
        None if looks_like_file || path.starts_with("_app/") => {
            Error::NotFound { what: "file" }.into_response()
        }
        None => file("index.html", &headers).unwrap_or_else(|| html(Body::from(PLACEHOLDER))),
    }
}

fn html(body: Body) -> Response {
    (
        [
            (header::CONTENT_TYPE, "text/html; charset=utf-8"),
            (header::CACHE_CONTROL, "no-cache"),
        ],
        body,
    )
        .into_response()
}

fn file(path: &str, headers: &HeaderMap) -> Option<Response> {
    let accepts = headers
        .get(header::ACCEPT_ENCODING)
        .and_then(|v| v.to_str().ok())
        .unwrap_or("");
    let plain = Built::get(path)?;
    let etag = format!(
        "\"{}\"",
        STANDARD.encode(&plain.metadata.sha256_hash()[..12])
    );
    let twin = [("br", ".br"), ("gzip", ".gz")]
        .into_iter()
        .filter(|(coding, _)| {
            accepts
                .split(',')
                .any(|a| a.split(';').next().unwrap_or("").trim() == *coding)
        })
        .find_map(|(coding, suffix)| Some((coding, Built::get(&format!("{path}{suffix}"))?)));
    let unchanged = headers
        .get(header::IF_NONE_MATCH)
        .is_some_and(|v| v.as_bytes() == etag.as_bytes());
    let kind = plain.metadata.mimetype().to_owned();
    let (coding, data) = twin.map_or((None, plain.data), |(coding, file)| {
        (Some(coding), file.data)
    });
    let mut response = if unchanged {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, kind)], Body::from(shared(data))).into_response()
    };
    let out = response.headers_mut();
    if let Some(coding) = coding {
        out.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
    let cache = if path.starts_with("_app/immutable/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    out.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    out.insert(header::ETAG, HeaderValue::from_str(&etag).ok()?);
    Some(response)
}

fn shared(data: Cow<'static, [u8]>) -> Bytes {
    match data {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => bytes.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Only the page's own inline script may run, so exactly its text must be hashed.
    #[test]
    fn inline_scripts_are_found_to_the_letter() {
        let html = "<script src=\"a.js\"></script><script>\n one() </script><p><script type=\"module\">two()</script>";
        assert_eq!(inline_scripts(html), ["\n one() ", "two()"]);
    }

    /// A mistyped API address must answer as an API, not with the page.
    #[test]
    fn api_paths_are_not_the_page() {
        for page in ["", "chat/1", "apis", "healthyliving", "v10/x", "chat/api"] {
            assert!(is_page_path(page), "{page}");
        }
        for api in API {
            assert!(!is_page_path(api) && !is_page_path(&format!("{api}/nothing")));
        }
    }
}
