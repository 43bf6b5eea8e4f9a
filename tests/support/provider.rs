//! Another sign-in service on a free loopback port: an OpenID provider that checks what a real one
//! checks (client, redirect address, PKCE, each code once) and does wrong what a test scripts.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use novacore::clock::Clock;
use novacore::config::Config;
use serde_json::{Value, json};
use tokio::net::TcpSocket;
use tokio::task::JoinHandle;

use super::app::TestApp;
pub use super::provider_keys::Key;
use super::provider_routes::router;

pub const CLIENT: &str = "novacore";
/// With characters that must be encoded on their way.
pub const SECRET: &str = "hibiscus+/=: secret";

/// Whoever signs in there next.
#[derive(Clone)]
pub struct Someone {
    pub sub: String,
    pub email: Option<String>,
    /// `true`, `"true"`, `false` or nothing at all.
    pub verified: Option<Value>,
    /// Whether address and its state are told by userinfo only.
    pub by_userinfo: bool,
}

/// Does the ID token's signature hold?
#[derive(Clone, Copy, PartialEq)]
pub enum Signed {
    Well,
    /// `alg: none`.
    Not,
    /// By another key under the same name.
    ByAnother,
    /// HS256 with the public key as secret.
    WithThePublicKey,
    /// HS256 with the client's secret.
    WithTheSecret,
}

pub struct Script {
    pub who: Someone,
    pub signed: Signed,
    /// Laid over the claims of the ID token; null takes one away.
    pub claims: Value,
    /// Laid over the description.
    pub description: Value,
    /// Laid over what userinfo says.
    pub userinfo: Value,
    /// What `authorize` answers instead of a code.
    pub error: Option<&'static str>,
    /// The status that every route but `authorize` fails with.
    pub broken: Option<u16>,
    /// Published keys; the last one signs.
    pub keys: Vec<Key>,
}

pub(super) struct Grant {
    pub asked: HashMap<String, String>,
    pub who: Someone,
}

pub(super) struct Inner {
    pub script: Script,
    pub url: String,
    pub clock: Clock,
    pub grants: HashMap<String, Grant>,
    pub tokens: HashMap<String, Someone>,
    pub given: u32,
    /// Path, query, and headers of every request.
    pub asked: Vec<(String, String)>,
    pub secrets: Vec<String>,
}

pub(super) type Shared = Arc<Mutex<Inner>>;

/// A running provider; it stops when dropped.
pub struct Provider {
    shared: Shared,
    serving: JoinHandle<()>,
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Provider {
    pub fn start() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let url = format!("http://{}", socket.local_addr().unwrap());
        let shared = Arc::new(Mutex::new(Inner {
            script: Script::plain(),
            url,
            clock: Clock::system(),
            grants: HashMap::new(),
            tokens: HashMap::new(),
            given: 0,
            asked: vec![],
            secrets: vec![],
        }));
        let router = router(shared.clone());
        let listener = socket.listen(64).unwrap();
        #[expect(clippy::disallowed_methods, reason = "owned by the fake, ends with it")]
        let serving = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Self { shared, serving }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.shared.lock().unwrap()
    }

    pub fn url(&self) -> String {
        self.inner().url.clone()
    }

    /// Its clock is the test's from now on.
    pub fn tell_time(&self, app: &TestApp) {
        self.inner().clock = app.clock.clock();
    }

    /// Settings of a program whose people may sign in here.
    pub fn configure(&self, config: &mut Config) {
        config.oidc.issuer = self.url();
        config.oidc.name = "Example ID".into();
        config.oidc.client_id = CLIENT.into();
        config.oidc.client_secret = SECRET.into();
    }

    /// Changes what is done from now on.
    pub fn script(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.inner().script);
    }

    /// Who signs in from now on: with a verified address.
    pub fn who(&self, sub: &str, email: &str) {
        self.script(|script| script.who = Someone::verified(sub, email));
    }

    /// How often a path was asked for.
    pub fn asked(&self, path: &str) -> usize {
        let inner = self.inner();
        let prefix = format!("{path} ");
        inner
            .asked
            .iter()
            .filter(|(line, _)| line.starts_with(&prefix))
            .count()
    }

    /// The paths whose requests' headers or bodies hold `word`.
    pub fn asked_with(&self, word: &str) -> Vec<String> {
        let inner = self.inner();
        let with = inner
            .asked
            .iter()
            .filter(|(line, rest)| line.contains(word) || rest.contains(word));
        with.map(|(line, _)| line.split(' ').next().unwrap().to_owned())
            .collect()
    }

    /// Every code and token that was given out.
    pub fn secrets(&self) -> Vec<String> {
        self.inner().secrets.clone()
    }
}

impl Someone {
    pub fn verified(sub: &str, email: &str) -> Self {
        Self {
            sub: sub.into(),
            email: Some(email.into()),
            verified: Some(json!(true)),
            by_userinfo: false,
        }
    }

    pub(super) fn address(&self, mut claims: Value) -> Value {
        if let Some(email) = &self.email {
            claims["email"] = json!(email);
        }
        if let Some(verified) = &self.verified {
            claims["email_verified"] = verified.clone();
        }
        claims
    }
}

impl Script {
    fn plain() -> Self {
        Self {
            who: Someone::verified("ada-there", "ada@example.org"),
            signed: Signed::Well,
            claims: json!({}),
            description: json!({}),
            userinfo: json!({}),
            error: None,
            broken: None,
            keys: vec![Key::es256(0, "first")],
        }
    }
}

impl TestApp {
    /// A program whose people may sign in with a service.
    pub async fn with_provider(change: impl FnOnce(&mut Config)) -> (Self, Provider) {
        let provider = Provider::start();
        let app = Self::with(|config| {
            provider.configure(config);
            change(config);
        })
        .await;
        provider.tell_time(&app);
        (app, provider)
    }
}
