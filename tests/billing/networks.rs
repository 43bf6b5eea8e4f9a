//! How often somebody may call who has not said who they are: by network.

use novacore::config::Verification;
use serde_json::{Value, json};

use crate::support::app::{PASSWORD, TestApp};
use crate::support::http::{Answer, Person};
use crate::support::rates::{told, wait};
use crate::support::stripe::FakeStripe;

/// A call from this network.
async fn from(app: &TestApp, network: &str, method: &str, path: &str, body: &Value) -> Answer {
    let mut request = app.nobody().request(method, path);
    if method != "GET" {
        request = request.json(body);
    }
    Person::send(request.header("x-forwarded-for", network)).await
}

/// Every route that works for strangers is limited by network, says so, and leaves the neighbours alone.
/// What only says how the program is, it says as often as somebody asks.
#[tokio::test]
async fn strangers_are_limited_by_network() {
    let stripe = FakeStripe::start();
    let (app, _provider) = TestApp::with_provider(|config| {
        stripe.configure(config);
        config.limits.reads_per_minute = 60;
        config.limits.reads_burst = 3;
        config.limits.sign_ins_per_minute = 3;
        config.limits.registrations_per_hour = 3;
    })
    .await;
    let address = json!({"email": "ada@example.org"});
    let sign_in = json!({"email": "ada@example.org", "password": "a guess at random"});
    let token = json!({"token": "x", "password": "a calm river bank", "email": "a@example.org"});
    let program =
        json!({"service": "x", "audience": "x", "scopes": ["metrics:read"], "secret": "x"});
    let passkey = json!({"ceremony": uuid::Uuid::max(), "credential": {}});
    let (none, factor) = (json!({}), json!({"totp": "123456"}));
    let routes = [
        ("GET", "/api/status", &none, 3),
        ("GET", "/api/auth/options", &none, 3),
        ("GET", "/api/openapi.json", &none, 3),
        ("POST", "/api/auth/refresh", &none, 3),
        ("POST", "/api/auth/logout", &none, 3),
        ("POST", "/api/auth/logout-all", &none, 3),
        ("POST", "/api/auth/login", &sign_in, 3),
        ("POST", "/api/auth/setup", &token, 3),
        ("POST", "/api/auth/register", &sign_in, 3),
        ("POST", "/api/auth/invitation", &token, 3),
        ("POST", "/api/auth/verify-email", &token, 5),
        ("GET", "/api/auth/verify-email?token=x", &none, 5),
        ("POST", "/api/auth/reset-password", &token, 5),
        ("POST", "/api/auth/resend-verification", &address, 10),
        ("POST", "/api/auth/forgot-password", &address, 10),
        ("POST", "/api/auth/passkey/begin", &none, 3),
        ("POST", "/api/auth/passkey/finish", &passkey, 3),
        ("POST", "/api/auth/oidc/begin", &none, 3),
        ("POST", "/api/auth/oidc/second-factor", &factor, 3),
        ("POST", "/api/auth/service/token", &program, 3),
        ("POST", "/api/billing/webhook", &none, 3),
    ];
    for (n, (method, path, body, passing)) in routes.into_iter().enumerate() {
        let network = format!("203.0.113.{n}");
        for left in (0..passing).rev() {
            let passed = from(&app, &network, method, path, body).await;
            assert_ne!(passed.status, 429, "{path}: {passed:?}");
            assert_eq!(told(&passed)[1], left, "{path}");
        }
        let refused = from(&app, &network, method, path, body).await;
        assert_eq!(
            (refused.code(), told(&refused)[1]),
            ("rate_limited", 0),
            "{path}"
        );
        assert!(wait(&refused) >= 1, "{path}");
        let neighbour = from(&app, "198.51.100.7", method, path, body).await;
        assert_ne!(neighbour.code(), "rate_limited", "{path}");
        app.advance(std::time::Duration::from_hours(1));
    }
    for path in [
        "/health",
        "/ready",
        "/api/auth/health",
        "/api/memory/health",
    ] {
        for _ in 0..10 {
            let answer = from(&app, "203.0.113.200", "GET", path, &none).await;
            assert_eq!((answer.status, answer.header("ratelimit-limit")), (200, ""));
        }
    }
    app.run_jobs().await;
    app.finish().await;
}

/// A browser that comes back from another service is told on the page.
#[tokio::test]
async fn the_way_back_is_limited() {
    let (app, _provider) = TestApp::with_provider(|config| config.limits.reads_burst = 2).await;
    let redirects = reqwest::redirect::Policy::none();
    let browser = reqwest::Client::builder().no_proxy().redirect(redirects);
    let browser = Person::new(browser.build().unwrap(), app.url.clone(), None);
    for place in ["oidc_expired", "oidc_expired", "rate_limited"] {
        let answer = browser.get("/api/auth/oidc/callback?code=x&state=x").await;
        assert_eq!(answer.header("location"), format!("/login#problem={place}"));
    }
    app.finish().await;
}

/// What is told to a stranger is the count of their network: of the person whose address they typed it
/// tells nothing, not even whether there is one.
#[tokio::test]
async fn the_count_of_somebody_else_is_not_told() {
    let app = TestApp::with_mail(|_| {}).await;
    app.unverified("ada").await;
    for path in ["/api/auth/forgot-password", "/api/auth/resend-verification"] {
        for left in (5..10).rev() {
            for (network, email) in [("203.0.113.1", "ada"), ("203.0.113.2", "nobody")] {
                let body = json!({"email": format!("{email}@example.org")});
                let answer = from(&app, network, "POST", path, &body).await;
                let expected = (202, [10, left, 3600]);
                assert_eq!((answer.status, told(&answer)), expected, "{path} {email}");
            }
            app.settle().await;
        }
    }
    app.run_jobs().await;
    app.finish().await;

    let app = TestApp::with_mail(|config| config.auth.verification = Verification::Login).await;
    app.user("ada").await;
    for left in (15..20).rev() {
        for (network, email) in [("203.0.113.1", "ada"), ("203.0.113.2", "nobody")] {
            let body = json!({"email": format!("{email}@example.org"), "password": PASSWORD});
            let answer = from(&app, network, "POST", "/api/auth/register", &body).await;
            let expected = (202, [20, left, 180 * (20 - left)]);
            assert_eq!((answer.status, told(&answer)), expected, "{email}");
        }
        app.settle().await;
    }
    app.run_jobs().await;
    app.finish().await;
}
