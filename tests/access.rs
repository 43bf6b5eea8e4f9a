//! Who may reach what, for every route there is: one table, held against the program's own
//! description, so that a new route without a row fails.

use std::time::Duration;

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use uuid::Uuid;

use super::support::app::TestApp;
use super::support::http::{Answer, Person};
use super::support::programs::{api_token, verified};
use super::support::routes;

/// What the id in a route's path names.
#[derive(Clone, Copy, PartialEq)]
enum Names {
    Nothing,
    SignIn,
    Conversation,
    /// An answer of Nova's.
    Answer,
    /// A message of the person's own.
    Question,
    Turn,
    Memory,
    /// An API token.
    Token,
}

#[derive(Clone, Copy, PartialEq)]
enum Who {
    /// Anybody, with or without a token.
    Anyone,
    /// Whoever brings a refresh token or an access token.
    AnySignIn,
    /// The signed-in person, and nobody else's things.
    Person(Names),
    /// An administrator.
    Administrator,
    /// An administrator, for the service or receiver of the path's id.
    AdministratorOf(Program),
    /// A service with its token, and no person whatsoever.
    Service,
}

/// What another program is to this one.
#[derive(Clone, Copy, PartialEq)]
enum Program {
    AService,
    AReceiver,
}

use Names::{Answer as AnAnswer, Conversation, Memory, Nothing, Question, SignIn, Token, Turn};
use Program::{AReceiver, AService};
use Who::{Administrator, AdministratorOf, AnySignIn, Anyone, Person as Of, Service};

const ROUTES: [(&str, &str, Who); 53] = [
    ("GET", "/health", Anyone),
    ("GET", "/ready", Anyone),
    ("GET", "/metrics", Anyone),
    ("GET", "/api/status", Anyone),
    ("GET", "/api/auth/health", Anyone),
    ("GET", "/api/intelligence/health", Anyone),
    ("GET", "/api/memory/health", Anyone),
    ("GET", "/api/admin/storage", Administrator),
    ("POST", "/api/admin/storage/adopt", Administrator),
    ("POST", "/api/admin/storage/backup", Administrator),
    ("GET", "/api/admin/services", Administrator),
    ("POST", "/api/admin/services", Administrator),
    (
        "DELETE",
        "/api/admin/services/{id}",
        AdministratorOf(AService),
    ),
    (
        "POST",
        "/api/admin/services/{id}/secret",
        AdministratorOf(AService),
    ),
    ("GET", "/api/admin/receivers", Administrator),
    ("POST", "/api/admin/receivers", Administrator),
    (
        "DELETE",
        "/api/admin/receivers/{id}",
        AdministratorOf(AReceiver),
    ),
    (
        "POST",
        "/api/admin/receivers/{id}/secret",
        AdministratorOf(AReceiver),
    ),
    ("POST", "/api/auth/service/token", Administrator),
    ("POST", "/api/internal/backup", Service),
    ("GET", "/api/internal/usage", Service),
    ("POST", "/api/internal/jobs/run", Service),
    ("POST", "/api/auth/setup", Anyone),
    ("POST", "/api/auth/register", Anyone),
    ("POST", "/api/auth/login", Anyone),
    ("POST", "/api/auth/refresh", AnySignIn),
    ("POST", "/api/auth/logout", AnySignIn),
    ("POST", "/api/auth/logout-all", AnySignIn),
    ("GET", "/api/auth/me", Of(Nothing)),
    ("GET", "/api/auth/sessions", Of(Nothing)),
    ("DELETE", "/api/auth/sessions/{id}", Of(SignIn)),
    ("DELETE", "/api/auth/sessions", Of(Nothing)),
    ("GET", "/api/auth/tokens", Of(Nothing)),
    ("POST", "/api/auth/tokens", Of(Nothing)),
    ("DELETE", "/api/auth/tokens/{id}", Of(Token)),
    ("GET", "/api/chat/models", Of(Nothing)),
    ("GET", "/api/chat/sessions", Of(Nothing)),
    ("POST", "/api/chat/sessions", Of(Nothing)),
    ("GET", "/api/chat/sessions/{id}", Of(Conversation)),
    ("PATCH", "/api/chat/sessions/{id}", Of(Conversation)),
    ("DELETE", "/api/chat/sessions/{id}", Of(Conversation)),
    ("POST", "/api/chat/sessions/{id}/end", Of(Conversation)),
    ("GET", "/api/chat/history/{id}", Of(Conversation)),
    ("POST", "/api/chat/stream", Of(Nothing)),
    ("POST", "/api/chat/message", Of(Nothing)),
    ("POST", "/api/chat/messages/{id}/regenerate", Of(AnAnswer)),
    ("POST", "/api/chat/messages/{id}/edit", Of(Question)),
    ("GET", "/api/chat/turns/{id}/events", Of(Turn)),
    ("POST", "/api/chat/turns/{id}/stop", Of(Turn)),
    ("GET", "/api/memory", Of(Nothing)),
    ("POST", "/api/memory/search", Of(Nothing)),
    ("GET", "/api/memory/{id}", Of(Memory)),
    ("DELETE", "/api/memory/{id}", Of(Memory)),
];

/// The routes of the table that only a signed-in person may use.
fn of_persons() -> impl Iterator<Item = (&'static str, &'static str, Names)> {
    ROUTES.iter().filter_map(|(method, path, who)| match who {
        Of(names) => Some((*method, *path, *names)),
        _ => None,
    })
}

/// Those that only an administrator may use.
fn of_administrators() -> impl Iterator<Item = (&'static str, &'static str)> {
    let theirs = ROUTES
        .iter()
        .filter(|(.., who)| matches!(who, Administrator | AdministratorOf(_)));
    theirs.map(|(method, path, _)| (*method, *path))
}

/// Asks with a body that every route can read.
async fn ask(person: &Person, method: &str, path: &str, id: &str) -> Answer {
    let request = person.request(method, &path.replace("{id}", id));
    let body = json!({
        "message": "Hello", "title": "Mine", "query": "anything",
        "name": "mine", "service": "mine",
        "audience": "novacore", "audiences": ["novacore"], "scopes": ["usage:read"],
    });
    Person::send(if method == "GET" {
        request
    } else {
        request.json(&body)
    })
    .await
}

/// An error of the agreed form: exactly these keys, and the id of the header.
fn is_error(answer: &Answer, status: u16, code: &str, what: &str) {
    assert_eq!(
        (answer.status, answer.code()),
        (status, code),
        "{what}: {}",
        answer.text
    );
    let keys: Vec<_> = answer.body.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["code", "correlation_id", "error"], "{what}");
    assert_eq!(
        answer.str("correlation_id"),
        answer.header("x-correlation-id"),
        "{what}"
    );
    assert!(answer.str("error").ends_with('.'), "{what}");
}

/// No route can be added without saying here who may use it.
#[test]
fn the_table_has_every_route() {
    let rows = ROUTES
        .iter()
        .map(|(method, path, _)| ((*method).into(), (*path).into()));
    assert_eq!(
        rows.collect::<std::collections::BTreeSet<_>>(),
        routes::described()
    );
    for (method, path, who) in ROUTES {
        let has_id = match who {
            Of(names) => names != Nothing,
            AdministratorOf(_) => true,
            _ => false,
        };
        assert_eq!(path.contains("{id}"), has_id, "{method} {path}");
    }
}

/// Whoever does not say who they are learns nothing but that.
#[tokio::test]
async fn nobody_gets_in() {
    let app = TestApp::new().await;
    let id = Uuid::nil().to_string();
    for (method, path, _) in of_persons() {
        let answer = ask(&app.nobody(), method, path, &id).await;
        is_error(&answer, 401, "token_missing", path);
    }
    for (method, path) in of_administrators() {
        let answer = ask(&app.nobody(), method, path, &id).await;
        is_error(&answer, 401, "token_missing", path);
    }
    for (method, path, who) in ROUTES {
        if who == Anyone && path != "/metrics" {
            let answer = ask(&app.nobody(), method, path, &id).await;
            assert_ne!(
                answer.code(),
                "token_missing",
                "{method} {path} is for anyone"
            );
        }
    }
    app.finish().await;
}

/// A token that is no longer, or never was, good opens no route, and each says why.
#[tokio::test]
async fn bad_tokens_open_nothing() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let expired = app.user("ada").await;
    app.advance(Duration::from_mins(20));
    let revoked = app.user("ada").await;
    assert_eq!(
        revoked.post("/api/auth/logout", &json!({})).await.status,
        204
    );
    let claims = claims(ada.token.as_deref().unwrap());
    let header = Header {
        typ: Some("at+jwt".into()),
        ..Header::new(Algorithm::HS256)
    };
    let forged = encode(&header, &claims, &EncodingKey::from_secret(&[1; 32])).unwrap();
    let bad = [
        ("token_expired", expired),
        ("session_revoked", revoked),
        ("token_invalid", ada.with_token(&forged)),
        ("token_invalid", ada.with_token("nonsense")),
    ];
    for (code, person) in &bad {
        for (method, path, _) in of_persons() {
            let answer = ask(person, method, path, &Uuid::nil().to_string()).await;
            is_error(&answer, 401, code, path);
        }
    }
    app.finish().await;
}

fn claims(token: &str) -> Value {
    use base64::Engine as _;
    let payload = token.split('.').nth(1).unwrap();
    let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload);
    serde_json::from_slice(&payload.unwrap()).unwrap()
}

/// One thing of each kind, all bob's.
struct Belongings {
    sign_in: String,
    conversation: String,
    question: String,
    answer: String,
    turn: String,
    memory: String,
    token: String,
}

impl Belongings {
    async fn of(bob: &Person) -> Self {
        let said = bob.say("My sister lives in Lisbon.").await;
        let conversation = said.str("session_id");
        let history = bob
            .get(&format!("/api/chat/history/{conversation}"))
            .await
            .body;
        let sign_ins = bob.get("/api/auth/sessions").await.body;
        let (token, _) = api_token(bob, &["chat:read"]).await;
        let id = |value: &Value| value.as_str().unwrap().to_owned();
        Self {
            sign_in: id(&sign_ins["items"][0]["id"]),
            question: id(&history["items"][1]["id"]),
            memory: id(&history["items"][1]["id"]),
            answer: said.str("message_id"),
            turn: said.str("turn_id"),
            conversation,
            token,
        }
    }

    fn named(&self, names: Names) -> &str {
        match names {
            Nothing => "",
            SignIn => &self.sign_in,
            Conversation => &self.conversation,
            Question => &self.question,
            AnAnswer => &self.answer,
            Turn => &self.turn,
            Memory => &self.memory,
            Token => &self.token,
        }
    }
}

/// What is somebody else's is not there: on no route does an id lead to it, and the answer is the
/// same as for an id that nobody has.
#[tokio::test]
async fn what_is_not_mine_is_not_there() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.user("ada").await, verified(&app, "bob").await);
    let bobs = Belongings::of(&bob).await;
    let owned = async |person: &Person| {
        let conversation = person
            .get(&format!("/api/chat/history/{}", bobs.conversation))
            .await;
        let memories = person.get("/api/memory").await;
        (
            conversation.body["items"].clone(),
            memories.body["items"].clone(),
        )
    };
    let before = owned(&bob).await;
    let without_id = |answer: &Answer| answer.text.replace(&answer.str("correlation_id"), "");
    for (method, path, names) in of_persons().filter(|(.., names)| *names != Nothing) {
        let theirs = ask(&ada, method, path, bobs.named(names)).await;
        is_error(&theirs, 404, "not_found", path);
        let nobodys = ask(&ada, method, path, "019b76da-a800-7000-8000-000000000000").await;
        assert_eq!(without_id(&theirs), without_id(&nobodys), "{method} {path}");
        let no_id = ask(&ada, method, path, "1%20or%201=1").await;
        is_error(&no_id, 404, "not_found", path);
    }
    let in_his = json!({"message": "Hello", "session_id": bobs.conversation});
    for path in ["/api/chat/message", "/api/chat/stream"] {
        is_error(&ada.post(path, &in_his).await, 404, "not_found", path);
    }
    app.settle().await;
    assert_eq!(owned(&bob).await, before, "nothing of his has changed");
    assert_eq!(
        app.model.requests().len(),
        1,
        "and no model was asked in his name"
    );
    assert_eq!(ada.get("/api/chat/sessions").await.body["items"], json!([]));
    app.finish().await;
}

/// The same table, asked by the owner: each route does what it is for, so the refusals above are
/// about whose things they are, and not about how they were asked for.
#[tokio::test]
async fn what_is_mine_is_there() {
    let app = TestApp::with(|config| config.limits.reads_burst = 1_000).await;
    let bob = verified(&app, "bob").await;
    let deletes = |method: &str| method == "DELETE";
    let (last, first): (Vec<_>, Vec<_>) = of_persons().partition(|(method, ..)| deletes(method));
    for (method, path, names) in first {
        let bobs = Belongings::of(&bob).await;
        let answer = ask(&bob, method, path, bobs.named(names)).await;
        assert!(
            (200..300).contains(&answer.status),
            "{method} {path}: {answer:?}"
        );
    }
    let bobs = Belongings::of(&bob).await;
    // The memory before its conversation, and the sign-in last.
    for names in [Memory, Conversation, Token, Nothing, SignIn] {
        let (method, path, _) = *last.iter().find(|(.., n)| *n == names).unwrap();
        let answer = ask(&bob, method, path, bobs.named(names)).await;
        assert_eq!(answer.status, 204, "{method} {path}: {answer:?}");
    }
    assert_eq!(last.len(), 5, "a route that deletes needs its turn above");
    assert_eq!(bob.get("/api/auth/me").await.code(), "session_revoked");
    app.finish().await;
}

/// What is an administrator's is refused to everybody else, who is told that it is, and works for
/// an administrator.
#[tokio::test]
async fn what_is_the_administrators() {
    let app = TestApp::new().await;
    let (admin, ada) = (app.admin().await, app.user("ada").await);
    for (method, path, who) in ROUTES {
        let list = match who {
            Administrator => "",
            AdministratorOf(AService) => "/api/admin/services",
            AdministratorOf(AReceiver) => "/api/admin/receivers",
            _ => continue,
        };
        let id = match list {
            "" => String::new(),
            list => {
                let body = json!({"name": format!("a-{}", app.app.ids.next()),
                    "audiences": ["novacore"], "scopes": ["usage:read"]});
                admin.post(list, &body).await.str("id")
            }
        };
        let answer = ask(&ada, method, path, &id).await;
        is_error(&answer, 403, "forbidden", path);
        let answer = ask(&admin, method, path, &id).await;
        assert!(
            (200..300).contains(&answer.status),
            "{method} {path}: {answer:?}"
        );
    }
    app.finish().await;
}

/// What is for services no person can use, not even an administrator, and is told so.
#[tokio::test]
async fn what_is_for_services() {
    let app = TestApp::new().await;
    let people = [app.nobody(), app.user("ada").await, app.admin().await];
    for (method, path, _) in ROUTES.iter().filter(|(.., who)| *who == Service) {
        for person in &people {
            let answer = ask(person, method, path, "").await;
            is_error(&answer, 403, "service_token_missing", path);
        }
    }
    app.finish().await;
}

/// An administrator has no door of their own into other people's words.
#[tokio::test]
async fn an_administrator_reads_nobodys_words() {
    let app = TestApp::new().await;
    let (admin, bob) = (app.admin().await, verified(&app, "bob").await);
    let bobs = Belongings::of(&bob).await;
    for (method, path, names) in of_persons().filter(|(.., names)| *names != Nothing) {
        let answer = ask(&admin, method, path, bobs.named(names)).await;
        is_error(&answer, 404, "not_found", path);
    }
    let found = admin
        .post("/api/memory/search", &json!({"query": "sister Lisbon"}))
        .await;
    assert_eq!(found.body["results"], json!([]));
    assert_eq!(admin.get("/api/memory").await.body["total"], 0);
    app.finish().await;
}
