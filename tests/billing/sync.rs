//! What people pay for counts at once, as Stripe tells it when asked, whatever order events come in.

use std::time::Duration;

use novacore::billing::{self, EventState};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::app::TestApp;
use crate::support::http::Person;
use crate::support::people::{events, id_of};
use crate::support::stripe::{BASIC, BASIC_YEARLY, FakeStripe, OTHER, PRO};

const DAY: Duration = Duration::from_hours(24);

/// The plan as the account's owner is told it.
async fn plan_of(person: &Person) -> String {
    person.get("/api/auth/me").await.str("plan")
}

/// The plan when the access token may have run out.
fn plan_now(app: &TestApp, user: Uuid) -> String {
    let row = app.app.store.read(|tx| novacore::auth::user(tx, user));
    let now = app.clock.clock().now();
    novacore::auth::standing(&app.config, &row.unwrap().unwrap(), now).plan
}

/// The program has no trial, so that what is not paid for is `free`.
async fn shop() -> (TestApp, FakeStripe, Person, Uuid) {
    let (app, stripe) = TestApp::with_stripe(|config| config.billing.trial_days = 0).await;
    let ada = app.user("ada").await;
    let id = id_of(&ada).await;
    (app, stripe, ada, id)
}

async fn told(app: &TestApp, stripe: &FakeStripe) {
    stripe.deliver_all(app).await;
    app.run_jobs().await;
}

fn counting(app: &TestApp, user: Uuid) -> (billing::Customer, billing::Mirrored) {
    let found = app.app.store.read(|tx| billing::counting(tx, user));
    found.unwrap().unwrap()
}

/// What is bought counts with the next request, without signing in again; so does its end. Both stand among
/// the account's security events.
#[tokio::test]
async fn what_is_bought_counts_at_once() {
    let (app, stripe, ada, id) = shop().await;
    assert_eq!(plan_of(&ada).await, "free");
    let (_, subscription) = stripe.sells(&app, &ada, PRO).await;
    assert_eq!(plan_of(&ada).await, "pro");
    stripe.books().switch(&subscription, BASIC_YEARLY);
    told(&app, &stripe).await;
    assert_eq!(plan_of(&ada).await, "basic");
    stripe.books().cancel(&subscription);
    told(&app, &stripe).await;
    assert_eq!(plan_of(&ada).await, "free");
    let seen = events(&app.admin().await, "").await;
    let changes = seen
        .iter()
        .filter(|(what, _)| what == "subscription_changed");
    assert_eq!(changes.count(), 3);
    let invoices = app.app.store.read(|tx| billing::invoices(tx, id, None, 10));
    let invoices = invoices.unwrap();
    assert_eq!((invoices.len(), invoices[0].amount_paid), (1, 2_900));
    assert_eq!(invoices[0].price.as_deref(), Some(PRO));
    app.finish().await;
}

/// Each status gives what Stripe says it means.
#[tokio::test]
async fn every_status_gives_its_due() {
    let (app, stripe, ada, id) = shop().await;
    let (_, subscription) = stripe.sells(&app, &ada, PRO).await;
    for (status, plan) in [
        ("incomplete", "free"),
        ("active", "pro"),
        ("past_due", "pro"),
        ("unpaid", "free"),
        ("trialing", "pro"),
        ("paused", "free"),
        ("a status of next year", "free"),
        ("active", "pro"),
        ("incomplete_expired", "free"),
        ("active", "pro"),
        ("canceled", "free"),
    ] {
        stripe.change(&subscription, &json!({"status": status}));
        told(&app, &stripe).await;
        assert_eq!(plan_now(&app, id), plan, "{status}");
    }
    app.finish().await;
}

/// A paid plan lasts for its period and some days, should Stripe's next word be late, and then ends by
/// itself.
#[tokio::test]
async fn a_paid_plan_ends_by_itself() {
    let (app, stripe, ada, id) = shop().await;
    stripe.sells(&app, &ada, PRO).await;
    stripe.down(Some(500));
    app.advance(Duration::from_secs(37 * 86_400 - 1));
    assert_eq!(plan_now(&app, id), "pro");
    app.advance(Duration::from_secs(1));
    assert_eq!(plan_now(&app, id), "free");
    app.finish().await;
}

/// What is to end with its period ends then, to the second, and can be taken back before.
#[tokio::test]
async fn an_end_that_is_planned_is_kept() {
    let (app, stripe, ada, id) = shop().await;
    let (_, subscription) = stripe.sells(&app, &ada, PRO).await;
    stripe.books().cancel_at_period_end(&subscription, true);
    told(&app, &stripe).await;
    let paid = |app: &TestApp| {
        let user = app.app.store.read(|tx| novacore::auth::user(tx, id));
        user.unwrap()
            .unwrap()
            .paid
            .unwrap()
            .until
            .unwrap()
            .to_string()
    };
    assert_eq!(paid(&app), "2026-01-31T00:00:00Z");
    stripe.books().cancel_at_period_end(&subscription, false);
    told(&app, &stripe).await;
    assert_eq!(paid(&app), "2026-02-07T00:00:00Z");
    let end = json!({"cancel_at_period_end": false, "cancel_at": 1_767_225_600 + 3 * 86_400});
    stripe.change(&subscription, &end);
    told(&app, &stripe).await;
    stripe.down(Some(500));
    app.advance(Duration::from_secs(3 * 86_400 - 1));
    assert_eq!(plan_now(&app, id), "pro");
    app.advance(Duration::from_secs(1));
    assert_eq!(plan_now(&app, id), "free");
    app.finish().await;
}

/// When a payment fails the plan holds for the days of grace, counted from when that was first seen, however
/// often it is heard again; a payment that succeeds ends the worry.
#[tokio::test]
async fn a_failed_payment_has_days_of_grace() {
    let (app, stripe, ada, id) = shop().await;
    let (_, subscription) = stripe.sells(&app, &ada, PRO).await;
    stripe.books().payment_fails(&subscription);
    told(&app, &stripe).await;
    let (customer, row) = counting(&app, id);
    let until = "2026-01-08T00:00:00Z".parse().ok();
    assert_eq!(customer.grace_until, until);
    app.advance(DAY * 5);
    stripe.change(&subscription, &json!({}));
    told(&app, &stripe).await;
    assert_eq!(counting(&app, id).0.grace_until, until);
    assert_eq!(counting(&app, id).1.past_due_since, row.past_due_since);
    app.advance(DAY * 2);
    assert_eq!(plan_now(&app, id), "free");
    billing::sync_now(&app.app, id).await.unwrap();
    let user = app.app.store.read(|tx| novacore::auth::user(tx, id));
    assert_eq!(user.unwrap().unwrap().paid, None);

    stripe.change(&subscription, &json!({"status": "active"}));
    told(&app, &stripe).await;
    assert_eq!(plan_now(&app, id), "pro");
    assert_eq!(counting(&app, id).0.grace_until, None);
    assert_eq!(counting(&app, id).1.past_due_since, None);
    app.finish().await;
}

/// All events of a subscription's life, in any order and twice, lead to where Stripe stands.
#[tokio::test]
async fn order_and_repetition_do_not_matter() {
    for turn in 0..4 {
        let (app, stripe, ada, id) = shop().await;
        let (_, subscription) = stripe.buys(id, PRO);
        stripe.books().switch(&subscription, BASIC);
        stripe.books().payment_fails(&subscription);
        stripe.change(&subscription, &json!({"status": "active"}));
        stripe.books().cancel(&subscription);
        let mut all = stripe.events();
        all.extend(all.clone());
        match turn {
            0 => all.reverse(),
            turn => all.rotate_left(turn * 3),
        }
        for event in &all {
            assert_eq!(stripe.deliver(&app, event).await.status, 200);
        }
        app.run_jobs().await;
        assert_eq!(plan_of(&ada).await, "free", "{turn}");
        assert!(counting(&app, id).1.subscription.ended_at.is_some());
        app.finish().await;
    }
}

/// While Stripe cannot be asked its events' own words count, the newest only; what ended stays ended; and
/// Stripe is asked as soon as it is back.
#[tokio::test]
async fn events_count_while_stripe_is_away() {
    let (app, stripe, ada, id) = shop().await;
    let (_, subscription) = stripe.buys(id, PRO);
    let completed = stripe.events();
    stripe.deliver(&app, &completed[0]).await;
    app.run_jobs().await;
    assert_eq!(plan_of(&ada).await, "pro");
    app.advance(Duration::from_mins(1));
    stripe.down(Some(503));
    let tell = async |change: Value, later: i64| {
        let mut event = stripe.change(&subscription, &change);
        event["created"] = json!(stripe.books().now() + later);
        stripe.events();
        stripe.deliver(&app, &event).await;
        app.run_jobs().await;
        event
    };
    tell(json!({"status": "unpaid"}), 5).await;
    assert_eq!(plan_of(&ada).await, "free");
    let late = tell(json!({"status": "active"}), 1).await;
    assert_eq!(plan_of(&ada).await, "free", "older than what is known");
    tell(json!({"status": "active"}), 6).await;
    assert_eq!(plan_of(&ada).await, "pro");
    tell(json!({"status": "canceled", "ended_at": 1}), 60).await;
    assert_eq!(plan_of(&ada).await, "free");
    tell(json!({"status": "active"}), 90).await;
    assert_eq!(plan_of(&ada).await, "free", "what is over stays over");

    let health = app.nobody().get("/api/billing/health").await;
    assert_eq!(health.str("status"), "degraded");
    let id_of_late = late["id"].as_str().unwrap();
    let row = app.app.store.read(|tx| billing::event(tx, id_of_late));
    let row = row.unwrap().unwrap();
    assert_eq!((row.state, row.tries), (EventState::Waiting, 1));
    assert_eq!(row.error.as_deref(), Some("Stripe has a fault of its own"));
    stripe.down(None);
    app.advance(Duration::from_secs(30));
    app.run_jobs().await;
    assert_eq!(plan_now(&app, id), "pro", "as Stripe says");
    let counts = app.app.store.read(billing::count_events).unwrap();
    assert_eq!((counts.waiting, counts.failed), (0, 0));
    app.finish().await;
}

/// An answer that was asked for earlier does not count any more once a later one does.
#[tokio::test]
async fn a_late_answer_changes_nothing() {
    let (app, stripe, ada, id) = shop().await;
    let (_, subscription) = stripe.sells(&app, &ada, PRO).await;
    stripe.hang(true);
    let asking = app.app.clone();
    let slow = async { billing::sync_now(&asking, id).await };
    let meanwhile = async {
        stripe.hung(1).await;
        stripe.hang(false);
        stripe.books().cancel(&subscription);
        told(&app, &stripe).await;
        assert_eq!(plan_of(&ada).await, "free");
        stripe.wake();
    };
    tokio::join!(slow, meanwhile).0.unwrap();
    assert_eq!(plan_of(&ada).await, "free");
    app.finish().await;
}

/// One question answers all events that came before it.
#[tokio::test]
async fn one_question_answers_many_events() {
    let (app, stripe, ada, id) = shop().await;
    stripe.hang(true);
    let (_, subscription) = stripe.buys(id, PRO);
    for _ in 0..9 {
        stripe.change(&subscription, &json!({}));
    }
    stripe.deliver_all(&app).await;
    stripe.hung(2).await;
    stripe.hang(false);
    stripe.wake();
    app.run_jobs().await;
    // Two hang, and of the others at most two at once ask once more.
    let asked = stripe.asked("subscriptions");
    assert!(asked <= 5, "{asked} questions for twelve events");
    assert_eq!(plan_of(&ada).await, "pro");
    let counts = app.app.store.read(billing::count_events).unwrap();
    assert_eq!((counts.done, counts.waiting), (12, 0));
    app.finish().await;
}

/// The form that events and answers had before 2025-03-31 is understood as well.
#[tokio::test]
async fn the_older_form_is_understood() {
    let (app, stripe, ada, id) = shop().await;
    stripe.books().old_shape = true;
    stripe.sells(&app, &ada, PRO).await;
    assert_eq!(plan_of(&ada).await, "pro");
    let (_, row) = counting(&app, id);
    let end = row.subscription.current_period_end.unwrap();
    assert_eq!(end.to_string(), "2026-01-31T00:00:00Z");
    let invoices = app.app.store.read(|tx| billing::invoices(tx, id, None, 10));
    let invoice = invoices.unwrap().remove(0);
    assert_eq!(invoice.subscription, Some(row.subscription.id));
    app.finish().await;
}

/// Of several subscriptions the larger plan counts; a price that is no plan's gives nothing.
#[tokio::test]
async fn the_larger_plan_counts() {
    let (app, stripe, ada, id) = shop().await;
    let (customer, _) = stripe.sells(&app, &ada, OTHER).await;
    assert_eq!(plan_of(&ada).await, "free");
    assert!(counting(&app, id).0.counts.is_some());
    let metadata = json!({});
    let pro = stripe.books().subscribe(&customer, PRO, &metadata);
    stripe.books().subscribe(&customer, BASIC, &metadata);
    billing::sync_now(&app.app, id).await.unwrap();
    assert_eq!(plan_of(&ada).await, "pro");
    assert_eq!(counting(&app, id).1.subscription.id, pro);
    stripe.end(&pro);
    billing::sync_now(&app.app, id).await.unwrap();
    assert_eq!(plan_of(&ada).await, "basic");
    app.finish().await;
}

/// With a key that Stripe does not take everything is tried again; what Stripe knows nothing of is given up
/// and shown, nobody loses what they paid for by that, and an administrator can have it tried again.
#[tokio::test]
async fn what_failed_is_shown_and_can_be_tried_again() {
    let (app, stripe, ada, id) = shop().await;
    let (_, subscription) = stripe.sells(&app, &ada, PRO).await;
    stripe.books().forget_customers(true);
    let event = stripe.change(&subscription, &json!({"status": "unpaid"}));
    told(&app, &stripe).await;
    let event = event["id"].as_str().unwrap().to_owned();
    let row = || {
        app.app
            .store
            .read(|tx| billing::event(tx, &event))
            .unwrap()
            .unwrap()
    };
    assert_eq!(row().state, EventState::Failed);
    assert_eq!(plan_of(&ada).await, "pro");
    let health = app.nobody().get("/api/billing/health").await;
    assert_eq!(health.str("status"), "degraded");
    stripe.books().forget_customers(false);
    let (inside, name) = (app.app.clone(), event.clone());
    let again = app
        .app
        .store
        .write(move |tx| billing::retry_event(&inside, tx, &name));
    assert!(again.await.unwrap());
    app.run_jobs().await;
    assert_eq!(row().state, EventState::Done);
    assert_eq!(plan_now(&app, id), "free");
    let health = app.nobody().get("/api/billing/health").await;
    assert_eq!(health.str("status"), "ok");
    app.finish().await;
}
