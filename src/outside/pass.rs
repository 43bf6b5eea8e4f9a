//! The service token that requests to the model server carry in `X-Service-Token` where
//! `model.service_auth` is on: a JWT, typ `svc+jwt`, HS256 with the bytes of `model.service_secret`.
//!
//! Must stay true: it goes to the configured server alone (no redirect is followed) and into no log;
//! one token serves many requests and is replaced five minutes before its end, so that none runs out
//! on its way.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use reqwest::RequestBuilder;
use reqwest::header::HeaderValue;
use serde::Serialize;

use crate::clock::Clock;
use crate::config;

const HEADER: &str = "x-service-token";
const LIFETIME_SECONDS: i64 = 15 * 60;
const REPLACED_BEFORE_END_SECONDS: i64 = 5 * 60;

#[derive(Serialize)]
struct Claims {
    iss: &'static str,
    sub: &'static str,
    aud: &'static str,
    scope: &'static str,
    iat: i64,
    exp: i64,
}

/// What shows the model server that it is NovaCore who asks. Cheap to clone.
#[derive(Clone)]
pub(super) struct Pass(Arc<Inner>);

struct Inner {
    key: EncodingKey,
    clock: Clock,
    /// The latest token and the second at which it ends.
    latest: Mutex<Option<(HeaderValue, i64)>>,
}

impl fmt::Debug for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pass")
    }
}

impl Pass {
    /// Where the settings ask for one.
    pub fn configured(config: &config::Model, clock: &Clock) -> Option<Self> {
        config.service_auth.then(|| {
            Self(Arc::new(Inner {
                key: EncodingKey::from_secret(config.service_secret.trim().as_bytes()),
                clock: clock.clone(),
                latest: Mutex::default(),
            }))
        })
    }

    /// Adds the token to a request.
    pub fn show(&self, request: RequestBuilder) -> RequestBuilder {
        match self.token() {
            Some(token) => request.header(HEADER, token),
            None => request,
        }
    }

    fn token(&self) -> Option<HeaderValue> {
        let now = self.0.clock.now().as_second();
        let mut latest = self.0.latest.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((token, end)) = &*latest
            && now < end - REPLACED_BEFORE_END_SECONDS
        {
            return Some(token.clone());
        }
        let end = now + LIFETIME_SECONDS;
        let token = self.sign(now, end)?;
        *latest = Some((token.clone(), end));
        Some(token)
    }

    fn sign(&self, now: i64, end: i64) -> Option<HeaderValue> {
        let header = Header {
            typ: Some("svc+jwt".into()),
            ..Header::new(Algorithm::HS256)
        };
        let claims = Claims {
            iss: "novacore",
            sub: "novacore",
            aud: "model",
            scope: "model:use",
            iat: now,
            exp: end,
        };
        // Numbers and constants can always be written; without a token the server says what it lacks.
        let token = encode(&header, &claims, &self.0.key).ok()?;
        let mut value = HeaderValue::from_str(&token).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}
