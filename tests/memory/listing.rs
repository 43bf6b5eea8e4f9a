//! Lists: filters, pages, totals.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{import, texts, unlimited};
use crate::support::http::Person;

fn turn(id: u32) -> String {
    format!("00000000-0000-4000-8000-{id:012}")
}

/// Sixty memories of all kinds, in three groups, over sixty days from 2025-01-01 on.
async fn sixty(person: &Person) -> Vec<Value> {
    let mut lines = Vec::new();
    for n in 0..60_u32 {
        let day = 1 + n % 28;
        let month = 1 + n / 28;
        let mut line = json!({"id": turn(n), "text": format!("Memory number {n}"),
            "created_at": format!("2025-{month:02}-{day:02}T12:00:00Z")});
        match n % 6 {
            0 => line["session_key"] = json!(format!("group {}", n % 3)),
            1 => line["session_key"] = json!("other"),
            2 => line["tags"] = json!(["tea", "home"]),
            3 => line["pinned"] = json!(true),
            4 => {
                line["kind"] = json!("fact");
                line["evidence"] = json!([turn(n - 4)]);
                line["ended_at"] = json!("2025-12-01T00:00:00Z");
            }
            _ => {
                line["kind"] = json!("summary");
                line["evidence"] = json!([turn(n - 5), turn(n - 4)]);
            }
        }
        lines.push(line);
    }
    let taken = import(person, &lines).await;
    assert_eq!(taken.body["imported"], 60, "{taken:?}");
    lines
}

/// All pages of a list of so many items each, and the total that was told first.
async fn pages(person: &Person, filter: &str, limit: usize) -> (Vec<String>, Value) {
    let (mut all, mut before, mut total) = (Vec::new(), String::new(), None);
    loop {
        let path = format!("/api/memory?limit={limit}&{filter}{before}");
        let page = person.get(&path).await;
        assert_eq!(page.status, 200, "{path}: {page:?}");
        let items = texts(&page.body["items"]);
        assert!(items.len() <= limit);
        all.extend(items);
        total.get_or_insert(page.body["total"].clone());
        match page.body["next_before"].as_str() {
            Some(next) => before = format!("&before={next}"),
            None => return (all, total.unwrap()),
        }
    }
}

type Is = Box<dyn Fn(&Value) -> bool>;

fn on(item: &Value, key: &str, value: &str) -> bool {
    item[key] == value
}

fn at(item: &Value) -> String {
    item["created_at"].as_str().unwrap().to_owned()
}

/// Filters, and what they are to let through; `other` is the id of the group of that name.
fn cases(other: &str) -> Vec<(String, Is)> {
    vec![
        (String::new(), Box::new(|_| true)),
        ("tier=ltm".into(), Box::new(|i| on(i, "tier", "ltm"))),
        ("tier=ITM".into(), Box::new(|i| on(i, "tier", "itm"))),
        ("tier=itm,LTM".into(), Box::new(|_| true)),
        ("tier=stm".into(), Box::new(|_| false)),
        ("kind=turn".into(), Box::new(|i| on(i, "kind", "turn"))),
        ("kind=fact".into(), Box::new(|i| on(i, "kind", "fact"))),
        (
            "kind=fact,note".into(),
            Box::new(|i| on(i, "kind", "fact") || on(i, "kind", "note")),
        ),
        ("kind=reflection".into(), Box::new(|_| false)),
        (
            "tag=tea".into(),
            Box::new(|i| i["tags"].as_array().unwrap().contains(&json!("tea"))),
        ),
        ("tag=te".into(), Box::new(|_| false)),
        ("pinned=true".into(), Box::new(|i| i["pinned"] == true)),
        ("current=true".into(), Box::new(|i| i["ended_at"].is_null())),
        ("current=true&kind=fact".into(), Box::new(|_| false)),
        (
            format!("session_id={other}"),
            Box::new(|i| on(i, "session_title", "other")),
        ),
        (format!("session_id={other}&tier=ltm"), Box::new(|_| false)),
        (
            "from=2025-02-01".into(),
            Box::new(|i| at(i).as_str() >= "2025-02-01"),
        ),
        (
            "to=2025-01-15".into(),
            Box::new(|i| at(i).as_str() < "2025-01-16"),
        ),
        (
            "to=2025-01-15T12:00:00Z".into(),
            Box::new(|i| at(i).as_str() < "2025-01-15T12"),
        ),
        (
            "from=2025-01-10&to=2025-02-10&tier=ltm&kind=note,summary".into(),
            Box::new(|i| {
                let kind = on(i, "kind", "note") || on(i, "kind", "summary");
                let (from, to) = ("2025-01-10", "2025-02-11");
                kind && on(i, "tier", "ltm") && (from..to).contains(&at(i).as_str())
            }),
        ),
        ("pinned=true&tag=tea".into(), Box::new(|_| false)),
    ]
}

/// Every filter, alone and with others, gives exactly what it says, newest first, in pages of any size, with
/// the right total.
#[tokio::test]
async fn every_filter_gives_what_it_says() {
    let app = unlimited().await;
    let ada = app.user("ada").await;
    sixty(&ada).await;
    let all = ada.get("/api/memory?limit=1000").await.body;
    let items = all["items"].as_array().unwrap().clone();
    assert_eq!((items.len(), &all["total"]), (60, &json!(60)));
    let other = items
        .iter()
        .find(|item| item["session_title"] == "other")
        .unwrap();
    let other = other["session_id"].as_str().unwrap().to_owned();
    for (filter, is) in cases(&other) {
        let expected = items.iter().filter(|item| is(item));
        let expected: Vec<_> = expected
            .map(|item| item["text"].as_str().unwrap().to_owned())
            .collect();
        for limit in [1000, 10, 7, 1] {
            let (found, total) = pages(&ada, &filter, limit).await;
            assert_eq!(found, expected, "{filter} by {limit}");
            assert_eq!(total, json!(expected.len()), "{filter} by {limit}");
        }
    }
    app.finish().await;
}

/// A search has the same filters, and they hold before its limit is counted.
#[tokio::test]
async fn a_search_has_the_same_filters() {
    let app = unlimited().await;
    let ada = app.user("ada").await;
    sixty(&ada).await;
    for (filter, count) in [
        (json!({"kind": "fact"}), 10),
        (json!({"tier": "itm"}), 30),
        (json!({"from": "2025-02-01", "to": "2025-02-03"}), 3),
    ] {
        let mut body = filter.clone();
        (body["query"], body["limit"]) = (json!("memory"), json!(100));
        let found = ada.post("/api/memory/search", &body).await.body;
        assert_eq!(texts(&found["results"]).len(), count, "{filter}");
        body["limit"] = json!(2);
        let few = ada.post("/api/memory/search", &body).await.body;
        assert_eq!(texts(&few["results"]).len(), 2, "{filter}");
    }
    let listed = ada.get("/api/memory?q=memory&kind=fact&limit=3").await.body;
    assert_eq!(texts(&listed["items"]).len(), 3);
    assert!(listed["items"][0]["score"].is_number() && listed["items"][0]["matched"].is_array());
    let session = listed["items"][0]["session_id"].clone();
    let body = json!({"query": "memory", "session_id": session});
    assert_eq!(ada.post("/api/memory/search", &body).await.body["total"], 1);
    app.finish().await;
}

/// Words that name nothing are refused by their field; a page that was never told is not one.
#[tokio::test]
async fn odd_filters_are_refused() {
    let app = unlimited().await;
    let ada = app.user("ada").await;
    for (filter, code) in [
        ("tier=best", "tier_invalid"),
        ("kind=turns", "kind_invalid"),
        ("from=yesterday", "from_invalid"),
        ("to=2026-02-30", "to_invalid"),
    ] {
        let refused = ada.get(&format!("/api/memory?{filter}")).await;
        assert_eq!((refused.status, refused.code()), (422, code));
        let (key, value) = filter.split_once('=').unwrap();
        let body = json!({"query": "tea", key: value});
        let refused = ada.post("/api/memory/search", &body).await;
        assert_eq!((refused.status, refused.code()), (422, code));
    }
    for odd in [
        "before=x",
        "before=1",
        "limit=many",
        "session_id=x",
        "pinned=2",
    ] {
        let refused = ada.get(&format!("/api/memory?{odd}")).await;
        assert_eq!(
            (refused.status, refused.code()),
            (400, "malformed"),
            "{odd}"
        );
    }
    app.finish().await;
}

/// A page goes on where the one before ended, whatever was forgotten or stored meanwhile.
#[tokio::test]
async fn pages_survive_changes() {
    let app = unlimited().await;
    let ada = app.user("ada").await;
    sixty(&ada).await;
    let first = ada.get("/api/memory?limit=10").await.body;
    let last = first["items"][9]["id"].as_str().unwrap();
    ada.delete(&format!("/api/memory/{last}")).await;
    super::note(&ada, "Something new").await;
    let next = first["next_before"].as_str().unwrap();
    let rest = ada
        .get(&format!("/api/memory?limit=1000&before={next}"))
        .await
        .body;
    let seen: BTreeSet<_> = texts(&first["items"])
        .into_iter()
        .chain(texts(&rest["items"]))
        .collect();
    assert_eq!(seen.len(), 60);
    assert!(!seen.contains("Something new"));
    app.finish().await;
}

/// A list that looks at more rows than it reads at once counts each once, and leaves none out.
#[tokio::test]
async fn a_long_list_is_counted_once() {
    let app = unlimited().await;
    for (name, count) in [("ada", 1030_usize), ("bob", 3000)] {
        let person = app.user(name).await;
        let lines = (0..count).map(|n| {
            json!({"text": format!("Number {n}"), "session_key": "all", "created_at":
                format!("2025-01-01T{:02}:{:02}:{:02}Z", n / 3600, n / 60 % 60, n % 60)})
        });
        let taken = import(&person, &lines.collect::<Vec<_>>()).await;
        assert_eq!(taken.body["imported"], count);
        let (all, total) = pages(&person, "tier=ltm,itm&kind=turn", 700).await;
        let different: BTreeSet<&String> = all.iter().collect();
        assert_eq!((total, all.len()), (json!(count), different.len()));
        assert_eq!(all.len(), count);
        assert_eq!(all[0], format!("Number {}", count - 1));
    }
    app.finish().await;
}
