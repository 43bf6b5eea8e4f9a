//! The server as a process: start, what it says, and an orderly end.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::support::app::{PASSWORD, said};
use crate::support::http::{Person, text};
use crate::support::process::{Place, Program};
use crate::support::script::{Gate, Script};

/// The first administrator, by the link in the file.
async fn set_up(place: &Place, program: &Program) -> Person {
    let link = fs::read_to_string(place.data().join("setup-link")).unwrap();
    let token = link.trim().split_once("/setup#").unwrap().1;
    let body = json!({"token": token, "email": "grace@example.org", "password": PASSWORD});
    let answer = program.nobody().post("/api/auth/setup", &body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    program.nobody().with_token(&answer.str("access_token"))
}

/// From nothing to the first answer: the link lies in a file for the server's user alone, fits the
/// port that was chosen, works, and is gone afterwards; data that others could enter is closed.
#[tokio::test]
async fn from_the_link_to_the_first_answer() {
    let place = Place::new();
    fs::create_dir(place.data()).unwrap();
    fs::set_permissions(place.data(), fs::Permissions::from_mode(0o755)).unwrap();
    let mut program = place.serve().await;
    let link = place.data().join("setup-link");
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(link.clone()), 0o600);
    assert_eq!(mode(place.data()), 0o700);
    let port = program.url.rsplit(':').next().unwrap().to_owned();
    let written = fs::read_to_string(&link).unwrap();
    assert!(
        written.starts_with(&format!("http://localhost:{port}/setup#")),
        "{written}"
    );

    let grace = set_up(&place, &program).await;
    assert!(!link.exists());
    assert_eq!(grace.say("Hello").await.str("response"), "You said: Hello");
    program.terminate();
    let (code, said) = program.ended().await;
    assert_eq!(
        (code, said.as_str()),
        (Some(0), ""),
        "nothing but the log is printed"
    );
    assert!(!place.path().join("data.sock").exists());
    assert!(
        program.log().contains("NovaCore has stopped"),
        "{}",
        program.log()
    );
}

/// Two servers never write to the same data: the second one says so and ends, the first goes on.
#[tokio::test]
async fn a_second_server_on_the_same_data_is_refused() {
    let place = Place::new();
    let program = place.serve().await;
    let mut second = place.start();
    let (code, _) = second.ended().await;
    assert_eq!(code, Some(1));
    let log = second.log();
    let last = log.lines().last().unwrap();
    assert!(
        last.starts_with("novacore: ") && last.contains("A NovaCore already runs on "),
        "{log}"
    );
    assert!(
        last.contains(place.data().file_name().unwrap().to_str().unwrap()),
        "{log}"
    );
    let grace = set_up(&place, &program).await;
    assert_eq!(grace.say("Still there?").await.status, 200);
}

/// A port that is taken is told with its number and the setting that helps.
#[tokio::test]
async fn a_taken_port_is_told() {
    let first = Place::new();
    let program = first.serve().await;
    let address = program.url.strip_prefix("http://").unwrap();
    let mut second = Place::new();
    second.set("SERVER__LISTEN", address);
    let refused = second.run(&["serve"], "").await;
    assert_eq!(refused.status.code(), Some(1));
    let line = String::from_utf8(refused.stderr).unwrap();
    let expected = format!(
        "novacore: Cannot listen on {address}: another program, perhaps another NovaCore, listens there already. Set server.listen,"
    );
    assert!(line.starts_with(&expected), "{line}");
    assert!(!second.data().exists(), "nothing was begun");
}

/// Told to stop, the server lets a running answer end, and ends itself in order.
#[tokio::test]
async fn told_to_stop_it_finishes_what_runs() {
    let place = Place::new();
    let mut program = place.serve().await;
    let grace = set_up(&place, &program).await;
    let gate = Gate::new();
    place
        .model
        .answer(Script::says(["one ", "two"]).gated(&gate));
    let mut events = grace.stream(&json!({"message": "Count"})).await;
    let session = events.next().await.unwrap().data["session_id"]
        .as_str()
        .unwrap()
        .to_owned();
    gate.release(1);
    events.next().await.unwrap();
    program.terminate();
    program
        .logged("stopping: nothing new begins, running answers may end")
        .await;
    gate.open();
    let rest = events.rest().await;
    assert_eq!(
        (text(&rest).as_str(), rest.last().unwrap().name.as_str()),
        ("two", "done")
    );
    assert_eq!(program.ended().await.0, Some(0));

    let program = place.serve().await;
    let grace = program.sign_in("grace@example.org").await;
    let history = grace
        .get(&format!("/api/chat/history/{session}"))
        .await
        .body;
    assert_eq!(said(&history)[1].1, "one two");
    assert_eq!(history["items"][0]["status"], "complete");
}

/// An answer that does not end in time is marked as cut off, with its text, and its reader is told.
#[tokio::test]
async fn what_does_not_end_in_time_is_marked() {
    let mut place = Place::new();
    place.set("SERVER__DRAIN_SECONDS", "0");
    let mut program = place.serve().await;
    let grace = set_up(&place, &program).await;
    let gate = Gate::new();
    place
        .model
        .answer(Script::says(["one ", "two"]).gated(&gate));
    let mut events = grace.stream(&json!({"message": "Count"})).await;
    let session = events.next().await.unwrap().data["session_id"]
        .as_str()
        .unwrap()
        .to_owned();
    gate.release(1);
    events.next().await.unwrap();
    program.terminate();
    let rest = events.rest().await;
    assert_eq!(
        (rest.len(), &rest[0].data["code"]),
        (1, &json!("interrupted"))
    );
    assert_eq!(program.ended().await.0, Some(0));

    let program = place.serve().await;
    let grace = program.sign_in("grace@example.org").await;
    let history = grace
        .get(&format!("/api/chat/history/{session}"))
        .await
        .body;
    let message = &history["items"][0];
    assert_eq!(
        (&message["content"], &message["status"]),
        (&json!("one "), &json!("interrupted"))
    );
}

/// An answer whose reader has left is written to its end before the server ends.
#[tokio::test]
async fn told_to_stop_it_finishes_what_nobody_reads() {
    let place = Place::new();
    let mut program = place.serve().await;
    let grace = set_up(&place, &program).await;
    let gate = Gate::new();
    place
        .model
        .answer(Script::says(["one ", "two"]).gated(&gate));
    let mut events = grace.stream(&json!({"message": "Count"})).await;
    let start = events.next().await.unwrap().data;
    gate.release(1);
    events.next().await.unwrap();
    drop((events, grace));
    program.terminate();
    program
        .logged("stopping: nothing new begins, running answers may end")
        .await;
    gate.open();
    assert_eq!(program.ended().await.0, Some(0));

    let program = place.serve().await;
    let grace = program.sign_in("grace@example.org").await;
    let session = start["session_id"].as_str().unwrap();
    let history = grace.get(&format!("/api/chat/history/{session}")).await;
    assert_eq!(history.body["items"][0]["content"], "one two");
    assert_eq!(history.body["items"][0]["status"], "complete");
}

/// Whoever is in a hurry says it twice: then running answers are cut off at once.
#[tokio::test]
async fn told_twice_it_stops_at_once() {
    let mut place = Place::new();
    place.set("SERVER__DRAIN_SECONDS", "86400");
    let mut program = place.serve().await;
    let grace = set_up(&place, &program).await;
    let gate = Gate::new();
    place
        .model
        .answer(Script::says(["one ", "two"]).gated(&gate));
    let mut events = grace.stream(&json!({"message": "Count"})).await;
    gate.release(1);
    events.until("delta").await;
    program.terminate();
    program
        .logged("stopping: nothing new begins, running answers may end")
        .await;
    program.terminate();
    let rest = events.rest().await;
    assert_eq!(rest[0].data["code"], "interrupted");
    assert_eq!(program.ended().await.0, Some(0));
}

/// What a platform of containers adds to the environment does not stop the start and is named in
/// the log; an empty address is none, so that the link fits the port.
#[tokio::test]
async fn a_foreign_environment_does_not_stop_the_start() {
    let mut place = Place::new();
    place.set("SERVICE_HOST", "10.0.0.1");
    place.set("SERVER__PUBLIC_URL", "");
    let program = place.serve().await;
    let log = program.log();
    assert!(
        log.contains("the environment variable NOVACORE_SERVICE_HOST is not read"),
        "{log}"
    );
    let port = program.url.rsplit(':').next().unwrap();
    let link = fs::read_to_string(place.data().join("setup-link")).unwrap();
    assert!(
        link.starts_with(&format!("http://localhost:{port}/setup#")),
        "{link}"
    );
}

/// A client that never finishes its request cannot keep the server from ending.
#[tokio::test]
async fn a_half_sent_request_does_not_hold_up_the_end() {
    let place = Place::new();
    let mut program = place.serve().await;
    let address = program.url.strip_prefix("http://").unwrap().to_owned();
    let mut half = TcpStream::connect(&address).await.unwrap();
    half.write_all(b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        .await
        .unwrap();
    // A whole request after it shows that the half one has arrived.
    assert_eq!(program.nobody().get("/health").await.status, 200);
    program.terminate();
    assert_eq!(program.ended().await.0, Some(0));
}
