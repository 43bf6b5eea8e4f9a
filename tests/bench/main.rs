//! The measurements that are promised: `make bench`. Runs the release binary as a user would, with a
//! scripted model server, and prints one line a figure with the promise beside it.
//!
//! Machines differ and are noisy: times are medians, and the time to the first token is measured
//! side by side with the same call made directly to the model server, in the same run.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "a benchmark prints, and fails loudly"
)]
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a benchmark reads real clocks"
)]

#[path = "../support/clock.rs"]
#[expect(dead_code, reason = "shared with the tests, which use all of it")]
mod clock;
#[path = "../support/fake_embed.rs"]
#[expect(dead_code, reason = "shared with the tests, which use all of it")]
mod fake_embed;
#[path = "../support/fake_model.rs"]
#[expect(dead_code, reason = "shared with the tests, which use all of it")]
mod fake_model;
#[path = "../support/fake_ollama.rs"]
#[expect(dead_code, reason = "shared with the tests, which use all of it")]
mod fake_ollama;
#[path = "../support/http.rs"]
#[expect(dead_code, reason = "shared with the tests, which use all of it")]
mod http;
mod identity;
mod memory;
#[path = "../support/performance.rs"]
mod performance;
mod program;
mod quota;
mod rates;
#[path = "../support/script.rs"]
#[expect(dead_code, reason = "shared with the tests, which use all of it")]
mod script;

use std::time::{Duration, Instant};

use serde_json::json;

use fake_ollama::FakeOllama;
use http::{Events, Person};
use program::Program;
use script::{Gate, Script};

const STREAMS: usize = 200;
const TURNS: usize = 200;

#[tokio::main]
async fn main() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    // `cargo bench --bench product -- memory`
    if std::env::args().any(|argument| argument == "memory") {
        memory::measure().await;
        return;
    }
    let binary = std::fs::metadata(program::binary()).unwrap().len();
    row(
        "release binary",
        &format!("{:.1} MB", megabytes(binary)),
        "promise: under 40 MB",
    );

    let mut starts: Vec<Duration> = Vec::new();
    for _ in 0..5 {
        let model = FakeOllama::start();
        starts.push(Program::start(&model.url()).await.ready_after);
    }
    row(
        "start to ready, empty data directory",
        &millis(median(&mut starts)),
        "promise: under 200 ms",
    );

    let model = FakeOllama::start();
    let program = Program::start(&model.url()).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    row(
        "idle resident memory",
        &format!("{:.1} MB", megabytes(program.resident())),
        "promise: under 60 MB",
    );

    streams(&model, &program).await;
    for at_once in [1, 50] {
        first_token(&model, &program, at_once).await;
    }
    drop(program);
    quota::measure().await;
    identity::measure().await;
    rates::measure();
    memory::measure().await;
}

fn row(what: &str, figure: &str, promise: &str) {
    println!("{what:<58} {figure:>10} {promise}");
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

fn megabytes(bytes: u64) -> f64 {
    kilobytes(bytes) / 1e3
}

#[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
fn kilobytes(bytes: u64) -> f64 {
    bytes as f64 / 1e3
}

/// 200 answers at once from a model that is slow: none fails, and each costs little memory.
///
/// The first hundred also pay for what is taken once; what the second hundred add is the cost of a
/// stream.
async fn streams(model: &FakeOllama, program: &Program) {
    let mut people = Vec::new();
    for n in 0..STREAMS {
        people.push(program.person(&format!("stream{n}")).await);
    }
    let idle = program.resident();
    let (first, second) = people.split_at(STREAMS / 2);
    let mut open = wave(model, first).await;
    let half = program.resident();
    open.extend(wave(model, second).await);
    let all = program.resident();
    for (gate, _) in &open {
        gate.open();
    }
    let mut failed = 0;
    for (_, events) in open {
        let last = events.rest().await.pop().unwrap();
        failed += usize::from(last.name != "done");
    }
    let shown = format!(
        "idle {:.0}, 100 streams {:.0}, 200 streams {:.0} MB; failed",
        megabytes(idle),
        megabytes(half),
        megabytes(all)
    );
    row(&shown, &failed.to_string(), "promise: 0");
    let each = kilobytes(all.saturating_sub(half) / (STREAMS as u64 / 2));
    row(
        "memory that each of the second 100 streams adds",
        &format!("{each:.0} KB"),
        "promise: at most 100 KB",
    );
}

/// One stream for each of these people, held half way through its answer.
async fn wave(model: &FakeOllama, people: &[Person]) -> Vec<(Gate, Events)> {
    let mut open = Vec::new();
    for person in people {
        let gate = Gate::new();
        model.answer(Script::says((0..300).map(|n| format!("word{n} "))).gated(&gate));
        // Without memory: the text index's writer takes some 20 MB now and then, whoever talks.
        let request = json!({"message": "Tell me something long.", "use_memory": false});
        let before = model.requests().len();
        let mut events = person.stream(&request).await;
        assert_eq!(events.next().await.unwrap().name, "start");
        // Scripts are given out in the order in which requests come.
        model.received(before + 1).await;
        open.push((gate, events));
    }
    // A slow model: word by word, all streams abreast.
    for _ in 0..150 {
        for (gate, events) in &mut open {
            gate.release(1);
            assert_eq!(events.next().await.unwrap().name, "delta");
        }
    }
    open
}

/// From the request to the first text, through NovaCore and directly, in turns.
async fn first_token(model: &FakeOllama, program: &Program, at_once: usize) {
    let mut runs = Vec::new();
    for n in 0..at_once {
        let person = program.person(&format!("first{at_once}-{n}")).await;
        let (model_url, http) = (model.url(), http::client());
        runs.push(tokio::spawn(async move {
            let (mut direct, mut ours) = (Vec::new(), Vec::new());
            for turn in 0..(TURNS / at_once).max(10) {
                direct.push(first_byte_directly(&http, &model_url).await);
                ours.push(first_text(&person, turn).await);
            }
            (direct, ours)
        }));
    }
    let (mut direct, mut ours) = (Vec::new(), Vec::new());
    for run in runs {
        let (d, o) = run.await.unwrap();
        direct.extend(d);
        ours.extend(o);
    }
    let (direct, ours) = (median(&mut direct), median(&mut ours));
    let added = millis(ours.saturating_sub(direct));
    let promise = if at_once == 1 {
        "promise: under 5 ms"
    } else {
        "promise: under 15 ms"
    };
    row(
        &format!(
            "first token, {at_once} at once: direct {}, ours {}; added",
            millis(direct),
            millis(ours)
        ),
        &added,
        promise,
    );
}

async fn first_byte_directly(http: &reqwest::Client, url: &str) -> Duration {
    let body =
        json!({"model": "llama3.2", "messages": [{"role": "user", "content": "Good morning"}]});
    let started = Instant::now();
    let mut response = http
        .post(format!("{url}/api/chat"))
        .json(&body)
        .send()
        .await
        .unwrap();
    response.chunk().await.unwrap();
    let first = started.elapsed();
    while response.chunk().await.unwrap().is_some() {}
    first
}

async fn first_text(person: &Person, turn: usize) -> Duration {
    let started = Instant::now();
    let request = person
        .request("POST", "/api/chat/stream")
        .json(&json!({"message": format!("Good morning {turn}")}));
    let mut events = Events::open(request).await;
    events.until("delta").await;
    let first = started.elapsed();
    events.rest().await;
    first
}
