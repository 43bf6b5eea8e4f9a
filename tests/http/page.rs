//! The embedded page, and addresses that are nothing.

use crate::support::app::TestApp;
use crate::support::http::Person;

/// An unknown address below `/api` answers as an API does; any other shows the page, which has its
/// own way of saying that there is nothing.
#[tokio::test]
async fn unknown_addresses() {
    let app = TestApp::new().await;
    for path in [
        "/api",
        "/api/",
        "/api/nothing",
        "/api/chat/sessions/x/y",
        "/health/x",
        "/metrics/x",
        "/ready/",
        "/v1/chat/completions",
        "/mcp",
        "/ws/chat",
    ] {
        let answer = app.nobody().get(path).await;
        assert_eq!((answer.status, answer.code()), (404, "not_found"), "{path}");
    }
    for path in [
        "/",
        "/chat/019b76da-a800-7000-8000-000000000000",
        "/setup",
        "/verify-email?token=x",
        "/billing/success?session_id=cs_test_1",
        "/billing/cancel",
        "/healthyliving",
        "/v10",
    ] {
        let answer = app.nobody().get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(
            answer.header("content-type").starts_with("text/html"),
            "{answer:?}"
        );
        assert!(
            answer.text.starts_with("<!doctype html>"),
            "{}",
            answer.text
        );
    }
    for path in [
        "/nothing.js",
        "/_app/nothing",
        "/favicon.nothing",
        "/../Cargo.toml",
        "/.env",
    ] {
        let answer = app.nobody().get(path).await;
        assert_eq!((answer.status, answer.code()), (404, "not_found"), "{path}");
    }
    app.finish().await;
}

/// The page is only read: nothing can be sent to it, or deleted, as if that had done something.
#[tokio::test]
async fn the_page_is_only_read() {
    let app = TestApp::new().await;
    for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
        for (path, status, code) in [
            ("/", 405, "method_not_allowed"),
            ("/chat/1", 404, "not_found"),
            ("/nothing.js", 404, "not_found"),
            ("/v1/models", 404, "not_found"),
            ("/api/nothing", 404, "not_found"),
        ] {
            let answer = Person::send(app.nobody().request(method, path)).await;
            assert_eq!(
                (answer.status, answer.code()),
                (status, code),
                "{method} {path}"
            );
            let allow = if status == 405 { "GET,HEAD" } else { "" };
            assert_eq!(answer.header("allow"), allow, "{method} {path}");
        }
    }
    let head = Person::send(app.nobody().request("HEAD", "/chat/1")).await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    app.finish().await;
}

/// A browser that has a file already is told that it has not changed.
#[tokio::test]
async fn files_are_not_sent_twice() {
    let app = TestApp::new().await;
    let first = app.nobody().get("/").await;
    let tag = first.header("etag").to_owned();
    if tag.is_empty() {
        return; // built without the page: its placeholder has no tag
    }
    assert_eq!(first.header("cache-control"), "no-cache");
    let again = app
        .nobody()
        .request("GET", "/")
        .header("if-none-match", &tag);
    let again = Person::send(again).await;
    assert_eq!((again.status, again.text.as_str()), (304, ""));
    let head = Person::send(app.nobody().request("HEAD", "/")).await;
    assert_eq!((head.status, head.header("etag")), (200, tag.as_str()));
    app.finish().await;
}

/// Only scripts of the page's own may run: each inline script of the page is allowed by its hash.
#[tokio::test]
async fn the_pages_inline_scripts_are_allowed_one_by_one() {
    use base64::Engine as _;
    use sha2::{Digest as _, Sha256};

    let app = TestApp::new().await;
    let page = app.nobody().get("/").await;
    let policy = page.header("content-security-policy");
    let scripts = page.text.split("<script>").skip(1);
    let scripts: Vec<_> = scripts
        .map(|rest| rest.split_once("</script>").unwrap().0)
        .collect();
    let allowed = policy.matches("'sha256-").count();
    assert_eq!(allowed, scripts.len(), "{policy}");
    for script in scripts {
        let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(script));
        assert!(policy.contains(&format!("'sha256-{hash}'")), "{script}");
    }
    app.finish().await;
}
