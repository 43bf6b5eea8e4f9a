//! Passkeys (WebAuthn): signing in with a key that a device keeps and unlocks for its owner.
//!
//! Must stay true: a challenge is used once, within minutes, by whoever it was made for; the device
//! verifies its owner each time, so a passkey stands for two factors; a counter that goes back, as a
//! copy's would, signs nobody in. `webauthn-rs` draws the challenges with its own randomness, which is
//! the operating system's: the one place where it is not passed in.

pub(super) mod manage;
pub(super) mod sign_in;
mod store;

use std::time::Duration;

use webauthn_rs::prelude::{Url, Webauthn};
use webauthn_rs::{WebauthnBuilder, prelude};

pub use store::{CATALOGUE, count, erase};

use self::store::Passkey;
use crate::app::App;
use crate::error::{Error, Result};

/// How many a person may have.
const MOST: usize = 20;
/// How long a challenge waits for its answer; browsers are told the same.
const CEREMONY: Duration = Duration::from_mins(5);

/// Whether passkeys can be used here. Browsers offer them under a host name, by https or on this
/// machine itself.
pub fn on(app: &App) -> bool {
    party(app).is_ok()
}

/// Us, as browsers and authenticators know us. A passkey belongs to the host of `server.public_url`;
/// under another one it is of no use.
fn party(app: &App) -> Result<Webauthn> {
    let off = || {
        Error::conflict(
            "passkeys_off",
            "Passkeys need a host name and https: the administrator sets server.public_url.",
        )
    };
    let origin = Url::parse(&app.base()).map_err(|_| off())?;
    // None for an address of numbers.
    let host = origin.domain().ok_or_else(off)?;
    let here = host == "localhost" || host.ends_with(".localhost");
    if origin.scheme() != "https" && !(here && origin.scheme() == "http") {
        return Err(off());
    }
    WebauthnBuilder::new(host, &origin)
        .and_then(|builder| builder.rp_name("NovaCore").timeout(CEREMONY).build())
        .map_err(|e| Error::internal("setting up passkeys", e))
}

/// The key of a row, as `webauthn-rs` knows it.
fn read(row: &Passkey) -> Result<prelude::Passkey> {
    serde_json::from_str(&row.key).map_err(|e| Error::internal("reading a passkey", e))
}

/// What is stored of a key.
fn written(key: &prelude::Passkey) -> Result<String> {
    serde_json::to_string(key).map_err(|e| Error::internal("writing a passkey", e))
}

/// Options for the browser, in the form that its `parse…OptionsFromJSON` takes: `public_key` alone,
/// because how and when the person is asked is the page's choice.
fn options(public_key: &impl serde::Serialize) -> Result<serde_json::Value> {
    let public_key = serde_json::to_value(public_key);
    let public_key = public_key.map_err(|e| Error::internal("writing a challenge", e))?;
    Ok(serde_json::json!({ "publicKey": public_key }))
}
