//! What services do, and the token by which the model server knows NovaCore.

use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use novacore::billing::Resource;
use novacore::jobs::{Job, State};
use serde_json::{Value, json};
use storage::Table;

use super::health::dependency;
use crate::support::app::TestApp;
use crate::support::fake_ollama::FakeOllama;
use crate::support::http::{Answer, Person};
use crate::support::ledger;
use crate::support::process::Place;
use crate::support::programs::{as_service, part, service};

/// Asks as somebody from elsewhere does, through a proxy.
async fn from_elsewhere(app: &TestApp, path: &str, token: &str) -> Answer {
    let request = app.nobody().request("GET", path);
    let request = request.header("x-forwarded-for", "203.0.113.9");
    let request = if token.is_empty() {
        request
    } else {
        request.header("x-service-token", token)
    };
    Person::send(request).await
}

/// A monitor elsewhere reads the metrics by its token; a token that is no good for it says why.
#[tokio::test]
async fn metrics_for_a_monitor() {
    let app = TestApp::new().await;
    let monitor = service(&app, "monitor", &["metrics:read", "usage:read"]).await;
    let good = monitor.token(&app, &["metrics:read"]).await;
    let shown = from_elsewhere(&app, "/metrics", &good).await;
    assert_eq!(shown.status, 200);
    assert!(shown.text.contains("process_start_time_seconds"));
    let other = monitor.token(&app, &["usage:read"]).await;
    for (token, code) in [
        ("", "forbidden"),
        (other.as_str(), "scope_missing"),
        ("nonsense", "service_token_invalid"),
    ] {
        let refused = from_elsewhere(&app, "/metrics", token).await;
        assert_eq!((refused.status, refused.code()), (403, code));
    }
    app.advance(Duration::from_mins(15));
    let late = from_elsewhere(&app, "/metrics", &good).await;
    assert_eq!(late.code(), "service_token_expired");
    let here = as_service(&app, "GET", "/metrics", "nonsense").await;
    assert_eq!(here.status, 200, "this machine needs no token");
    app.finish().await;
}

/// A monitor elsewhere is told why something is degraded, by its token; with a bad one it is told what
/// everybody is.
#[tokio::test]
async fn reasons_for_a_monitor() {
    let down = FakeOllama::down();
    let app = TestApp::with(|config| config.model.url = down.url()).await;
    app.settle().await;
    let monitor = service(&app, "monitor", &["metrics:read", "usage:read"]).await;
    let good = monitor.token(&app, &["metrics:read"]).await;
    let told = from_elsewhere(&app, "/ready", &good).await;
    assert!(
        dependency(&told.body, "model")["reason"].is_string(),
        "{told:?}"
    );
    let other = monitor.token(&app, &["usage:read"]).await;
    for token in ["", "nonsense", &other] {
        let ready = from_elsewhere(&app, "/ready", token).await;
        assert_eq!(ready.status, 200);
        assert_eq!(
            dependency(&ready.body, "model").get("reason"),
            None,
            "{token}"
        );
    }
    app.finish().await;
}

fn numbers(value: &Value) -> bool {
    let all = value.as_object();
    all.map_or(value.is_u64(), |all| all.values().all(numbers))
}

/// Usage is numbers and nothing else: how many accounts, conversations, memories, bytes.
#[tokio::test]
async fn usage_is_numbers() {
    let app = TestApp::new().await;
    let ada = app.unverified("ada").await;
    ada.say("My sister lives in Lisbon.").await;
    app.advance(Duration::from_hours(8 * 24));
    app.user("bob").await.say("Hello").await;
    app.user("bob").await;
    app.settle().await;
    let monitor = service(&app, "monitor", &["usage:read"]).await;
    let token = monitor.token(&app, &["usage:read"]).await;
    let usage = as_service(&app, "GET", "/api/internal/usage", &token).await;
    assert_eq!(usage.status, 200);
    // Active are Bob, and the administrator who made the service just now.
    let accounts = json!({"total": 3, "verified": 2, "disabled": 0, "active_7_days": 2});
    assert_eq!(usage.body["accounts"], accounts);
    assert_eq!(usage.body["conversations"], 2);
    assert_eq!(usage.body["memories"], 4);
    let ada = app.user("ada").await;
    ledger::book(&app, &ada, 0, &[(Resource::LlmTokensOutput, 100)]).await;
    ledger::book(&app, &ada, 8, &[(Resource::LlmTokensInput, 7)]).await;
    ledger::book(&app, &ada, 8, &[(Resource::BackgroundTokens, -3)]).await;
    let before = usage.body["today"].clone();
    let usage = as_service(&app, "GET", "/api/internal/usage", &token).await;
    let today = |key: &str| usage.body["today"][key].as_u64().unwrap();
    assert_eq!(today("tokens"), before["tokens"].as_u64().unwrap() + 7);
    assert_eq!(
        today("background_tokens"),
        0,
        "no more is given back than was used"
    );
    for key in ["context_tokens", "messages", "memory_bytes"] {
        assert_eq!(today(key), before[key].as_u64().unwrap(), "{key}");
    }
    for kind in ["live", "journal", "snapshots"] {
        assert!(usage.body["bytes"][kind].is_u64(), "{usage:?}");
    }
    assert!(usage.body["bytes"]["live"].as_u64() > Some(0));
    assert!(numbers(&usage.body), "{usage:?}");
    app.finish().await;
}

/// A backup can be begun by a service that may do that, one at a time, and by no other.
#[tokio::test]
async fn a_service_begins_a_backup() {
    let app = TestApp::new().await;
    let timer = service(&app, "timer", &["backup:run", "jobs:run"]).await;
    let other = timer.token(&app, &["jobs:run"]).await;
    let refused = as_service(&app, "POST", "/api/internal/backup", &other).await;
    assert_eq!((refused.status, refused.code()), (403, "scope_missing"));
    let token = timer.token(&app, &["backup:run"]).await;
    let turn = app.app.care.backing_up.acquire().await.unwrap();
    let busy = as_service(&app, "POST", "/api/internal/backup", &token).await;
    assert_eq!((busy.status, busy.code()), (409, "backup_running"));
    drop(turn);
    let begun = as_service(&app, "POST", "/api/internal/backup", &token).await;
    assert_eq!(begun.status, 202);
    app.settle().await;
    let state = app.admin().await.get("/api/admin/storage").await.body;
    assert_eq!(state["last_backup"]["ok"], true, "{state}");
    app.finish().await;
}

/// Jobs can be had looked at now, and the answer tells how many there were; one that was held is tried.
#[tokio::test]
async fn a_service_has_jobs_looked_at() {
    let app = TestApp::new().await;
    let timer = service(&app, "timer", &["jobs:run"]).await;
    let token = timer.token(&app, &["jobs:run"]).await;
    let held = Job {
        id: app.app.ids.next(),
        kind: "no.such.kind".into(),
        payload: "{}".into(),
        state: State::Held,
        attempts: 0,
        created_at: app.app.clock.now(),
        due_at: Some("2026-01-01T00:10:00Z".parse().unwrap()),
        ended_at: None,
        last_error: None,
    };
    let (id, due) = (held.id, held.due_at.unwrap().as_millisecond());
    let store = move |tx: &mut storage::WriteTx<'_>| {
        let (jobs, dues) = (Table::new("jobs_queue"), Table::new("jobs_due"));
        tx.put(&jobs, &id, &held)?;
        tx.put(&dues, &(due, id), &())
    };
    app.app.store.write(store).await.unwrap();
    let now = || {
        let job = app.app.store.read(|tx| app.app.jobs.get(tx, id));
        job.unwrap().unwrap()
    };
    app.app.jobs.quiet().await.unwrap();
    assert_eq!(now().state, State::Held, "it is not due");
    let answer = as_service(&app, "POST", "/api/internal/jobs/run", &token).await;
    let numbers = json!({"waiting": 0, "held": 1, "failed": 0});
    assert_eq!((answer.status, answer.body), (200, numbers));
    app.app.jobs.quiet().await.unwrap();
    let tried = now();
    assert_ne!(tried.state, State::Held, "it was tried: {tried:?}");
    assert!(tried.last_error.is_some(), "{tried:?}");
    app.finish().await;
}

/// The log line of a service's request names it, and no line holds its secret or token.
#[tokio::test]
async fn the_log_names_the_service() {
    let place = Place::new();
    let words = [
        "user",
        "create",
        "ada@example.org",
        "--admin",
        "--password-stdin",
    ];
    let made = place.run(&words, "a calm river bank\n").await;
    assert!(made.status.success(), "{made:?}");
    let mut program = place.serve().await;
    let ada = program.sign_in("ada@example.org").await;
    let body = json!({"name": "wisteria", "audiences": ["novacore"], "scopes": ["usage:read"]});
    let secret = ada.post("/api/admin/services", &body).await.str("secret");
    let body = json!({"service": "wisteria", "secret": secret, "audience": "novacore", "scopes": ["usage:read"]});
    let nobody = program.nobody();
    let token = nobody
        .post("/api/auth/service/token", &body)
        .await
        .str("token");
    let request = nobody.request("GET", "/api/internal/usage");
    let request = request.header("x-service-token", &token);
    let usage = Person::send(request.header("x-correlation-id", "find-me")).await;
    assert_eq!(usage.status, 200, "{usage:?}");
    program.terminate();
    program.ended().await;
    let log = program.log();
    let lines = log
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut mine = lines.filter(|line| line["span"]["correlation_id"] == "find-me");
    let line = mine.find(|line| line["message"] == "answered").unwrap();
    assert_eq!(line["span"]["service"], "wisteria");
    for secret in [secret.as_str(), token.rsplit('.').next().unwrap()] {
        assert!(!log.contains(secret), "{log}");
    }
}

const MODEL_SECRET: &str = "the model server and nova know this one";

fn proved(token: &str) -> Value {
    let mut rules = Validation::new(Algorithm::HS256);
    rules.set_audience(&["model"]);
    rules.validate_exp = false;
    let key = DecodingKey::from_secret(MODEL_SECRET.as_bytes());
    decode::<Value>(token, &key, &rules).unwrap().claims
}

/// With `service_auth` every request to the model server carries a token that it can prove with the
/// shared secret; one token serves until five minutes before its end.
#[tokio::test]
async fn the_model_server_knows_who_asks() {
    let app = TestApp::with(|config| {
        config.model.service_auth = true;
        config.model.service_secret = MODEL_SECRET.into();
    })
    .await;
    let shown = || {
        let headers = app.model.headers();
        let value = headers.last().unwrap()["x-service-token"].to_str().unwrap();
        value.to_owned()
    };
    let say = async || {
        let said = app.user("ada").await.say("Hello").await;
        assert_eq!(said.body["status"], "complete", "{said:?}");
        shown()
    };
    let first = say().await;
    assert_eq!(part(&first, 0)["typ"], "svc+jwt");
    let start = app.app.clock.now().as_second();
    assert_eq!(
        proved(&first),
        json!({"iss": "novacore", "sub": "novacore", "aud": "model", "scope": "model:use",
            "iat": start, "exp": start + 900})
    );
    app.advance(Duration::from_secs(599));
    assert_eq!(say().await, first);
    app.advance(Duration::from_secs(1));
    let second = say().await;
    assert_ne!(second, first);
    assert_eq!(proved(&second)["exp"], start + 600 + 900);
    let others = app.model.other_headers();
    assert!(!others.is_empty());
    assert!(
        others
            .iter()
            .all(|headers| headers.contains_key("x-service-token"))
    );
    app.finish().await;
}

/// Without `service_auth` the model server is shown no token.
#[tokio::test]
async fn no_token_unless_told() {
    let app = TestApp::new().await;
    app.user("ada").await.say("Hello").await;
    let all = [app.model.headers(), app.model.other_headers()].concat();
    assert!(all.len() >= 2);
    assert!(
        all.iter()
            .all(|headers| !headers.contains_key("x-service-token"))
    );
    app.finish().await;
}
