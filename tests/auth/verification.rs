//! Verifying a mail address, from the mail to the mark in the profile, and what comes in between.

use std::time::Duration;

use futures_util::future::join_all;
use novacore::config::Verification;
use serde_json::{Value, json};

use super::{login, register};
use crate::support::app::{PASSWORD, TestApp};
use crate::support::http::{Answer, Person};

const ADA: &str = "ada@example.org";

async fn verify(app: &TestApp, token: &str) -> Answer {
    let body = json!({"token": token});
    app.nobody().post("/api/auth/verify-email", &body).await
}

async fn resend(app: &TestApp, email: &str) -> Answer {
    let body = json!({"email": email});
    let answer = app
        .nobody()
        .post("/api/auth/resend-verification", &body)
        .await;
    app.settle().await;
    answer
}

async fn me(person: &Person) -> Value {
    person.get("/api/auth/me").await.body
}

/// A person whose address is not verified yet, and the token of the mail that was sent.
async fn unverified(app: &TestApp) -> (Person, String) {
    let made = register(app, ADA, PASSWORD).await;
    assert_eq!(made.status, 201, "{made:?}");
    (app.signed_in(&made), app.link_token(ADA).await)
}

/// Registering sends the link without being kept waiting; the link verifies once, and the profile says
/// since when.
#[tokio::test]
async fn the_mailed_link_verifies_the_address() {
    let app = TestApp::with_mail(|_| {}).await;
    let (ada, token) = unverified(&app).await;
    assert_eq!(me(&ada).await["email_verified"], false);
    app.advance(Duration::from_hours(23));
    let verified = verify(&app, &token).await;
    assert_eq!(verified.status, 200, "{verified:?}");
    assert_eq!(verified.body["email"], ADA);
    let ada = app.signed_in(&login(&app, ADA, PASSWORD).await);
    let profile = me(&ada).await;
    assert_eq!(profile["email_verified"], true);
    assert_eq!(profile["email_verified_at"], "2026-01-01T23:00:00Z");
    assert_eq!(verified.body["email_verified_at"], "2026-01-01T23:00:00Z");
    let again = verify(&app, &token).await;
    assert_eq!((again.status, again.code()), (403, "link_used"));
    app.finish().await;
}

/// A link opened by something that is no page verifies as well (API.md), and is used up by it.
#[tokio::test]
async fn a_get_verifies_too() {
    let app = TestApp::with_mail(|_| {}).await;
    let (ada, token) = unverified(&app).await;
    let path = format!("/api/auth/verify-email?token={token}");
    assert_eq!(app.nobody().get(&path).await.status, 200);
    assert_eq!(app.nobody().get(&path).await.code(), "link_used");
    assert_eq!(me(&ada).await["email_verified"], true);
    app.finish().await;
}

/// After 24 hours the link has run out, and says so; a new one works.
#[tokio::test]
async fn links_run_out() {
    let app = TestApp::with_mail(|_| {}).await;
    let (_, token) = unverified(&app).await;
    app.advance(Duration::from_hours(24));
    let expired = verify(&app, &token).await;
    assert_eq!((expired.status, expired.code()), (403, "link_expired"));
    let ada = app.signed_in(&login(&app, ADA, PASSWORD).await);
    let sent = ada.post("/api/auth/resend-verification", &json!({})).await;
    assert_eq!(sent.status, 202, "{sent:?}");
    let newer = app.link_token(ADA).await;
    assert_eq!(verify(&app, &newer).await.status, 200);
    let more = ada.post("/api/auth/resend-verification", &json!({})).await;
    assert_eq!((more.status, more.code()), (409, "already_verified"));
    app.finish().await;
}

/// A newer link voids the older one: of many mails in a box, one opens the door.
#[tokio::test]
async fn a_newer_link_voids_the_older() {
    let app = TestApp::with_mail(|_| {}).await;
    let (_, older) = unverified(&app).await;
    resend(&app, ADA).await;
    let newer = app.link_token(ADA).await;
    assert_ne!(older, newer);
    assert_eq!(verify(&app, &older).await.code(), "link_invalid");
    assert_eq!(verify(&app, &newer).await.status, 200);
    app.finish().await;
}

/// Of two that come at once with one link, one verifies.
#[tokio::test]
async fn a_link_works_once_also_at_once() {
    let app = TestApp::with_mail(|config| config.limits.enabled = false).await;
    let (_, token) = unverified(&app).await;
    let answers = join_all((0..20).map(|_| verify(&app, &token))).await;
    let count = |code: &str| answers.iter().filter(|a| a.code() == code).count();
    assert_eq!((count(""), count("link_used")), (1, 19));
    app.finish().await;
}

/// A token of one kind is no good for another, and a guess is no good for anything.
#[tokio::test]
async fn other_tokens_verify_nothing() {
    let app = TestApp::with_mail(|_| {}).await;
    let (_, token) = unverified(&app).await;
    let reset = json!({"token": token, "password": "another calm river"});
    let refused = app.nobody().post("/api/auth/reset-password", &reset).await;
    assert_eq!((refused.status, refused.code()), (403, "link_invalid"));
    for guess in [
        "",
        "guess",
        &token[..token.len() - 1],
        &token.to_uppercase(),
    ] {
        assert_eq!(verify(&app, guess).await.code(), "link_invalid", "{guess}");
    }
    assert_eq!(verify(&app, "guess").await.code(), "link_invalid");
    assert_eq!(
        verify(&app, &token).await.code(),
        "rate_limited",
        "five tries were made"
    );
    app.advance(Duration::from_mins(15));
    assert_eq!(verify(&app, &token).await.status, 200);
    app.finish().await;
}

/// Five uses of links in any fifteen minutes from one network, also when fifty come at once.
#[tokio::test]
async fn tries_are_counted_exactly() {
    let app = TestApp::with_mail(|_| {}).await;
    let answers = join_all((0..50).map(|_| verify(&app, "guess"))).await;
    let count = |status| answers.iter().filter(|a| a.status == status).count();
    assert_eq!((count(403), count(429)), (5, 45));
    app.advance(Duration::from_secs(15 * 60 - 1));
    let early = verify(&app, "guess").await;
    assert_eq!((early.status, early.header("retry-after")), (429, "1"));
    app.advance(Duration::from_secs(1));
    assert_eq!(verify(&app, "guess").await.status, 403);
    app.finish().await;
}

/// Whoever asks for another mail hears the same for every address; three an hour are sent.
#[tokio::test]
async fn asking_again_tells_nothing_and_floods_nobody() {
    let app = TestApp::with_mail(|_| {}).await;
    let (ada, _) = unverified(&app).await;
    let mut seen = Vec::new();
    for email in [ADA, "nobody@example.org", "admin@example.org", "no address"] {
        let answer = resend(&app, email).await;
        seen.push((answer.status, answer.text));
    }
    assert!(seen.iter().all(|one| *one == seen[0]), "{seen:?}");
    assert_eq!(seen[0].0, 202);
    for _ in 0..5 {
        resend(&app, ADA).await;
    }
    let letters = app.letters_to(ADA).await.len();
    assert_eq!(letters, 4, "the first, and three that were asked for");
    let own = ada.post("/api/auth/resend-verification", &json!({})).await;
    assert_eq!(own.status, 429, "{own:?}");
    assert_eq!(
        resend(&app, "x@example.org").await.status,
        202,
        "the tenth from here"
    );
    assert_eq!(resend(&app, "x@example.org").await.status, 429);
    app.finish().await;
}

/// Until then: ten messages a UTC day, the eleventh says when and how to go on; fifty at once get ten.
#[tokio::test]
async fn unverified_people_have_ten_messages_a_day() {
    let app = TestApp::with_mail(|config| config.limits.answers_per_user = 0).await;
    let (ada, token) = unverified(&app).await;
    let answers = join_all((0..50).map(|_| ada.say("Hello"))).await;
    let sent = answers.iter().filter(|a| a.status == 200).count();
    assert_eq!(sent, 10);
    let refused = answers.iter().find(|a| a.status != 200).unwrap();
    assert_eq!((refused.status, refused.code()), (429, "quota_exceeded"));
    assert_eq!(refused.body["resets_at"], "2026-01-02T00:00:00Z");
    assert!(refused.str("error").contains("Verify"), "{refused:?}");
    app.advance(Duration::from_hours(24));
    let ada = app.signed_in(&login(&app, ADA, PASSWORD).await);
    assert_eq!(ada.say("Hello").await.status, 200, "a new day");
    resend(&app, ADA).await;
    let newer = app.link_token(ADA).await;
    assert_ne!(token, newer);
    assert_eq!(verify(&app, &newer).await.status, 200);
    for _ in 0..12 {
        assert_eq!(ada.say("Hello").await.status, 200);
    }
    app.finish().await;
}

/// Where nobody may sign in unverified: the answer is 202 for every address and shows no token; the new
/// one gets its link, the owner of a taken one is told, and the door opens after the link was used.
#[tokio::test]
async fn sign_in_can_wait_for_the_address() {
    let app = TestApp::with_mail(|config| config.auth.verification = Verification::Login).await;
    let mut seen = Vec::new();
    for email in [ADA, ADA, "admin@example.org"] {
        let answer = register(&app, email, PASSWORD).await;
        app.settle().await;
        seen.push((answer.status, answer.text));
    }
    assert!(seen.iter().all(|one| *one == seen[0]), "{seen:?}");
    assert_eq!(
        (seen[0].0, seen[0].1.as_str()),
        (202, r#"{"status":"check_mail"}"#)
    );
    app.run_jobs().await;
    assert_eq!(app.letters_to("admin@example.org").await.len(), 1);
    assert_eq!(
        app.letters_to(ADA).await.len(),
        2,
        "the link, and that somebody tried again"
    );
    let early = login(&app, ADA, PASSWORD).await;
    assert_eq!((early.status, early.code()), (403, "email_unverified"));
    let wrong = login(&app, ADA, "not her password").await;
    assert_eq!(
        wrong.code(),
        "credentials_invalid",
        "strangers learn nothing"
    );
    let token = app.link_token(ADA).await;
    assert_eq!(verify(&app, &token).await.status, 200);
    assert_eq!(login(&app, ADA, PASSWORD).await.status, 200);
    app.finish().await;
}
