//! Turning codes on and off, and what guards it.

use std::time::Duration;

use serde_json::json;
use totp_rs::Totp;

use super::{
    BEGIN, DISABLE, ENABLE, RECOVERY, STEP, ada_with_codes, code, enrol, is, login_with, state,
};
use crate::auth::login;
use crate::support::app::{PASSWORD, TestApp};
use crate::support::records::{told, words};

/// Once codes are on, a password alone opens nothing, and what was set up says so everywhere.
#[tokio::test]
async fn codes_are_asked_for_once_they_are_on() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    assert_eq!(
        state(&ada).await,
        json!({"enabled": false, "enabled_at": null, "recovery_codes_left": 0, "required": false})
    );
    let (totp, codes) = enrol(&app, &ada).await;
    assert_eq!(
        state(&ada).await,
        json!({"enabled": true, "enabled_at": "2026-01-01T00:00:00Z", "recovery_codes_left": 10, "required": false})
    );
    assert_eq!(
        (totp.digits(), totp.step(), totp.secret().as_bytes().len()),
        (6, 30, 20)
    );
    assert_eq!(totp.account_name(), "ada@example.org");
    assert_eq!(
        codes.iter().collect::<std::collections::HashSet<_>>().len(),
        10
    );
    for code in &codes {
        let form: String = code
            .chars()
            .map(|c| if c == '-' { c } else { 'x' })
            .collect();
        assert_eq!(form, "xxxxx-xxxxx");
    }
    assert_eq!(ada.get("/api/auth/me").await.body["second_factor"], true);
    let here = ada.get("/api/auth/sessions").await.body["items"][0].clone();
    assert_eq!(
        (&here["current"], &here["second_factor"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(told(&app, "second_factor_changed"), 1);
    is(
        &ada.post(BEGIN, &json!({"password": PASSWORD})).await,
        409,
        "second_factor_on",
    );

    app.advance(STEP);
    is(
        &login(&app, "ada@example.org", PASSWORD).await,
        401,
        "totp_required",
    );
    is(&login_with(&app, " ").await, 401, "totp_required");
    is(
        &login_with(&app, &code(&app, &totp, 5)).await,
        401,
        "totp_invalid",
    );
    is(
        &login(&app, "ada@example.org", "not her password").await,
        401,
        "credentials_invalid",
    );
    let signed_in = login_with(&app, &code(&app, &totp, 0)).await;
    is(&signed_in, 200, "");
    let sign_ins = app
        .signed_in(&signed_in)
        .get("/api/auth/sessions")
        .await
        .body;
    assert_eq!(sign_ins["items"][0]["method"], "password");
    assert_eq!(sign_ins["items"][0]["second_factor"], true);
    app.finish().await;
}

/// Turning codes off needs the password and a code, and then the password is enough again.
#[tokio::test]
async fn codes_can_be_turned_off() {
    let app = TestApp::new().await;
    let (ada, totp, codes) = ada_with_codes(&app).await;
    let with = |password: Option<&str>, code: &str| json!({"password": password, "code": code});
    let newest = code(&app, &totp, 0);
    is(
        &ada.post(DISABLE, &with(None, &newest)).await,
        422,
        "password_missing",
    );
    let wrong = with(Some("not her password"), &newest);
    is(&ada.post(DISABLE, &wrong).await, 403, "password_wrong");
    is(
        &ada.post(DISABLE, &with(Some(PASSWORD), "1")).await,
        422,
        "totp_invalid",
    );
    is(
        &login(&app, "ada@example.org", PASSWORD).await,
        401,
        "totp_required",
    );
    is(
        &ada.post(DISABLE, &with(Some(PASSWORD), &codes[0])).await,
        204,
        "",
    );
    assert_eq!(state(&ada).await["enabled"], false);
    assert_eq!(
        told(&app, "second_factor_changed"),
        3,
        "on, recovery code used, off"
    );
    let again = with(Some(PASSWORD), &code(&app, &totp, 1));
    is(&ada.post(DISABLE, &again).await, 409, "second_factor_off");
    is(&ada.post(RECOVERY, &again).await, 409, "second_factor_off");
    is(&login(&app, "ada@example.org", PASSWORD).await, 200, "");

    let expected = [
        "signed_in",
        "second_factor_on",
        "recovery_code_used",
        "second_factor_off",
        "signed_in",
    ];
    let words: Vec<_> = words(&app, &ada).await;
    assert_eq!(words, expected);

    let (second, _) = enrol(&app, &ada).await;
    assert_ne!(second.secret().to_base32(), totp.secret().to_base32());
    app.finish().await;
}

/// Setting up needs a verified address and the password, is finished in the sign-in that began it and
/// within fifteen minutes; a slip at the code spoils nothing.
#[tokio::test]
async fn setting_up_is_guarded() {
    let app = TestApp::with(|config| config.auth.access_minutes = 60).await;
    let bob = app.unverified("bob").await;
    is(
        &bob.post(BEGIN, &json!({"password": PASSWORD})).await,
        403,
        "email_unverified",
    );
    is(
        &bob.post(ENABLE, &json!({"code": "123456"})).await,
        403,
        "email_unverified",
    );

    let ada = app.user("ada").await;
    let elsewhere = app.user("ada").await;
    is(&ada.post(BEGIN, &json!({})).await, 422, "password_missing");
    let wrong = json!({"password": "not her password"});
    is(&ada.post(BEGIN, &wrong).await, 403, "password_wrong");
    is(
        &ada.post(ENABLE, &json!({"code": "123456"})).await,
        409,
        "nothing_begun",
    );

    let begun = ada.post(BEGIN, &json!({"password": PASSWORD})).await;
    let totp = Totp::from_url(begun.str("otpauth_url")).unwrap();
    app.advance(Duration::from_secs(15 * 60 - 1));
    let slip = ada.post(ENABLE, &json!({"code": "12345"})).await;
    is(&slip, 422, "totp_invalid");
    assert!(slip.body["fields"]["code"].is_string());
    let right = json!({"code": code(&app, &totp, 0)});
    is(&elsewhere.post(ENABLE, &right).await, 409, "nothing_begun");
    app.advance(Duration::from_secs(1));
    is(&ada.post(ENABLE, &right).await, 409, "nothing_begun");
    assert_eq!(state(&ada).await["enabled"], false);

    enrol(&app, &ada).await;
    is(&ada.post(ENABLE, &right).await, 409, "nothing_begun");
    app.finish().await;
}

/// Where the server insists on it, an administrator does nothing administrative before codes are set
/// up, can go on at once then, and cannot turn them off.
#[tokio::test]
async fn administrators_can_be_required_to_have_one() {
    let app = TestApp::with(|config| config.auth.second_factor_for_administrators = true).await;
    let admin = login(&app, "admin@example.org", PASSWORD).await;
    assert_eq!(admin.body["user"]["second_factor_required"], true);
    let admin = app.signed_in(&admin);
    let page = "/api/admin/storage";
    is(&admin.get(page).await, 403, "second_factor_required");
    assert_eq!(state(&admin).await["required"], true);
    let (totp, _) = enrol(&app, &admin).await;
    is(&admin.get(page).await, 200, "");
    let me = admin.get("/api/auth/me").await.body;
    assert_eq!(me["second_factor_required"], false);
    app.advance(STEP);
    let right = json!({"password": PASSWORD, "code": code(&app, &totp, 0)});
    is(
        &admin.post(DISABLE, &right).await,
        409,
        "second_factor_required",
    );
    assert_eq!(state(&admin).await["enabled"], true);
    app.finish().await;
}
