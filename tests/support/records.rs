//! What the program keeps about people, read and changed behind its back.

use novacore::auth;
use serde_json::Value;
use storage::{Read as _, Table};
use uuid::Uuid;

use super::app::TestApp;
use super::http::Person;

/// How many mails of this purpose were queued.
pub fn told(app: &TestApp, purpose: &str) -> usize {
    let jobs = app.app.jobs.clone();
    let mails = app
        .app
        .store
        .read(|tx| jobs.list(tx, Some("auth.mail"), None, 1000))
        .unwrap();
    let wanted = format!("\"{purpose}\"");
    mails
        .iter()
        .filter(|mail| mail.payload.contains(&wanted))
        .count()
}

/// What happened to the account of this person, oldest first: the word, whether it was refused, and
/// the detail.
pub async fn events(app: &TestApp, person: &Person) -> Vec<(String, bool, String)> {
    let id = person.get("/api/auth/me").await.str("id").parse().unwrap();
    let events = app
        .app
        .store
        .read(|tx| auth::events_of(tx, id, None, 1000))
        .unwrap();
    let word = |what: &auth::What| match serde_json::to_value(what).unwrap() {
        Value::String(word) => word,
        other => panic!("{other}"),
    };
    let tell = |event: &auth::Event| {
        let detail = event.detail.clone().unwrap_or_default();
        (word(&event.what), event.refused, detail)
    };
    events.iter().rev().map(tell).collect()
}

/// The words of what happened, in order.
pub async fn words(app: &TestApp, person: &Person) -> Vec<String> {
    let events = events(app, person).await;
    events.into_iter().map(|(word, ..)| word).collect()
}

/// Changes somebody's row behind the program's back, into a state that takes a long way to reach.
pub async fn change(
    app: &TestApp,
    person: &Person,
    change: impl FnOnce(&mut auth::User) + Send + 'static,
) {
    const USERS: Table<Uuid, auth::User> = Table::new("auth_users");
    let id: Uuid = person.get("/api/auth/me").await.str("id").parse().unwrap();
    let changed = app.app.store.write(move |tx| {
        let mut user = tx.get(&USERS, &id)?.unwrap();
        change(&mut user);
        tx.put(&USERS, &id, &user)
    });
    changed.await.unwrap();
}
