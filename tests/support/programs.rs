//! Programs that use the program: with an API token of somebody's, or as services with a token of
//! their own; and what is kept of them.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use novacore::auth::{Event, What};
use serde_json::{Value, json};
use storage::{Read as _, Span, Table};
use uuid::Uuid;

use super::app::{PASSWORD, TestApp};
use super::http::{Answer, Person};

/// A new API token of this person's: its id and its text.
pub async fn api_token(person: &Person, scopes: &[&str]) -> (String, String) {
    let body = json!({"name": "a script", "scopes": scopes, "password": PASSWORD});
    let made = person.post("/api/auth/tokens", &body).await;
    assert_eq!(made.status, 201, "{made:?}");
    (made.str("id"), made.str("token"))
}

/// A service as its operator knows it.
pub struct Service {
    pub id: String,
    pub name: String,
    pub secret: String,
}

impl Service {
    /// A new one, for these audiences with these scopes.
    pub async fn new(app: &TestApp, name: &str, audiences: &[&str], scopes: &[&str]) -> Self {
        let body = json!({"name": name, "audiences": audiences, "scopes": scopes});
        let made = app.admin().await.post("/api/admin/services", &body).await;
        assert_eq!(made.status, 201, "{made:?}");
        Self {
            id: made.str("id"),
            name: name.to_owned(),
            secret: made.str("secret"),
        }
    }

    /// Asks for a token by its secret.
    pub async fn ask(&self, app: &TestApp, audience: &str, scopes: &[&str]) -> Answer {
        let body = json!({"service": self.name, "audience": audience, "scopes": scopes});
        let nobody = app.nobody().with_token(&self.secret);
        nobody.post("/api/auth/service/token", &body).await
    }

    /// A token for this program.
    pub async fn token(&self, app: &TestApp, scopes: &[&str]) -> String {
        let answer = self.ask(app, "novacore", scopes).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.str("token")
    }
}

/// A new service for this program alone.
pub async fn service(app: &TestApp, name: &str, scopes: &[&str]) -> Service {
    Service::new(app, name, &["novacore"], scopes).await
}

/// A request that carries a service token and nothing else.
pub async fn as_service(app: &TestApp, method: &str, path: &str, token: &str) -> Answer {
    let request = app.nobody().request(method, path);
    Person::send(request.header("x-service-token", token)).await
}

/// Part 0, the header, or 1, the claims, of a JWT.
pub fn part(token: &str, number: usize) -> Value {
    let part = token.split('.').nth(number).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// The security events of one kind, oldest first.
pub fn events(app: &TestApp, what: What) -> Vec<Event> {
    let table: Table<Uuid, Event> = Table::new("auth_events");
    let all = app.app.store.read(|tx| tx.scan(&table, Span::all(), 1000));
    let all: Result<_, storage::Error> = all;
    let events = all.unwrap().into_iter().map(|(_, event)| event);
    events.filter(|event| event.what == what).collect()
}

/// Whether some file in the folder, or below it, holds these words.
pub fn stands_in_a_file(folder: &Path, words: &str) -> bool {
    fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return stands_in_a_file(&path, words);
        }
        let bytes = fs::read(path).unwrap_or_default();
        bytes
            .windows(words.len())
            .any(|part| part == words.as_bytes())
    })
}
