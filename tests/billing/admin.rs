//! What administrators see of paying: who pays for what, what Stripe told, and what is wrong.

use novacore::config::Config;
use serde_json::{Value, json};

use super::paying::{SUBSCRIPTION, shop};
use crate::support::app::TestApp;
use crate::support::http::{Answer, Person};
use crate::support::people::id_of;
use crate::support::process::Place;
use crate::support::stripe::{BASIC, BASIC_YEARLY, FakeStripe, OTHER, PRO};

const BILLING: &str = "/api/admin/billing";
const EVENTS: &str = "/api/admin/billing/events";

async fn overview(admin: &Person) -> Value {
    let answer = admin.get(BILLING).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body
}

/// The problems that hold these words.
fn problems(overview: &Value, words: &str) -> Vec<String> {
    let all = overview["problems"].as_array().unwrap().iter();
    let all = all.map(|problem| problem.as_str().unwrap().to_owned());
    let all = all.inspect(|problem| assert!(problem.ends_with('.'), "{problem}"));
    all.filter(|problem| problem.contains(words)).collect()
}

async fn resync(admin: &Person, person: &Person) -> Answer {
    let path = format!("/api/admin/users/{}/resync", id_of(person).await);
    admin.post(&path, &json!({})).await
}

/// The overview counts people by the plan that counts for them, subscriptions by how they stand, and what
/// was paid within thirty days, by plan and currency.
#[tokio::test]
async fn the_overview_adds_up() {
    let (app, stripe) = shop().await;
    let admin = app.admin().await;
    app.user("carol").await;
    let empty = overview(&admin).await;
    assert_eq!(empty["statuses"], json!({}));
    assert_eq!(
        empty["events"],
        json!({"waiting": 0, "failed": 0, "done": 0})
    );
    assert_eq!(empty["last_event_at"], Value::Null);
    stripe.sells(&app, &app.user("laura").await, BASIC).await;
    app.advance(std::time::Duration::from_hours(31 * 24));
    stripe
        .sells(&app, &app.user("ada").await, BASIC_YEARLY)
        .await;
    let (_, bobs) = stripe.sells(&app, &app.user("bob").await, PRO).await;
    stripe.books().payment_fails(&bobs);
    stripe.deliver_all(&app).await;
    app.run_jobs().await;
    let seen = overview(&app.admin().await).await;
    let plan = |name: &str, title: &str, people: u64, subscribers: u64, paid: Value| {
        json!({"name": name, "title": title, "people": people, "subscribers": subscribers,
            "revenue": paid})
    };
    let usd = |amount: u64| json!([{"currency": "usd", "amount": amount}]);
    let plans = json!([
        // Carol and the administrator.
        plan("free", "Free", 2, 0, json!([])),
        plan("basic", "Basic", 2, 2, usd(9_000)),
        plan("pro", "Pro", 1, 1, usd(2_900)),
    ]);
    assert_eq!(seen["plans"], plans);
    assert_eq!(seen["statuses"], json!({"active": 2, "past_due": 1}));
    assert_eq!(
        seen["events"],
        json!({"waiting": 0, "failed": 0, "done": 11})
    );
    assert_eq!(seen["last_event_at"], "2026-02-01T00:00:00Z");
    assert_eq!(
        (&seen["livemode"], &seen["api_base_default"]),
        (&json!(false), &json!(false))
    );
    app.finish().await;
}

/// What is wrong is said in sentences that name the setting, and no longer once it is mended.
#[tokio::test]
async fn problems_are_told() {
    let (app, stripe) = shop().await;
    let admin = app.admin().await;
    let before = overview(&admin).await;
    let missing = problems(&before, "plans.pro.stripe_yearly");
    assert_eq!(missing.len(), 1, "{before}");
    assert!(
        missing[0].contains("Pro") && missing[0].contains("$290"),
        "{missing:?}"
    );
    assert_eq!(
        problems(&before, "plans.").len(),
        1,
        "the others have theirs"
    );
    let hook = format!("{}/api/billing/webhook", app.app.base());
    assert_eq!(problems(&before, &hook).len(), 1, "{before}");

    let ada = app.user("ada").await;
    let (_, subscription) = stripe.sells(&app, &ada, BASIC).await;
    let heard = overview(&admin).await;
    assert_eq!(heard["problems"], json!(missing), "all else is well");
    stripe.books().switch(&subscription, OTHER);
    stripe.deliver_all(&app).await;
    app.run_jobs().await;
    assert_eq!(problems(&overview(&admin).await, OTHER).len(), 1);
    stripe.down(Some(500));
    assert_eq!(resync(&admin, &ada).await.status, 503);
    assert_eq!(problems(&overview(&admin).await, "fault").len(), 1);
    stripe.down(None);
    app.finish().await;
}

fn live(config: &mut Config) {
    FakeStripe::start().configure(config);
    config.stripe.secret_key = "sk_live_marzipan".into();
}

/// Real money over an address without encryption, or to somewhere else than Stripe, is warned of.
#[tokio::test]
async fn real_money_needs_encryption() {
    let app = TestApp::with(live).await;
    let seen = overview(&app.admin().await).await;
    assert_eq!(seen["livemode"], true);
    assert_eq!(problems(&seen, "server.public_url").len(), 1, "{seen}");
    assert_eq!(problems(&seen, "stripe.api_base").len(), 1, "{seen}");
    app.finish().await;
    let app = TestApp::with(|config| {
        live(config);
        config.server.public_url = "https://nova.example.org".into();
        config.stripe.api_base = Config::default().stripe.api_base;
    })
    .await;
    let seen = overview(&app.admin().await).await;
    assert_eq!(seen["api_base_default"], true);
    assert_eq!(problems(&seen, "real money"), Vec::<String>::new());
    app.finish().await;
}

/// Who was customer in test mode is none in live mode, and the administrator learns of it.
#[tokio::test]
async fn customers_of_the_other_mode() {
    let (mut app, stripe) = shop().await;
    stripe.sells(&app, &app.user("ada").await, BASIC).await;
    app.end();
    app.config.stripe.secret_key = "sk_live_marzipan".into();
    app.reopen().await;
    let seen = overview(&app.admin().await).await;
    assert_eq!(
        problems(&seen, "1 accounts are customers of test mode").len(),
        1,
        "{seen}"
    );
    let ada = app.user("ada").await.get(SUBSCRIPTION).await;
    assert_eq!(ada.body["can_manage"], false, "{ada:?}");
    app.finish().await;
}

/// Events are listed as they came, the newest first, page by page and by state, with whose they are; one
/// that failed can be tried again.
#[tokio::test]
async fn events_are_listed_and_tried_again() {
    let (app, stripe) = shop().await;
    let (admin, ada) = (app.admin().await, app.user("ada").await);
    stripe.sells(&app, &ada, BASIC).await;
    let stranger = stripe.books().customer_event();
    stripe.deliver(&app, &stranger).await;
    let (_, subscription) = stripe.buys(id_of(&app.user("bob").await).await, PRO);
    stripe.events();
    drop(subscription);
    let all = admin.get(EVENTS).await;
    let items = all.body["items"].as_array().unwrap();
    assert_eq!(items.len(), 4, "{all:?}");
    let newest = json!({"id": stranger["id"], "type": "customer.created",
        "created_at": "2026-01-01T00:00:00Z", "received_at": "2026-01-01T00:00:00Z",
        "state": "ignored", "user_id": null, "email": null, "tries": 0, "error": null});
    let foreign = items.iter().find(|item| item["id"] == stranger["id"]);
    assert_eq!(foreign, Some(&newest));
    let done = admin.get(&format!("{EVENTS}?state=done")).await;
    let done = done.body["items"].as_array().unwrap().clone();
    assert_eq!(done.len(), 3);
    for item in &done {
        assert_eq!(item["email"], "ada@example.org", "{item}");
        assert_eq!(item["user_id"], id_of(&ada).await.to_string());
    }
    let first = admin.get(&format!("{EVENTS}?limit=3")).await;
    let next = first.str("next_before");
    let last = admin.get(&format!("{EVENTS}?limit=3&before={next}")).await;
    assert_eq!(last.body["items"], json!([items[3]]));
    assert_eq!(last.body["next_before"], Value::Null);

    let id = done[0]["id"].as_str().unwrap();
    let before = stripe.asked("subscriptions");
    let again = format!("{EVENTS}/{id}/retry");
    assert_eq!(admin.post(&again, &json!({})).await.status, 202);
    app.run_jobs().await;
    assert!(
        stripe.asked("subscriptions") > before,
        "Stripe was asked again"
    );
    let unknown = format!("{EVENTS}/evt_none/retry");
    assert_eq!(admin.post(&unknown, &json!({})).await.code(), "not_found");
    app.finish().await;
}

/// An event that Stripe's refusal ended is failed, is told of, and done once it went through.
#[tokio::test]
async fn a_failed_event_is_mended() {
    let (app, stripe) = shop().await;
    let (admin, ada) = (app.admin().await, app.user("ada").await);
    let (_, subscription) = stripe.sells(&app, &ada, BASIC).await;
    let event = stripe.change(&subscription, &json!({"cancel_at_period_end": true}));
    stripe.down(Some(400));
    stripe.deliver(&app, &event).await;
    app.run_jobs().await;
    let failed = admin.get(&format!("{EVENTS}?state=failed")).await;
    let item = &failed.body["items"][0];
    assert_eq!(
        (&item["id"], &item["tries"]),
        (&event["id"], &json!(1)),
        "{failed:?}"
    );
    assert!(item["error"].as_str().unwrap().contains("400"), "{item}");
    let seen = overview(&admin).await;
    assert_eq!(seen["events"]["failed"], 1);
    assert_eq!(
        problems(&seen, "could not be worked off").len(),
        1,
        "{seen}"
    );
    stripe.down(None);
    let again = format!("{EVENTS}/{}/retry", item["id"].as_str().unwrap());
    assert_eq!(admin.post(&again, &json!({})).await.status, 202);
    app.run_jobs().await;
    let seen = overview(&admin).await;
    assert_eq!(
        (&seen["events"]["failed"], &seen["events"]["waiting"]),
        (&json!(0), &json!(0))
    );
    let standing = ada.get(SUBSCRIPTION).await;
    assert_eq!(standing.body["subscription"]["cancel_at_period_end"], true);
    app.finish().await;
}

/// An administrator has Stripe asked about somebody; what it says counts at once.
#[tokio::test]
async fn somebody_is_asked_about() {
    let (app, stripe) = shop().await;
    let (admin, ada) = (app.admin().await, app.user("ada").await);
    let answer = resync(&admin, &ada).await;
    assert_eq!((answer.status, answer.code()), (409, "no_customer"));
    let (_, subscription) = stripe.sells(&app, &ada, BASIC).await;
    stripe.books().switch(&subscription, PRO);
    stripe.events();
    let answer = resync(&admin, &ada).await;
    assert_eq!(
        (answer.status, answer.str("plan")),
        (200, "pro".into()),
        "{answer:?}"
    );
    assert_eq!(ada.get(SUBSCRIPTION).await.str("plan"), "pro");
    stripe.down(Some(503));
    let answer = resync(&admin, &ada).await;
    assert_eq!((answer.status, answer.code()), (503, "billing_unavailable"));
    app.finish().await;
}

/// With billing off there is nothing to administer.
#[tokio::test]
async fn without_billing() {
    let app = TestApp::new().await;
    let (admin, ada) = (app.admin().await, app.user("ada").await);
    for path in [BILLING, EVENTS] {
        assert_eq!(admin.get(path).await.code(), "not_found", "{path}");
    }
    let again = format!("{EVENTS}/evt_1/retry");
    assert_eq!(admin.post(&again, &json!({})).await.code(), "not_found");
    assert_eq!(resync(&admin, &ada).await.code(), "not_found");
    app.finish().await;
}

/// What the settings alone show is said at the start, for whoever reads the log; without billing nothing
/// is.
#[tokio::test]
async fn what_is_wrong_is_said_at_the_start() {
    let mut place = Place::new();
    let program = place.serve().await;
    assert!(!program.log().contains("billing: "));
    drop(program);
    place = Place::new();
    for (key, value) in [
        ("BILLING__ENABLED", "true"),
        ("STRIPE__SECRET_KEY", "sk_live_marzipan"),
        ("STRIPE__WEBHOOK_SECRETS", "whsec_nougat"),
    ] {
        place.set(key, value);
    }
    let program = place.serve().await;
    let log = program.log();
    assert!(log.contains("plans.basic.stripe_monthly"), "{log}");
    assert!(log.contains("server.public_url"), "{log}");
    assert!(
        !log.contains("marzipan") && !log.contains("nougat"),
        "{log}"
    );
}
