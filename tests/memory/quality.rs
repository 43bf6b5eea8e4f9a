//! How well memory works, held to fixed bounds, on lives that were never lived: what `make eval` prints,
//! small enough for every run of the tests.
//!
//! Bounds stand a little below what is reached. Who changes the ranker and lands below them has made it
//! worse; who lands far above may raise them.

#[path = "../eval/figures.rs"]
#[expect(
    dead_code,
    reason = "shared with the measurement, which uses all of it"
)]
mod figures;
#[path = "../eval/life.rs"]
#[expect(
    dead_code,
    reason = "shared with the measurement, which uses all of it"
)]
mod life;
#[path = "../eval/synthetic.rs"]
mod synthetic;
#[path = "../eval/talk.rs"]
#[expect(
    dead_code,
    reason = "shared with the measurement, which uses all of it"
)]
mod talk;

use std::fs;
use std::time::Duration;

use futures_util::future::join_all;
use novacore::config::{Distil, EmbeddingProvider};
use novacore::schedule;
use serde_json::{Value, json};

use self::figures::mean;
use self::life::Outcome;
use self::talk::Talks;
use super::{found, import};
use crate::support::app::TestApp;
use crate::support::clock::soon;
use crate::support::http::{self, Person};

async fn app(provider: EmbeddingProvider) -> TestApp {
    TestApp::with(|config| {
        config.limits.enabled = false;
        config.auth.access_minutes = 1_440;
        config.memory.distil = Distil::Off;
        config.embedding.provider = provider;
    })
    .await
}

async fn people(app: &TestApp, count: usize) -> Vec<Person> {
    let mut people = Vec::new();
    for n in 0..count {
        people.push(app.user(&format!("person{n}")).await);
    }
    people
}

/// What is asked is found, with meaning and without; what was corrected stands above what it corrects; a
/// prompt stays small; what was never said brings little; what promotion keeps is what is asked for. No
/// model is asked anything for any of it.
#[tokio::test]
async fn memory_stays_as_good_as_it_is() {
    // How many memories a prompt gets for what was never said, at most, in the mean.
    for (provider, noise) in [
        (EmbeddingProvider::Off, 1.0),
        (EmbeddingProvider::Builtin, 5.0),
    ] {
        let app = app(provider).await;
        let talks = talk::synthetic(3, 200);
        let people = people(&app, 3).await;
        let told = people.iter().zip(&talks.talks);
        let ids = join_all(told.map(|(person, talk)| life::tell(person, talk))).await;
        app.settle().await;
        let mut outcome = Outcome::default();
        for ((person, talk), ids) in people.iter().zip(&talks.talks).zip(&ids) {
            outcome.ask(person, talk, ids).await;
            outcome.promote(person, talk, ids).await;
        }
        let (asked, [_, ten, _, _, _, gain, _]) = outcome.hybrid.row(0);
        assert!(ten >= 98.0 && gain >= 92.0, "R@10 {ten}, nDCG@10 {gain}");
        assert_eq!(outcome.corrected.0, outcome.corrected.1);
        let tokens = mean(&outcome.tokens);
        assert!(tokens <= 300.0, "{tokens} tokens");
        let made_up = mean(&outcome.made_up);
        assert!(
            made_up <= noise,
            "{made_up} memories of what was never said"
        );
        let ([fifth, third, half], all) = outcome.kept;
        assert!(
            10 * fifth >= 5 * all && 10 * third >= 7 * all && 10 * half >= 9 * all,
            "{:?}",
            outcome.kept
        );
        let meaning = provider == EmbeddingProvider::Builtin;
        assert_eq!(outcome.with_meaning, if meaning { asked } else { 0 });
        assert_eq!(app.model.requests().len(), 0);
        assert_eq!(app.model.embedding().calls(), 0);
        app.finish().await;
    }
}

/// The first 20 for every question: who said what when, with the score and all its parts.
async fn first_twenty(people: &[Person], talks: &Talks) -> Vec<Value> {
    let mut all = Vec::new();
    for (person, talk) in people.iter().zip(&talks.talks) {
        let asked = talk.asked.iter().map(|asked| &asked.text);
        for question in asked.chain(&talk.unanswerable) {
            let body = json!({"query": question, "limit": 20});
            let found = person.post("/api/memory/search", &body).await.body;
            assert_eq!(found["meaning"], true);
            let results = found["results"].as_array().unwrap().iter();
            let shown = results.map(|result| {
                let names = [
                    "text",
                    "speaker",
                    "created_at",
                    "importance",
                    "score",
                    "parts",
                ];
                names.map(|name| result[name].clone())
            });
            all.push(json!(shown.collect::<Vec<_>>()));
        }
    }
    all
}

/// The same log gives the same first twenty with the same scores: whoever else was told what in between,
/// after a restart, and from an index and vectors that were made again.
#[tokio::test]
async fn the_same_log_is_answered_alike() {
    let talks = talk::synthetic(3, 100);
    let mut one = app(EmbeddingProvider::Builtin).await;
    let at_once = people(&one, 3).await;
    let told = at_once.iter().zip(&talks.talks);
    join_all(told.map(|(person, talk)| life::tell(person, talk))).await;
    one.settle().await;
    let first = first_twenty(&at_once, &talks).await;
    assert!(
        first
            .iter()
            .filter_map(Value::as_array)
            .map(Vec::len)
            .sum::<usize>()
            > 1000
    );

    let other = app(EmbeddingProvider::Builtin).await;
    let in_turn = people(&other, 3).await;
    for (person, talk) in in_turn.iter().zip(&talks.talks).rev() {
        life::tell(person, talk).await;
    }
    other.settle().await;
    assert!(
        first_twenty(&in_turn, &talks).await == first,
        "another order of people"
    );
    other.finish().await;

    one.crash_and_reopen().await;
    one.settle().await;
    let again: Vec<Person> = at_once.iter().map(|person| person.at(&one.url)).collect();
    assert!(first_twenty(&again, &talks).await == first, "a restart");

    one.end();
    fs::remove_dir_all(one.config.data.cache_path()).unwrap();
    one.reopen().await;
    let mut indexed = one.app.indexed.subscribe();
    let filled = indexed.wait_for(|seq| *seq > 0);
    drop(soon("an index made again", filled).await.unwrap());
    one.settle().await;
    let again: Vec<Person> = at_once.iter().map(|person| person.at(&one.url)).collect();
    assert!(
        first_twenty(&again, &talks).await == first,
        "an index made again"
    );
    one.finish().await;
}

/// A word of its own for each number, which no other one is the stem of.
fn name(prefix: &str, number: usize) -> String {
    let letters = b"bdfgklmnprstvz";
    let letter = |n: usize| char::from(letters[n % letters.len()]);
    format!(
        "{prefix}{}o{}a",
        letter(number / letters.len()),
        letter(number)
    )
}

/// What is said first, what is said later, and what is asked.
fn correction(n: usize) -> [String; 3] {
    let (who, old, new) = (name("Kim", n), name("Old", n), name("Neu", n));
    let first = format!("My friend {who} lives in {old}.");
    let later = match n % 8 {
        0 => format!("My friend {who} lives in {new} now."),
        1 => format!("Actually, my friend {who} lives in {new}."),
        2 => format!("My friend {who} no longer lives in {old}, it's {new}."),
        3 => format!("My friend {who} moved to {new}."),
        4 => format!("My friend {who} lives in {new}, not in {old}."),
        5 => format!("I was wrong, my friend {who} lives in {new} instead."),
        6 => format!("My friend {who} doesn't live in {old} anymore but in {new}."),
        _ => format!("My friend {who} used to live in {old} and is now in {new}."),
    };
    [first, later, format!("Where does my friend {who} live?")]
}

/// In all of 200, said in eight ways, what is so now stands above what was so: as soon as it is said, and
/// when sessions have ended.
#[tokio::test]
async fn what_is_so_now_stands_above_what_was_so() {
    const COUNT: usize = 200;
    let app = app(EmbeddingProvider::Builtin).await;
    let ada = app.user("ada").await;
    let mut lines = Vec::new();
    for (at, day) in [(0, 1), (1, 20)] {
        for n in 0..COUNT {
            lines.push(
                json!({"text": correction(n)[at], "session_key": format!("{day} {}", n / 10),
                "created_at": format!("2025-{:02}-{day:02}T12:00:{:02}Z", 1 + n / 20, n % 20)}),
            );
        }
    }
    let told = import(&ada, &lines).await;
    assert_eq!(told.body["imported"], 2 * COUNT, "{told:?}");
    app.settle().await;
    assert_eq!(upside_down(&ada, COUNT).await, [] as [String; 0]);
    app.advance(Duration::from_hours(1));
    schedule::sweep(&app.app).await.unwrap();
    app.run_jobs().await;
    app.settle().await;
    assert_eq!(upside_down(&ada, COUNT).await, [] as [String; 0]);
    app.finish().await;
}

/// Questions to which the answer is not among the first three, or what it takes back is above it.
async fn upside_down(ada: &Person, count: usize) -> Vec<String> {
    let mut wrong = Vec::new();
    for n in 0..count {
        let [old, new, question] = correction(n);
        let order = found(ada, &question).await;
        let at = |text: &String| order.iter().position(|found| found == text);
        let above =
            at(&new).is_some_and(|place| place < 3 && at(&old).is_none_or(|old| place < old));
        if !above {
            wrong.push(format!("{new}: {:?} and {:?}", at(&new), at(&old)));
        }
    }
    wrong
}
