//! The text index against what is stored.

use novacore::memory;
use storage::TextOp;
use uuid::Uuid;

use crate::support::app::TestApp;

/// What the index lacks and what it has too much are both noticed, and making it anew repairs both,
/// also what somebody forgot.
#[tokio::test]
async fn differences_are_found_and_repaired() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    ada.say("My sister lives in Lisbon.").await;
    app.settle().await;
    let agreed = memory::disagreements(&app.app).await.unwrap();
    assert_eq!((agreed.memories, agreed.findings.len()), (2, 0));

    let search = serde_json::json!({"query": "sister"});
    let found = ada.post("/api/memory/search", &search).await.body;
    let id = |at: usize| -> Uuid {
        found["results"][at]["id"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap()
    };
    let me = ada.get("/api/auth/me").await.str("id").parse().unwrap();
    let stray = Uuid::from_u128(7);
    let text = "nobody's words".to_owned();
    app.app
        .text
        .apply(vec![
            TextOp::Remove {
                owner: me,
                id: id(0),
            },
            TextOp::Put {
                owner: stray,
                id: stray,
                place: 0,
                text,
            },
        ])
        .unwrap();
    let differ = memory::disagreements(&app.app).await.unwrap();
    assert_eq!(differ.findings.len(), 2, "{differ:?}");
    assert!(
        differ.findings[0].contains("1 stored memories are not in it"),
        "{differ:?}"
    );
    assert!(
        differ.findings[1].contains("of no stored memory"),
        "{differ:?}"
    );

    let done = memory::reindex(&app.app, |_, _| {}).await.unwrap();
    assert_eq!(done, 2);
    let agreed = memory::disagreements(&app.app).await.unwrap();
    assert_eq!(
        (agreed.memories, agreed.findings.len()),
        (2, 0),
        "{agreed:?}"
    );
    let again = ada.post("/api/memory/search", &search).await.body;
    assert_eq!(again["results"], found["results"]);
    app.finish().await;
}
