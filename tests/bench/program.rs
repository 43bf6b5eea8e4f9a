//! The release binary as a child process on an empty data directory.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;

use crate::http::{Person, client};

pub struct Program {
    child: Child,
    url: String,
    http: reqwest::Client,
    pub ready_after: Duration,
    folder: TempDir,
}

pub fn binary() -> PathBuf {
    concat!(env!("CARGO_MANIFEST_DIR"), "/target/release/novacore").into()
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

impl Program {
    /// Starts it and waits until it answers `/health`.
    pub async fn start(model: &str) -> Self {
        // What is measured is seldom the hashing.
        Self::start_with(model, &[("NOVACORE_AUTH__HASH_MEMORY_KIB", "64")]).await
    }

    /// The same with settings of its own.
    pub async fn start_with(model: &str, settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (port, http) = (free_port(), client());
        let url = format!("http://127.0.0.1:{port}");
        let started = Instant::now();
        let child = Command::new(binary())
            .args([
                "serve",
                "--listen",
                &format!("127.0.0.1:{port}"),
                "--data-dir",
            ])
            .arg(folder.path().join("data"))
            .current_dir(folder.path())
            .env("NOVACORE_MODEL__URL", model)
            .env("NOVACORE_LIMITS__ENABLED", "false")
            .env("NOVACORE_CHAT__MODEL_TITLES", "false")
            .env("NOVACORE_LOG__LEVEL", "error")
            .envs(settings.iter().copied())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("run `cargo build --release` first");
        while http.get(format!("{url}/health")).send().await.is_err() {
            assert!(
                started.elapsed() < Duration::from_secs(20),
                "the server did not start"
            );
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let program = Self {
            child,
            url,
            http,
            ready_after: started.elapsed(),
            folder,
        };
        program.set_up().await;
        program
    }

    async fn set_up(&self) {
        let path = self.folder.path().join("data/setup-link");
        let link = loop {
            if let Ok(link) = std::fs::read_to_string(&path) {
                break link;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        let token = link.trim().split_once('#').unwrap().1;
        let body =
            json!({"token": token, "email": "admin@example.org", "password": "a calm river bank"});
        let made = self.nobody().post("/api/auth/setup", &body).await;
        assert_eq!(made.status, 201, "{made:?}");
    }

    pub fn nobody(&self) -> Person {
        Person::new(self.http.clone(), self.url.clone(), None)
    }

    pub async fn person(&self, name: &str) -> Person {
        let body = json!({"email": format!("{name}@example.org"), "password": "a calm river bank"});
        let made = self.nobody().post("/api/auth/register", &body).await;
        Person::new(client(), self.url.clone(), Some(made.str("access_token")))
    }

    /// What the program tells of itself.
    pub async fn metrics(&self) -> String {
        let answer = self.http.get(format!("{}/metrics", self.url)).send().await;
        answer.unwrap().text().await.unwrap()
    }

    /// Resident memory, bytes.
    pub fn resident(&self) -> u64 {
        self.status("VmRSS:")
    }

    /// The most resident memory so far, bytes.
    pub fn peak(&self) -> u64 {
        self.status("VmHWM:")
    }

    fn status(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace()
            .nth(1)
            .unwrap()
            .parse::<u64>()
            .unwrap()
            * 1024
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
