//! Whose account somebody at another service gets.

use std::time::Duration;

use novacore::config::Registration;
use serde_json::{Value, json};

use super::{account, exists};
use crate::support::app::TestApp;
use crate::support::provider::Someone;
use crate::support::surfer::Surfer;

/// An account whose address both sides verified is theirs, and stays tied when the address there changes.
#[tokio::test]
async fn a_verified_account_is_theirs() {
    let (app, provider) = TestApp::with_provider(|_| {}).await;
    let ada = account(&app, "Ada@Example.org", true).await;
    let surfer = Surfer::new(&app);
    assert_eq!(surfer.travel(false).await, "/");
    let me = surfer.person(&app).await.get("/api/auth/me").await;
    assert_eq!(me.str("id"), ada.id.to_string());
    provider.who("ada-there", "ada@elsewhere.example");
    assert_eq!(surfer.travel(false).await, "/");
    let me = surfer.person(&app).await.get("/api/auth/me").await;
    assert_eq!(me.str("id"), ada.id.to_string());
    assert!(!exists(&app, "ada@elsewhere.example"));
    app.finish().await;
}

/// Somebody whose verified address there only folds to that of an account here is somebody else.
#[tokio::test]
async fn an_address_that_folds_to_another_is_not_it() {
    let (app, provider) = TestApp::with_provider(|_| {}).await;
    let nike = account(&app, "nike@example.org", true).await;
    provider.who("kelvin-there", "ni\u{212a}e@example.org");
    let surfer = Surfer::new(&app);
    assert_eq!(surfer.travel(false).await, "/");
    let me = surfer.person(&app).await.get("/api/auth/me").await;
    assert_ne!(me.str("id"), nike.id.to_string());
    provider.who("eve-there", "ni\u{200b}ke@example.org");
    let end = Surfer::new(&app).travel(false).await;
    assert_eq!(end, "/login#problem=oidc_address_unverified");
    app.finish().await;
}

/// A known identity needs no address at all.
#[tokio::test]
async fn a_known_identity_needs_no_address() {
    let (app, provider) = TestApp::with_provider(|_| {}).await;
    let surfer = Surfer::new(&app);
    assert_eq!(surfer.travel(false).await, "/");
    provider.script(|script| script.who.email = None);
    assert_eq!(surfer.travel(false).await, "/");
    app.finish().await;
}

/// Two people of one provider are two, and one subject of two issuers would be two.
#[tokio::test]
async fn people_are_told_apart_by_their_subject() {
    let (app, provider) = TestApp::with_provider(|_| {}).await;
    let surfer = Surfer::new(&app);
    surfer.travel(false).await;
    let ada = surfer.person(&app).await.get("/api/auth/me").await;
    provider.who("bob-there", "bob@example.org");
    let other = Surfer::new(&app);
    other.travel(false).await;
    let bob = other.person(&app).await.get("/api/auth/me").await;
    assert_ne!(ada.str("id"), bob.str("id"));
    // An address that moved on to somebody else there does not bring its account along.
    provider.who("eve-there", "carol@example.org");
    assert_eq!(Surfer::new(&app).travel(false).await, "/");
    app.finish().await;
}

/// An address that the service does not vouch for opens no account and makes none.
#[tokio::test]
async fn an_unverified_address_opens_nothing() {
    let (app, provider) = TestApp::with_provider(|_| {}).await;
    account(&app, "ada@example.org", true).await;
    let unsure = [Some(json!(false)), Some(json!("false")), None];
    for verified in unsure {
        for email in ["ada@example.org", "new@example.org"] {
            provider.script(|script| {
                script.who = Someone {
                    verified: verified.clone(),
                    ..Someone::verified("ada-there", email)
                };
            });
            let end = Surfer::new(&app).travel(false).await;
            assert_eq!(
                end, "/login#problem=oidc_address_unverified",
                "{verified:?}"
            );
        }
    }
    for email in [None, Some("no address".to_owned())] {
        provider.script(|script| {
            script.who = Someone::verified("ada-there", "");
            script.who.email = email;
        });
        let end = Surfer::new(&app).travel(false).await;
        assert_eq!(end, "/login#problem=oidc_address_unverified");
    }
    assert!(!exists(&app, "new@example.org"));
    // Some services write it as a string.
    provider.script(|script| {
        script.who = Someone::verified("ada-there", "ada@example.org");
        script.who.verified = Some(json!("true"));
    });
    assert_eq!(Surfer::new(&app).travel(false).await, "/");
    app.finish().await;
}

/// Pre-hijacking: whoever registered a stranger's address first must not share the account with them
/// when they come by the service.
#[tokio::test]
async fn an_account_that_was_never_verified_is_not_shared() {
    let (app, _provider) = TestApp::with_provider(|_| {}).await;
    account(&app, "ada@example.org", false).await;
    let surfer = Surfer::new(&app);
    let end = surfer.travel(false).await;
    assert_eq!(end, "/login#problem=oidc_account_unverified");
    assert_eq!(surfer.cookie("novacore"), None);
    app.finish().await;
}

/// Whoever runs the other service, or took over a mailbox there, is no administrator here.
#[tokio::test]
async fn an_administrator_ties_it_first() {
    let (app, provider) = TestApp::with_provider(|_| {}).await;
    provider.who("boss-there", "admin@example.org");
    let surfer = Surfer::new(&app);
    assert_eq!(surfer.travel(false).await, "/login#problem=oidc_link_first");
    let admin = surfer.signed_in(&app.admin().await);
    assert_eq!(admin.travel(true).await, "/account#linked");
    assert_eq!(surfer.travel(false).await, "/");
    let me = surfer.person(&app).await.get("/api/auth/me").await;
    assert_eq!(me.str("role"), "admin");
    app.finish().await;
}

/// New accounts only where registration is open.
#[tokio::test]
async fn no_new_accounts_where_registration_is_not_open() {
    for registration in [Registration::Invitation, Registration::Closed] {
        let (app, _provider) =
            TestApp::with_provider(|config| config.auth.registration = registration).await;
        let surfer = Surfer::new(&app);
        assert_eq!(
            surfer.travel(false).await,
            "/login#problem=oidc_not_allowed"
        );
        assert!(!exists(&app, "ada@example.org"));
        // Who has an account comes in.
        account(&app, "ada@example.org", true).await;
        assert_eq!(surfer.travel(false).await, "/");
        app.finish().await;
    }
}

/// Before there is an administrator nobody gets an account, by whatever way.
#[tokio::test]
async fn nobody_before_the_administrator() {
    let provider = crate::support::provider::Provider::start();
    let app = TestApp::fresh(|config| provider.configure(config)).await;
    provider.tell_time(&app);
    let surfer = Surfer::new(&app);
    assert_eq!(
        surfer.travel(false).await,
        "/login#problem=oidc_not_allowed"
    );
    app.admin().await;
    assert_eq!(surfer.travel(false).await, "/");
    app.finish().await;
}

/// Accounts made by the service count as registrations of their network.
#[tokio::test]
async fn new_accounts_are_limited() {
    let (app, provider) =
        TestApp::with_provider(|config| config.limits.registrations_per_hour = 2).await;
    let mut ends = vec![];
    for name in ["a", "b", "c"] {
        provider.who(name, &format!("{name}@example.org"));
        ends.push(Surfer::new(&app).travel(false).await);
    }
    assert_eq!(ends, ["/", "/", "/login#problem=rate_limited"]);
    app.advance(Duration::from_hours(1));
    assert_eq!(Surfer::new(&app).travel(false).await, "/");
    app.finish().await;
}

/// A closed account stays closed.
#[tokio::test]
async fn a_disabled_account_stays_closed() {
    let (app, _provider) = TestApp::with_provider(|_| {}).await;
    let surfer = Surfer::new(&app);
    surfer.travel(false).await;
    let id = surfer
        .person(&app)
        .await
        .get("/api/auth/me")
        .await
        .str("id");
    let path = format!("/api/admin/users/{id}");
    let admin = app.admin().await;
    let answer = admin.patch(&path, &json!({"disabled": true})).await;
    assert_eq!(answer.body["disabled"], Value::Bool(true), "{answer:?}");
    assert_eq!(
        surfer.travel(false).await,
        "/login#problem=account_disabled"
    );
    assert_eq!(
        surfer.travel(false).await,
        "/login#problem=account_disabled"
    );
    app.finish().await;
}
