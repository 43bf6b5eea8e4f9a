//! The real binary as a child process, in a folder of its own, with an environment of its own.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::spawn_blocking;

use super::app::PASSWORD;
use super::clock::soon;
use super::fake_ollama::FakeOllama;
use super::http::{Person, client};

/// An installation: a folder, settings, a model server. Programs come and go in it.
pub struct Place {
    folder: TempDir,
    pub model: FakeOllama,
    settings: Vec<(String, String)>,
}

impl Place {
    pub fn new() -> Self {
        let model = FakeOllama::start();
        let mut place = Self {
            folder: tempfile::tempdir().unwrap(),
            settings: vec![],
            model,
        };
        let url = place.model.url();
        for (key, value) in [
            ("SERVER__LISTEN", "127.0.0.1:0"),
            ("MODEL__URL", &url),
            ("MODEL__PROVIDER", "ollama"),
            ("CHAT__MODEL_TITLES", "false"),
            ("LOG__FORMAT", "json"),
            ("LOG__LEVEL", "info,novacore=trace"),
            ("AUTH__HASH_MEMORY_KIB", "64"),
            ("AUTH__HASH_ITERATIONS", "1"),
        ] {
            place.set(key, value);
        }
        place
    }

    pub fn set(&mut self, key: &str, value: &str) {
        self.settings
            .push((format!("NOVACORE_{key}"), value.to_owned()));
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_novacore"));
        command
            .args(words)
            .env_clear()
            .envs(self.settings.iter().cloned())
            .current_dir(self.folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs a command to its end, with this on its standard input.
    pub async fn run(&self, words: &[&str], input: &str) -> Output {
        let mut child = self.command(words).spawn().unwrap();
        let input = input.to_owned();
        spawn_blocking(move || {
            // Whoever does not read it may be gone already.
            let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
            child.wait_with_output().unwrap()
        })
        .await
        .unwrap()
    }

    /// Starts the server and waits until it is ready.
    pub async fn serve(&self) -> Program {
        self.serve_with(&["serve"]).await
    }

    /// Starts the server by these words and waits until it is ready.
    pub async fn serve_with(&self, words: &[&str]) -> Program {
        let mut program = self.start_with(words);
        let ready = program.logged("NovaCore is ready").await;
        program.url = format!("http://{}", ready["address"].as_str().unwrap());
        program
    }

    /// Starts the server, without waiting for anything.
    pub fn start(&self) -> Program {
        self.start_with(&["serve"])
    }

    fn start_with(&self, words: &[&str]) -> Program {
        let mut child = self.command(words).spawn().unwrap();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let (count, seen) = watch::channel(0);
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let written = lines.clone();
        let reader = std::thread::spawn(move || {
            for line in stderr.lines() {
                written.lock().unwrap().push(line.unwrap());
                count.send_modify(|n| *n += 1);
            }
        });
        Program {
            child: Some(child),
            lines,
            seen,
            reader: Some(reader),
            url: String::new(),
        }
    }
}

/// A running server. It is killed when dropped.
pub struct Program {
    child: Option<Child>,
    lines: Arc<Mutex<Vec<String>>>,
    seen: watch::Receiver<usize>,
    reader: Option<std::thread::JoinHandle<()>>,
    pub url: String,
}

impl Program {
    pub fn id(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    pub fn nobody(&self) -> Person {
        Person::new(client(), self.url.clone(), None)
    }

    /// The whole log so far.
    pub fn log(&self) -> String {
        self.lines.lock().unwrap().join("\n")
    }

    /// Waits for a log line with this message.
    pub async fn logged(&mut self, message: &str) -> Value {
        loop {
            let found = self.lines.lock().unwrap().iter().find_map(|line| {
                let line: Value = serde_json::from_str(line).ok()?;
                (line["message"] == message).then_some(line)
            });
            if let Some(line) = found {
                return line;
            }
            let more = soon("a line of the log", self.seen.changed()).await;
            assert!(
                more.is_ok(),
                "it ended without \"{message}\":\n{}",
                self.log()
            );
        }
    }

    /// Sends SIGTERM.
    pub fn terminate(&self) {
        let id = self.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status().unwrap();
        assert!(sent.success());
    }

    /// SIGKILL: it gets no chance to do anything.
    pub async fn kill(mut self) {
        self.child.as_mut().unwrap().kill().unwrap();
        self.ended().await;
    }

    /// Waits for the end: the exit code, and what stood on standard output.
    pub async fn ended(&mut self) -> (Option<i32>, String) {
        // It stays ours while we wait, so that a test that fails for waiting ends it.
        let mut stdout = self.child.as_mut().unwrap().stdout.take().unwrap();
        let reader = self.reader.take().unwrap();
        let closed = spawn_blocking(move || {
            let mut said = String::new();
            stdout.read_to_string(&mut said).unwrap();
            reader.join().unwrap();
            said
        });
        let said = soon("the end of the process", closed).await.unwrap();
        let code = self.child.take().unwrap().wait().unwrap().code();
        (code, said)
    }

    /// Signs somebody in who has an account.
    pub async fn sign_in(&self, email: &str) -> Person {
        let body = json!({"email": email, "password": PASSWORD});
        let answer = self.nobody().post("/api/auth/login", &body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        self.nobody().with_token(&answer.str("access_token"))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
