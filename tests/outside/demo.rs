//! Who answers with `auto`, in a build that has the demonstration model.

use std::time::Duration;

use novacore::config::Provider;
use novacore::outside::ProviderKind;

use super::{collect, request, servers_at, text_of};
use crate::support::clock::TestClock;
use crate::support::fake_ollama::FakeOllama;

/// Without Ollama the demonstration model answers; once Ollama is there it does, without a restart,
/// also in conversations begun with the other. Weights that are not the known file are not loaded.
#[tokio::test]
async fn auto_takes_ollama_as_soon_as_it_is_there() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("smollm2-135m-instruct-q4_1.gguf"),
        "GGUF",
    )
    .unwrap();
    let down = FakeOllama::down();
    let clock = TestClock::new();
    let servers = servers_at(&down.url(), &clock, |model| {
        model.demo_dir = folder.path().into();
    });
    let list = servers.list().await;
    assert!(list.demo && list.problem.is_none());
    let demo = servers.resolve(None).await.unwrap();
    assert_eq!((demo.provider, demo.num_ctx), (ProviderKind::Demo, 2048));
    let named = servers.resolve(Some("llama3.2")).await.unwrap_err();
    assert_eq!(named.code, "model_unreachable");
    let (_, error) = collect(servers.chat(request(demo.clone(), "Hi")).await.unwrap()).await;
    let error = error.unwrap();
    assert_eq!(error.code, "model_failed");
    assert!(
        error.message.contains("not the expected file"),
        "{}",
        error.message
    );
    assert!(servers.idle());

    let _fake = down.start();
    clock.advance(Duration::from_secs(3));
    let model = servers.resolve(Some(&demo.name)).await.unwrap();
    assert_eq!(
        (model.provider, model.name.as_str()),
        (ProviderKind::Ollama, "llama3.2:latest")
    );
    assert!(!servers.list().await.demo);
}

/// The real weights: the answer that shows they are read right.
#[tokio::test]
#[ignore = "needs the weights: packaging/demo-model/fetch.sh models"]
async fn the_real_model_knows_the_capital_of_france() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let servers = servers_at("http://127.0.0.1:9", &TestClock::new(), |model| {
        model.provider = Provider::Demo;
        model.demo_dir = folder;
    });
    let model = servers.resolve(None).await.unwrap();
    let mut asked = request(model, "What is the capital of France?");
    asked.temperature = Some(0.0);
    let (pieces, error) = collect(servers.chat(asked).await.unwrap()).await;
    assert_eq!(error, None);
    assert!(text_of(&pieces).contains("Paris"), "{}", text_of(&pieces));
    assert!(servers.idle());
}
