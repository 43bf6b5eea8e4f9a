//! What every slice is handed: configuration, clock, storage, model servers, keys, tasks.
//!
//! Slices may read all of it; only `lifecycle` builds it. Holds no slice's own types.

mod keys;

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::ops::Deref;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use metrics_exporter_prometheus::PrometheusHandle;
use sha2::Sha256;
use storage::{Files, ReadTx, Store, TextIndex, Vectors, WriteTx};
use tokio::sync::{Semaphore, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

pub use keys::{Generation, Keys, accepted};

use crate::care::Care;
use crate::clock::{Clock, Ids, Random};
use crate::config::{Config, Networks};
use crate::error::{Error, Result};
use crate::http::assets::Page;
use crate::http::briefly::Briefly;
use crate::http::events::Streams;
use crate::http::presence::Presence;
use crate::http::rate::Rates;
use crate::http::throttle::Throttle;
use crate::jobs::Jobs;
use crate::outside::{Embeddings, Mailer, ModelServers, SignInService, Stripe};

/// A cheap handle; clone it freely.
#[derive(Clone)]
pub struct App(Arc<Parts>);

pub struct Parts {
    pub config: Config,
    pub clock: Clock,
    pub random: Random,
    pub ids: Ids,
    /// The file system that storage uses.
    pub files: Arc<dyn Files>,
    pub store: Store,
    /// Number of the format in which this program writes.
    pub format: u32,
    pub care: Care,
    pub text: TextIndex,
    pub vectors: Vectors,
    pub models: ModelServers,
    pub embeddings: Embeddings,
    /// None when no mail server is configured.
    pub mailer: Option<Mailer>,
    /// Another service that people may sign in with.
    pub oidc: Option<SignInService>,
    /// None while billing is off.
    pub stripe: Option<Stripe>,
    pub keys: Keys,
    pub rates: Rates,
    pub throttle: Throttle,
    pub streams: Streams,
    pub conversations: Conversations,
    /// What is served for as long as a sign-in or token lives.
    pub presence: Presence,
    /// What is kept between two requests that belong together.
    pub briefly: Briefly,
    pub jobs: Jobs,
    pub tasks: Tasks,
    pub page: Page,
    pub metrics: PrometheusHandle,
    pub trusted_proxies: Networks,
    pub metrics_networks: Networks,
    pub started_at: Timestamp,
    /// Permits to compute a password hash; each costs `auth.hash_memory_kib`.
    pub hashing: Arc<Semaphore>,
    /// Number of the newest batch whose changes the text index can find.
    pub indexed: watch::Sender<u64>,
}

/// What is to be known of conversations below the slice that has them: `lifecycle` hands it in.
#[derive(Clone, Copy)]
pub struct Conversations {
    /// The title of a person's conversation; none when there is no such.
    pub title: fn(&ReadTx, Uuid, Uuid) -> Result<Option<String>>,
    /// Whether a person has such a conversation.
    pub is_there: fn(&WriteTx<'_>, Uuid, Uuid) -> Result<bool>,
    /// How many messages of what is talked about now a prompt has, at most so many exchanges.
    pub in_prompt: fn(&ReadTx, Uuid, usize) -> Result<u64>,
    /// The message of a person's conversation before those that the prompt of the next one has, at most so
    /// many exchanges; none when it has all of them.
    pub before_prompt: fn(&ReadTx, Uuid, Uuid, usize) -> Result<Option<Uuid>>,
}

impl App {
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// Whether this data is a copy or was restored, and nobody has said yet that it is now the real
    /// one. While it is held, nothing may leave for other people: whoever sends mail, calls a payment
    /// service or notifies asks here first.
    pub fn held(&self) -> bool {
        self.store.held()
    }

    /// The address that links are built from; never from what a request claims.
    pub fn base(&self) -> String {
        self.config.server.base(self.config.server.listen.port())
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// Who owns the running tasks, and the two words that end them.
#[derive(Clone, Debug)]
pub struct Tasks {
    tracker: TaskTracker,
    working: watch::Sender<usize>,
    /// Finish what you are doing, begin nothing new.
    pub drain: CancellationToken,
    /// Stop now, leave what is stored in order.
    pub stop: CancellationToken,
}

impl Default for Tasks {
    fn default() -> Self {
        Self {
            tracker: TaskTracker::new(),
            working: watch::Sender::new(0),
            drain: CancellationToken::new(),
            stop: CancellationToken::new(),
        }
    }
}

impl Tasks {
    /// A task for as long as the program runs; it ends at `drain` or `stop`.
    #[expect(clippy::disallowed_methods, reason = "the owner of all tasks")]
    pub fn spawn<F>(&self, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        drop(tokio::spawn(self.tracker.track_future(future)));
    }

    /// A piece of work that ends by itself; what it logs keeps the caller's correlation id.
    pub fn work<F>(&self, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        struct Working(watch::Sender<usize>);
        impl Drop for Working {
            fn drop(&mut self) {
                self.0.send_modify(|count| *count -= 1);
            }
        }
        self.working.send_modify(|count| *count += 1);
        let working = Working(self.working.clone());
        let span = tracing::Span::current();
        self.spawn(tracing::Instrument::instrument(
            async move {
                let _working = working;
                future.await;
            },
            span,
        ));
    }

    /// Runs `future` to its end even when whoever waits for it goes away in the middle, as a handler
    /// does when its client closes the connection.
    pub async fn to_the_end<T, F>(&self, future: F) -> Result<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let (tell, told) = oneshot::channel();
        self.work(async move {
            // Nobody may be listening any more; what was to be done is done.
            let _ = tell.send(future.await);
        });
        told.await
            .map_err(|e| Error::internal("a piece of work", e))?
    }

    /// How many pieces of work are under way.
    pub fn working(&self) -> usize {
        *self.working.borrow()
    }

    /// Waits until no work is under way.
    pub async fn quiet(&self) {
        let mut working = self.working.subscribe();
        // The sender lives in `self`, so the wait cannot fail.
        let _ = working.wait_for(|count| *count == 0).await;
    }

    /// Waits until every task has ended; call after `drain` or `stop`.
    pub async fn ended(&self) {
        self.tracker.close();
        self.tracker.wait().await;
    }
}

/// HMAC-SHA256 over the parts, each preceded by its length so that no two lists of parts collide.
pub fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    // HMAC accepts keys of every length, so the error cannot occur; an empty key would be no worse.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return [0; 32];
    };
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// Writes a file only its owner can read, so that it is there whole or not at all.
pub fn write_private(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(".new");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&fresh)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    path.parent()
        .map_or(Ok(()), |folder| fs::File::open(folder)?.sync_all())
}
