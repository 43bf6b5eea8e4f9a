//! Signing out, here and everywhere, and the list of sign-ins.

use std::time::Duration;

use novacore::schedule;
use serde_json::json;

use super::{ada_signs_in, refresh, refusal};
use crate::support::app::{PASSWORD, TestApp};
use crate::support::http::Person;

/// Log-out is real at once: a copy of either token is worthless afterwards.
#[tokio::test]
async fn log_out_is_real_at_once() {
    let app = TestApp::new().await;
    let (access, token) = ada_signs_in(&app).await;
    let (other, _) = ada_signs_in(&app).await;
    let out = app
        .nobody()
        .with_token(&access)
        .post("/api/auth/logout", &json!({}))
        .await;
    assert_eq!(out.status, 204);
    assert_eq!(refusal(&app, &access).await, "session_revoked");
    assert_eq!(refresh(&app, &token).await.code(), "session_revoked");
    assert_eq!(refusal(&app, &other).await, "", "only this sign-in ended");
    app.finish().await;
}

/// A program whose access token has run out can still log out with its refresh token; whoever is
/// signed out already has what they want.
#[tokio::test]
async fn log_out_works_with_the_refresh_token_alone() {
    let app = TestApp::new().await;
    let (access, token) = ada_signs_in(&app).await;
    app.advance(Duration::from_mins(16));
    let body = json!({"refresh_token": token});
    let expired = app.nobody().with_token(&access);
    for _ in 0..2 {
        assert_eq!(expired.post("/api/auth/logout", &body).await.status, 204);
        assert_eq!(refresh(&app, &token).await.code(), "session_revoked");
    }
    let nothing = app.nobody().post("/api/auth/logout", &json!({})).await;
    assert_eq!(nothing.status, 204);
    app.finish().await;
}

/// A lost device is thrown out by signing out everywhere; without proof of who it is nothing ends.
#[tokio::test]
async fn log_out_everywhere_ends_every_sign_in() {
    let app = TestApp::new().await;
    let bob = app.user("bob").await;
    let (here, _) = ada_signs_in(&app).await;
    let (lost, lost_refresh) = ada_signs_in(&app).await;
    let unknown = app.nobody().post("/api/auth/logout-all", &json!({})).await;
    assert_eq!((unknown.status, unknown.code()), (401, "session_revoked"));
    let person = app.nobody().with_token(&here);
    assert_eq!(
        person.post("/api/auth/logout-all", &json!({})).await.status,
        204
    );
    for token in [here, lost] {
        assert_eq!(refusal(&app, &token).await, "session_revoked");
    }
    assert_eq!(refresh(&app, &lost_refresh).await.code(), "session_revoked");
    assert_eq!(bob.get("/api/auth/me").await.status, 200);
    app.finish().await;
}

/// A log-out that was not carried out must not say that it was.
#[tokio::test]
async fn a_log_out_that_is_refused_says_so() {
    let app = TestApp::with(|config| {
        config.limits.reads_per_minute = 60;
        config.limits.reads_burst = 3;
    })
    .await;
    let (access, _) = ada_signs_in(&app).await;
    let person = app.nobody().with_token(&access);
    while person.get("/api/auth/me").await.status == 200 {}
    let refused = person.post("/api/auth/logout", &json!({})).await;
    assert_eq!((refused.status, refused.code()), (429, "rate_limited"));
    app.advance(Duration::from_mins(1));
    assert_eq!(
        person.post("/api/auth/logout", &json!({})).await.status,
        204
    );
    assert_eq!(refusal(&app, &access).await, "session_revoked");
    app.finish().await;
}

/// A person sees from where they are signed in, newest first, which one is asking, and can end each.
#[tokio::test]
async fn sign_ins_are_listed_and_ended_one_by_one() {
    let app = TestApp::new().await;
    app.user("ada").await;
    let sign_in = async |device: &str| {
        let body = super::credentials("ada@example.org", PASSWORD);
        let request = app.nobody().request("POST", "/api/auth/login").json(&body);
        app.advance(Duration::from_mins(1));
        let answer = Person::send(request.header("user-agent", device)).await;
        app.signed_in(&answer)
    };
    let phone = sign_in("a telephone").await;
    let laptop = sign_in("a laptop").await;
    let list = laptop.get("/api/auth/sessions").await.body;
    let items = list["items"].as_array().unwrap();
    let seen: Vec<_> = items
        .iter()
        .map(|i| (&i["device"], &i["current"]))
        .collect();
    assert_eq!(
        seen[..2],
        [
            (&json!("a laptop"), &json!(true)),
            (&json!("a telephone"), &json!(false))
        ]
    );
    assert_eq!(items.len(), 3);
    assert_eq!(items[0]["address"], "127.0.0.1");
    assert_eq!(items[0]["created_at"], "2026-01-01T00:02:00Z");
    assert_eq!(items[0]["expires_at"], "2026-01-08T00:02:00Z");

    let path = format!("/api/auth/sessions/{}", items[1]["id"].as_str().unwrap());
    assert_eq!(laptop.delete(&path).await.status, 204);
    assert_eq!(phone.get("/api/auth/me").await.code(), "session_revoked");
    let again = laptop.delete(&path).await;
    assert_eq!((again.status, again.code()), (404, "not_found"));
    let left = laptop.get("/api/auth/sessions").await.body;
    assert_eq!(left["items"].as_array().unwrap().len(), 2);
    app.finish().await;
}

/// Sign-ins that ended by themselves are no longer listed; sweeping them up spares those that live.
#[tokio::test]
async fn ended_sign_ins_disappear() {
    let app = TestApp::new().await;
    let (_, old) = ada_signs_in(&app).await;
    app.advance(Duration::from_hours(24 * 6));
    let (_, token) = ada_signs_in(&app).await;
    app.advance(Duration::from_hours(24 * 3));
    schedule::sweep(&app.app).await.unwrap();
    assert_eq!(refresh(&app, &old).await.code(), "session_revoked");
    let person = app.signed_in(&refresh(&app, &token).await);
    let list = person.get("/api/auth/sessions").await.body;
    // `ada_signs_in` signs in twice: once to see whether the account is there.
    assert_eq!(list["items"].as_array().unwrap().len(), 2);
    app.finish().await;
}

/// Whoever has any refresh token of a sign-in may end it, also an old one.
#[tokio::test]
async fn log_out_works_with_an_old_refresh_token() {
    let app = TestApp::new().await;
    let (_, first) = ada_signs_in(&app).await;
    let second = refresh(&app, &first).await.str("refresh_token");
    let third = refresh(&app, &second).await;
    let body = json!({"refresh_token": first});
    assert_eq!(
        app.nobody().post("/api/auth/logout", &body).await.status,
        204
    );
    let access = app.nobody().with_token(&third.str("access_token"));
    assert_eq!(access.get("/api/auth/me").await.code(), "session_revoked");
    app.finish().await;
}
