//! Feedback: written by people, answered by administrators, taken out as a table.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::http::{Answer, Person};

async fn give(person: &Person, text: &str) -> Answer {
    let body = json!({"text": text});
    person.post("/api/account/feedback", &body).await
}

async fn own(person: &Person) -> Vec<Value> {
    let list = person.get("/api/account/feedback").await;
    list.body["items"].as_array().unwrap().clone()
}

/// What somebody writes is read by administrators and answered in the page; the mail about it says only
/// that there is an answer, and nobody else sees either.
#[tokio::test]
async fn it_is_read_and_answered() {
    let app = TestApp::new().await;
    let (admin, ada, bob) = (
        app.admin().await,
        app.user("ada").await,
        app.user("bob").await,
    );
    let body = json!({"text": "  The answer stopped.  ", "rating": 2, "correlation_id": "0198-ab"});
    let given = ada.post("/api/account/feedback", &body).await;
    assert_eq!(given.status, 201, "{given:?}");
    assert_eq!(given.body["text"], "The answer stopped.");
    let id = given.str("id");
    give(&bob, "Thank you!").await;
    let waiting = admin
        .get("/api/admin/feedback?filter=unanswered")
        .await
        .body;
    let emails = waiting["items"].as_array().unwrap().iter();
    let emails: Vec<_> = emails.map(|item| item["email"].as_str().unwrap()).collect();
    assert_eq!(emails, ["bob@example.org", "ada@example.org"]);
    assert_eq!(waiting["items"][1]["correlation_id"], "0198-ab");

    let path = format!("/api/admin/feedback/{id}/answer");
    let answered = admin.post(&path, &json!({"answer": "It is mended."})).await;
    assert_eq!(answered.status, 200, "{answered:?}");
    assert_eq!(answered.body["answer"], "It is mended.");
    let left = admin
        .get("/api/admin/feedback?filter=unanswered")
        .await
        .body;
    assert_eq!(left["items"].as_array().unwrap().len(), 1);
    assert_eq!(own(&ada).await[0]["answer"], "It is mended.");
    assert_eq!(own(&bob).await[0]["answer"], Value::Null);
    let mails = app
        .app
        .store
        .read(|tx| app.app.jobs.list(tx, Some("auth.mail"), None, 10));
    let mails = mails.unwrap();
    assert_eq!(mails.len(), 1);
    let payload = &mails[0].payload;
    assert!(payload.contains("feedback_answered") && payload.contains(&id));
    assert!(!payload.contains("mended"), "{payload}");
    // A better answer replaces it, without another mail.
    admin
        .post(&path, &json!({"answer": "Mended for good."}))
        .await;
    assert_eq!(own(&ada).await[0]["answer"], "Mended for good.");
    let mails = app
        .app
        .store
        .read(|tx| app.app.jobs.list(tx, Some("auth.mail"), None, 10));
    assert_eq!(mails.unwrap().len(), 1);
    for path in ["/api/admin/feedback", "/api/admin/feedback/export"] {
        assert_eq!(ada.get(path).await.code(), "forbidden");
    }
    app.finish().await;
}

/// What makes no sense is refused with the field named.
#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let long = "ü".repeat(4_001);
    for (field, body) in [
        ("text", json!({"text": "  "})),
        ("text", json!({"text": long})),
        ("rating", json!({"text": "Good", "rating": 6})),
        ("rating", json!({"text": "Good", "rating": 0})),
        (
            "correlation_id",
            json!({"text": "Good", "correlation_id": "<script>"}),
        ),
    ] {
        let refused = ada.post("/api/account/feedback", &body).await;
        assert_eq!(refused.status, 422, "{refused:?}");
        assert!(refused.body["fields"][field].is_string(), "{refused:?}");
    }
    assert_eq!(give(&ada, &"ü".repeat(4_000)).await.status, 201);
    app.finish().await;
}

/// Twenty times within a day, whatever happens at once; then the answer says when, and it is true.
#[tokio::test]
async fn twenty_a_day() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let all = futures_util::future::join_all((0..25).map(|_| give(&ada, "Again"))).await;
    let taken = all.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(taken, 20);
    let refused = give(&ada, "Once more").await;
    assert_eq!((refused.status, refused.code()), (429, "rate_limited"));
    assert_eq!(refused.body["resets_at"], "2026-01-02T00:00:00Z");
    assert_eq!(give(&app.user("bob").await, "Mine").await.status, 201);
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    app.advance(Duration::from_secs(wait));
    let ada = app.user("ada").await;
    assert_eq!(give(&ada, "Now").await.status, 201);
    app.finish().await;
}

/// The table opens in a spreadsheet as what was written: nobody's text becomes a formula or a column, and
/// that somebody took it out is on record.
#[tokio::test]
async fn the_table_is_only_text() {
    let app = TestApp::new().await;
    let (admin, ada) = (app.admin().await, app.user("ada").await);
    let formula = "=HYPERLINK(\"http://evil.example\",\"see\")";
    give(&ada, formula).await;
    give(&ada, "first, \"second\"\nthird").await;
    let table = admin.get("/api/admin/feedback/export").await;
    assert_eq!(table.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(
        table.header("content-disposition"),
        "attachment; filename=\"feedback.csv\""
    );
    let rows: Vec<_> = table.text.split("\r\n").collect();
    assert_eq!(rows.len(), 4, "{}", table.text);
    assert!(rows[0].starts_with("\"id\",\"created_at\""));
    assert!(
        rows[1].contains("\"first, \"\"second\"\"\nthird\""),
        "{}",
        rows[1]
    );
    assert!(
        rows[2].contains("\"'=HYPERLINK(\"\"http://evil.example\"\",\"\"see\"\")\""),
        "{}",
        rows[2]
    );
    let told = admin
        .get("/api/admin/audit?event=feedback_exported")
        .await
        .body;
    assert_eq!(told["items"][0]["actor"]["name"], "admin@example.org");
    app.finish().await;
}
