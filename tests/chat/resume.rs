//! Taking an answer up again: from anywhere, any number of times, for an hour event by event.

use std::time::Duration;

use novacore::schedule;
use serde_json::{Value, json};

use super::{ask, field, follow, four_words};
use crate::support::app::TestApp;
use crate::support::http::{Event, Person, text};

fn names(events: &[Event]) -> Vec<(usize, &str)> {
    events.iter().map(|e| (e.id, e.name.as_str())).collect()
}

/// A whole answer of ada's: its turn and its events.
async fn answered(ada: &Person) -> (String, Vec<Event>) {
    let (start, events) = ask(ada, "Tell me of the river").await;
    let turn = field(&start, "turn_id");
    let mut all = vec![start];
    all.extend(events.rest().await);
    (turn, all)
}

/// Whatever a client has seen already, it gets exactly the rest, with the same ids.
#[tokio::test]
async fn from_every_place_the_same_events_follow() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let (turn, all) = answered(&ada).await;
    assert!(all.len() > 6, "{all:?}");
    let ids: Vec<_> = all.iter().map(|event| event.id).collect();
    assert_eq!(ids, (1..=all.len()).collect::<Vec<_>>());
    for seen in 0..=all.len() {
        let again = follow(&ada, &turn, Some(&seen.to_string()))
            .await
            .rest()
            .await;
        assert_eq!(again, all[seen..], "after {seen}");
    }
    assert_eq!(follow(&ada, &turn, None).await.rest().await, all);
    app.finish().await;
}

/// The same while the answer is still being written: what is there at once, the rest as it comes.
#[tokio::test]
async fn a_running_answer_can_be_taken_up_anywhere() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let (script, gate) = four_words();
    app.model.answer(script);
    let (start, mut first) = ask(&ada, "Count").await;
    let turn = field(&start, "turn_id");
    gate.release(2);
    let mut so_far = vec![start];
    for _ in 0..2 {
        so_far.push(first.next().await.unwrap());
    }
    let mut readers = Vec::new();
    for seen in 0..=so_far.len() {
        let mut reader = follow(&ada, &turn, Some(&seen.to_string())).await;
        for expected in &so_far[seen..] {
            assert_eq!(reader.next().await.as_ref(), Some(expected));
        }
        readers.push(reader);
    }
    gate.open();
    let rest = first.rest().await;
    assert_eq!(names(&rest), [(4, "delta"), (5, "delta"), (6, "done")]);
    for reader in readers {
        assert_eq!(reader.rest().await, rest);
    }
    app.finish().await;
}

/// Who cannot say what it has gets the text so far at once, then the events that follow it.
#[tokio::test]
async fn an_unknown_place_gets_a_snapshot() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let (script, gate) = four_words();
    app.model.answer(script);
    let (start, mut first) = ask(&ada, "Count").await;
    let turn = field(&start, "turn_id");
    gate.release(2);
    first.next().await.unwrap();
    first.next().await.unwrap();
    let mut readers = Vec::new();
    for unknown in ["99", "-1", "two", "1.5", "18446744073709551616"] {
        let mut reader = follow(&ada, &turn, Some(unknown)).await;
        let again = reader.next().await.unwrap();
        assert_eq!((again.id, again.name.as_str()), (1, "start"));
        for key in [
            "session_id",
            "turn_id",
            "message_id",
            "user_message_id",
            "model",
        ] {
            assert_eq!(again.data[key], start.data[key]);
        }
        let snapshot = reader.next().await.unwrap();
        assert_eq!((snapshot.id, snapshot.name.as_str()), (3, "snapshot"));
        assert_eq!(snapshot.data, json!({"content": "one two "}));
        readers.push(reader);
    }
    gate.open();
    let rest = first.rest().await;
    for reader in readers {
        assert_eq!(reader.rest().await, rest);
    }
    let whole = follow(&ada, &turn, Some("99")).await.rest().await;
    assert_eq!(names(&whole), [(1, "start"), (5, "snapshot"), (6, "done")]);
    assert_eq!(whole[1].data, json!({"content": "one two three four"}));
    app.finish().await;
}

/// For an hour every event is told again; after it the whole text in one piece.
#[tokio::test]
async fn after_an_hour_the_text_comes_in_one_piece() {
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let (turn, all) = answered(&ada).await;
    app.advance(Duration::from_secs(3599));
    schedule::sweep(&app.app).await.unwrap();
    let ada = app.user("ada").await;
    assert_eq!(follow(&ada, &turn, Some("3")).await.rest().await, all[3..]);

    app.advance(Duration::from_secs(1));
    schedule::sweep(&app.app).await.unwrap();
    for last in [None, Some("3"), Some("99")] {
        let told = follow(&ada, &turn, last).await.rest().await;
        assert_eq!(names(&told), [(1, "start"), (2, "snapshot"), (3, "done")]);
        assert_eq!(told[1].data, json!({"content": text(&all)}));
        assert_eq!(told[2].data, without_quota(&all));
        assert_eq!(told[0].data["turn_id"], all[0].data["turn_id"]);
        assert_eq!(told[0].data["message_id"], all[0].data["message_id"]);
    }
    app.finish().await;
}

/// A restart forgets the single events, not the answer; a client that knew more starts afresh.
#[tokio::test]
async fn after_a_restart_the_text_comes_in_one_piece() {
    let mut app = TestApp::new().await;
    let (turn, all) = answered(&app.user("ada").await).await;
    app.settle().await;
    app.crash_and_reopen().await;
    let ada = app.user("ada").await;
    for last in [None, Some("1"), Some("7")] {
        let told = follow(&ada, &turn, last).await.rest().await;
        assert_eq!(names(&told), [(1, "start"), (2, "snapshot"), (3, "done")]);
        assert_eq!(told[1].data, json!({"content": text(&all)}));
        assert_eq!(told[2].data, without_quota(&all));
    }
    app.finish().await;
}

/// An answer that was cut off by a crash is told with its text and an error, not as whole.
#[tokio::test]
async fn a_crash_is_told_as_an_error() {
    let mut app = TestApp::new().await;
    let ada = app.user("ada").await;
    let (script, _gate) = four_words();
    app.model.answer(script);
    let (start, events) = ask(&ada, "Count").await;
    let turn = field(&start, "turn_id");
    app.model.received(1).await;
    app.crash_and_reopen().await;
    drop(events);
    let ada = app.user("ada").await;
    let told = follow(&ada, &turn, None).await.rest().await;
    assert_eq!(names(&told), [(1, "start"), (2, "snapshot"), (3, "error")]);
    assert_eq!(told[1].data, json!({"content": ""}));
    assert_eq!(told[2].data["code"], "interrupted");
    assert_eq!(told[2].data["done"], true);
    app.finish().await;
}

/// The last event but for what is left of the day, which is told once.
fn without_quota(all: &[Event]) -> Value {
    let mut done = all.last().unwrap().data.clone();
    assert!(done.as_object_mut().unwrap().remove("quota").is_some());
    done
}
