//! What stands above every answer: the request's id, and what protects the person at the browser.

use serde_json::json;
use uuid::Uuid;

use crate::support::app::TestApp;
use crate::support::http::{Answer, Person};
use crate::support::routes;

async fn with_id(app: &TestApp, id: &[u8]) -> Answer {
    let request = app.nobody().request("GET", "/api/auth/me");
    let value = reqwest::header::HeaderValue::from_bytes(id).unwrap();
    Person::send(request.header("x-correlation-id", value)).await
}

/// A client's own id of the agreed form is kept, in header and body, so that it finds its request
/// in the log again.
#[tokio::test]
async fn an_id_of_the_agreed_form_is_kept() {
    let app = TestApp::new().await;
    let longest = "x".repeat(64);
    for id in ["a", "A.z_0-9", "...", &longest] {
        let answer = with_id(&app, id.as_bytes()).await;
        assert_eq!(answer.header("x-correlation-id"), id);
        assert_eq!(answer.str("correlation_id"), id);
    }
    app.finish().await;
}

/// Every other id is replaced by a new random one: nothing gets into our log by this way.
#[tokio::test]
async fn another_id_is_replaced() {
    let app = TestApp::new().await;
    let too_long = "x".repeat(65);
    let bad: [&[u8]; 7] = [
        b"",
        b"two words",
        b"a/b",
        b"{\"x\":1}",
        "ü".as_bytes(),
        b"\xff",
        too_long.as_bytes(),
    ];
    let mut made = std::collections::BTreeSet::new();
    for id in bad {
        let answer = with_id(&app, id).await;
        let fresh: Uuid = answer.header("x-correlation-id").parse().unwrap();
        assert_eq!(fresh.get_version_num(), 4);
        assert_eq!(answer.str("correlation_id"), fresh.to_string());
        made.insert(fresh);
    }
    assert_eq!(made.len(), bad.len());
    app.finish().await;
}

/// The model server's log can be matched with ours: it is told the id of the request.
#[tokio::test]
async fn the_id_is_passed_on_to_the_model_server() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let body = json!({"message": "Hello"});
    let request = ada.request("POST", "/api/chat/message").json(&body);
    let answer = Person::send(request.header("x-correlation-id", "my-own-id")).await;
    assert_eq!(answer.status, 200);
    let another = ada.say("Hello again").await;
    let told: Vec<_> = app.model.headers();
    let told: Vec<_> = told
        .iter()
        .map(|h| h["x-correlation-id"].to_str().unwrap())
        .collect();
    assert_eq!(told, ["my-own-id", another.header("x-correlation-id")]);
    app.finish().await;
}

/// A browser is told on every answer, good or bad, what it may do with it.
#[tokio::test]
async fn every_answer_is_protected() {
    let app = TestApp::with(|config| config.limits.body_bytes = 1000).await;
    let (ada, nobody) = (app.user("ada").await, app.nobody());
    let refused = ada
        .request("DELETE", "/api/auth/me")
        .header("sec-fetch-site", "cross-site");
    let answers = [
        (200, nobody.get("/").await),
        (200, nobody.get("/health").await),
        (200, nobody.get("/ready").await),
        (200, nobody.get("/metrics").await),
        (200, ada.get("/api/auth/me").await),
        (200, ada.say("Hello").await),
        (401, nobody.get("/api/auth/me").await),
        (403, Person::send(refused).await),
        (404, nobody.get("/api/nothing").await),
        (404, nobody.get("/nothing.js").await),
        (405, nobody.delete("/api/auth/login").await),
        (
            413,
            nobody
                .post("/api/auth/login", &json!("x".repeat(2000)))
                .await,
        ),
        (204, ada.post("/api/auth/logout", &json!({})).await),
    ];
    for (status, answer) in answers {
        assert_eq!(answer.status, status, "{answer:?}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), value, "{answer:?}");
        }
        let policy = answer.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self'"),
            "{policy}"
        );
        for rule in [
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "object-src 'none'",
        ] {
            assert!(policy.contains(rule), "{policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert!(!answer.header("x-correlation-id").is_empty(), "{answer:?}");
        assert!(!answer.header("cache-control").is_empty(), "{answer:?}");
    }
    app.finish().await;
}

/// What the API says of a person is not kept in any cache.
#[tokio::test]
async fn answers_of_the_api_are_not_cached() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    for path in [
        "/api/auth/me",
        "/api/chat/sessions",
        "/api/memory",
        "/api/nothing",
    ] {
        assert_eq!(
            ada.get(path).await.header("cache-control"),
            "no-store",
            "{path}"
        );
    }
    let stream = ada
        .request("POST", "/api/chat/stream")
        .json(&json!({"message": "Hello"}));
    let answer = Person::send(stream).await;
    assert_eq!(answer.header("cache-control"), "no-cache, no-transform");
    assert_eq!(answer.header("x-accel-buffering"), "no");
    assert_eq!(answer.header("content-type"), "text/event-stream");
    app.finish().await;
}

/// A method that an address does not have is told with those it has, in the common form.
#[tokio::test]
async fn a_method_that_is_not_there() {
    let app = TestApp::new().await;
    for (_, path) in routes::described() {
        let answer = app.nobody().request("PUT", &path);
        let answer = Person::send(answer).await;
        assert_eq!(
            (answer.status, answer.code()),
            (405, "method_not_allowed"),
            "{path}"
        );
        let described = routes::described();
        let has = |method: &str| described.contains(&(method.to_owned(), path.clone()));
        let allowed: Vec<_> = answer.header("allow").split(',').collect();
        for method in ["GET", "POST", "PATCH", "DELETE"] {
            assert_eq!(
                allowed.contains(&method),
                has(method),
                "{path}: {allowed:?}"
            );
        }
    }
    app.finish().await;
}
