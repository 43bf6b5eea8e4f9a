//! Service tokens: JWTs, typ `svc+jwt`, HS256, 15 minutes, for one receiver.
//!
//! For NovaCore itself they are signed with a signing key of its own. For a receiver outside the HMAC
//! key is that receiver's secret, exactly as it was shown: the 43 ASCII characters, not what they
//! decode to.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::store::{Receiver, Service};
use crate::app::{App, mac};
use crate::auth::signed::{self, Bad, Kind};
use crate::error::{Error, Result};

pub const LIFETIME: SignedDuration = SignedDuration::from_mins(15);

const SERVICE: Kind = Kind {
    purpose: "service token",
    typ: "svc+jwt",
};

#[derive(Serialize, Deserialize)]
pub struct Claims {
    pub sub: Uuid,
    pub aud: String,
    pub iss: String,
    /// Words with spaces between.
    pub scope: String,
    pub iat: i64,
    pub exp: i64,
    pub jti: Uuid,
    /// Number of the service's secret.
    pub secret_number: u32,
}

/// Whom a token is for.
pub enum Audience {
    Here,
    Outside(Receiver),
}

/// A receiver's secret: base64url without padding of
/// HMAC-SHA256(derive("receiver"), receiver id, number of the secret as 4 bytes).
pub fn receiver_secret(app: &App, receiver: &Receiver) -> String {
    let key = app.keys.derive("receiver");
    let number = receiver.secret_number.to_be_bytes();
    URL_SAFE_NO_PAD.encode(mac(&key, &[receiver.id.as_bytes(), &number]))
}

/// A token for a service; `scopes` were checked.
pub fn sign(
    app: &App,
    service: &Service,
    audience: &Audience,
    scopes: &[String],
) -> Result<String> {
    let now = app.clock.now().as_second();
    let claims = Claims {
        sub: service.id,
        aud: match audience {
            Audience::Here => signed::HERE.into(),
            Audience::Outside(receiver) => receiver.name.clone(),
        },
        iss: signed::issuer(app),
        scope: scopes.join(" "),
        iat: now,
        exp: now + LIFETIME.as_secs(),
        jti: app.ids.next(),
        secret_number: service.secret_number,
    };
    match audience {
        Audience::Here => signed::sign(app, SERVICE, &claims),
        Audience::Outside(receiver) => {
            let secret = receiver_secret(app, receiver);
            let number = receiver.secret_number;
            signed::sign_with(SERVICE.typ, number, secret.as_bytes(), &claims)
        }
    }
}

pub fn invalid() -> Error {
    Error::forbidden(
        "service_token_invalid",
        "This service token is not valid. Get a new one at /api/auth/service/token; perhaps the service was removed, or has a new secret.",
    )
}

/// The claims of a token for us, if it is good by itself.
pub fn read(app: &App, token: &str) -> Result<Claims> {
    let expired = || {
        Error::forbidden(
            "service_token_expired",
            "This service token has expired. Get a new one at /api/auth/service/token.",
        )
    };
    let elsewhere = || {
        Error::forbidden(
            "service_token_audience",
            "This service token is for another receiver. Get one for the audience \"novacore\".",
        )
    };
    // Unproven, and only to say more than that it is not valid: it is refused either way.
    if claimed_audience(token).is_some_and(|aud| aud != signed::HERE) {
        return Err(elsewhere());
    }
    let claims: Claims = signed::read(app, SERVICE, LIFETIME, token).map_err(|bad| match bad {
        Bad::Invalid => invalid(),
        Bad::Audience => elsewhere(),
        Bad::Expired => expired(),
    })?;
    if claims.exp <= app.clock.now().as_second() {
        return Err(expired());
    }
    Ok(claims)
}

fn claimed_audience(token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Claimed {
        aud: String,
    }
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claimed: Claimed = serde_json::from_slice(&claims).ok()?;
    Some(claimed.aud)
}
