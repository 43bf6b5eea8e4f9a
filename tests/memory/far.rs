//! Searches that have far to look, and questions that are long.

use serde_json::{Value, json};

use super::{import, search, tell, unlimited};

/// What a filter wants is found although hundreds of others have the words more often.
#[tokio::test]
async fn a_filter_looks_further() {
    let app = unlimited().await;
    let ada = app.user("ada").await;
    let mut lines: Vec<Value> = (0..700)
        .map(|n| {
            json!({"text": format!("Green tea, more green tea, cup {n}"), "session_key": "cups",
                "created_at": "2025-06-01T12:00:00Z"})
        })
        .collect();
    let rest = "and a long list of other things that were bought on the way home from work";
    lines.push(
        json!({"text": format!("Once some tea, {rest}"), "kind": "note", "tags": ["shop"],
        "created_at": "2023-06-01T12:00:00Z"}),
    );
    lines.push(
        json!({"text": format!("Again some tea, {rest}"), "pinned": true,
        "session_key": "pins", "created_at": "2024-06-01T12:00:00Z"}),
    );
    assert_eq!(import(&ada, &lines).await.body["imported"], 702);
    for (filter, begin) in [
        (json!({"kind": "note"}), "Once"),
        (json!({"tag": "shop"}), "Once"),
        (json!({"to": "2023-12-31"}), "Once"),
        (json!({"pinned": true}), "Again"),
        (json!({"from": "2024-01-01", "to": "2024-12-31"}), "Again"),
    ] {
        let mut asked = filter.clone();
        asked["query"] = json!("green tea");
        let answer = ada.post("/api/memory/search", &asked).await.body;
        assert_eq!(answer["total"], 1, "{filter}: {answer}");
        let text = answer["results"][0]["text"].as_str().unwrap();
        assert!(text.starts_with(begin), "{filter}: {text}");
    }
    app.finish().await;
}

/// However long and however many dates a question has, it is answered, by its beginning.
#[tokio::test]
async fn a_huge_question_is_a_question() {
    let app = unlimited().await;
    let ada = app.user("ada").await;
    tell(&app, &ada, "The kettle is broken.").await;
    let years = (1901..2500).map(|year| format!("may {year}"));
    let dates: Vec<String> = years.collect();
    for long in [
        format!("Kettle {}", "the ".repeat(60_000)),
        format!("Kettle {}", dates.join(" ")),
    ] {
        let found = search(&ada, &long).await;
        assert_eq!(found.body["results"][0]["text"], "The kettle is broken.");
    }
    app.finish().await;
}
