//! What the stand-in for Stripe keeps, and what happens to it when somebody pays, cancels or changes.

use std::collections::HashMap;

use novacore::clock::Clock;
use serde_json::{Value, json};

use super::stripe::PRICES;

/// A call, as it came.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub fields: HashMap<String, String>,
    pub version: String,
    pub idempotency: String,
}

#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one thing that a test has it do"
)]
pub struct Books {
    pub url: String,
    pub clock: Clock,
    /// By id. What begins with `_` is not told.
    objects: HashMap<String, Value>,
    /// Ids, oldest first.
    order: Vec<String>,
    /// By key: the fingerprint of what was asked, and the answer.
    pub once: HashMap<String, (String, (u16, Value))>,
    /// Events that nobody took yet.
    pub events: Vec<Value>,
    pub asked: Vec<Asked>,
    made: u32,
    /// Every call fails with this status.
    pub down: Option<u16>,
    /// Every call hangs.
    pub hangs: bool,
    /// Answers and events have the form from before 2025-03-31.basil.
    pub old_shape: bool,
    pub livemode: bool,
    /// No customer is known, as with the key of another account.
    forgetful: bool,
    /// Nobody saved the portal's settings in the dashboard.
    pub no_portal: bool,
    /// At most so many on a page of a list, whatever is asked for.
    pub page: usize,
    /// Where events are posted by themselves.
    pub hook: Option<String>,
}

const DAY: i64 = 86_400;

impl Books {
    pub fn new(url: String) -> Self {
        Self {
            url,
            clock: Clock::system(),
            objects: HashMap::new(),
            order: vec![],
            once: HashMap::new(),
            events: vec![],
            asked: vec![],
            made: 0,
            down: None,
            hangs: false,
            old_shape: false,
            livemode: false,
            forgetful: false,
            no_portal: false,
            page: usize::MAX,
            hook: None,
        }
    }

    pub fn now(&self) -> i64 {
        self.clock.now().as_second()
    }

    /// An id that nothing has yet.
    fn id(&mut self, prefix: &str) -> String {
        self.made += 1;
        format!("{prefix}{:08}", self.made)
    }

    fn add(&mut self, mut object: Value) -> String {
        let id = object["id"].as_str().unwrap().to_owned();
        object["livemode"] = json!(self.livemode);
        object["created"] = json!(self.now());
        self.objects.insert(id.clone(), object);
        self.order.push(id.clone());
        id
    }

    /// An object as it is kept.
    pub fn kept(&self, id: &str) -> Option<&Value> {
        let there = |object: &&Value| !self.forgetful || object["object"] != "customer";
        self.objects.get(id).filter(there)
    }

    pub fn forget_customers(&mut self, forgetful: bool) {
        self.forgetful = forgetful;
    }

    /// An object as it is told.
    pub fn told(&self, id: &str) -> Option<Value> {
        let mut object = self.objects.get(id)?.clone();
        object
            .as_object_mut()?
            .retain(|key, _| !key.starts_with('_'));
        if self.old_shape {
            age(&mut object);
        }
        Some(object)
    }

    /// All of a kind that belong to a customer, newest first.
    pub fn of_customer(&self, kind: &str, customer: Option<&str>) -> Vec<String> {
        let fits = |object: &Value| {
            object["object"] == kind
                && customer.is_none_or(|customer| object["customer"] == customer)
        };
        let ids = self.order.iter().rev();
        ids.filter(|id| fits(&self.objects[*id])).cloned().collect()
    }

    pub fn change(&mut self, id: &str, over: &Value) {
        let object = self.objects.get_mut(id).unwrap();
        for (key, value) in over.as_object().unwrap() {
            object[key] = value.clone();
        }
    }

    /// An event about an object as it is now, among those that wait.
    pub fn tell(&mut self, kind: &str, id: &str) -> Value {
        let object = self.told(id).unwrap();
        let event = json!({"id": self.id("evt_"), "object": "event", "type": kind,
            "api_version": if self.old_shape { "2024-06-20" } else { "2025-03-31.basil" },
            "created": self.now(), "livemode": self.livemode, "pending_webhooks": 1,
            "request": {"id": null, "idempotency_key": null}, "data": {"object": object}});
        self.events.push(event.clone());
        event
    }

    /// An event about nobody of ours.
    pub fn customer_event(&mut self) -> Value {
        let id = self.customer("stranger@example.org", &json!({}));
        self.tell("customer.created", &id);
        self.events.pop().unwrap()
    }

    pub fn customer(&mut self, email: &str, metadata: &Value) -> String {
        let id = self.id("cus_");
        self.add(json!({"id": id, "object": "customer", "email": email, "metadata": metadata}))
    }

    /// Somebody deletes a customer in the dashboard, which ends what it pays for. What it had is told all
    /// the same; or nothing is, as when all data of test mode is deleted.
    pub fn delete_customer(&mut self, id: &str, data_too: bool) {
        for subscription in self.of_customer("subscription", Some(id)) {
            self.cancel(&subscription);
        }
        self.change(id, &json!({"deleted": true}));
        if data_too {
            self.objects.remove(id);
            self.order.retain(|kept| kept != id);
        }
    }

    /// Whether something can be bought by this customer.
    pub fn can_buy(&self, customer: &str) -> bool {
        let customer = self.kept(customer);
        customer.is_some_and(|customer| customer["deleted"] != true)
    }

    /// A checkout session that is open.
    pub fn session(&mut self, fields: &Value) -> String {
        let id = self.id("cs_test_");
        let url = format!("{}/pay/{id}", self.url);
        let mut object = json!({"id": id, "object": "checkout.session", "mode": "subscription",
            "status": "open", "payment_status": "unpaid", "subscription": null, "url": url});
        for (key, value) in fields.as_object().unwrap() {
            object[key] = value.clone();
        }
        self.add(object)
    }

    /// A session of the portal.
    pub fn portal(&mut self, customer: &str, return_url: &str) -> String {
        let id = self.id("bps_");
        let url = format!("{}/portal/{id}", self.url);
        self.add(
            json!({"id": id, "object": "billing_portal.session", "customer": customer,
            "return_url": return_url, "url": url}),
        )
    }

    /// Somebody pays on the page of a session; the subscription.
    pub fn pay(&mut self, session: &str) -> String {
        let asked = self.objects[session].clone();
        let price = asked["_price"].as_str().unwrap().to_owned();
        let customer = asked["customer"].as_str().unwrap().to_owned();
        let metadata = asked["_subscription_metadata"].clone();
        let subscription = self.subscribe(&customer, &price, &metadata);
        let over = json!({"status": "complete", "payment_status": "paid",
            "subscription": subscription, "url": null});
        self.change(session, &over);
        self.tell("checkout.session.completed", session);
        self.tell("customer.subscription.created", &subscription);
        let invoice = self.invoice(&subscription, true);
        self.tell("invoice.paid", &invoice);
        subscription
    }

    /// A subscription that is paid for.
    pub fn subscribe(&mut self, customer: &str, price: &str, metadata: &Value) -> String {
        let id = self.id("sub_");
        let item = self.item(price);
        self.add(
            json!({"id": id, "object": "subscription", "customer": customer,
            "status": "active", "cancel_at_period_end": false, "cancel_at": null,
            "canceled_at": null, "ended_at": null, "metadata": metadata,
            "items": {"object": "list", "data": [item], "has_more": false}}),
        )
    }

    fn item(&mut self, price: &str) -> Value {
        let (_, interval, amount) = PRICES.into_iter().find(|(id, ..)| *id == price).unwrap();
        let days = if interval == "year" { 365 } else { 30 };
        json!({"id": self.id("si_"), "object": "subscription_item", "quantity": 1,
            "current_period_start": self.now(), "current_period_end": self.now() + days * DAY,
            "price": {"id": price, "object": "price", "unit_amount": amount, "currency": "usd",
                "recurring": {"interval": interval, "interval_count": 1}}})
    }

    /// An invoice for the present period of a subscription.
    pub fn invoice(&mut self, subscription: &str, paid: bool) -> String {
        let (of, id) = (self.objects[subscription].clone(), self.id("in_"));
        let price = &of["items"]["data"][0]["price"];
        let amount = &price["unit_amount"];
        let at = if paid { json!(self.now()) } else { Value::Null };
        let number = format!("NOVA-{}", &id[3..]);
        let line = json!({"object": "line_item", "amount": amount,
            "pricing": {"type": "price_details", "price_details": {"price": price["id"]}}});
        let details = json!({"subscription": subscription, "metadata": of["metadata"]});
        let (hosted, pdf) = (
            format!("{}/invoice/{id}", self.url),
            format!("{}/invoice/{id}/pdf", self.url),
        );
        self.add(
            json!({"id": id, "object": "invoice", "customer": of["customer"], "number": number,
            "status": if paid { "paid" } else { "open" }, "amount_due": amount,
            "amount_paid": if paid { amount.clone() } else { json!(0) }, "currency": "usd",
            "attempt_count": 1, "status_transitions": {"paid_at": at},
            "lines": {"object": "list", "data": [line], "has_more": false},
            "hosted_invoice_url": hosted, "invoice_pdf": pdf,
            "parent": {"type": "subscription_details", "subscription_details": details}}),
        )
    }

    /// The next period's payment fails: the subscription is past due.
    pub fn payment_fails(&mut self, subscription: &str) {
        self.change(subscription, &json!({"status": "past_due"}));
        let invoice = self.invoice(subscription, false);
        self.tell("invoice.payment_failed", &invoice);
        self.tell("customer.subscription.updated", subscription);
    }

    /// Ends a subscription at once.
    pub fn cancel(&mut self, subscription: &str) {
        let now = self.now();
        let over = json!({"status": "canceled", "ended_at": now, "canceled_at": now});
        self.change(subscription, &over);
        self.tell("customer.subscription.deleted", subscription);
    }

    /// Whether a subscription is to end with its period.
    pub fn cancel_at_period_end(&mut self, subscription: &str, ends: bool) {
        let end = self.objects[subscription]["items"]["data"][0]["current_period_end"].clone();
        let at = if ends { end } else { Value::Null };
        let over = json!({"cancel_at_period_end": ends, "cancel_at": at});
        self.change(subscription, &over);
        self.tell("customer.subscription.updated", subscription);
    }

    /// Another price from now on.
    pub fn switch(&mut self, subscription: &str, price: &str) {
        let item = self.item(price);
        let items = json!({"object": "list", "data": [item], "has_more": false});
        self.change(subscription, &json!({"items": items}));
        self.tell("customer.subscription.updated", subscription);
    }
}

/// The form that an object had before 2025-03-31.basil.
fn age(object: &mut Value) {
    if object["object"] == "subscription" {
        for key in ["current_period_start", "current_period_end"] {
            let item = object["items"]["data"][0].as_object_mut().unwrap();
            let value = item.remove(key).unwrap();
            object[key] = value;
        }
    }
    if object["object"] == "invoice" {
        let fields = object.as_object_mut().unwrap();
        let parent = fields.remove("parent").unwrap();
        let subscription = parent["subscription_details"]["subscription"].clone();
        fields.insert("subscription".into(), subscription);
        for line in object["lines"]["data"].as_array_mut().unwrap() {
            let pricing = line.as_object_mut().unwrap().remove("pricing").unwrap();
            line["price"] = json!({"id": pricing["price_details"]["price"], "object": "price"});
        }
    }
}
