//! One-time codes beside the password: turning them on and off, signing in with them, losing them.

mod losing;
mod setting_up;
mod signing_in;

use std::time::Duration;

use serde_json::{Value, json};
use totp_rs::Totp;

use crate::support::app::{PASSWORD, TestApp};
use crate::support::http::{Answer, Person};

const BEGIN: &str = "/api/auth/second-factor/begin";

const ENABLE: &str = "/api/auth/second-factor/enable";

const DISABLE: &str = "/api/auth/second-factor/disable";

const RECOVERY: &str = "/api/auth/second-factor/recovery-codes";

const STEP: Duration = Duration::from_secs(30);

/// What an authenticator app shows, so many steps from now.
fn code(app: &TestApp, totp: &Totp, steps: i64) -> String {
    let now = app.clock.clock().now().as_second() + 30 * steps;
    totp.generate(u64::try_from(now).unwrap()).to_string()
}

/// Sets the codes up; the authenticator, and the recovery codes.
async fn enrol(app: &TestApp, person: &Person) -> (Totp, Vec<String>) {
    let begun = person.post(BEGIN, &json!({"password": PASSWORD})).await;
    assert_eq!(begun.status, 200, "{begun:?}");
    let totp = Totp::from_url(begun.str("otpauth_url")).unwrap();
    assert_eq!(totp.secret().to_base32(), begun.str("secret"));
    let enabled = person
        .post(ENABLE, &json!({"code": code(app, &totp, 0)}))
        .await;
    assert_eq!(enabled.status, 200, "{enabled:?}");
    let codes = enabled.body["recovery_codes"].as_array().unwrap().iter();
    let codes = codes.map(|code| code.as_str().unwrap().to_owned());
    (totp, codes.collect())
}

/// ada, with codes turned on, half a minute later.
async fn ada_with_codes(app: &TestApp) -> (Person, Totp, Vec<String>) {
    let ada = app.user("ada").await;
    let (totp, codes) = enrol(app, &ada).await;
    app.advance(STEP);
    (ada, totp, codes)
}

async fn login_with(app: &TestApp, code: &str) -> Answer {
    let body = json!({"email": "ada@example.org", "password": PASSWORD, "totp": code});
    app.nobody().post("/api/auth/login", &body).await
}

async fn state(person: &Person) -> Value {
    person.get("/api/auth/second-factor").await.body
}

fn is(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, answer.code()), (status, code), "{answer:?}");
}
