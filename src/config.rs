//! Every setting with its default. `config.toml` at the top of the repository is this file in words;
//! a test proves the two equal.
//!
//! Must stay true: one precedence, flag > environment > file > default, and nothing else ever
//! changes a setting. An empty string means "not set". Secrets never leave through `Debug` or `show`.

mod billing;
mod check;
mod embedding;
mod identity;
mod layers;
mod load;
mod memory;
mod networks;
mod places;
mod smtp;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::civil::Time;
use serde::{Deserialize, Serialize};

pub use billing::{Billing, Period, Plan, Plans, Stripe};
pub use embedding::{Embedding, EmbeddingProvider};
pub use identity::{Auth, Mail, Oidc, Registration, Support, Verification};
pub use load::{ConfigError, Loaded, Overrides, load};
pub use memory::{Distil, Memory};
pub use networks::Networks;
pub use places::lies_in;
pub use smtp::{SmtpServer, SmtpTls};

#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub server: Server,
    pub data: Data,
    pub backup: Backup,
    pub model: Model,
    pub embedding: Embedding,
    pub auth: Auth,
    pub oidc: Oidc,
    pub mail: Mail,
    pub plans: Plans,
    pub billing: Billing,
    pub stripe: Stripe,
    pub support: Support,
    pub chat: Chat,
    pub memory: Memory,
    pub limits: Limits,
    pub log: Log,
    pub metrics: Metrics,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    pub listen: SocketAddr,
    pub public_url: String,
    pub trusted_proxies: Vec<String>,
    pub drain_seconds: u64,
    pub max_connections: usize,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    pub dir: PathBuf,
    pub cache_dir: PathBuf,
    pub cache_mb: usize,
    pub keep_days: u32,
    pub control_socket: PathBuf,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backup {
    pub nightly: bool,
    pub at: String,
    pub dir: PathBuf,
    pub keep: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    Auto,
    Ollama,
    Openai,
    Demo,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    pub provider: Provider,
    pub url: String,
    pub name: String,
    pub num_ctx: u32,
    pub answer_reserve: u32,
    pub keep_alive: String,
    pub max_concurrent: usize,
    pub api_key: String,
    pub api_key_file: PathBuf,
    pub connect_timeout_seconds: u64,
    pub first_byte_timeout_seconds: u64,
    pub chunk_timeout_seconds: u64,
    pub demo_dir: PathBuf,
    pub service_auth: bool,
    pub service_secret: String,
    pub service_secret_file: PathBuf,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chat {
    pub instructions: String,
    pub history_exchanges: usize,
    pub model_titles: bool,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    pub enabled: bool,
    pub message_bytes: usize,
    pub body_bytes: usize,
    pub sign_ins_per_minute: u32,
    pub registrations_per_hour: u32,
    pub reads_per_minute: u32,
    pub reads_burst: u32,
    pub searches_per_minute: u32,
    pub exports_per_hour: u32,
    pub unverified_messages_per_day: u32,
    pub answers_per_user: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Auto,
    Text,
    Json,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    pub level: String,
    pub format: LogFormat,
    pub dir: PathBuf,
    pub keep_files: usize,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    pub allowed_networks: Vec<String>,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 5000)),
            public_url: "http://localhost:5000".into(),
            trusted_proxies: vec!["loopback".into()],
            drain_seconds: 30,
            max_connections: 1024,
        }
    }
}

impl Default for Data {
    fn default() -> Self {
        Self {
            dir: "./data".into(),
            cache_dir: PathBuf::new(),
            cache_mb: 64,
            keep_days: 7,
            control_socket: PathBuf::new(),
        }
    }
}

impl Default for Backup {
    fn default() -> Self {
        Self {
            nightly: true,
            at: "03:00".into(),
            dir: PathBuf::new(),
            keep: 7,
        }
    }
}

impl Default for Model {
    fn default() -> Self {
        Self {
            provider: Provider::Auto,
            url: "http://127.0.0.1:11434".into(),
            name: String::new(),
            num_ctx: 8192,
            answer_reserve: 1024,
            keep_alive: "30m".into(),
            max_concurrent: 0,
            api_key: String::new(),
            api_key_file: PathBuf::new(),
            connect_timeout_seconds: 5,
            first_byte_timeout_seconds: 300,
            chunk_timeout_seconds: 60,
            demo_dir: "./models".into(),
            service_auth: false,
            service_secret: String::new(),
            service_secret_file: PathBuf::new(),
        }
    }
}

impl Default for Chat {
    fn default() -> Self {
        Self {
            instructions: String::new(),
            history_exchanges: 20,
            model_titles: true,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            enabled: true,
            message_bytes: 32_768,
            body_bytes: 262_144,
            sign_ins_per_minute: 30,
            registrations_per_hour: 20,
            reads_per_minute: 600,
            reads_burst: 100,
            searches_per_minute: 120,
            exports_per_hour: 10,
            unverified_messages_per_day: 10,
            answers_per_user: 4,
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self {
            level: "info".into(),
            format: LogFormat::Auto,
            dir: PathBuf::new(),
            keep_files: 14,
        }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            allowed_networks: vec!["loopback".into()],
        }
    }
}

impl Server {
    /// The address people type, without a slash at its end; `port` is the one that is listened on.
    pub fn base(&self, port: u16) -> String {
        let set = self.public_url.trim_end_matches('/');
        if set.is_empty() || set == Self::default().public_url {
            format!("http://localhost:{port}")
        } else {
            set.to_owned()
        }
    }
}

impl Data {
    /// Where derived indexes live: beside the data directory, so that nothing inside it vanishes
    /// while it is being copied.
    pub fn cache_path(&self) -> PathBuf {
        beside_unless_set(&self.cache_dir, &self.dir, ".cache")
    }

    /// The control socket of the running server.
    pub fn socket_path(&self) -> PathBuf {
        beside_unless_set(&self.control_socket, &self.dir, ".sock")
    }
}

impl Backup {
    /// Where nightly backups go.
    pub fn path(&self, data: &Data) -> PathBuf {
        beside_unless_set(&self.dir, &data.dir, ".backups")
    }

    /// The time of day, UTC, of the nightly backup.
    ///
    /// # Errors
    /// A sentence, when `at` is no time of day.
    pub fn time(&self) -> Result<Time, String> {
        time_of_day(&self.at)
    }
}

fn time_of_day(text: &str) -> Result<Time, String> {
    let no_time = || format!("\"{text}\" is no time of day; write for example 03:00");
    let (hour, minute) = text.split_once(':').ok_or_else(no_time)?;
    let number = |word: &str| word.parse::<i8>().map_err(|_| no_time());
    Time::new(number(hour)?, number(minute)?, 0, 0).map_err(|_| no_time())
}

fn beside_unless_set(set: &Path, dir: &Path, suffix: &str) -> PathBuf {
    if !set.as_os_str().is_empty() {
        return set.to_owned();
    }
    // `components()` drops a trailing slash, so that `data/` still gets `data.cache` beside it.
    let mut name = dir.components().collect::<PathBuf>().into_os_string();
    name.push(suffix);
    name.into()
}

impl Model {
    pub fn connect_timeout(&self) -> Duration {
        Duration::from_secs(self.connect_timeout_seconds)
    }

    pub fn first_byte_timeout(&self) -> Duration {
        Duration::from_secs(self.first_byte_timeout_seconds)
    }

    pub fn chunk_timeout(&self) -> Duration {
        Duration::from_secs(self.chunk_timeout_seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A trailing slash in `data.dir` must not put the cache inside the data directory.
    #[test]
    fn the_cache_lies_beside_the_data_directory() {
        let data = Data {
            dir: "/var/lib/novacore/".into(),
            ..Data::default()
        };
        assert_eq!(data.cache_path(), PathBuf::from("/var/lib/novacore.cache"));
        assert_eq!(data.socket_path(), PathBuf::from("/var/lib/novacore.sock"));
    }
}
