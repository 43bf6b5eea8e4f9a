//! Usage as administrators see it.

use novacore::billing::Resource::{LlmTokensInput, LlmTokensOutput, MemoryBytes, Messages};
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::ledger::book;
use crate::support::people::id_of;

fn column<'a>(body: &'a Value, key: &str) -> Vec<&'a Value> {
    let items = body["items"].as_array().unwrap().iter();
    items.map(|item| &item[key]).collect()
}

/// Everybody stands in the list, who used most comes first; the sums are of all of them, also where the
/// list is cut, and only of the days that were asked for.
#[tokio::test]
async fn everybodys_usage() {
    let app = TestApp::with(|config| config.plans.default = "free".into()).await;
    let (admin, ada, bob) = (
        app.admin().await,
        app.user("ada").await,
        app.user("bob").await,
    );
    book(&app, &ada, 0, &[(LlmTokensInput, 1_000), (MemoryBytes, 70)]).await;
    book(&app, &bob, 0, &[(LlmTokensOutput, 5_000), (Messages, 2)]).await;
    book(
        &app,
        &ada,
        -1,
        &[(LlmTokensOutput, 9_000), (MemoryBytes, -30)],
    )
    .await;
    let today = admin.get("/api/admin/usage").await.body;
    assert_eq!(
        column(&today, "email"),
        ["bob@example.org", "ada@example.org", "admin@example.org"]
    );
    assert_eq!(column(&today, "tokens"), [5_000, 1_000, 0]);
    assert_eq!(column(&today, "memory_bytes"), [0, 40, 0]);
    let percentages = [json!(25.0), json!(5.0), Value::Null];
    assert_eq!(
        column(&today, "today_percentage"),
        percentages.iter().collect::<Vec<_>>()
    );
    let totals = json!({"llm_tokens_input": 1_000, "llm_tokens_output": 5_000, "llm_tokens_context": 0,
        "messages": 2, "memory_bytes": 70, "background_tokens": 0, "tokens": 6_000});
    assert_eq!(today["totals"], totals);
    assert_eq!(
        (&today["memory_bytes_total"], &today["people_total"]),
        (&json!(40), &json!(3))
    );
    assert_eq!(
        (&today["days"], &today["from"], &today["to"]),
        (&json!(1), &json!("2026-01-01"), &json!("2026-01-01"))
    );
    let first = json!({"id": id_of(&bob).await, "email": "bob@example.org", "plan": "free", "source": "default",
        "llm_tokens_input": 0, "llm_tokens_output": 5_000, "llm_tokens_context": 0, "messages": 2,
        "background_tokens": 0, "tokens": 5_000, "memory_bytes": 0, "today_percentage": 25.0});
    assert_eq!(today["items"][0], first);

    let both = admin.get("/api/admin/usage?days=2&limit=1").await.body;
    assert_eq!(column(&both, "email"), ["ada@example.org"]);
    assert_eq!(
        (&both["totals"]["tokens"], &both["people_total"]),
        (&json!(15_000), &json!(3))
    );
    assert_eq!(both["from"], "2025-12-31");
    for days in ["0", "367"] {
        let refused = admin.get(&format!("/api/admin/usage?days={days}")).await;
        assert_eq!((refused.status, refused.code()), (422, "days_invalid"));
    }
    app.finish().await;
}

/// One person's usage is what they see themselves.
#[tokio::test]
async fn one_persons_usage() {
    let app = TestApp::with(|config| config.plans.default = "basic".into()).await;
    let (admin, ada) = (app.admin().await, app.user("ada").await);
    book(&app, &ada, -1, &[(LlmTokensInput, 1_000)]).await;
    book(&app, &ada, 0, &[(Messages, 3)]).await;
    let path = format!("/api/admin/users/{}/usage", id_of(&ada).await);
    for (query, hers) in [("", "history"), ("?days=2", "history?days=2")] {
        let one = admin.get(&format!("{path}{query}")).await.body;
        assert_eq!(one["quota"], ada.get("/api/usage/quota").await.body);
        assert_eq!(
            one["history"],
            ada.get(&format!("/api/usage/{hers}")).await.body["items"]
        );
    }
    let refused = admin.get(&format!("{path}?days=0")).await;
    assert_eq!((refused.status, refused.code()), (422, "days_invalid"));
    assert_eq!(ada.get(&path).await.code(), "forbidden");
    app.finish().await;
}
