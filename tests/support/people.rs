//! What the tests about people need: their ids, verified addresses, links in mails, traces in files.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use uuid::Uuid;

use super::app::TestApp;
use super::http::Person;

pub async fn id_of(person: &Person) -> Uuid {
    let me = person.get("/api/auth/me").await;
    me.str("id").parse().unwrap()
}

impl TestApp {
    /// Makes somebody an administrator; who they are then.
    pub async fn second_admin(&self, admin: &Person, name: &str) -> Person {
        let person = self.user(name).await;
        let path = format!("/api/admin/users/{}", id_of(&person).await);
        let made = admin.patch(&path, &json!({"role": "admin"})).await;
        assert_eq!(made.status, 200, "{made:?}");
        person
    }
}

/// The security events that an administrator reads, newest first, as (event, email).
pub async fn events(admin: &Person, query: &str) -> Vec<(String, Option<String>)> {
    let list = admin
        .get(&format!("/api/admin/audit?limit=500&{query}"))
        .await;
    assert_eq!(list.status, 200, "{list:?}");
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let items = list.body["items"].as_array().unwrap().iter();
    items
        .map(|item| (text(&item["event"]).unwrap(), text(&item["email"])))
        .collect()
}

/// The files below a folder that hold these bytes.
pub fn files_with(dir: &Path, needle: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, needle));
        } else if path.is_file() {
            // One that goes away meanwhile holds nothing.
            let bytes = fs::read(&path).unwrap_or_default();
            if holds(&bytes, needle) {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

pub fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}
