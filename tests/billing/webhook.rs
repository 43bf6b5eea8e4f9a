//! Events of Stripe's: each counts once, whoever it is about, and nothing of them is believed unasked.

use std::time::Duration;

use futures_util::future::join_all;
use novacore::billing::{self, EventRow, EventState};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::app::TestApp;
use crate::support::http::Person;
use crate::support::people::id_of;
use crate::support::stripe::{BASIC, PRO, SECRET, post_event, signed};

fn row(app: &TestApp, event: &Value) -> Option<EventRow> {
    let id = event["id"].as_str().unwrap();
    app.app.store.read(|tx| billing::event(tx, id)).unwrap()
}

fn jobs(app: &TestApp) -> usize {
    let jobs = &app.app.jobs;
    let all = app
        .app
        .store
        .read(|tx| jobs.list(tx, Some(billing::SYNC), None, 1_000));
    all.unwrap().len()
}

async fn plan_of(person: &Person) -> String {
    person.get("/api/auth/me").await.str("plan")
}

/// With billing off there is nobody to tell.
#[tokio::test]
async fn without_billing_there_is_no_webhook() {
    let app = TestApp::new().await;
    for path in ["/api/billing/webhook", "/billing/webhook"] {
        let answer = app.nobody().post(path, &json!({})).await;
        assert_eq!((answer.status, answer.code()), (404, "not_found"), "{path}");
    }
    let health = app.nobody().get("/api/billing/health").await;
    assert_eq!(health.str("status"), "off");
    app.finish().await;
}

/// What is signed well and is no event, or one of the other mode, is refused; what is too long as well.
#[tokio::test]
async fn what_is_no_event_of_ours_is_refused() {
    let (app, stripe) = TestApp::with_stripe(|_| {}).await;
    let now = stripe.books().now();
    let mut live = stripe.books().customer_event();
    live["livemode"] = json!(true);
    for (body, code) in [
        ("{not json".to_owned(), "malformed"),
        (String::new(), "malformed"),
        (
            json!({"type": "invoice.paid", "livemode": false}).to_string(),
            "malformed",
        ),
        (
            json!({"id": "evt_1", "livemode": false}).to_string(),
            "malformed",
        ),
        (
            json!({"id": "evt_1", "type": "invoice.paid"}).to_string(),
            "malformed",
        ),
        (
            json!({"id": "e".repeat(300), "type": "x", "livemode": false}).to_string(),
            "malformed",
        ),
        (live.to_string(), "livemode_mismatch"),
    ] {
        let answer = post_event(&app, &body, Some(&signed(&body, SECRET, now))).await;
        assert_eq!((answer.status, answer.code()), (400, code), "{body}");
    }
    let long = " ".repeat(1024 * 1024 + 1);
    let answer = post_event(&app, &long, Some(&signed(&long, SECRET, now))).await;
    assert_eq!((answer.status, answer.code()), (413, "body_too_large"));
    app.finish().await;
}

/// Stripe may be told either address.
#[tokio::test]
async fn both_addresses_are_one() {
    let (app, stripe) = TestApp::with_stripe(|_| {}).await;
    let event = stripe.books().customer_event();
    let body = event.to_string();
    let request = app.nobody().request("POST", "/billing/webhook");
    let header = signed(&body, SECRET, stripe.books().now());
    let answer = Person::send(request.header("stripe-signature", header).body(body)).await;
    assert_eq!(
        (answer.status, answer.body),
        (200, json!({"received": true}))
    );
    assert_eq!(row(&app, &event).unwrap().state, EventState::Ignored);
    app.finish().await;
}

/// An event that comes eight times at once, and again later, has one effect.
#[tokio::test]
async fn what_comes_again_counts_once() {
    let (app, stripe) = TestApp::with_stripe(|_| {}).await;
    let ada = app.user("ada").await;
    stripe.buys(id_of(&ada).await, PRO);
    let completed = stripe.events().remove(0);
    let eight = (0..8).map(|_| stripe.deliver(&app, &completed));
    for answer in join_all(eight).await {
        assert_eq!(
            (answer.status, answer.body),
            (200, json!({"received": true}))
        );
    }
    app.run_jobs().await;
    assert_eq!((jobs(&app), stripe.asked("subscriptions")), (1, 1));
    assert_eq!(plan_of(&ada).await, "pro");
    assert_eq!(stripe.deliver(&app, &completed).await.status, 200);
    app.run_jobs().await;
    assert_eq!((jobs(&app), stripe.asked("subscriptions")), (1, 1));
    assert_eq!(row(&app, &completed).unwrap().state, EventState::Done);
    let metrics = app.nobody().get("/metrics").await.text;
    for line in [
        "stripe_events_total{type=\"checkout.session.completed\",result=\"stored\"}",
        "stripe_events_total{type=\"checkout.session.completed\",result=\"repeat\"}",
        "stripe_events_total{type=\"checkout.session.completed\",result=\"done\"}",
    ] {
        assert!(metrics.contains(line), "{line}");
    }
    app.finish().await;
}

/// Types that we do not know, and customers that are nobody's here, are taken and change nothing; what is
/// kept of them names nobody. Metrics tell their types only where we know them.
#[tokio::test]
async fn what_is_about_nobody_changes_nothing() {
    let (app, stripe) = TestApp::with_stripe(|_| {}).await;
    let strange = json!({"id": "evt_strange", "object": "event", "type": "pomegranate.ripened",
        "created": 1, "livemode": false, "data": {"object": {"customer": "cus_secret"}}});
    let customer = stripe.books().customer("bob@example.org", &json!({}));
    let subscription = stripe.books().subscribe(&customer, PRO, &json!({}));
    let unknown = stripe.change(&subscription, &json!({}));
    for event in [&strange, &unknown] {
        assert_eq!(stripe.deliver(&app, event).await.status, 200);
        let row = row(&app, event).unwrap();
        assert_eq!(row.state, EventState::Ignored);
        assert_eq!(
            (row.customer, row.user, row.seen, row.error),
            (None, None, None, None)
        );
    }
    app.run_jobs().await;
    assert_eq!((jobs(&app), stripe.asked("")), (0, 0));
    let metrics = app.nobody().get("/metrics").await.text;
    assert!(!metrics.contains("pomegranate"), "{metrics}");
    app.finish().await;
}

/// Whose customer it is, is learned from what we had said at the purchase, of accounts that are here; and
/// it is never learned anew: neither does somebody get another customer, nor a customer another owner.
#[tokio::test]
async fn who_is_which_customer_is_learned_once() {
    let (app, stripe) = TestApp::with_stripe(|_| {}).await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let (ada_id, bob_id) = (id_of(&ada).await, id_of(&bob).await);
    let (first, _) = stripe.buys(ada_id, PRO);
    // By the subscription's metadata; and by the checkout's reference, for which there is no metadata.
    let mut events = stripe.events();
    events.remove(0);
    stripe.deliver(&app, &events[0]).await;
    let (second, _) = stripe.buys(bob_id, BASIC);
    let mut completed = stripe.events().remove(0);
    completed["data"]["object"]["metadata"] = json!({});
    stripe.deliver(&app, &completed).await;
    app.run_jobs().await;
    assert_eq!(
        (plan_of(&ada).await, plan_of(&bob).await),
        ("pro".into(), "basic".into())
    );

    let tell = |customer: &str, user: Uuid, id: &str| {
        json!({"id": id, "object": "event", "type": "checkout.session.completed", "created": 1,
            "livemode": false, "data": {"object": {"object": "checkout.session",
            "customer": customer, "client_reference_id": user}}})
    };
    let third = stripe.books().customer("eve@example.org", &json!({}));
    let stranger = tell(&third, app.app.ids.next(), "evt_stranger");
    let another = tell(&third, ada_id, "evt_another");
    let taken = tell(&first, bob_id, "evt_taken");
    for event in [&stranger, &another, &taken] {
        assert_eq!(stripe.deliver(&app, event).await.status, 200);
    }
    app.run_jobs().await;
    for event in [&stranger, &another] {
        let row = row(&app, event).unwrap();
        assert_eq!((row.state, row.user), (EventState::Ignored, None));
        assert!(row.error.is_some());
    }
    // What is about ada's customer is about ada, whoever it names.
    assert_eq!(row(&app, &taken).unwrap().user, Some(ada_id));
    let known = |user| {
        app.app
            .store
            .read(|tx| billing::known_customer(&app.app, tx, user))
    };
    assert_eq!(known(ada_id).unwrap().unwrap().customer, first);
    assert_eq!(known(bob_id).unwrap().unwrap().customer, second);
    assert_eq!(plan_of(&bob).await, "basic");
    app.finish().await;
}

/// A request with a browser's marks of another site is refused before anything else; Stripe has none.
#[tokio::test]
async fn no_page_sends_events() {
    let (app, stripe) = TestApp::with_stripe(|_| {}).await;
    let body = stripe.books().customer_event().to_string();
    let header = signed(&body, SECRET, stripe.books().now());
    let request = app.nobody().request("POST", "/api/billing/webhook");
    let request = request.header("origin", "https://evil.example");
    let answer = Person::send(request.header("stripe-signature", header).body(body)).await;
    assert_eq!((answer.status, answer.code()), (403, "cross_site"));
    app.finish().await;
}

/// Events are kept for ninety days.
#[tokio::test]
async fn old_events_are_forgotten() {
    let (app, stripe) = TestApp::with_stripe(|_| {}).await;
    let ada = app.user("ada").await;
    stripe.buys(id_of(&ada).await, PRO);
    let events = stripe.events();
    stripe.deliver(&app, &events[0]).await;
    app.run_jobs().await;
    app.advance(Duration::from_hours(24 * 89));
    stripe.deliver(&app, &events[1]).await;
    novacore::schedule::sweep(&app.app).await.unwrap();
    assert!(row(&app, &events[0]).is_some());
    // What asks just now would wait too long otherwise, and try again later.
    app.run_jobs().await;
    app.settle().await;
    app.advance(Duration::from_hours(48));
    novacore::schedule::sweep(&app.app).await.unwrap();
    assert!(row(&app, &events[0]).is_none());
    assert!(row(&app, &events[1]).is_some());
    let listed = app.app.store.read(|tx| billing::events(tx, None, None, 10));
    assert_eq!(listed.unwrap().len(), 1);
    app.run_jobs().await;
    app.finish().await;
}

/// An administrator's list goes from the newest on, in pages, by state.
#[tokio::test]
async fn events_are_listed() {
    let (app, stripe) = TestApp::with_stripe(|_| {}).await;
    let ada = app.user("ada").await;
    stripe.buys(id_of(&ada).await, PRO);
    for event in stripe.events() {
        stripe.deliver(&app, &event).await;
        app.advance(Duration::from_secs(1));
    }
    app.run_jobs().await;
    let strange = stripe.books().customer_event();
    stripe.deliver(&app, &strange).await;
    let list = |state, before: Option<&str>, limit| {
        let rows = app
            .app
            .store
            .read(|tx| billing::events(tx, state, before, limit));
        let rows = rows.unwrap().into_iter();
        rows.map(|row| row.kind).collect::<Vec<_>>()
    };
    let all = list(None, None, 10);
    assert_eq!(all.len(), 4);
    assert_eq!(all[3], "checkout.session.completed");
    assert_eq!(list(Some(EventState::Ignored), None, 10).len(), 1);
    assert_eq!(list(Some(EventState::Done), None, 2), all[1..3]);
    let first = strange["id"].as_str().unwrap();
    assert_eq!(list(None, Some(first), 10), all[1..]);
    assert!(list(None, Some("evt_nobodys"), 10).is_empty());
    app.finish().await;
}
