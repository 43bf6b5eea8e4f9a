//! The first administrator, by the one-time link.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use novacore::auth;
use serde_json::json;

use super::login;
use crate::support::app::{PASSWORD, TestApp};
use crate::support::http::Answer;

async fn link(app: &TestApp) -> String {
    let link = auth::offer_setup(&app.app, "http://nova").await.unwrap();
    let link = link.expect("a link while there is no administrator");
    link.strip_prefix("http://nova/setup#").unwrap().to_owned()
}

async fn set_up(app: &TestApp, token: &str, email: &str) -> Answer {
    let body = json!({"token": token, "email": email, "password": PASSWORD});
    app.nobody().post("/api/auth/setup", &body).await
}

/// The link makes one administrator, who is signed in at once, and is then of no more use.
#[tokio::test]
async fn the_link_works_once() {
    let app = TestApp::fresh(|_| {}).await;
    let token = link(&app).await;
    let made = set_up(&app, &token, "grace@example.org").await;
    assert_eq!(
        (made.status, &made.body["user"]["role"]),
        (201, &json!("admin"))
    );
    assert_eq!(app.signed_in(&made).get("/api/auth/me").await.status, 200);

    let again = set_up(&app, &token, "mallory@example.org").await;
    assert_eq!((again.status, again.code()), (409, "setup_done"));
    let refused = login(&app, "mallory@example.org", PASSWORD).await;
    assert_eq!(refused.code(), "credentials_invalid");
    let none = auth::offer_setup(&app.app, "http://nova").await.unwrap();
    assert_eq!(none, None, "no link once there is an administrator");
    app.finish().await;
}

/// Without the link nobody becomes administrator, and a slip at the form does not spend it.
#[tokio::test]
async fn a_wrong_link_makes_nobody() {
    let app = TestApp::fresh(|_| {}).await;
    let early = set_up(&app, "guess", "mallory@example.org").await;
    assert_eq!((early.status, early.code()), (403, "setup_token_invalid"));
    let token = link(&app).await;
    for wrong in ["", "guess", &token[1..], &token.to_lowercase()] {
        let refused = set_up(&app, wrong, "mallory@example.org").await;
        assert_eq!(
            (refused.status, refused.code()),
            (403, "setup_token_invalid"),
            "{wrong}"
        );
    }
    let body = json!({"token": token, "email": "grace@example.org", "password": "short"});
    let slip = app.nobody().post("/api/auth/setup", &body).await;
    assert_eq!((slip.status, slip.code()), (422, "password_too_short"));
    assert_eq!(set_up(&app, &token, "grace@example.org").await.status, 201);
    app.finish().await;
}

/// Of two people with the link one becomes the administrator, the other is told.
#[tokio::test]
async fn of_two_people_with_the_link_one_wins() {
    let app = TestApp::fresh(|_| {}).await;
    let token = link(&app).await;
    let emails = ["a@example.org", "b@example.org", "c@example.org"];
    let answers =
        futures_util::future::join_all(emails.map(|email| set_up(&app, &token, email))).await;
    let mut told: Vec<_> = answers.iter().map(|a| (a.status, a.code())).collect();
    told.sort_unstable();
    assert_eq!(told, [(201, ""), (409, "setup_done"), (409, "setup_done")]);
    let mut accounts = Vec::new();
    for email in emails {
        accounts.push(login(&app, email, PASSWORD).await.status);
    }
    accounts.sort_unstable();
    assert_eq!(
        accounts,
        [200, 401, 401],
        "who lost the race has no account either"
    );
    app.finish().await;
}

/// A link that was seen by somebody is made worthless by starting again.
#[tokio::test]
async fn a_new_start_voids_the_old_link() {
    let mut app = TestApp::fresh(|_| {}).await;
    let old = link(&app).await;
    app.crash_and_reopen().await;
    let new = link(&app).await;
    assert_ne!(old, new);
    assert_eq!(
        set_up(&app, &old, "m@example.org").await.code(),
        "setup_token_invalid"
    );
    assert_eq!(set_up(&app, &new, "grace@example.org").await.status, 201);
    app.finish().await;
}

/// The key and the data can be read by the server's user alone, and the key outlives a restart.
#[tokio::test]
async fn the_key_is_private_and_stays() {
    let mut app = TestApp::new().await;
    let ada = app.user("ada").await;
    let token = ada.token.unwrap();
    let data = app.folder().join("data");
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data.join("secret.key")), 0o600);
    assert_eq!(mode(&data), 0o700);
    assert_eq!(mode(&app.config.data.cache_path()), 0o700);
    app.crash_and_reopen().await;
    assert_eq!(super::refusal(&app, &token).await, "");
    app.finish().await;
}
