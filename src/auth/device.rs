//! Known devices: a cookie that a browser keeps after a sign-in, so that its owner is not slowed down
//! by a stranger's guesses (OWASP, "device cookies").
//!
//! Must stay true: the cookie proves nothing but that somebody signed in to this account here before;
//! it opens nothing, and guesses that carry it are counted by it.

use axum::http::{HeaderValue, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;

use super::enter::Visitor;
use super::store::User;
use crate::app::{App, mac};
use crate::error::{Error, Result};
use crate::http::Client;

const DAYS: u64 = 180;

fn name(client: &Client, user: &User) -> String {
    let prefix = if client.https { "__Host-" } else { "" };
    // One per account: several people may share a browser. The last group is random.
    let text = user.id.simple().to_string();
    format!("{prefix}novacore-device-{}", &text[20..])
}

/// Holds for as long as the account has this password: who knew an older one is a stranger.
fn proof(app: &App, user: &User, nonce: &str) -> [u8; 32] {
    let key = app.keys.derive("known device");
    let parts = [
        user.id.as_bytes(),
        nonce.as_bytes(),
        user.password_hash.as_bytes(),
    ];
    mac(&key, &parts)
}

/// The id of the device that the request comes from, if its cookie is one of ours for this account.
pub fn known(app: &App, visitor: &Visitor<'_>, user: &User) -> Option<String> {
    let name = name(visitor.client, user);
    let cookies = visitor.headers.get_all(header::COOKIE);
    let pairs = cookies.iter().filter_map(|value| value.to_str().ok());
    let mut pairs = pairs.flat_map(|value| value.split(';'));
    let (_, value) =
        pairs.find_map(|pair| pair.trim().split_once('=').filter(|(k, _)| *k == name))?;
    let (nonce, given) = value.split_once('.')?;
    let given = URL_SAFE_NO_PAD.decode(given).ok()?;
    bool::from(given.ct_eq(&proof(app, user, nonce))).then(|| nonce.to_owned())
}

/// The cookie for a device that just signed in.
pub fn cookie(app: &App, client: &Client, user: &User) -> Result<HeaderValue> {
    let nonce = URL_SAFE_NO_PAD.encode(app.random.bytes::<16>());
    let proof = URL_SAFE_NO_PAD.encode(proof(app, user, &nonce));
    let secure = if client.https { "; Secure" } else { "" };
    let (name, seconds) = (name(client, user), DAYS * 86_400);
    HeaderValue::from_str(&format!(
        "{name}={nonce}.{proof}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}"
    ))
    .map_err(|e| Error::internal("setting a cookie", e))
}
