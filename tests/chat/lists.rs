//! Lists in pages: every item once, also while one of them moves.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::http::Person;

async fn page(person: &Person, path: &str, before: &Value) -> (Vec<Value>, Value) {
    let before = before
        .as_str()
        .map_or(String::new(), |cursor| format!("&before={cursor}"));
    let answer = person.get(&format!("{path}{before}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let items = answer.body["items"].as_array().unwrap().clone();
    (items, answer.body["next_before"].clone())
}

fn ids(items: &[Value]) -> Vec<String> {
    items
        .iter()
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect()
}

/// A hundred and twenty conversations of ada's, most of them used in the same millisecond as two
/// others; newest first.
async fn many(app: &TestApp, ada: &Person) -> Vec<String> {
    let mut made = Vec::new();
    for number in 0..120 {
        if number % 3 == 0 {
            app.advance(Duration::from_millis(1));
        }
        let body = json!({"title": format!("Number {number}")});
        made.push(ada.post("/api/chat/sessions", &body).await.str("id"));
    }
    made.reverse();
    made
}

/// Paging through conversations shows each once, newest first, while one that was seen already moves
/// to the top.
#[tokio::test]
async fn conversations_are_paged_without_gap_or_repetition() {
    let app = TestApp::with(|config| config.limits.reads_per_minute = 0).await;
    let ada = app.user("ada").await;
    let made = many(&app, &ada).await;
    let (mut seen, mut next) = page(&ada, "/api/chat/sessions?", &Value::Null).await;
    assert_eq!(seen.len(), 50, "the page's size unless told");
    let moved = seen[20]["id"].as_str().unwrap().to_owned();
    app.advance(Duration::from_secs(1));
    ada.say_in(&moved, "Up again").await;
    let mut sizes = vec![];
    while !next.is_null() {
        let (items, following) = page(&ada, "/api/chat/sessions?limit=30", &next).await;
        sizes.push(items.len());
        seen.extend(items);
        next = following;
    }
    assert_eq!(sizes, [30, 30, 10]);
    let seen = ids(&seen);
    let mut sorted = (seen.clone(), made.clone());
    sorted.0.sort();
    sorted.1.sort();
    assert_eq!(sorted.0, sorted.1);
    // Conversations of one millisecond are in no promised order among themselves.
    let place = |id: &String| made.iter().position(|other| other == id).unwrap() / 3;
    assert!(seen.is_sorted_by_key(place));

    let (items, _) = page(&ada, "/api/chat/sessions?limit=1", &Value::Null).await;
    assert_eq!(ids(&items), [moved], "last used first");
    let (all, none) = page(&ada, "/api/chat/sessions?limit=120", &Value::Null).await;
    assert_eq!(
        (all.len(), none),
        (120, Value::Null),
        "a full last page is the last"
    );
    app.finish().await;
}

/// A page is never empty nor endless, whatever is asked for; a place that we did not give is refused.
#[tokio::test]
async fn limits_of_pages() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let session = ada.say("Hello").await.str("session_id");
    ada.say("Hello again").await;
    app.settle().await;
    let history = format!("/api/chat/history/{session}");
    for path in ["/api/chat/sessions", history.as_str(), "/api/memory"] {
        let (items, next) = page(&ada, &format!("{path}?limit=0"), &Value::Null).await;
        assert_eq!(items.len(), 1, "{path}");
        assert!(next.is_string(), "{path}");
        let (items, next) = page(&ada, &format!("{path}?limit=100000"), &Value::Null).await;
        assert!(items.len() >= 2 && next.is_null(), "{path}");
        for bad in ["limit=-1", "limit=many", "before=yesterday"] {
            let refused = ada.get(&format!("{path}?{bad}")).await;
            assert_eq!(
                (refused.status, refused.code()),
                (400, "malformed"),
                "{path}?{bad}"
            );
        }
    }
    app.finish().await;
}

/// Messages and memories are paged the same way.
#[tokio::test]
async fn messages_and_memories_are_paged() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let session = ada.say("Number 0").await.str("session_id");
    for number in 1..5 {
        ada.say_in(&session, &format!("Number {number}")).await;
    }
    app.settle().await;
    for path in [
        format!("/api/chat/history/{session}"),
        "/api/memory".to_owned(),
    ] {
        let (all, _) = page(&ada, &format!("{path}?"), &Value::Null).await;
        assert_eq!(all.len(), 10, "{path}");
        let mut seen = Vec::new();
        let mut next = Value::Null;
        let mut pages = 0;
        loop {
            let (items, following) = page(&ada, &format!("{path}?limit=3"), &next).await;
            seen.extend(items);
            pages += 1;
            if pages == 1 {
                // What comes in meanwhile is newer than every page to come.
                ada.say("Something else").await;
                app.settle().await;
            }
            if following.is_null() {
                break;
            }
            next = following;
        }
        assert_eq!((pages, ids(&seen)), (4, ids(&all)), "{path}");
        assert!(ids(&seen).is_sorted_by(|a, b| a > b), "newest first");
        for item in ada.get("/api/chat/sessions").await.body["items"]
            .as_array()
            .unwrap()
        {
            let other = item["id"].as_str().unwrap();
            if other != session {
                ada.delete(&format!("/api/chat/sessions/{other}")).await;
            }
        }
    }
    app.finish().await;
}
