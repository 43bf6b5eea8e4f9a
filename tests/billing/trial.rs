//! Trials: of their end people are told once, two days before.

use std::time::Duration;

use novacore::auth::Paid;
use novacore::config::Config;
use novacore::schedule;
use serde_json::json;

use crate::support::app::TestApp;
use crate::support::http::Person;
use crate::support::people::id_of;
use crate::support::records::{self, told};

fn billing(config: &mut Config) {
    config.billing.enabled = true;
    config.stripe.secret_key = "sk_test_1".into();
    config.stripe.webhook_secrets = vec!["whsec_1".into()];
}

const DAY: Duration = Duration::from_hours(24);
/// A day but for a second.
const ALMOST: Duration = Duration::from_secs(86_399);

/// Lets time pass once nothing is being sent: a mail server that is slow for days is given up.
async fn pass(app: &TestApp, time: Duration) {
    app.run_jobs().await;
    app.settle().await;
    app.advance(time);
}

/// How many were told so far, after another sweep.
async fn swept(app: &TestApp) -> usize {
    schedule::sweep(&app.app).await.unwrap();
    told(app, "trial_ending")
}

async fn paid(app: &TestApp, person: &Person) {
    records::change(app, person, |user| {
        user.paid = Some(Paid {
            plan: "pro".into(),
            until: None,
            livemode: false,
        });
    })
    .await;
}

/// Two days before the end somebody who tries a plan is told, and never again: not by the next sweep,
/// not after a restart, not after the end.
#[tokio::test]
async fn the_end_of_a_trial_is_told_once() {
    let mut app = TestApp::with_mail(billing).await;
    app.user("ada").await;
    assert_eq!(swept(&app).await, 0);
    pass(&app, 4 * DAY + ALMOST).await;
    assert_eq!(swept(&app).await, 0);
    pass(&app, Duration::from_secs(1)).await;
    assert_eq!(swept(&app).await, 1);
    let letter = app.letters_to("ada@example.org").await.pop().unwrap();
    assert_eq!(letter.subject, "Your trial of Basic ends soon");
    assert!(letter.text.contains("until 8 January 2026, 00:00 UTC"));
    assert!(letter.text.contains("the plan Free counts"));
    assert_eq!(swept(&app).await, 1);
    app.crash_and_reopen().await;
    assert_eq!(swept(&app).await, 1);
    pass(&app, 3 * DAY).await;
    assert_eq!(swept(&app).await, 1);
    app.finish().await;
}

/// Who pays, was given a plan, administers, cannot sign in, or never showed the address to be theirs is
/// not told.
#[tokio::test]
async fn who_needs_no_word_of_it() {
    let app = TestApp::with_mail(billing).await;
    let admin = app.admin().await;
    paid(&app, &app.user("payer").await).await;
    for (name, change) in [
        ("guest", json!({"plan": "pro"})),
        ("away", json!({"disabled": true})),
    ] {
        let path = format!("/api/admin/users/{}", id_of(&app.user(name).await).await);
        assert_eq!(admin.patch(&path, &change).await.status, 200);
    }
    app.unverified("eve").await;
    pass(&app, 6 * DAY).await;
    assert_eq!(swept(&app).await, 0);
    app.user("late").await;
    pass(&app, 6 * DAY).await;
    assert_eq!(swept(&app).await, 1, "only late's trial ends now");
    app.finish().await;
}

/// Of a trial of a day or two people are told when half of it is over, not as it begins.
#[tokio::test]
async fn a_short_trial_is_told_of_at_half() {
    let app = TestApp::with_mail(|config| {
        billing(config);
        config.billing.trial_days = 2;
    })
    .await;
    app.user("ada").await;
    pass(&app, ALMOST).await;
    assert_eq!(swept(&app).await, 0);
    pass(&app, Duration::from_secs(1)).await;
    assert_eq!(swept(&app).await, 1);
    app.finish().await;
}

/// Without billing there are no trials, and no word of them.
#[tokio::test]
async fn without_billing_nobody_tries() {
    let app = TestApp::with_mail(|_| {}).await;
    app.user("ada").await;
    pass(&app, 6 * DAY).await;
    assert_eq!(swept(&app).await, 0);
    app.finish().await;
}
