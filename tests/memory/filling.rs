//! Filling an empty index: what fails is tried again, and nothing forgotten is left in it.

use std::fs;
use std::pin::pin;
use std::time::Duration;

use novacore::clock::Random;
use novacore::{lifecycle, memory};
use serde_json::Value;
use storage::{TextIndex, TextOp};
use uuid::Uuid;

use super::{id_of, tell};
use crate::support::app::TestApp;
use crate::support::http::Person;

const FACT: &str = "My sister Clara lives in Lisbon.";

async fn own_id(person: &Person) -> Uuid {
    let me = person.get("/api/auth/me").await.body;
    let id = [&me["id"], &me["user"]["id"]]
        .into_iter()
        .find_map(Value::as_str);
    id.unwrap_or_else(|| panic!("no id in {me}"))
        .parse()
        .unwrap()
}

/// An index that could not be filled when the program began is filled later, without a restart.
#[tokio::test]
async fn a_filling_that_fails_is_tried_again() {
    let mut app = TestApp::new().await;
    let ada = app.user("ada").await;
    let user = own_id(&ada).await;
    tell(&app, &ada, FACT).await;
    app.end();
    let cache = app.config.data.cache_path();
    fs::remove_dir_all(&cache).unwrap();
    let random = Random::seeded(2);
    let again = lifecycle::open(app.config.clone(), app.clock.clock(), random)
        .await
        .unwrap();
    // Nothing can be written where nothing is.
    fs::rename(cache.join("text"), cache.join("away")).unwrap();
    let mut follow = pin!(memory::follow(again.clone(), memory::commits(&again)));
    tokio::select! {
        biased;
        () = &mut follow => panic!("the follower gave up"),
        () = app.clock.sleepers(1) => {}
    }
    assert!(!memory::caught_up(&again).unwrap());
    fs::rename(cache.join("away"), cache.join("text")).unwrap();
    app.clock.advance(Duration::from_secs(10));
    let mut indexed = again.indexed.subscribe();
    tokio::select! {
        biased;
        () = &mut follow => panic!("the follower gave up"),
        filled = indexed.wait_for(|seq| *seq == again.store.seq()) => drop(filled.unwrap()),
    }
    assert_eq!(again.text.postings(user, "clara").unwrap().len(), 1);
    again.tasks.stop.cancel();
    follow.await;
    lifecycle::close(&again).await.unwrap();
}

/// What was forgotten after a crash in the middle of a filling is not left in the index by the next.
#[tokio::test]
async fn a_filling_begun_twice_keeps_nothing_forgotten() {
    let mut app = TestApp::new().await;
    let ada = app.user("ada").await;
    let user = own_id(&ada).await;
    tell(&app, &ada, FACT).await;
    tell(&app, &ada, "The kettle is broken.").await;
    let forgotten = id_of(&ada, FACT).await;
    assert_eq!(
        ada.delete(&format!("/api/memory/{forgotten}")).await.status,
        204
    );
    app.settle().await;
    app.end();
    // As a crash leaves it: a part of what was stored then, and no watermark.
    let cache = app.config.data.cache_path().join("text");
    fs::remove_dir_all(&cache).unwrap();
    let partial = TextIndex::open(&cache, app.app.store.lineage(), 0).unwrap();
    let (owner, id, text) = (user, forgotten.parse().unwrap(), FACT.to_owned());
    partial
        .apply(vec![TextOp::Put {
            owner,
            id,
            place: 0,
            text,
        }])
        .unwrap();
    partial.commit(0).unwrap();
    assert_eq!(partial.postings(user, "clara").unwrap().len(), 1);
    partial.close();
    drop(partial);
    app.reopen().await;
    app.settle().await;
    assert_eq!(app.app.text.postings(user, "clara").unwrap(), []);
    assert_eq!(app.app.text.postings(user, "kettl").unwrap().len(), 1);
    assert!(app.app.text.watermark() > 0, "the next start begins there");
    app.finish().await;
}
