//! The cookie that ties a way to another service and back to the browser that set out.
//!
//! Must stay true: it is random, good for minutes, never seen by a script; Lax, because the browser
//! comes back from another site.

use axum::http::{HeaderMap, HeaderValue, header};
use std::time::Duration;
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::http::Client;

fn name(client: &Client) -> &'static str {
    if client.https {
        "__Host-novacore-oidc"
    } else {
        "novacore-oidc"
    }
}

fn set(client: &Client, value: &str, lifetime: Duration) -> Result<HeaderValue> {
    let secure = if client.https { "; Secure" } else { "" };
    let (name, seconds) = (name(client), lifetime.as_secs());
    HeaderValue::from_str(&format!(
        "{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}"
    ))
    .map_err(|e| Error::internal("setting a cookie", e))
}

/// The browser keeps `id` for as long as what it leads to is kept here.
pub fn keep(client: &Client, id: Uuid, lifetime: Duration) -> Result<HeaderValue> {
    set(client, &id.simple().to_string(), lifetime)
}

pub fn forget(client: &Client) -> Result<HeaderValue> {
    set(client, "", Duration::ZERO)
}

fn pairs(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(header::COOKIE).iter();
    let lines = lines.filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(';')).map(str::trim)
}

/// The id that a browser brings.
pub fn id(headers: &HeaderMap, client: &Client) -> Option<Uuid> {
    let name = name(client);
    let pair = pairs(headers).filter_map(|pair| pair.split_once('='));
    let (_, value) = pair.into_iter().find(|(key, _)| *key == name)?;
    value.parse().ok()
}

/// Devices that are remembered on a way, and the length of the cookie of each, which has 102
/// characters: whatever a stranger sends as cookies, little of it is kept.
const MOST_DEVICES: usize = 5;
const LONGEST_DEVICE: usize = 128;

/// The cookies by which devices are known. They are strict: our own page sends them when somebody sets
/// out, but nobody does who comes back from another site.
pub fn devices(headers: &HeaderMap) -> HeaderMap {
    let known = pairs(headers).filter(|pair| {
        let bare = pair.strip_prefix("__Host-").unwrap_or(pair);
        bare.starts_with("novacore-device-") && pair.len() <= LONGEST_DEVICE
    });
    let line = known.take(MOST_DEVICES).collect::<Vec<_>>().join("; ");
    let value = HeaderValue::from_str(&line).ok();
    let value = value.filter(|value| !value.is_empty());
    value
        .map(|value| (header::COOKIE, value))
        .into_iter()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stranger who sets out with a hundred long cookies does not make the program keep them.
    #[test]
    fn few_and_short_cookies_are_kept() {
        let headers = |lines: &[String]| -> HeaderMap {
            let lines = lines.iter().map(|line| line.parse().expect("a header"));
            lines.map(|line| (header::COOKIE, line)).collect()
        };
        let long = format!("novacore-device-1={}", "x".repeat(7_000));
        let real = |n: usize| format!("__Host-novacore-device-{n:012}={}", "a".repeat(66));
        let many: Vec<_> = (0..20).map(real).collect();
        let sent = headers(&[long, format!("theme=dark; {}", many.join("; "))]);
        let kept = devices(&sent);
        assert_eq!(kept, headers(&[many[..5].join("; ")]));
        assert_eq!(devices(&headers(&["theme=dark".into()])), HeaderMap::new());
    }
}
