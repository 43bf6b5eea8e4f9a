//! New passwords: by a mailed link, and with the old one.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;

use super::throttle::{device_cookie, in_browser};
use super::{login, refresh, refusal, register};
use crate::support::app::{PASSWORD, TestApp};
use crate::support::at_once::at_once;
use crate::support::http::{Answer, Person};
use crate::support::programs::api_token;

const ADA: &str = "ada@example.org";
const NEW: &str = "another calm river";

async fn forgot(app: &TestApp, email: &str) -> Answer {
    let body = json!({"email": email});
    let answer = app.nobody().post("/api/auth/forgot-password", &body).await;
    app.settle().await;
    answer
}

async fn reset(app: &TestApp, token: &str, password: &str) -> Answer {
    let body = json!({"token": token, "password": password});
    app.nobody().post("/api/auth/reset-password", &body).await
}

async fn change(person: &Person, old: &str, new: &str) -> Answer {
    let body = json!({"current_password": old, "new_password": new});
    person.post("/api/auth/change-password", &body).await
}

/// The mailed link sets the password once, ends every sign-in, signs nobody in, and is told by mail.
#[tokio::test]
async fn the_mailed_link_sets_a_new_password() {
    let app = TestApp::with_mail(|_| {}).await;
    register(&app, ADA, PASSWORD).await;
    let signed_in = login(&app, ADA, PASSWORD).await;
    assert_eq!(forgot(&app, "Ada@Example.org").await.status, 202);
    let token = app.reset_token(ADA).await;
    let done = reset(&app, &token, NEW).await;
    assert_eq!((done.status, done.text.as_str()), (204, ""));
    assert_eq!(done.headers.get("set-cookie"), None);
    let access = signed_in.str("access_token");
    assert_eq!(refusal(&app, &access).await, "session_revoked");
    let spent = refresh(&app, &signed_in.str("refresh_token")).await;
    assert_eq!(spent.code(), "session_revoked");
    assert_eq!(
        login(&app, ADA, PASSWORD).await.code(),
        "credentials_invalid"
    );
    let back = login(&app, ADA, NEW).await;
    assert_eq!(back.status, 200);
    assert_eq!(
        back.body["user"]["email_verified"], true,
        "the mail came there"
    );
    assert_eq!(reset(&app, &token, PASSWORD).await.code(), "link_used");
    app.run_jobs().await;
    let last = app.letters_to(ADA).await.pop().unwrap();
    assert!(last.subject.contains("password"), "{}", last.subject);
    let says = "from the network address 127.0.0.1";
    assert!(last.text.contains(says), "{}", last.text);
    app.finish().await;
}

/// A link for a new password is good for an hour, and a newer one voids it.
#[tokio::test]
async fn reset_links_run_out() {
    let app = TestApp::with_mail(|_| {}).await;
    register(&app, ADA, PASSWORD).await;
    app.run_jobs().await;
    forgot(&app, ADA).await;
    let older = app.reset_token(ADA).await;
    forgot(&app, ADA).await;
    let token = app.reset_token(ADA).await;
    assert_eq!(reset(&app, &older, NEW).await.code(), "link_invalid");
    app.advance(Duration::from_hours(1));
    assert_eq!(reset(&app, &token, NEW).await.code(), "link_expired");
    assert_eq!(login(&app, ADA, PASSWORD).await.status, 200);
    app.finish().await;
}

/// A password that is no good does not use the link up.
#[tokio::test]
async fn a_bad_password_keeps_the_link() {
    let app = TestApp::with_mail(|_| {}).await;
    register(&app, ADA, PASSWORD).await;
    forgot(&app, ADA).await;
    let token = app.reset_token(ADA).await;
    let refused = reset(&app, &token, "short").await;
    assert_eq!(
        (refused.status, refused.code()),
        (422, "password_too_short")
    );
    assert_eq!(reset(&app, &token, NEW).await.status, 204);
    app.finish().await;
}

/// Of many that come at once with one link, one sets the password.
#[tokio::test]
async fn a_reset_link_works_once_also_at_once() {
    let app = TestApp::with_mail(|config| config.limits.enabled = false).await;
    register(&app, ADA, PASSWORD).await;
    forgot(&app, ADA).await;
    let token = app.reset_token(ADA).await;
    let passwords: Vec<_> = (0..8).map(|n| format!("calm river {n}")).collect();
    let answers = join_all(
        passwords
            .iter()
            .map(|password| reset(&app, &token, password)),
    )
    .await;
    let done: Vec<_> = answers.iter().map(|a| a.status == 204).collect();
    assert_eq!(done.iter().filter(|done| **done).count(), 1);
    for (password, done) in passwords.iter().zip(done) {
        assert_eq!(login(&app, ADA, password).await.status == 200, done);
    }
    app.finish().await;
}

/// Whoever asks hears the same for every address, and nobody is flooded: three mails an hour to one
/// person, ten asked for from one network.
#[tokio::test]
async fn asking_tells_nothing_and_floods_nobody() {
    let app = TestApp::with_mail(|_| {}).await;
    register(&app, ADA, PASSWORD).await;
    app.run_jobs().await;
    let before = app.letters_to(ADA).await.len();
    let mut seen = Vec::new();
    for email in [ADA, "nobody@example.org", ADA, ADA, ADA, "", "no address"] {
        let answer = forgot(&app, email).await;
        seen.push((answer.status, answer.text));
    }
    assert!(
        seen.iter()
            .all(|one| *one == (202, r#"{"status":"check_mail"}"#.into())),
        "{seen:?}"
    );
    app.run_jobs().await;
    assert_eq!(app.letters_to(ADA).await.len() - before, 3);
    for _ in 0..3 {
        assert_eq!(forgot(&app, "x@example.org").await.status, 202);
    }
    let limited = forgot(&app, "x@example.org").await;
    assert_eq!((limited.status, limited.code()), (429, "rate_limited"));
    app.finish().await;
}

/// A stranger who guesses all day does not keep the owner out: a reset by mail clears the count.
#[tokio::test]
async fn a_reset_opens_a_throttled_account() {
    let app = TestApp::with_mail(|_| {}).await;
    register(&app, ADA, PASSWORD).await;
    let guess = async |n: usize, password: &str| {
        let body = super::credentials(ADA, password);
        let request = app.nobody().request("POST", "/api/auth/login").json(&body);
        Person::send(request.header("x-forwarded-for", format!("203.0.113.{n}"))).await
    };
    for n in 0..6 {
        guess(n, "a guess at random").await;
    }
    assert_eq!(guess(7, PASSWORD).await.code(), "login_throttled");
    forgot(&app, ADA).await;
    let token = app.reset_token(ADA).await;
    assert_eq!(reset(&app, &token, NEW).await.status, 204);
    assert_eq!(guess(8, NEW).await.status, 200);
    app.finish().await;
}

/// With the old password a new one is set; it is needed, and must be right.
#[tokio::test]
async fn the_old_password_sets_a_new_one() {
    let app = TestApp::with_mail(|_| {}).await;
    let ada = app.user("ada").await;
    let none = json!({"new_password": NEW});
    let refused = ada.post("/api/auth/change-password", &none).await;
    assert_eq!((refused.status, refused.code()), (422, "password_missing"));
    let refused = change(&ada, "not her password", NEW).await;
    assert_eq!((refused.status, refused.code()), (403, "password_wrong"));
    let refused = change(&ada, PASSWORD, "short").await;
    assert_eq!(
        (refused.status, refused.code()),
        (422, "password_too_short")
    );
    assert_eq!(change(&ada, PASSWORD, NEW).await.status, 204);
    assert_eq!(login(&app, ADA, NEW).await.status, 200);
    app.run_jobs().await;
    let last = app.letters_to(ADA).await.pop().unwrap();
    assert!(last.subject.contains("password"), "{}", last.subject);
    let says = "from the network address 127.0.0.1";
    assert!(last.text.contains(says), "{}", last.text);
    app.finish().await;
}

/// A sign-in with the old password that was on its way when the password changed does not live on, and
/// does not bring the old password back.
#[tokio::test]
async fn a_sign_in_on_its_way_does_not_survive() {
    let mut app = TestApp::new().await;
    let own = app.user("ada").await;
    // What is stored is weaker than it is to be, so that signing in hashes the password again.
    app.config.auth.hash_memory_kib = 128;
    app.crash_and_reopen().await;
    let own = own.at(&app.url);
    let changing = async { change(&own, PASSWORD, NEW).await.status };
    let entering = async { login(&app, ADA, PASSWORD).await.status };
    let both: [std::pin::Pin<Box<dyn Future<Output = u16>>>; 2] =
        [Box::pin(changing), Box::pin(entering)];
    let statuses = at_once(&app, both.into_iter()).await;
    if statuses[0] != 204 {
        // The sign-in was first and hashed the password again: what was compared is stored no more.
        assert_eq!(statuses[0], 403);
        assert_eq!(change(&own, PASSWORD, NEW).await.status, 204);
    }
    let sign_ins = own.get("/api/auth/sessions").await.body;
    let lives = sign_ins["items"].as_array().unwrap().len();
    assert_eq!(
        lives, 1,
        "only the one that changed it, whichever was first"
    );
    assert_eq!(login(&app, ADA, NEW).await.status, 200);
    assert_eq!(login(&app, ADA, PASSWORD).await.status, 401);
    app.finish().await;
}

/// A reset takes from whoever had the account before the ways that would stay: programs, and the
/// cookies of devices.
#[tokio::test]
async fn a_reset_takes_the_ways_that_would_stay() {
    let app = TestApp::with_mail(|_| {}).await;
    let ada = app.user("ada").await;
    let (_, token) = api_token(&ada, &["chat:read"]).await;
    let device = device_cookie(&in_browser(&app, "", PASSWORD).await);
    forgot(&app, ADA).await;
    let link = app.reset_token(ADA).await;
    assert_eq!(reset(&app, &link, NEW).await.status, 204);
    let program = ada.with_token(&token).get("/api/chat/models").await;
    assert_eq!((program.status, program.code()), (401, "token_invalid"));
    for n in 0..5 {
        let guess = in_browser(&app, &device, &format!("a guess {n}")).await;
        assert_eq!(guess.code(), "credentials_invalid");
    }
    let stranger = in_browser(&app, "", NEW).await;
    assert_eq!(
        stranger.code(),
        "login_throttled",
        "counted as a stranger's"
    );
    app.finish().await;
}
