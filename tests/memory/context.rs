//! What a prompt would get.

use serde_json::json;

use super::{instructions, note, tell, texts};
use crate::support::app::TestApp;

/// The context is what the prompt has, line by line, within its budget, and without the conversation that
/// asks.
#[tokio::test]
async fn the_context_is_what_the_prompt_has() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let session = tell(&app, &ada, "My sister Clara lives in Lisbon.")
        .await
        .str("session_id");
    note(&ada, "Clara, my sister, has a boat in Lisbon.").await;
    let path = "/api/memory/context?q=Where%20does%20my%20sister%20Clara%20live";
    let context = ada.get(path).await;
    assert_eq!(context.status, 200);
    let within = ada.get(&format!("{path}&session_id={session}")).await.body;
    assert_eq!(
        texts(&within["memories"]),
        ["Clara, my sister, has a boat in Lisbon."]
    );
    let answer = ada.say("Where does my sister Clara live").await;
    assert_eq!(
        texts(&context.body["memories"]),
        texts(&answer.body["memories"])
    );
    let told = instructions(&app);
    let lines: Vec<_> = told.lines().filter(|line| line.starts_with("- ")).collect();
    assert_eq!(context.str("text"), lines.join("\n"));
    assert_eq!(lines.len(), 2);
    let tokens = context.body["tokens"].as_u64().unwrap();
    assert!(tokens > 0 && tokens <= context.body["limit_tokens"].as_u64().unwrap());
    for nothing in ["/api/memory/context", "/api/memory/context?q=%20"] {
        let none = ada.get(nothing).await.body;
        assert_eq!((&none["memories"], &none["text"]), (&json!([]), &json!("")));
        assert_eq!(none["tokens"], 0);
    }
    app.finish().await;
}
