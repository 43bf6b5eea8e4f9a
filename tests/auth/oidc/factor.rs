//! The second factor of an account is asked for by whatever way somebody comes.

use std::time::Duration;

use serde_json::{Value, json};

use super::account;
use crate::support::app::{PASSWORD, TestApp};
use crate::support::http::{Answer, Person};
use crate::support::surfer::Surfer;

const PATH: &str = "/api/auth/oidc/second-factor";

/// Switches a second factor on; the recovery codes.
async fn secure(person: &Person, app: &TestApp) -> Vec<String> {
    let begun = person
        .post(
            "/api/auth/second-factor/begin",
            &json!({"password": PASSWORD}),
        )
        .await;
    let url = begun.str("otpauth_url");
    let totp = totp_rs::Totp::from_url(&url).unwrap();
    let now = app.app.clock.now().as_second().unsigned_abs();
    let code = totp.generate(now).to_string();
    let on = person
        .post("/api/auth/second-factor/enable", &json!({"code": code}))
        .await;
    let codes = on.body["recovery_codes"].as_array();
    let codes = codes.unwrap_or_else(|| panic!("{on:?}")).iter();
    codes
        .map(|code| code.as_str().unwrap().to_owned())
        .collect()
}

/// Ada's account has a second factor; her browser comes back from the provider.
async fn half_done() -> (
    TestApp,
    Surfer,
    Vec<String>,
    crate::support::provider::Provider,
) {
    let (app, provider) = TestApp::with_provider(|_| {}).await;
    account(&app, "ada@example.org", true).await;
    let codes = secure(&app.user("ada").await, &app).await;
    let surfer = Surfer::new(&app);
    assert_eq!(surfer.travel(false).await, "/login#second-factor");
    assert_eq!(surfer.cookie("novacore"), None, "not signed in yet");
    (app, surfer, codes, provider)
}

async fn finish(surfer: &Surfer, code: &str) -> Answer {
    surfer.post(PATH, &json!({"totp": code})).await
}

/// The other service replaces the password, not the second factor; with it the sign-in is a strong one.
#[tokio::test]
async fn it_is_asked_for() {
    let (app, surfer, codes, _provider) = half_done().await;
    let wrong = finish(&surfer, "zzzzz-zzzzz").await;
    assert_eq!((wrong.status, wrong.code()), (401, "totp_invalid"));
    let right = finish(&surfer, &codes[0]).await;
    assert_eq!(right.status, 200, "{right:?}");
    assert_eq!(
        right.body.get("refresh_token"),
        None,
        "a browser gets a cookie"
    );
    assert_eq!(surfer.cookie("novacore-oidc"), None);
    let me = surfer.person(&app).await;
    let sessions = me.get("/api/auth/sessions").await.body;
    let current = sessions["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|s| s["current"] == true);
    assert_eq!(current.unwrap()["second_factor"], true);
    assert_eq!(current.unwrap()["method"], "oidc");
    // What is done is done once.
    assert_eq!(finish(&surfer, &codes[1]).await.code(), "oidc_expired");
    app.finish().await;
}

/// Nothing is tied to the account before the second factor was shown.
#[tokio::test]
async fn nothing_is_tied_before() {
    let (app, surfer, codes, _provider) = half_done().await;
    let body = json!({"email": "ada@example.org", "password": PASSWORD, "totp": codes[0]});
    let ada = app.nobody().post("/api/auth/login", &body).await;
    let ada = app.signed_in(&ada);
    let items = async || ada.get("/api/auth/identities").await.body["items"].clone();
    assert_eq!(items().await, Value::Array(vec![]));
    assert_eq!(finish(&surfer, &codes[1]).await.status, 200);
    assert_eq!(items().await.as_array().unwrap().len(), 1);
    app.finish().await;
}

/// Five minutes, in the browser that came back.
#[tokio::test]
async fn it_is_this_browsers_and_runs_out() {
    let (app, surfer, codes, _provider) = half_done().await;
    let other = Surfer::new(&app);
    let answer = finish(&other, &codes[0]).await;
    assert_eq!((answer.status, answer.code()), (401, "oidc_expired"));
    app.advance(Duration::from_mins(5));
    assert_eq!(finish(&surfer, &codes[0]).await.code(), "oidc_expired");
    app.finish().await;
}

/// Codes cannot be tried out: after five wrong ones each try must wait.
#[tokio::test]
async fn guesses_are_slowed_down() {
    let (app, surfer, codes, _provider) = half_done().await;
    for _ in 0..5 {
        assert_eq!(finish(&surfer, "zzzzz-zzzzz").await.code(), "totp_invalid");
    }
    let slowed = finish(&surfer, &codes[0]).await;
    assert_eq!((slowed.status, slowed.code()), (429, "login_throttled"));
    // A new way does not begin the count anew.
    assert_eq!(surfer.travel(false).await, "/login#second-factor");
    assert_eq!(finish(&surfer, &codes[0]).await.code(), "login_throttled");
    app.advance(Duration::from_secs(15));
    assert_eq!(finish(&surfer, &codes[0]).await.status, 200);
    app.finish().await;
}
