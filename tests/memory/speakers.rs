//! Names of those who speak in somebody's memories.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use storage::{Error, Read as _, Record, Span, Table};
use uuid::Uuid;

use super::{forget, import, search, stored, unlimited};
use crate::support::app::TestApp;
use crate::support::http::Person;
use crate::support::people::id_of;

/// A row as it is stored: of a version of its own, so that it is handed to `upgrade`.
#[derive(Serialize, Deserialize)]
struct Raw(Vec<u8>);

impl Record for Raw {
    const VERSION: u8 = u8::MAX;

    fn upgrade(_: u8, body: &[u8]) -> Result<Self, Error> {
        Ok(Self(body.to_vec()))
    }
}

/// What all of somebody's memories come to, as it was before names had a table.
#[derive(Serialize, Deserialize)]
struct Old {
    next_group: u32,
    revision: u64,
    memories: u64,
    length: u64,
    ltm: u64,
    pinned: u64,
    superseded: u64,
    by_kind: [u64; 5],
    groups: u64,
    #[serde(default)]
    names: BTreeMap<String, u64>,
}

impl Record for Old {}

#[derive(Serialize, Deserialize)]
struct Said(u64);

impl Record for Said {}

const STATISTICS: Table<Uuid, Raw> = Table::new("memory_statistics");
const AS_BEFORE: Table<Uuid, Old> = Table::new("memory_statistics");
const NAMES: Table<(Uuid, String, String), Said> = Table::new("memory_names");

/// Names with how much they said, by the table.
fn names(app: &TestApp, user: Uuid) -> Vec<(String, u64)> {
    let rows = app
        .app
        .store
        .read(|tx| tx.scan(&NAMES, Span::prefix(&user), usize::MAX));
    let rows: Result<_, Error> = rows;
    let rows = rows.unwrap().into_iter();
    rows.map(|((_, _, name), Said(said))| (name, said))
        .collect()
}

/// Who is asked about, as a search understands it.
async fn about(person: &Person, query: &str) -> Value {
    search(person, query).await.body["understood"]["speaker"].clone()
}

/// A group of hundreds: each is known by name, and the row that every change rewrites does not grow by them.
#[tokio::test]
async fn names_do_not_make_a_change_larger() {
    let app = unlimited().await;
    let ada = app.user("ada").await;
    let lines: Vec<_> = (0..400)
        .map(|n| json!({"text": format!("I painted fence {n}."), "speaker": format!("Zed{n}")}))
        .collect();
    assert_eq!(import(&ada, &lines).await.body["imported"], 400);
    let user = id_of(&ada).await;
    let row = app.app.store.read(|tx| tx.get(&STATISTICS, &user));
    let row: Result<_, Error> = row;
    let bytes = row.unwrap().unwrap().0.len();
    assert!(bytes < 1000, "{bytes}");
    for name in ["Zed0", "Zed7", "Zed250", "Zed399"] {
        assert_eq!(about(&ada, &format!("What did {name} paint?")).await, name);
    }
    assert_eq!(about(&ada, "What did Zed400 paint?").await, Value::Null);
    app.finish().await;
}

/// Of two who are written in other capitals the one is meant who said more; who said what was forgotten is
/// not known any more, and nobody's names are anybody else's.
#[tokio::test]
async fn names_go_with_what_they_said() {
    let app = unlimited().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let says =
        async |name: &str, text: &str| stored(&ada, &json!({"text": text, "speaker": name})).await;
    let first = says("ZORA", "I paint barns.").await;
    let second = says("Zora", "I paint boats.").await;
    let third = says("Zora", "I paint boots.").await;
    assert_eq!(about(&ada, "What does zora paint?").await, "Zora");
    assert_eq!(about(&bob, "What does zora paint?").await, Value::Null);
    forget(&ada, &json!({"ids": [second, third]})).await;
    assert_eq!(about(&ada, "What does zora paint?").await, "ZORA");
    let user = id_of(&ada).await;
    assert_eq!(names(&app, user), [("ZORA".to_owned(), 1)]);
    forget(&ada, &json!({"ids": [first]})).await;
    assert_eq!(about(&ada, "What does zora paint?").await, Value::Null);
    assert_eq!(names(&app, user), []);
    app.finish().await;
}

/// A name of several words is known by each that is in no other name.
#[tokio::test]
async fn a_name_is_known_by_its_words() {
    let app = unlimited().await;
    let ada = app.user("ada").await;
    for name in ["Dr Smith", "Dr Élodie Jones"] {
        stored(&ada, &json!({"text": "Drink more water.", "speaker": name})).await;
    }
    for (asked, meant) in [
        ("What did Smith say?", json!("Dr Smith")),
        ("What did élodie say?", json!("Dr Élodie Jones")),
        ("What did Dr Jones say?", json!("Dr Élodie Jones")),
        ("What did the dr say?", Value::Null),
    ] {
        assert_eq!(about(&ada, asked).await, meant, "{asked}");
    }
    app.finish().await;
}

/// Names that an older program wrote are known, and go to their table with the next change.
#[tokio::test]
async fn names_of_before_are_kept() {
    let app = unlimited().await;
    let ada = app.user("ada").await;
    let user = id_of(&ada).await;
    for text in ["I paint barns.", "I paint boats."] {
        stored(&ada, &json!({"text": text, "speaker": "Zora"})).await;
    }
    let back = app.app.store.write(move |tx| {
        let mut all = tx.get(&AS_BEFORE, &user)?.unwrap();
        all.names.insert("Zora".to_owned(), 2);
        tx.put(&AS_BEFORE, &user, &all)?;
        tx.delete_span(&NAMES, Span::prefix(&user))?;
        Ok::<_, Error>(())
    });
    back.await.unwrap();
    assert_eq!(about(&ada, "What does zora paint?").await, "Zora");
    let third = json!({"text": "I paint boots.", "speaker": "Zora"});
    let third = stored(&ada, &third).await;
    assert_eq!(names(&app, user), [("Zora".to_owned(), 3)]);
    let all = app.app.store.read(|tx| tx.get(&AS_BEFORE, &user));
    let all: Result<_, Error> = all;
    assert!(all.unwrap().unwrap().names.is_empty());
    ada.delete(&format!("/api/memory/{third}")).await;
    assert_eq!(names(&app, user), [("Zora".to_owned(), 2)]);
    app.finish().await;
}
