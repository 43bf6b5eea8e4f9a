//! Start and stop: what is opened in which order, and how it is closed again.
//!
//! Start: data directory, storage, keys, index, recovery of cut-off answers, background work, control
//! socket, port. Stop (SIGTERM): begin nothing new, let running answers end, mark those that do not,
//! stop the background, close storage.

use std::fs;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use storage::{Disk, Files, Store, TextIndex, Vectors};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{Semaphore, watch};

use crate::app::{App, Keys, Parts, Tasks};
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
use crate::{auth, billing, chat, http, memory, metrics, ops, router, schedule, schema};

/// Opens everything but the network, and repairs what a crash left.
pub async fn open(config: Config, clock: Clock, random: Random) -> Result<App> {
    open_on(Arc::new(Disk), config, clock, random).await
}

/// The same on another file system than the machine's own.
pub async fn open_on(
    files: Arc<dyn Files>,
    config: Config,
    clock: Clock,
    random: Random,
) -> Result<App> {
    private_directory(&config.data.dir, "data.dir", &ops::IN_DATA)?;
    let options = storage_options(&config, &clock, &files);
    let store = Store::open(options).map_err(|e| not_opened(&config.data.dir, e))?;
    let cache = config.data.cache_path();
    private_directory(&cache, "data.cache_dir", &IN_CACHE)?;
    let text = TextIndex::open(&cache.join("text"), store.lineage(), store.seq())
        .map_err(no_text_index)?;
    let budget = config.data.cache_mb << 20;
    let vectors = Vectors::new(budget, GRAPH_ABOVE, cache.join("vectors"));
    let networks =
        |words: &[String]| Networks::parse(words).map_err(|e| Error::internal("configuration", e));
    let ids = Ids::new(clock.clone(), random.clone());
    let models = ModelServers::new(&config.model, clock.clone())?;
    let app = App::new(Parts {
        keys: Keys::load(&config, &random)?,
        jobs: Jobs::new(store.clone(), clock.clone(), ids.clone()),
        ids,
        embeddings: Embeddings::new(&config, models.clone()),
        models,
        mailer: Mailer::new(
            &config.mail,
            &config.server.base(config.server.listen.port()),
            clock.clone(),
        )?,
        oidc: SignInService::new(&config.oidc, clock.clone())?,
        stripe: Stripe::new(&config, clock.clone())?,
        rates: Rates::new(clock.clone(), config.limits.enabled),
        throttle: Throttle::new(clock.clone(), config.limits.enabled),
        streams: Streams::default(),
        conversations: chat::CONVERSATIONS,
        presence: Presence::default(),
        briefly: Briefly::new(clock.clone(), random.clone()),
        tasks: Tasks::default(),
        page: Page::load(),
        metrics: metrics::install(),
        trusted_proxies: networks(&config.server.trusted_proxies)?,
        metrics_networks: networks(&config.metrics.allowed_networks)?,
        started_at: clock.now(),
        hashing: Arc::new(Semaphore::new(config.auth.hash_threads)),
        indexed: watch::Sender::new(text.watermark()),
        format: schema::format(),
        care: Care::default(),
        files,
        config,
        clock,
        random,
        store,
        text,
        vectors,
    });
    memory::count_the_rest(&app.store).await?;
    auth::load_keys(&app)?;
    billing::load_rates(&app)?;
    metrics::started(app.started_at);
    ops::opened(&app)?;
    auth::start_mail(&app).await?;
    let interrupted = chat::recover(&app).await?;
    if interrupted > 0 {
        tracing::warn!(
            answers = interrupted,
            "answers were cut off when NovaCore last ended; what was written is kept"
        );
    }
    Ok(app)
}

/// How storage is to be opened.
pub fn storage_options(config: &Config, clock: &Clock, files: &Arc<dyn Files>) -> storage::Options {
    let clock = clock.clone();
    storage::Options {
        cache_bytes: config.data.cache_mb << 20,
        files: files.clone(),
        clock: Arc::new(move || u64::try_from(clock.now().as_millisecond()).unwrap_or(0)),
        machine: machine(),
        keep_days: config.data.keep_days,
        ..storage::Options::new(
            config.data.dir.clone(),
            &schema::TABLES,
            &schema::MIGRATIONS,
        )
    }
}

/// Which machine this is, or nothing where it does not say. The system's own id is not to be shown
/// around, so only its hash leaves this function (machine-id(5)).
fn machine() -> String {
    use std::fmt::Write as _;
    let Ok(id) = fs::read("/etc/machine-id") else {
        return String::new();
    };
    let digest = Sha256::digest([b"novacore data directory ", id.trim_ascii()].concat());
    digest.iter().take(16).fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// All that it puts into `data.cache_dir`.
const IN_CACHE: [&str; 2] = ["text", "vectors"];
/// Who has more vectors than this is searched with a graph: looking at each would take longer.
const GRAPH_ABOVE: usize = 50_000;

/// Makes a directory only its owner can enter. One that is there already is closed to others only
/// when it is empty or holds nothing but `ours`: a setting may be mistaken, and closing `/tmp` or
/// somebody's home would do more harm than an open folder.
fn private_directory(path: &Path, setting: &str, ours: &[&str]) -> Result<()> {
    let cannot = |e| {
        Error::internal(
            "making a private directory",
            format!("{}: {e}", path.display()),
        )
    };
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(cannot)?;
    let mode = fs::metadata(path).map_err(cannot)?.permissions().mode();
    if mode & 0o027 == 0 {
        return Ok(());
    }
    if mode & SHARED == 0 && holds_only(path, ours).map_err(cannot)? {
        match fs::set_permissions(path, fs::Permissions::from_mode(0o700)) {
            Ok(()) => {
                tracing::warn!(path = %path.display(), setting, "others could enter this directory; it is closed to them now");
                return Ok(());
            }
            Err(e) if e.kind() == ErrorKind::PermissionDenied => {}
            Err(e) => return Err(cannot(e)),
        }
    }
    tracing::warn!(
        path = %path.display(),
        setting,
        "others can enter this directory, and it is not NovaCore's alone, so its mode was left as it is; \
         set {setting} to a folder that nothing else uses"
    );
    Ok(())
}

/// The sticky bit: many users put their files here.
const SHARED: u32 = 0o1000;

fn holds_only(path: &Path, ours: &[&str]) -> std::io::Result<bool> {
    for entry in fs::read_dir(path)? {
        let name = entry?.file_name();
        if !ours.iter().any(|known| name == *known) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What is wrong with the data, and the way on from there.
fn not_opened(dir: &Path, cause: storage::Error) -> Error {
    let dir = dir.display();
    let message = match cause {
        storage::Error::InUse => format!("A NovaCore already runs on {dir}."),
        storage::Error::Incomplete {
            reachable,
            known,
            reason,
        } => format!(
            "The data in {dir} is not whole: {known} batches were written, and only those up to {reachable} can be read ({reason}). Nothing was changed. Restore a backup with `novacore restore BACKUP`, or go on without what is missing: `novacore restore {dir} --partial --into OTHER`. `novacore check {dir}` lists what is wrong."
        ),
        storage::Error::Mixed { reason } => format!(
            "The data in {dir} is of two histories, as when a copy was laid over other data: {reason}. Nothing was changed. Restore a backup or a copy with `novacore restore BACKUP`, which moves {dir} aside. `novacore check {dir}` lists what is wrong."
        ),
        cause => {
            return Error::internal("opening the data directory", format!("{dir}: {cause}"));
        }
    };
    Error::Unavailable {
        code: "data_not_opened",
        message,
    }
}

fn no_text_index(cause: storage::Error) -> Error {
    let storage::Error::Foreign { dir, found } = cause else {
        return Error::internal("opening the text index", cause);
    };
    let dir = dir.display();
    let message = format!(
        "The text index cannot be kept in {dir}: there is \"{found}\", which is not NovaCore's. Nothing there was touched. Set data.cache_dir to a folder that nothing else uses, for example NOVACORE_DATA__CACHE_DIR=/var/cache/novacore."
    );
    Error::Unavailable {
        code: "cache_dir_in_use",
        message,
    }
}

/// Runs the server until it is told to stop.
pub async fn serve(mut config: Config) -> Result<()> {
    let listen = config.server.listen;
    let listener = TcpListener::bind(listen)
        .await
        .map_err(|e| cannot_listen(listen, &e))?;
    let address = listener
        .local_addr()
        .map_err(|e| Error::internal("listening", e))?;
    // Port 0 means any free one; links name the one it became.
    config.server.listen = address;
    let app = open(config, Clock::system(), Random::system()).await?;
    schedule::start(&app);
    ops::serve_control(app.clone(), &app.config.data.socket_path()).await?;
    announce(&app, address).await?;
    let draining = app.clone();
    app.tasks.spawn(async move { drain(&draining).await });
    tokio::select! {
        // Answers go on without readers until `drain` says stop.
        () = async { serve_on(&app, listener).await; app.tasks.stop.cancelled().await } => {}
        () = last_call(&app) => tracing::warn!("some clients did not take their answers to the end"),
    }
    close(&app).await
}

/// Answers requests until told to stop and every connection has had its answer.
pub async fn serve_on(app: &App, listener: TcpListener) {
    http::serve::serve(app, listener, router::router(app.clone())).await;
}

fn cannot_listen(address: SocketAddr, cause: &std::io::Error) -> Error {
    let why = match cause.kind() {
        ErrorKind::AddrInUse => {
            "another program, perhaps another NovaCore, listens there already".to_owned()
        }
        ErrorKind::PermissionDenied => "ports below 1024 need a privilege".to_owned(),
        ErrorKind::AddrNotAvailable => "this machine has no such address".to_owned(),
        _ => cause.to_string(),
    };
    let message = format!(
        "Cannot listen on {address}: {why}. Set server.listen, for example NOVACORE_SERVER__LISTEN=127.0.0.1:5050."
    );
    Error::Unavailable {
        code: "address_unavailable",
        message,
    }
}

async fn announce(app: &App, address: SocketAddr) -> Result<()> {
    if !app.config.limits.enabled {
        tracing::warn!("limits.enabled is false: no rate limit and no throttle is in force");
    }
    if app.mailer.is_none() {
        auth::warn_without_mail();
    }
    billing::greet(app);
    let base = app.config.server.base(address.port());
    auth::offer_setup(app, &base).await?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), %address, page = %base, "NovaCore is ready");
    Ok(())
}

/// Waits for a signal, then lets running answers end for as long as configured, or until a second
/// signal.
async fn drain(app: &App) {
    let mut signals = Signals::listen();
    signals.next().await;
    tracing::info!(
        answers = app.streams.running(),
        "stopping: nothing new begins, running answers may end"
    );
    app.tasks.drain.cancel();
    let patience = Duration::from_secs(app.config.server.drain_seconds);
    let in_time = tokio::select! {
        ended = app.clock.timeout(patience, app.tasks.quiet()) => ended.is_ok(),
        () = signals.next() => false,
    };
    if !in_time {
        tracing::warn!(
            answers = app.streams.running(),
            "these answers did not end in time and are marked interrupted"
        );
    }
    app.tasks.stop.cancel();
}

/// How long clients may go on reading after everything has ended.
const LAST_CALL: Duration = Duration::from_secs(5);

async fn last_call(app: &App) {
    app.tasks.stop.cancelled().await;
    app.clock.sleep(LAST_CALL).await;
}

/// SIGTERM and SIGINT, heard from the moment this is made.
struct Signals(Option<(Signal, Signal)>);

impl Signals {
    fn listen() -> Self {
        let both = signal(SignalKind::terminate()).and_then(|terminate| {
            signal(SignalKind::interrupt()).map(|interrupt| (terminate, interrupt))
        });
        if let Err(error) = &both {
            tracing::error!(%error, "signals cannot be received; stop NovaCore with SIGKILL");
        }
        Self(both.ok())
    }

    async fn next(&mut self) {
        let Some((terminate, interrupt)) = &mut self.0 else {
            return std::future::pending().await;
        };
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    }
}

/// Ends all tasks and closes storage.
pub async fn close(app: &App) -> Result<()> {
    app.tasks.drain.cancel();
    app.tasks.stop.cancel();
    app.tasks.ended().await;
    if let Err(error) = billing::store_rates(app).await {
        tracing::warn!(%error, "rate buckets could not be stored; they are as some seconds ago");
    }
    app.text.close();
    app.store
        .close()
        .map_err(|e| Error::internal("closing storage", e))?;
    tracing::info!("NovaCore has stopped");
    Ok(())
}
