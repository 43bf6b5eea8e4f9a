//! A body whose last byte comes when its sender may do nothing any more.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::belongings::{NOBODYS, request};
use super::table::Who;
use super::{guarded, new_name};
use crate::support::app::TestApp;
use crate::support::clock::soon;
use crate::support::http::Person;
use crate::support::people::id_of;
use crate::support::programs::api_token;

/// A request of which all has come but the last byte of its body, and whose sender is known: the server
/// says that it reads the body when it has extracted all else.
struct Late {
    connection: TcpStream,
    last: u8,
}

impl Late {
    async fn begin(app: &TestApp, person: &Person, method: &str, path: &str) -> Self {
        let whole = request(person, method, path, NOBODYS).build().unwrap();
        let body = whole.body().unwrap().as_bytes().unwrap();
        let head = format!(
            "{method} {} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\
             Connection: close\r\n\r\n",
            whole.url().path(),
            person.token.as_ref().unwrap(),
            body.len()
        );
        let address = app.url.strip_prefix("http://").unwrap();
        let mut connection = TcpStream::connect(address).await.unwrap();
        connection.write_all(head.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            let byte = soon("the reading of a body", connection.read_u8());
            answer.push(byte.await.unwrap());
        }
        let answer = String::from_utf8(answer).unwrap();
        assert!(
            answer.starts_with("HTTP/1.1 100"),
            "{method} {path}: {answer}"
        );
        let (last, rest) = body.split_last().unwrap();
        connection.write_all(rest).await.unwrap();
        let last = *last;
        Self { connection, last }
    }

    /// Sends the last byte: the answer's status and code.
    async fn end(mut self) -> (u16, String) {
        self.connection.write_all(&[self.last]).await.unwrap();
        let mut answer = String::new();
        let read = self.connection.read_to_string(&mut answer);
        soon("an answer", read).await.unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let body: Value = serde_json::from_str(body).unwrap_or_default();
        (status, body["code"].as_str().unwrap_or_default().to_owned())
    }
}

/// The guarded routes that take a body.
fn taking_a_body() -> Vec<(&'static str, &'static str, Who)> {
    let document = serde_json::to_value(novacore::ops::document()).unwrap();
    let takes = |method: &str, path: &str| {
        let route = &document["paths"][path][method.to_lowercase()];
        route.get("requestBody").is_some()
    };
    let routes = guarded().filter(|(method, path, _)| takes(method, path));
    let routes: Vec<_> = routes.collect();
    assert!(routes.len() > 20, "the reader of bodies reads nothing");
    routes
}

/// Begins the request, ends what its sender may do, and ends the request: what it is answered, when
/// nothing at all was stored for it.
async fn after(
    app: &TestApp,
    sender: &Person,
    (method, path): (&str, &str),
    end: impl Future<Output = ()>,
) -> (u16, String) {
    let late = Late::begin(app, sender, method, path).await;
    end.await;
    app.run_jobs().await;
    app.settle().await;
    let before = app.app.store.seq();
    let answer = late.end().await;
    app.settle().await;
    assert_eq!(app.app.store.seq(), before, "{method} {path}: {answer:?}");
    answer
}

fn told(answer: &(u16, String)) -> (u16, &str) {
    (answer.0, &answer.1)
}

/// Whoever held back the last byte until every sign-in was ended has come too late, on every route.
#[tokio::test]
async fn a_sign_in_that_ended_while_the_body_came() {
    let app = TestApp::with(|config| config.limits.enabled = false).await;
    let admin = app.admin().await;
    for (method, path, who) in taking_a_body() {
        let name = new_name(&app);
        let sender = match who {
            Who::Administrator(_) => app.second_admin(&admin, &name).await,
            _ => app.user(&name).await,
        };
        let owner = app.user(&name).await;
        let end = async {
            let ended = owner.post("/api/auth/logout-all", &json!({})).await;
            assert_eq!(ended.status, 204, "{ended:?}");
        };
        let answer = after(&app, &sender, (method, path), end).await;
        assert_eq!(told(&answer), (401, "session_revoked"), "{method} {path}");
    }
    app.finish().await;
}

/// The same for a program whose token was removed, and for anybody whose account was disabled.
#[tokio::test]
async fn a_token_or_an_account_that_ended_while_the_body_came() {
    let app = TestApp::with(|config| config.limits.enabled = false).await;
    let admin = app.admin().await;
    for (method, path, who) in taking_a_body() {
        let owner = app.user(&new_name(&app)).await;
        let account = format!("/api/admin/users/{}", id_of(&owner).await);
        if let Who::Scoped(scope, _) = who {
            let (id, token) = api_token(&owner, &[scope]).await;
            let program = owner.with_token(&token);
            let end = async {
                owner.delete(&format!("/api/auth/tokens/{id}")).await;
            };
            let answer = after(&app, &program, (method, path), end).await;
            assert_eq!(told(&answer), (401, "session_revoked"), "{method} {path}");
        }
        if !matches!(who, Who::Administrator(_)) {
            let end = async {
                admin.patch(&account, &json!({"disabled": true})).await;
            };
            let answer = after(&app, &owner, (method, path), end).await;
            assert_eq!(told(&answer), (401, "session_revoked"), "{method} {path}");
        }
    }
    app.finish().await;
}

/// Who is no administrator any more when the last byte comes makes nothing and changes nothing.
#[tokio::test]
async fn a_role_that_was_taken_while_the_body_came() {
    let app = TestApp::with(|config| config.limits.enabled = false).await;
    let admin = app.admin().await;
    for (method, path, who) in taking_a_body() {
        if !matches!(who, Who::Administrator(_)) {
            continue;
        }
        let sender = app.second_admin(&admin, &new_name(&app)).await;
        let account = format!("/api/admin/users/{}", id_of(&sender).await);
        let end = async {
            let demoted = admin.patch(&account, &json!({"role": "user"})).await;
            assert_eq!(demoted.status, 200, "{demoted:?}");
        };
        let answer = after(&app, &sender, (method, path), end).await;
        assert_eq!(told(&answer), (403, "forbidden"), "{method} {path}");
    }
    app.finish().await;
}

/// Signing out is no use of the sign-in: it goes on when that ended meanwhile.
#[tokio::test]
async fn signing_out_of_what_has_ended() {
    let app = TestApp::new().await;
    let (ada, elsewhere) = (app.user("ada").await, app.user("ada").await);
    let late = Late::begin(&app, &ada, "POST", "/api/auth/logout").await;
    elsewhere.post("/api/auth/logout-all", &json!({})).await;
    assert_eq!(late.end().await.0, 204);
    app.finish().await;
}
