//! The way there and back: one browser, once, within ten minutes.

use std::time::Duration;

use serde_json::json;

use crate::support::app::TestApp;
use crate::support::surfer::Surfer;

const COOKIE: &str = "novacore-oidc";

/// Somebody new signs in and is somebody here, with the cookies of a sign-in and none of the way.
#[tokio::test]
async fn a_stranger_signs_in() {
    let (app, provider) = TestApp::with_provider(|_| {}).await;
    let surfer = Surfer::new(&app);
    assert_eq!(surfer.travel(false).await, "/");
    assert_eq!(surfer.cookie(COOKIE), None);
    let me = surfer.person(&app).await;
    let who = me.get("/api/auth/me").await;
    assert_eq!(who.str("email"), "ada@example.org");
    assert_eq!(who.body["email_verified"], true);
    assert_eq!(who.body["has_password"], false);
    assert_eq!(who.body["role"], "user");
    let sessions = me.get("/api/auth/sessions").await.body;
    assert_eq!(sessions["items"].as_array().unwrap().len(), 1);
    assert_eq!(provider.asked("/token"), 1);
    app.finish().await;
}

/// The address that the page is given: PKCE by S256, state and nonce of their own, our callback.
#[tokio::test]
async fn the_address_has_what_protects_the_way() {
    let (app, provider) = TestApp::with_provider(|config| {
        config.server.public_url = "https://nova.example.org".into();
    })
    .await;
    let surfer = Surfer::new(&app);
    let (first, second) = (surfer.set_out(false).await, surfer.set_out(false).await);
    let words = |url: &str| -> std::collections::BTreeMap<String, String> {
        let url = reqwest::Url::parse(url).unwrap();
        url.query_pairs().into_owned().collect()
    };
    let (one, two) = (words(&first), words(&second));
    assert!(first.starts_with(&format!("{}/authorize?", provider.url())));
    let back = "https://nova.example.org/api/auth/oidc/callback";
    assert_eq!(one["redirect_uri"], back);
    assert_eq!(one["scope"], "openid email");
    assert_eq!(one["code_challenge_method"], "S256");
    for secret in ["state", "nonce", "code_challenge"] {
        assert_eq!(one[secret].len(), 43, "{secret}");
        assert_ne!(one[secret], two[secret], "{secret}");
    }
    assert!(!first.contains(&surfer.cookie(COOKIE).unwrap()));
    app.finish().await;
}

/// The cookie of the way: no script, this site's own, ten minutes, and bound to the host over HTTPS.
#[tokio::test]
async fn the_cookie_is_bound_to_the_browser() {
    let (app, _provider) = TestApp::with_provider(|_| {}).await;
    let begin = || {
        app.nobody()
            .request("POST", "/api/auth/oidc/begin")
            .json(&json!({}))
    };
    let rules = "Path=/; HttpOnly; SameSite=Lax; Max-Age=600";
    let plain = begin().send().await.unwrap();
    let set = plain.headers()["set-cookie"].to_str().unwrap();
    assert!(
        set.starts_with("novacore-oidc=") && set.ends_with(rules),
        "{set}"
    );
    let safe = begin().header("x-forwarded-proto", "https").send().await;
    let safe = safe.unwrap();
    let set = safe.headers()["set-cookie"].to_str().unwrap();
    assert!(set.starts_with("__Host-novacore-oidc="), "{set}");
    assert!(set.ends_with(&format!("{rules}; Secure")), "{set}");
    app.finish().await;
}

/// Login CSRF: an answer made for one browser is worth nothing in another, with or without a way of
/// its own, and does not end the way it was made for.
#[tokio::test]
async fn another_browsers_answer_is_worth_nothing() {
    let (app, provider) = TestApp::with_provider(|_| {}).await;
    let (mallory, ada) = (Surfer::new(&app), Surfer::new(&app));
    let planted = mallory.visit(&mallory.set_out(false).await).await;
    assert_eq!(ada.arrive(&planted).await, "/login#problem=oidc_expired");
    let hers = ada.visit(&ada.set_out(false).await).await;
    assert_eq!(ada.arrive(&planted).await, "/login#problem=oidc_expired");
    assert_eq!(provider.asked("/token"), 0, "nothing was exchanged");
    assert_eq!(ada.arrive(&hers).await, "/");
    assert_eq!(mallory.arrive(&planted).await, "/");
    app.finish().await;
}

/// Without the state, or with another, nothing happens.
#[tokio::test]
async fn the_state_must_be_the_ways_own() {
    let (app, provider) = TestApp::with_provider(|_| {}).await;
    let surfer = Surfer::new(&app);
    let back = surfer.visit(&surfer.set_out(false).await).await;
    let (code, state) = back.split_once("&state=").unwrap();
    let other: String = state.chars().rev().collect();
    for wrong in [
        code.to_owned(),
        format!("{code}&state={other}"),
        format!("{code}&state="),
    ] {
        assert_eq!(surfer.arrive(&wrong).await, "/login#problem=oidc_expired");
    }
    let twice = format!("{back}&state={state}");
    assert_eq!(surfer.arrive(&twice).await, "/login#problem=oidc_expired");
    assert_eq!(provider.asked("/token"), 0);
    assert_eq!(surfer.arrive(&back).await, "/");
    app.finish().await;
}

/// A way is good once: what stands in a browser's history opens nothing.
#[tokio::test]
async fn a_callback_cannot_be_replayed() {
    let (app, provider) = TestApp::with_provider(|_| {}).await;
    let surfer = Surfer::new(&app);
    let back = surfer.visit(&surfer.set_out(false).await).await;
    let cookie = surfer.cookie(COOKIE).unwrap();
    assert_eq!(surfer.arrive(&back).await, "/");
    assert_eq!(surfer.arrive(&back).await, "/login#problem=oidc_expired");
    // Even with the cookie that was taken away.
    let again = app.nobody().request("GET", &back);
    let again = again.header("cookie", format!("{COOKIE}={cookie}"));
    assert_eq!(again.send().await.unwrap().url().path(), "/login");
    assert_eq!(provider.asked("/token"), 1);
    app.finish().await;
}

/// Whoever takes longer than ten minutes begins again.
#[tokio::test]
async fn a_way_runs_out() {
    let (app, provider) = TestApp::with_provider(|_| {}).await;
    let surfer = Surfer::new(&app);
    let back = surfer.visit(&surfer.set_out(false).await).await;
    app.advance(Duration::from_secs(599));
    let other = Surfer::new(&app);
    let later = other.visit(&other.set_out(false).await).await;
    assert_eq!(surfer.arrive(&back).await, "/");
    app.advance(Duration::from_mins(10));
    assert_eq!(other.arrive(&later).await, "/login#problem=oidc_expired");
    assert_eq!(provider.asked("/token"), 1);
    app.finish().await;
}

/// The code is worth nothing without the verifier that never left us (PKCE): the provider would refuse
/// it, and so it does.
#[tokio::test]
async fn a_code_of_another_way_is_refused() {
    let (app, provider) = TestApp::with_provider(|_| {}).await;
    let (ada, mallory) = (Surfer::new(&app), Surfer::new(&app));
    let stolen = ada.visit(&ada.set_out(false).await).await;
    let (stolen, _) = stolen.split_once("&state=").unwrap();
    let hers = mallory.visit(&mallory.set_out(false).await).await;
    let (_, state) = hers.split_once("&state=").unwrap();
    let swapped = format!("{stolen}&state={state}");
    assert_eq!(mallory.arrive(&swapped).await, "/login#problem=oidc_failed");
    assert_eq!(provider.asked("/token"), 1);
    app.finish().await;
}

/// Somebody who says no at the provider hears that, and the provider's words stay out of our address.
#[tokio::test]
async fn a_refusal_there_is_told_here() {
    let (app, provider) = TestApp::with_provider(|_| {}).await;
    let surfer = Surfer::new(&app);
    provider.script(|script| script.error = Some("access_denied"));
    assert_eq!(surfer.travel(false).await, "/login#problem=oidc_refused");
    provider.script(|script| script.error = Some("server_error<script>"));
    assert_eq!(surfer.travel(false).await, "/login#problem=oidc_failed");
    assert_eq!(surfer.cookie("novacore"), None);
    app.finish().await;
}

/// An answer that says it comes from another issuer is not taken (RFC 9207).
#[tokio::test]
async fn another_issuers_answer_is_not_taken() {
    let (app, provider) = TestApp::with_provider(|_| {}).await;
    let surfer = Surfer::new(&app);
    let back = surfer.visit(&surfer.set_out(false).await).await;
    let mixed = format!("{back}&iss=https://other.example.org");
    assert_eq!(surfer.arrive(&mixed).await, "/login#problem=oidc_failed");
    assert_eq!(provider.asked("/token"), 0);
    let back = surfer.visit(&surfer.set_out(false).await).await;
    let right = format!("{back}&iss={}", provider.url());
    assert_eq!(surfer.arrive(&right).await, "/");
    app.finish().await;
}

/// A browser that was here before is known again, though its cookie does not come along from another
/// site: it gets no second one, and nobody is told of a new device.
#[tokio::test]
async fn a_known_device_stays_known() {
    let (app, _provider) = TestApp::with_provider(|_| {}).await;
    let surfer = Surfer::new(&app);
    surfer.travel(false).await;
    let back = surfer.visit(&surfer.set_out(false).await).await;
    let again = surfer.sent_to(&back).await;
    let sets = again.headers.get_all("set-cookie").iter();
    let names = sets.map(|set| set.to_str().unwrap().split_once('=').unwrap().0.to_owned());
    assert_eq!(names.collect::<Vec<_>>(), ["novacore", COOKIE]);
    let stranger = Surfer::new(&app);
    let back = stranger.visit(&stranger.set_out(false).await).await;
    let first = stranger.sent_to(&back).await;
    assert_eq!(first.headers.get_all("set-cookie").iter().count(), 3);
    app.finish().await;
}

/// Where no service is configured there is none; where it cannot be reached, that is said.
#[tokio::test]
async fn without_a_service() {
    let app = TestApp::new().await;
    let answer = app.nobody().post("/api/auth/oidc/begin", &json!({})).await;
    assert_eq!((answer.status, answer.code()), (404, "not_found"));
    let options = app.nobody().get("/api/auth/options").await.body;
    assert_eq!(options["oidc"], json!(null));
    app.finish().await;
    let (app, provider) = TestApp::with_provider(|_| {}).await;
    let options = app.nobody().get("/api/auth/options").await.body;
    assert_eq!(options["oidc"]["name"], "Example ID");
    app.advance(Duration::from_mins(11));
    provider.script(|script| script.broken = Some(500));
    let answer = app.nobody().post("/api/auth/oidc/begin", &json!({})).await;
    assert_eq!((answer.status, answer.code()), (503, "oidc_failed"));
    app.finish().await;
}

/// Beginning costs memory here, so one network may do it only so often.
#[tokio::test]
async fn beginning_is_limited() {
    let (app, _provider) = TestApp::with_provider(|_| {}).await;
    let mut answer = app.nobody().post("/api/auth/oidc/begin", &json!({})).await;
    for _ in 0..app.config.limits.sign_ins_per_minute {
        answer = app.nobody().post("/api/auth/oidc/begin", &json!({})).await;
    }
    assert_eq!((answer.status, answer.code()), (429, "rate_limited"));
    app.finish().await;
}
