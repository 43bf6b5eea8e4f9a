//! How often somebody may try, and that the limit cannot be stepped around.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;

use super::{credentials, login, register};
use crate::support::app::{PASSWORD, TestApp};
use crate::support::http::{Answer, Person};

/// A sign-in attempt through proxies that say this.
async fn attempt_via(app: &TestApp, forwarded: &str) -> Answer {
    let body = credentials("ada@example.org", "a guess at random");
    let request = app.nobody().request("POST", "/api/auth/login").json(&body);
    Person::send(request.header("x-forwarded-for", forwarded)).await
}

/// Guessing passwords is slow: after so many attempts a minute even the right one has to wait, as
/// long as the answer says.
#[tokio::test]
async fn sign_ins_are_limited_by_address() {
    let app = TestApp::with(|config| config.limits.sign_ins_per_minute = 3).await;
    app.advance(Duration::from_mins(1));
    for _ in 0..3 {
        let refused = login(&app, "admin@example.org", "a guess at random").await;
        assert_eq!(refused.code(), "credentials_invalid");
    }
    let limited = login(&app, "admin@example.org", PASSWORD).await;
    assert_eq!((limited.status, limited.code()), (429, "rate_limited"));
    let wait: u64 = limited.header("retry-after").parse().unwrap();
    assert!((1..=21).contains(&wait), "{wait}");
    app.advance(Duration::from_secs(wait));
    assert_eq!(login(&app, "admin@example.org", PASSWORD).await.status, 200);
    let limited = login(&app, "admin@example.org", PASSWORD).await;
    assert_eq!(limited.status, 429, "one came free, not all");
    app.finish().await;
}

/// Attempts that come at the same moment are counted one by one.
#[tokio::test]
async fn a_burst_does_not_slip_through() {
    let app = TestApp::with(|config| config.limits.sign_ins_per_minute = 5).await;
    app.advance(Duration::from_mins(1));
    let answers = join_all((0..20).map(|_| login(&app, "admin@example.org", "a bad guess"))).await;
    let tried = answers.iter().filter(|answer| answer.status == 401).count();
    assert_eq!(tried, 5);
    app.finish().await;
}

/// Behind our proxy each client has its own count, by the address the proxy itself saw: what the
/// client wrote into the header before does not help it.
#[tokio::test]
async fn behind_a_proxy_the_client_is_counted_not_what_it_claims() {
    let app = TestApp::with(|config| config.limits.sign_ins_per_minute = 2).await;
    let mut seen = Vec::new();
    for claimed in 0..4 {
        let forwarded = format!("10.0.0.{claimed}, 198.51.100.{claimed}, 203.0.113.9");
        seen.push(attempt_via(&app, &forwarded).await.status);
    }
    assert_eq!(seen, [401, 401, 429, 429]);
    assert_eq!(
        attempt_via(&app, "203.0.113.10").await.status,
        401,
        "a neighbour"
    );
    app.finish().await;
}

/// Without a proxy in front the header is a stranger's word and counts for nothing.
#[tokio::test]
async fn without_a_proxy_the_header_counts_for_nothing() {
    let app = TestApp::with(|config| {
        config.server.trusted_proxies = vec![];
        config.limits.sign_ins_per_minute = 2;
    })
    .await;
    app.advance(Duration::from_mins(1));
    let mut seen = Vec::new();
    for claimed in 0..4 {
        seen.push(
            attempt_via(&app, &format!("203.0.113.{claimed}"))
                .await
                .status,
        );
    }
    assert_eq!(seen, [401, 401, 429, 429]);
    app.finish().await;
}

/// Nobody fills the machine with accounts.
#[tokio::test]
async fn new_accounts_are_limited_by_the_hour() {
    let app = TestApp::with(|config| config.limits.registrations_per_hour = 2).await;
    let new = async |name: &str| register(&app, &format!("{name}@example.org"), PASSWORD).await;
    assert_eq!(new("a").await.status, 201);
    assert_eq!(new("b").await.status, 201);
    let limited = new("c").await;
    assert_eq!((limited.status, limited.code()), (429, "rate_limited"));
    let wait: u64 = limited.header("retry-after").parse().unwrap();
    assert!((1..=1801).contains(&wait), "{wait}");
    assert_eq!(
        login(&app, "c@example.org", PASSWORD).await.status,
        401,
        "no account was made"
    );
    app.advance(Duration::from_secs(wait));
    assert_eq!(new("c").await.status, 201);
    app.finish().await;
}

/// One person's flood of requests slows that person alone.
#[tokio::test]
async fn requests_are_limited_by_person() {
    let app = TestApp::with(|config| {
        config.limits.reads_per_minute = 60;
        config.limits.reads_burst = 5;
    })
    .await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let answers = join_all((0..9).map(|_| ada.get("/api/auth/me"))).await;
    let limited: Vec<_> = answers.iter().filter(|a| a.status == 429).collect();
    assert_eq!(limited.len(), 4);
    assert_eq!(limited[0].code(), "rate_limited");
    assert!(!limited[0].header("retry-after").is_empty());
    assert_eq!(bob.get("/api/auth/me").await.status, 200);
    app.advance(Duration::from_secs(1));
    assert_eq!(ada.get("/api/auth/me").await.status, 200);
    app.finish().await;
}

/// An operator who switches limits off has none, and the page of readiness says so.
#[tokio::test]
async fn limits_can_be_switched_off() {
    let app = TestApp::with(|config| {
        config.limits.enabled = false;
        config.limits.sign_ins_per_minute = 1;
        config.limits.registrations_per_hour = 1;
        config.limits.reads_per_minute = 1;
        config.limits.reads_burst = 1;
    })
    .await;
    for number in 0..4 {
        let email = format!("person{number}@example.org");
        assert_eq!(register(&app, &email, PASSWORD).await.status, 201);
        let signed_in = login(&app, &email, PASSWORD).await;
        assert_eq!(signed_in.status, 200);
        let person = app.signed_in(&signed_in);
        assert_eq!(person.get("/api/auth/me").await.status, 200);
        assert_eq!(person.get("/api/auth/me").await.status, 200);
    }
    let ready = app.nobody().get("/ready").await.body;
    let limits = ready["dependencies"]
        .as_array()
        .unwrap()
        .iter()
        .find(|d| d["name"] == "limits");
    assert_eq!(limits.unwrap()["status"], json!("degraded"));
    app.finish().await;
}
