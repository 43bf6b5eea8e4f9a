//! Making a mistake of the ledger good.

use std::time::Duration;

use novacore::billing::Resource::{LlmTokensOutput, MemoryBytes};
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::http::Person;
use crate::support::ledger::book;
use crate::support::people::{events, id_of};

async fn path_of(person: &Person) -> String {
    format!("/api/admin/users/{}/usage/correction", id_of(person).await)
}

fn correction(resource: &str, amount: i64) -> Value {
    json!({"resource": resource, "amount": amount, "note": "  The answer never came.  "})
}

/// A correction is a row of its own on today's day; the person sees it with its reason, and it counts at
/// once. What was booked before stays as it was.
#[tokio::test]
async fn a_correction_is_seen_by_the_person() {
    let app = TestApp::with(|config| config.plans.default = "free".into()).await;
    let admin = app.admin().await;
    app.advance(Duration::from_hours(24));
    let (admin, ada) = (
        admin.with_token(&app.admin().await.token.unwrap()),
        app.user("ada").await,
    );
    book(&app, &ada, 0, &[(LlmTokensOutput, 900)]).await;
    book(
        &app,
        &ada,
        1,
        &[(LlmTokensOutput, 20_000), (MemoryBytes, 500)],
    )
    .await;
    let path = path_of(&ada).await;
    let answer = admin
        .post(&path, &correction("llm_tokens_output", -5_000))
        .await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let tokens = json!({"used": 15_000, "reserved": 0, "limit": 20_000, "remaining": 5_000, "percentage": 75.0});
    assert_eq!(answer.body["quota"]["tokens"], tokens);
    let quota = ada.get("/api/usage/quota").await.body;
    assert_eq!(quota, answer.body["quota"]);
    let ledger = ada.get("/api/usage/ledger").await.body;
    let row = json!({"number": 4, "resource": "llm_tokens_output", "amount": -5_000, "source_id": null,
        "kind": "correction", "note": "The answer never came.", "day": "2026-01-02",
        "at": "2026-01-02T00:00:00Z", "plan": "free"});
    assert_eq!(ledger["items"][0], row);
    assert_eq!(
        (&ledger["items"][1]["amount"], &ledger["total"]),
        (&json!(500), &json!(4))
    );
    let days = ada.get("/api/usage/history?days=2").await.body;
    assert_eq!(
        (&days["items"][0]["tokens"], &days["items"][1]["tokens"]),
        (&json!(900), &json!(15_000))
    );

    let answer = admin.post(&path, &correction("memory_bytes", -200)).await;
    assert_eq!(answer.body["quota"]["storage"]["used"], 300);
    app.finish().await;
}

/// Both sides are told: the person that an administrator did it, the administrator that they did; the
/// person not from where.
#[tokio::test]
async fn both_sides_are_told() {
    let app = TestApp::new().await;
    let (admin, ada) = (app.admin().await, app.user("ada").await);
    let asked = correction("messages", 3);
    assert_eq!(admin.post(&path_of(&ada).await, &asked).await.status, 201);
    let told = async |person: &Person| {
        let activity = person.get("/api/auth/activity").await.body;
        let items = activity["items"].as_array().unwrap().clone();
        let items = items
            .into_iter()
            .filter(|item| item["event"] == "usage_corrected");
        items.collect::<Vec<_>>()
    };
    let (hers, mine) = (told(&ada).await, told(&admin).await);
    assert_eq!((hers.len(), mine.len()), (1, 1));
    assert_eq!(
        (&hers[0]["by"], &hers[0]["detail"]),
        (&json!("administrator"), &json!("messages +3"))
    );
    assert_eq!(hers[0]["address"], Value::Null);
    assert_eq!(
        (&mine[0]["by"], &mine[0]["detail"]),
        (&json!("you"), &json!("messages +3"))
    );
    let all = events(&admin, "event=usage_corrected").await;
    assert_eq!(all.len(), 2);
    // One's own is told once.
    assert_eq!(admin.post(&path_of(&admin).await, &asked).await.status, 201);
    assert_eq!(events(&admin, "event=usage_corrected").await.len(), 3);
    app.finish().await;
}

/// A correction is something, of bounded size, with a reason that fits on a line; the largest there are
/// do not break a sum.
#[tokio::test]
async fn what_is_no_correction() {
    let app = TestApp::new().await;
    let (admin, ada) = (app.admin().await, app.user("ada").await);
    let path = path_of(&ada).await;
    let most = 1_000_000_000_000_i64;
    for (amount, note, code) in [
        (0, "why", "amount_invalid"),
        (most + 1, "why", "amount_invalid"),
        (-most - 1, "why", "amount_invalid"),
        (i64::MIN, "why", "amount_invalid"),
        (1, "", "note_invalid"),
        (1, " \t ", "note_invalid"),
        (1, "one\ntwo", "note_invalid"),
        (1, "bell\u{7}", "note_invalid"),
        (1, &"ü".repeat(201), "note_invalid"),
    ] {
        let body = json!({"resource": "messages", "amount": amount, "note": note});
        let answer = admin.post(&path, &body).await;
        assert_eq!(
            (answer.status, answer.code()),
            (422, code),
            "{amount} {note:?}"
        );
    }
    for body in [
        json!({"resource": "money", "amount": 1, "note": "why"}),
        json!({"resource": "messages", "amount": 1.5, "note": "why"}),
        json!({"resource": "messages", "amount": 1}),
    ] {
        assert_eq!(admin.post(&path, &body).await.status, 400, "{body}");
    }
    assert_eq!(ada.get("/api/usage/ledger").await.body["total"], 0);
    assert_eq!(events(&admin, "event=usage_corrected").await, []);
    for amount in [most, -most, -most] {
        let body = json!({"resource": "messages", "amount": amount, "note": "ü".repeat(200)});
        assert_eq!(admin.post(&path, &body).await.status, 201);
    }
    let day = ada.get("/api/usage/history?days=1").await.body;
    assert_eq!(day["items"][0]["messages"], -most);
    let quota = ada.get("/api/usage/quota").await.body;
    assert_eq!(
        quota["messages"]["used"], 0,
        "less than nothing was not used"
    );
    app.finish().await;
}

/// An account that is no more takes no correction, and nobody but an administrator makes one.
#[tokio::test]
async fn corrections_need_the_right_and_an_account() {
    let app = TestApp::new().await;
    let (admin, ada) = (app.admin().await, app.user("ada").await);
    let (path, asked) = (path_of(&ada).await, correction("messages", 1));
    let refused = ada.post(&path, &asked).await;
    assert_eq!((refused.status, refused.code()), (403, "forbidden"));
    let account = format!("/api/admin/users/{}", id_of(&ada).await);
    assert_eq!(admin.delete(&account).await.status, 202);
    app.run_jobs().await;
    assert_eq!(admin.post(&path, &asked).await.status, 404);
    assert_eq!(admin.get(&format!("{account}/usage")).await.status, 404);
    app.finish().await;
}
