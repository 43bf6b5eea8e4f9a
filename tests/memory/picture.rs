//! Figures and the timeline: equal to what one counts.

use std::collections::BTreeSet;
use std::time::Duration;

use novacore::schedule;
use serde_json::{Value, json};

use super::{export, forget, id_of, import, note, tell, unlimited};
use crate::support::app::TestApp;
use crate::support::http::Person;

const DAY: Duration = Duration::from_hours(24);

/// What the figures should be, counted from the export.
async fn counted(person: &Person) -> Value {
    let lines = export(person).await;
    let count = |key: &str, value: &str| lines.iter().filter(|line| line[key] == value).count();
    let mut times: Vec<_> = lines
        .iter()
        .map(|line| line["created_at"].clone())
        .collect();
    times.sort_by_key(Value::to_string);
    // Of conversations and of what was stored with a key.
    let sessions: BTreeSet<_> = lines
        .iter()
        .filter(|line| line["kind"] == "turn")
        .map(|line| line["session_key"].to_string())
        .collect();
    json!({
        "total": lines.len(),
        "bytes": lines.iter().map(|line| line["text"].as_str().unwrap().len()).sum::<usize>(),
        "itm": count("tier", "itm"),
        "ltm": count("tier", "ltm"),
        "by_kind": {"turn": count("kind", "turn"), "note": count("kind", "note"), "fact": count("kind", "fact"),
            "summary": count("kind", "summary"), "reflection": count("kind", "reflection")},
        "pinned": lines.iter().filter(|line| line["pinned"] == true).count(),
        "superseded": lines.iter().filter(|line| !line["ended_at"].is_null()).count(),
        "sessions": sessions.len(),
        "oldest_at": times.first(),
        "newest_at": times.last(),
    })
}

async fn told(person: &Person) -> Value {
    let stats = person.get("/api/memory/stats").await.body;
    let mut told = json!({"itm": stats["by_tier"]["itm"], "ltm": stats["by_tier"]["ltm"]});
    for key in [
        "total",
        "bytes",
        "by_kind",
        "pinned",
        "superseded",
        "sessions",
        "oldest_at",
        "newest_at",
    ] {
        told[key] = stats[key].clone();
    }
    let last = stats["growth"].as_array().unwrap().last().cloned();
    if let Some(last) = last {
        assert_eq!(
            (&last["total"], &last["ltm"]),
            (&stats["total"], &stats["by_tier"]["ltm"]),
            "{stats}"
        );
    }
    told
}

/// Until what happens by itself as time goes on, sessions that end and are promoted, has happened.
async fn quiet(app: &TestApp) {
    schedule::sweep(&app.app).await.unwrap();
    app.run_jobs().await;
    app.settle().await;
}

/// Whatever is done, the figures are what counting gives, and the last week ends with what there is.
#[tokio::test]
async fn figures_are_what_one_counts() {
    let mut app = unlimited().await;
    let ada = app.user("ada").await;
    let empty = ada.get("/api/memory/stats").await.body;
    assert_eq!((&empty["total"], &empty["growth"]), (&json!(0), &json!([])));
    let id = |n: u32| format!("00000000-0000-4000-8000-{n:012}");
    let lines: Vec<_> = (0..40)
        .map(|n| {
            let mut line = json!({"id": id(n), "text": format!("Memory number {n}"),
                "created_at": format!("2025-{:02}-10T00:00:00Z", 1 + n % 12)});
            match n % 4 {
                0 => line["session_key"] = json!(format!("g{}", n % 3)),
                1 => line["pinned"] = json!(true),
                2 => {
                    line["kind"] = json!(["fact", "summary", "reflection"][n as usize % 3]);
                    line["evidence"] = json!([id(n - 2)]);
                }
                _ => line["ended_at"] = json!("2025-12-24T00:00:00Z"),
            }
            line
        })
        .collect();
    assert_eq!(import(&ada, &lines).await.body["imported"], 40);
    tell(&app, &ada, "My sister lives in Lisbon.").await;
    assert_eq!(told(&ada).await, counted(&ada).await);
    assert_eq!(
        told(&ada).await["sessions"],
        4,
        "one conversation, three groups"
    );
    app.advance(9 * DAY);
    quiet(&app).await;
    let ada = app.user("ada").await;
    let sister = id_of(&ada, "My sister lives in Lisbon.").await;
    let path = format!("/api/memory/{sister}");
    let fact = id_of(&ada, "Memory number 2").await;
    for (what, body) in [
        ("/pin", json!({})),
        ("/demote", json!({})),
        ("/promote", json!({})),
        (
            "",
            json!({"text": "My sister lives in Porto now.", "tags": ["family"]}),
        ),
    ] {
        if what.is_empty() {
            ada.patch(&path, &body).await;
        } else {
            ada.post(&format!("{path}{what}"), &body).await;
        }
        assert_eq!(told(&ada).await, counted(&ada).await, "{what}");
    }
    ada.post(&format!("/api/memory/{fact}/demote"), &json!({}))
        .await;
    app.advance(7 * DAY);
    quiet(&app).await;
    let ada = app.user("ada").await;
    for what in [
        json!({"from": "2025-01-01", "to": "2025-04-01"}),
        json!({"query": "number 7"}),
        json!({"ids": [sister]}),
    ] {
        forget(&ada, &what).await;
        assert_eq!(told(&ada).await, counted(&ada).await, "{what}");
    }
    app.crash_and_reopen().await;
    let ada = app.user("ada").await;
    assert_eq!(told(&ada).await, counted(&ada).await);
    app.finish().await;
}

/// Weeks begin on Mondays, none is left out, and each says what happened in it.
#[tokio::test]
async fn growth_by_weeks() {
    let app = unlimited().await;
    let ada = app.user("ada").await;
    // Thursday, 1 January 2026.
    note(&ada, "One").await;
    let two = note(&ada, "Two").await;
    app.advance(14 * DAY);
    let ada = app.user("ada").await;
    ada.post(&format!("/api/memory/{two}/promote"), &json!({}))
        .await;
    app.advance(7 * DAY);
    let ada = app.user("ada").await;
    let three = note(&ada, "Three").await;
    ada.delete(&format!("/api/memory/{three}")).await;
    ada.delete(&format!("/api/memory/{two}")).await;
    let stats = ada.get("/api/memory/stats").await.body;
    let week = |date: &str, added: u32, promoted: u32, forgotten: u32, total: i64, ltm: i64| {
        json!({"date": date, "added": added, "promoted": promoted, "forgotten": forgotten, "total": total,
            "ltm": ltm})
    };
    let expected = [
        week("2025-12-29", 2, 0, 0, 2, 0),
        week("2026-01-05", 0, 0, 0, 2, 0),
        week("2026-01-12", 0, 1, 0, 2, 1),
        week("2026-01-19", 1, 0, 2, 1, 0),
    ];
    assert_eq!(stats["growth"], json!(expected));
    // Old ones are counted in, and not more than two years told.
    let old = json!({"text": "Old", "created_at": "1999-01-01T00:00:00Z"});
    super::stored(&ada, &old).await;
    let stats = ada.get("/api/memory/stats").await.body;
    let growth = stats["growth"].as_array().unwrap();
    assert_eq!(growth.len(), 104);
    assert_eq!(
        (&growth[0]["total"], &growth[103]["total"]),
        (&json!(1), &json!(2))
    );
    app.finish().await;
}

/// A diary of two days with its summary and a fact, and a note.
async fn diary(ada: &Person) {
    let id = |n: u32| format!("00000000-0000-4000-8000-{n:012}");
    let mut lines: Vec<_> = (0..5)
        .map(|n| {
            json!({"id": id(n), "text": format!("Diary {n}"), "session_key": "diary", "importance": f64::from(n % 4) / 10.0,
                "created_at": format!("2025-06-0{}T12:0{n}:00Z", 1 + n / 4), "tier": if n == 1 { "ltm" } else { "itm" }})
        })
        .collect();
    lines.push(
        json!({"kind": "summary", "text": "Of the diary", "evidence": [id(0), id(4)],
        "created_at": "2025-06-03T02:00:00Z"}),
    );
    lines.push(json!({"kind": "fact", "text": "You write", "evidence": [id(0)], "created_at": "2025-06-03T02:00:00Z"}));
    // Nothing that was of this day.
    lines.push(json!({"kind": "reflection", "text": "I could ask more", "evidence": [id(0)], "created_at": "2025-06-04T02:00:00Z"}));
    lines.push(json!({"text": "A note", "created_at": "2025-06-02T23:59:59Z"}));
    assert_eq!(import(ada, &lines).await.body["imported"], 9);
}

/// The days of the timeline, one a page.
async fn paged(ada: &Person) -> Vec<Value> {
    let mut paged = Vec::new();
    let mut before = String::new();
    loop {
        let page = ada
            .get(&format!("/api/memory/timeline?limit=1{before}"))
            .await
            .body;
        paged.extend(page["days"].as_array().unwrap().clone());
        match page["next_before"].as_str() {
            Some(next) => before = format!("&before={next}"),
            None => break,
        }
    }
    paged
}

/// The timeline tells days newest first, in pages, with conversations, what is stored, summaries and what
/// matters most; of a day on which only advice was written there is nothing to tell.
#[tokio::test]
async fn the_timeline_tells_day_by_day() {
    let app = unlimited().await;
    let ada = app.user("ada").await;
    diary(&ada).await;
    let said = tell(&app, &ada, "My sister lives in Lisbon.").await;

    let line = ada.get("/api/memory/timeline").await.body;
    let days = line["days"].as_array().unwrap();
    let dates: Vec<_> = days
        .iter()
        .map(|day| day["date"].as_str().unwrap())
        .collect();
    assert_eq!(
        dates,
        ["2026-01-01", "2025-06-03", "2025-06-02", "2025-06-01"]
    );
    assert_eq!(line["next_before"], Value::Null);
    let figures = |day: &Value| json!([day["turns"], day["promoted"], day["facts"]]);
    assert_eq!(
        days.iter().map(figures).collect::<Vec<_>>(),
        [
            json!([2, 0, 0]),
            json!([0, 0, 1]),
            json!([1, 0, 0]),
            json!([4, 1, 0])
        ]
    );
    let talk = &days[0]["sessions"][0];
    assert_eq!(
        (&talk["session_id"], &talk["kind"]),
        (&json!(said.str("session_id")), &json!("conversation"))
    );
    assert_eq!(
        (&talk["title"], &talk["memories"]),
        (&json!("My sister lives in Lisbon."), &json!(2))
    );
    assert_eq!(days[1]["sessions"], json!([]));
    let second = days[2]["sessions"].as_array().unwrap();
    assert_eq!(
        (&second[0]["kind"], &second[0]["title"]),
        (&json!("stored"), &Value::Null)
    );
    assert_eq!(super::texts(&second[0]["highlights"]), ["A note"]);
    let diary = &days[3]["sessions"][0];
    assert_eq!(
        (&diary["title"], &diary["kind"], &diary["memories"]),
        (&json!("diary"), &json!("stored"), &json!(4))
    );
    assert_eq!(
        super::texts(&diary["highlights"]),
        ["Diary 3", "Diary 2", "Diary 1"]
    );
    assert_eq!(diary["summary"]["text"], "Of the diary");
    assert_eq!(second[1]["summary"]["text"], "Of the diary");

    assert_eq!(json!(paged(&ada).await), line["days"]);
    let odd = ada.get("/api/memory/timeline?before=soon").await;
    assert_eq!((odd.status, odd.code()), (422, "before_invalid"));
    app.finish().await;
}

/// What there is too much of for one look comes on later pages, and none of it is lost or told twice.
#[tokio::test]
async fn a_crowded_timeline_comes_in_pages() {
    let app = unlimited().await;
    let ada = app.user("ada").await;
    // Four days of 3,500: the look of 10,000 ends in the third.
    let lines: Vec<_> = (0..14_000)
        .map(|n| json!({"text": format!("n{n}"), "created_at": format!("2025-06-{:02}T12:00:00Z", 1 + n / 3500)}).to_string())
        .collect();
    assert_eq!(
        super::import_text(&ada, lines.join("\n")).await.body["imported"],
        14_000
    );
    let mut told = Vec::new();
    let mut before = String::new();
    loop {
        let page = ada.get(&format!("/api/memory/timeline{before}")).await.body;
        for day in page["days"].as_array().unwrap() {
            let memories = day["sessions"].as_array().unwrap().len();
            told.push((day["date"].as_str().unwrap().to_owned(), memories));
        }
        match page["next_before"].as_str() {
            Some(next) => before = format!("?before={next}"),
            None => break,
        }
    }
    let expected: Vec<_> = (1..=4)
        .rev()
        .map(|day| (format!("2025-06-0{day}"), 3500))
        .collect();
    assert_eq!(told, expected);
    // A rare tag is found on a later page, though the first ones have nothing.
    let rare = json!({"text": "Rare", "tags": ["rare"], "created_at": "2025-05-01T00:00:00Z"});
    super::stored(&ada, &rare).await;
    let first = ada.get("/api/memory?tag=rare").await.body;
    assert_eq!(
        (&first["items"], &first["total"]),
        (&json!([]), &Value::Null)
    );
    let next = first["next_before"].as_str().unwrap();
    let second = ada
        .get(&format!("/api/memory?tag=rare&before={next}"))
        .await
        .body;
    assert_eq!(super::texts(&second["items"]), ["Rare"]);
    assert_eq!(second["next_before"], Value::Null);
    app.finish().await;
}
