//! What is cited, replaced and handed in at once by files that nobody's export wrote.

use futures_util::stream;
use serde_json::{Value, json};

use super::{id_of, import, one, unlimited};
use crate::support::clock::soon;
use crate::support::http::Person;

fn id(n: u32) -> String {
    format!("00000000-0000-4000-8000-{n:012}")
}

fn codes(taken: &Value) -> Vec<(u64, &str)> {
    let failed = taken["failed"].as_array().unwrap().iter();
    failed
        .map(|failed| {
            assert!(failed["error"].as_str().unwrap().ends_with('.'), "{failed}");
            (
                failed["line"].as_u64().unwrap(),
                failed["code"].as_str().unwrap(),
            )
        })
        .collect()
}

/// What is cited by two ids is cited once, only what was said is cited, and nothing takes its own place.
#[tokio::test]
async fn what_is_cited_was_said() {
    let app = unlimited().await;
    let ada = app.user("ada").await;
    let turn = json!({"id": id(1), "text": "I live in Faro.", "session_key": "talk"});
    assert_eq!(import(&ada, &[turn]).await.body["imported"], 1);
    let here = id_of(&ada, "I live in Faro.").await;
    let many: Vec<_> = (0..201).map(id).collect();
    let lines = [
        json!({"id": id(2), "kind": "fact", "text": "You live in Faro.",
            "evidence": [id(1), here, id(1)], "superseded_by": id(2)}),
        json!({"kind": "summary", "text": "Of a fact.", "evidence": [id(1), id(2)]}),
        json!({"kind": "fact", "text": "Of too many.", "evidence": many}),
        json!({"text": "A note cites nothing.", "evidence": [id(1)]}),
    ];
    let taken = import(&ada, &lines).await.body;
    assert_eq!(
        codes(&taken),
        [(2, "evidence_derived"), (3, "evidence_too_many")]
    );
    assert_eq!(taken["imported"], 2);
    let fact = id_of(&ada, "You live in Faro.").await;
    let fact = one(&ada, &fact).await.body;
    assert_eq!(fact["evidence"], json!([here]));
    assert_eq!(fact["superseded_by"], Value::Null);
    // What was made of it goes with it, and nothing else.
    ada.delete(&format!("/api/memory/{here}")).await;
    assert_eq!(super::all(&ada).await, ["A note cites nothing."]);
    app.finish().await;
}

/// Lines that wait for what they cite are held, so they are bounded, and those that are too many say so.
#[tokio::test]
async fn not_everything_can_wait() {
    let app = unlimited().await;
    let ada = app.user("ada").await;
    let mut lines = vec![json!({"kind": "fact", "text": "x", "evidence": [id(1)]}); 20_001];
    lines.push(json!({"text": "Good", "id": id(2)}));
    lines.push(json!({"kind": "fact", "text": "Does not wait.", "evidence": [id(2)]}));
    let taken = import(&ada, &lines).await.body;
    assert_eq!(
        (&taken["imported"], &taken["failed_total"]),
        (&json!(2), &json!(20_001))
    );
    let told = codes(&taken);
    assert_eq!(told.len(), 100);
    assert_eq!(told[99], (20_001, "derived_too_many"));
    assert!(
        told[..99]
            .iter()
            .all(|(_, code)| *code == "evidence_missing")
    );
    app.finish().await;
}

/// Long lines are stored before there are many of them: a transaction in which nobody else can write is short.
#[tokio::test]
async fn long_lines_are_stored_in_small_batches() {
    let app = unlimited().await;
    let ada = app.user("ada").await;
    let line = |n: u32| {
        let text = format!("{n} {}", "Ananas Banane Citrone ".repeat(700));
        format!("{}\n", json!({"text": text}))
    };
    let long: String = (0..5).map(line).collect();
    let (sender, receiver) = tokio::sync::oneshot::channel::<()>();
    // The rest comes when the first of it is stored.
    let rest = async move {
        receiver.await.unwrap();
        Ok::<_, std::io::Error>(json!({"text": "The last"}).to_string())
    };
    let body = futures_util::StreamExt::chain(stream::iter([Ok(long)]), stream::once(rest));
    let request = ada
        .request("POST", "/api/memory/import")
        .header("content-type", "application/x-ndjson")
        .body(reqwest::Body::wrap_stream(body));
    let stored = async {
        loop {
            let stats = ada.get("/api/memory/stats").await.body;
            if stats["total"].as_u64().unwrap() > 0 {
                break stats["total"].clone();
            }
        }
    };
    let sent = async {
        let total = soon("what was sent before the file ends", stored).await;
        sender.send(()).unwrap();
        total
    };
    let (taken, total) = tokio::join!(Person::send(request), sent);
    assert_eq!(total, 5);
    assert_eq!(taken.body["imported"], 6);
    app.finish().await;
}
