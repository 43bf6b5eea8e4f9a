//! Other people's memories: not there.

use serde_json::{Value, json};

use super::{export, forget, import, note, one, stored, unlimited};
use crate::support::app::TestApp;

const NOBODYS: &str = "019b76da-a800-7000-8000-000000000000";

/// A stranger's id does what one does that nobody has, on every route, and the memory is untouched.
#[tokio::test]
async fn a_strangers_memory_is_not_there() {
    let app = unlimited().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let turn = json!({"text": "The spare key is with Mrs Quill.", "session_key": "home"});
    let hers = stored(&ada, &turn).await;
    let session = one(&ada, &hers).await.str("session_id");
    let before = one(&ada, &hers).await.body;
    note(&bob, "Bob's own").await;
    for (method, path, body) in [
        ("GET", "", Value::Null),
        ("PATCH", "", json!({"text": "Mine now", "pinned": true})),
        ("DELETE", "", Value::Null),
        ("POST", "/promote", json!({})),
        ("POST", "/demote", json!({})),
        ("POST", "/pin", json!({})),
    ] {
        let mut answers = Vec::new();
        for id in [hers.as_str(), NOBODYS] {
            let request = bob
                .request(method, &format!("/api/memory/{id}{path}"))
                .json(&body);
            let answer = crate::support::http::Person::send(request).await;
            answers.push((answer.status, answer.code().to_owned(), answer.str("error")));
        }
        assert_eq!(answers[0].0, 404, "{method} {path}");
        assert_eq!(answers[0], answers[1], "{method} {path}");
    }
    for (hers, nobodys) in [
        (json!({"ids": [hers]}), json!({"ids": [NOBODYS]})),
        (
            json!({"session_id": session}),
            json!({"session_id": NOBODYS}),
        ),
    ] {
        for dry_run in [true, false] {
            let mut told = Vec::new();
            for mut what in [hers.clone(), nobodys.clone()] {
                what["dry_run"] = json!(dry_run);
                told.push(forget(&bob, &what).await.body);
            }
            assert_eq!(told[0], json!({"forgotten": 0, "derived": 0, "bytes": 0}));
            assert_eq!(told[0], told[1]);
        }
    }
    for path in [
        format!("/api/memory?session_id={session}"),
        format!("/api/memory?q=key&session_id={session}"),
        format!("/api/memory/context?q=key&session_id={session}"),
    ] {
        assert!(!bob.get(&path).await.text.contains("Quill"), "{path}");
    }
    // Nor does her id in a file lead anywhere.
    let line = json!({"id": hers, "text": "A line with her id.", "superseded_by": hers});
    assert_eq!(import(&bob, &[line]).await.body["imported"], 1);
    assert_eq!(export(&bob).await.len(), 2);
    let everything = json!({"everything": true, "confirm": "forget everything"});
    assert_eq!(forget(&bob, &everything).await.body["forgotten"], 2);
    assert_eq!(one(&ada, &hers).await.body, before);
    app.finish().await;
}

/// An administrator has no way to anybody's memories either.
#[tokio::test]
async fn nor_for_administrators() {
    let app = TestApp::new().await;
    let (ada, admin) = (app.user("ada").await, app.admin().await);
    let hers = note(&ada, "The spare key is with Mrs Quill.").await;
    assert_eq!(one(&admin, &hers).await.status, 404);
    assert_eq!(super::found(&admin, "spare key").await, [] as [&str; 0]);
    assert_eq!(export(&admin).await, [] as [Value; 0]);
    app.finish().await;
}
