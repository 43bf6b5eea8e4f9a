//! Tying an identity to an account, seeing it, and untying it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::account;
use crate::support::app::{PASSWORD, TestApp};
use crate::support::http::Person;
use crate::support::provider::Provider;
use crate::support::surfer::Surfer;

async fn identities(person: &Person) -> Vec<Value> {
    let answer = person.get("/api/auth/identities").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body["items"].as_array().unwrap().clone()
}

/// A signed-in person ties the service to their account, whatever address they have there, and signs in
/// with it from then on.
#[tokio::test]
async fn tied_to_the_account_that_asked() {
    let (app, provider) = TestApp::with_provider(|_| {}).await;
    provider.who("ada-there", "ada.private@elsewhere.example");
    let ada = app.user("ada").await;
    let surfer = Surfer::new(&app);
    let page = surfer.signed_in(&ada);
    assert_eq!(page.travel(true).await, "/account#linked");
    assert_eq!(
        surfer.cookie("novacore"),
        None,
        "nobody was signed in by it"
    );
    let items = identities(&ada).await;
    assert_eq!(items.len(), 1);
    assert_eq!(items[0]["name"], "Example ID");
    assert_eq!(items[0]["email"], "ada.private@elsewhere.example");
    assert_eq!(items[0]["linked_at"], "2026-01-01T00:00:00Z");
    assert_eq!(items[0]["last_used_at"], json!(null));
    // Once more changes nothing.
    assert_eq!(page.travel(true).await, "/account#linked");
    assert_eq!(identities(&ada).await, items);
    assert_eq!(surfer.travel(false).await, "/");
    let again = surfer.person(&app).await;
    assert_eq!(
        again.get("/api/auth/me").await.str("email"),
        "ada@example.org"
    );
    assert_eq!(
        identities(&ada).await[0]["last_used_at"],
        "2026-01-01T00:00:00Z"
    );
    app.finish().await;
}

/// An identity is one account's.
#[tokio::test]
async fn taken_by_another_account() {
    let (app, _provider) = TestApp::with_provider(|_| {}).await;
    let surfer = Surfer::new(&app);
    assert_eq!(surfer.travel(false).await, "/");
    let bob = app.user("bob").await;
    let page = surfer.signed_in(&bob);
    assert_eq!(page.travel(true).await, "/account#problem=oidc_taken");
    assert!(identities(&bob).await.is_empty());
    app.finish().await;
}

/// Tying needs a sign-in, at the beginning and still at the end.
#[tokio::test]
async fn tying_needs_a_living_sign_in() {
    let (app, _provider) = TestApp::with_provider(|_| {}).await;
    let surfer = Surfer::new(&app);
    let refused = surfer
        .post("/api/auth/oidc/begin", &json!({"link": true}))
        .await;
    assert_eq!((refused.status, refused.code()), (401, "token_missing"));
    let ada = app.user("ada").await;
    let page = surfer.signed_in(&ada);
    let back = page.visit(&page.set_out(true).await).await;
    ada.post("/api/auth/logout", &json!({})).await;
    assert_eq!(page.arrive(&back).await, "/login#problem=oidc_expired");
    assert!(identities(&app.user("ada").await).await.is_empty());
    app.finish().await;
}

/// Another way in is not had by whoever finds an open browser, nor by somebody who registered with an
/// address that is not theirs, to be there when its owner comes; and it is told by mail.
#[tokio::test]
async fn tying_needs_the_password_and_a_verified_address() {
    let provider = Provider::start();
    let app = TestApp::with_mail(|config| provider.configure(config)).await;
    provider.tell_time(&app);
    let begin = async |person: &Person, body: Value| {
        let page = Surfer::new(&app).signed_in(person);
        let refused = page.post("/api/auth/oidc/begin", &body).await;
        (refused.status, refused.code().to_owned())
    };
    let ada = app.user("ada").await;
    let missing = begin(&ada, json!({"link": true})).await;
    assert_eq!(missing, (422, "password_missing".into()));
    let wrong = begin(&ada, json!({"link": true, "password": "a guess"})).await;
    assert_eq!(wrong, (403, "password_wrong".into()));
    let early = app.unverified("early").await;
    let unverified = begin(&early, json!({"link": true, "password": PASSWORD})).await;
    assert_eq!(unverified, (403, "email_unverified".into()));
    let page = Surfer::new(&app).signed_in(&ada);
    assert_eq!(page.travel(true).await, "/account#linked");
    let told = app.letters_to("ada@example.org").await.pop().unwrap();
    assert_eq!(told.subject, "A new way into your account");
    app.finish().await;
}

/// What goes wrong on the way to tie is told on the account's page.
#[tokio::test]
async fn what_went_wrong_is_told_on_the_account_page() {
    let (app, provider) = TestApp::with_provider(|_| {}).await;
    let page = Surfer::new(&app).signed_in(&app.user("ada").await);
    provider.script(|script| script.error = Some("access_denied"));
    assert_eq!(page.travel(true).await, "/account#problem=oidc_refused");
    app.finish().await;
}

/// The last way into an account cannot be taken away; with a password it can, and then the identity
/// opens nothing any more.
#[tokio::test]
async fn the_last_way_in_stays() {
    let (app, provider) = TestApp::with_provider(|_| {}).await;
    let surfer = Surfer::new(&app);
    surfer.travel(false).await;
    let ada = surfer.person(&app).await;
    let id = identities(&ada).await[0]["id"].as_str().unwrap().to_owned();
    let refused = ada.delete(&format!("/api/auth/identities/{id}")).await;
    assert_eq!((refused.status, refused.code()), (409, "last_way_in"));
    assert_eq!(identities(&ada).await.len(), 1);
    // A second identity is another way in.
    provider.who("ada-at-work", "ada@work.example");
    assert_eq!(surfer.signed_in(&ada).travel(true).await, "/account#linked");
    let gone = ada.delete(&format!("/api/auth/identities/{id}")).await;
    assert_eq!(gone.status, 204);
    assert_eq!(identities(&ada).await.len(), 1);
    app.finish().await;
}

/// What was untied opens the account no longer by itself.
#[tokio::test]
async fn untied_is_untied() {
    let (app, provider) = TestApp::with_provider(|_| {}).await;
    provider.who("ada-there", "ada@elsewhere.example");
    let ada = app.user("ada").await;
    let surfer = Surfer::new(&app);
    surfer.signed_in(&ada).travel(true).await;
    let id = identities(&ada).await[0]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/auth/identities/{id}");
    let bob = app.user("bob").await;
    assert_eq!(bob.delete(&path).await.code(), "not_found");
    assert_eq!(ada.delete(&path).await.status, 204);
    assert_eq!(ada.delete(&path).await.code(), "not_found");
    assert!(identities(&ada).await.is_empty());
    assert_eq!(surfer.travel(false).await, "/");
    let me = surfer.person(&app).await.get("/api/auth/me").await;
    assert_eq!(
        me.str("email"),
        "ada@elsewhere.example",
        "an account of its own"
    );
    app.finish().await;
}

/// Signing in, tying and untying are security events of the account, refusals too.
#[tokio::test]
async fn events_tell_of_it() {
    let (app, provider) = TestApp::with_provider(|_| {}).await;
    account(&app, "ada@example.org", true).await;
    let surfer = Surfer::new(&app);
    surfer.travel(false).await;
    let person = surfer.person(&app).await;
    let id = identities(&person).await[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    person.delete(&format!("/api/auth/identities/{id}")).await;
    provider.who("boss-there", "admin@example.org");
    surfer.travel(false).await;
    let told = async |person: &Person| {
        let answer = person.get("/api/auth/activity").await;
        let items = answer.body["items"].as_array().unwrap().clone();
        let word = |item: &Value, key: &str| item[key].as_str().unwrap_or("").to_owned();
        let lines = items.iter().map(|item| {
            [
                word(item, "event"),
                word(item, "result"),
                word(item, "detail"),
            ]
            .join(" ")
        });
        lines.collect::<BTreeSet<_>>()
    };
    let expected = [
        "identity_linked ok Example ID",
        "signed_in ok another service",
        "identity_removed ok Example ID",
    ];
    assert_eq!(told(&person).await, expected.map(str::to_owned).into());
    let refusals = told(&app.admin().await).await;
    let refused = "sign_in_refused refused oidc_link_first";
    assert!(refusals.contains(refused), "{refusals:?}");
    app.finish().await;
}
