//! What the mails about limits, trials and subscriptions say, and when nobody needs them any more.

use std::time::Duration;

use jiff::Timestamp;
use novacore::auth::{Limited, Mail, MailFacts, MailPurpose, Paid};
use novacore::jobs::State;
use uuid::Uuid;

use crate::support::app::TestApp;
use crate::support::people::id_of;
use crate::support::records;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

async fn with_billing() -> TestApp {
    TestApp::with_mail(|config| {
        config.billing.enabled = true;
        config.stripe.secret_key = "sk_test_1".into();
        config.stripe.webhook_secrets = vec!["whsec_1".into()];
    })
    .await
}

async fn queue(app: &TestApp, mail: Mail) -> Uuid {
    let program = app.app.clone();
    let queued = move |tx: &mut storage::WriteTx<'_>| mail.send(&program, tx);
    app.app.store.write(queued).await.unwrap()
}

/// Why a mail was not sent; none when it was.
async fn over(app: &TestApp, id: Uuid) -> Option<String> {
    app.run_jobs().await;
    let job = app.app.store.read(|tx| app.app.jobs.get(tx, id));
    let job = job.unwrap().unwrap();
    assert!(matches!(job.state, State::Done | State::Failed), "{job:?}");
    job.last_error
}

/// Sends it; what sets it apart from others.
async fn said(app: &TestApp, mail: Mail) -> String {
    let id = queue(app, mail).await;
    assert_eq!(over(app, id).await, None);
    let letter = app.smtp().last();
    let text = letter.text.replace(&app.app.base(), "BASE");
    let (said, end) = text.split_once("\n--\n").unwrap();
    assert!(end.contains("because you have an account"), "{text}");
    assert!(said.contains("\nIf ") && !text.contains('!'), "{text}");
    let said = said.replace("You will be asked to sign in.\n\n", "");
    format!("Subject: {}\n\n{said}", letter.subject)
}

fn used(what: Limited, level: u8, resets_at: Option<Timestamp>) -> MailFacts {
    MailFacts::Used {
        what,
        level,
        resets_at,
    }
}

fn plan(plan: &str, until: Option<Timestamp>) -> MailFacts {
    MailFacts::Plan {
        plan: plan.into(),
        until,
    }
}

/// Who used much or all of a limit is told of which, when it starts again, and what still works.
#[tokio::test]
async fn the_words_about_limits() {
    let app = with_billing().await;
    let ada = id_of(&app.user("ada").await).await;
    let midnight = Some(at("2026-01-02T00:00:00Z"));
    let mut all = vec![];
    for facts in [
        used(Limited::Tokens, 80, midnight),
        used(Limited::Tokens, 100, midnight),
        used(Limited::Messages, 100, midnight),
        used(Limited::Memory, 80, None),
        used(Limited::Memory, 100, None),
    ] {
        all.push(
            said(
                &app,
                Mail::to(ada, MailPurpose::QuotaWarning).telling(facts),
            )
            .await,
        );
    }
    insta::assert_snapshot!(all.join("\n=====\n"), @r#"
    Subject: 80 % of today's tokens are used

    You have used 80 % of the tokens that your plan allows a day. They start again at 2 January 2026, 00:00 UTC.

    See what you used:
    BASE/usage

    If you did not use that much, somebody else may use your account: change your password and end all other sign-ins.

    =====
    Subject: Today's tokens are used up

    You have used all the tokens that your plan allows a day.

    New messages are answered again from 2 January 2026, 00:00 UTC. Until then you can read, search and export everything as before.

    See what you used:
    BASE/usage

    If you did not use that much, somebody else may use your account: change your password and end all other sign-ins.

    =====
    Subject: Today's messages are used up

    You have used all the messages that your plan allows a day.

    New messages are answered again from 2 January 2026, 00:00 UTC. Until then you can read, search and export everything as before.

    See what you used:
    BASE/usage

    If you did not use that much, somebody else may use your account: change your password and end all other sign-ins.

    =====
    Subject: 80 % of the room for memories is used

    You have used 80 % of the room for memories that your plan gives you.

    When it is full, Nova answers as before but remembers nothing new. You make room by forgetting what you no longer need.

    See what you used:
    BASE/usage

    If you did not use that much, somebody else may use your account: change your password and end all other sign-ins.

    =====
    Subject: The room for memories is full

    You have used all the room for memories that your plan gives you. Nova answers as before, but what is said now is not remembered.

    You make room by forgetting what you no longer need.

    See what you used:
    BASE/usage

    If you did not use that much, somebody else may use your account: change your password and end all other sign-ins.
    "#);
    app.finish().await;
}

/// What tells of a trial or a subscription names the plan, until when it holds, and what comes after.
#[tokio::test]
async fn the_words_about_plans() {
    let app = with_billing().await;
    let ada = id_of(&app.user("ada").await).await;
    let mut all = vec![];
    for (purpose, until) in [
        (MailPurpose::TrialEnding, Some("2026-01-08T00:00:00Z")),
        (MailPurpose::SubscriptionStarted, None),
        (MailPurpose::PaymentFailed, Some("2026-01-09T00:00:00Z")),
        (MailPurpose::PaymentFailed, None),
        (MailPurpose::SubscriptionEnded, None),
    ] {
        let facts = plan("pro", until.map(at));
        all.push(said(&app, Mail::to(ada, purpose).telling(facts)).await);
    }
    insta::assert_snapshot!(all.join("\n=====\n"), @r#"
    Subject: Your trial of Pro ends soon

    You can try the plan Pro until 8 January 2026, 00:00 UTC.

    From then on the plan Free counts. You need not do anything, and nothing is charged. What you said and what is remembered stays.

    See the plans:
    BASE/plans

    If you want to keep Pro, choose it on that page.

    =====
    Subject: Your plan is Pro now

    Your subscription to the plan Pro has begun. Its limits count from now on.

    It is renewed by itself until you cancel it. You can do so on the page below, where you find your invoices, too.

    See your plan:
    BASE/plans

    If you did not subscribe, cancel it on that page, change your password, and tell whoever runs the server.

    =====
    Subject: A payment did not go through

    A payment for your plan, Pro, did not go through.

    The plan holds until 9 January 2026, 00:00 UTC all the same. If nothing is paid by then, the plan Free counts. What you said and what is remembered stays.

    Usually the payment is tried again by itself. You can change how you pay, for example when a card has run out.

    Change how you pay:
    BASE/plans

    If you have paid meanwhile, you need not do anything.

    =====
    Subject: A payment did not go through

    A payment for your plan, Pro, did not go through.

    Usually the payment is tried again by itself. You can change how you pay, for example when a card has run out.

    Change how you pay:
    BASE/plans

    If you have paid meanwhile, you need not do anything.

    =====
    Subject: Your subscription to Pro has ended

    Your subscription to the plan Pro has ended, and nothing more is charged.

    The plan Basic counts from now on. What you said and what is remembered stays.

    See the plans:
    BASE/plans

    If you did not cancel it, a payment may not have gone through. You can subscribe again at any time.
    "#);
    app.finish().await;
}

/// A warning is not sent after the limit has started again, nor one of a trial to who pays by now, nor
/// one of a payment that came meanwhile.
#[tokio::test]
async fn what_is_no_longer_so_is_not_told() {
    let app = with_billing().await;
    let ada = app.user("ada").await;
    let id = id_of(&ada).await;
    let reset = used(Limited::Tokens, 80, Some(at("2026-01-02T00:00:00Z")));
    let failed = plan("pro", Some(at("2026-01-09T00:00:00Z")));
    let trial = plan("basic", Some(at("2026-01-08T00:00:00Z")));
    records::change(&app, &ada, |user| {
        user.paid = Some(Paid {
            plan: "pro".into(),
            until: Some("2026-02-01T00:00:00Z".parse().unwrap()),
            livemode: false,
        });
    })
    .await;
    app.advance(Duration::from_hours(24));
    for (purpose, facts, reason) in [
        (MailPurpose::QuotaWarning, Some(reset), "started again"),
        (MailPurpose::TrialEnding, Some(trial), "another plan counts"),
        (
            MailPurpose::PaymentFailed,
            Some(failed),
            "it was paid since",
        ),
        (MailPurpose::PaymentFailed, None, "no longer known"),
    ] {
        let facts_of = |mail: Mail| match facts {
            Some(facts) => mail.telling(facts),
            None => mail,
        };
        let mail = queue(&app, facts_of(Mail::to(id, purpose))).await;
        let why = over(&app, mail).await.unwrap();
        assert!(
            why.starts_with("not sent: ") && why.contains(reason),
            "{why}"
        );
    }
    app.finish().await;
}

/// Whose account is disabled is not written to about limits and plans.
#[tokio::test]
async fn who_is_disabled_is_not_told() {
    let app = with_billing().await;
    let ada = app.user("ada").await;
    let id = id_of(&ada).await;
    records::change(&app, &ada, |user| user.disabled = true).await;
    for (purpose, facts) in [
        (MailPurpose::QuotaWarning, used(Limited::Memory, 100, None)),
        (
            MailPurpose::TrialEnding,
            plan("basic", Some(at("2026-01-08T00:00:00Z"))),
        ),
        (MailPurpose::SubscriptionStarted, plan("pro", None)),
        (MailPurpose::PaymentFailed, plan("pro", None)),
        (MailPurpose::SubscriptionEnded, plan("pro", None)),
    ] {
        let mail = queue(&app, Mail::to(id, purpose).telling(facts)).await;
        let why = over(&app, mail).await.unwrap();
        assert!(why.contains("the account is disabled"), "{why}");
    }
    app.finish().await;
}

/// A mail that an earlier version queued, without facts, is still read.
#[tokio::test]
async fn mails_queued_before_are_still_sent() {
    let app = with_billing().await;
    let ada = id_of(&app.user("ada").await).await;
    let mail = Mail::to(ada, MailPurpose::PasskeyAdded);
    let written = serde_json::to_string(&mail).unwrap();
    assert!(!written.contains("facts"), "{written}");
    let read: Mail = serde_json::from_str(&written).unwrap();
    assert_eq!(read.facts, None);
    let id = queue(&app, read).await;
    assert_eq!(over(&app, id).await, None);
    app.finish().await;
}
