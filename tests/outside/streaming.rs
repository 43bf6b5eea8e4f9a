//! An answer of Ollama's, whole and on its way; which model; which server.

use std::time::Duration;

use novacore::config::Provider;
use novacore::outside::{Finish, Piece, ProviderKind, Purpose, Stats};
use serde_json::json;

use super::{Setup, collect, request, servers_at, text_of};
use crate::support::clock::TestClock;
use crate::support::fake_ollama::{FakeModel, FakeOllama};
use crate::support::script::{Gate, Script};

/// Each piece reaches the reader when it is written, not when the answer is whole.
#[tokio::test]
async fn pieces_arrive_one_by_one() {
    let setup = Setup::new();
    let gate = Gate::new();
    let script = Script::says(["Hel", "lo"]).counts(7, 2).load_ms(5);
    setup.fake.answer(script.gated(&gate));
    let mut stream = setup.ask("Hi").await;
    for expected in ["Hel", "lo"] {
        gate.release(1);
        let piece = stream.next().await.unwrap().unwrap();
        assert_eq!(piece, Piece::Text(expected.into()));
    }
    assert!(!setup.servers.idle());
    gate.release(1);
    let done = Stats {
        finish: Finish::Stop,
        prompt_tokens: Some(7),
        output_tokens: Some(2),
        load_ms: Some(5),
    };
    assert_eq!(stream.next().await.unwrap().unwrap(), Piece::Done(done));
    assert!(stream.next().await.is_none());
    assert!(setup.servers.idle());
}

/// Network chunks end anywhere: in the middle of a line, of a letter, or after several lines.
#[tokio::test]
async fn lines_are_put_together_across_chunks() {
    let setup = Setup::new();
    let lines = "{\"message\":{\"content\":\"Grüße, \"}}\n{\"message\":{\"content\":\"日本\"}}\r\n\n\
                 {\"message\":{\"content\":\"!\"},\"done\":true,\"done_reason\":\"length\"}";
    for size in [1, 7, 40, 1000] {
        let chunks = lines.as_bytes().chunks(size);
        setup.fake.answer(Script::raw(chunks));
        let (pieces, error) = collect(setup.ask("Hi").await).await;
        assert_eq!((text_of(&pieces).as_str(), error), ("Grüße, 日本!", None));
        let Some(Piece::Done(stats)) = pieces.last() else {
            panic!("no end: {pieces:?}");
        };
        assert_eq!(stats.finish, Finish::Length);
    }
}

/// Bytes that are no UTF-8 cost a letter, not the answer.
#[tokio::test]
async fn a_broken_letter_does_not_break_the_answer() {
    let setup = Setup::new();
    let broken: &[u8] = b"{\"message\":{\"content\":\"a\xffb\"}}\n";
    let done: &[u8] = b"{\"done\":true,\"done_reason\":\"stop\"}\n";
    setup.fake.answer(Script::raw([broken, done]));
    let (pieces, error) = collect(setup.ask("Hi").await).await;
    assert_eq!((text_of(&pieces).as_str(), error), ("a\u{fffd}b", None));
}

/// Thinking is told apart from the answer, and background work does not think.
#[tokio::test]
async fn thinking_is_no_part_of_the_answer() {
    let setup = Setup::new();
    setup
        .fake
        .install(vec![FakeModel::new("qwen3:4b").thinking()]);
    setup
        .fake
        .answer(Script::says(["Yes"]).thinking(["Let me ", "see"]));
    let (pieces, _) = collect(setup.ask("Is it?").await).await;
    let thought = [
        Piece::Thinking("Let me ".into()),
        Piece::Thinking("see".into()),
    ];
    assert_eq!(pieces[..2], thought);
    assert_eq!(text_of(&pieces), "Yes");

    let model = setup.servers.resolve(None).await.unwrap();
    let mut title = request(model, "A title, please");
    title.purpose = Purpose::Background;
    collect(setup.servers.chat(title).await.unwrap()).await;
    let requests = setup.fake.requests();
    assert_eq!(
        (&requests[0]["think"], &requests[1]["think"]),
        (&json!(null), &json!(false))
    );
}

/// What is sent: one window per model, nothing dropped in silence, and no thinking asked of a model
/// that cannot.
#[tokio::test]
async fn the_request_pins_the_window() {
    let setup = Setup::with(|model| model.keep_alive = "-1".into());
    setup
        .fake
        .install(vec![FakeModel::new("small:1b").context(2048)]);
    let model = setup.servers.resolve(Some("small:1b")).await.unwrap();
    assert_eq!((model.context_length, model.num_ctx), (Some(2048), 2048));
    let mut request = request(model, "Hi");
    request.max_tokens = Some(99);
    request.correlation_id = Some("abc-1".into());
    collect(setup.servers.chat(request).await.unwrap()).await;
    let expected = json!({
        "model": "small:1b", "messages": [{"role": "user", "content": "Hi"}],
        "stream": true, "truncate": false, "shift": false, "keep_alive": -1,
        "options": {"num_ctx": 2048, "num_predict": 99},
    });
    assert_eq!(setup.fake.requests(), [expected]);
    assert_eq!(setup.fake.headers()[0]["x-correlation-id"], "abc-1");
}

/// Closing the page stops the model, before the first piece and in the middle.
#[tokio::test]
async fn dropping_the_stream_stops_the_server() {
    let setup = Setup::new();
    setup.fake.answer(Script::says(["Once "]).stall());
    let mut stream = setup.ask("A story").await;
    assert_eq!(
        stream.next().await.unwrap().unwrap(),
        Piece::Text("Once ".into())
    );
    drop(stream);
    setup.fake.aborted(1).await;

    setup.fake.answer(Script::hang());
    let mut stream = setup.ask("Another").await;
    tokio::select! {
        biased;
        piece = stream.next() => panic!("unexpected {piece:?}"),
        () = setup.fake.received(2) => {}
    }
    drop(stream);
    setup.fake.aborted(2).await;
    assert!(setup.servers.idle());
}

/// Without a name: the first model that can chat. `llama3.2` means `llama3.2:latest`. Old servers
/// tell what a model can only when asked about it.
#[tokio::test]
async fn models_are_found_by_what_they_can() {
    let setup = Setup::new();
    for terse in [false, true] {
        let mut models = vec![
            FakeModel::embedding("all-minilm:latest"),
            FakeModel::new("llama3.2:latest").context(4096).thinking(),
        ];
        if terse {
            models = models.into_iter().map(FakeModel::terse).collect();
        }
        setup.fake.install(models);
        let list = setup.servers.list().await;
        assert_eq!(list.default.as_deref(), Some("llama3.2:latest"));
        assert_eq!(list.items.len(), 1);
        let found = setup.servers.resolve(Some("llama3.2")).await.unwrap();
        assert_eq!((found.num_ctx, found.thinking), (4096, true));
        assert_eq!(found, list.items[0]);
    }
    let embedder = setup.servers.resolve(Some("all-minilm")).await;
    assert_eq!(embedder.unwrap_err().code, "model_unsupported");
}

/// A turn whose model is known costs one request: its own. A model installed later is found, one
/// removed since is noticed.
#[tokio::test]
async fn a_known_model_costs_no_extra_request() {
    let setup = Setup::new();
    setup.servers.health().await.unwrap();
    let before = setup.fake.other_calls();
    collect(setup.ask("one").await).await;
    collect(setup.ask("two").await).await;
    assert_eq!(setup.fake.other_calls(), before);

    setup.fake.install(vec![FakeModel::new("other:7b")]);
    let (_, gone) = setup.failure().await;
    assert_eq!(gone.code, "model_not_found");
    assert_eq!(setup.servers.resolve(None).await.unwrap().name, "other:7b");
}

/// Ollama that starts after us is used without a restart.
#[tokio::test]
async fn ollama_may_come_later() {
    let down = FakeOllama::down();
    let clock = TestClock::new();
    let servers = servers_at(&down.url(), &clock, |model| {
        model.provider = Provider::Ollama;
    });
    assert_eq!(
        servers.health().await.unwrap_err().code,
        "model_unreachable"
    );
    let fake = down.start();
    clock.advance(Duration::from_secs(3));
    assert_eq!(servers.health().await.unwrap(), ProviderKind::Ollama);
    let model = servers.resolve(None).await.unwrap();
    let (pieces, _) = collect(servers.chat(request(model, "hi there")).await.unwrap()).await;
    assert_eq!(text_of(&pieces), "You said: hi there");
    fake.stop().await;
    clock.advance(Duration::from_secs(10));
    assert_eq!(
        servers.health().await.unwrap_err().code,
        "model_unreachable"
    );
}
