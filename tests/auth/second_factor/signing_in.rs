//! Signing in with a code, once, in time, and not by guessing.

use std::time::Duration;

use serde_json::json;

use super::{DISABLE, STEP, ada_with_codes, code, enrol, is, login_with, state};
use crate::support::app::{PASSWORD, TestApp};
use crate::support::at_once::at_once;
use crate::support::records::told;

/// A code is good once: whoever looks over a shoulder is too late, also for the one that turned codes
/// on.
#[tokio::test]
async fn a_code_is_good_once() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let (totp, _) = enrol(&app, &ada).await;
    is(
        &login_with(&app, &code(&app, &totp, 0)).await,
        401,
        "totp_invalid",
    );
    app.advance(STEP);
    let newest = code(&app, &totp, 0);
    is(&login_with(&app, &newest).await, 200, "");
    is(&login_with(&app, &newest).await, 401, "totp_invalid");
    app.advance(STEP);
    is(&login_with(&app, &newest).await, 401, "totp_invalid");
    is(&login_with(&app, &code(&app, &totp, 0)).await, 200, "");
    app.finish().await;
}

/// A clock that is half a minute off does not keep anybody out, each step still counts once, and
/// whoever used a newer code cannot use an older one.
#[tokio::test]
async fn the_step_before_and_the_step_after_count() {
    let app = TestApp::new().await;
    let (_, totp, _) = ada_with_codes(&app).await;
    app.advance(STEP * 4);
    is(
        &login_with(&app, &code(&app, &totp, -2)).await,
        401,
        "totp_invalid",
    );
    is(
        &login_with(&app, &code(&app, &totp, 2)).await,
        401,
        "totp_invalid",
    );
    for step in [-1, 1] {
        let near = code(&app, &totp, step);
        is(&login_with(&app, &near).await, 200, "");
        is(&login_with(&app, &near).await, 401, "totp_invalid");
    }
    is(
        &login_with(&app, &code(&app, &totp, 0)).await,
        401,
        "totp_invalid",
    );
    app.finish().await;
}

/// Of fifty sign-ins at the same moment with the same code one gets in; the same for a recovery code.
#[tokio::test]
async fn of_many_at_once_one_gets_in() {
    let app = TestApp::with(|config| {
        config.limits.enabled = false;
        // All compare passwords at the same time, not two by two.
        config.auth.hash_threads = 50;
    })
    .await;
    let (ada, totp, codes) = ada_with_codes(&app).await;
    for shown in [code(&app, &totp, 0), codes[3].clone()] {
        let answers = at_once(&app, (0..50).map(|_| login_with(&app, &shown))).await;
        let count = |status, code: &str| {
            let such = answers
                .iter()
                .filter(|a| (a.status, a.code()) == (status, code));
            such.count()
        };
        assert_eq!(
            (count(200, ""), count(401, "totp_invalid")),
            (1, 49),
            "{shown}"
        );
    }
    assert_eq!(state(&ada).await["recovery_codes_left"], 9);
    assert_eq!(told(&app, "second_factor_changed"), 2);
    app.finish().await;
}

/// A stranger at an open browser who has the password cannot try out all codes: five are free, then
/// each wrong one costs more time. At the door wrong codes count like wrong passwords.
#[tokio::test]
async fn guessing_codes_is_slow() {
    let app = TestApp::new().await;
    let (ada, totp, _) = ada_with_codes(&app).await;
    let guess = json!({"password": PASSWORD, "code": "000000"});
    for _ in 0..5 {
        is(&ada.post(DISABLE, &guess).await, 422, "totp_invalid");
    }
    let right = json!({"password": PASSWORD, "code": code(&app, &totp, 0)});
    let slowed = ada.post(DISABLE, &right).await;
    is(&slowed, 429, "login_throttled");
    assert_eq!(slowed.header("retry-after"), "15");

    for _ in 0..5 {
        is(&login_with(&app, "000000").await, 401, "totp_invalid");
    }
    is(
        &login_with(&app, &code(&app, &totp, 0)).await,
        429,
        "login_throttled",
    );
    app.advance(Duration::from_secs(15));
    is(&ada.post(DISABLE, &right).await, 204, "");
    app.finish().await;
}
