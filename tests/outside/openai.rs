//! An OpenAI-compatible server.

use novacore::config::Provider;
use novacore::outside::{Finish, Piece};
use serde_json::json;

use super::{Setup, collect, request, text_of};
use crate::support::script::Script;

fn openai() -> Setup {
    Setup::with(|model| {
        model.provider = Provider::Openai;
        model.name = "llama3.2:latest".into();
        model.api_key = "k-1".into();
    })
}

/// The same answer comes through: thinking, text, usage; and the key is sent.
#[tokio::test]
async fn an_answer_comes_through() {
    let setup = openai();
    let script = Script::says(["Hel", "lo"]).thinking(["Hm"]);
    setup
        .fake
        .answer(script.done_reason(Some("length")).counts(5, 3));
    let model = setup.servers.resolve(None).await.unwrap();
    let mut request = request(model, "Hi");
    request.max_tokens = Some(3);
    let (pieces, error) = collect(setup.servers.chat(request).await.unwrap()).await;
    assert_eq!(error, None);
    assert_eq!(pieces[0], Piece::Thinking("Hm".into()));
    assert_eq!(text_of(&pieces), "Hello");
    let Some(Piece::Done(stats)) = pieces.last() else {
        panic!("no end: {pieces:?}");
    };
    assert_eq!(stats.finish, Finish::Length);
    assert_eq!(
        (stats.prompt_tokens, stats.output_tokens),
        (Some(5), Some(3))
    );
    let sent = &setup.fake.requests()[0];
    assert_eq!(sent["max_tokens"], 3);
    assert_eq!(sent["stream_options"], json!({"include_usage": true}));
    assert_eq!(setup.fake.headers()[0]["authorization"], "Bearer k-1");
}

/// Comments and carriage returns are no harm, `[DONE]` is not needed after a `finish_reason`; and
/// without one the answer was cut.
#[tokio::test]
async fn the_end_is_the_finish_reason() {
    let setup = openai();
    let event = |content: &str, reason: &str| {
        format!(
            "data: {{\"choices\":[{{\"delta\":{{\"content\":\"{content}\"}},\"finish_reason\":{reason}}}]}}\r\n\r\n"
        )
    };
    let whole = [
        ": waiting\r\n".to_owned(),
        event("a", "null"),
        event("b", "\"stop\""),
    ];
    setup.fake.answer(Script::raw(whole));
    let (pieces, error) = collect(setup.ask("Hi").await).await;
    assert_eq!((text_of(&pieces).as_str(), error), ("ab", None));

    setup.fake.answer(Script::raw([event("a", "null")]));
    assert_eq!(setup.failure().await.1.code, "model_stream_cut");
    setup
        .fake
        .answer(Script::says(["a"]).error_midstream("out of memory"));
    let (pieces, error) = setup.failure().await;
    assert_eq!(
        (text_of(&pieces).as_str(), error.code),
        ("a", "model_stream_error")
    );
    assert!(error.message.contains("out of memory"), "{}", error.message);
    setup.fake.answer(Script::raw(["data: [1, not json\n"]));
    assert_eq!(setup.failure().await.1.code, "model_stream_error");
}
