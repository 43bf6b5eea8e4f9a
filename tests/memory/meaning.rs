//! Found by meaning: with the built-in model, which needs nobody.

use std::time::Duration;

use novacore::config::{Config, EmbeddingProvider};
use serde_json::{Value, json};
use storage::{Error, Read as _, Record, Span, Table};

use super::{found, id_of, instructions, search, tell};
use crate::support::app::TestApp;
use crate::support::clock::soon;
use crate::support::http::Person;
use crate::support::people;

const SICK: &str = "My physician prescribed new medication.";
/// Says the same without a word of it.
const ASKED: &str = "doctor medicine";

pub fn builtin(config: &mut Config) {
    config.embedding.provider = EmbeddingProvider::Builtin;
}

/// How far somebody's memories are embedded.
pub async fn embedding(person: &Person) -> Value {
    person.get("/api/memory/stats").await.body["embedding"].clone()
}

/// Stores something by hand.
pub async fn store(person: &Person, text: &str) -> String {
    let made = person
        .post("/api/memory/store", &json!({"text": text}))
        .await;
    assert_eq!(made.status, 201, "{made:?}");
    made.str("id")
}

/// Waits until so many vectors are missing, everybody's.
pub async fn waiting(app: &TestApp, admin: &Person, wanted: u64) {
    let mut rounds = app.app.care.embedding.subscribe();
    loop {
        rounds.borrow_and_update();
        let state = admin.get("/api/admin/memory").await.body;
        if state["embedding"]["waiting"] == wanted {
            return;
        }
        soon("another round of embedding", rounds.changed())
            .await
            .unwrap();
    }
}

/// Keys of somebody's rows in the table of vectors.
fn rows(app: &TestApp, user: uuid::Uuid) -> usize {
    struct Any;
    impl serde::Serialize for Any {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_unit()
        }
    }
    impl<'de> serde::Deserialize<'de> for Any {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            serde::de::IgnoredAny::deserialize(deserializer).map(|_| Self)
        }
    }
    impl Record for Any {}
    const VECTORS: Table<(uuid::Uuid, u64, u8), Any> = Table::new("memory_vectors");
    let rows: Result<_, Error> = app
        .app
        .store
        .read(|tx| tx.scan(&VECTORS, Span::prefix(&user), usize::MAX));
    rows.unwrap().len()
}

/// What shares no word with a question is found when it means the same, by searches and in answers, with
/// the reason, also after a restart; no model is asked for it.
#[tokio::test]
async fn what_means_the_same_is_found() {
    let mut app = TestApp::with(builtin).await;
    let ada = app.user("ada").await;
    store(&ada, "The kettle is broken.").await;
    store(&ada, SICK).await;
    app.settle().await;
    for crashed in [false, true] {
        let ada = app.user("ada").await;
        let answer = search(&ada, ASKED).await.body;
        assert_eq!(super::texts(&answer["results"]), [SICK], "{answer}");
        assert_eq!(answer["meaning"], true);
        let parts = answer["results"][0]["parts"].as_array().unwrap();
        let meaning = parts.iter().find(|part| part["name"] == "meaning");
        assert!(meaning.unwrap()["value"].as_f64().unwrap() > 0.0);
        let context = ada
            .get("/api/memory/context?q=doctor%20medicine")
            .await
            .body;
        assert_eq!(super::texts(&context["memories"]), [SICK]);
        if !crashed {
            app.crash_and_reopen().await;
        }
    }
    assert_eq!(app.model.requests().len(), 0);
    assert_eq!(app.model.embedding().calls(), 0);
    ada_says(&app, "Any news of doctor or medicine?").await;
    assert!(instructions(&app).contains(SICK));
    let state = embedding(&app.user("ada").await).await;
    assert_eq!(
        (&state["provider"], &state["dimension"], &state["waiting"]),
        (&json!("builtin"), &json!(256), &json!(0))
    );
    app.finish().await;
}

async fn ada_says(app: &TestApp, what: &str) {
    let ada = app.user("ada").await;
    tell(app, &ada, what).await;
}

/// Where embedding is off, words are searched, and what waits for a vector does so until it is on.
#[tokio::test]
async fn off_means_words_alone() {
    let mut app = TestApp::new().await;
    let ada = app.user("ada").await;
    store(&ada, SICK).await;
    let answer = search(&ada, ASKED).await.body;
    assert_eq!(answer["results"], json!([]));
    assert_eq!(answer["meaning"], false);
    assert_eq!(found(&ada, "physician").await, [SICK]);
    assert_eq!(embedding(&ada).await["provider"], "off");
    app.end();
    builtin(&mut app.config);
    app.reopen().await;
    let admin = app.admin().await;
    waiting(&app, &admin, 0).await;
    let ada = app.user("ada").await;
    assert_eq!(found(&ada, ASKED).await, [SICK]);
    app.finish().await;
}

/// A long turn is found by its last sentence, though it is about something else altogether.
#[tokio::test]
async fn a_long_turn_is_found_by_its_last_sentence() {
    let app = TestApp::with(builtin).await;
    let ada = app.user("ada").await;
    let filler = "The meeting about the harbour went on and on yesterday. ".repeat(30);
    let long = format!("{filler}{SICK}");
    store(&ada, &long).await;
    app.settle().await;
    assert_eq!(found(&ada, ASKED).await, [long]);
    let user = people::id_of(&ada).await;
    assert_eq!(rows(&app, user), 3);
    app.finish().await;
}

/// With a turn its vector is gone at once: from what is found, from the rows, and from what is kept in
/// memory. A corrected one is found by its new meaning alone.
#[tokio::test]
async fn a_forgotten_meaning_is_nowhere() {
    let app = TestApp::with(builtin).await;
    let ada = app.user("ada").await;
    let user = people::id_of(&ada).await;
    store(&ada, SICK).await;
    store(&ada, "I bought a car.").await;
    app.settle().await;
    assert_eq!(found(&ada, ASKED).await, [SICK]);
    assert_eq!((rows(&app, user), app.app.vectors.usage().vectors), (2, 2));

    let path = format!("/api/memory/{}", id_of(&ada, SICK).await);
    assert_eq!(ada.delete(&path).await.status, 204);
    assert_eq!(found(&ada, ASKED).await, [] as [&str; 0]);
    assert_eq!(rows(&app, user), 1);
    app.settle().await;
    assert_eq!(app.app.vectors.usage().vectors, 1);

    let path = format!("/api/memory/{}", id_of(&ada, "I bought a car.").await);
    let detail = ada.get(&path).await.body;
    assert_eq!(detail["vector"]["model"], "static-minilm-256");
    let corrected = ada.patch(&path, &json!({"text": "My dog is sick."})).await;
    assert_eq!(corrected.status, 200);
    assert_eq!(found(&ada, "automobile").await, [] as [&str; 0]);
    app.settle().await;
    assert_eq!(found(&ada, "automobile").await, [] as [&str; 0]);
    assert_eq!(found(&ada, "ill pet").await, ["My dog is sick."]);
    app.finish().await;
}

/// Who means the same finds their own and never each other's; who has nothing finds nothing.
#[tokio::test]
async fn the_same_meanings_of_two_people_stay_apart() {
    let app = TestApp::with(builtin).await;
    let (ada, bob, eve) = (
        app.user("ada").await,
        app.user("bob").await,
        app.user("eve").await,
    );
    store(&ada, "My dog is sick, says Ada.").await;
    store(&bob, "My dog is sick, says Bob.").await;
    app.settle().await;
    assert_eq!(found(&ada, "ill pet").await, ["My dog is sick, says Ada."]);
    assert_eq!(found(&bob, "ill pet").await, ["My dog is sick, says Bob."]);
    assert_eq!(found(&eve, "ill pet").await, [] as [&str; 0]);
    assert_eq!(search(&eve, "ill pet").await.body["meaning"], false);
    app.finish().await;
}

/// With the account its vectors go, those in memory too.
#[tokio::test]
async fn an_erased_account_leaves_no_vector() {
    let app = TestApp::with(builtin).await;
    let ada = app.user("ada").await;
    let user = people::id_of(&ada).await;
    store(&ada, SICK).await;
    app.settle().await;
    assert_eq!(found(&ada, ASKED).await, [SICK]);
    assert_eq!(app.app.vectors.usage().owners, 1);
    let admin = app.admin().await;
    let path = format!("/api/admin/users/{user}");
    let gone = admin.delete(&path).await;
    assert!((200..300).contains(&gone.status), "{gone:?}");
    app.run_jobs().await;
    assert_eq!((rows(&app, user), app.app.vectors.usage().owners), (0, 0));
    app.finish().await;
}

/// An import of many is embedded, and somebody else's memory does not wait for the end of it.
#[tokio::test]
async fn many_are_embedded_and_nobody_starves() {
    let app = TestApp::with(builtin).await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    for number in 0..200 {
        store(&ada, &format!("Memory of number {number}.")).await;
        if number % 50 == 0 {
            app.advance(Duration::from_mins(2));
        }
    }
    store(&bob, SICK).await;
    app.settle().await;
    assert_eq!(embedding(&ada).await["with_vector"], 200);
    assert_eq!(found(&bob, ASKED).await, [SICK]);
    app.finish().await;
}
