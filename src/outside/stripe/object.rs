//! Stripe's objects as far as we need them, read from its answers and from the events it sends. Pure.
//!
//! Must stay true: both shapes are read, the one before version 2025-03-31.basil and the one since (an
//! event has the shape of its endpoint's version, whatever we ask for), with null wherever it may be; what
//! lacks its id or its customer is not read at all.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// How a subscription stands. The words are Stripe's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SubscriptionStatus)]
pub enum Status {
    Active,
    Trialing,
    /// A payment failed; it is tried again.
    PastDue,
    /// Payments failed and are not tried again.
    Unpaid,
    Canceled,
    /// The first payment is still to come.
    Incomplete,
    /// The first payment never came.
    IncompleteExpired,
    Paused,
}

impl Status {
    pub const ALL: [Self; 8] = [
        Self::Active,
        Self::Trialing,
        Self::PastDue,
        Self::Unpaid,
        Self::Canceled,
        Self::Incomplete,
        Self::IncompleteExpired,
        Self::Paused,
    ];

    /// A status that we do not know gives nothing, and may still change.
    fn of(word: &str) -> Self {
        serde_json::from_value(Value::from(word)).unwrap_or(Self::Incomplete)
    }

    /// Stripe's word for it.
    pub fn word(self) -> String {
        let word = serde_json::to_value(self).unwrap_or_default();
        word.as_str().unwrap_or_default().to_owned()
    }

    /// Nothing becomes of it any more.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Canceled | Self::IncompleteExpired)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    pub id: String,
    pub customer: String,
    pub status: Status,
    /// Of its first item: we sell one at a time.
    pub price: Option<String>,
    /// Of further items, which somebody added at Stripe.
    #[serde(default)]
    pub beside: Vec<String>,
    /// `month` or `year`.
    pub interval: Option<String>,
    pub current_period_start: Option<Timestamp>,
    pub current_period_end: Option<Timestamp>,
    pub cancel_at_period_end: bool,
    pub cancel_at: Option<Timestamp>,
    pub created: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub livemode: bool,
    /// `metadata[user_id]`, which we set when it was bought.
    pub user: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InvoiceStatus {
    Draft,
    Open,
    Paid,
    Void,
    Uncollectible,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invoice {
    pub id: String,
    pub customer: String,
    pub subscription: Option<String>,
    pub number: Option<String>,
    pub created: Timestamp,
    /// In the currency's smallest unit.
    pub amount_due: i64,
    pub amount_paid: i64,
    /// ISO code in small letters.
    pub currency: String,
    pub status: InvoiceStatus,
    /// Of its first line that has one.
    pub price: Option<String>,
    pub paid_at: Option<Timestamp>,
    pub hosted_url: Option<String>,
    pub pdf_url: Option<String>,
    pub livemode: bool,
}

impl Subscription {
    /// With the price in front that is one of ours, where another one stood there.
    pub fn put_first(&mut self, is_ours: impl Fn(&str) -> bool) {
        if self.price.as_deref().is_some_and(&is_ours) {
            return;
        }
        if let Some(ours) = self.beside.iter_mut().find(|price| is_ours(price))
            && let Some(first) = &mut self.price
        {
            std::mem::swap(ours, first);
        }
    }

    /// The subscription in an object of Stripe's, if it is one.
    pub fn read(object: &Value) -> Option<Self> {
        if object["object"] != "subscription" {
            return None;
        }
        let item = &object["items"]["data"][0];
        // Since basil the period stands in the item; before, in the subscription itself.
        let period = |key: &str| time(&item[key]).or_else(|| time(&object[key]));
        let price = [&item["price"], &item["plan"], &object["plan"]];
        let price = price.into_iter().find(|price| !price.is_null());
        let price = price.unwrap_or(&Value::Null);
        let interval = text(&price["recurring"]["interval"]).or_else(|| text(&price["interval"]));
        Some(Self {
            id: text(&object["id"])?,
            customer: id(&object["customer"])?,
            status: Status::of(object["status"].as_str()?),
            price: id(price),
            beside: beside(&object["items"]["data"]),
            interval,
            current_period_start: period("current_period_start"),
            current_period_end: period("current_period_end"),
            cancel_at_period_end: object["cancel_at_period_end"].as_bool().unwrap_or(false),
            cancel_at: time(&object["cancel_at"]),
            created: time(&object["created"])?,
            ended_at: time(&object["ended_at"]),
            livemode: object["livemode"].as_bool().unwrap_or(false),
            user: text(&object["metadata"]["user_id"]),
        })
    }
}

impl Invoice {
    /// The invoice in an object of Stripe's, if it is one.
    pub fn read(object: &Value) -> Option<Self> {
        if object["object"] != "invoice" {
            return None;
        }
        let details = &object["parent"]["subscription_details"];
        let amount = |key: &str| object[key].as_i64().unwrap_or(0);
        let status = serde_json::from_value(object["status"].clone());
        Some(Self {
            id: text(&object["id"])?,
            customer: id(&object["customer"])?,
            subscription: id(&details["subscription"]).or_else(|| id(&object["subscription"])),
            number: text(&object["number"]),
            created: time(&object["created"]).unwrap_or(Timestamp::UNIX_EPOCH),
            amount_due: amount("amount_due"),
            amount_paid: amount("amount_paid"),
            currency: text(&object["currency"]).unwrap_or_default(),
            status: status.unwrap_or(InvoiceStatus::Draft),
            price: price_of_lines(&object["lines"]["data"]),
            paid_at: time(&object["status_transitions"]["paid_at"]),
            hosted_url: text(&object["hosted_invoice_url"]),
            pdf_url: text(&object["invoice_pdf"]),
            livemode: object["livemode"].as_bool().unwrap_or(false),
        })
    }
}

fn beside(items: &Value) -> Vec<String> {
    let items = items.as_array().into_iter().flatten().skip(1);
    items.filter_map(|item| id(&item["price"])).collect()
}

fn price_of_lines(lines: &Value) -> Option<String> {
    let lines = lines.as_array()?;
    lines.iter().find_map(|line| {
        id(&line["pricing"]["price_details"]["price"]).or_else(|| id(&line["price"]))
    })
}

/// A text that is not empty.
pub fn text(value: &Value) -> Option<String> {
    let text = value.as_str().filter(|text| !text.is_empty());
    text.map(str::to_owned)
}

/// What an id refers to is told by the id, or stands in its place.
pub fn id(value: &Value) -> Option<String> {
    text(value).or_else(|| text(&value["id"]))
}

/// Seconds since 1970.
pub fn time(value: &Value) -> Option<Timestamp> {
    Timestamp::from_second(value.as_i64()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn at(second: i64) -> Option<Timestamp> {
        Timestamp::from_second(second).ok()
    }

    /// The period is found where each version of Stripe's puts it, the newer place first; where it stands
    /// nowhere it is unknown, and nothing fails.
    #[test]
    fn both_shapes_of_a_subscription() {
        let shape = |change: Value| {
            let mut object = json!({"object": "subscription", "id": "sub_1", "customer": "cus_1",
                "status": "active", "created": 5, "cancel_at": null, "metadata": null,
                "items": {"data": [{"price": {"id": "price_1", "recurring": {"interval": "year"}}}]}});
            for (key, value) in change.as_object().cloned().unwrap_or_default() {
                object[key] = value;
            }
            Subscription::read(&object).expect("a subscription")
        };
        let before = shape(json!({"current_period_start": 10, "current_period_end": 20}));
        assert_eq!(before.current_period_start, at(10));
        assert_eq!(before.current_period_end, at(20));
        let item = json!({"current_period_end": 30, "price": {"id": "price_2"}});
        let since = shape(json!({"items": {"data": [item]}, "current_period_end": 20}));
        assert_eq!(since.current_period_end, at(30));
        assert_eq!(since.price.as_deref(), Some("price_2"));
        let nowhere = shape(json!({"current_period_end": null, "customer": {"id": "cus_2"}}));
        assert_eq!(nowhere.current_period_end, None);
        assert_eq!(nowhere.customer, "cus_2");
        assert_eq!(nowhere.interval.as_deref(), Some("year"));
        let old = shape(json!({"items": null, "plan": {"id": "price_3", "interval": "month"}}));
        assert_eq!(old.price.as_deref(), Some("price_3"));
        assert_eq!(old.interval.as_deref(), Some("month"));
        assert_eq!(
            shape(json!({"status": "asleep"})).status,
            Status::Incomplete
        );
    }

    /// An invoice names its subscription and its price in two ways.
    #[test]
    fn both_shapes_of_an_invoice() {
        let before = json!({"object": "invoice", "id": "in_1", "customer": "cus_1", "status": "paid",
            "subscription": "sub_1", "lines": {"data": [{"price": {"id": "price_1"}}]}});
        let since = json!({"object": "invoice", "id": "in_1", "customer": "cus_1", "status": "paid",
            "parent": {"subscription_details": {"subscription": "sub_1"}},
            "lines": {"data": [{"pricing": {"price_details": {"price": "price_1"}}}]}});
        assert_eq!(Invoice::read(&before), Invoice::read(&since));
        let read = Invoice::read(&since).expect("an invoice");
        assert_eq!(read.subscription.as_deref(), Some("sub_1"));
        assert_eq!(read.price.as_deref(), Some("price_1"));
        let draft = json!({"object": "invoice", "id": "in_2", "customer": "cus_1", "status": null,
            "parent": null, "lines": null});
        let draft = Invoice::read(&draft).expect("an invoice");
        assert_eq!(draft.status, InvoiceStatus::Draft);
        assert_eq!(draft.subscription, None);
    }

    /// What is something else, or has no owner, is not taken for what it is not.
    #[test]
    fn other_objects_are_not_read() {
        for object in [
            json!(null),
            json!({"object": "customer", "id": "cus_1"}),
            json!({"object": "subscription", "id": "sub_1", "status": "active", "created": 1}),
            json!({"object": "subscription", "customer": "cus_1", "status": "active"}),
        ] {
            assert_eq!(Subscription::read(&object), None, "{object}");
        }
        assert_eq!(
            Invoice::read(&json!({"object": "invoice", "id": "in_1"})),
            None
        );
    }
}
