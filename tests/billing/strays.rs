//! Where Stripe and we have lost sight of each other: customers that were deleted there, other modes, pages
//! that stay open, events that never came, prices of former times.

use std::time::Duration;

use novacore::billing::{self, EventState};
use novacore::jobs::State;
use serde_json::{Value, json};

use super::paying::{SUBSCRIPTION, buy, shop};
use crate::support::app::{PASSWORD, TestApp};
use crate::support::http::Person;
use crate::support::people::{events, id_of};
use crate::support::stripe::{BASIC, OTHER, PRO};

async fn plan_of(person: &Person) -> String {
    person.get("/api/auth/me").await.str("plan")
}

/// The session of the page that was led to last.
fn session(url: &str) -> String {
    url.rsplit_once('/').unwrap().1.to_owned()
}

async fn overview(app: &TestApp) -> Value {
    app.admin().await.get("/api/admin/billing").await.body
}

async fn leaves(person: &Person) {
    let body = json!({"password": PASSWORD});
    let gone = person.post("/api/account/delete", &body).await;
    assert_eq!(gone.status, 202, "{gone:?}");
}

/// Whose customer was deleted at Stripe loses the plan that ended with it, and can buy again; whether Stripe
/// still tells what the customer had, or knows nothing of it any more.
#[tokio::test]
async fn a_customer_deleted_at_stripe_buys_again() {
    for data_too in [false, true] {
        let (app, stripe) = shop().await;
        let ada = app.user("ada").await;
        assert_eq!(buy(&ada, "pro").await.status, 200);
        let customer = {
            let mut books = stripe.books();
            let customer = books.of_customer("customer", None).remove(0);
            let session = books.of_customer("checkout.session", None).remove(0);
            books.pay(&session);
            customer
        };
        stripe.deliver_all(&app).await;
        app.run_jobs().await;
        assert_eq!(plan_of(&ada).await, "pro");
        let invoice = {
            let mut books = stripe.books();
            let subscription = books.of_customer("subscription", None).remove(0);
            let invoice = books.invoice(&subscription, true);
            books.delete_customer(&customer, data_too);
            books.tell("invoice.paid", &invoice)
        };
        let deleted = stripe.events();
        assert!(deleted.contains(&invoice));
        for event in &deleted {
            stripe.deliver(&app, event).await;
        }
        app.run_jobs().await;
        assert_eq!(plan_of(&ada).await, "free");
        let id = deleted[0]["id"].as_str().unwrap();
        let row = app.app.store.read(|tx| billing::event(tx, id));
        assert_eq!(row.unwrap().unwrap().state, EventState::Done);
        let portal = ada.post("/api/billing/portal", &json!({})).await;
        assert_eq!((portal.status, portal.code()), (409, "no_customer"));

        let again = buy(&ada, "basic").await;
        assert_eq!(again.status, 200, "{again:?}");
        stripe.books().pay(&session(&again.str("url")));
        stripe.deliver_all(&app).await;
        app.run_jobs().await;
        assert_eq!(plan_of(&ada).await, "basic", "data too: {data_too}");
        assert_eq!(overview(&app).await["events"]["failed"], 0);
        let known = app.app.store.read(billing::customers).unwrap();
        assert_eq!(known.len(), 1);
        assert_ne!(known[0].1.customer, customer);
        app.finish().await;
    }
}

/// What was paid for with a card of test mode counts nothing with a key for real money; it does again with
/// the key that it was paid under.
#[tokio::test]
async fn test_money_buys_nothing_in_live_mode() {
    let (mut app, stripe) = shop().await;
    stripe.sells(&app, &app.user("ada").await, PRO).await;
    let key = app.config.stripe.secret_key.clone();
    for (key, plan, invoices) in [("sk_live_marzipan", "free", 0), (&key, "pro", 1)] {
        app.end();
        app.config.stripe.secret_key = key.to_owned();
        app.reopen().await;
        let ada = app.user("ada").await;
        assert_eq!(plan_of(&ada).await, plan, "{key}");
        let listed = ada.get("/api/billing/invoices").await;
        assert_eq!(listed.body["items"].as_array().unwrap().len(), invoices);
        let seen = overview(&app).await;
        let pro = seen["plans"].as_array().unwrap().iter();
        let pro = pro.clone().find(|plan| plan["name"] == "pro").unwrap();
        assert_eq!(pro["revenue"].as_array().unwrap().len(), invoices, "{pro}");
        assert_eq!(pro["subscribers"], invoices);
    }
    app.finish().await;
}

/// Who leaves while the page to pay on is open can pay there no more.
#[tokio::test]
async fn nothing_is_paid_after_an_account_is_gone() {
    let (app, stripe) = shop().await;
    let ada = app.user("ada").await;
    let page = buy(&ada, "pro").await;
    leaves(&ada).await;
    app.run_jobs().await;
    let id = session(&page.str("url"));
    assert_eq!(stripe.books().kept(&id).unwrap()["status"], "expired");
    app.finish().await;
}

/// The end of what a deleted account pays with real money waits for the key that can end it; that nothing
/// is known of it under a key of test mode ends nothing.
#[tokio::test]
async fn the_end_waits_for_the_right_key() {
    let (mut app, stripe) = TestApp::with_stripe(|config| {
        config.stripe.secret_key = "sk_live_marzipan".into();
    })
    .await;
    stripe.books().livemode = true;
    let ada = app.user("ada").await;
    stripe.buys(id_of(&ada).await, PRO);
    stripe.deliver_all(&app).await;
    app.run_jobs().await;
    app.end();
    app.config.stripe.secret_key = "sk_test_marzipan".into();
    app.reopen().await;
    stripe.books().forget_customers(true);
    leaves(&app.user("ada").await).await;
    app.run_jobs().await;
    let jobs = &app.app.jobs;
    let ends = app
        .app
        .store
        .read(|tx| jobs.list(tx, Some(billing::END), None, 10));
    let states: Vec<_> = ends.unwrap().iter().map(|job| job.state).collect();
    assert_eq!(states, [State::Held]);
    app.finish().await;
}

/// That the subscription of a deleted account ended is what was wanted, and no reason to look.
#[tokio::test]
async fn the_end_of_what_nobody_has_is_no_trouble() {
    let (app, stripe) = shop().await;
    let ada = app.user("ada").await;
    stripe.sells(&app, &ada, PRO).await;
    leaves(&ada).await;
    app.run_jobs().await;
    let ended = stripe.events().pop().unwrap();
    assert_eq!(ended["type"], "customer.subscription.deleted");
    stripe.deliver(&app, &ended).await;
    let id = ended["id"].as_str().unwrap();
    let row = app.app.store.read(|tx| billing::event(tx, id));
    let row = row.unwrap().unwrap();
    assert_eq!((row.state, row.error), (EventState::Ignored, None));
    app.finish().await;
}

/// Once Stripe was asked again, whoever asked, events that failed before are done.
#[tokio::test]
async fn a_newer_answer_settles_what_failed() {
    let (app, stripe) = shop().await;
    let ada = app.user("ada").await;
    let (_, subscription) = stripe.sells(&app, &ada, BASIC).await;
    let event = stripe.change(&subscription, &json!({"cancel_at_period_end": true}));
    stripe.down(Some(400));
    stripe.deliver(&app, &event).await;
    app.run_jobs().await;
    assert_eq!(overview(&app).await["events"]["failed"], 1);
    stripe.down(None);
    billing::reconcile(&app.app).await.unwrap();
    assert_eq!(overview(&app).await["events"]["failed"], 0);
    let health = app.nobody().get("/api/billing/health").await;
    assert_eq!(health.str("status"), "ok");
    app.finish().await;
}

/// Who paid, and of whom every event was lost, has their plan the next day; who only looked at the page is
/// not asked about for ever.
#[tokio::test]
async fn a_purchase_that_nobody_told_of_is_found() {
    let (app, stripe) = shop().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let page = buy(&ada, "pro").await;
    assert_eq!(buy(&bob, "pro").await.status, 200);
    stripe.books().pay(&session(&page.str("url")));
    stripe.events();
    billing::reconcile(&app.app).await.unwrap();
    assert_eq!(plan_of(&ada).await, "pro");
    let bob = id_of(&bob).await;
    for still in [true, false] {
        app.advance(Duration::from_hours(24));
        billing::reconcile(&app.app).await.unwrap();
        let known = app.app.store.read(billing::customers).unwrap();
        let row = known.into_iter().find(|(user, _)| *user == bob);
        let now = app.clock.clock().now();
        assert_eq!(row.unwrap().1.may_have_bought(now), still);
    }
    app.finish().await;
}

/// Whoever pays by a link that was made in the dashboard can write any account's id into its address: so
/// it makes nobody a customer.
#[tokio::test]
async fn a_payment_link_names_nobody() {
    let (app, stripe) = shop().await;
    let ada = app.user("ada").await;
    stripe.buys(id_of(&ada).await, PRO);
    let mut completed = stripe.events().remove(0);
    completed["data"]["object"]["metadata"] = json!({});
    completed["data"]["object"]["payment_link"] = json!("plink_1");
    stripe.deliver(&app, &completed).await;
    app.run_jobs().await;
    assert_eq!(plan_of(&ada).await, "free");
    assert!(app.app.store.read(billing::customers).unwrap().is_empty());
    app.finish().await;
}

/// When a plan's price changes, who pays the former one keeps the plan, and the new one is sold.
#[tokio::test]
async fn former_prices_keep_their_plan() {
    let (app, stripe) = TestApp::with_stripe(|config| {
        config.billing.trial_days = 0;
        let pro = config.plans.named.get_mut("pro").unwrap();
        pro.stripe_monthly = format!("{PRO}, {OTHER}");
    })
    .await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    stripe.sells(&app, &ada, OTHER).await;
    assert_eq!(plan_of(&ada).await, "pro");
    assert_eq!(
        ada.get(SUBSCRIPTION).await.body["subscription"]["period"],
        "monthly"
    );
    assert_eq!(buy(&bob, "pro").await.status, 200);
    let sold = stripe
        .books()
        .asked
        .iter()
        .rev()
        .find_map(|asked| asked.fields.get("line_items[0][price]").cloned());
    assert_eq!(sold.as_deref(), Some(PRO));
    app.finish().await;
}

/// A plan counts also when something else stands before it in the same subscription.
#[tokio::test]
async fn a_plan_beside_something_else_counts() {
    let (app, stripe) = shop().await;
    let ada = app.user("ada").await;
    let (_, subscription) = stripe.sells(&app, &ada, PRO).await;
    let mut items = stripe.books().kept(&subscription).unwrap()["items"].clone();
    let mut other = items["data"][0].clone();
    other["price"]["id"] = json!(OTHER);
    items["data"].as_array_mut().unwrap().insert(0, other);
    let event = stripe.change(&subscription, &json!({"items": items}));
    stripe.deliver(&app, &event).await;
    app.run_jobs().await;
    assert_eq!(plan_of(&ada).await, "pro");
    assert_eq!(
        ada.get(SUBSCRIPTION).await.body["subscription"]["plan"],
        "pro"
    );
    app.finish().await;
}

/// Two subscriptions of one person at once are told of, because one of them is too many.
#[tokio::test]
async fn paying_twice_is_told() {
    let (app, stripe) = shop().await;
    let ada = app.user("ada").await;
    let (customer, _) = stripe.sells(&app, &ada, BASIC).await;
    let told = async || {
        let seen = overview(&app).await;
        seen["problems"]
            .to_string()
            .contains("more than one subscription")
    };
    assert!(!told().await);
    stripe.books().subscribe(&customer, PRO, &json!({}));
    billing::sync_now(&app.app, id_of(&ada).await)
        .await
        .unwrap();
    assert!(told().await);
    let seen = events(&app.admin().await, "").await;
    assert!(seen.iter().any(|(what, _)| what == "subscription_changed"));
    app.finish().await;
}

/// When what a deleted account paid for cannot be ended, administrators are told for which customer to end
/// it by hand: nobody else is left to notice.
#[tokio::test]
async fn what_could_not_be_ended_is_told() {
    let (app, stripe) = shop().await;
    let ada = app.user("ada").await;
    let (customer, _) = stripe.sells(&app, &ada, PRO).await;
    stripe.down(Some(400));
    leaves(&ada).await;
    app.run_jobs().await;
    let problems = overview(&app).await["problems"].to_string();
    let told = format!("Cancel the subscriptions of the customer {customer}");
    assert!(problems.contains(&told), "{problems}");
    app.finish().await;
}
