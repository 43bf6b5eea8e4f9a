//! What the provider's answers must be worth: signature, parties, time, keys.

use std::time::Duration;

use serde_json::{Value, json};

use super::exists;
use crate::support::app::TestApp;
use crate::support::provider::{Key, Provider, Signed, Someone};
use crate::support::surfer::Surfer;

const FAILED: &str = "/login#problem=oidc_failed";

async fn with_claims(app: &TestApp, provider: &Provider, claims: Value) -> String {
    provider.script(|script| script.claims = claims);
    Surfer::new(app).travel(false).await
}

/// A token that is not of this issuer, for us, for this way, and of now proves nothing.
#[tokio::test]
async fn claims_must_be_ours_and_of_now() {
    let (app, provider) = TestApp::with_provider(|config| config.limits.enabled = false).await;
    let now = app.app.clock.now().as_second();
    let url = provider.url();
    let wrong = [
        json!({"iss": "https://other.example.org"}),
        json!({"iss": format!("{url}/")}),
        json!({"iss": null}),
        json!({"aud": "another-client"}),
        json!({"aud": ["novacore", "another-client"]}),
        json!({"aud": []}),
        json!({"azp": "another-client"}),
        json!({"nonce": "of another way"}),
        json!({"nonce": null}),
        json!({"exp": now - 61}),
        json!({"exp": null}),
        json!({"iat": now + 61}),
        json!({"sub": ""}),
        json!({"sub": null}),
        json!({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}),
        json!({"email_verified": "perhaps"}),
    ];
    for claims in wrong {
        let words = claims.to_string();
        assert_eq!(
            with_claims(&app, &provider, claims).await,
            FAILED,
            "{words}"
        );
    }
    assert!(!exists(&app, "ada@example.org"));
    let right = [
        json!({"aud": ["novacore"], "azp": "novacore"}),
        json!({"exp": now - 59}),
        json!({"iat": now + 59}),
        json!({"at_hash": null}),
    ];
    for claims in right {
        let words = claims.to_string();
        assert_eq!(with_claims(&app, &provider, claims).await, "/", "{words}");
    }
    app.finish().await;
}

/// Only a signature that the provider alone can make counts: none, one with a key of another's, and
/// those with a secret that two know are refused, though the provider claims to use HS256.
#[tokio::test]
async fn signatures_must_be_the_providers_own() {
    let (app, provider) = TestApp::with_provider(|config| config.limits.enabled = false).await;
    let wrong = [
        Signed::Not,
        Signed::ByAnother,
        Signed::WithThePublicKey,
        Signed::WithTheSecret,
    ];
    for signed in wrong {
        provider.script(|script| script.signed = signed);
        assert_eq!(Surfer::new(&app).travel(false).await, FAILED);
    }
    assert!(!exists(&app, "ada@example.org"));
    provider.script(|script| script.signed = Signed::Well);
    assert_eq!(Surfer::new(&app).travel(false).await, "/");
    app.finish().await;
}

/// RSA keys are as good as those on curves.
#[tokio::test]
async fn rsa_keys_are_known() {
    let (app, provider) = TestApp::with_provider(|_| {}).await;
    app.advance(Duration::from_mins(11));
    provider.script(|script| script.keys = vec![Key::rs256("rsa")]);
    assert_eq!(Surfer::new(&app).travel(false).await, "/");
    app.finish().await;
}

/// A provider that changes its keys is followed, by asking at most once a minute: tokens that name made-up
/// keys must not make us ask without end.
#[tokio::test]
async fn new_keys_are_fetched() {
    let (app, provider) = TestApp::with_provider(|config| config.limits.enabled = false).await;
    app.settle().await;
    assert_eq!(provider.asked("/keys"), 1, "at start");
    provider.script(|script| script.keys = vec![Key::es256(1, "second")]);
    assert_eq!(Surfer::new(&app).travel(false).await, FAILED);
    assert_eq!(
        provider.asked("/keys"),
        1,
        "asked within this minute already"
    );
    app.advance(Duration::from_mins(1));
    assert_eq!(Surfer::new(&app).travel(false).await, "/");
    assert_eq!(Surfer::new(&app).travel(false).await, "/");
    assert_eq!(provider.asked("/keys"), 2);
    // Keys nobody publishes.
    provider.script(|script| script.claims = json!({}));
    app.advance(Duration::from_mins(1));
    provider.script(|script| script.keys.push(Key::es256(0, "third")));
    assert_eq!(Surfer::new(&app).travel(false).await, "/");
    assert_eq!(provider.asked("/keys"), 3);
    provider.script(|script| script.keys.push(Key::rs256("fourth")));
    for _ in 0..3 {
        assert_eq!(Surfer::new(&app).travel(false).await, FAILED);
    }
    assert_eq!(provider.asked("/keys"), 3);
    assert_eq!(provider.asked("/.well-known/openid-configuration"), 1);
    app.finish().await;
}

/// The description is kept for ten minutes, and asked for again after that.
#[tokio::test]
async fn the_description_is_kept_for_a_while() {
    let (app, provider) = TestApp::with_provider(|_| {}).await;
    app.settle().await;
    let asked = || provider.asked("/.well-known/openid-configuration");
    app.advance(Duration::from_secs(599));
    assert_eq!(Surfer::new(&app).travel(false).await, "/");
    assert_eq!(asked(), 1);
    app.advance(Duration::from_secs(1));
    assert_eq!(Surfer::new(&app).travel(false).await, "/");
    assert_eq!(asked(), 2);
    app.finish().await;
}

/// A provider that calls itself otherwise than configured, or has us or the browser go where nothing is
/// encrypted, is not used.
#[tokio::test]
async fn the_description_must_be_the_configured_issuers() {
    let (app, provider) = TestApp::with_provider(|_| {}).await;
    let wrong = [
        json!({"issuer": "https://other.example.org"}),
        json!({"issuer": format!("{}/", provider.url())}),
        json!({"authorization_endpoint": "http://id.example.org/authorize"}),
        json!({"authorization_endpoint": "javascript:alert(1)"}),
        json!({"jwks_uri": "http://id.example.org/keys"}),
    ];
    for description in wrong {
        app.advance(Duration::from_mins(11));
        provider.script(|script| script.description = description.clone());
        let answer = app.nobody().post("/api/auth/oidc/begin", &json!({})).await;
        assert_eq!(answer.code(), "oidc_failed", "{description}");
    }
    app.advance(Duration::from_mins(11));
    let endpoint = json!({"token_endpoint": "http://id.example.org/token"});
    provider.script(|script| script.description = endpoint);
    assert_eq!(Surfer::new(&app).travel(false).await, FAILED);
    app.finish().await;
}

/// Address and its state may come by userinfo, which must be about the same person.
#[tokio::test]
async fn the_address_may_come_by_userinfo() {
    let (app, provider) = TestApp::with_provider(|_| {}).await;
    provider.script(|script| {
        script.who = Someone {
            by_userinfo: true,
            ..Someone::verified("ada-there", "ada@example.org")
        };
        script.userinfo = json!({"sub": "somebody-else"});
    });
    assert_eq!(Surfer::new(&app).travel(false).await, FAILED);
    assert!(!exists(&app, "ada@example.org"));
    provider.script(|script| script.userinfo = json!({}));
    assert_eq!(Surfer::new(&app).travel(false).await, "/");
    assert!(exists(&app, "ada@example.org"));
    app.finish().await;
}

/// The client's secret goes to the token endpoint, and nowhere else; the verifier as well.
#[tokio::test]
async fn the_secret_goes_to_the_token_endpoint_alone() {
    use base64::Engine as _;
    let (app, provider) = TestApp::with_provider(|_| {}).await;
    provider.script(|script| script.who.by_userinfo = true);
    assert_eq!(Surfer::new(&app).travel(false).await, "/");
    let basic = base64::engine::general_purpose::STANDARD.encode("novacore:hibiscus");
    // The length of what stands before the first encoded character is no multiple of three.
    let basic = &basic[..basic.len() - 4];
    assert_eq!(provider.asked_with(basic), ["/token"]);
    assert_eq!(provider.asked_with("hibiscus"), [""; 0]);
    assert_eq!(provider.asked_with("code_verifier"), ["/token"]);
    app.finish().await;
}
