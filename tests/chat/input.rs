//! What a person may send, and that nothing of what is refused is stored.

use serde_json::{Value, json};

use super::conversations;
use crate::support::app::TestApp;
use crate::support::http::Person;

async fn nothing_stored(app: &TestApp, person: &Person) {
    assert_eq!(conversations(person).await, [] as [Value; 0]);
    assert_eq!(person.get("/api/memory").await.body["total"], 0);
    assert_eq!(app.model.requests().len(), 0);
}

/// Every kind of bad request has its status and code, on both routes, and leaves no trace.
#[tokio::test]
async fn bad_messages_are_refused_and_leave_no_trace() {
    let app = TestApp::with(|config| {
        config.limits.message_bytes = 100;
        config.limits.body_bytes = 1000;
    })
    .await;
    let ada = app.user("ada").await;
    let json_type = "application/json";
    let long = json!({"message": "x".repeat(101)}).to_string();
    let long_letters = json!({"message": "ü".repeat(51)}).to_string();
    let huge = json!({"message": "x".repeat(1000)}).to_string();
    let cases: [(&[u8], &str, u16, &str); 15] = [
        (br#"{"message": ""}"#, json_type, 422, "message_empty"),
        (br#"{"message": " \n\t "}"#, json_type, 422, "message_empty"),
        (
            br#"{"message": "\u00a0\u2003"}"#,
            json_type,
            422,
            "message_empty",
        ),
        (long.as_bytes(), json_type, 422, "message_too_long"),
        (long_letters.as_bytes(), json_type, 422, "message_too_long"),
        (huge.as_bytes(), json_type, 413, "body_too_large"),
        (b"{\"message\": \"\xc3\x28\"}", json_type, 400, "malformed"),
        (br#"{"message": "Hello""#, json_type, 400, "malformed"),
        (br#"{"message": 5}"#, json_type, 400, "malformed"),
        (br#"{"text": "Hello"}"#, json_type, 400, "malformed"),
        (
            br#"{"message": "Hello", "session_id": "1"}"#,
            json_type,
            400,
            "malformed",
        ),
        (
            br#"{"message": "Hello", "use_memory": "no"}"#,
            json_type,
            400,
            "malformed",
        ),
        (br#"{"message": "Hello"}"#, "text/plain", 400, "malformed"),
        (
            br#"{"message": "Hello"}"#,
            "application/jsonp",
            400,
            "malformed",
        ),
        (
            br#"{"message": "Hello", "session_id": "019b76da-a800-7000-8000-000000000000"}"#,
            json_type,
            404,
            "not_found",
        ),
    ];
    for path in ["/api/chat/message", "/api/chat/stream"] {
        for (body, kind, status, code) in cases {
            let request = ada.request("POST", path).header("content-type", kind);
            let answer = Person::send(request.body(body.to_vec())).await;
            let shown = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
            assert_eq!(
                (answer.status, answer.code()),
                (status, code),
                "{path} {shown} {kind}"
            );
        }
        let untyped = ada.request("POST", path).body(r#"{"message": "Hello"}"#);
        assert_eq!(Person::send(untyped).await.code(), "malformed");
    }
    nothing_stored(&app, &ada).await;
    app.finish().await;
}

/// The bound counts bytes and is itself allowed; so is every letter there is.
#[tokio::test]
async fn what_fits_comes_through_to_the_letter() {
    let app = TestApp::with(|config| config.limits.message_bytes = 100).await;
    let ada = app.user("ada").await;
    let messages = [
        "x".repeat(100),
        "ü".repeat(50),
        "  kept  as it is \r\n\ttabs, lines \u{0} and nulls".into(),
        "👩‍👩‍👧‍👦 e\u{301} \u{202e}backwards\u{202c} \u{feff}".into(),
        r#"</script><b>"quotes" \ and {{braces}}"#.into(),
    ];
    for message in messages {
        let answer = ada.say(&message).await;
        assert_eq!(answer.status, 200, "{message:?}: {answer:?}");
        let asked = app.model.requests().pop().unwrap();
        let last = asked["messages"]
            .as_array()
            .unwrap()
            .last()
            .unwrap()
            .clone();
        assert_eq!(last, json!({"role": "user", "content": message}));
        let said = super::history(&ada, &answer.str("session_id")).await;
        assert_eq!(said["items"][1]["content"], json!(message));
    }
    app.finish().await;
}

/// A message that the model's window cannot hold is refused before anything is stored, and the
/// sentence says how much there is room for.
#[tokio::test]
async fn a_message_longer_than_the_window_is_refused() {
    let app = TestApp::with(|config| config.model.num_ctx = 1024).await;
    let ada = app.user("ada").await;
    let refused = ada.say(&"many words ".repeat(500)).await;
    assert_eq!((refused.status, refused.code()), (422, "message_too_long"));
    assert!(
        refused.str("error").contains("model.num_ctx"),
        "{refused:?}"
    );
    assert!(refused.body["fields"]["message"].is_string(), "{refused:?}");
    nothing_stored(&app, &ada).await;
    app.finish().await;
}
