//! What an event says, as far as we need it. Pure.

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use crate::billing::customers::Subscription;
use crate::outside::{stripe_id, stripe_text, stripe_time};

/// After these, how somebody stands at Stripe is asked for.
const RELEVANT: [&str; 18] = [
    "charge.dispute.created",
    "charge.refunded",
    "checkout.session.async_payment_failed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.completed",
    "customer.subscription.created",
    "customer.subscription.deleted",
    "customer.subscription.paused",
    "customer.subscription.resumed",
    "customer.subscription.trial_will_end",
    "customer.subscription.updated",
    "invoice.finalized",
    "invoice.marked_uncollectible",
    "invoice.paid",
    "invoice.payment_action_required",
    "invoice.payment_failed",
    "invoice.payment_succeeded",
    "invoice.voided",
];

/// Longest id and type that are taken for one, bytes.
const LONGEST: usize = 255;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub id: String,
    pub kind: String,
    pub created: Option<Timestamp>,
    pub livemode: bool,
    pub customer: Option<String>,
    /// Whose customer it is, by what we had said when something was bought.
    pub user: Option<Uuid>,
    pub subscription: Option<Subscription>,
}

impl Told {
    /// The event in a body, if it is one.
    pub fn read(body: &[u8]) -> Option<Self> {
        let event: Value = serde_json::from_slice(body).ok()?;
        let short = |key: &str| stripe_text(&event[key]).filter(|text| text.len() <= LONGEST);
        let object = &event["data"]["object"];
        // Who pays by a link that was made in the dashboard writes into its address what they like.
        let by_link = !object["payment_link"].is_null();
        let reference = Some(&object["client_reference_id"]).filter(|_| !by_link);
        let names = [
            reference.unwrap_or(&Value::Null),
            &object["metadata"]["user_id"],
            &object["parent"]["subscription_details"]["metadata"]["user_id"],
        ];
        let mut users = names.into_iter().filter_map(Value::as_str);
        let subscription = Subscription::read(object);
        Some(Self {
            id: short("id")?,
            kind: short("type")?,
            created: stripe_time(&event["created"]),
            livemode: event["livemode"].as_bool()?,
            customer: stripe_id(&object["customer"]).filter(|id| id.len() <= LONGEST),
            user: users.find_map(|user| user.parse().ok()),
            subscription,
        })
    }

    /// Whether something may still be paid, as far as it says.
    pub fn is_open(&self) -> bool {
        let subscription = self.subscription.as_ref();
        subscription.is_none_or(|subscription| !subscription.status.is_over())
    }

    pub fn is_relevant(&self) -> bool {
        RELEVANT.contains(&self.kind.as_str())
    }
}

/// The type as it may stand in a metric: of a small set.
pub fn label(kind: &str) -> &'static str {
    let known = RELEVANT.iter().find(|known| **known == kind);
    known.copied().unwrap_or("other")
}
