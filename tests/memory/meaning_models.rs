//! Which model memories are embedded with, and what happens while it is slow, away, or another one.

use std::time::Duration;

use novacore::config::{Config, EmbeddingProvider};
use serde_json::{Value, json};

use super::meaning::{builtin, embedding, store, waiting};
use super::{found, search};
use crate::support::app::TestApp;
use crate::support::fake_ollama::FakeModel;
use crate::support::http::Person;
use crate::support::script::Gate;

const KETTLE: &str = "The kettle is broken.";
const DECIDE: &str = "/api/admin/memory/embedding";

fn auto(config: &mut Config) {
    config.embedding.provider = EmbeddingProvider::Auto;
}

async fn state(admin: &Person) -> Value {
    admin.get("/api/admin/memory").await.body["embedding"].clone()
}

fn chat_alone() -> Vec<FakeModel> {
    vec![FakeModel::new("llama3.2:latest")]
}

fn with_embedder(version: usize) -> Vec<FakeModel> {
    let mut models = chat_alone();
    models.push(FakeModel::embedding("all-minilm:latest").version(version));
    models
}

/// Where Ollama has the model when the first memory is embedded, it is taken, by its content. Neither
/// storing nor searching asks a model that chats, and a question is embedded once a minute.
#[tokio::test]
async fn ollama_is_taken_where_it_has_the_model() {
    let app = TestApp::with(auto).await;
    let (ada, admin) = (app.user("ada").await, app.admin().await);
    assert_eq!(state(&admin).await["decided"], Value::Null);
    store(&ada, KETTLE).await;
    app.settle().await;
    let decided = state(&admin).await["decided"].clone();
    assert_eq!(
        (
            &decided["provider"],
            &decided["model"],
            &decided["dimension"]
        ),
        (&json!("ollama"), &json!("all-minilm:latest"), &json!(384))
    );
    let before = app.model.embedding().calls();
    for _ in 0..3 {
        let answer = search(&ada, "broken kettle").await.body;
        assert_eq!(answer["meaning"], true);
        assert_eq!(super::texts(&answer["results"]), [KETTLE]);
    }
    assert_eq!(app.model.embedding().calls(), before + 1);
    app.advance(Duration::from_mins(1));
    search(&ada, "broken kettle").await;
    assert_eq!(app.model.embedding().calls(), before + 2);
    // Somebody without memories causes no call.
    found(&app.user("bob").await, "broken kettle").await;
    assert_eq!(app.model.embedding().calls(), before + 2);
    assert_eq!(app.model.requests().len(), 0);
    app.finish().await;
}

/// It is decided once: a model that is installed later, and a restart, change nothing.
#[tokio::test]
async fn it_is_decided_once() {
    let mut app = TestApp::with(auto).await;
    app.model.install(chat_alone());
    let ada = app.user("ada").await;
    store(&ada, KETTLE).await;
    app.settle().await;
    app.model.install(with_embedder(1));
    app.crash_and_reopen().await;
    let (ada, admin) = (app.user("ada").await, app.admin().await);
    store(&ada, "I bought a car.").await;
    app.settle().await;
    let state = state(&admin).await;
    assert_eq!(state["decided"]["provider"], "builtin");
    let ollama = &state["candidates"][1];
    assert_eq!(
        (&ollama["available"], &ollama["reason"]),
        (&json!(true), &Value::Null)
    );
    assert_eq!(app.model.embedding().calls(), 0);
    assert_eq!(found(&ada, "automobile").await, ["I bought a car."]);
    app.finish().await;
}

/// Storing waits for no embedder; while it fails, words are searched and administrators are told; it is
/// tried again, later and later, and then all is embedded.
#[tokio::test]
async fn without_the_embedder_words_are_searched() {
    let app = TestApp::with(|config| {
        config.embedding.provider = EmbeddingProvider::Ollama;
    })
    .await;
    let (ada, admin) = (app.user("ada").await, app.admin().await);
    app.model.embedding().fail(500, "out of memory");
    let asleep = app.clock.asleep();
    store(&ada, KETTLE).await;
    app.settle().await;
    let answer = search(&ada, "kettle").await.body;
    assert_eq!(super::texts(&answer["results"]), [KETTLE]);
    assert_eq!(answer["meaning"], false);
    let told = state(&admin).await;
    let trouble = told["trouble"].as_str().unwrap();
    assert!(trouble.contains("model_failed"), "{told}");
    // What the model server says may be what it was asked.
    assert!(!trouble.contains("out of memory"), "{told}");
    assert_eq!(
        (&told["failures"], &told["waiting"]),
        (&json!(1), &json!(1))
    );
    let ready = app.nobody().get("/ready").await;
    assert_eq!(ready.status, 200);
    let parts = ready.body["dependencies"].as_array().unwrap().clone();
    let part = parts
        .iter()
        .find(|part| part["name"] == "embedding")
        .unwrap();
    assert_eq!(part["status"], "degraded");
    assert!(!ready.text.contains("out of memory"), "{}", ready.text);
    let health = app.nobody().get("/api/memory/health").await;
    assert_eq!(health.body["status"], "degraded");

    // The second try comes after ten seconds, the third after twenty more.
    let mut how = app.app.care.embedding.subscribe();
    for (seconds, failures) in [(10, 2), (20, 3)] {
        // What embeds waits; the first time the text index does, too, to be committed.
        let more = usize::from(failures == 2);
        app.clock.sleepers(asleep + more).await;
        app.advance(Duration::from_secs(seconds));
        let failed = how.wait_for(|how| how.failures == failures);
        crate::support::clock::soon("another try", failed)
            .await
            .unwrap();
    }
    app.model.embedding().recover();
    app.clock.sleepers(asleep).await;
    app.advance(Duration::from_secs(40));
    waiting(&app, &admin, 0).await;
    app.settle().await;
    assert_eq!(search(&ada, "kettle").await.body["meaning"], true);
    let health = app.nobody().get("/api/memory/health").await;
    assert_eq!(health.body["status"], "ok");
    app.finish().await;
}

/// How many of somebody's have a vector, wait, and are refused.
async fn figures(person: &Person) -> [u64; 3] {
    let stats = embedding(person).await;
    ["with_vector", "waiting", "refused"].map(|key| stats[key].as_u64().unwrap())
}

/// A text that the embedder does not take is found out and keeps no other waiting, neither its owner's nor
/// anybody else's; it is found by its words, counted, and asked for again when it or the model is another.
#[tokio::test]
async fn a_text_that_is_refused_keeps_no_other_waiting() {
    const ODD: &str = "The xyzzyx is odd.";
    let app = TestApp::with(auto).await;
    let (ada, bob, admin) = (
        app.user("ada").await,
        app.user("bob").await,
        app.admin().await,
    );
    app.model.embedding().refuse("xyzzyx");
    store(&ada, KETTLE).await;
    let odd = store(&ada, ODD).await;
    store(&ada, "I bought a car.").await;
    store(&bob, "My dog is sick.").await;
    app.settle().await;
    waiting(&app, &admin, 0).await;
    assert_eq!(figures(&ada).await, [2, 0, 1]);
    assert_eq!(figures(&bob).await, [1, 0, 0]);
    let told = state(&admin).await;
    assert_eq!(
        (&told["vectors"], &told["refused"], &told["trouble"]),
        (&json!(3), &json!(1), &Value::Null)
    );
    assert_eq!(told["reembedding"], Value::Null);
    let answer = search(&ada, "xyzzyx").await.body;
    assert_eq!(super::texts(&answer["results"]), [ODD]);
    assert_eq!(answer["meaning"], false, "what it is asked is refused, too");
    assert_eq!(search(&ada, "kettle").await.body["meaning"], true);
    let calls = app.model.embedding().calls();
    store(&ada, "I like tea.").await;
    app.settle().await;
    assert_eq!(app.model.embedding().calls(), calls + 1, "it is left alone");

    let path = format!("/api/memory/{odd}");
    for (text, expected) in [
        ("The plover is odd.", [4, 0, 0]),
        ("The xyzzyx again.", [3, 0, 1]),
    ] {
        ada.patch(&path, &json!({"text": text})).await;
        app.settle().await;
        assert_eq!(figures(&ada).await, expected, "{text}");
    }
    // Another model takes it.
    app.model.embedding().refuse("plugh");
    app.model.install(with_embedder(2));
    store(&bob, "I bought a bicycle.").await;
    app.settle().await;
    waiting(&app, &admin, 0).await;
    assert_eq!(figures(&ada).await, [4, 0, 0]);
    app.model.embedding().refuse("xyzzyx");
    let odd = store(&bob, ODD).await;
    app.settle().await;
    assert_eq!(figures(&bob).await, [2, 0, 1]);
    bob.delete(&format!("/api/memory/{odd}")).await;
    assert_eq!(figures(&bob).await, [2, 0, 0]);
    app.finish().await;
}

/// An embedder that breaks down while texts are asked for one by one refuses none of them.
#[tokio::test]
async fn who_breaks_down_refuses_nothing() {
    let app = TestApp::with(auto).await;
    let (ada, admin) = (app.user("ada").await, app.admin().await);
    store(&ada, KETTLE).await;
    app.settle().await;
    let gate = Gate::new();
    let asked = app.model.embedding().calls();
    app.model.embedding().hold(&gate);
    app.model.embedding().refuse("xyzzyx");
    store(&ada, "The xyzzyx is odd.").await;
    app.model.embedding().received(asked + 1).await;
    for number in 0..3 {
        store(&ada, &format!("Memory of number {number}.")).await;
    }
    app.model.embedding().fail(500, "out of memory");
    gate.open();
    app.settle().await;
    assert_eq!(figures(&ada).await, [1, 4, 0]);
    let told = state(&admin).await;
    assert_eq!(
        (&told["failures"], &told["refused"]),
        (&json!(1), &json!(0))
    );
    app.model.embedding().recover();
    app.app.care.embed_now.notify_one();
    waiting(&app, &admin, 0).await;
    assert_eq!(figures(&ada).await, [4, 0, 1]);
    app.finish().await;
}

/// An embedder that takes too long keeps nobody waiting: words alone answer, and what it finds later serves
/// the next one who asks.
#[tokio::test]
async fn a_slow_embedder_keeps_nobody_waiting() {
    let app = TestApp::with(auto).await;
    let ada = app.user("ada").await;
    store(&ada, KETTLE).await;
    app.settle().await;
    let gate = Gate::new();
    app.model.embedding().hold(&gate);
    let (before, asleep) = (app.model.embedding().calls(), app.clock.asleep());
    let patience = async {
        app.model.embedding().received(before + 1).await;
        app.clock.sleepers(asleep + 2).await;
        app.advance(Duration::from_millis(300));
    };
    let (answer, ()) = tokio::join!(search(&ada, "kettle"), patience);
    assert_eq!(super::texts(&answer.body["results"]), [KETTLE]);
    assert_eq!(answer.body["meaning"], false);
    gate.open();
    app.settle().await;
    assert_eq!(search(&ada, "kettle").await.body["meaning"], true);
    assert_eq!(app.model.embedding().calls(), before + 1);
    app.finish().await;
}

/// An administrator decides for another model: everything is embedded again, and until then only what
/// was has a vector. One that is not there cannot be decided for.
#[tokio::test]
async fn an_administrator_decides_anew() {
    let app = TestApp::with(builtin).await;
    let (ada, admin) = (app.user("ada").await, app.admin().await);
    for text in [KETTLE, "I bought a car.", "My dog is sick."] {
        store(&ada, text).await;
    }
    app.settle().await;
    assert_eq!(found(&ada, "automobile").await, ["I bought a car."]);

    app.model.install(chat_alone());
    let ollama = json!({"provider": "ollama"});
    let refused = admin.post(DECIDE, &ollama).await;
    assert_eq!(
        (refused.status, refused.code()),
        (409, "embedding_unavailable")
    );
    let unknown = admin.post(DECIDE, &json!({"provider": "magic"})).await;
    assert_eq!((unknown.status, unknown.code()), (422, "provider_invalid"));

    app.model.install(with_embedder(1));
    let gate = Gate::new();
    let calls = app.model.embedding().calls();
    let (decided, ()) = tokio::join!(admin.post(DECIDE, &ollama), async {
        // The model is asked how large its vectors are; what comes after that is held.
        app.model.embedding().received(calls + 1).await;
        app.model.embedding().hold(&gate);
    });
    assert_eq!(decided.body["embedding"]["decided"]["provider"], "ollama");
    app.model.embedding().received(calls + 2).await;
    let half = embedding(&ada).await;
    assert_eq!(
        (&half["with_vector"], &half["waiting"], &half["meaning"]),
        (&json!(0), &json!(3), &json!(false))
    );
    let progress = state(&admin).await["reembedding"].clone();
    assert_eq!(progress, json!({"done": 0, "total": 3}));
    gate.open();
    app.settle().await;
    let all = state(&admin).await;
    assert_eq!(
        (&all["vectors"], &all["reembedding"]),
        (&json!(3), &Value::Null)
    );
    assert!(all["difference"].as_str().unwrap().contains("all-minilm"));
    // That model knows letters, not meanings: vectors of the first one answer no more.
    assert_eq!(found(&ada, "automobile").await, [] as [&str; 0]);
    assert_eq!(search(&ada, "kettle").await.body["meaning"], true);

    let off = admin.post(DECIDE, &json!({"provider": "off"})).await;
    assert_eq!(off.body["embedding"]["decided"], Value::Null);
    assert_eq!(search(&ada, "kettle").await.body["meaning"], false);
    app.finish().await;
}

/// The same name with another content is another model: everything is embedded again.
#[tokio::test]
async fn another_content_under_the_same_name_is_another_model() {
    let app = TestApp::with(auto).await;
    let (ada, admin) = (app.user("ada").await, app.admin().await);
    store(&ada, KETTLE).await;
    app.settle().await;
    let first = state(&admin).await["decided"]["digest"].clone();
    app.model.install(with_embedder(2));
    app.model.embedding().numbers(512);
    store(&ada, "I bought a car.").await;
    app.settle().await;
    let now = state(&admin).await;
    assert_ne!(now["decided"]["digest"], first);
    assert_eq!(
        (&now["decided"]["dimension"], &now["vectors"]),
        (&json!(512), &json!(2))
    );
    let texts = app.model.embedding().texts();
    assert_eq!(texts.iter().filter(|text| *text == KETTLE).count(), 2);
    assert_eq!(search(&ada, "kettle").await.body["meaning"], true);
    app.finish().await;
}

/// The program ends while memories are being embedded: afterwards all are, and none is lost.
#[tokio::test]
async fn embedding_goes_on_after_a_crash() {
    let mut app = TestApp::with(auto).await;
    let ada = app.user("ada").await;
    store(&ada, KETTLE).await;
    app.settle().await;
    let gate = Gate::new();
    app.model.embedding().hold(&gate);
    let before = app.model.embedding().calls();
    for number in 0..5 {
        store(&ada, &format!("Memory of number {number}.")).await;
    }
    app.model.embedding().received(before + 1).await;
    app.end();
    gate.open();
    app.reopen().await;
    let admin = app.admin().await;
    waiting(&app, &admin, 0).await;
    app.settle().await;
    assert_eq!(state(&admin).await["vectors"], 6);
    let ada = app.user("ada").await;
    assert_eq!(embedding(&ada).await["with_vector"], 6);
    app.finish().await;
}

/// What is switched off in the settings is not decided about.
#[tokio::test]
async fn off_in_the_settings_is_off() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let refused = admin.post(DECIDE, &json!({"provider": "builtin"})).await;
    assert_eq!((refused.status, refused.code()), (409, "embedding_off"));
    app.finish().await;
}
