//! Passkeys: adding them, signing in with them, and what somebody with half of one cannot do.

mod adding;
mod removing;
mod signing_in;

use novacore::config::Config;
use serde_json::{Value, json};

use crate::support::app::{PASSWORD, TestApp};
use crate::support::authenticator::Authenticator;
use crate::support::http::{Answer, Person};

const ORIGIN: &str = "https://nova.example.org";

const PASSKEYS: &str = "/api/auth/passkeys";

fn at_home(config: &mut Config) {
    config.server.public_url = ORIGIN.into();
}

async fn home() -> TestApp {
    TestApp::with(at_home).await
}

async fn begin(person: &Person) -> Value {
    let body = json!({"password": PASSWORD});
    let begun = person.post("/api/auth/passkeys/begin", &body).await;
    is(&begun, 200, "");
    begun.body
}

async fn add(person: &Person, ceremony: &Value, name: &str, credential: &Value) -> Answer {
    let body = json!({"ceremony": ceremony, "name": name, "credential": credential});
    person.post(PASSKEYS, &body).await
}

/// Adds a passkey of a new authenticator.
async fn enrol(person: &Person, number: u8) -> Authenticator {
    let mut key = Authenticator::new(number, ORIGIN);
    let begun = begin(person).await;
    let credential = key.create(&begun["options"]);
    is(
        &add(person, &begun["ceremony"], "My phone", &credential).await,
        201,
        "",
    );
    key
}

/// A challenge for signing in.
async fn challenge(app: &TestApp) -> Value {
    let begun = app
        .nobody()
        .post("/api/auth/passkey/begin", &json!({}))
        .await;
    is(&begun, 200, "");
    begun.body
}

async fn finish(app: &TestApp, ceremony: &Value, credential: &Value) -> Answer {
    let body = json!({"ceremony": ceremony, "credential": credential});
    app.nobody().post("/api/auth/passkey/finish", &body).await
}

async fn sign_in(app: &TestApp, key: &mut Authenticator) -> Answer {
    let begun = challenge(app).await;
    finish(app, &begun["ceremony"], &key.get(&begun["options"])).await
}

fn is(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, answer.code()), (status, code), "{answer:?}");
}

async fn list(person: &Person) -> Vec<Value> {
    let list = person.get(PASSKEYS).await;
    list.body["items"].as_array().unwrap().clone()
}
