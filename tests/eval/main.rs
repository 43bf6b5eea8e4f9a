//! How well memory works: `make eval`. Everything is told and asked over HTTP, as any program would, of
//! the release binary on an empty data directory, one person for each conversation.
//!
//! With `LOCOMO_JSON=path` on that data, otherwise on synthetic lives; with `EMBEDDING_URL=http://..`
//! also with the model `EMBEDDING_MODEL` (all-minilm) of an Ollama there. Nothing in the product knows
//! that it is measured.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "a measurement prints, and fails loudly"
)]
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a measurement reads real clocks and its arguments"
)]

#[path = "../support/clock.rs"]
#[expect(dead_code, reason = "shared with the tests, which use all of it")]
mod clock;
mod figures;
#[path = "../support/http.rs"]
#[expect(dead_code, reason = "shared with the tests, which use all of it")]
mod http;
mod life;
#[path = "../bench/program.rs"]
#[expect(dead_code, reason = "shared with the benchmark, which uses all of it")]
mod program;
mod synthetic;
mod talk;

use std::time::Instant;

use figures::{Table, mean, number, quantile};
use futures_util::future::join_all;
use life::{Outcome, SHARES};
use program::Program;
use talk::Talks;

#[tokio::main]
async fn main() {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let talks = match variable("LOCOMO_JSON") {
        Some(path) => talk::locomo(&path),
        None => talk::synthetic(10, 300),
    };
    let turns: usize = talks.talks.iter().map(|talk| talk.turns.len()).sum();
    println!("{} people, {turns} turns", talks.talks.len());
    let nowhere = "http://127.0.0.1:9".to_owned();
    let provider = "NOVACORE_EMBEDDING__PROVIDER";
    run("words alone", &talks, &nowhere, &[(provider, "off")]).await;
    run("built-in model", &talks, &nowhere, &[(provider, "builtin")]).await;
    if let Some(url) = variable("EMBEDDING_URL") {
        let model = variable("EMBEDDING_MODEL").unwrap_or_else(|| "all-minilm".to_owned());
        let settings = [
            (provider, "ollama"),
            ("NOVACORE_EMBEDDING__MODEL", model.as_str()),
            // A server that shares two cores with this may be slow; how slow is printed.
            ("NOVACORE_EMBEDDING__QUERY_MS", "10000"),
        ];
        run(&model, &talks, &url, &settings).await;
    }
}

/// Starts a server of its own, tells it everything, asks everything, and prints what came of it.
async fn run(name: &str, talks: &Talks, model: &str, settings: &[(&str, &str)]) {
    let mut all = vec![
        ("NOVACORE_AUTH__HASH_MEMORY_KIB", "64"),
        ("NOVACORE_AUTH__ACCESS_MINUTES", "1440"),
    ];
    all.extend(settings);
    let program = Program::start_with(model, &all).await;
    let mut people = Vec::new();
    for n in 0..talks.talks.len() {
        people.push(program.person(&format!("person{n}")).await);
    }
    let begun = Instant::now();
    let told = people.iter().zip(&talks.talks);
    let ids = join_all(told.map(|(person, talk)| life::tell(person, talk))).await;
    let told = begun.elapsed();
    let mut embedding = serde_json::Value::Null;
    if all.iter().all(|(_, value)| *value != "off") {
        for person in &people {
            embedding = life::embedded(person).await;
        }
    }
    let ready = begun.elapsed();

    let mut outcome = Outcome::default();
    for ((person, talk), ids) in people.iter().zip(&talks.talks).zip(&ids) {
        outcome.ask(person, talk, ids).await;
        outcome.promote(person, talk, ids).await;
    }
    println!(
        "\n== {name}: told in {:.1} s, ready after {:.1} s; {embedding}",
        told.as_secs_f64(),
        ready.as_secs_f64()
    );
    print(&outcome, &talks.kinds);
}

const NAMES: [&str; 7] = ["R@5", "R@10", "R@20", "any@10", "all@10", "nDCG@10", "MRR"];

fn table(title: &str, table: &Table, kinds: &[&str]) {
    let names: Vec<String> = NAMES.iter().map(|name| format!("{name:>7}")).collect();
    println!("\n{title:<28} {:>5} {}", "asked", names.join(" "));
    for (n, name) in std::iter::once(&"all").chain(kinds).enumerate() {
        let (count, means) = table.row(n);
        if count > 0 {
            let means: Vec<String> = means.iter().map(|mean| format!("{mean:7.1}")).collect();
            println!("  {name:<26} {count:>5} {}", means.join(" "));
        }
    }
}

fn print(outcome: &Outcome, kinds: &[&str]) {
    table("found", &outcome.hybrid, kinds);
    if outcome.with_meaning > 0 {
        // There is no search by meaning alone: these are all findings of the search, in the order of
        // the part of their score that is their meaning.
        table("the same, by meaning alone", &outcome.meaning, kinds);
        println!(
            "meaning took part in {} of {} searches",
            outcome.with_meaning, outcome.asked
        );
    }
    for (what, times) in [("measured", &outcome.took), ("told", &outcome.told)] {
        let (half, most) = (quantile(times, 0.5), quantile(times, 0.95));
        println!("a search, as {what}: p50 {half:.1} ms, p95 {most:.1} ms");
    }
    println!(
        "a prompt gets {:.1} memories, {:.0} tokens (at most {:.0}), {:.1} % of the evidence",
        mean(&outcome.memories),
        mean(&outcome.tokens),
        quantile(&outcome.tokens, 1.0),
        100.0 * mean(&outcome.in_prompt)
    );
    for (share, kept) in SHARES.iter().zip(outcome.kept.0) {
        println!(
            "promoting {:.0} % keeps {:.1} % of the evidence",
            100.0 * share,
            100.0 * number(kept) / number(outcome.kept.1)
        );
    }
    if outcome.corrected.1 > 0 {
        let (above, all) = outcome.corrected;
        println!("corrections above what they correct: {above} of {all}");
    }
    if !outcome.made_up.is_empty() {
        println!(
            "for what was never said, a prompt gets {:.1} memories",
            mean(&outcome.made_up)
        );
    }
}
