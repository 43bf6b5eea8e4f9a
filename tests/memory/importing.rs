//! Files that are not as they should be.

use futures_util::stream;
use serde_json::{Value, json};

use super::{all, import, import_text, stored, unlimited};
use crate::support::app::TestApp;
use crate::support::http::Person;

fn failures(body: &Value) -> Vec<(u64, String)> {
    let failed = body["failed"].as_array().unwrap().iter();
    failed
        .map(|f| {
            assert!(f["error"].as_str().unwrap().ends_with('.'), "{f}");
            (
                f["line"].as_u64().unwrap(),
                f["code"].as_str().unwrap().to_owned(),
            )
        })
        .collect()
}

/// Every line stands for itself: what is wrong is told by line and code, and the others are taken.
#[tokio::test]
async fn every_line_stands_for_itself() {
    let app = unlimited().await;
    let ada = app.user("ada").await;
    let unknown = "00000000-0000-4000-8000-000000000009";
    let lines = [
        json!({"type": "header", "version": 1}).to_string(),
        json!({"text": "Good, and the least there is"}).to_string(),
        "{\"text\": \"cut off".to_owned(),
        String::new(),
        "\"text\"".to_owned(),
        json!({"text": ""}).to_string(),
        json!({"text": "x".repeat(65_537)}).to_string(),
        json!({"text": "y".repeat(600_000)}).to_string(),
        json!({"type": "picture", "text": "Good"}).to_string(),
        json!({"text": "Good", "speaker": "x".repeat(65)}).to_string(),
        json!({"text": "Good", "session_key": "x".repeat(201)}).to_string(),
        json!({"text": "Good", "tags": ["x".repeat(41)]}).to_string(),
        json!({"text": "Good", "tier": "stm"}).to_string(),
        json!({"text": "Good", "kind": "poem"}).to_string(),
        json!({"text": "Good", "created_at": "2027-01-01T00:00:00Z"}).to_string(),
        json!({"kind": "fact", "text": "Invented", "evidence": [unknown]}).to_string(),
        json!({"text": "Good, with what nobody knows", "unknown": {"a": [1]}, "tags": null})
            .to_string(),
        format!("  {}\r", json!({"text": "Good, between spaces"})),
    ];
    let taken = import_text(&ada, lines.join("\n")).await;
    assert_eq!(taken.status, 200, "{taken:?}");
    let expected = [
        (3, "line_invalid"),
        (5, "line_invalid"),
        (6, "memory_text_empty"),
        (7, "memory_text_too_long"),
        (8, "line_too_long"),
        (9, "type_unknown"),
        (10, "speaker_invalid"),
        (11, "session_key_invalid"),
        (12, "tags_invalid"),
        (13, "tier_invalid"),
        (14, "line_invalid"),
        (15, "created_at_invalid"),
        (16, "evidence_missing"),
    ];
    let expected = expected.map(|(line, code)| (line, code.to_owned()));
    assert_eq!(failures(&taken.body), expected);
    assert_eq!(
        (&taken.body["imported"], &taken.body["failed_total"]),
        (&json!(3), &json!(13))
    );
    assert_eq!(all(&ada).await.len(), 3);
    app.finish().await;
}

/// What a model made comes in with all it cites, wherever in the file that stands, and not without.
#[tokio::test]
async fn what_cites_comes_with_what_it_cites() {
    let app = unlimited().await;
    let ada = app.user("ada").await;
    let id = |n: u32| format!("00000000-0000-4000-8000-{n:012}");
    let lines = [
        json!({"kind": "fact", "text": "From two turns.", "evidence": [id(1), id(2)]}),
        json!({"kind": "summary", "text": "From one that is no good.", "evidence": [id(1), id(3)]}),
        json!({"id": id(1), "text": "First turn.", "session_key": "talk"}),
        json!({"id": id(2), "text": "Second turn.", "session_key": "talk"}),
        json!({"id": id(3), "text": ""}),
    ];
    let taken = import(&ada, &lines).await.body;
    assert_eq!(taken["imported"], 3);
    let told = failures(&taken);
    assert_eq!(
        told,
        [
            (2, "evidence_missing".to_owned()),
            (5, "memory_text_empty".to_owned())
        ]
    );
    let fact = super::id_of(&ada, "From two turns.").await;
    let fact = super::one(&ada, &fact).await.body;
    let cited = super::texts(&fact["evidence_turns"]);
    assert_eq!(
        (cited, &fact["tier"]),
        (
            vec!["First turn.".into(), "Second turn.".into()],
            &json!("ltm")
        )
    );
    // A stranger's turn is none.
    let bob = app.user("bob").await;
    let turn = super::id_of(&ada, "First turn.").await;
    for stranger in [turn, id(1)] {
        let line = json!({"kind": "fact", "text": "From a stranger.", "evidence": [stranger]});
        assert_eq!(
            import(&bob, &[line]).await.body["failed"][0]["code"],
            "evidence_missing"
        );
    }
    app.finish().await;
}

/// What there is no room for is told line by line; what fits is taken, to the last byte that fits.
#[tokio::test]
async fn what_does_not_fit_is_told() {
    let app = TestApp::with(|config| {
        config.plans.default = "free".into();
        config.plans.named.get_mut("free").unwrap().memory_bytes = 1000;
    })
    .await;
    let ada = app.user("ada").await;
    let mut lines: Vec<_> = (0..350)
        .map(|n| json!({"text": format!("{n:010}")}))
        .collect();
    lines.push(json!({"text": "x".repeat(9)}));
    let taken = import(&ada, &lines).await.body;
    assert_eq!(
        (&taken["imported"], &taken["failed_total"]),
        (&json!(100), &json!(251))
    );
    let told = failures(&taken);
    assert_eq!(told.len(), 100, "the first hundred");
    let expected = (100..200).map(|n| (n, "quota_exceeded".to_owned()));
    assert_eq!(told, expected.collect::<Vec<_>>());
    assert_eq!(app.today(&ada).await.memory_bytes, 999);
    let again = import(&ada, &lines).await.body;
    assert_eq!(
        (&again["imported"], &again["skipped"]),
        (&json!(0), &json!(100))
    );
    app.finish().await;
}

/// A file is read while it comes: what was sent before it broke off is there, and the whole file later stores
/// nothing twice.
#[tokio::test]
async fn a_file_that_breaks_off_can_be_sent_again() {
    let app = unlimited().await;
    let ada = app.user("ada").await;
    let lines: Vec<_> = (0..450)
        .map(|n| {
            json!({"text": format!("Line {n}"), "session_key": "talk",
        "created_at": "2025-01-01T00:00:00Z"})
        })
        .collect();
    let text: Vec<_> = lines.iter().map(|line| format!("{line}\n")).collect();
    let whole = text[..400].concat();
    let cut: Vec<Result<Vec<u8>, std::io::Error>> =
        vec![Ok(whole.into_bytes()), Err(std::io::Error::other("gone"))];
    let request = ada
        .request("POST", "/api/memory/import")
        .header("content-type", "application/x-ndjson")
        .body(reqwest::Body::wrap_stream(stream::iter(cut)));
    assert!(request.send().await.is_err());
    app.settle().await;
    let before = ada.get("/api/memory/stats").await.body["total"]
        .as_u64()
        .unwrap();
    assert!(
        before <= 400 && before.is_multiple_of(200),
        "whole batches: {before}"
    );
    let taken = import(&ada, &lines).await.body;
    assert_eq!(taken["skipped"], before);
    assert_eq!(taken["imported"], 450 - before);
    let session = ada.get("/api/memory?limit=1000").await.body;
    assert_eq!(session["total"], 450);
    assert_eq!(ada.get("/api/memory/stats").await.body["sessions"], 1);
    app.finish().await;
}

/// What is not a file of ours is refused as a whole.
#[tokio::test]
async fn what_is_no_file_is_refused() {
    let app = unlimited().await;
    let ada = app.user("ada").await;
    let newer = import(
        &ada,
        &[
            json!({"type": "header", "version": 2}),
            json!({"text": "Good"}),
        ],
    )
    .await;
    assert_eq!((newer.status, newer.code()), (422, "import_version"));
    let form = ada
        .request("POST", "/api/memory/import")
        .header("content-type", "text/plain")
        .body("{}");
    assert_eq!(Person::send(form).await.code(), "malformed");
    let large = format!("{:1023}\n", "").repeat(32 * 1024) + " ";
    let refused = import_text(&ada, large).await;
    assert_eq!((refused.status, refused.code()), (413, "body_too_large"));
    let empty = import_text(&ada, "").await;
    assert_eq!(
        empty.body,
        json!({"imported": 0, "skipped": 0, "failed": [], "failed_total": 0})
    );
    assert_eq!(all(&ada).await, [] as [&str; 0]);
    app.finish().await;
}

/// Lines of a conversation that is still there go back to it, also when nothing of it is remembered any more;
/// and they go with it.
#[tokio::test]
async fn lines_of_a_conversation_go_back_to_it() {
    let app = unlimited().await;
    let ada = app.user("ada").await;
    let session = super::tell(&app, &ada, "My sister Clara lives in Lisbon.")
        .await
        .str("session_id");
    let file = super::export(&ada).await;
    let gone = super::id_of(&ada, "My sister Clara lives in Lisbon.").await;
    ada.delete(&format!("/api/memory/{gone}")).await;
    assert_eq!(import(&ada, &file).await.body["imported"], 1);
    let back = super::id_of(&ada, "My sister Clara lives in Lisbon.").await;
    let back = super::one(&ada, &back).await.body;
    assert_eq!(
        (&back["session_id"], &back["session_title"]),
        (&json!(session), &json!("My sister Clara lives in Lisbon."))
    );
    let what = json!({"session_id": session});
    assert_eq!(super::forget(&ada, &what).await.body["forgotten"], 2);
    assert_eq!(import(&ada, &file).await.body["imported"], 2);
    let back = super::id_of(&ada, "My sister Clara lives in Lisbon.").await;
    let back = super::one(&ada, &back).await.body;
    assert_eq!(back["session_id"], json!(session));
    ada.delete(&format!("/api/chat/sessions/{session}")).await;
    assert_eq!(all(&ada).await, [] as [&str; 0]);
    // Elsewhere it is a group of its own.
    let bob = app.user("bob").await;
    import(&bob, &file).await;
    let his = super::id_of(&bob, "Ah.").await;
    let his = super::one(&bob, &his).await.body;
    assert_ne!(his["session_id"], json!(session));
    stored(&bob, &json!({"text": "More", "session_key": session})).await;
    assert_eq!(bob.get("/api/memory/stats").await.body["sessions"], 1);
    app.finish().await;
}
