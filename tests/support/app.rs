//! The whole program under test: the real router over real HTTP on a free port, real storage in a
//! temporary folder, a clock that stands still, seeded randomness, a scripted model server.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use novacore::app::App;
use novacore::auth::{NewAccount, Password, Role};
use novacore::clock::Random;
use novacore::config::{Config, EmbeddingProvider, Provider};
use novacore::{billing, lifecycle, memory, schedule};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::clock::{TestClock, soon};
use super::disk::SmallDisk;
use super::fake_ollama::FakeOllama;
use super::http::{Answer, Person, client};
use super::smtp::{Received, Smtp};

pub const PASSWORD: &str = "a calm river bank";

pub struct TestApp {
    pub app: App,
    pub clock: Arc<TestClock>,
    pub disk: Arc<SmallDisk>,
    pub model: FakeOllama,
    pub url: String,
    pub config: Config,
    smtp: Option<Smtp>,
    http: reqwest::Client,
    folder: TempDir,
    /// The program's own runtime, so that a crash can take its tasks away in the middle of anything.
    runtime: Option<Runtime>,
}

impl TestApp {
    /// With the defaults, an administrator already made, and a model that echoes.
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// With settings of its own.
    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let app = Self::fresh(change).await;
        app.admin().await;
        app
    }

    /// With a mail server that takes what it gets.
    pub async fn with_mail(change: impl FnOnce(&mut Config)) -> Self {
        let smtp = Smtp::start().await;
        let url = smtp.url();
        Self::with_smtp(smtp, |config| {
            config.mail.smtp_url = url;
            change(config);
        })
        .await
    }

    /// With a mail server of its own kind, which `change` is to name.
    pub async fn with_smtp(smtp: Smtp, change: impl FnOnce(&mut Config)) -> Self {
        let mut app = Self::fresh(|config| {
            config.mail.from = "Nova <nova@example.org>".into();
            change(config);
        })
        .await;
        app.smtp = Some(smtp);
        app.admin().await;
        app
    }

    /// The mail server of `with_mail`.
    pub fn smtp(&self) -> &Smtp {
        self.smtp.as_ref().unwrap()
    }

    /// All mails to this address so far, oldest first.
    pub async fn letters_to(&self, address: &str) -> Vec<Received> {
        self.run_jobs().await;
        let letters = self.smtp().letters().into_iter();
        letters.filter(|letter| letter.to == [address]).collect()
    }

    /// The token of the newest mail to this address that verifies it.
    pub async fn link_token(&self, address: &str) -> String {
        self.token_after(address, "/verify-email?token=").await
    }

    /// The token of the newest mail to this address that sets a new password.
    pub async fn reset_token(&self, address: &str) -> String {
        self.token_after(address, "/reset-password#token=").await
    }

    async fn token_after(&self, address: &str, before: &str) -> String {
        let letters = self.letters_to(address).await;
        let newest = letters
            .iter()
            .rev()
            .find_map(|letter| letter.text.split_once(before));
        let (_, after) = newest.unwrap_or_else(|| panic!("no link for {address}: {letters:?}"));
        after.split_whitespace().next().unwrap().to_owned()
    }

    /// Waits until no job is due: what is to be sent now was sent, or tried.
    pub async fn run_jobs(&self) {
        soon("the end of all jobs", self.app.jobs.quiet())
            .await
            .unwrap();
    }

    /// As after installation: nobody has an account.
    pub async fn fresh(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let model = FakeOllama::start();
        let mut config = Config::default();
        config.data.dir = folder.path().join("data");
        config.model.url = model.url();
        config.model.provider = Provider::Ollama;
        config.chat.model_titles = false;
        // Those who test what memories mean turn it on.
        config.embedding.provider = EmbeddingProvider::Off;
        // Cheap hashes: what is tested is what they are used for.
        config.auth.hash_memory_kib = 64;
        config.auth.hash_iterations = 1;
        // Those who test backups turn them on.
        config.backup.nightly = false;
        change(&mut config);
        let (clock, disk) = (TestClock::new(), SmallDisk::new());
        let (runtime, app, url) = start(&config, &clock, &disk, 1).await;
        Self {
            app,
            clock,
            disk,
            model,
            url,
            config,
            smtp: None,
            http: client(),
            folder,
            runtime: Some(runtime),
        }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Somebody without an account.
    pub fn nobody(&self) -> Person {
        Person::new(self.http.clone(), self.url.clone(), None)
    }

    /// A signed-in user whose address is verified, made if need be.
    pub async fn user(&self, name: &str) -> Person {
        let email = format!("{name}@example.org");
        let account = NewAccount {
            email: email.clone(),
            password: Password::from(PASSWORD.to_owned()),
            role: Role::User,
            plan: None,
            vouched: true,
            invitation: None,
        };
        let made = novacore::auth::create_account(&self.app, account).await;
        assert!(made.is_ok() || made.is_err_and(|error| error.code() == "email_taken"));
        let credentials = json!({"email": email, "password": PASSWORD});
        self.signed_in(&self.nobody().post("/api/auth/login", &credentials).await)
    }

    /// Somebody who registered and has not verified the address.
    pub async fn unverified(&self, name: &str) -> Person {
        let credentials = json!({"email": format!("{name}@example.org"), "password": PASSWORD});
        self.signed_in(&self.nobody().post("/api/auth/register", &credentials).await)
    }

    /// The first administrator, made by the set-up link as a person would.
    pub async fn admin(&self) -> Person {
        let link = novacore::auth::offer_setup(&self.app, "http://localhost")
            .await
            .unwrap();
        let Some(link) = link else {
            return self.user("admin").await;
        };
        let token = link.split_once('#').unwrap().1;
        let body = json!({"token": token, "email": "admin@example.org", "password": PASSWORD});
        let answer = self.nobody().post("/api/auth/setup", &body).await;
        self.signed_in(&answer)
    }

    pub fn signed_in(&self, answer: &Answer) -> Person {
        let token = answer.body["access_token"].as_str();
        let token = token.unwrap_or_else(|| panic!("not signed in: {answer:?}"));
        Person::new(self.http.clone(), self.url.clone(), Some(token.to_owned()))
    }

    /// Waits until all work has ended and every stored change can be found, by its meaning too where
    /// that is on and works.
    pub async fn settle(&self) {
        soon("the end of all work", self.app.tasks.quiet()).await;
        self.settle_index().await;
        let mut embedding = self.app.care.embedding.subscribe();
        while !memory::embedded(&self.app).unwrap() {
            soon("the vectors of all memories", embedding.changed())
                .await
                .unwrap();
        }
        self.settle_index().await;
    }

    /// Waits until every stored change can be found.
    pub async fn settle_index(&self) {
        let mut indexed = self.app.indexed.subscribe();
        while !memory::caught_up(&self.app).unwrap() {
            soon("the text index", indexed.changed()).await.unwrap();
        }
    }

    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// Ends the program in the middle of whatever it does, and starts it again on what it left.
    pub async fn crash_and_reopen(&mut self) {
        self.end();
        self.reopen().await;
    }

    /// Starts the program on what is there, after `end`.
    pub async fn reopen(&mut self) {
        let (runtime, app, url) = start(&self.config, &self.clock, &self.disk, 2).await;
        (self.runtime, self.app, self.url) = (Some(runtime), app, url);
    }

    /// Ends the program without any of its own closing steps; only the files are let go.
    pub fn end(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
        self.app.store.close().unwrap();
        self.app.text.close();
    }

    /// The end of a good test: no work left over, every change findable, storage closed in order.
    /// Jobs that are held, such as mail without a mail server, may remain.
    pub async fn finish(mut self) {
        self.run_jobs().await;
        self.settle().await;
        assert_eq!(
            self.app.jobs.open().unwrap(),
            0,
            "jobs wait to be tried again"
        );
        assert_eq!(
            self.app.streams.running(),
            0,
            "answers are still being written"
        );
        let reserved = self.app.store.read(billing::reserved).unwrap();
        assert!(
            reserved.is_empty(),
            "something stays reserved: {reserved:?}"
        );
        let verified = self.app.store.read(billing::verify_ledger).unwrap();
        assert!(
            verified.mismatches.is_empty(),
            "the ledger does not add up: {verified:?}"
        );
        let closed = lifecycle::close(&self.app);
        soon("the end of the program", closed).await.unwrap();
        self.runtime.take().unwrap().shutdown_background();
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        // A runtime must not be waited for inside another.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn start(
    config: &Config,
    clock: &Arc<TestClock>,
    disk: &Arc<SmallDisk>,
    seed: u64,
) -> (Runtime, App, String) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let (config, clock, disk) = (config.clone(), clock.clock(), disk.clone());
    let started = runtime.spawn(async move {
        let app = lifecycle::open_on(disk, config, clock, Random::seeded(seed))
            .await
            .unwrap();
        schedule::start(&app);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let served = app.clone();
        app.tasks
            .spawn(async move { lifecycle::serve_on(&served, listener).await });
        (app, url)
    });
    let (app, url) = started.await.unwrap();
    (runtime, app, url)
}

/// A conversation's messages, oldest first, as (role, content, status).
pub fn said(history: &Value) -> Vec<(String, String, String)> {
    let text = |message: &Value, key: &str| message[key].as_str().unwrap_or("").to_owned();
    let items = history["items"].as_array().unwrap();
    items
        .iter()
        .rev()
        .map(|m| (text(m, "role"), text(m, "content"), text(m, "status")))
        .collect()
}
