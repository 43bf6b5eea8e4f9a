//! Who you are: accounts, sign-ins and their tokens, the set-up link, and what an attacker meets.

mod accounts;
mod addresses;
mod api_tokens;
mod browser;
mod ending;
mod invitations;
mod keys;
mod limits;
mod mail;
mod mail_admin;
mod mail_sending;
mod mail_words;
mod oidc;
mod passkeys;
mod password;
mod people;
mod rotation;
mod second_factor;
mod service_tokens;
mod services;
mod setup;
mod sign_ins;
mod sign_out;
mod throttle;
mod tokens;
mod verification;

use serde_json::{Value, json};

use crate::support::app::{PASSWORD, TestApp};
use crate::support::http::Answer;

fn credentials(email: &str, password: &str) -> Value {
    json!({"email": email, "password": password})
}

async fn register(app: &TestApp, email: &str, password: &str) -> Answer {
    let body = credentials(email, password);
    app.nobody().post("/api/auth/register", &body).await
}

async fn login(app: &TestApp, email: &str, password: &str) -> Answer {
    let body = credentials(email, password);
    app.nobody().post("/api/auth/login", &body).await
}

/// Both tokens of a new sign-in of ada's.
async fn ada_signs_in(app: &TestApp) -> (String, String) {
    app.user("ada").await;
    let answer = login(app, "ada@example.org", PASSWORD).await;
    (answer.str("access_token"), answer.str("refresh_token"))
}

async fn refresh(app: &TestApp, token: &str) -> Answer {
    let body = json!({"refresh_token": token});
    app.nobody().post("/api/auth/refresh", &body).await
}

/// What `/me` says to an access token: nothing when it is good.
async fn refusal(app: &TestApp, access_token: &str) -> String {
    let person = app.nobody().with_token(access_token);
    person.get("/api/auth/me").await.code().to_owned()
}
