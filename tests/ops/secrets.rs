//! What the log tells, and what it never does.

use std::fs;

use serde_json::{Value, json};

use crate::support::app::PASSWORD;
use crate::support::http::Person;
use crate::support::process::{Place, Program};
use crate::support::script::Script;

/// Words that stand in what is sent or said below, and nowhere else.
const SAID: [&str; 12] = [
    "wisteria",
    "rhubarb",
    "aubergine",
    "kohlrabi",
    "celeriac",
    "fennel",
    "parsnip",
    "chervil",
    "salsify",
    "sorrel",
    "lovage",
    "chicory",
];

/// Signs in by every way there is; the tokens that were given out.
async fn sign_in_everywhere(place: &Place, program: &Program) -> (Person, Vec<String>) {
    let link = fs::read_to_string(place.data().join("setup-link")).unwrap();
    let token = link.trim().split_once('#').unwrap().1.to_owned();
    let email = "grace@example.org";
    let nobody = program.nobody();
    let body = json!({"token": token, "email": email, "password": PASSWORD});
    let first = nobody.post("/api/auth/setup", &body).await;
    let body = json!({"email": email, "password": PASSWORD});
    let second = nobody.post("/api/auth/login", &body).await;
    let body = json!({"refresh_token": second.str("refresh_token")});
    let third = nobody.post("/api/auth/refresh", &body).await;
    let wrong = json!({"email": email, "password": "mistyped-wisteria"});
    nobody.post("/api/auth/login", &wrong).await;
    let words = ["user", "create", "ada@example.org", "--password-stdin"];
    let made = place.run(&words, "lovage lovage lovage\n").await;
    assert!(made.status.success(), "{made:?}");
    let mut tokens = vec![token];
    for answer in [&first, &second, &third] {
        tokens.push(answer.str("access_token"));
        tokens.push(answer.str("refresh_token"));
    }
    (nobody.with_token(&first.str("access_token")), tokens)
}

/// Says and searches things, with and without success.
async fn talk(place: &Place, grace: &Person) {
    place
        .model
        .answer(Script::says(["Your aubergine ", "is safe."]));
    let session = grace.say("My rhubarb is a secret").await.str("session_id");
    let broken = Script::says(["broken kohlrabi"]).error_midstream("runner died");
    place.model.answer(broken);
    let answer = grace
        .say_in(&session, "What of rhubarb and celeriac?")
        .await;
    assert_eq!(answer.body["status"], "interrupted");
    let search = json!({"query": "fennel"});
    grace.post("/api/memory/search", &search).await;
    grace.get("/api/memory?q=parsnip").await;
    grace.get("/api/no/chervil").await;
    let path = format!("/api/chat/sessions/{session}");
    grace.patch(&path, &json!({"title": "salsify"})).await;
    let path = format!("/api/chat/messages/{}/edit", answer.str("message_id"));
    grace.post(&path, &json!({"message": "sorrel"})).await;
}

/// Whatever is logged, it is no password, no token, and nothing of what anybody said. Each line is
/// JSON, and each request is found by its id.
#[tokio::test]
async fn the_log_keeps_secrets() {
    let place = Place::new();
    let mut program = place.serve().await;
    let (grace, tokens) = sign_in_everywhere(&place, &program).await;
    talk(&place, &grace).await;
    let request = program.nobody().request("GET", "/api/auth/me");
    let request = request.bearer_auth("chicory.chicory.chicory");
    Person::send(request.header("x-correlation-id", "find-me")).await;
    program.terminate();
    program.ended().await;

    let log = program.log();
    // The last part of a token is its signature.
    let signatures = tokens.iter().map(|token| token.rsplit('.').next().unwrap());
    for secret in signatures.chain(SAID).chain([PASSWORD]) {
        assert!(!log.contains(secret), "{secret} in\n{log}");
    }
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let mine = lines
        .iter()
        .filter(|line| line["span"]["correlation_id"] == "find-me");
    let mine: Vec<_> = mine.collect();
    assert_eq!(mine.len(), 1, "{log}");
    assert_eq!(
        (&mine[0]["message"], &mine[0]["status"]),
        (&json!("answered"), &json!(401))
    );
    assert_eq!(mine[0]["span"]["route"], "/api/auth/me");
    let failed = lines
        .iter()
        .find(|line| line["message"] == "the answer failed")
        .unwrap();
    assert_eq!(failed["code"], "model_stream_error");
    assert!(failed["span"]["user_id"].is_string(), "{failed}");
}
