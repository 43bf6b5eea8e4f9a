//! What is said when an answer does not come: a code for programs, and for the person what
//! happened, what is safe, what to do.

use std::time::Duration;

use novacore::error::Error;
use novacore::outside::{ModelError, Piece};
use tokio::net::{TcpSocket, TcpStream};

use super::{Setup, collect, request, servers_at, text_of};
use crate::support::clock::TestClock;
use crate::support::fake_ollama::{FakeModel, FakeOllama};
use crate::support::script::Script;

/// The example sentence of the design, word for word.
#[tokio::test]
async fn nobody_listens() {
    let down = FakeOllama::down();
    let servers = servers_at(&down.url(), &TestClock::new(), |_| {});
    let list = servers.list().await;
    assert_eq!((list.default, list.items.len()), (None, 0));
    assert_eq!(list.problem.unwrap().commands, ["ollama serve"]);

    let fake = FakeOllama::start();
    let known = servers_at(&fake.url(), &TestClock::new(), |_| {});
    let model = known.resolve(None).await.unwrap();
    let (_, error) = collect(servers.chat(request(model, "Hi")).await.unwrap()).await;
    let error = error.unwrap();
    let address = down.url().replace("http://", "");
    let expected = format!(
        "Ollama did not answer at {address}. Your message is saved. \
         Start it with `ollama serve`, then press Try again."
    );
    assert_eq!(
        (error.code, &error.message),
        ("model_unreachable", &expected)
    );
    let Error::Unavailable { code, message } = Error::from(error) else {
        panic!("a model that is away is 503");
    };
    assert_eq!((code, message), ("model_unavailable", expected));
}

/// A name that no resolver can know. Its label is too long to be asked for, so no network is used.
#[tokio::test]
async fn the_host_is_unknown() {
    let url = format!("http://{}.invalid:11434", "a".repeat(64));
    let servers = servers_at(&url, &TestClock::new(), |_| {});
    let error = servers.health().await.unwrap_err();
    assert_eq!(error.code, "model_host_unknown");
}

/// What Ollama refuses before the first byte.
#[tokio::test]
async fn refusals_are_told_apart() {
    let setup = Setup::new();
    let long =
        "request (9000 tokens) exceeds the available context size (8192 tokens), try increasing it";
    let memory = "model requires more system memory (5.6 GiB) than is available (3.1 GiB)";
    let busy = "server busy, please try again.  maximum pending requests exceeded";
    let cases = [
        (403, "", "model_forbidden", "Host: localhost:11434"),
        (401, "unauthorized", "model_unauthorized", "model.api_key"),
        (
            404,
            "model 'llama3.2' not found",
            "model_not_found",
            "`ollama pull llama3.2:latest`",
        ),
        (404, "", "model_failed", "model.url"),
        (503, busy, "model_busy", "Wait a moment"),
        (429, "too many", "model_busy", "Wait a moment"),
        (400, long, "model_context_exceeded", "model.num_ctx"),
        (
            400,
            "\"x\" does not support chat",
            "model_unsupported",
            "does not support chat",
        ),
        (500, memory, "model_failed", "5.6 GiB"),
        (302, "", "model_failed", "model.url"),
    ];
    for (status, text, code, says) in cases {
        setup.fake.answer(Script::status(status, text));
        let (pieces, error) = setup.failure().await;
        assert!(pieces.is_empty());
        assert_eq!(error.code, code, "{status} {text}");
        assert!(error.message.contains(says), "{}", error.message);
        assert!(
            error.message.contains("Your message is saved."),
            "{}",
            error.message
        );
    }
}

/// What breaks in the middle leaves what was written, and says so.
#[tokio::test]
async fn breaks_in_the_middle_are_told_apart() {
    let setup = Setup::new();
    let part = || Script::says(["Once "]);
    let unexpected = "an error was encountered while running the model: unexpected EOF";
    let endless = vec![b'x'; 2 * 1024 * 1024];
    let cases = [
        (part().cut(), "model_stream_cut"),
        (part().drop_connection(), "model_stream_cut"),
        // The runner died: the end comes without reason and counts.
        (part().done_reason(None), "model_stream_cut"),
        (part().error_midstream(unexpected), "model_stream_error"),
        (part().garbage(), "model_stream_error"),
        (
            Script::raw([b"{\"message\":{\"content\":\"Once \"}}\n".to_vec(), endless]),
            "model_stream_error",
        ),
    ];
    for (script, code) in cases {
        setup.fake.answer(script);
        let (pieces, error) = setup.failure().await;
        assert_eq!((text_of(&pieces).as_str(), error.code), ("Once ", code));
        assert!(
            error.message.contains("What was written so far is kept."),
            "{}",
            error.message
        );
    }
}

/// A prompt that is too long is refused by the server itself, because we forbid it to cut.
#[tokio::test]
async fn a_prompt_is_never_cut_in_silence() {
    let setup = Setup::with(|model| model.num_ctx = 512);
    let stream = setup.ask(&"long ".repeat(1000)).await;
    let (_, error) = collect(stream).await;
    assert_eq!(error.unwrap().code, "model_context_exceeded");
}

/// Nothing installed, or not that one: the line to type is given. A name that is no name never
/// gets into a shell line.
#[tokio::test]
async fn missing_models_come_with_their_command() {
    let setup = Setup::new();
    let error = setup.servers.resolve(Some("qwen3:4b")).await.unwrap_err();
    assert_eq!(
        (error.code, error.commands),
        ("model_not_found", vec!["ollama pull qwen3:4b".into()])
    );
    let error = setup
        .servers
        .resolve(Some("x; rm -rf ~"))
        .await
        .unwrap_err();
    assert_eq!((error.code, error.commands.len()), ("model_not_found", 0));
    setup
        .fake
        .install(vec![FakeModel::embedding("all-minilm:latest")]);
    let problem = setup.servers.list().await.problem.unwrap();
    assert_eq!(
        (problem.code, problem.commands),
        ("model_missing", vec!["ollama pull llama3.2".into()])
    );
}

/// No wait is without end: for the connection, for the first piece, between two pieces.
#[tokio::test]
async fn every_wait_has_its_bound() {
    let setup = Setup::new();
    let timed_out = |(pieces, error): (Vec<Piece>, Option<ModelError>)| {
        let error = error.unwrap();
        assert_eq!(error.code, "model_timeout");
        (text_of(&pieces), error.message)
    };
    setup.fake.answer(Script::hang());
    let wait = collect(setup.ask("Hi").await);
    let pass_time = async {
        setup.fake.received(1).await;
        setup.clock.advance(Duration::from_secs(299));
        assert!(setup.clock.asleep() > 0, "too early");
        setup.clock.advance(Duration::from_secs(1));
    };
    let (text, message) = timed_out(tokio::join!(wait, pass_time).0);
    assert!(
        text.is_empty() && message.contains("within 5 minutes"),
        "{message}"
    );
    setup.fake.aborted(1).await;

    setup.fake.answer(Script::says(["Once "]).stall());
    let mut stream = setup.ask("Hi").await;
    assert_eq!(stream.next().await, Some(Ok(Piece::Text("Once ".into()))));
    let pass_time = async {
        setup.clock.sleepers(1).await;
        setup.clock.advance(Duration::from_mins(1));
    };
    let (_, message) = timed_out(tokio::join!(collect(stream), pass_time).0);
    assert!(message.contains("fell silent for 60 seconds"), "{message}");
}

/// A host that swallows packets: here a listener whose line of callers is full.
#[tokio::test]
async fn a_connection_is_not_waited_for_forever() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let full = socket.listen(0).unwrap();
    let address = full.local_addr().unwrap();
    let _first = TcpStream::connect(address).await.unwrap();
    let clock = TestClock::new();
    let servers = servers_at(&format!("http://{address}"), &clock, |_| {});
    let fake = FakeOllama::start();
    let known = servers_at(&fake.url(), &TestClock::new(), |_| {});
    let model = known.resolve(None).await.unwrap();
    let wait = collect(servers.chat(request(model, "Hi")).await.unwrap());
    let pass_time = async {
        // One for the connection, one for the answer.
        clock.sleepers(2).await;
        clock.advance(Duration::from_secs(5));
    };
    let error = tokio::join!(wait, pass_time).0.1.unwrap();
    assert_eq!(error.code, "model_timeout");
    assert!(
        error.message.contains("within 5 seconds"),
        "{}",
        error.message
    );
}
