//! One's own usage: day by day, in figures, row by row, as a table; and that it is nobody else's.

use std::time::Duration;

use novacore::billing::Resource::{
    self, BackgroundTokens, LlmTokensContext, LlmTokensInput, LlmTokensOutput, MemoryBytes,
    Messages,
};
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::http::{Answer, Person};
use crate::support::ledger::book;
use crate::support::programs::api_token;

const ROUTES: [&str; 5] = ["quota", "history", "stats", "ledger", "export"];

const ALL: [(Resource, i64); 6] = [
    (LlmTokensInput, 10),
    (LlmTokensOutput, 200),
    (LlmTokensContext, 3_000),
    (Messages, 1),
    (MemoryBytes, 40),
    (BackgroundTokens, 50),
];

async fn usage(person: &Person, path: &str) -> Value {
    let answer = person.get(&format!("/api/usage/{path}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body
}

fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, answer.code()), (status, code), "{answer:?}");
}

/// Every day is there, oldest first, also those on which nothing was used; what lies before and what is
/// somebody else's is not.
#[tokio::test]
async fn a_history_has_every_day() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    book(&app, &ada, -4, &[(LlmTokensInput, 1_000)]).await;
    book(&app, &ada, -3, &ALL).await;
    book(&app, &ada, -3, &[(MemoryBytes, -100), (Messages, 2)]).await;
    book(&app, &ada, 0, &[(LlmTokensOutput, 5)]).await;
    book(&app, &bob, -1, &ALL).await;
    let history = usage(&ada, "history?days=4").await;
    let nothing = |date: &str| {
        json!({"date": date, "llm_tokens_input": 0, "llm_tokens_output": 0, "llm_tokens_context": 0,
            "messages": 0, "memory_bytes": 0, "background_tokens": 0, "tokens": 0})
    };
    let mut today = nothing("2026-01-01");
    (today["llm_tokens_output"], today["tokens"]) = (json!(5), json!(5));
    let first = json!({"date": "2025-12-29", "llm_tokens_input": 10, "llm_tokens_output": 200,
        "llm_tokens_context": 3_000, "messages": 3, "memory_bytes": -60, "background_tokens": 50, "tokens": 210});
    let days = json!([first, nothing("2025-12-30"), nothing("2025-12-31"), today]);
    let expected = json!({"from": "2025-12-29", "to": "2026-01-01", "items": days});
    assert_eq!(history, expected);
    app.finish().await;
}

/// A stretch is a day to a year and a day long, 30 days unless told; what is no such stretch is refused.
#[tokio::test]
async fn stretches_have_bounds() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    book(&app, &ada, -365, &[(Messages, 1)]).await;
    book(&app, &ada, -366, &[(Messages, 10)]).await;
    let year = usage(&ada, "history?days=366").await;
    assert_eq!(
        (&year["from"], &year["to"]),
        (&json!("2025-01-01"), &json!("2026-01-01"))
    );
    let items = year["items"].as_array().unwrap();
    assert_eq!(items.len(), 366);
    assert_eq!(
        (&items[0]["date"], &items[0]["messages"]),
        (&json!("2025-01-01"), &json!(1))
    );
    let in_order = items.is_sorted_by_key(|day| day["date"].as_str());
    assert!(in_order, "{items:?}");
    let one = usage(&ada, "history?days=1").await;
    assert_eq!(
        (&one["from"], one["items"].as_array().unwrap().len()),
        (&json!("2026-01-01"), 1)
    );
    let usual = usage(&ada, "history").await;
    assert_eq!(
        (&usual["from"], usual["items"].as_array().unwrap().len()),
        (&json!("2025-12-03"), 30)
    );
    for route in ["history", "stats", "export"] {
        for days in ["0", "367"] {
            let answer = ada.get(&format!("/api/usage/{route}?days={days}")).await;
            refused(&answer, 422, "days_invalid");
        }
        for days in ["-1", "a", "1.5", "99999999999999"] {
            let answer = ada.get(&format!("/api/usage/{route}?days={days}")).await;
            refused(&answer, 400, "malformed");
        }
    }
    app.finish().await;
}

/// A day ends at midnight UTC: a second before it is still today's, and then it is yesterday's.
#[tokio::test]
async fn days_turn_over_at_midnight() {
    let app = TestApp::new().await;
    app.advance(Duration::from_secs(86_399));
    let ada = app.user("ada").await;
    book(&app, &ada, 0, &ALL).await;
    let quota = usage(&ada, "quota").await;
    assert_eq!(
        (&quota["tokens"]["used"], &quota["messages"]["used"]),
        (&json!(210), &json!(1))
    );
    assert_eq!(quota["resets_at"], "2026-01-02T00:00:00Z");
    assert_eq!(
        usage(&ada, "history?days=1").await["items"][0]["tokens"],
        210
    );
    app.advance(Duration::from_secs(1));
    let quota = usage(&ada, "quota").await;
    assert_eq!(
        (&quota["tokens"]["used"], &quota["messages"]["used"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(
        quota["storage"]["used"], 40,
        "what is remembered does not start again"
    );
    assert_eq!(quota["resets_at"], "2026-01-03T00:00:00Z");
    let days = usage(&ada, "history?days=2").await;
    assert_eq!(
        (&days["items"][0]["tokens"], &days["items"][1]["tokens"]),
        (&json!(210), &json!(0))
    );
    assert_eq!(days["to"], "2026-01-02");
    app.finish().await;
}

/// A month in figures: sums, means rounded over all its days, the busiest day, and since when.
#[tokio::test]
async fn a_month_in_figures() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let none = usage(&ada, "stats?days=7").await;
    let nothing = json!({"llm_tokens_input": 0, "llm_tokens_output": 0, "llm_tokens_context": 0,
        "messages": 0, "memory_bytes": 0, "background_tokens": 0, "tokens": 0});
    let expected = json!({"days": 7, "from": "2025-12-26", "to": "2026-01-01", "totals": nothing,
        "tokens_a_day": 0, "messages_a_day": 0, "active_days": 0, "busiest": null, "since": null});
    assert_eq!(none, expected);
    app.advance(Duration::from_mins(1));
    for day in [-9, -2, -1] {
        book(&app, &ada, day, &ALL).await;
    }
    app.advance(Duration::from_mins(1));
    book(&app, &ada, -3, &[(BackgroundTokens, 9)]).await;
    book(&app, &ada, 0, &[(LlmTokensInput, 3), (Messages, 9)]).await;
    let stats = usage(&ada, "stats?days=4").await;
    let totals = json!({"llm_tokens_input": 23, "llm_tokens_output": 400, "llm_tokens_context": 6_000,
        "messages": 11, "memory_bytes": 80, "background_tokens": 109, "tokens": 423});
    // 423 / 4 = 105.75 and 11 / 4 = 2.75; the titles of the first of these days are nobody's doing.
    let expected = json!({"days": 4, "from": "2025-12-29", "to": "2026-01-01", "totals": totals,
        "tokens_a_day": 106, "messages_a_day": 3, "active_days": 3,
        "busiest": {"date": "2025-12-30", "tokens": 210}, "since": "2026-01-01T00:01:00Z"});
    assert_eq!(stats, expected);
    app.finish().await;
}

/// The ledger is told page by page, newest first, each row once; its numbers have no gaps.
#[tokio::test]
async fn the_ledger_is_told_in_pages() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    assert_eq!(
        usage(&ada, "ledger").await,
        json!({"items": [], "next_before": null, "total": 0})
    );
    book(&app, &ada, -1, &ALL).await;
    book(&app, &app.user("bob").await, 0, &ALL).await;
    book(&app, &ada, 0, &[(Messages, 1)]).await;
    let newest = usage(&ada, "ledger?limit=1").await;
    let row = json!({"number": 7, "resource": "messages", "amount": 1, "source_id": null, "kind": "use",
        "note": null, "day": "2026-01-01", "at": "2026-01-01T00:00:00Z", "plan": "basic"});
    assert_eq!(
        newest,
        json!({"items": [row], "next_before": 7, "total": 7})
    );
    let mut seen = Vec::new();
    let mut before = String::new();
    loop {
        let page = usage(&ada, &format!("ledger?limit=3{before}")).await;
        assert_eq!(page["total"], 7);
        let items = page["items"].as_array().unwrap().clone();
        assert!(items.len() <= 3);
        seen.extend(items.iter().map(|item| item["number"].as_u64().unwrap()));
        match page["next_before"].as_u64() {
            Some(number) => before = format!("&before={number}"),
            None => break,
        }
    }
    assert_eq!(seen, [7, 6, 5, 4, 3, 2, 1]);
    assert_eq!(
        usage(&ada, "ledger?limit=7").await["next_before"],
        Value::Null
    );
    assert_eq!(
        usage(&ada, "ledger?limit=0").await["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(usage(&ada, "ledger?before=0").await["items"], json!([]));
    app.finish().await;
}

/// The table has a line a day, dates and numbers and nothing else, and is named after its days.
#[tokio::test]
async fn the_days_as_a_table() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    book(&app, &ada, -2, &ALL).await;
    book(&app, &ada, 0, &[(MemoryBytes, -7)]).await;
    let table = ada.get("/api/usage/export?days=3").await;
    assert_eq!(
        (table.status, table.header("content-type")),
        (200, "text/csv; charset=utf-8")
    );
    let name = "attachment; filename=\"novacore-usage-2025-12-30-to-2026-01-01.csv\"";
    assert_eq!(table.header("content-disposition"), name);
    let expected = "date,llm_tokens_input,llm_tokens_output,llm_tokens_context,messages,memory_bytes,background_tokens,tokens\r\n\
        2025-12-30,10,200,3000,1,40,50,210\r\n\
        2025-12-31,0,0,0,0,0,0,0\r\n\
        2026-01-01,0,0,0,0,-7,0,0\r\n";
    assert_eq!(table.text, expected);
    let usual = ada.get("/api/usage/export").await;
    assert_eq!(usual.text.lines().count(), 91);
    app.finish().await;
}

/// The table is for verified people and administrators, so often an hour; a refusal does not count.
#[tokio::test]
async fn tables_are_for_verified_people_and_not_too_often() {
    let app = TestApp::with(|config| config.limits.exports_per_hour = 2).await;
    let (ada, eve) = (app.user("ada").await, app.unverified("eve").await);
    for _ in 0..3 {
        let answer = eve.get("/api/usage/export").await;
        refused(&answer, 403, "email_unverified");
    }
    assert_eq!(eve.get("/api/usage/history").await.status, 200);
    assert_eq!(app.admin().await.get("/api/usage/export").await.status, 200);
    refused(
        &ada.get("/api/usage/export?days=0").await,
        422,
        "days_invalid",
    );
    for _ in 0..2 {
        assert_eq!(ada.get("/api/usage/export").await.status, 200);
    }
    let answer = ada.get("/api/usage/export").await;
    refused(&answer, 429, "rate_limited");
    assert!(answer.header("retry-after").parse::<u64>().unwrap() >= 3_600);
    app.advance(Duration::from_hours(1));
    let ada = app.user("ada").await;
    assert_eq!(ada.get("/api/usage/export").await.status, 200);
    app.finish().await;
}

/// A program may read its owner's usage with the scope for it, and nothing of it without.
#[tokio::test]
async fn programs_need_the_scope() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    book(&app, &ada, 0, &[(LlmTokensInput, 77)]).await;
    let (_, good) = api_token(&ada, &["usage:read"]).await;
    let (_, other) = api_token(&ada, &["chat:read", "memory:read"]).await;
    let (good, other) = (ada.with_token(&good), ada.with_token(&other));
    for route in ROUTES {
        let path = format!("/api/usage/{route}");
        let answer = good.get(&path).await;
        assert!(
            answer.status == 200 && answer.text.contains("77"),
            "{answer:?}"
        );
        refused(&other.get(&path).await, 403, "scope_missing");
        refused(&app.nobody().get(&path).await, 401, "token_missing");
    }
    refused(&good.get("/api/billing/plans").await, 403, "scope_missing");
    refused(&good.get("/api/admin/usage").await, 403, "scope_missing");
    app.finish().await;
}
