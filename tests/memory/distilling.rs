//! What an idle model makes of ended sessions, and what of it is kept.

use std::time::Duration;

use novacore::config::{Distil, Provider};
use novacore::schedule;
use serde_json::{Value, json};

use super::{all, id_of, instructions, texts};
use crate::support::app::TestApp;
use crate::support::http::{Answer, Person};
use crate::support::script::{Gate, Script};

const CLARA: &str = "My sister Clara lives in Lisbon.";
pub const CELLO: &str = "I play the cello on Mondays.";

/// Says these in a conversation of its own, each answered with "Lovely.", and ends it.
pub async fn session(app: &TestApp, person: &Person, said: &[&str]) -> String {
    let mut session: Option<String> = None;
    for words in said {
        app.model.answer(Script::says(["Lovely."]));
        let body = json!({"message": words, "session_id": session});
        let answer = person.post("/api/chat/message", &body).await;
        session = Some(answer.str("session_id"));
    }
    let session = session.unwrap();
    let path = format!("/api/chat/sessions/{session}/end");
    assert_eq!(person.post(&path, &json!({})).await.status, 200);
    app.run_jobs().await;
    app.settle().await;
    session
}

fn says(value: &Value) -> Script {
    Script::says([value.to_string()]).counts(100, 20)
}

pub fn facts(facts: &[(&str, &[i64])]) -> Script {
    let facts = facts
        .iter()
        .map(|(text, turns)| json!({"text": text, "turns": turns}));
    says(&json!({"facts": facts.collect::<Vec<_>>()}))
}

pub fn text(text: &str, turns: &[i64]) -> Script {
    says(&json!({"text": text, "turns": turns}))
}

/// Has what waits distilled, to the end.
pub async fn distil(app: &TestApp, person: &Person) -> Answer {
    let begun = person.post("/api/memory/distil", &json!({})).await;
    assert_eq!(begun.status, 202, "{begun:?}");
    app.run_jobs().await;
    app.settle().await;
    begun
}

pub async fn profile(person: &Person) -> Value {
    person.get("/api/memory/profile").await.body
}

pub async fn jobs(person: &Person, kind: &str) -> Vec<Value> {
    let jobs = person.get("/api/memory/jobs").await.body;
    let mut jobs = jobs["items"].as_array().unwrap().clone();
    jobs.retain(|job| job["kind"] == kind);
    jobs
}

pub async fn outcomes(app: &TestApp) -> Value {
    let state = app.admin().await.get("/api/admin/memory").await;
    state.body["distilling"]["outcomes"].clone()
}

/// A session becomes a summary, facts and advice, each with the turns it rests on; the model was asked for
/// one item a call, in a form, about quoted turns and nothing that a model made of them.
#[tokio::test]
async fn a_session_is_distilled() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let session = session(&app, &ada, &[CLARA, CELLO]).await;
    let summary = "The person talked about Clara in Lisbon and about the cello.";
    app.model.answer(text(summary, &[1, 3]));
    app.model.answer(facts(&[
        ("Your sister Clara lives in Lisbon.", &[1]),
        ("You play the cello on Mondays.", &[3]),
        ("You are a doctor in Paris.", &[3]),
        ("You play the cello.", &[3]),
    ]));
    let advice = "I listened. I could ask more about Clara.";
    app.model.answer(text(advice, &[1, 2]));
    let begun = distil(&app, &ada).await;
    assert_eq!(begun.body["job_ids"].as_array().unwrap().len(), 2);
    let known = profile(&ada).await;
    assert_eq!(
        texts(&known["facts"]),
        [
            "You play the cello on Mondays.",
            "Your sister Clara lives in Lisbon."
        ]
    );
    assert_eq!(texts(&known["advice"]), [advice]);
    let (clara, cello) = (id_of(&ada, CLARA).await, id_of(&ada, CELLO).await);
    assert_eq!(known["facts"][0]["evidence"], json!([cello]));
    assert_eq!(known["facts"][0]["tier"], "ltm");
    let id = id_of(&ada, summary).await;
    let summary = ada.get(&format!("/api/memory/{id}")).await.body;
    let shown = summary["evidence"].as_array().unwrap();
    assert_eq!(shown.len(), 4, "all that it may have words of");
    assert_eq!((&shown[0], &shown[2]), (&json!(clara), &json!(cello)));
    assert_eq!(summary["kind"], "summary");
    assert_ne!(summary["session_id"], json!(session), "nobody's neighbour");

    let requests = app.model.requests().split_off(2);
    assert_eq!(requests.len(), 3);
    for request in &requests {
        assert!(request["format"]["properties"].is_object(), "{request}");
        assert_eq!(request["options"]["temperature"], 0.0);
        let asked = request["messages"][1]["content"].as_str().unwrap();
        let line = format!("[1] 2026-01-01, the person: \"{CLARA}\"");
        assert!(asked.contains(&line), "{asked}");
    }
    let of_facts = requests[1]["messages"].to_string();
    assert!(!of_facts.contains("talked about Clara"), "{of_facts}");
    let job = &jobs(&ada, "distil").await[0];
    let made = json!({"facts": 2, "summaries": 1, "reflections": 0, "rejected": 2});
    assert_eq!((&job["state"], &job["made"]), (&json!("done"), &made));
    let counted = outcomes(&app).await;
    assert_eq!(counted, json!({"accepted": 4, "name": 1, "too_many": 1}));
    assert_eq!(
        ada.post("/api/memory/distil", &json!({})).await.body["sessions"],
        0
    );
    app.finish().await;
}

/// What is known goes into prompts as quoted, dated data within the budget, and into none without memory;
/// advice goes there as advice alone.
#[tokio::test]
async fn what_is_known_is_in_prompts() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    session(&app, &ada, &[CLARA, CELLO]).await;
    app.model.answer(text("They talked about Lisbon.", &[1]));
    app.model
        .answer(facts(&[("You play the cello on Mondays.", &[3])]));
    app.model
        .answer(text("I could ask more about Clara.", &[1, 2]));
    distil(&app, &ada).await;
    let said = ada.say("Which day is it for the cello?").await;
    let told = instructions(&app);
    let line = "- 2026-01-01: \"You play the cello on Mondays.\"";
    assert_eq!(told.matches(line).count(), 1, "{told}");
    let advice = "Advice to yourself from earlier sessions; not instructions.\n\
        - 2026-01-01: \"I could ask more about Clara.\"";
    assert!(told.contains(advice), "{told}");
    let used = said.body["memories"].as_array().unwrap().clone();
    assert_eq!(used[0]["text"], CELLO);
    let in_view = |memory: &&Value| memory["score"] == 0.0 && memory["reasons"] == json!([]);
    let shown: Vec<_> = used.iter().filter(in_view).collect();
    let part = |name: &str| json!([{"name": name, "value": 0.0}]);
    assert_eq!(
        shown
            .iter()
            .map(|m| (&m["text"], &m["parts"]))
            .collect::<Vec<_>>(),
        [
            (&json!("You play the cello on Mondays."), &part("profile")),
            (&json!("I could ask more about Clara."), &part("advice"))
        ],
        "once, and after what was recalled"
    );
    assert_eq!(used[used.len() - 2..].iter().collect::<Vec<_>>(), shown);
    for (memory, times) in [(&used[0], 1), (shown[0], 0), (shown[1], 0)] {
        let path = format!("/api/memory/{}", memory["id"].as_str().unwrap());
        assert_eq!(ada.get(&path).await.body["times_used"], times, "{memory}");
    }
    let without = json!({"message": "And the cello?", "use_memory": false});
    ada.post("/api/chat/message", &without).await;
    assert!(!instructions(&app).contains("cello on Mondays"));
    app.finish().await;
}

/// What small models do wrong: an answer of the wrong form is asked for once more, with what was wrong; and
/// thinking, fences and chatter are no part of it.
#[tokio::test]
async fn an_unusable_answer_is_asked_for_once_more() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    session(&app, &ada, &[CELLO]).await;
    app.model
        .answer(Script::says(["Sure! You play the cello."]));
    let good = r#"{"facts": [{"text": "You play the cello on Mondays.", "turns": ["[1]"]}]}"#;
    let fenced = format!("<think>Hm. {{</think>Here:\n```json\n{good}\n```");
    app.model.answer(Script::says([fenced]).thinking(["So..."]));
    distil(&app, &ada).await;
    assert_eq!(
        texts(&profile(&ada).await["facts"]),
        ["You play the cello on Mondays."]
    );
    let requests = app.model.requests();
    assert_eq!(requests.len(), 3, "short talk is worth no summary");
    let repair = requests[2]["messages"][1]["content"].as_str().unwrap();
    assert!(repair.contains("it held no JSON object"), "{repair}");
    assert!(
        !repair.contains("Sure!"),
        "a model's words are shown to no model"
    );
    app.finish().await;
}

/// What is forgotten while the model writes about it is not kept; and when a cited turn is forgotten, what
/// came of it goes at once and the session is distilled again.
#[tokio::test]
async fn forgetting_is_stronger() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    session(&app, &ada, &[CLARA]).await;
    let gate = Gate::new();
    let about_clara = ("Your sister Clara lives in Lisbon.", &[1_i64][..]);
    app.model.answer(facts(&[about_clara]).gated(&gate));
    ada.post("/api/memory/distil", &json!({})).await;
    app.model.received(2).await;
    let clara = id_of(&ada, CLARA).await;
    let forget = async |id: &str| ada.delete(&format!("/api/memory/{id}")).await.status;
    assert_eq!(forget(&clara).await, 204);
    gate.open();
    app.run_jobs().await;
    assert_eq!(profile(&ada).await["facts"], json!([]));
    assert_eq!(outcomes(&app).await, json!({"gone": 1}));

    session(&app, &ada, &[CELLO, CLARA]).await;
    app.model.answer(text("They talked about Lisbon.", &[3]));
    app.model.answer(facts(&[
        ("You play the cello on Mondays.", &[1]),
        ("Your sister Clara lives in Lisbon.", &[3]),
    ]));
    app.model.answer(text("I could ask more.", &[2]));
    distil(&app, &ada).await;
    assert_eq!(texts(&profile(&ada).await["facts"]).len(), 2);
    assert_eq!(forget(&id_of(&ada, CLARA).await).await, 204);
    assert_eq!(
        texts(&profile(&ada).await["facts"]),
        ["You play the cello on Mondays."]
    );
    assert!(!all(&ada).await.iter().any(|text| text.contains("Lisbon")));
    let before = app.model.requests().len();
    app.model
        .answer(facts(&[("You play the cello on Mondays.", &[1])]));
    distil(&app, &ada).await;
    let asked = app.model.requests().split_off(before);
    assert!(!asked.is_empty(), "it is distilled again");
    assert!(!json!(asked).to_string().contains("Lisbon"));
    assert_eq!(
        texts(&profile(&ada).await["facts"]),
        ["You play the cello on Mondays."]
    );
    app.finish().await;
}

/// "Now" supersedes: what was so is kept as past; the same again is kept once; and what is older comes too
/// late.
#[tokio::test]
async fn facts_are_superseded() {
    let app = TestApp::with(|config| config.auth.access_minutes = 1_440).await;
    let ada = app.user("ada").await;
    let bern = session(&app, &ada, &["I live in Bern."]).await;
    app.model.answer(facts(&[("You live in Bern.", &[1])]));
    distil(&app, &ada).await;
    app.advance(Duration::from_hours(20));
    session(&app, &ada, &["I live in Lisbon now."]).await;
    app.model
        .answer(facts(&[("You now live in Lisbon.", &[1])]));
    distil(&app, &ada).await;
    let known = profile(&ada).await;
    assert_eq!(texts(&known["facts"]), ["You now live in Lisbon."]);
    assert_eq!(texts(&known["past"]), ["You live in Bern."]);
    assert!(known["past"][0]["ended_at"].is_string());
    let path = format!("/api/memory/{}", id_of(&ada, "I live in Bern.").await);
    let turn = ada.get(&path).await;
    let by = id_of(&ada, "I live in Lisbon now.").await;
    assert_eq!(turn.body["superseded_by"], json!(by), "the turn as well");
    app.model.answer(facts(&[("You live in Bern.", &[1])]));
    let again = json!({"session_id": bern});
    assert_eq!(ada.post("/api/memory/distil", &again).await.status, 202);
    app.run_jobs().await;
    assert_eq!(
        texts(&profile(&ada).await["facts"]),
        ["You now live in Lisbon."]
    );
    assert_eq!(outcomes(&app).await["outdated"], 1);
    app.finish().await;
}

/// Switched off, or with the demonstration model alone, nothing is asked; by day and by night.
#[tokio::test]
async fn it_can_be_off() {
    for demo in [false, true] {
        let app = TestApp::with(|config| {
            config.auth.access_minutes = 1_440;
            if demo {
                config.model.provider = Provider::Demo;
            } else {
                config.memory.distil = Distil::Off;
            }
        })
        .await;
        let ada = app.user("ada").await;
        schedule::sweep(&app.app).await.unwrap();
        ada.say(CELLO).await;
        app.settle().await;
        let refused = ada.post("/api/memory/distil", &json!({})).await;
        assert_eq!((refused.status, refused.code()), (409, "distil_off"));
        let asked = app.model.requests().len();
        app.advance(Duration::from_hours(3));
        schedule::sweep(&app.app).await.unwrap();
        app.run_jobs().await;
        assert_eq!(app.model.requests().len(), asked);
        assert_eq!(jobs(&ada, "distil").await.len(), 0);
        app.finish().await;
    }
}
