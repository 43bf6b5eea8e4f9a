//! Buying a plan and managing it: who may, what is asked of Stripe, and what happens when it cannot be
//! asked.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::future::join;
use reqwest::RequestBuilder;
use serde_json::json;

use crate::support::app::TestApp;
use crate::support::clock::soon;
use crate::support::http::{Answer, Person};
use crate::support::people::id_of;
use crate::support::stripe::{BASIC, FakeStripe, KEY, PRO};

const CHECKOUT: &str = "/api/billing/checkout";
const PORTAL: &str = "/api/billing/portal";
const REFRESH: &str = "/api/billing/refresh";
pub const SUBSCRIPTION: &str = "/api/billing/subscription";

/// Everything but the webhook that is there with billing alone.
const ALL: [(&str, &str); 5] = [
    ("GET", SUBSCRIPTION),
    ("GET", "/api/billing/invoices"),
    ("POST", CHECKOUT),
    ("POST", PORTAL),
    ("POST", REFRESH),
];

/// A program that sells plans, and gives none away to try.
pub async fn shop() -> (TestApp, FakeStripe) {
    TestApp::with_stripe(|config| config.billing.trial_days = 0).await
}

pub async fn buy(person: &Person, plan: &str) -> Answer {
    let body = json!({"plan": plan, "period": "monthly"});
    person.post(CHECKOUT, &body).await
}

/// With a key that the client chose.
fn keyed(person: &Person, plan: &str, key: &str) -> RequestBuilder {
    let body = json!({"plan": plan, "period": "monthly"});
    let request = person.request("POST", CHECKOUT).json(&body);
    request.header("idempotency-key", key)
}

/// Passes when it is refused so, in a sentence of ours.
fn is_refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, answer.code()), (status, code), "{answer:?}");
    let said = answer.str("error");
    assert!(said.ends_with('.') && !said.contains("marigold"), "{said}");
}

/// What we asked Stripe for last at a path, and under which key.
fn asked(stripe: &FakeStripe, path: &str) -> (HashMap<String, String>, String) {
    let books = stripe.books();
    let path = format!("/v1/{path}");
    let last = books.asked.iter().rfind(|asked| asked.path == path);
    let last = last.unwrap();
    (last.fields.clone(), last.idempotency.clone())
}

/// Stripe is told who buys what, and where to send them back to: to the configured address, whatever the
/// request calls this server.
#[tokio::test]
async fn what_is_asked_for() {
    let (app, stripe) = TestApp::with_stripe(|config| {
        config.server.public_url = "https://nova.example.org/".into();
    })
    .await;
    let ada = app.user("ada").await;
    let body = json!({"plan": "pro", "period": "monthly"});
    let request = ada.request("POST", CHECKOUT).json(&body);
    let request = request.header("x-forwarded-host", "evil.example");
    let bought = Person::send(request).await;
    assert_eq!(bought.status, 200, "{bought:?}");
    assert!(bought.str("url").starts_with(&stripe.url()));
    let id = id_of(&ada).await.to_string();
    let (customer, _) = asked(&stripe, "customers");
    assert_eq!(customer["email"], "ada@example.org");
    assert_eq!(customer["metadata[user_id]"], id);
    let (session, _) = asked(&stripe, "checkout/sessions");
    for (field, value) in [
        ("mode", "subscription"),
        ("line_items[0][price]", PRO),
        ("line_items[0][quantity]", "1"),
        ("client_reference_id", &id),
        ("metadata[user_id]", &id),
        ("subscription_data[metadata][user_id]", &id),
        (
            "success_url",
            "https://nova.example.org/billing/success?session_id={CHECKOUT_SESSION_ID}",
        ),
        ("cancel_url", "https://nova.example.org/billing/cancel"),
    ] {
        assert_eq!(session[field], value, "{field}");
    }
    assert!(session["customer"].starts_with("cus_"));
    let portal = ada.post(PORTAL, &json!({})).await;
    assert!(portal.str("url").starts_with(&stripe.url()), "{portal:?}");
    let (portal, _) = asked(&stripe, "billing_portal/sessions");
    assert_eq!(portal["customer"], session["customer"]);
    assert_eq!(portal["return_url"], "https://nova.example.org/plans");
    app.finish().await;
}

/// What is not sold, is no plan, or is asked for by somebody whose address is not verified, is refused
/// before Stripe hears of it.
#[tokio::test]
async fn what_cannot_be_bought() {
    let (app, stripe) = shop().await;
    let ada = app.user("ada").await;
    let ask = async |plan: &str, period: &str| {
        let body = json!({"plan": plan, "period": period});
        ada.post(CHECKOUT, &body).await
    };
    is_refused(&ask("free", "monthly").await, 409, "plan_not_for_sale");
    is_refused(&ask("pro", "yearly").await, 409, "plan_not_for_sale");
    is_refused(&ask("gold", "monthly").await, 422, "plan_unknown");
    assert!((400..500).contains(&ask("pro", "weekly").await.status));
    let eve = app.unverified("eve").await;
    is_refused(&buy(&eve, "pro").await, 403, "email_unverified");
    is_refused(&ada.post(PORTAL, &json!({})).await, 409, "no_customer");
    assert_eq!(ada.post(REFRESH, &json!({})).await.status, 200);
    assert_eq!(stripe.asked(""), 0);
    app.finish().await;
}

/// Who has a subscription that may still be charged for buys no second one, however it stands; once it is
/// over they can.
#[tokio::test]
async fn no_second_subscription() {
    let (app, stripe) = shop().await;
    let ada = app.user("ada").await;
    let (_, subscription) = stripe.sells(&app, &ada, BASIC).await;
    for (status, refused) in [
        ("active", true),
        ("trialing", true),
        ("past_due", true),
        ("unpaid", true),
        ("paused", true),
        ("incomplete", true),
        ("incomplete_expired", false),
        ("canceled", false),
    ] {
        let event = stripe.change(&subscription, &json!({"status": status}));
        stripe.deliver(&app, &event).await;
        app.run_jobs().await;
        let answer = buy(&ada, "pro").await;
        assert_eq!(answer.status == 409, refused, "{status}: {answer:?}");
        if refused {
            is_refused(&answer, 409, "already_subscribed");
        }
    }
    app.finish().await;
}

/// Who has just paid in another window is not sold the same again, although no event came yet.
#[tokio::test]
async fn stripe_is_asked_before_a_second_checkout() {
    let (app, stripe) = shop().await;
    let ada = app.user("ada").await;
    let (first, second) = (buy(&ada, "pro").await, buy(&ada, "pro").await);
    assert_ne!(first.str("url"), second.str("url"), "two pages, none paid");
    let session = first.str("url").rsplit_once('/').unwrap().1.to_owned();
    stripe.books().pay(&session);
    is_refused(&buy(&ada, "basic").await, 409, "already_subscribed");
    let standing = ada.get(SUBSCRIPTION).await;
    assert_eq!(standing.str("plan"), "pro", "what was asked counts");
    app.finish().await;
}

/// Two requests at once, and all later ones, are of one customer, who is known before the page is made.
#[tokio::test]
async fn one_customer_for_each_account() {
    let (app, stripe) = shop().await;
    let ada = app.user("ada").await;
    stripe.hang(true);
    let buying = join(buy(&ada, "pro"), buy(&ada, "basic"));
    let meanwhile = async {
        stripe.hung(2).await;
        stripe.hang(false);
        stripe.wake();
    };
    let ((one, other), ()) = Box::pin(soon("two pages", join(buying, meanwhile))).await;
    assert_eq!((one.status, other.status), (200, 200), "{one:?} {other:?}");
    assert_eq!(buy(&ada, "pro").await.status, 200);
    assert_eq!(stripe.books().of_customer("customer", None).len(), 1);
    let bob = app.user("bob").await;
    assert_eq!(buy(&bob, "pro").await.status, 200);
    assert_eq!(stripe.books().of_customer("customer", None).len(), 2);
    app.finish().await;
}

/// A client that hangs up while the customer is made loses nothing: it is stored all the same.
#[tokio::test]
async fn a_customer_is_stored_for_who_hung_up() {
    let (app, stripe) = shop().await;
    let ada = app.user("ada").await;
    stripe.hang(true);
    {
        let asking = buy(&ada, "pro");
        let hung = stripe.hung(1);
        tokio::select! {
            answer = asking => panic!("{answer:?}"),
            () = hung => {}
        }
    }
    stripe.hang(false);
    stripe.wake();
    app.settle().await;
    let standing = ada.get(SUBSCRIPTION).await;
    assert_eq!(standing.body["can_manage"], true, "{standing:?}");
    assert_eq!(buy(&ada, "pro").await.status, 200);
    assert_eq!(stripe.asked("customers"), 1);
    app.finish().await;
}

/// A key that the client chose leads to the same page again; it is its owner's, and for one thing.
#[tokio::test]
async fn a_key_of_the_clients_own() {
    let (app, stripe) = shop().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let page = async |request: RequestBuilder| Person::send(request).await.str("url");
    let first = page(keyed(&ada, "pro", "a key")).await;
    assert_eq!(page(keyed(&ada, "pro", "a key")).await, first);
    let others = [
        page(keyed(&ada, "pro", "another key")).await,
        page(keyed(&ada, "basic", "a key")).await,
        page(keyed(&bob, "pro", "a key")).await,
        buy(&ada, "pro").await.str("url"),
        buy(&ada, "pro").await.str("url"),
    ];
    assert!(!others.contains(&first), "{others:?}");
    let (_, sent) = asked(&stripe, "checkout/sessions");
    assert!(!sent.is_empty());
    let ours = |key: &str| !key.contains("a key");
    assert!(stripe.books().asked.iter().all(|a| ours(&a.idempotency)));
    let long = "k".repeat(256);
    let answer = Person::send(keyed(&ada, "pro", &long)).await;
    is_refused(&answer, 400, "malformed");
    app.finish().await;
}

/// While Stripe is away, or refuses our key, people are told so in our words; what they had stays, and it
/// works again when Stripe is back.
#[tokio::test]
async fn stripe_away_and_back() {
    let (app, stripe) = shop().await;
    let ada = app.user("ada").await;
    for status in [500, 503, 429, 401] {
        stripe.down(Some(status));
        is_refused(&buy(&ada, "pro").await, 503, "billing_unavailable");
    }
    stripe.down(None);
    stripe.sells(&app, &ada, BASIC).await;
    stripe.down(Some(500));
    for path in [PORTAL, REFRESH] {
        let answer = ada.post(path, &json!({})).await;
        is_refused(&answer, 503, "billing_unavailable");
        assert!(!answer.text.contains(KEY), "{answer:?}");
    }
    assert_eq!(ada.get(SUBSCRIPTION).await.str("plan"), "basic");
    assert_eq!(ada.get("/api/billing/invoices").await.status, 200);
    stripe.down(None);
    for path in [PORTAL, REFRESH] {
        assert_eq!(ada.post(path, &json!({})).await.status, 200, "{path}");
    }
    app.finish().await;
}

/// The numbers of tries are limited for each person: ten pages an hour, six questions a minute.
#[tokio::test]
async fn so_many_and_no_more() {
    let (app, stripe) = shop().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    stripe.sells(&app, &bob, BASIC).await;
    let statuses = async |person: &Person, path: &str, count: usize| {
        let body = json!({"plan": "pro", "period": "monthly"});
        let mut statuses = vec![];
        for _ in 0..count {
            statuses.push(person.post(path, &body).await.status);
        }
        statuses
    };
    for (person, path, most, period) in [
        (&ada, CHECKOUT, 10, Duration::from_mins(10)),
        (&bob, PORTAL, 10, Duration::from_mins(10)),
        (&bob, REFRESH, 6, Duration::from_mins(1)),
    ] {
        let mut expected = vec![200; most];
        expected.push(429);
        assert_eq!(statuses(person, path, most + 1).await, expected, "{path}");
        if path == REFRESH {
            app.advance(period);
            assert_eq!(statuses(person, path, 1).await, [200]);
        }
    }
    assert_eq!(statuses(&bob, CHECKOUT, 1).await, [409], "each their own");
    app.finish().await;
}

/// With billing off none of it is there, and nothing says that it could be.
#[tokio::test]
async fn without_billing() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    for (method, path) in ALL {
        let body = json!({"plan": "pro", "period": "monthly"});
        let answer = Person::send(ada.request(method, path).json(&body)).await;
        is_refused(&answer, 404, "not_found");
        let said = answer.text.to_lowercase();
        assert!(!said.contains("stripe") && !said.contains("bill"), "{said}");
    }
    app.finish().await;
}

/// A copy of the data buys nothing and asks nothing until it is adopted; what it knows it shows.
#[tokio::test]
async fn a_copy_buys_nothing() {
    let (mut app, stripe) = shop().await;
    let ada = app.user("ada").await;
    stripe.sells(&app, &ada, BASIC).await;
    app.end();
    let original = app.config.data.dir.clone();
    app.config.data.dir = app.folder().join("copy");
    let copied = std::process::Command::new("cp")
        .arg("-a")
        .args([&original, &app.config.data.dir])
        .status();
    assert!(copied.unwrap().success());
    app.reopen().await;
    assert!(app.app.held());
    let before = stripe.asked("");
    let ada = app.user("ada").await;
    let bob = app.user("bob").await;
    is_refused(&buy(&bob, "pro").await, 503, "data_held");
    for path in [PORTAL, REFRESH] {
        is_refused(&ada.post(path, &json!({})).await, 503, "data_held");
    }
    assert_eq!(ada.get(SUBSCRIPTION).await.str("plan"), "basic");
    assert_eq!(stripe.asked(""), before);
    app.finish().await;
}
