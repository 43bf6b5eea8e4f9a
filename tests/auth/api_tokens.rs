//! API tokens: what they open, what they never open, and their end.

use std::time::Duration;

use novacore::auth::What;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::app::{PASSWORD, TestApp};
use crate::support::http::{Answer, Person};
use crate::support::programs::{api_token, events, stands_in_a_file};
use crate::support::routes;
use crate::support::script::{Gate, Script};

const DAY: Duration = Duration::from_hours(24);

const SCOPES: [&str; 7] = [
    "chat:read",
    "chat:write",
    "memory:read",
    "memory:write",
    "usage:read",
    "openai",
    "mcp",
];

/// What each route wants of an API token; to all others one is no way in.
const WANTED: [(&str, &str, &str); 41] = [
    ("GET", "/api/chat/models", "chat:read"),
    ("GET", "/api/chat/sessions", "chat:read"),
    ("POST", "/api/chat/sessions", "chat:write"),
    ("GET", "/api/chat/sessions/{id}", "chat:read"),
    ("PATCH", "/api/chat/sessions/{id}", "chat:write"),
    ("DELETE", "/api/chat/sessions/{id}", "chat:write"),
    ("POST", "/api/chat/sessions/{id}/end", "chat:write"),
    ("GET", "/api/chat/history/{id}", "chat:read"),
    ("POST", "/api/chat/stream", "chat:write"),
    ("POST", "/api/chat/message", "chat:write"),
    ("POST", "/api/chat/messages/{id}/regenerate", "chat:write"),
    ("POST", "/api/chat/messages/{id}/edit", "chat:write"),
    ("GET", "/api/chat/turns/{id}/events", "chat:read"),
    ("POST", "/api/chat/turns/{id}/stop", "chat:write"),
    ("GET", "/api/memory", "memory:read"),
    ("POST", "/api/memory/search", "memory:read"),
    ("GET", "/api/memory/{id}", "memory:read"),
    ("DELETE", "/api/memory/{id}", "memory:write"),
    ("GET", "/api/memory/context", "memory:read"),
    ("POST", "/api/memory/store", "memory:write"),
    ("POST", "/api/memory/forget", "memory:write"),
    ("GET", "/api/memory/stats", "memory:read"),
    ("GET", "/api/memory/timeline", "memory:read"),
    ("GET", "/api/memory/export", "memory:read"),
    ("POST", "/api/memory/import", "memory:write"),
    ("PATCH", "/api/memory/{id}", "memory:write"),
    ("POST", "/api/memory/{id}/promote", "memory:write"),
    ("POST", "/api/memory/{id}/demote", "memory:write"),
    ("POST", "/api/memory/{id}/pin", "memory:write"),
    ("GET", "/api/memory/profile", "memory:read"),
    ("POST", "/api/memory/profile", "memory:write"),
    ("POST", "/api/memory/distil", "memory:write"),
    ("GET", "/api/memory/jobs", "memory:read"),
    ("POST", "/api/memory/jobs/{id}/retry", "memory:write"),
    ("GET", "/api/auth/me", ""),
    ("GET", "/api/memory/list", "memory:read"),
    ("GET", "/api/usage/quota", "usage:read"),
    ("GET", "/api/usage/history", "usage:read"),
    ("GET", "/api/usage/stats", "usage:read"),
    ("GET", "/api/usage/ledger", "usage:read"),
    ("GET", "/api/usage/export", "usage:read"),
];

async fn ask(person: &Person, method: &str, path: &str) -> Answer {
    let path = path.replace("{id}", &Uuid::nil().to_string());
    let request = person.request(method, &path);
    let body = json!({"message": "Hello", "title": "Mine", "query": "anything", "text": "Mine"});
    let request = if method == "GET" {
        request
    } else {
        request.json(&body)
    };
    Person::send(request).await
}

/// On every route of conversations and memories exactly one scope counts: with all the others a token
/// is refused, and with this one alone it is not.
#[tokio::test]
async fn each_route_wants_its_scope() {
    let app = TestApp::with(|config| config.limits.enabled = false).await;
    let ada = app.user("ada").await;
    for (method, path, scope) in WANTED {
        if scope.is_empty() {
            continue;
        }
        let others: Vec<_> = SCOPES.into_iter().filter(|s| *s != scope).collect();
        let (without_id, without) = api_token(&ada, &others).await;
        let refused = ask(&ada.with_token(&without), method, path).await;
        let got = (refused.status, refused.code());
        assert_eq!(got, (403, "scope_missing"), "{method} {path}");
        assert!(refused.str("error").contains(scope), "{refused:?}");
        let (with_id, with) = api_token(&ada, &[scope]).await;
        let admitted = ask(&ada.with_token(&with), method, path).await;
        let fine = (200..300).contains(&admitted.status) || admitted.code() == "not_found";
        assert!(fine, "{method} {path}: {admitted:?}");
        for id in [without_id, with_id] {
            ada.delete(&format!("/api/auth/tokens/{id}")).await;
        }
    }
    app.finish().await;
}

/// What is not for programs is refused to a token with every scope, an administrator's too: sign-ins,
/// tokens themselves, administration. It may ask whose it is.
#[tokio::test]
async fn a_token_is_no_sign_in() {
    let app = TestApp::with(|config| config.limits.enabled = false).await;
    let admin = app.admin().await;
    let (_, token) = api_token(&admin, &SCOPES).await;
    let program = admin.with_token(&token);
    let mut refused = 0;
    for (method, path) in routes::described() {
        let known = WANTED.iter().any(|(m, p, _)| (*m, *p) == (&method, &path));
        let alone = ask(&app.nobody(), &method, &path).await;
        let refresh = path == "/api/auth/refresh";
        if known || refresh || alone.code() != "token_missing" {
            continue;
        }
        let answer = ask(&program, &method, &path).await;
        let got = (answer.status, answer.code());
        assert_eq!(got, (403, "scope_missing"), "{method} {path}");
        refused += 1;
    }
    assert!(refused >= 15, "{refused}");
    let body = json!({"service": "x", "audience": "novacore", "scopes": ["usage:read"]});
    let answer = program.post("/api/auth/service/token", &body).await;
    assert_eq!((answer.status, answer.code()), (403, "scope_missing"));
    let me = program.get("/api/auth/me").await;
    assert_eq!(
        (me.status, me.str("email")),
        (200, "admin@example.org".into())
    );
    app.finish().await;
}

/// A token is shown once and stored as its hash: its text is in no list and in no file.
#[tokio::test]
async fn a_token_is_shown_once() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let body = json!({"name": "  the wisteria script ", "scopes": ["mcp", "chat:read", "mcp"], "password": PASSWORD});
    let made = ada.post("/api/auth/tokens", &body).await;
    assert_eq!(made.status, 201);
    let token = made.str("token");
    let random = token.strip_prefix("nova_").unwrap();
    assert_eq!(random.len(), 43);
    assert_eq!(made.body["name"], "the wisteria script");
    assert_eq!(made.body["scopes"], json!(["chat:read", "mcp"]));
    let listed = ada.get("/api/auth/tokens").await;
    assert!(!listed.text.contains(random), "{}", listed.text);
    let mut item = made.body.clone();
    item.as_object_mut().unwrap().remove("token");
    assert_eq!(listed.body["items"], json!([item]));
    assert_eq!(
        ada.with_token(&token).get("/api/chat/models").await.status,
        200
    );
    app.settle().await;
    let data = app.folder();
    assert!(stands_in_a_file(data, "wisteria"), "files can be searched");
    assert!(!stands_in_a_file(data, random));
    let told = events(&app, What::TokenMade);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].detail.as_deref(), Some("the wisteria script"));
    app.finish().await;
}

/// What is wrong with a wish for a token is told by its field; an unverified person gets none, and
/// nobody more than fifty.
#[tokio::test]
async fn not_every_token_is_made() {
    let app = TestApp::with(|config| config.limits.enabled = false).await;
    let ada = app.user("ada").await;
    let long = "n".repeat(81);
    let wish = |name: &str, scopes: &[&str], end: Value| json!({"name": name, "scopes": scopes, "expires_at": end, "password": PASSWORD});
    for (field, body) in [
        ("name", wish(" ", &["mcp"], Value::Null)),
        ("name", wish(&long, &["mcp"], Value::Null)),
        ("name", wish("a\nb", &["mcp"], Value::Null)),
        ("scopes", wish("a", &[], Value::Null)),
        ("scopes", wish("a", &["mcp", "admin"], Value::Null)),
        ("scopes", wish("a", &["metrics:read"], Value::Null)),
        (
            "expires_at",
            wish("a", &["mcp"], json!("2026-01-01T00:00:00Z")),
        ),
    ] {
        let refused = ada.post("/api/auth/tokens", &body).await;
        assert_eq!(refused.status, 422, "{body}");
        assert!(refused.body["fields"][field].is_string(), "{refused:?}");
    }
    let bob = app.unverified("bob").await;
    let refused = bob
        .post("/api/auth/tokens", &wish("a", &["mcp"], Value::Null))
        .await;
    assert_eq!((refused.status, refused.code()), (403, "email_unverified"));
    for _ in 0..50 {
        api_token(&ada, &["mcp"]).await;
    }
    let refused = ada
        .post("/api/auth/tokens", &wish("a", &["mcp"], Value::Null))
        .await;
    assert_eq!((refused.status, refused.code()), (409, "too_many_tokens"));
    let items = ada.get("/api/auth/tokens").await.body["items"].clone();
    assert_eq!(items.as_array().unwrap().len(), 50);
    app.finish().await;
}

/// A token stays when the sign-in that made it is gone: so it takes the password, and is told by mail.
#[tokio::test]
async fn a_token_takes_the_password() {
    let app = TestApp::with_mail(|_| {}).await;
    let ada = app.user("ada").await;
    let body = json!({"name": "a script", "scopes": ["mcp"]});
    let none = ada.post("/api/auth/tokens", &body).await;
    assert_eq!((none.status, none.code()), (422, "password_missing"));
    let body = json!({"name": "a script", "scopes": ["mcp"], "password": "not her password"});
    let wrong = ada.post("/api/auth/tokens", &body).await;
    assert_eq!((wrong.status, wrong.code()), (403, "password_wrong"));
    api_token(&ada, &["mcp"]).await;
    let told = app.letters_to("ada@example.org").await.pop().unwrap();
    assert_eq!(told.subject, "A new way into your account");
    assert!(told.text.contains("\"a script\""), "{}", told.text);
    app.finish().await;
}

/// A token is good until its end and not a second longer; its owner sees it for thirty days more.
#[tokio::test]
async fn a_token_expires() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let body = json!({"name": "a", "scopes": ["chat:read"], "password": PASSWORD, "expires_at": "2026-01-01T00:10:00Z"});
    let token = ada.post("/api/auth/tokens", &body).await.str("token");
    let program = ada.with_token(&token);
    app.advance(Duration::from_secs(599));
    assert_eq!(program.get("/api/chat/models").await.status, 200);
    app.advance(Duration::from_secs(1));
    let late = program.get("/api/chat/models").await;
    assert_eq!((late.status, late.code()), (401, "token_expired"));
    let items = async || app.user("ada").await.get("/api/auth/tokens").await.body["items"].clone();
    app.advance(DAY * 30);
    novacore::schedule::sweep(&app.app).await.unwrap();
    assert_eq!(items().await[0]["last_used_at"], "2026-01-01T00:09:59Z");
    app.advance(Duration::from_secs(1));
    novacore::schedule::sweep(&app.app).await.unwrap();
    assert_eq!(items().await, json!([]));
    let gone = program.get("/api/chat/models").await;
    assert_eq!((gone.status, gone.code()), (401, "token_invalid"));
    app.finish().await;
}

/// A removed token opens nothing from then on, and what was being streamed for it ends; other tokens
/// and the person's own sign-in go on.
#[tokio::test]
async fn a_removed_token_is_dead_at_once() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let (id, token) = api_token(&ada, &["chat:write"]).await;
    let (_, other) = api_token(&ada, &["chat:read"]).await;
    let gate = Gate::new();
    app.model
        .answer(Script::says(["One ", "two."]).gated(&gate));
    let mut stream = ada
        .with_token(&token)
        .stream(&json!({"message": "Count"}))
        .await;
    stream.until("start").await;
    let removed = ada.delete(&format!("/api/auth/tokens/{id}")).await;
    assert_eq!(removed.status, 204);
    let rest = stream.rest().await;
    assert!(rest.iter().all(|event| event.name != "done"), "{rest:?}");
    gate.open();
    let refused = ada.with_token(&token).say("More").await;
    assert_eq!((refused.status, refused.code()), (401, "token_invalid"));
    let again = ada.delete(&format!("/api/auth/tokens/{id}")).await;
    assert_eq!(again.status, 404);
    assert_eq!(
        ada.with_token(&other).get("/api/chat/models").await.status,
        200
    );
    assert_eq!(ada.get("/api/auth/me").await.status, 200);
    assert_eq!(
        events(&app, What::TokenRemoved)[0].detail.as_deref(),
        Some("a script")
    );
    app.finish().await;
}

/// The token of somebody who was disabled is refused like one that never was; so is a changed one.
#[tokio::test]
async fn a_disabled_person_has_no_programs() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let (_, token) = api_token(&ada, &["chat:read"]).await;
    let id: Uuid = ada.get("/api/auth/me").await.str("id").parse().unwrap();
    for changed in ["nova_", "nova_AAAA", &format!("{token}A"), &token[..47]] {
        let refused = ada.with_token(changed).get("/api/chat/models").await;
        assert_eq!(
            (refused.status, refused.code()),
            (401, "token_invalid"),
            "{changed}"
        );
    }
    disable(&app, id).await;
    let refused = ada.with_token(&token).get("/api/chat/models").await;
    assert_eq!((refused.status, refused.code()), (401, "token_invalid"));
    app.finish().await;
}

async fn disable(app: &TestApp, id: Uuid) {
    use novacore::auth::User;
    use storage::Read as _;
    let users: storage::Table<Uuid, User> = storage::Table::new("auth_users");
    let change = move |tx: &mut storage::WriteTx<'_>| {
        let mut user = tx.get(&users, &id)?.unwrap();
        user.disabled = true;
        tx.put(&users, &id, &user)
    };
    app.app.store.write(change).await.unwrap();
}
