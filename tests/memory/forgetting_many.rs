//! Forgetting many at once, by every form.

use serde_json::{Value, json};

use super::{all, forget, found, import, note, stored, unlimited};
use crate::support::app::TestApp;
use crate::support::http::Person;

fn turn(id: u32) -> String {
    format!("00000000-0000-4000-8000-{id:012}")
}

/// Twelve turns in two groups on twelve days, and six facts of two turns each: turn 0 and 1, 2 and 3, ...
async fn dozen(person: &Person) {
    let mut lines: Vec<_> = (0..12)
        .map(|n| {
            json!({"id": turn(n), "text": format!("Turn {n} of twelve"), "session_key": format!("g{}", n % 2),
                "created_at": format!("2025-05-{:02}T09:00:00Z", n + 1)})
        })
        .collect();
    lines.extend((0..6).map(|n| {
        json!({"id": turn(100 + n), "kind": "fact", "text": format!("Fact {n} of six"),
            "evidence": [turn(2 * n), turn(2 * n + 1)], "created_at": "2025-06-01T00:00:00Z"})
    }));
    assert_eq!(import(person, &lines).await.body["imported"], 18);
}

async fn ids(person: &Person, query: &str) -> Vec<Value> {
    let list = person
        .get(&format!("/api/memory?limit=1000&{query}"))
        .await
        .body;
    let items = list["items"].as_array().unwrap().iter();
    items.map(|item| item["id"].clone()).collect()
}

/// Forgets by this, first only to be told; what it came to, and how many are left.
async fn gone(person: &Person, what: &Value) -> (u64, u64, u64) {
    let before = person.get("/api/memory/stats").await.body;
    let mut dry = what.clone();
    dry["dry_run"] = json!(true);
    let told = forget(person, &dry).await;
    assert_eq!(told.status, 200, "{told:?}");
    assert_eq!(
        person.get("/api/memory/stats").await.body,
        before,
        "only told"
    );
    let done = forget(person, what).await;
    assert_eq!(done.body, told.body, "{what}");
    let after = person.get("/api/memory/stats").await.body;
    let number = |of: &Value, key: &str| of[key].as_u64().unwrap();
    let (forgotten, derived) = (
        number(&done.body, "forgotten"),
        number(&done.body, "derived"),
    );
    assert_eq!(
        number(&before, "total") - number(&after, "total"),
        forgotten + derived
    );
    let freed = number(&before, "bytes") - number(&after, "bytes");
    assert_eq!(freed, number(&done.body, "bytes"));
    (forgotten, derived, number(&after, "total"))
}

/// Each form forgets what it names and what was made of it, and nothing else; a dry run says the same.
#[tokio::test]
async fn every_form_forgets_what_it_names() {
    let app = unlimited().await;
    for (name, form) in ["ids", "session", "time", "query", "kind", "both", "all"]
        .into_iter()
        .enumerate()
    {
        let person = app.user(&format!("person{name}")).await;
        dozen(&person).await;
        let everything = ids(&person, "").await;
        let turns = ids(&person, "kind=turn").await;
        let session = turns[0].clone();
        let session =
            super::one(&person, session.as_str().unwrap()).await.body["session_id"].clone();
        let (what, expected) = match form {
            // Turns 11, 10 and 9: facts 5 and 4. One that nobody has is passed over.
            "ids" => (
                json!({"ids": [turns[0], turns[1], turns[2], turn(7777)]}),
                (3, 2, 13),
            ),
            "session" => (json!({"session_id": session}), (6, 6, 6)),
            // Turns 0 to 4: facts 0 to 2.
            "time" => (
                json!({"from": "2025-05-01", "to": "2025-05-05"}),
                (5, 3, 10),
            ),
            "query" => (json!({"query": "twelve"}), (12, 6, 0)),
            "kind" => (
                json!({"query": "six", "kind": "fact", "tier": "ltm"}),
                (6, 0, 12),
            ),
            // A turn and what was made of it, both named.
            "both" => (json!({"ids": everything}), (18, 0, 0)),
            _ => (
                json!({"everything": true, "confirm": "forget everything"}),
                (18, 0, 0),
            ),
        };
        assert_eq!(gone(&person, &what).await, expected, "{form}");
        assert_eq!(
            gone(&person, &what).await,
            (0, 0, expected.2),
            "{form} again"
        );
    }
    app.finish().await;
}

/// Forgetting everything by many steps leaves the count of weeks, and nothing that tells what was said.
#[tokio::test]
async fn everything_is_everything() {
    let mut app = unlimited().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let lines: Vec<_> = (0..1300)
        .map(|n| json!({"text": format!("Wombat {n}"), "session_key": format!("key {}", n % 7)}))
        .collect();
    assert_eq!(import(&ada, &lines).await.body["imported"], 1300);
    note(&bob, "Bob's own wombat").await;
    let what = json!({"everything": true, "confirm": "forget everything"});
    assert_eq!(gone(&ada, &what).await, (1300, 0, 0));
    app.crash_and_reopen().await;
    app.settle().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    assert_eq!(found(&ada, "wombat").await, [] as [&str; 0]);
    assert_eq!(all(&ada).await, [] as [&str; 0]);
    let stats = ada.get("/api/memory/stats").await.body;
    assert_eq!(
        (&stats["total"], &stats["bytes"], &stats["sessions"]),
        (&json!(0), &json!(0), &json!(0))
    );
    let week = &stats["growth"][0];
    assert_eq!(
        (&week["added"], &week["forgotten"], &week["total"]),
        (&json!(1300), &json!(1300), &json!(0))
    );
    assert_eq!(all(&bob).await, ["Bob's own wombat"]);
    // The same key begins a new group, and nothing that was forgotten tells how important it is.
    let again = stored(&ada, &json!({"text": "Again", "session_key": "key 1"})).await;
    assert_eq!(super::one(&ada, &again).await.body["importance"], 0.5);
    assert_eq!(ada.get("/api/memory/stats").await.body["sessions"], 1);
    app.finish().await;
}

/// When one after the other was forgotten until nothing is left, the next is as the first.
#[tokio::test]
async fn nothing_is_left_of_the_last_one() {
    let app = unlimited().await;
    let ada = app.user("ada").await;
    let mut notes = Vec::new();
    for text in ["I met Ana and Ben in Bern on Monday.", "Tea?", "Two cats."] {
        notes.push(note(&ada, text).await);
    }
    let importance = async |id: String| {
        super::one(&ada, &id).await.body["importance"]
            .as_f64()
            .unwrap()
    };
    assert!((importance(notes[1].clone()).await - 0.5).abs() > 0.01);
    for id in notes {
        ada.delete(&format!("/api/memory/{id}")).await;
    }
    let next = note(&ada, "Where?").await;
    assert!((importance(next).await - 0.5).abs() < 1e-6);
    app.finish().await;
}

/// What is not one clear thing is refused, and forgets nothing.
#[tokio::test]
async fn what_is_not_clear_is_refused() {
    let app = unlimited().await;
    let ada = app.user("ada").await;
    let lines: Vec<_> = (0..101)
        .map(|n| json!({"text": format!("Tea {n}")}))
        .collect();
    import(&ada, &lines).await;
    let id = turn(1);
    for (what, code) in [
        (json!({}), "forget_what"),
        (json!({"dry_run": true}), "forget_what"),
        (json!({"ids": [id], "session_id": id}), "forget_what"),
        (
            json!({"query": "tea", "everything": true, "confirm": "forget everything"}),
            "forget_what",
        ),
        (json!({"from": "2026-01-01"}), "forget_what"),
        (json!({"to": "2026-01-01"}), "forget_what"),
        (
            json!({"from": "2026-01-02", "to": "2026-01-01"}),
            "to_invalid",
        ),
        (json!({"from": "x", "to": "2026-01-01"}), "from_invalid"),
        (json!({"ids": vec![&id; 1001]}), "ids_too_many"),
        (json!({"query": " "}), "query_empty"),
        (json!({"query": "tea"}), "query_too_wide"),
        (json!({"query": "tea", "dry_run": true}), "query_too_wide"),
        (json!({"query": "tea", "kind": "cup"}), "kind_invalid"),
        (json!({"query": "tea", "tier": "cup"}), "tier_invalid"),
        (json!({"everything": true}), "confirm_wrong"),
        (
            json!({"everything": true, "confirm": "Forget everything"}),
            "confirm_wrong",
        ),
    ] {
        let refused = forget(&ada, &what).await;
        assert_eq!((refused.status, refused.code()), (422, code), "{what}");
    }
    assert_eq!(forget(&ada, &json!({"ids": ["x"]})).await.status, 400);
    assert_eq!(ada.get("/api/memory/stats").await.body["total"], 101);
    app.finish().await;
}

/// Long memories are forgotten in more steps, each of a size that holds nobody else up; by each form, and a dry
/// run goes through all of them.
#[tokio::test]
async fn long_ones_take_more_steps() {
    let app = unlimited().await;
    for (name, what) in [
        (
            "ada",
            json!({"everything": true, "confirm": "forget everything"}),
        ),
        ("bob", json!({"from": "2025-05-01", "to": "2025-05-02"})),
        ("eve", Value::Null),
    ] {
        let person = app.user(name).await;
        let lines: Vec<_> = (0..96)
            .map(|n| {
                json!({"text": format!("{n} {}", "wombat ".repeat(2_300)), "session_key": "long",
                    "created_at": "2025-05-01T09:00:00Z"})
            })
            .collect();
        assert_eq!(import(&person, &lines).await.body["imported"], 96);
        app.settle().await;
        let what = match what {
            Value::Null => {
                let list = person.get("/api/memory?limit=1").await.body;
                json!({"session_id": list["items"][0]["session_id"]})
            }
            what => what,
        };
        let before = app.app.store.seq();
        assert_eq!(gone(&person, &what).await, (96, 0, 0), "{name}");
        // 1.5 MB, at most 256 KiB and a memory each.
        let steps = app.app.store.seq() - before;
        assert!(steps >= 6, "{name}: {steps}");
    }
    app.finish().await;
}

/// A memory that is forgotten by somebody who leaves at once is forgotten all the same.
#[tokio::test]
async fn forgetting_goes_on_without_who_asked() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let lines: Vec<_> = (0..1200)
        .map(|n| json!({"text": format!("Tea {n}")}))
        .collect();
    import(&ada, &lines).await;
    let what = json!({"everything": true, "confirm": "forget everything"});
    let request = ada.request("POST", "/api/memory/forget").json(&what);
    let mut waiting = Box::pin(request.send());
    // Until the first step has begun.
    while app.app.tasks.working() == 0 {
        tokio::select! {
            biased;
            answer = &mut waiting => { answer.unwrap(); break }
            () = tokio::task::yield_now() => {}
        }
    }
    drop(waiting);
    app.settle().await;
    assert_eq!(ada.get("/api/memory/stats").await.body["total"], 0);
    app.finish().await;
}
