//! Export, and what comes of it elsewhere.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{export, id_of, import, import_text, note, one, stored, tell, unlimited};
use crate::support::app::TestApp;
use crate::support::http::Person;
use crate::support::script::Script;

/// Something of every kind, corrected, pinned, tagged, superseded.
async fn collection(app: &TestApp, ada: &Person) {
    tell(app, ada, "My sister Clara lives in Lisbon.").await;
    tell(app, ada, "The kettle \"Bertha\" is broken.\n\tReally.").await;
    // Longer than what is stored by hand, and as a line six times as long.
    let long = format!("Once {}", "\u{1}".repeat(40_000));
    app.model.answer(Script::says([long.as_str()]));
    ada.say("Tell me a long story.").await;
    app.settle().await;
    assert!(super::all(ada).await.contains(&long));
    let diary = json!({"text": "Rain all day.", "session_key": "diary", "created_at": "2025-02-03T04:05:06.789Z"});
    let diary = stored(ada, &diary).await;
    for tier in ["ltm", "itm"] {
        let taken_off = json!({"tier": tier});
        ada.patch(&format!("/api/memory/{diary}"), &taken_off).await;
    }
    let tagged =
        json!({"text": "🍵 and café", "tags": ["tea", "ü"], "speaker": "Zoë", "tier": "ltm"});
    let tagged = stored(ada, &tagged).await;
    ada.patch(
        &format!("/api/memory/{tagged}"),
        &json!({"text": "🍵, café", "pinned": true}),
    )
    .await;
    let turn = id_of(ada, "My sister Clara lives in Lisbon.").await;
    let ids = [1_u128, 2, 3].map(uuid::Uuid::from_u128);
    let lines = [
        json!({"id": ids[0], "kind": "fact", "text": "Your sister lives in Faro.", "evidence": [turn],
            "ended_at": "2025-12-01T00:00:00Z", "superseded_by": ids[1], "importance": 0.25}),
        json!({"id": ids[1], "kind": "fact", "text": "Your sister lives in Lisbon.", "evidence": [turn]}),
        json!({"id": ids[2], "kind": "reflection", "text": "Ask about Clara.", "evidence": [turn]}),
        json!({"kind": "fact", "text": "You drink tea.", "pinned": true}),
    ];
    assert_eq!(import(ada, &lines).await.body["imported"], 4);
}

/// The lines with what differs between two accounts made equal: ids by the texts they stand for.
fn alike(lines: &[Value]) -> Vec<Value> {
    let texts: BTreeMap<_, _> = lines
        .iter()
        .map(|line| (line["id"].clone().to_string(), line["text"].clone()))
        .collect();
    let of = |id: &Value| texts.get(&id.to_string()).cloned().unwrap_or(Value::Null);
    let mut alike: Vec<_> = lines
        .iter()
        .map(|line| {
            let mut line = line.clone();
            let cited = line["evidence"].as_array().unwrap().iter().map(of);
            line["evidence"] = cited.collect();
            line["superseded_by"] = of(&line["superseded_by"]);
            line["id"] = Value::Null;
            // Told by comparison with all that somebody has said, so it is another one elsewhere.
            line["importance"] = Value::Null;
            line
        })
        .collect();
    alike.sort_by_key(Value::to_string);
    alike
}

/// What is found, cited and superseded in the collection is so.
async fn is_so_there(bob: &Person) {
    let old = id_of(bob, "Your sister lives in Faro.").await;
    let old = one(bob, &old).await.body;
    let new = one(bob, old["superseded_by"].as_str().unwrap()).await.body;
    assert_eq!(new["text"], "Your sister lives in Lisbon.");
    assert_eq!(new["supersedes"], json!([old["id"]]));
    assert_eq!(
        new["evidence_turns"][0]["text"],
        "My sister Clara lives in Lisbon."
    );
    assert_eq!(super::found(bob, "café").await, ["🍵, café"]);
}

/// What one account exports another one imports, and has the same then; what has been there stays, and twice
/// is once.
#[tokio::test]
async fn an_export_is_the_same_elsewhere() {
    let mut app = unlimited().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    collection(&app, &ada).await;
    let file = ada.get("/api/memory/export").await;
    assert_eq!(file.header("content-type"), "application/x-ndjson");
    let attached = "attachment; filename=\"novacore-memory-2026-01-01.jsonl\"";
    assert_eq!(file.header("content-disposition"), attached);
    let header: Value = serde_json::from_str(file.text.lines().next().unwrap()).unwrap();
    assert_eq!(
        (&header["type"], &header["version"], &header["memories"]),
        (&json!("header"), &json!(1), &json!(12))
    );
    let lines = export(&ada).await;
    assert_eq!(lines.len(), 12);
    let kept = lines.iter().filter(|line| line["kept_itm"] == true);
    assert_eq!(kept.count(), 1, "what was taken off the shelf");
    let keys: Vec<_> = lines[0]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let agreed = [
        "created_at",
        "edited_at",
        "ended_at",
        "evidence",
        "id",
        "importance",
        "kept_itm",
        "kind",
        "pinned",
        "session_key",
        "speaker",
        "superseded_by",
        "tags",
        "text",
        "tier",
        "type",
    ];
    assert_eq!(keys, agreed);

    let taken = import_text(&bob, file.text.clone()).await;
    assert_eq!(
        taken.body,
        json!({"imported": 12, "skipped": 0, "failed": [], "failed_total": 0})
    );
    assert_eq!(alike(&export(&bob).await), alike(&lines));
    let again = import_text(&bob, file.text.clone()).await;
    assert_eq!(
        (&again.body["imported"], &again.body["skipped"]),
        (&json!(0), &json!(12))
    );
    let own = import_text(&ada, file.text.clone()).await;
    assert_eq!(
        (&own.body["imported"], &own.body["skipped"]),
        (&json!(0), &json!(12))
    );
    assert_eq!(export(&ada).await, lines);
    app.crash_and_reopen().await;
    let bob = app.user("bob").await;
    is_so_there(&bob).await;
    let stats = |person: Person| async move {
        let mut stats = person.get("/api/memory/stats").await.body;
        for key in ["growth", "by_tier"] {
            stats[key] = Value::Null;
        }
        stats
    };
    assert_eq!(stats(bob).await, stats(app.user("ada").await).await);
    app.finish().await;
}

/// What was forgotten since comes back by the file; what was corrected since is not overwritten.
#[tokio::test]
async fn a_file_brings_back_what_was_forgotten() {
    let app = unlimited().await;
    let ada = app.user("ada").await;
    let gone = note(&ada, "The spare key is with Mrs Quill.").await;
    let kept = note(&ada, "The kettle is broken.").await;
    let file = ada.get("/api/memory/export").await.text;
    ada.delete(&format!("/api/memory/{gone}")).await;
    ada.patch(
        &format!("/api/memory/{kept}"),
        &json!({"text": "The kettle works."}),
    )
    .await;
    for (imported, skipped) in [(1, 1), (0, 2)] {
        let taken = import_text(&ada, file.clone()).await.body;
        assert_eq!(
            (&taken["imported"], &taken["skipped"]),
            (&json!(imported), &json!(skipped))
        );
    }
    let mut all = super::all(&ada).await;
    all.sort();
    assert_eq!(
        all,
        ["The kettle works.", "The spare key is with Mrs Quill."]
    );
    let back = id_of(&ada, "The spare key is with Mrs Quill.").await;
    ada.delete(&format!("/api/memory/{back}")).await;
    assert_eq!(
        import_text(&ada, file).await.body["imported"],
        1,
        "forgotten once more"
    );
    app.finish().await;
}

/// A file of several pages is whole, oldest first; it is counted as an export, and only for verified people.
#[tokio::test]
async fn a_long_file_is_whole() {
    let app = TestApp::with(|config| config.limits.exports_per_hour = 2).await;
    let ada = app.user("ada").await;
    let lines: Vec<_> = (0..1100)
        .map(|n| {
            json!({"text": format!("Line {n}"), "created_at": format!("2025-01-01T{:02}:{:02}:00Z", n / 60, n % 60)})
        })
        .collect();
    assert_eq!(import(&ada, &lines).await.body["imported"], 1100);
    let told: Vec<_> = export(&ada)
        .await
        .iter()
        .map(|line| line["text"].clone())
        .collect();
    let expected: Vec<_> = lines.iter().map(|line| line["text"].clone()).collect();
    assert_eq!(told, expected);
    assert_eq!(ada.get("/api/memory/export").await.status, 200);
    let third = ada.get("/api/memory/export").await;
    assert_eq!((third.status, third.code()), (429, "rate_limited"));
    let eve = app.unverified("eve").await;
    let refused = eve.get("/api/memory/export").await;
    assert_eq!((refused.status, refused.code()), (403, "email_unverified"));
    app.finish().await;
}
