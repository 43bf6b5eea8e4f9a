//! Requests that were let in, and meet the end of what let them in at the one who writes.

use reqwest::RequestBuilder;
use serde_json::{Value, json};
use totp_rs::Totp;

use super::belongings::{Belongings, request};
use super::table::{Names, Who};
use super::{guarded, new_name};
use crate::support::app::{PASSWORD, TestApp};
use crate::support::at_once::behind;
use crate::support::authenticator::Authenticator;
use crate::support::http::{Answer, Person};
use crate::support::people::id_of;
use crate::support::programs::api_token;
use crate::support::records;

const ENABLE: &str = "/api/auth/second-factor/enable";
const PASSKEYS: &str = "/api/auth/passkeys";
const PROVED: [&str; 2] = [
    "/api/auth/second-factor/recovery-codes",
    "/api/auth/second-factor/disable",
];

/// What stores nothing, or stores it by itself; these look once more before they begin.
const WITHOUT_A_TRANSACTION: [&str; 14] = [
    "/api/admin/storage/adopt",
    "/api/admin/storage/backup",
    "/api/admin/mails/test",
    "/api/admin/users/{id}/resync",
    "/api/auth/service/token",
    "/api/auth/passkeys/begin",
    "/api/auth/second-factor/begin",
    "/api/billing/checkout",
    "/api/billing/portal",
    "/api/billing/refresh",
    "/api/chat/turns/{id}/stop",
    "/api/memory/search",
    "/api/memory/export",
    "/api/usage/export",
];

/// The routes that write for those that `who` names.
fn writing(who: impl Fn(Who) -> bool) -> Vec<(&'static str, &'static str, Names)> {
    guarded()
        .filter(|(method, path, _)| *method != "GET" || path.ends_with("/export"))
        .filter(|(_, path, _)| !WITHOUT_A_TRANSACTION.contains(path))
        .filter(|(.., asked)| who(*asked))
        .map(|(method, path, asked)| (method, path, asked.names()))
        .collect()
}

fn of_people(who: Who) -> bool {
    !matches!(who, Who::Administrator(_) | Who::Known)
}

/// Sends all of these behind `first`, and says what each was answered.
async fn sent(
    app: &TestApp,
    first: impl Future<Output = ()>,
    requests: Vec<(String, RequestBuilder)>,
) -> Vec<(String, u16, String)> {
    let (names, requests): (Vec<_>, Vec<_>) = requests.into_iter().unzip();
    let answers = behind(app, first, requests.into_iter().map(Person::send)).await;
    let answers = names.into_iter().zip(answers);
    let told = |(name, answer): (String, Answer)| (name, answer.status, answer.code().to_owned());
    answers.map(told).collect()
}

fn all_are(answers: Vec<(String, u16, String)>, status: u16, code: &str) {
    assert!(!answers.is_empty());
    let is_other =
        |(_, found, word): &(String, u16, String)| (*found, word.as_str()) != (status, code);
    let others: Vec<_> = answers.into_iter().filter(is_other).collect();
    assert!(others.is_empty(), "{others:#?}");
}

/// One request for each of these routes.
fn requests(
    person: &Person,
    routes: Vec<(&'static str, &'static str, Names)>,
    theirs: &Belongings,
) -> Vec<(String, RequestBuilder)> {
    let ask = |(method, path, names): (&str, &str, Names)| {
        let request = request(person, method, path, theirs.named(names));
        (format!("{method} {path}"), request)
    };
    routes.into_iter().map(ask).collect()
}

async fn log_out_everywhere(person: &Person) {
    let ended = person.post("/api/auth/logout-all", &json!({})).await;
    assert_eq!(ended.status, 204, "{ended:?}");
}

/// What turns on the second factor that was begun with this.
fn code(app: &TestApp, begun: &Answer) -> Value {
    let totp = Totp::from_url(begun.str("otpauth_url")).unwrap();
    let now = app.clock.clock().now().as_second();
    let code = totp.generate(u64::try_from(now).unwrap()).to_string();
    json!({"code": code})
}

/// What adds the passkey that was begun with this.
fn new_passkey(begun: &Answer) -> Value {
    let mut key = Authenticator::new(9, "http://localhost:5000");
    let credential = key.create(&begun.body["options"]);
    json!({"ceremony": begun.body["ceremony"], "name": "Mine", "credential": credential})
}

/// Turns on the second factor, and says what proves it twice.
async fn with_codes(app: &TestApp, person: &Person) -> Vec<Value> {
    let path = "/api/auth/second-factor/begin";
    let begun = person.post(path, &json!({"password": PASSWORD})).await;
    let enabled = person.post(ENABLE, &code(app, &begun)).await;
    let codes = enabled.body["recovery_codes"].as_array().unwrap();
    let proof = |code: &Value| json!({"password": PASSWORD, "code": code});
    codes.iter().map(proof).collect()
}

/// A sign-in that ended before its requests could write stores nothing, on every route: each of them
/// would have gone through.
#[tokio::test]
async fn a_sign_in_that_ended_before_the_write() {
    let (app, _provider) = TestApp::with_provider(|config| config.limits.enabled = false).await;
    let (bob, owner) = (app.user("bob").await, app.user("bob").await);
    let his = Belongings::of(&app, &bob).await;
    let password = json!({"password": PASSWORD});
    let factor = bob.post("/api/auth/second-factor/begin", &password).await;
    let passkey = bob.post("/api/auth/passkeys/begin", &password).await;
    let mut routes = writing(of_people);
    routes.retain(|(method, path, _)| {
        ![ENABLE, PROVED[0], PROVED[1]].contains(path) && (*method, *path) != ("POST", PASSKEYS)
    });
    let mut all = requests(&bob, routes, &his);
    for (path, body) in [
        (ENABLE, code(&app, &factor)),
        (PASSKEYS, new_passkey(&passkey)),
    ] {
        all.push((path.to_owned(), bob.request("POST", path).json(&body)));
    }
    let eve = app.unverified("eve").await;
    let again = "/api/auth/resend-verification";
    all.push((
        again.to_owned(),
        eve.request("POST", again).json(&json!({})),
    ));
    let end = Box::pin(async {
        futures_util::future::join(log_out_everywhere(&owner), log_out_everywhere(&eve)).await;
    });
    all_are(Box::pin(sent(&app, end, all)).await, 401, "session_revoked");

    let (carol, owner) = (app.user("carol").await, app.user("carol").await);
    let proofs = with_codes(&app, &carol).await;
    let proved = PROVED.iter().zip(proofs);
    let proved = proved.map(|(path, body)| {
        let request = carol.request("POST", path).json(&body);
        ((*path).to_owned(), request)
    });
    let answers = sent(&app, log_out_everywhere(&owner), proved.collect()).await;
    all_are(answers, 401, "session_revoked");
    app.finish().await;
}

/// The same for a program whose token was removed, and one whose owner's account is being deleted.
#[tokio::test]
async fn a_token_that_ended_before_the_write() {
    let (app, _provider) = TestApp::with_provider(|config| config.limits.enabled = false).await;
    let bob = app.user("bob").await;
    let his = Belongings::of(&app, &bob).await;
    let (id, token) = api_token(&bob, &["chat:write", "memory:write"]).await;
    let scoped = |who| matches!(who, Who::Scoped(..));
    let all = requests(&bob.with_token(&token), writing(scoped), &his);
    let end = async {
        bob.delete(&format!("/api/auth/tokens/{id}")).await;
    };
    all_are(sent(&app, end, all).await, 401, "token_invalid");

    let (_, token) = api_token(&bob, &["chat:write", "memory:write"]).await;
    let all = requests(&bob.with_token(&token), writing(scoped), &his);
    let end = async {
        let goodbye = json!({"password": PASSWORD});
        bob.post("/api/account/delete", &goodbye).await;
    };
    all_are(sent(&app, end, all).await, 401, "token_invalid");
    app.finish().await;
}

/// Administrators whose role was taken, or whose sign-in ended, before their requests could write change
/// nothing any more.
#[tokio::test]
async fn an_administrator_no_longer_at_the_write() {
    let app = TestApp::with(|config| config.limits.enabled = false).await;
    let admin = app.admin().await;
    for (status, word) in [(403, "forbidden"), (401, "session_revoked")] {
        let bob = app.user(&new_name(&app)).await;
        let about = Belongings::about(&app, &admin, &bob).await;
        let name = new_name(&app);
        let grace = app.second_admin(&admin, &name).await;
        let elsewhere = app.user(&name).await;
        let account = format!("/api/admin/users/{}", id_of(&grace).await);
        let routes = writing(|who| matches!(who, Who::Administrator(_)));
        let all = requests(&grace, routes, &about);
        let end = async {
            if word == "forbidden" {
                admin.patch(&account, &json!({"role": "user"})).await;
            } else {
                log_out_everywhere(&elsewhere).await;
            }
        };
        all_are(sent(&app, end, all).await, status, word);
    }
    app.finish().await;
}

/// A password that was right when it was compared is of no use once the account has another.
#[tokio::test]
async fn a_password_that_was_replaced_before_the_write() {
    let app = TestApp::with(|config| config.limits.enabled = false).await;
    let bob = app.user("bob").await;
    let mut all = Vec::new();
    for path in [
        "/api/auth/change-password",
        "/api/auth/tokens",
        "/api/account/delete",
    ] {
        all.push((path.to_owned(), request(&bob, "POST", path, "")));
    }
    let replace = records::change(&app, &bob, |bob| bob.password_hash = "another".into());
    all_are(sent(&app, replace, all).await, 403, "password_wrong");

    let carol = app.user("carol").await;
    let proofs = with_codes(&app, &carol).await;
    let proved = PROVED.iter().zip(proofs);
    let proved = proved.map(|(path, body)| {
        let request = carol.request("POST", path).json(&body);
        ((*path).to_owned(), request)
    });
    let replace = records::change(&app, &carol, |carol| carol.password_hash = "another".into());
    all_are(
        sent(&app, replace, proved.collect()).await,
        403,
        "password_wrong",
    );
    app.finish().await;
}
