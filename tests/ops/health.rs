//! Is it alive, is it ready, and who is told why not.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::fake_ollama::FakeOllama;
use crate::support::http::Person;

pub fn dependency(ready: &Value, name: &str) -> Value {
    let mut all = ready["dependencies"].as_array().unwrap().iter();
    all.find(|dependency| dependency["name"] == name)
        .unwrap()
        .clone()
}

/// A program that answers is alive, whatever else is the matter.
#[tokio::test]
async fn alive() {
    let down = FakeOllama::down();
    let app = TestApp::with(|config| config.model.url = down.url()).await;
    let health = app.nobody().get("/health").await;
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        (health.status, health.body),
        (200, json!({"status": "ok", "version": version}))
    );
    app.finish().await;
}

/// With everything in order every dependency is ok, and no reason is given.
#[tokio::test]
async fn ready() {
    let app = TestApp::new().await;
    app.settle().await;
    let ready = app.nobody().get("/ready").await;
    assert_eq!((ready.status, &ready.body["status"]), (200, &json!("ok")));
    let names = [
        "storage",
        "held",
        "backup",
        "check",
        "file_system",
        "text_index",
        "embedding",
        "model",
        "limits",
    ];
    let all = names.map(|name| json!({"name": name, "status": "ok"}));
    assert_eq!(ready.body["dependencies"], json!(all));
    app.finish().await;
}

/// Without a model server it is still of use: degraded, not down. Who asks on this machine is told
/// why, and nobody who comes through a proxy.
#[tokio::test]
async fn degraded_without_a_model_server() {
    let down = FakeOllama::down();
    let app = TestApp::with(|config| config.model.url = down.url()).await;
    app.settle().await;
    let ready = app.nobody().get("/ready").await;
    assert_eq!(
        (ready.status, &ready.body["status"]),
        (200, &json!("degraded"))
    );
    let model = dependency(&ready.body, "model");
    assert_eq!(model["status"], "degraded");
    assert!(
        model["reason"].as_str().unwrap().contains("ollama serve"),
        "{model}"
    );
    assert_eq!(
        app.nobody().get("/api/status").await.body["status"],
        "degraded"
    );

    for (name, value) in [
        ("x-forwarded-for", "203.0.113.9"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-for", ""),
        ("forwarded", "for=127.0.0.1"),
        ("via", "1.1 proxy"),
    ] {
        let request = app.nobody().request("GET", "/ready").header(name, value);
        let ready = Person::send(request).await;
        assert_eq!(ready.body["status"], "degraded", "{name}");
        assert_eq!(
            dependency(&ready.body, "model").get("reason"),
            None,
            "{name}: {value}"
        );
        assert!(!ready.text.contains("ollama"), "{}", ready.text);
    }
    let _server = down.start();
    app.advance(Duration::from_secs(3));
    assert_eq!(
        app.nobody().get("/ready").await.body["status"],
        "ok",
        "it notices by itself"
    );
    app.finish().await;
}

/// Each capability says for itself how it is, in the same form.
#[tokio::test]
async fn capabilities_say_how_they_are() {
    let down = FakeOllama::down();
    let app = TestApp::with(|config| config.model.url = down.url()).await;
    app.settle().await;
    for (path, status) in [
        ("/api/auth/health", "ok"),
        ("/api/memory/health", "ok"),
        ("/api/intelligence/health", "down"),
    ] {
        let health = app.nobody().get(path).await;
        assert_eq!(
            (health.status, &health.body["status"]),
            (200, &json!(status)),
            "{path}"
        );
        assert_eq!(health.body["checked_at"], "2026-01-01T00:00:00Z", "{path}");
        assert_eq!(health.body["latency_ms"], 0, "{path}");
        assert!(!health.text.contains("127.0.0.1"), "{}", health.text);
    }
    app.finish().await;
}

/// Strangers who ask how the program is cannot make it send requests: many questions are one to
/// the model server every three seconds, however they are asked.
#[tokio::test]
async fn many_questions_are_one_to_the_model_server() {
    let app = TestApp::new().await;
    let nobody = app.nobody();
    nobody.get("/ready").await;
    let asked = app.model.other_calls();
    for path in ["/ready", "/api/status", "/api/intelligence/health"] {
        let (one, two) = tokio::join!(nobody.get(path), nobody.get(path));
        assert_eq!((one.status, two.status), (200, 200));
    }
    assert_eq!(app.model.other_calls(), asked);
    app.advance(Duration::from_secs(3));
    tokio::join!(nobody.get("/ready"), nobody.get("/api/status"));
    assert_eq!(app.model.other_calls(), asked + 1, "asked again, once");
    app.finish().await;
}

/// The description of the API is served by the program it describes.
#[tokio::test]
async fn the_description_is_served() {
    let app = TestApp::new().await;
    let served = app.nobody().get("/api/openapi.json").await;
    let document = serde_json::to_value(novacore::ops::document()).unwrap();
    assert_eq!(served.header("content-type"), "application/json");
    assert_eq!((served.status, served.body), (200, document));
    app.finish().await;
}
