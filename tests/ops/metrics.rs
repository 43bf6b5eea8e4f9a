//! What is counted, under which names, and who may see it.

use serde_json::json;
use uuid::Uuid;

use super::data_commands::create;
use crate::support::app::TestApp;
use crate::support::http::{Answer, Person};
use crate::support::process::Place;

async fn metrics_via(app: &TestApp, header: &str, value: &str) -> Answer {
    let request = app.nobody().request("GET", "/metrics");
    Person::send(request.header(header, value)).await
}

/// Unless told otherwise only this machine sees the metrics; what came through a proxy is not this
/// machine, whatever it says.
#[tokio::test]
async fn metrics_are_for_this_machine() {
    let app = TestApp::new().await;
    let shown = app.nobody().get("/metrics").await;
    assert_eq!(shown.status, 200);
    assert!(
        shown
            .header("content-type")
            .starts_with("text/plain; version=0.0.4"),
        "{shown:?}"
    );
    assert!(
        shown.text.contains("process_start_time_seconds"),
        "{}",
        shown.text
    );
    for (header, value) in [
        ("x-forwarded-for", "203.0.113.9"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-for", "::1"),
        ("x-forwarded-for", "::ffff:127.0.0.1"),
        ("x-forwarded-for", "nonsense"),
        ("forwarded", "for=127.0.0.1"),
        ("via", "1.1 proxy"),
    ] {
        let refused = metrics_via(&app, header, value).await;
        assert_eq!(
            (refused.status, refused.code()),
            (403, "forbidden"),
            "{header}: {value}"
        );
    }
    app.finish().await;
}

/// An operator names other networks, and then only those see them.
#[tokio::test]
async fn metrics_are_for_the_networks_that_are_named() {
    let networks = vec!["203.0.113.0/24".to_owned()];
    let app = TestApp::with(|config| config.metrics.allowed_networks = networks).await;
    assert_eq!(
        metrics_via(&app, "x-forwarded-for", "203.0.113.9")
            .await
            .status,
        200
    );
    assert_eq!(
        metrics_via(&app, "x-forwarded-for", "198.51.100.1")
            .await
            .status,
        403
    );
    assert_eq!(app.nobody().get("/metrics").await.status, 403);
    app.finish().await;
}

/// The index's lag goes back to nothing by itself once its durable commit is made.
#[tokio::test]
async fn the_index_lag_ends() {
    let place = Place::new();
    create(&place, "ada@example.org").await;
    let program = place.serve().await;
    let ada = program.sign_in("ada@example.org").await;
    assert_eq!(ada.say("My kettle is broken.").await.status, 200);
    let lag = async || {
        let shown = program.nobody().get("/metrics").await.text;
        let mut lines = shown.lines();
        let value = lines.find_map(|line| line.strip_prefix("memory_index_lag "));
        value.unwrap().parse::<u64>().unwrap()
    };
    assert!(lag().await > 0, "the commit comes a second later");
    while lag().await > 0 {}
}

fn names_and_types(shown: &str) -> Vec<&str> {
    let types = shown.lines();
    let types = types.filter_map(|line| line.strip_prefix("# TYPE "));
    let mut all: Vec<_> = types.collect();
    all.sort_unstable();
    all
}

/// The names that dashboards and alerts are built on, in a program of its own after a message, and
/// no label that names a person, a thing or a text.
#[tokio::test]
async fn the_names_of_the_metrics() {
    let place = Place::new();
    create(&place, "ada@example.org").await;
    let mut program = place.serve().await;
    let ada = program.sign_in("ada@example.org").await;
    let answer = ada.say("Do you keep a secret?").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    ada.say("Another secret?").await;
    let path = format!("/api/chat/history/{}", answer.str("session_id"));
    ada.get(&path).await;
    let wrong = json!({"email": "ada@example.org", "password": "a wrong one"});
    ada.post("/api/auth/login", &wrong).await;
    program.nobody().get("/api/no-such-address").await;
    Person::send(program.nobody().request("MADEUP", "/health")).await;
    let shown = program.nobody().get("/metrics").await.text;
    let names = names_and_types(&shown);
    insta::assert_snapshot!(names.join("\n"), @r"
    auth_sign_ins_total counter
    backup_good_timestamp_seconds gauge
    billing_messages_total counter
    billing_tokens_charged_total counter
    chat_context_mismatch_total counter
    chat_first_token_seconds histogram
    chat_tokens_total counter
    chat_turns_running gauge
    chat_turns_total counter
    http_request_duration_seconds histogram
    http_requests_total counter
    jobs_waiting gauge
    memory_index_lag gauge
    memory_recalled_total counter
    memory_vector_bytes gauge
    memory_vector_graphs gauge
    memory_vectors gauge
    memory_vectors_waiting gauge
    process_start_time_seconds gauge
    storage_held gauge
    storage_journal_bytes gauge
    storage_live_bytes gauge
    storage_read_only gauge
    storage_seq gauge
    storage_snapshot_bytes gauge
    storage_snapshot_timestamp_seconds gauge
    storage_snapshots gauge
    ");
    for name in &names {
        let name = name.split_once(' ').unwrap().0;
        assert!(
            shown.contains(&format!("# HELP {name} ")),
            "{name} is not explained"
        );
    }
    assert!(
        shown.contains(r#"route="/api/chat/history/{id}""#),
        "{shown}"
    );
    assert!(shown.contains(r#"route="unmatched""#), "{shown}");
    for word in ["ada", "secret", "no-such-address", "127.0.0.1", "MADEUP"] {
        assert!(!shown.contains(word), "{word} in {shown}");
    }
    let ids = shown.split(|c: char| !c.is_ascii_hexdigit() && c != '-');
    assert_eq!(
        ids.filter(|word| Uuid::parse_str(word).is_ok()).count(),
        0,
        "{shown}"
    );
    program.terminate();
    assert_eq!(program.ended().await.0, Some(0));
}
