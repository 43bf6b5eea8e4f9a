//! The control socket, with clients that behave badly.

use std::path::PathBuf;
use std::time::Duration;

use novacore::ops::{self, Command, Exit, Reply};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;

use crate::support::app::{PASSWORD, TestApp};
use crate::support::clock::{TestClock, soon};
use crate::support::process::Place;

fn command() -> Command {
    Command::CreateUser {
        email: "grace@example.org".into(),
        password: PASSWORD.into(),
        admin: false,
        plan: None,
    }
}

async fn listening(app: &TestApp) -> PathBuf {
    let path = app.folder().join("control.sock");
    ops::serve_control(app.app.clone(), &path).await.unwrap();
    path
}

/// Who connects and says nothing is sent away after five seconds; others are served meanwhile.
#[tokio::test]
async fn a_silent_client_is_sent_away() {
    let app = TestApp::new().await;
    let path = listening(&app).await;
    let others = app.clock.asleep();
    let mut silent = UnixStream::connect(&path).await.unwrap();
    silent.write_all(b"{\"comm").await.unwrap();
    app.clock.sleepers(others + 1).await;
    let made = ops::ask(&path, &command(), &app.clock.clock(), |_| {}).await;
    assert!(made.unwrap().is_some());
    app.advance(Duration::from_secs(5));
    assert_eq!(silent.read(&mut [0]).await.unwrap(), 0);
    app.finish().await;
}

/// A server that does not answer does not keep a command for ever.
#[tokio::test]
async fn a_silent_server_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("control.sock");
    let _listener = UnixListener::bind(&path).unwrap();
    let test = TestClock::new();
    let (clock, command) = (test.clock(), command());
    let (answer, ()) = tokio::join!(ops::ask(&path, &command, &clock, |_| {}), async {
        test.sleepers(1).await;
        test.advance(Duration::from_secs(30));
    });
    let error = answer.unwrap_err().to_string();
    assert!(error.contains("30 seconds"), "{error}");
}

/// A long command is told apart from a dead server: as long as words on how far it is come, the
/// command waits for its answer, and what it means that it failed comes along.
#[tokio::test]
async fn a_long_command_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("control.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let test = TestClock::new();
    let (clock, (tell, mut taken)) = (test.clock(), watch::channel(0));
    let failed = Reply::Failed {
        exit: Exit::Found,
        said: "Something is wrong.".into(),
    };
    let command = Command::Reindex;
    let asked = ops::ask(&path, &command, &clock, |step| {
        tell.send_replace(step.done);
    });
    let (answer, ()) = tokio::join!(asked, async {
        let (mut server, _) = listener.accept().await.unwrap();
        for done in 1..=3 {
            test.sleepers(1).await;
            test.advance(Duration::from_secs(29));
            let step = json!({"progress": {"step": "indexing", "done": done, "total": 3}});
            server
                .write_all(format!("{step}\n").as_bytes())
                .await
                .unwrap();
            // The next wait begins once the line was taken.
            soon("the line", taken.changed()).await.unwrap();
        }
        let line = serde_json::to_string(&failed).unwrap() + "\n";
        server.write_all(line.as_bytes()).await.unwrap();
    });
    assert_eq!(answer.unwrap(), Some(failed));
    assert_eq!(*taken.borrow(), 3);
}

/// Who runs a long command over the socket hears from it every second, and the command goes on to its
/// end when nobody listens any more.
#[tokio::test]
async fn a_long_command_tells_how_far_it_is() {
    let app = TestApp::new().await;
    let path = listening(&app).await;
    let (clock, command) = (app.clock.clock(), Command::Stats { json: true });
    let asked = ops::ask(&path, &command, &clock, |_| {});
    let Some(Reply::Done(said)) = asked.await.unwrap() else {
        panic!("it was not done");
    };
    assert!(said.contains("admin@example.org"), "{said}");
    let gone = UnixStream::connect(&path).await.unwrap();
    let command = json!({"command": "backup", "dir": app.folder().join("bak")});
    let (_, mut writer) = gone.into_split();
    writer
        .write_all(format!("{command}\n").as_bytes())
        .await
        .unwrap();
    drop(writer);
    let made = async {
        while !app.folder().join("bak/backup.json").exists() {
            tokio::task::yield_now().await;
        }
    };
    soon("the backup", made).await;
    app.finish().await;
}

/// A silent client does not keep the server from ending.
#[tokio::test]
async fn a_silent_client_does_not_hold_up_the_end() {
    let mut place = Place::new();
    place.set("SERVER__DRAIN_SECONDS", "0");
    let mut program = place.serve().await;
    let _silent = UnixStream::connect(place.path().join("data.sock"))
        .await
        .unwrap();
    // They are accepted in order, so that the silent one is there once a command was answered.
    let words = ["user", "create", "grace@example.org", "--password-stdin"];
    let made = place.run(&words, PASSWORD).await;
    assert_eq!(made.status.code(), Some(0));
    program.terminate();
    assert_eq!(program.ended().await.0, Some(0));
}

/// A path too long for a socket costs the commands, not the server, and the log says what to set.
#[tokio::test]
async fn a_path_too_long_costs_only_the_socket() {
    let mut place = Place::new();
    let path = place.path().join("x".repeat(120));
    place.set("DATA__CONTROL_SOCKET", path.to_str().unwrap());
    let words = ["user", "create", "grace@example.org", "--password-stdin"];
    let made = place.run(&words, PASSWORD).await;
    assert_eq!(
        made.status.code(),
        Some(0),
        "without a server it still works"
    );
    let program = place.serve().await;
    let log = program.log();
    assert!(
        log.contains(path.to_str().unwrap()) && log.contains("set data.control_socket"),
        "{log}"
    );
    program.sign_in("grace@example.org").await;
}
