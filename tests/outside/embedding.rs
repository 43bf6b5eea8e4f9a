//! Texts to vectors: what is asked of Ollama and when, what is believed, and that the built-in model
//! needs nobody.

use std::time::Duration;

use novacore::config::Config;
use novacore::outside::{
    EmbedModel, EmbedProvider, EmbedPurpose, Embeddings, ModelError, ModelServers,
};

use super::{Setup, collect, request, servers_at};
use crate::support::clock::{TestClock, soon};
use crate::support::fake_ollama::{FakeModel, FakeOllama};
use crate::support::script::{Gate, Script};

fn embeddings(servers: &ModelServers, name: &str) -> Embeddings {
    let mut config = Config::default();
    config.embedding.model = name.into();
    Embeddings::new(&config, servers.clone())
}

fn texts<const N: usize>(texts: [&str; N]) -> Vec<String> {
    texts.map(str::to_owned).into()
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// A fake Ollama, what embeds with it, and the model as it was found.
struct Embedded {
    setup: Setup,
    embeddings: Embeddings,
    model: EmbedModel,
}

impl Embedded {
    async fn new() -> Self {
        let setup = Setup::new();
        let embeddings = embeddings(&setup.servers, "all-minilm");
        let model = embeddings.ollama().await.unwrap();
        Self {
            setup,
            embeddings,
            model,
        }
    }

    async fn query(&self, text: &str) -> Result<Vec<Vec<f32>>, ModelError> {
        let texts = texts([text]);
        let vectors = self
            .embeddings
            .embed(&self.model, &texts, EmbedPurpose::Query);
        vectors.await
    }

    async fn passages(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, ModelError> {
        let vectors = self
            .embeddings
            .embed(&self.model, texts, EmbedPurpose::Passage);
        vectors.await
    }
}

/// Name, content and size of the model are known before the first vector is stored, and asked for
/// once; another version under the same name is noticed.
#[tokio::test]
async fn the_model_is_found_with_its_digest_and_dimension() {
    let e = Embedded::new().await;
    assert_eq!(e.model.provider, EmbedProvider::Ollama);
    assert_eq!(
        (e.model.name.as_str(), e.model.dim),
        ("all-minilm:latest", 384)
    );
    assert_eq!(e.model.digest.len(), 64);
    assert_eq!(e.embeddings.ollama().await.unwrap(), e.model);
    let embedding = e.setup.fake.embedding();
    assert_eq!(embedding.calls(), 1);

    let newer = FakeModel::embedding("all-minilm:latest").version(2);
    e.setup.fake.install(vec![newer]);
    embedding.numbers(512);
    let found = e.embeddings.ollama().await.unwrap();
    assert_ne!(found.digest, e.model.digest);
    assert_eq!((found.dim, embedding.calls()), (512, 2));
}

/// Many texts go in few requests and come back in their order; long ones may be cut, and what says
/// nothing is not sent at all.
#[tokio::test]
async fn texts_go_in_batches() {
    let e = Embedded::new().await;
    let mut many: Vec<_> = (0..40).map(|n| format!("word{n} of number {n}")).collect();
    many.insert(20, " \n".into());
    let vectors = e.passages(&many).await.unwrap();
    assert_eq!(vectors.len(), 41);
    assert!(vectors[20].iter().all(|&x| x == 0.0) && vectors[20].len() == 384);
    let asked = e.setup.fake.embedding().requests();
    let sizes: Vec<_> = asked[1..]
        .iter()
        .map(|body| body["input"].as_array().unwrap().len())
        .collect();
    assert_eq!(sizes, [16, 16, 8]);
    for body in asked {
        assert_eq!(body["truncate"], true);
        assert_eq!(
            (&body["model"], &body["keep_alive"]),
            (&"all-minilm:latest".into(), &"30m".into())
        );
    }
    for at in [0, 19, 21, 40] {
        let again = e.query(&many[at]).await.unwrap();
        assert!(cosine(&again[0], &vectors[at]) > 0.999, "{at}");
    }
    assert!(cosine(&vectors[0], &vectors[40]) < 0.9);
    assert_eq!(e.passages(&[]).await.unwrap(), Vec::<Vec<f32>>::new());
}

/// A model that is not there, or makes no embeddings, is told apart from a server that is not there,
/// and each with what helps.
#[tokio::test]
async fn what_is_missing_is_said() {
    let setup = Setup::new();
    let missing = embeddings(&setup.servers, "nomic-embed-text")
        .ollama()
        .await;
    let missing = missing.unwrap_err();
    assert_eq!(missing.code, "model_not_found");
    assert_eq!(missing.commands, ["ollama pull nomic-embed-text"]);

    let chats = embeddings(&setup.servers, "llama3.2").ollama().await;
    assert_eq!(chats.unwrap_err().code, "model_unsupported");
    let terse = FakeModel::new("llama3.2:latest").terse();
    setup.fake.install(vec![terse]);
    let silent = embeddings(&setup.servers, "llama3.2").ollama().await;
    let silent = silent.unwrap_err();
    assert!(
        silent.message.contains("does not support embeddings"),
        "{silent:?}"
    );

    let down = FakeOllama::down();
    let servers = servers_at(&down.url(), &TestClock::new(), |_| {});
    let away = embeddings(&servers, "all-minilm").ollama().await;
    assert_eq!(away.unwrap_err().code, "model_unreachable");
}

/// A server of another kind is not asked in Ollama's language.
#[tokio::test]
async fn other_servers_are_not_asked() {
    let setup = Setup::with(|model| model.provider = novacore::config::Provider::Openai);
    let found = embeddings(&setup.servers, "all-minilm").ollama().await;
    assert_eq!(found.unwrap_err().code, "model_not_found");
    assert_eq!(setup.fake.other_calls(), 0);
}

/// What goes wrong between two texts loses nothing but that call: the next one works.
#[tokio::test]
async fn failures_are_told_and_pass() {
    let e = Embedded::new().await;
    let embedding = e.setup.fake.embedding();
    for (status, code) in [
        (503, "model_busy"),
        (500, "model_failed"),
        (404, "model_failed"),
    ] {
        embedding.fail(status, "server busy");
        assert_eq!(e.query("Where?").await.unwrap_err().code, code);
    }
    embedding.fail(404, "model 'all-minilm:latest' not found");
    let gone = e.passages(&texts(["It was removed."])).await.unwrap_err();
    assert_eq!((gone.code, gone.commands.len()), ("model_not_found", 1));
    embedding.recover();
    assert_eq!(e.query("Where?").await.unwrap().len(), 1);
    let Embedded {
        setup,
        embeddings,
        model,
    } = e;
    setup.fake.stop().await;
    let asked = texts(["Where?"]);
    let away = embeddings.embed(&model, &asked, EmbedPurpose::Query).await;
    assert_eq!(away.unwrap_err().code, "model_unreachable");
}

/// Vectors of another length can be compared with nothing that is stored, so they never come out.
#[tokio::test]
async fn another_dimension_is_another_model() {
    let e = Embedded::new().await;
    e.setup.fake.embedding().numbers(768);
    let changed = e.query("Where?").await.unwrap_err();
    assert_eq!(changed.code, "model_changed");
    e.setup.fake.embedding().numbers(0);
    let empty = e.query("Where?").await.unwrap_err();
    assert_eq!(empty.code, "model_stream_error");
}

/// A server that accepts and says nothing holds a search up for a bounded time.
#[tokio::test]
async fn silence_has_an_end() {
    let e = Embedded::new().await;
    let gate = Gate::new();
    e.setup.fake.embedding().hold(&gate);
    let query = e.query("Where?");
    let clock = &e.setup.clock;
    let silence = async {
        e.setup.fake.embedding().received(2).await;
        clock.sleepers(1).await;
        clock.advance(Duration::from_secs(10));
    };
    let (found, ()) = tokio::join!(query, silence);
    assert_eq!(found.unwrap_err().code, "model_timeout");
    soon(
        "the end of the request",
        e.setup.fake.embedding().aborted(1),
    )
    .await;
}

/// Passages wait until nobody waits for an answer.
#[tokio::test]
async fn passages_wait_for_answers() {
    let e = Embedded::new().await;
    let gate = Gate::new();
    e.setup
        .fake
        .answer(Script::says(["an answer"]).gated(&gate));
    let answer = collect(e.setup.ask("Hello").await);
    let texts = texts(["A memory."]);
    let passages = e.passages(&texts);
    let meanwhile = async {
        e.setup.fake.received(1).await;
        // Whoever searches while an answer is written does not wait for it.
        assert_eq!(e.query("Where?").await.unwrap().len(), 1);
        let asked = e.setup.fake.embedding().texts();
        assert_eq!(asked, ["dimension", "Where?"]);
        gate.open();
    };
    let (answer, vectors, ()) = tokio::join!(answer, passages, meanwhile);
    assert!(answer.1.is_none());
    assert_eq!(vectors.unwrap().len(), 1);
    assert_eq!(e.setup.fake.embedding().calls(), 3);
}

/// An answer that begins while passages are embedded takes the server from them, and a query does
/// too; afterwards they are embedded all the same.
#[tokio::test]
async fn passages_give_way() {
    let e = Embedded::new().await;
    let held = Gate::new();
    let embedding = e.setup.fake.embedding();
    embedding.hold(&held);
    let memories = texts(["A memory.", "Another."]);
    let passages = e.passages(&memories);
    let others = async {
        embedding.received(2).await;
        let model = e.setup.servers.resolve(None).await.unwrap();
        let answer = e.setup.servers.chat(request(model, "Hello")).await.unwrap();
        embedding.aborted(1).await;
        assert!(collect(answer).await.1.is_none());

        embedding.received(3).await;
        let query = e.query("Where?");
        let meanwhile = async {
            embedding.aborted(2).await;
            held.open();
        };
        let (found, ()) = tokio::join!(query, meanwhile);
        assert_eq!(found.unwrap().len(), 1);
    };
    let (vectors, ()) = tokio::join!(passages, others);
    assert_eq!(vectors.unwrap().len(), 2);
    assert_eq!(embedding.texts().last().unwrap(), "Another.");
}

/// Meaning is found on a machine without any model server, and nobody is asked.
#[tokio::test]
async fn the_built_in_model_needs_no_server() {
    let down = FakeOllama::down();
    let servers = servers_at(&down.url(), &TestClock::new(), |_| {});
    let embeddings = embeddings(&servers, "all-minilm");
    let model = Embeddings::builtin();
    assert_eq!((model.provider, model.dim), (EmbedProvider::Builtin, 256));
    let mut said = texts(["My sister lives in Lisbon.", "The rent goes up.", ""]);
    said.extend((0..100).map(|n| format!("Memory {n}.")));
    let found = embeddings.embed(&model, &said, EmbedPurpose::Passage).await;
    let found = found.unwrap();
    assert_eq!(found.len(), said.len());
    let asked = texts(["Where is her brother's sibling at home, in Portugal?"]);
    let asked = embeddings.embed(&model, &asked, EmbedPurpose::Query).await;
    let asked = &asked.unwrap()[0];
    assert!(cosine(asked, &found[0]) > cosine(asked, &found[1]) + 0.1);
    assert!(found[2].iter().all(|&x| x == 0.0));

    let earlier = EmbedModel {
        digest: "of an earlier version".into(),
        ..model
    };
    let refused = embeddings.embed(&earlier, &said, EmbedPurpose::Query).await;
    assert_eq!(refused.unwrap_err().code, "model_changed");
}
