//! Stripe, which takes people's money for us: the calls that we make, and nothing of what they mean.
//!
//! Must stay true: every POST carries an idempotency key that its caller chose for the attempt, so that
//! what is tried again is done once; ids in addresses are ids; nothing is called while billing is off.
//! Whoever calls asks `app.held()` first.

mod object;
mod wire;

use reqwest::Method;
use serde_json::Value;
use uuid::Uuid;

pub use object::{Invoice, InvoiceStatus, Status, Subscription, id, text, time};
pub use wire::{LastCall, StripeError};

use self::wire::{Ask, Wire};
use crate::clock::Clock;
use crate::config::Config;
use crate::error::Error;

type Result<T, E = StripeError> = std::result::Result<T, E>;

/// Where Stripe is unless the configuration says otherwise.
const DEFAULT_BASE: &str = "https://api.stripe.com";
/// Subscriptions of one customer on a page, and so many pages at most.
const PAGE: &str = "100";
const MOST_PAGES: usize = 10;
/// Invoices that are asked for: two years of monthly ones.
const INVOICES: &str = "24";

/// What somebody is to buy.
#[derive(Clone, Debug)]
pub struct Checkout<'a> {
    pub customer: &'a str,
    pub user: Uuid,
    pub price: &'a str,
    /// With `{CHECKOUT_SESSION_ID}` where Stripe is to put it.
    pub success_url: &'a str,
    pub cancel_url: &'a str,
}

/// The page on which it is bought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckoutSession {
    pub id: String,
    pub url: String,
}

/// Stripe as configured.
pub struct Stripe {
    wire: Wire,
    livemode: bool,
    secrets: Vec<String>,
    default_base: bool,
}

impl Stripe {
    /// Nothing while billing is off. Opens no connection yet.
    ///
    /// # Errors
    /// `stripe_base_invalid`.
    pub fn new(config: &Config, clock: Clock) -> Result<Option<Self>, Error> {
        if !config.billing.enabled {
            return Ok(None);
        }
        let stripe = &config.stripe;
        Ok(Some(Self {
            wire: Wire::new(stripe, clock)?,
            livemode: stripe.livemode(),
            secrets: stripe.webhook_secrets.clone(),
            default_base: stripe.api_base.trim_end_matches('/') == DEFAULT_BASE,
        }))
    }

    /// Whether our key is one for real money.
    pub fn livemode(&self) -> bool {
        self.livemode
    }

    /// What events may be signed with.
    pub fn webhook_secrets(&self) -> &[String] {
        &self.secrets
    }

    /// Whether it is Stripe itself that is called.
    pub fn default_base(&self) -> bool {
        self.default_base
    }

    /// What the last call came to; nothing before the first one since the start.
    pub fn last_call(&self) -> Option<LastCall> {
        self.wire.last()
    }

    /// Makes a customer; its id.
    pub async fn create_customer(&self, email: &str, user: Uuid, key: &str) -> Result<String> {
        let user = user.to_string();
        let fields = [("email", email), ("metadata[user_id]", user.as_str())];
        let customer = self.post("customers", &fields, key).await?;
        needed(text(&customer["id"]))
    }

    /// Makes the page on which a subscription is bought.
    pub async fn create_checkout(&self, buy: &Checkout<'_>, key: &str) -> Result<CheckoutSession> {
        let user = buy.user.to_string();
        let fields = [
            ("mode", "subscription"),
            ("customer", buy.customer),
            ("client_reference_id", &user),
            ("line_items[0][price]", buy.price),
            ("line_items[0][quantity]", "1"),
            ("metadata[user_id]", &user),
            ("subscription_data[metadata][user_id]", &user),
            ("success_url", buy.success_url),
            ("cancel_url", buy.cancel_url),
        ];
        let session = self.post("checkout/sessions", &fields, key).await?;
        Ok(CheckoutSession {
            id: needed(text(&session["id"]))?,
            url: needed(text(&session["url"]))?,
        })
    }

    /// Makes a page on which a customer manages what they pay for; its address, good for a short while.
    pub async fn create_portal(
        &self,
        customer: &str,
        return_url: &str,
        key: &str,
    ) -> Result<String> {
        let fields = [("customer", customer), ("return_url", return_url)];
        let session = self.post("billing_portal/sessions", &fields, key).await?;
        needed(text(&session["url"]))
    }

    /// All subscriptions a customer has or had.
    pub async fn subscriptions_of(&self, customer: &str) -> Result<Vec<Subscription>> {
        let mut all: Vec<Subscription> = Vec::new();
        for _ in 0..MOST_PAGES {
            let mut fields = vec![("customer", customer), ("status", "all"), ("limit", PAGE)];
            if let Some(last) = all.last() {
                fields.push(("starting_after", &last.id));
            }
            let list = self.get("subscriptions", &fields).await?;
            let page = read_all(&list, Subscription::read)?;
            let more = list["has_more"] == true && !page.is_empty();
            all.extend(page);
            if !more {
                break;
            }
        }
        Ok(all)
    }

    /// One subscription.
    pub async fn subscription(&self, id: &str) -> Result<Subscription> {
        let path = format!("subscriptions/{}", checked(id)?);
        needed(Subscription::read(&self.get(&path, &[]).await?))
    }

    /// The newest invoices of a customer.
    pub async fn invoices_of(&self, customer: &str) -> Result<Vec<Invoice>> {
        let fields = [("customer", customer), ("limit", INVOICES)];
        let list = self.get("invoices", &fields).await?;
        read_all(&list, Invoice::read)
    }

    /// The pages on which a customer may still pay, a hundred at most.
    pub async fn open_checkouts(&self, customer: &str) -> Result<Vec<String>> {
        let fields = [("customer", customer), ("status", "open"), ("limit", PAGE)];
        let list = self.get("checkout/sessions", &fields).await?;
        read_all(&list, |object| text(&object["id"]))
    }

    /// Closes the page on which something is bought. One that is not open is refused.
    pub async fn expire_checkout(&self, id: &str) -> Result<()> {
        let path = format!("checkout/sessions/{}/expire", checked(id)?);
        let key = format!("expire-{id}");
        self.post(&path, &[], &key).await.map(|_| ())
    }

    /// Ends a subscription at once. One that has ended is refused as missing.
    pub async fn cancel_subscription(&self, id: &str) -> Result<()> {
        let path = format!("subscriptions/{}", checked(id)?);
        let ask = Ask {
            method: Method::DELETE,
            path: &path,
            fields: &[],
            idempotency: None,
        };
        self.wire.ask(ask).await.map(|_| ())
    }

    async fn get(&self, path: &str, fields: &[(&str, &str)]) -> Result<Value> {
        let ask = Ask {
            method: Method::GET,
            path,
            fields,
            idempotency: None,
        };
        self.wire.ask(ask).await
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)], key: &str) -> Result<Value> {
        let ask = Ask {
            method: Method::POST,
            path,
            fields,
            idempotency: Some(key),
        };
        self.wire.ask(ask).await
    }
}

/// What must stand in an answer.
fn needed<T>(found: Option<T>) -> Result<T> {
    found.ok_or(StripeError::Away("gave an answer that cannot be read"))
}

/// All of a list or none of it: one that is left out would look as if it were gone.
fn read_all<T>(list: &Value, read: fn(&Value) -> Option<T>) -> Result<Vec<T>> {
    let data = needed(list["data"].as_array())?;
    data.iter().map(|object| needed(read(object))).collect()
}

/// An id that can stand in an address.
fn checked(id: &str) -> Result<&str> {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let fits = (1..=255).contains(&id.len()) && id.bytes().all(fits);
    fits.then_some(id).ok_or(StripeError::Refused {
        status: 404,
        code: "resource_missing".into(),
        about: "id".into(),
        kind: "invalid_request_error".into(),
    })
}
