//! From buying a plan to its end: what counts at each moment, and what people are told.

use std::time::Duration;

use novacore::billing;
use reqwest::redirect::Policy;
use serde_json::{Value, json};

use super::paying::{SUBSCRIPTION, buy, shop};
use crate::support::app::TestApp;
use crate::support::http::{Answer, Person};
use crate::support::people::id_of;
use crate::support::records::{told, words};
use crate::support::stripe::{BASIC, FakeStripe, PRO};

const DAY: Duration = Duration::from_hours(24);
/// A day but for a second.
const ALMOST: Duration = Duration::from_secs(86_399);

/// How many tokens a day somebody may use by the limits that count now; None: as many as they like.
async fn tokens(app: &TestApp, person: &Person) -> Option<u64> {
    let id = id_of(person).await;
    let user = app.app.store.read(|tx| novacore::auth::user(tx, id));
    let user = user.unwrap().unwrap();
    let limits = billing::limits(&app.config, &user, app.clock.clock().now());
    assert!(limits.metered);
    limits.tokens
}

/// Sends a form of Stripe's pages, as a browser does; where it leads.
async fn press(url: &str) -> String {
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(Policy::none())
        .build();
    let answer = client.unwrap().post(url).send().await.unwrap();
    assert_eq!(answer.status(), 303, "{url}");
    answer.headers()["location"].to_str().unwrap().to_owned()
}

/// Plan, source, status, and until when, as the page shows it.
fn stands(standing: &Answer) -> (String, String, Value) {
    let status = standing.body["subscription"]["status"].clone();
    (standing.str("plan"), standing.str("source"), status)
}

fn is(plan: &str, source: &str, status: impl Into<Value>) -> (String, String, Value) {
    (plan.into(), source.into(), status.into())
}

async fn standing(person: &Person) -> Answer {
    let answer = person.get(SUBSCRIPTION).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer
}

/// Delivers what waits, and has it worked off.
async fn hear(app: &TestApp, stripe: &FakeStripe) {
    stripe.deliver_all(app).await;
    app.run_jobs().await;
}

/// Free, the way to the page, paid, told, pro at once with the sign-in that was there; cancelled in the
/// portal, held until the period's end, free again.
#[tokio::test]
async fn from_free_to_pro_and_back() {
    let (app, stripe) = shop().await;
    let ada = app.user("ada").await;
    let before = standing(&ada).await;
    assert_eq!(stands(&before), is("free", "default", Value::Null));
    assert_eq!(before.body["can_manage"], false);
    assert_eq!(tokens(&app, &ada).await, Some(20_000));

    let page = buy(&ada, "pro").await.str("url");
    let back = press(&page).await;
    let session = page.rsplit_once('/').unwrap().1;
    let success = format!("{}/billing/success?session_id={session}", app.app.base());
    assert_eq!(back, success);
    // They are back, and nothing was heard of it: nothing counts.
    let came_back = standing(&ada).await;
    assert_eq!(stands(&came_back), is("free", "default", Value::Null));
    assert_eq!(tokens(&app, &ada).await, Some(20_000));

    hear(&app, &stripe).await;
    let paid = standing(&ada).await;
    assert_eq!(stands(&paid), is("pro", "paid", "active"));
    assert_eq!(tokens(&app, &ada).await, None);
    assert_eq!(paid.body["can_manage"], true);
    let end = "2026-01-31T00:00:00Z";
    let subscription = json!({"status": "active", "plan": "pro", "plan_title": "Pro",
        "period": "monthly", "current_period_end": end, "cancel_at_period_end": false,
        "ends_at": null, "grace_until": null, "updated_at": "2026-01-01T00:00:00Z"});
    assert_eq!(paid.body["subscription"], subscription);

    let portal = ada.post("/api/billing/portal", &json!({})).await.str("url");
    press(&format!("{portal}/cancel")).await;
    hear(&app, &stripe).await;
    let ending = standing(&ada).await;
    assert_eq!(stands(&ending), is("pro", "paid", "active"));
    assert_eq!(ending.str("until"), end);
    let subscription = &ending.body["subscription"];
    assert_eq!(subscription["cancel_at_period_end"], true);
    assert_eq!(subscription["ends_at"], end);

    app.advance(29 * DAY + ALMOST);
    assert_eq!(standing(&app.user("ada").await).await.str("plan"), "pro");
    app.advance(Duration::from_secs(1));
    let ada = app.user("ada").await;
    assert_eq!(standing(&ada).await.str("plan"), "free", "to the second");
    assert_eq!(tokens(&app, &ada).await, Some(20_000));
    let theirs = stripe.books().of_customer("subscription", None);
    stripe.books().cancel(&theirs[0]);
    hear(&app, &stripe).await;
    let over = standing(&ada).await;
    assert_eq!(stands(&over), is("free", "default", "canceled"));
    assert_eq!(over.body["subscription"]["ends_at"], end);
    let changes = words(&app, &ada).await;
    let changes = changes
        .iter()
        .filter(|word| *word == "subscription_changed");
    assert_eq!(changes.count(), 2, "it began and ended");
    assert_eq!(told(&app, "subscription_started"), 1);
    assert_eq!(told(&app, "subscription_ended"), 1);
    app.finish().await;
}

/// Whoever comes back before Stripe has told asks for it, and what they bought counts; the events that
/// come then change nothing and tell nobody anything again.
#[tokio::test]
async fn asking_before_the_event_came() {
    let (app, stripe) = shop().await;
    let ada = app.user("ada").await;
    press(&buy(&ada, "basic").await.str("url")).await;
    let asked = ada.post("/api/billing/refresh", &json!({})).await;
    assert_eq!(stands(&asked), is("basic", "paid", "active"), "{asked:?}");
    assert_eq!(tokens(&app, &ada).await, Some(200_000));
    hear(&app, &stripe).await;
    assert_eq!(stands(&standing(&ada).await), is("basic", "paid", "active"));
    assert_eq!(told(&app, "subscription_started"), 1);
    app.finish().await;
}

/// Events that come twice, and last first, lead to the same end as in order, and to one mail.
#[tokio::test]
async fn order_and_repetition_do_not_matter() {
    let (app, stripe) = shop().await;
    let ada = app.user("ada").await;
    let (_, subscription) = stripe.buys(id_of(&ada).await, BASIC);
    stripe.books().switch(&subscription, PRO);
    let events = stripe.events();
    for event in events.iter().rev().chain(&events) {
        assert_eq!(stripe.deliver(&app, event).await.status, 200);
        app.run_jobs().await;
    }
    assert_eq!(stands(&standing(&ada).await), is("pro", "paid", "active"));
    assert_eq!(told(&app, "subscription_started"), 1);
    assert_eq!(told(&app, "subscription_ended"), 0);
    app.finish().await;
}

/// When a payment fails, the plan holds for the days of grace and the person is told once, however often
/// it is tried; then the plan ends, and is there again once it is paid.
#[tokio::test]
async fn a_payment_that_failed() {
    let (app, stripe) = shop().await;
    let ada = app.user("ada").await;
    let (_, subscription) = stripe.sells(&app, &ada, PRO).await;
    for _ in 0..2 {
        stripe.books().payment_fails(&subscription);
        hear(&app, &stripe).await;
    }
    let late = standing(&ada).await;
    assert_eq!(stands(&late), is("pro", "paid", "past_due"));
    let grace = "2026-01-08T00:00:00Z";
    assert_eq!(late.str("until"), grace);
    assert_eq!(late.body["subscription"]["grace_until"], grace);
    assert_eq!(told(&app, "payment_failed"), 1);

    app.advance(6 * DAY + ALMOST);
    stripe.books().payment_fails(&subscription);
    hear(&app, &stripe).await;
    assert_eq!(standing(&app.user("ada").await).await.str("plan"), "pro");
    assert_eq!(told(&app, "payment_failed"), 1);
    app.advance(Duration::from_secs(1));
    let ada = app.user("ada").await;
    assert_eq!(standing(&ada).await.str("plan"), "free");

    let event = stripe.change(&subscription, &json!({"status": "active"}));
    stripe.deliver(&app, &event).await;
    app.run_jobs().await;
    let paid = standing(&ada).await;
    assert_eq!(stands(&paid), is("pro", "paid", "active"));
    assert_eq!(paid.body["subscription"]["grace_until"], Value::Null);
    app.finish().await;
}

/// A plan that an administrator gave comes before what is paid for, and what is paid for before a trial.
#[tokio::test]
async fn what_counts_when_there_are_several() {
    let (app, stripe) = TestApp::with_stripe(|_| {}).await;
    let (admin, ada) = (app.admin().await, app.user("ada").await);
    let trying = standing(&ada).await;
    assert_eq!(stands(&trying), is("basic", "trial", Value::Null));
    let trial = json!({"plan": "basic", "ends_at": "2026-01-08T00:00:00Z"});
    assert_eq!(trying.body["trial"], trial);
    assert_eq!(trying.str("until"), "2026-01-08T00:00:00Z");
    stripe.sells(&app, &ada, PRO).await;
    let paid = standing(&ada).await;
    assert_eq!(stands(&paid), is("pro", "paid", "active"));
    assert_eq!(paid.body["trial"], Value::Null);
    let path = format!("/api/admin/users/{}", id_of(&ada).await);
    admin.patch(&path, &json!({"plan": "free"})).await;
    let given = standing(&ada).await;
    assert_eq!(stands(&given), is("free", "given", "active"));
    app.finish().await;
}

/// The person is told by mail that it began, that a payment failed and until when the plan holds, and that
/// it ended; an account that is being deleted is told nothing more.
#[tokio::test]
async fn it_is_told_by_mail() {
    let stripe = FakeStripe::start();
    let app = TestApp::with_mail(|config| stripe.configure(config)).await;
    stripe.tell_time(&app);
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let (_, subscription) = stripe.sells(&app, &ada, PRO).await;
    stripe.books().payment_fails(&subscription);
    hear(&app, &stripe).await;
    stripe.books().cancel(&subscription);
    hear(&app, &stripe).await;
    let letters = app.letters_to("ada@example.org").await;
    let told: Vec<_> = letters.iter().map(|l| l.subject.as_str()).collect();
    let expected = [
        "Your plan is Pro now",
        "A payment did not go through",
        "Your subscription to Pro has ended",
    ];
    assert_eq!(told, expected);
    assert!(
        letters[1]
            .text
            .contains("holds until 8 January 2026, 00:00 UTC")
    );
    assert!(
        letters[2]
            .text
            .contains("The plan Basic counts from now on")
    );

    stripe.sells(&app, &bob, PRO).await;
    let body = json!({"password": crate::support::app::PASSWORD});
    let gone = bob.post("/api/account/delete", &body).await;
    assert_eq!(gone.status, 202, "{gone:?}");
    app.run_jobs().await;
    hear(&app, &stripe).await;
    let letters = app.letters_to("bob@example.org").await;
    let told: Vec<_> = letters.iter().map(|l| l.subject.as_str()).collect();
    assert_eq!(
        told,
        ["Your plan is Pro now", "Your account is being deleted"]
    );
    app.finish().await;
}
