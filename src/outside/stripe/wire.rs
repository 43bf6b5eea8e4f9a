//! One request to Stripe and its answer.
//!
//! Must stay true: the key goes to `stripe.api_base` alone, encrypted unless that is this machine; no
//! redirect is followed; an answer is bounded in time and size; what is passed on of a failure is a status
//! and Stripe's own code words, never the key, an address or a text.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use reqwest::{Method, Url};
use serde_json::Value;

use crate::clock::Clock;
use crate::config;
use crate::error::Error;
use crate::outside::{connect, oidc};

/// The shape in which Stripe answers us, whatever the account's own version is.
const VERSION: &str = "2025-03-31.basil";
/// From the first byte sent to the last one read.
const LIMIT: Duration = Duration::from_secs(20);
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
const LONGEST_ANSWER: usize = 4 * 1024 * 1024;

/// Why a call came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StripeError {
    /// It was understood and not done.
    #[error("Stripe refused with {status} {code}")]
    Refused {
        status: u16,
        /// For example `resource_missing`.
        code: String,
        /// For example `invalid_request_error`.
        kind: String,
        /// Which of the fields is meant, for example `customer`.
        about: String,
    },
    /// It may go better later.
    #[error("Stripe {0}")]
    Away(&'static str),
}

impl StripeError {
    /// Stripe knows nothing by this id.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if code == "resource_missing")
    }

    /// The customer is not there, or was deleted.
    pub fn lacks_customer(&self) -> bool {
        matches!(self, Self::Refused { about, .. } if self.is_missing() && about == "customer")
    }

    /// It says something about Stripe or our key, not about what was asked: trying again later may help.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Away(_) => true,
            Self::Refused { status, .. } => matches!(status, 401 | 403),
        }
    }
}

/// What the last call came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastCall {
    pub at: Timestamp,
    /// None when Stripe did what it was asked, or had reason not to.
    pub trouble: Option<StripeError>,
}

/// What is asked.
pub(super) struct Ask<'a> {
    pub method: Method,
    /// Below `/v1/`.
    pub path: &'a str,
    /// The body of a POST, the query of anything else.
    pub fields: &'a [(&'a str, &'a str)],
    /// So that a POST that is made twice is done once.
    pub idempotency: Option<&'a str>,
}

pub(super) struct Wire {
    client: reqwest::Client,
    base: String,
    key: String,
    clock: Clock,
    last: Mutex<Option<LastCall>>,
}

impl Wire {
    pub fn new(config: &config::Stripe, clock: Clock) -> Result<Self, Error> {
        let unusable = |why: &str| Error::Unavailable {
            code: "stripe_base_invalid",
            message: format!("stripe.api_base cannot be used: {why}."),
        };
        let url = Url::parse(&config.api_base).map_err(|_| unusable("it is no address"))?;
        let loopback = oidc::is_loopback(&url);
        if !oidc::encrypted(&url, loopback) {
            return Err(unusable(
                "it must begin with https://, because our key travels there",
            ));
        }
        Ok(Self {
            client: connect::client(&url, loopback, CONNECT_LIMIT, &clock)?,
            base: url.as_str().trim_end_matches('/').to_owned(),
            key: config.secret_key.clone(),
            clock,
            last: Mutex::default(),
        })
    }

    pub fn last(&self) -> Option<LastCall> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.clone()
    }

    /// The object that Stripe answers with.
    pub async fn ask(&self, ask: Ask<'_>) -> Result<Value, StripeError> {
        let answer = match self.clock.timeout(LIMIT, self.twice(&ask)).await {
            Ok(answer) => answer,
            Err(_) => Err(StripeError::Away("did not answer within 20 seconds")),
        };
        let trouble = answer.as_ref().err().filter(|error| error.may_pass());
        let call = LastCall {
            at: self.clock.now(),
            trouble: trouble.cloned(),
        };
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(call);
        answer
    }

    /// Once more when the connection failed: an idempotency key makes it one act.
    async fn twice(&self, ask: &Ask<'_>) -> Result<Value, StripeError> {
        for _ in 0..2 {
            if let Ok((status, body)) = self.once(ask).await {
                return judge(status, &body?);
            }
        }
        Err(StripeError::Away("cannot be reached"))
    }

    /// Status and body; the outer failure is the connection's, the inner one the answer's.
    async fn once(
        &self,
        ask: &Ask<'_>,
    ) -> Result<(u16, Result<Vec<u8>, StripeError>), reqwest::Error> {
        let mut answer = self.client.execute(self.request(ask)?).await?;
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await? {
            if body.len() + piece.len() > LONGEST_ANSWER {
                let error = StripeError::Away("gave an answer that is too long");
                return Ok((answer.status().as_u16(), Err(error)));
            }
            body.extend_from_slice(&piece);
        }
        Ok((answer.status().as_u16(), Ok(body)))
    }

    fn request(&self, ask: &Ask<'_>) -> Result<reqwest::Request, reqwest::Error> {
        let fields = form(ask.fields);
        let mut address = format!("{}/v1/{}", self.base, ask.path);
        let sends = ask.method == Method::POST;
        if !sends && !fields.is_empty() {
            address = format!("{address}?{fields}");
        }
        let mut request = self
            .client
            .request(ask.method.clone(), address)
            .bearer_auth(&self.key)
            .header("stripe-version", VERSION);
        if let Some(key) = ask.idempotency {
            request = request.header("idempotency-key", key);
        }
        if sends {
            request = request
                .header("content-type", "application/x-www-form-urlencoded")
                .body(fields);
        }
        request.build()
    }
}

/// `a=1&b[c]=2`, encoded.
fn form(fields: &[(&str, &str)]) -> String {
    // The address itself is of no account: only its query is used.
    let Ok(mut url) = Url::parse("http://form/") else {
        return String::new();
    };
    if !fields.is_empty() {
        url.query_pairs_mut().extend_pairs(fields);
    }
    url.query().unwrap_or_default().to_owned()
}

/// What a whole answer means.
fn judge(status: u16, body: &[u8]) -> Result<Value, StripeError> {
    let object = serde_json::from_slice::<Value>(body);
    match (status, object) {
        (200..=299, Ok(object)) => Ok(object),
        (200..=299, Err(_)) => Err(StripeError::Away("gave an answer that cannot be read")),
        (300..=399, _) => Err(StripeError::Away("answered with a redirect")),
        (429, _) => Err(StripeError::Away("is asked too often")),
        // Another request with the same idempotency key is under way.
        (409, _) => Err(StripeError::Away("is busy with the same request")),
        (400..=499, object) => {
            let error = object.unwrap_or_default();
            let word = |key: &str| {
                let word = error["error"][key].as_str().unwrap_or_default();
                oidc::code(word).to_owned()
            };
            Err(StripeError::Refused {
                status,
                code: word("code"),
                kind: word("type"),
                about: word("param"),
            })
        }
        _ => Err(StripeError::Away("has a fault of its own")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every character that means something in a form is encoded in keys and values.
    #[test]
    fn forms_are_encoded() {
        assert_eq!(form(&[]), "");
        assert_eq!(
            form(&[("metadata[user_id]", "a&b=c +ü"), ("url", "{ID}")]),
            "metadata%5Buser_id%5D=a%26b%3Dc+%2B%C3%BC&url=%7BID%7D"
        );
    }

    /// What Stripe says in words stays with Stripe; its codes are passed on.
    #[test]
    fn failures_are_told_apart() {
        let refused = br#"{"error": {"type": "invalid_request_error", "code": "resource_missing",
            "message": "No such customer: 'cus_secret'"}}"#;
        let error = judge(404, refused).expect_err("a refusal");
        assert!(error.is_missing() && !error.may_pass());
        assert!(!format!("{error:?}").contains("cus_secret"));
        let strange = br#"{"error": {"type": "sk_live_KEY and words", "code": 7}}"#;
        let error = judge(401, strange).expect_err("a refusal");
        assert!(error.may_pass() && !error.to_string().contains("sk_live"));
        for (status, body) in [
            (500, "{}"),
            (503, ""),
            (429, "{}"),
            (200, "<html>"),
            (302, ""),
        ] {
            let error = judge(status, body.as_bytes()).expect_err("away");
            assert!(matches!(error, StripeError::Away(_)), "{status}");
        }
    }
}
