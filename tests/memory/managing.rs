//! Correcting memories and putting them on other shelves.

use serde_json::{Value, json};

use super::{found, import, note, one, stored};
use crate::support::app::TestApp;
use crate::support::http::{Answer, Person};

async fn change(person: &Person, id: &str, what: &Value) -> Answer {
    person.patch(&format!("/api/memory/{id}"), what).await
}

/// Corrected words are found at once, and the old ones no longer, also after a crash.
#[tokio::test]
async fn a_correction_counts_at_once() {
    let mut app = TestApp::new().await;
    let ada = app.user("ada").await;
    let id = note(&ada, "My sister lives in Lisbon.").await;
    app.settle().await;
    app.advance(std::time::Duration::from_mins(1));
    let new = "My sister lives in Porto.";
    let changed = change(&ada, &id, &json!({"text": new})).await;
    assert_eq!((changed.status, changed.str("text")), (200, new.into()));
    assert_eq!(changed.body["edited_at"], "2026-01-01T00:01:00Z");
    assert_eq!(changed.body["created_at"], "2026-01-01T00:00:00Z");
    for crashed in [false, true] {
        let ada = app.user("ada").await;
        assert_eq!(found(&ada, "Porto").await, [new], "crashed: {crashed}");
        assert_eq!(found(&ada, "Lisbon").await, [] as [&str; 0]);
        assert_eq!(one(&ada, &id).await.str("text"), new);
        if !crashed {
            app.crash_and_reopen().await;
        }
    }
    let ada = app.user("ada").await;
    let same = change(&ada, &id, &json!({"text": new})).await;
    assert_eq!(
        same.body["edited_at"], "2026-01-01T00:01:00Z",
        "the same words"
    );
    assert_eq!(app.today(&ada).await.memory_bytes, 25);
    app.finish().await;
}

/// What a model made of the old words goes with them; what the person corrected themselves stays, and no
/// longer cites what is forgotten.
#[tokio::test]
async fn what_cites_old_words_goes() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let turn = "00000000-0000-4000-8000-000000000001";
    let fact = |id: u32, text: &str| {
        json!({"id": format!("00000000-0000-4000-8000-00000000010{id}"),
        "kind": "fact", "text": text, "evidence": [turn]})
    };
    let lines = [
        json!({"id": turn, "text": "My sister lives in Lisbon.", "session_key": "talk"}),
        fact(1, "You have a sister."),
        fact(2, "Your sister is in Lisbon."),
    ];
    assert_eq!(import(&ada, &lines).await.body["imported"], 3);
    let list = ada.get("/api/memory?kind=fact").await.body;
    assert_eq!(list["total"], 2);
    let of = |text: &str| {
        let mut items = list["items"].as_array().unwrap().iter();
        let item = items.find(|item| item["text"] == text).unwrap();
        item["id"].as_str().unwrap().to_owned()
    };
    let corrected = of("You have a sister.");
    let fixed = change(&ada, &corrected, &json!({"text": "You have two sisters."})).await;
    assert_eq!(
        (&fixed.body["pinned"], &fixed.body["tier"]),
        (&json!(true), &json!("ltm"))
    );
    let turn = fixed.body["evidence"][0].as_str().unwrap().to_owned();
    let detail = one(&ada, &turn).await.body;
    assert_eq!(detail["derived"].as_array().unwrap().len(), 2);
    let cites = one(&ada, &corrected).await.body;
    assert_eq!(cites["evidence_turns"][0]["id"], json!(turn));
    assert_eq!(cites["evidence_turns"][0]["session_title"], "talk");

    let edited = change(&ada, &turn, &json!({"text": "My sister lives in Porto."})).await;
    assert_eq!(edited.status, 200);
    assert_eq!(
        one(&ada, &of("Your sister is in Lisbon.")).await.status,
        404
    );
    assert_eq!(found(&ada, "Lisbon").await, [] as [&str; 0]);
    let kept = one(&ada, &corrected).await.body;
    assert_eq!(
        (&kept["text"], &kept["evidence"]),
        (&json!("You have two sisters."), &json!([]))
    );
    // Tags alone take nothing away.
    let note = note(&ada, "A note").await;
    assert_eq!(
        change(&ada, &note, &json!({"tags": ["a"]})).await.body["edited_at"],
        Value::Null
    );
    app.finish().await;
}

/// What a model made and the person pinned stays when a slip of the pen in what it cites is put right, and
/// goes when that says something else now, or is forgotten.
#[tokio::test]
async fn what_is_pinned_stays_while_it_is_said() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let turn = "00000000-0000-4000-8000-000000000001";
    let fact = |id: u32, text: &str, pinned: bool| {
        json!({"id": format!("00000000-0000-4000-8000-00000000010{id}"), "pinned": pinned,
        "kind": "fact", "text": text, "evidence": [turn]})
    };
    let lines = [
        json!({"id": turn, "text": "My sister Clara livs in Lisbon since 2019.", "session_key": "talk"}),
        fact(1, "Your sister Clara is in Lisbon.", true),
        fact(2, "Your sister is in Lisbon since 2019.", true),
        fact(3, "Clara is your sister.", false),
    ];
    assert_eq!(import(&ada, &lines).await.body["imported"], 4);
    let facts = async || {
        let list = ada.get("/api/memory?kind=fact").await.body;
        let mut facts = super::texts(&list["items"]);
        facts.sort();
        facts
    };
    let turn = super::id_of(&ada, "My sister Clara livs in Lisbon since 2019.").await;
    for (text, kept) in [
        (
            "My sister Clara lives in Lisbon since 2019.",
            &[
                "Your sister Clara is in Lisbon.",
                "Your sister is in Lisbon since 2019.",
            ][..],
        ),
        (
            "My sister Clara lives in Lisbon since 2020.",
            &["Your sister Clara is in Lisbon."],
        ),
        ("My sister Dora lives in Lisbon since 2020.", &[]),
    ] {
        assert_eq!(
            change(&ada, &turn, &json!({"text": text})).await.status,
            200
        );
        assert_eq!(facts().await, kept, "{text}");
    }
    assert_eq!(app.today(&ada).await.memory_bytes, 42, "of the turn alone");
    let mut again = fact(4, "Dora is in Lisbon.", true);
    again["evidence"] = json!([turn]);
    assert_eq!(import(&ada, &[again]).await.body["imported"], 1);
    ada.delete(&format!("/api/memory/{turn}")).await;
    assert_eq!(facts().await, [] as [&str; 0], "pinned or not");
    app.finish().await;
}

/// A memory goes up and down; pinned ones are long-term ones; what its owner took out says so for ever.
#[tokio::test]
async fn memories_change_their_shelf() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let id = note(&ada, "The kettle is broken.").await;
    let act = async |what: &str, body: Value| {
        let answer = ada.post(&format!("/api/memory/{id}/{what}"), &body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let b = &answer.body;
        (
            b["tier"].clone(),
            b["pinned"].clone(),
            b["promoted_at"].is_string(),
        )
    };
    let up = (json!("ltm"), json!(false), true);
    let down = (json!("itm"), json!(false), false);
    let pinned = (json!("ltm"), json!(true), true);
    assert_eq!(act("promote", json!({})).await, up);
    assert_eq!(act("demote", json!({})).await, down);
    assert_eq!(act("pin", json!({})).await, pinned);
    assert_eq!(act("pin", json!({"pinned": false})).await, up);
    assert_eq!(act("pin", json!({"pinned": true})).await, pinned);
    assert_eq!(act("demote", json!({})).await, down);
    for (what, tier, is) in [
        (json!({"tier": "LTM"}), "ltm", false),
        (json!({"tier": "itm"}), "itm", false),
        (json!({"pinned": true}), "ltm", true),
    ] {
        let answer = change(&ada, &id, &what).await.body;
        assert_eq!(
            (&answer["tier"], &answer["pinned"]),
            (&json!(tier), &json!(is))
        );
    }
    let stats = ada.get("/api/memory/stats").await.body;
    assert_eq!(
        (&stats["by_tier"]["ltm"], &stats["pinned"]),
        (&json!(1), &json!(1))
    );
    app.finish().await;
}

/// What cannot be is refused by its field, and changes nothing.
#[tokio::test]
async fn what_cannot_be_is_refused() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let id = note(&ada, "Kept as it is.").await;
    let long = "x".repeat(16_385);
    let many: Vec<_> = (0..17).map(|n| n.to_string()).collect();
    for (what, code, field) in [
        (json!({"text": ""}), "memory_text_empty", "text"),
        (json!({"text": " \n"}), "memory_text_empty", "text"),
        (json!({"text": long}), "memory_text_too_long", "text"),
        (json!({"tags": many}), "tags_invalid", "tags"),
        (json!({"tags": [""]}), "tags_invalid", "tags"),
        (json!({"tags": ["x".repeat(41)]}), "tags_invalid", "tags"),
        (json!({"tier": "stm"}), "tier_invalid", "tier"),
        (json!({"tier": "gone"}), "tier_invalid", "tier"),
        (
            json!({"tier": "itm", "pinned": true}),
            "tier_invalid",
            "tier",
        ),
    ] {
        let refused = change(&ada, &id, &what).await;
        assert_eq!((refused.status, refused.code()), (422, code), "{refused:?}");
        assert!(refused.body["fields"][field].is_string(), "{refused:?}");
    }
    assert_eq!(change(&ada, &id, &json!({"text": 7})).await.status, 400);
    let kept = one(&ada, &id).await.body;
    assert_eq!(
        (&kept["text"], &kept["edited_at"]),
        (&json!("Kept as it is."), &Value::Null)
    );
    let most = "x".repeat(16_384);
    assert_eq!(change(&ada, &id, &json!({"text": most})).await.status, 200);
    let tags = ["x".repeat(40), " trimmed ".into(), "trimmed".into()];
    let tagged = change(&ada, &id, &json!({"tags": tags})).await;
    assert_eq!(tagged.body["tags"], json!(["x".repeat(40), "trimmed"]));
    app.finish().await;
}

/// Where there is no room left a memory may not grow; it may shrink.
#[tokio::test]
async fn a_full_memory_does_not_grow() {
    let app = TestApp::with(|config| {
        config.plans.default = "free".into();
        config.plans.named.get_mut("free").unwrap().memory_bytes = 100;
    })
    .await;
    let ada = app.user("ada").await;
    let id = note(&ada, &"x".repeat(90)).await;
    let grown = change(&ada, &id, &json!({"text": "x".repeat(100)})).await;
    assert_eq!((grown.status, grown.code()), (429, "quota_exceeded"));
    assert!(grown.str("error").contains("100 bytes"), "{grown:?}");
    assert_eq!(
        change(&ada, &id, &json!({"text": "x".repeat(99)}))
            .await
            .status,
        200
    );
    let full = ada.post("/api/memory/store", &json!({"text": "y"})).await;
    assert_eq!((full.status, full.code()), (429, "quota_exceeded"));
    assert_eq!(change(&ada, &id, &json!({"text": "x"})).await.status, 200);
    stored(&ada, &json!({"text": "y".repeat(98)})).await;
    assert_eq!(app.today(&ada).await.memory_bytes, 99);
    app.finish().await;
}
