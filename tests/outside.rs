//! Model servers: what comes through, what is said when it does not, and who waits for whom.

#[cfg(feature = "demo-model")]
mod demo;
mod embedding;
mod errors;
mod line;
mod openai;
mod streaming;

use std::sync::Arc;

use novacore::config;
use novacore::outside::{
    ChatMessage, ChatRequest, ModelError, ModelInfo, ModelServers, ModelStream, Piece, Purpose,
    Role,
};
use uuid::Uuid;

use crate::support::clock::TestClock;
use crate::support::fake_ollama::FakeOllama;

/// A fake server, the program's door to it, and the clock of both.
struct Setup {
    fake: FakeOllama,
    servers: ModelServers,
    clock: Arc<TestClock>,
}

impl Setup {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut config::Model)) -> Self {
        let fake = FakeOllama::start();
        let clock = TestClock::new();
        let servers = servers_at(&fake.url(), &clock, change);
        Self {
            fake,
            servers,
            clock,
        }
    }

    async fn ask(&self, text: &str) -> ModelStream {
        let model = self.servers.resolve(None).await.unwrap();
        self.servers.chat(request(model, text)).await.unwrap()
    }

    /// The error that ends the next answer, and the pieces before it.
    async fn failure(&self) -> (Vec<Piece>, ModelError) {
        let (pieces, error) = collect(self.ask("Hello").await).await;
        (pieces, error.expect("the answer should have failed"))
    }
}

fn servers_at(
    url: &str,
    clock: &Arc<TestClock>,
    change: impl FnOnce(&mut config::Model),
) -> ModelServers {
    let mut config = config::Model {
        url: url.into(),
        // Not where `make run` puts the demonstration model's weights.
        demo_dir: "no-such-folder".into(),
        ..config::Model::default()
    };
    change(&mut config);
    ModelServers::new(&config, clock.clock()).unwrap()
}

fn request(model: ModelInfo, text: &str) -> ChatRequest {
    ChatRequest {
        model,
        messages: vec![ChatMessage {
            role: Role::User,
            content: text.into(),
        }],
        max_tokens: None,
        person: Uuid::from_u128(1),
        purpose: Purpose::Answer,
        temperature: None,
        schema: None,
        correlation_id: None,
    }
}

async fn collect(mut stream: ModelStream) -> (Vec<Piece>, Option<ModelError>) {
    let mut pieces = vec![];
    while let Some(piece) = stream.next().await {
        match piece {
            Ok(piece) => pieces.push(piece),
            Err(error) => return (pieces, Some(error)),
        }
    }
    (pieces, None)
}

fn text_of(pieces: &[Piece]) -> String {
    let texts = pieces.iter().map(|piece| match piece {
        Piece::Text(text) => text.as_str(),
        _ => "",
    });
    texts.collect()
}
