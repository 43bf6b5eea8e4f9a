//! Errors have one form, and the cause of our own faults stays with us.

use std::collections::BTreeMap;

use axum::body::to_bytes;
use axum::response::IntoResponse as _;
use novacore::error::Error;
use novacore::http::failure;
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::http::Person;

/// One of every variant with its status and code. A new variant does not compile until it has its
/// row.
fn variants() -> Vec<(Error, u16, &'static str)> {
    let unauthenticated = Error::Unauthenticated {
        code: "token_missing",
        message: "Sign in first.",
    };
    let forged = Error::NotGenuine {
        code: "signature_invalid",
        message: "Forged.",
    };
    let unnamed = Error::Invalid {
        code: "nothing_named",
        message: "No.".into(),
        fields: BTreeMap::new(),
    };
    let too_many = Error::TooMany {
        code: "rate_limited",
        message: "Wait.".into(),
        retry_after: 42,
        resets_at: Some("2026-01-02T00:00:00Z".parse().unwrap()),
    };
    let unavailable = Error::Unavailable {
        code: "model_unavailable",
        message: "Away.".into(),
    };
    let rows = vec![
        (Error::Malformed("No JSON.".into()), 400, "malformed"),
        (forged, 400, "signature_invalid"),
        (unauthenticated, 401, "token_missing"),
        (
            Error::forbidden("cross_site", "Refused."),
            403,
            "cross_site",
        ),
        (Error::NotFound { what: "memory" }, 404, "not_found"),
        (Error::MethodNotAllowed, 405, "method_not_allowed"),
        (Error::conflict("email_taken", "Taken."), 409, "email_taken"),
        (Error::TooLarge { limit_bytes: 7 }, 413, "body_too_large"),
        (
            Error::field("email_invalid", "email", "No address."),
            422,
            "email_invalid",
        ),
        (unnamed, 422, "nothing_named"),
        (too_many, 429, "rate_limited"),
        (Error::internal("reading", "disk gone"), 500, "internal"),
        (unavailable, 503, "model_unavailable"),
    ];
    for (error, ..) in &rows {
        match error {
            Error::Malformed(_)
            | Error::NotGenuine { .. }
            | Error::TooLarge { .. }
            | Error::Invalid { .. }
            | Error::Unauthenticated { .. }
            | Error::Forbidden { .. }
            | Error::NotFound { .. }
            | Error::MethodNotAllowed
            | Error::Conflict { .. }
            | Error::TooMany { .. }
            | Error::Unavailable { .. }
            | Error::Internal { .. } => {}
        }
    }
    rows
}

/// Every failure has the agreed status, code and keys, and says when to come back where that helps.
#[tokio::test]
async fn every_error_has_its_form() {
    for (error, status, code) in variants() {
        let sentence = error.message();
        assert!(sentence.ends_with('.') && sentence.len() > 2, "{sentence}");
        let response = failure::render(error.into_response(), "the-id");
        assert_eq!(response.status(), status, "{code}");
        assert_eq!(response.headers()["content-type"], "application/json");
        let retry = response.headers().get("retry-after").cloned();
        let expected = match status {
            429 => Some("42"),
            503 => Some("5"),
            _ => None,
        };
        assert_eq!(
            retry.as_ref().map(|v| v.to_str().unwrap()),
            expected,
            "{code}"
        );
        let bytes = to_bytes(response.into_body(), 10_000).await.unwrap();
        let body: Value = serde_json::from_slice(&bytes).unwrap();
        let mut wanted = json!({"error": sentence, "code": code, "correlation_id": "the-id"});
        if code == "email_invalid" {
            wanted["fields"] = json!({"email": "No address."});
        }
        if status == 429 {
            wanted["resets_at"] = json!("2026-01-02T00:00:00Z");
        }
        assert_eq!(body, wanted);
    }
}

/// Where data lies and what failed there is for the log, never for a body.
#[tokio::test]
async fn the_cause_of_our_own_faults_is_not_told() {
    let error = Error::internal("reading SECRET", "SECRET /srv/data: disk gone");
    assert!(error.to_string().contains("disk gone"), "the log is told");
    let response = failure::render(error.into_response(), "x");
    let bytes = to_bytes(response.into_body(), 10_000).await.unwrap();
    let body = std::str::from_utf8(&bytes).unwrap();
    assert!(!body.contains("SECRET") && !body.contains("disk"), "{body}");
}

/// A disk that is full or refuses is a passing 503 with a sentence that says what is safe; damage is a
/// fault of ours. Neither tells its cause.
#[tokio::test]
async fn faults_of_the_disk_are_told_apart() {
    let (full, away) = ("is full", "cannot be used just now");
    let reason = || "SECRET".to_owned();
    let table = reason();
    for (fault, status, code, sentence) in [
        (storage::Error::Full, 503, "storage_read_only", full),
        (
            storage::Error::Io { reason: reason() },
            503,
            "storage_read_only",
            away,
        ),
        (storage::Error::InUse, 503, "storage_read_only", away),
        (storage::Error::Closed, 503, "shutting_down", "try again"),
        (
            storage::Error::Corrupt {
                table,
                reason: reason(),
            },
            500,
            "internal",
            "on our side",
        ),
        (
            storage::Error::Panicked { message: reason() },
            500,
            "internal",
            "on our side",
        ),
    ] {
        let error = Error::from(fault);
        assert_eq!((error.status(), error.code()), (status, code));
        let told = error.message();
        assert!(
            told.contains(sentence) && told.contains("try again"),
            "{told}"
        );
        assert_eq!(
            told.contains("safe"),
            code != "shutting_down",
            "what is safe: {told}"
        );
        assert!(!told.contains("SECRET"), "{told}");
    }
}

/// A fault in storage, met over HTTP, has the common form without its cause.
#[tokio::test]
async fn a_fault_in_storage_is_told_without_its_cause() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    app.settle().await;
    app.app.store.close().unwrap();
    let answer = ada.get("/api/chat/sessions").await;
    assert_eq!((answer.status, answer.code()), (503, "shutting_down"));
    assert_eq!(
        answer.str("error"),
        "NovaCore is shutting down. Please try again in a moment."
    );
    assert_eq!(answer.body.as_object().unwrap().len(), 3, "{}", answer.text);
    let ready = app.nobody().get("/ready").await;
    assert_eq!((ready.status, &ready.body["status"]), (503, &json!("down")));
}

/// What a client sends wrongly is told apart: the form of the body, its size, its kind, its meaning.
#[tokio::test]
async fn bad_bodies_are_told_apart() {
    let app = TestApp::with(|config| config.limits.body_bytes = 1000).await;
    let json_type = "application/json";
    let (fits, over) = (
        format!("\"{}\"", "x".repeat(998)),
        format!("\"{}\"", "x".repeat(999)),
    );
    let cases: [(&[u8], &str, u16, &str); 14] = [
        (b"{", json_type, 400, "malformed"),
        (b"{} {}", json_type, 400, "malformed"),
        (b"[]", json_type, 400, "malformed"),
        (b"null", json_type, 400, "malformed"),
        (
            b"{\"email\": 5, \"password\": \"x\"}",
            json_type,
            400,
            "malformed",
        ),
        (b"{\"email\": \"a@b.c\"}", json_type, 400, "malformed"),
        (b"", json_type, 400, "malformed"),
        (
            b"{\"email\": \"\xff\xfe\", \"password\": \"x\"}",
            json_type,
            400,
            "malformed",
        ),
        (
            b"{\"email\": \"\\ud800\", \"password\": \"x\"}",
            json_type,
            400,
            "malformed",
        ),
        (
            b"{\"email\": \"a@b.c\", \"password\": \"x\"}",
            "text/plain",
            400,
            "malformed",
        ),
        (
            b"email=a%40b.c&password=x",
            "application/x-www-form-urlencoded",
            400,
            "malformed",
        ),
        (fits.as_bytes(), json_type, 400, "malformed"),
        (over.as_bytes(), json_type, 413, "body_too_large"),
        (
            b"{\"email\": \"a@b.c\", \"password\": \"x\"}",
            "Application/JSON; charset=utf-8",
            401,
            "credentials_invalid",
        ),
    ];
    for (body, kind, status, code) in cases {
        let request = app.nobody().request("POST", "/api/auth/login");
        let request = request.header("content-type", kind).body(body.to_vec());
        let answer = Person::send(request).await;
        let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        assert_eq!(
            (answer.status, answer.code()),
            (status, code),
            "{shown} as {kind}"
        );
    }
    app.finish().await;
}

/// A password that stands in a body we could not read does not come back in the answer.
#[tokio::test]
async fn what_was_sent_is_not_repeated() {
    let app = TestApp::new().await;
    let body = br#"{"email": 12, "password": "a calm river bank"}"#.to_vec();
    let request = app.nobody().request("POST", "/api/auth/login");
    let answer = Person::send(
        request
            .header("content-type", "application/json")
            .body(body),
    )
    .await;
    assert_eq!(answer.status, 400);
    assert!(!answer.text.contains("river"), "{}", answer.text);
    let body = br#"{"email": "a@b.c", "password": ["a calm river bank"]}"#.to_vec();
    let request = app.nobody().request("POST", "/api/auth/login");
    let answer = Person::send(
        request
            .header("content-type", "application/json")
            .body(body),
    )
    .await;
    assert_eq!(answer.status, 400);
    assert!(!answer.text.contains("river"), "{}", answer.text);
    app.finish().await;
}
