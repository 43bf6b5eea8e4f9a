//! What a prompt would get.

use serde_json::json;

use super::{id_of, import, instructions, note, tell, texts};
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
    let text = context.str("text");
    assert!(
        told.ends_with(&format!("\n\n{text}")),
        "{told} has not {text}"
    );
    assert_eq!(text.matches("\n- ").count(), 2);
    let tokens = context.body["tokens"].as_u64().unwrap();
    assert!(tokens > 0 && tokens <= context.body["limit_tokens"].as_u64().unwrap());
    for nothing in ["/api/memory/context", "/api/memory/context?q=%20"] {
        let none = ada.get(nothing).await.body;
        assert_eq!((&none["memories"], &none["text"]), (&json!([]), &json!("")));
        assert_eq!(none["tokens"], 0);
    }
    app.finish().await;
}

/// Who builds a prompt of it gets what the chat has: facts, advice and memories, each under its heading, and
/// nothing else; and is told what each of them is and what all of it takes.
#[tokio::test]
async fn the_context_has_profile_and_advice() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    note(&ada, "Clara, my sister, has a boat in Lisbon.").await;
    tell(&app, &ada, "I keep bees.").await;
    let bees = id_of(&ada, "I keep bees.").await;
    let advice =
        json!({"kind": "reflection", "text": "I could ask more about bees.", "evidence": [bees]});
    assert_eq!(import(&ada, &[advice]).await.body["imported"], 1);
    let fact = json!({"text": "I live in Porto."});
    assert_eq!(ada.post("/api/memory/profile", &fact).await.status, 201);
    let context = ada
        .get("/api/memory/context?q=Has%20Clara%20a%20boat")
        .await;
    ada.say("Has Clara a boat").await;
    let (told, text) = (instructions(&app), context.str("text"));
    assert!(
        told.ends_with(&format!(".\n\n{text}")),
        "{told} has not {text}"
    );
    for (part, words) in [
        ("profile", "I live in Porto."),
        ("advice", "I could ask more about bees."),
    ] {
        assert_eq!(context.body[part], json!([words]));
        assert_eq!(text.matches(words).count(), 1, "{text}");
    }
    assert_eq!(
        texts(&context.body["memories"]),
        ["Clara, my sister, has a boat in Lisbon."]
    );
    let tokens = context.body["tokens"].as_u64().unwrap();
    let letters = u64::try_from(text.len()).unwrap();
    assert!(
        tokens >= letters / 6 && tokens <= letters,
        "{tokens}: {text}"
    );
    let known = ada.get("/api/memory/context").await;
    assert_eq!(known.body["memories"], json!([]));
    let known = known.str("text");
    assert!(
        text.starts_with(&known) && known.contains("Porto"),
        "{known}"
    );
    app.finish().await;
}
