//! What an event did not tell is found out all the same; a copy asks nothing; who is gone pays no more.

use std::time::Duration;

use novacore::billing;
use novacore::ops::{Command, Reply, Steps};
use serde_json::json;

use crate::support::app::{PASSWORD, TestApp};
use crate::support::clock::soon;
use crate::support::http::Person;
use crate::support::people::id_of;
use crate::support::stripe::{FakeStripe, PRO};

async fn shop() -> (TestApp, FakeStripe, Person) {
    let (app, stripe) = TestApp::with_stripe(|config| config.billing.trial_days = 0).await;
    let ada = app.user("ada").await;
    (app, stripe, ada)
}

async fn plan_of(person: &Person) -> String {
    person.get("/api/auth/me").await.str("plan")
}

fn last(app: &TestApp) -> Option<String> {
    let last = app.app.store.read(billing::last_reconcile_at).unwrap();
    last.map(|at| at.to_string())
}

/// Ten minutes after the start, and from then on once a day, everybody's subscription is looked at whose
/// event may have been lost; when that was last stays known.
#[tokio::test]
async fn lost_events_are_made_good() {
    let (mut app, stripe, ada) = shop().await;
    let (_, subscription) = stripe.sells(&app, &ada, PRO).await;
    stripe.books().cancel(&subscription);
    stripe.events();
    assert_eq!((plan_of(&ada).await, last(&app)), ("pro".into(), None));
    let reconciled = async |app: &TestApp, before: Option<String>| {
        let changed = async {
            while last(app) == before {
                tokio::task::yield_now().await;
            }
        };
        soon("the reconciling", changed).await;
    };
    app.clock.sleepers(1).await;
    app.advance(Duration::from_mins(10));
    reconciled(&app, None).await;
    assert_eq!(plan_of(&ada).await, "free");
    // What is over is not asked about again.
    let asked = stripe.asked("subscriptions");
    let first = last(&app);
    app.crash_and_reopen().await;
    assert_eq!(last(&app), first);
    for _ in 0..24 {
        app.clock.sleepers(1).await;
        app.advance(Duration::from_hours(1));
    }
    reconciled(&app, first).await;
    assert_eq!(stripe.asked("subscriptions"), asked);
    app.finish().await;
}

/// While Stripe is away nothing changes, and that is told.
#[tokio::test]
async fn nobody_loses_a_plan_because_stripe_is_away() {
    let (app, stripe, ada) = shop().await;
    stripe.sells(&app, &ada, PRO).await;
    stripe.down(Some(500));
    let error = billing::reconcile(&app.app).await.unwrap_err();
    assert_eq!(error.code(), "billing_unavailable");
    assert_eq!((plan_of(&ada).await, last(&app)), ("pro".into(), None));
    app.finish().await;
}

/// The shell asks about one person, and says what came of it.
#[tokio::test]
async fn the_shell_asks_about_one() {
    let (app, stripe, ada) = shop().await;
    let resync = async |email: &str| {
        let email = email.to_owned();
        let command = Command::ResyncBilling { email };
        match command.run(&app.app, &Steps::default()).await {
            Reply::Done(said) | Reply::Failed { said, .. } => said,
            Reply::Progress(_) => unreachable!(),
        }
    };
    let nothing = resync("ada@example.org").await;
    assert_eq!(nothing, "Nothing was ever bought for this account.");
    assert!(
        resync("nobody@example.org")
            .await
            .contains("no such account")
    );
    let (_, subscription) = stripe.sells(&app, &ada, PRO).await;
    stripe.books().payment_fails(&subscription);
    let said = resync("Ada@example.org").await;
    assert_eq!(
        said,
        format!(
            "ada@example.org pays for pro until 2026-01-08T00:00:00Z; at Stripe: subscription {subscription} is past due."
        )
    );
    stripe.books().cancel(&subscription);
    stripe.events();
    let said = resync("ada@example.org").await;
    assert!(said.contains("pays for no plan"), "{said}");
    app.finish().await;
}

/// Whoever deletes their account pays no more, also for what we had not heard of; the job that sees to it
/// waits for Stripe and names nobody here.
#[tokio::test]
async fn who_leaves_pays_no_more() {
    let (app, stripe, ada) = shop().await;
    let id = id_of(&ada).await;
    let (customer, first) = stripe.sells(&app, &ada, PRO).await;
    let second = stripe.books().subscribe(&customer, PRO, &json!({}));
    stripe.down(Some(503));
    let gone = ada
        .post("/api/account/delete", &json!({"password": PASSWORD}))
        .await;
    assert_eq!(gone.status, 202, "{gone:?}");
    app.run_jobs().await;
    let jobs = &app.app.jobs;
    let ends = app
        .app
        .store
        .read(|tx| jobs.list(tx, Some(billing::END), None, 10));
    let ends = ends.unwrap();
    assert_eq!(ends.len(), 1);
    assert!(
        !ends[0].payload.contains(&id.to_string()),
        "{}",
        ends[0].payload
    );
    stripe.down(None);
    app.advance(Duration::from_secs(30));
    app.run_jobs().await;
    for subscription in [first, second] {
        let books = stripe.books();
        assert_eq!(books.kept(&subscription).unwrap()["status"], "canceled");
    }
    // What Stripe tells of it afterwards is about nobody.
    for event in stripe.events() {
        assert_eq!(stripe.deliver(&app, &event).await.status, 200);
        let name = event["id"].as_str().unwrap();
        let row = app.app.store.read(|tx| billing::event(tx, name));
        assert_eq!(row.unwrap().unwrap().customer, None);
    }
    app.run_jobs().await;
    app.finish().await;
}

/// A copy asks Stripe nothing and ends nothing, until somebody says that it is the real one.
#[tokio::test]
async fn a_copy_is_silent() {
    let (mut app, stripe, ada) = shop().await;
    stripe.sells(&app, &ada, PRO).await;
    app.end();
    let copied = std::process::Command::new("cp")
        .args(["-a", "data", "copy"])
        .current_dir(app.folder())
        .status();
    assert!(copied.unwrap().success());
    app.config.data.dir = app.folder().join("copy");
    app.reopen().await;
    assert!(app.app.held());
    let asked = stripe.asked("");
    let ada = app.user("ada").await;
    let id = id_of(&ada).await;
    let refused = billing::sync_now(&app.app, id).await.unwrap_err();
    assert_eq!(refused.code(), "data_held");
    assert!(billing::reconcile(&app.app).await.is_err());
    let (inside, id) = (app.app.clone(), id);
    let queued = app.app.store.write(move |tx| {
        let event = None::<String>;
        inside
            .jobs
            .add(tx, billing::SYNC, &json!({"user": id, "event": event}))
    });
    let job = queued.await.unwrap();
    app.run_jobs().await;
    let state = app.app.store.read(|tx| app.app.jobs.get(tx, job));
    assert_eq!(state.unwrap().unwrap().state, novacore::jobs::State::Held);
    assert_eq!(stripe.asked(""), asked);
    let admin = app.admin().await;
    let adopted = admin.post("/api/admin/storage/adopt", &json!({})).await;
    assert_eq!(adopted.status, 204);
    app.run_jobs().await;
    assert!(stripe.asked("") > asked);
    app.finish().await;
}
