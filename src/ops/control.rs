//! The control socket: how commands reach the running server, so that they need not open its data.
//!
//! Must stay true: only the server's own user can connect (0600, checked by the system); one request
//! a line, one answer a line, and no secret in a log. Nobody who is silent keeps the program waiting.

use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};

use crate::app::App;
use crate::auth::{self, NewAccount, Password, Role};
use crate::clock::{Clock, TimedOut};
use crate::error::{Error, Result};

/// Longest request accepted, bytes.
const MOST: u64 = 65_536;
/// How long a command may take to arrive, and its answer to be taken.
const LINE_LIMIT: Duration = Duration::from_secs(5);
/// How long a command waits for its answer; making an account computes a password hash.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "command")]
pub enum Command {
    CreateUser {
        email: String,
        password: String,
        admin: bool,
    },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    Done(String),
    Failed(String),
}

impl Command {
    /// Carries the command out, in the server or, when none runs, in the command's own process.
    pub async fn run(self, app: &App) -> Result<String> {
        match self {
            Self::CreateUser {
                email,
                password,
                admin,
            } => {
                let role = if admin { Role::Admin } else { Role::User };
                let user = auth::create_account(
                    app,
                    NewAccount {
                        email,
                        password: Password::from(password),
                        role,
                    },
                )
                .await?;
                let kind = if admin { "administrator" } else { "user" };
                Ok(format!("Made the {kind} {} ({}).", user.email, user.id))
            }
        }
    }
}

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
    let silent = |TimedOut| Error::internal("the control socket", "the other side is silent");
    let mut line = String::new();
    let mut lines = BufReader::new((&mut stream).take(MOST));
    app.clock
        .timeout(LINE_LIMIT, lines.read_line(&mut line))
        .await
        .map_err(silent)?
        .map_err(broken)?;
    let reply = match serde_json::from_str::<Command>(&line) {
        Ok(command) => command
            .run(app)
            .await
            .map_or_else(|e| Reply::Failed(e.to_string()), Reply::Done),
        Err(_) => Reply::Failed(
            "This server does not know that command; is it of another version?".into(),
        ),
    };
    let mut text =
        serde_json::to_string(&reply).map_err(|e| Error::internal("the control socket", e))?;
    text.push('\n');
    app.clock
        .timeout(LINE_LIMIT, stream.write_all(text.as_bytes()))
        .await
        .map_err(silent)?
        .map_err(broken)
}

/// Sends a command to the running server; None when no server is there.
pub async fn ask(path: &Path, command: &Command, clock: &Clock) -> Result<Option<Reply>> {
    clock
        .timeout(ANSWER_LIMIT, converse(path, command))
        .await
        .unwrap_or_else(|TimedOut| {
            Err(Error::internal(
                "talking to the running server",
                "it did not answer within 30 seconds",
            ))
        })
}

async fn converse(path: &Path, command: &Command) -> Result<Option<Reply>> {
    if is_too_long(path) {
        return Ok(None);
    }
    let broken = |e| Error::internal("talking to the running server", e);
    let mut stream = match UnixStream::connect(path).await {
        Ok(stream) => stream,
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => {
            return Ok(None);
        }
        Err(e) => return Err(broken(e)),
    };
    let mut text =
        serde_json::to_string(command).map_err(|e| Error::internal("writing a command", e))?;
    text.push('\n');
    stream.write_all(text.as_bytes()).await.map_err(broken)?;
    let mut line = String::new();
    BufReader::new(stream)
        .read_line(&mut line)
        .await
        .map_err(broken)?;
    serde_json::from_str(&line)
        .map(Some)
        .map_err(|e| Error::internal("the running server's answer", e))
}
