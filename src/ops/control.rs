//! The control socket: how commands reach the running server, so that they need not open its data.
//!
//! One request in a line; then, in a line each, any number of words on how far it is, and one answer.
//!
//! Must stay true: only the server's own user can connect (0600, checked by the system), and no secret
//! is in a log. Nobody who is silent keeps the program waiting; a command goes on to its end even when
//! whoever asked for it has gone.

use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};

use super::command::{Command, Exit, Reply};
use super::progress::{Step, Steps};
use crate::app::App;
use crate::clock::{Clock, TimedOut};
use crate::error::{Error, Result};

/// Longest request accepted, bytes.
const MOST: u64 = 65_536;
/// How long a command may take to arrive, and its answer to be taken.
const LINE_LIMIT: Duration = Duration::from_secs(5);
/// How often it is told how far a command is, so that nobody takes a long one for a dead server.
const TELL_EVERY: Duration = Duration::from_secs(1);
/// How long a command waits for the next line.
const SILENCE_LIMIT: Duration = Duration::from_secs(30);

/// The system's limit for a socket's path is 107 bytes.
fn is_too_long(path: &Path) -> bool {
    SocketAddr::from_pathname(path).is_err()
}

/// Listens until the program stops.
pub async fn serve(app: App, path: &Path) -> Result<()> {
    if is_too_long(path) {
        tracing::warn!(
            path = %path.display(),
            "the control socket's path is too long for the system: commands cannot reach this server; set data.control_socket to a path of at most 107 bytes"
        );
        return Ok(());
    }
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != ErrorKind::NotFound => {
            return Err(Error::internal("removing an old control socket", e));
        }
        _ => {}
    }
    let listener =
        UnixListener::bind(path).map_err(|e| Error::internal("opening the control socket", e))?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
        .map_err(|e| Error::internal("protecting the control socket", e))?;
    let tasks = app.tasks.clone();
    let path = path.to_owned();
    tasks.clone().spawn(async move {
        loop {
            let accepted = tokio::select! {
                () = tasks.drain.cancelled() => break,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, _)) => {
                    let app = app.clone();
                    tasks.work(async move {
                        let answered = tokio::select! {
                            answered = answer(&app, stream) => answered,
                            () = app.tasks.stop.cancelled() => return,
                        };
                        if let Err(error) = answered {
                            tracing::warn!(%error, "a command over the control socket failed");
                        }
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "the control socket could not accept a connection");
                }
            }
        }
        if let Err(error) = std::fs::remove_file(&path) {
            tracing::debug!(%error, "the control socket was gone already");
        }
    });
    Ok(())
}

async fn answer(app: &App, mut stream: UnixStream) -> Result<()> {
    let broken = |e| Error::internal("the control socket", e);
    let mut line = String::new();
    let mut lines = BufReader::new((&mut stream).take(MOST));
    app.clock
        .timeout(LINE_LIMIT, lines.read_line(&mut line))
        .await
        .map_err(silent)?
        .map_err(broken)?;
    let Ok(command) = serde_json::from_str::<Command>(&line) else {
        let said = "This server does not know that command; is it of another version?".into();
        let exit = Exit::Failed;
        return send(app, &mut stream, &Reply::Failed { exit, said }).await;
    };
    let steps = Steps::default();
    let mut work = std::pin::pin!(command.run(app, &steps));
    let mut listening = Ok(());
    let reply = loop {
        tokio::select! {
            reply = &mut work => break reply,
            () = app.clock.sleep(TELL_EVERY), if listening.is_ok() => {
                listening = send(app, &mut stream, &Reply::Progress(steps.newest())).await;
            }
        }
    };
    listening?;
    send(app, &mut stream, &reply).await
}

async fn send(app: &App, stream: &mut UnixStream, reply: &Reply) -> Result<()> {
    let broken = |e| Error::internal("the control socket", e);
    let mut text =
        serde_json::to_string(reply).map_err(|e| Error::internal("the control socket", e))?;
    text.push('\n');
    app.clock
        .timeout(LINE_LIMIT, stream.write_all(text.as_bytes()))
        .await
        .map_err(silent)?
        .map_err(broken)
}

fn silent(_: TimedOut) -> Error {
    Error::internal("the control socket", "the other side is silent")
}

/// Sends a command to the running server, and tells how far it is; None when no server is there.
pub async fn ask(
    path: &Path,
    command: &Command,
    clock: &Clock,
    mut tell: impl FnMut(&Step),
) -> Result<Option<Reply>> {
    if is_too_long(path) {
        return Ok(None);
    }
    let broken = |e: String| Error::internal("talking to the running server", e);
    let mut stream = match UnixStream::connect(path).await {
        Ok(stream) => stream,
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => {
            return Ok(None);
        }
        Err(e) => return Err(broken(e.to_string())),
    };
    let mut text =
        serde_json::to_string(command).map_err(|e| Error::internal("writing a command", e))?;
    text.push('\n');
    let sent = stream.write_all(text.as_bytes()).await;
    sent.map_err(|e| broken(e.to_string()))?;
    let mut lines = BufReader::new(stream).lines();
    loop {
        let line = clock.timeout(SILENCE_LIMIT, lines.next_line()).await;
        let line = line.map_err(|TimedOut| broken("it did not answer within 30 seconds".into()))?;
        let Some(line) = line.map_err(|e| broken(e.to_string()))? else {
            return Err(broken("it ended before it answered".into()));
        };
        match serde_json::from_str(&line).map_err(|e| broken(e.to_string()))? {
            Reply::Progress(step) => tell(&step),
            reply => return Ok(Some(reply)),
        }
    }
}
