//! What forgetting leaves in tables and files: no word.

use novacore::schema::TABLES;
use serde_json::{Value, json};
use storage::{Error, Key, Read as _, Record, Span, Table};

use super::{forget, id_of, import, instructions, tell, unlimited};
use crate::support::app::TestApp;
use crate::support::http::Person;
use crate::support::people::{files_with, holds};

/// Words that nobody says by chance; the stems in which an index has them begin alike.
const WORD: &str = "quokkafelsen";
const KEY: &str = "numbatarchiv";

/// A key or a value as it is stored.
struct Raw(Vec<u8>);

impl Key for Raw {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend(&self.0);
    }

    fn decode(bytes: &mut &[u8]) -> Result<Self, Error> {
        Ok(Self(std::mem::take(bytes).to_vec()))
    }
}

impl serde::Serialize for Raw {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for Raw {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self)
    }
}

impl Record for Raw {
    const VERSION: u8 = u8::MAX;

    fn upgrade(_: u8, body: &[u8]) -> Result<Self, Error> {
        Ok(Self(body.to_vec()))
    }
}

/// The tables of memory in which one of the words stands.
fn tables(app: &TestApp) -> Vec<&'static str> {
    let with_word = |name: &&'static str| {
        let table: Table<Raw, Raw> = Table::new(name);
        let rows: Result<_, Error> = app
            .app
            .store
            .read(|tx| tx.scan(&table, Span::all(), usize::MAX));
        let named = |bytes: &[u8]| [WORD, KEY].iter().any(|word| holds(bytes, word.as_bytes()));
        let mut rows = rows.unwrap().into_iter();
        rows.any(|(Raw(key), Raw(value))| named(&key) || named(&value))
    };
    let names = TABLES.iter().map(|table| table.name);
    let names = names.filter(|name| name.starts_with("memory_"));
    names.filter(with_word).collect()
}

/// Everything by which a person sees or a model gets what is remembered.
async fn shown(app: &TestApp, ada: &Person) -> String {
    let mut all = String::new();
    for path in [
        "/api/memory?limit=1000",
        "/api/memory/timeline",
        "/api/memory/stats",
        "/api/memory/export",
        "/api/memory?q=quokkafelsen",
        "/api/memory/context?q=quokkafelsen%20rock",
    ] {
        let told = ada.get(path).await;
        assert_eq!(told.status, 200, "{told:?}");
        all += &told.text;
    }
    let search = json!({"query": "quokkafelsen rock"});
    let found = ada.post("/api/memory/search", &search).await.body;
    all += &found["results"].to_string();
    let body = json!({"message": "Tell me of the rock", "use_memory": true});
    let answer = ada.post("/api/chat/message", &body).await;
    app.settle().await;
    all + &answer.body["memories"].to_string() + &instructions(app)
}

/// Says and stores things with the word, and has a model's fact and summary of them.
async fn fill(app: &TestApp, ada: &Person) -> (String, Value) {
    let said = format!("I climbed the {WORD} rock.");
    let session = tell(app, ada, &said).await.str("session_id");
    // The message stays, and so would a title made of it.
    let path = format!("/api/chat/sessions/{session}");
    ada.patch(&path, &json!({"title": "A climb"})).await;
    let turn = id_of(ada, &said).await;
    let lines = [
        json!({"text": format!("The {WORD} rock is red."), "session_key": KEY}),
        json!({"kind": "fact", "text": format!("You climbed the {WORD} rock."), "evidence": [turn]}),
        json!({"kind": "summary", "text": format!("Climbing the {WORD} rock."), "evidence": [turn]}),
    ];
    assert_eq!(import(ada, &lines).await.body["imported"], 3);
    app.settle().await;
    (turn, json!(session))
}

/// By whatever form it is forgotten, nothing shows it any more: at once, after a crash, and in no table and no
/// file of the index when that was cleaned.
#[tokio::test]
async fn nothing_is_left_by_any_form() {
    for form in [
        "one",
        "session",
        "time",
        "query",
        "everything",
        "conversation",
    ] {
        let mut app = unlimited().await;
        let ada = app.user("ada").await;
        let (turn, session) = fill(&app, &ada).await;
        assert!(shown(&app, &ada).await.contains(WORD));
        assert!(tables(&app).len() >= 3, "{:?}", tables(&app));
        let list = ada.get("/api/memory?limit=1000").await.body;
        let mut items = list["items"].as_array().unwrap().iter();
        let stored = items
            .find(|item| item["session_title"] == KEY)
            .unwrap()
            .clone();
        let stored_too = async || {
            let path = format!("/api/memory/{}", stored["id"].as_str().unwrap());
            assert_eq!(ada.delete(&path).await.status, 204);
        };
        let what = match form {
            "one" => json!({"ids": [turn, stored["id"]]}),
            "session" => json!({"session_id": session}),
            "time" => json!({"from": "2025-12-31", "to": "2026-01-02"}),
            "query" => json!({"query": WORD}),
            "everything" => json!({"everything": true, "confirm": "forget everything"}),
            _ => Value::Null,
        };
        if form == "conversation" {
            let path = format!("/api/chat/sessions/{}", session.as_str().unwrap());
            assert_eq!(ada.delete(&path).await.status, 204);
        } else {
            let forgotten = forget(&ada, &what).await;
            assert_eq!(forgotten.status, 200, "{forgotten:?}");
        }
        if ["session", "conversation"].contains(&form) {
            stored_too().await;
        }
        assert_eq!(tables(&app), [] as [&str; 0], "{form}");
        assert!(!shown(&app, &ada).await.contains(WORD), "{form}");
        app.crash_and_reopen().await;
        app.settle().await;
        let ada = app.user("ada").await;
        assert_eq!(tables(&app), [] as [&str; 0], "{form}, crashed");
        let told = shown(&app, &ada).await;
        assert!(
            !told.contains(WORD) && !told.contains(KEY),
            "{form}: {told}"
        );
        // The index has no document that is of no stored memory, and none is missing.
        let agreed = novacore::memory::disagreements(&app.app).await.unwrap();
        assert_eq!(agreed.findings, [] as [&str; 0], "{form}");
        app.app.text.purge().unwrap();
        let index = app.config.data.cache_path();
        assert_eq!(
            files_with(&index, WORD.as_bytes()),
            [] as [&str; 0],
            "{form}"
        );
        app.finish().await;
    }
}
