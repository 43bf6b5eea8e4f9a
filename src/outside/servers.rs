//! Which model server answers, decided by the settings and, for `auto`, by who is there.
//!
//! Must stay true: with `auto` Ollama is used as soon as it answers, without a restart; a turn whose
//! model is known costs no request beside its own.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::stream;

use crate::clock::Clock;
use crate::config::{self, Provider};
use crate::error::Error;

use super::answer::{Dialect, WireAnswer};
use super::catalogue::Catalogue;
use super::demo::{Demo, DemoAnswer};
use super::model::{ChatRequest, ModelInfo, ModelList, ModelStream, Piece, ProviderKind};
use super::openai;
use super::problem::{Fault, Kept, ModelError, Named};
use super::queue::{Line, Place, Turn, Waiting};
use super::wire::Wire;

/// How long the knowledge that a server is there, or is not, holds.
const PRESENCE_HOLDS: Duration = Duration::from_secs(3);
/// For the question whether it is there.
const PRESENCE_LIMIT: Duration = Duration::from_secs(2);
/// How old the list of models may be for `health`, which thereby keeps it fresh for chats.
const LIST_HOLDS: Duration = Duration::from_mins(1);

/// The model servers of this installation. Cheap to clone; all clones are the same.
#[derive(Clone)]
pub struct ModelServers(Arc<Shared>);

struct Shared {
    provider: Provider,
    keep_alive: String,
    demo_dir: String,
    wire: Wire,
    catalogue: Catalogue,
    line: Line,
    demo: Option<Demo>,
    presence: Mutex<Option<Presence>>,
    /// The latest answer to `health` and when it came; locked while the server is asked.
    health: tokio::sync::Mutex<Option<(Duration, Health)>>,
}

type Health = Result<ProviderKind, ModelError>;

/// Whether Ollama was there when last looked.
#[derive(Clone, Copy)]
struct Presence {
    seen_at: Duration,
    there: bool,
}

enum Choice<'a> {
    Remote,
    Demo(&'a Demo),
}

impl ModelServers {
    /// # Errors
    /// When `model.url` is no address or the key file cannot be read. A server that is not there
    /// is no error: it may come.
    pub fn new(config: &config::Model, clock: Clock) -> Result<Self, Error> {
        let kind = match config.provider {
            Provider::Openai => ProviderKind::Openai,
            Provider::Auto | Provider::Ollama | Provider::Demo => ProviderKind::Ollama,
        };
        let wire = Wire::new(config, kind, clock.clone())?;
        Ok(Self(Arc::new(Shared {
            provider: config.provider,
            keep_alive: config.keep_alive.clone(),
            demo_dir: config.demo_dir.display().to_string(),
            catalogue: Catalogue::new(wire.clone(), &config.name, config.num_ctx),
            wire,
            line: Line::new(config.max_concurrent),
            demo: Demo::find(config, clock),
            presence: Mutex::default(),
            health: tokio::sync::Mutex::default(),
        })))
    }

    /// What can be talked to now. Asks the server each time, for pages that show it.
    pub async fn list(&self) -> ModelList {
        let shared = &self.0;
        match shared.choose().await {
            Ok(Choice::Demo(demo)) => {
                let info = demo.info();
                ModelList {
                    provider: ProviderKind::Demo,
                    demo: true,
                    default: Some(info.name.clone()),
                    items: vec![info],
                    problem: None,
                }
            }
            Ok(Choice::Remote) => shared.list_remote().await,
            Err(fault) => ModelList {
                provider: ProviderKind::Demo,
                demo: true,
                default: None,
                items: vec![],
                problem: Some(shared.explain(&fault, None)),
            },
        }
    }

    /// The model of that name, or the default one.
    pub async fn resolve(&self, wanted: Option<&str>) -> Result<ModelInfo, ModelError> {
        let shared = &self.0;
        let wanted = wanted.map(str::trim).filter(|name| !name.is_empty());
        let found = match shared.choose().await {
            Ok(Choice::Demo(demo)) => shared.find_demo(demo, wanted),
            Ok(Choice::Remote) => {
                // A conversation begun with the demonstration model goes on with a real one.
                let demo = shared.demo.as_ref().map(|demo| demo.info().name);
                let wanted = wanted.filter(|&name| demo.as_deref() != Some(name));
                shared.catalogue.find(wanted).await
            }
            Err(fault) => Err(fault),
        };
        found.map_err(|fault| {
            shared.learn(&fault);
            shared.explain(&fault, wanted)
        })
    }

    /// Joins the line for an answer. What goes wrong later comes out of the stream.
    #[expect(
        clippy::unused_async,
        reason = "callers are async, and a server that must be asked first will need it"
    )]
    pub async fn chat(&self, request: ChatRequest) -> Result<ModelStream, ModelError> {
        let shared = &self.0;
        let demo = (request.model.provider == ProviderKind::Demo)
            .then_some(shared.demo.as_ref())
            .flatten();
        let line = demo.map_or(&shared.line, Demo::line);
        let Some(waiting) = line.enter(request.person, request.purpose) else {
            return Err(Fault::QueueFull.explain(&shared.wire.named, None, Kept::Message));
        };
        let running = Running {
            shared: Arc::clone(shared),
            model: request.model.name.clone(),
            waiting: Some(waiting),
            place: None,
            kept: Kept::Message,
            source: match demo {
                Some(demo) => Source::Demo(demo.answer(request)),
                None => Source::Wire(Box::new(shared.answer(request))),
            },
        };
        Ok(ModelStream::new(stream::unfold(
            Some(running),
            async |running| {
                let mut running = running?;
                let piece = running.next().await;
                // Whoever is next in line must not wait for the reader to drop the stream.
                let over = matches!(piece, Err(_) | Ok(Piece::Done(_)));
                Some((piece, (!over).then_some(running)))
            },
        )))
    }

    /// Whether a chat would work now, or would have three seconds ago; for readiness. Anybody may
    /// ask, so many who ask make one request.
    pub async fn health(&self) -> Health {
        let _ = self.idle();
        let shared = &self.0;
        let mut latest = shared.health.lock().await;
        let now = shared.wire.clock.monotonic();
        if let Some((asked_at, health)) = &*latest
            && now.saturating_sub(*asked_at) < PRESENCE_HOLDS
        {
            return health.clone();
        }
        let health = self.ask_health().await;
        *latest = Some((now, health.clone()));
        health
    }

    async fn ask_health(&self) -> Health {
        let shared = &self.0;
        let healthy = match shared.choose().await {
            Ok(Choice::Demo(_)) => Ok(ProviderKind::Demo),
            Ok(Choice::Remote) => shared.look_at_remote().await,
            Err(fault) => Err(fault),
        };
        healthy.map_err(|fault| {
            shared.learn(&fault);
            shared.explain(&fault, None)
        })
    }

    /// Returns as soon as somebody waits for an answer: background work makes way.
    pub async fn wanted(&self) {
        match &self.0.demo {
            Some(demo) => tokio::select! {
                () = self.0.line.wanted() => {}
                () = demo.line().wanted() => {}
            },
            None => self.0.line.wanted().await,
        }
    }

    /// No answer is running or waiting, so background work may use the model.
    pub fn idle(&self) -> bool {
        let demo = self.0.demo.as_ref();
        demo.inspect(|demo| demo.rest());
        self.0.line.is_idle() && demo.is_none_or(|demo| demo.line().is_idle())
    }
}

/// What `embedding` needs to ask the same server without standing in the line.
impl ModelServers {
    pub(super) fn wire(&self) -> &Wire {
        &self.0.wire
    }

    pub(super) fn line(&self) -> &Line {
        &self.0.line
    }
}

impl Shared {
    async fn choose(&self) -> Result<Choice<'_>, Fault> {
        let demo = self.demo.as_ref().filter(|demo| demo.is_there());
        match (self.provider, demo) {
            (Provider::Demo, Some(demo)) => Ok(Choice::Demo(demo)),
            (Provider::Demo, None) => Err(Fault::DemoMissing {
                built_in: Demo::BUILT_IN,
                folder: self.demo_dir.clone(),
            }),
            (Provider::Auto, Some(demo)) if !self.ollama_is_there().await => Ok(Choice::Demo(demo)),
            _ => Ok(Choice::Remote),
        }
    }

    async fn ollama_is_there(&self) -> bool {
        let now = self.wire.clock.monotonic();
        let last = *self.presence();
        if let Some(last) = last
            && now.saturating_sub(last.seen_at) < PRESENCE_HOLDS
        {
            return last.there;
        }
        let version = self
            .wire
            .get::<serde_json::Value>("/api/version", PRESENCE_LIMIT);
        // Whatever answers at all is a server; what is wrong with it is told when it is used.
        let there = !matches!(version.await, Err(ref fault) if is_absence(fault));
        self.note_presence(there);
        there
    }

    async fn look_at_remote(&self) -> Result<ProviderKind, Fault> {
        let kind = self.wire.named.kind;
        if kind == ProviderKind::Ollama {
            let version = self
                .wire
                .get::<serde_json::Value>("/api/version", PRESENCE_LIMIT);
            version.await?;
            self.note_presence(true);
        }
        let known = self.catalogue.at_most(LIST_HOLDS).await?;
        self.catalogue.choose(&known, None).map(|_| kind)
    }

    async fn list_remote(&self) -> ModelList {
        let (items, default) = match self.catalogue.refresh().await {
            Ok(known) => (known.chat_models(), self.catalogue.choose(&known, None)),
            Err(fault) => {
                self.learn(&fault);
                (vec![], Err(fault))
            }
        };
        let problem = default.as_ref().err();
        ModelList {
            provider: self.wire.named.kind,
            demo: false,
            problem: problem.map(|fault| self.explain(fault, None)),
            default: default.ok().map(|info| info.name),
            items,
        }
    }

    fn find_demo(&self, demo: &Demo, wanted: Option<&str>) -> Result<ModelInfo, Fault> {
        let info = demo.info();
        match wanted {
            Some(name) if name != info.name && self.provider == Provider::Demo => {
                Err(Fault::NotInstalled(name.to_owned()))
            }
            // The conversation has a real model; a toy must not go on in its name.
            Some(name) if name != info.name => Err(Fault::Unreachable),
            _ => Ok(info),
        }
    }

    fn answer(&self, request: ChatRequest) -> WireAnswer {
        let dialect = match self.wire.named.kind {
            ProviderKind::Openai => Dialect::Openai(openai::Reader::default()),
            _ => Dialect::Ollama {
                keep_alive: self.keep_alive.clone(),
            },
        };
        WireAnswer::new(self.wire.clone(), request, dialect)
    }

    /// What a failure says about what we remember.
    fn learn(&self, fault: &Fault) {
        if is_absence(fault) {
            self.note_presence(false);
        }
        if matches!(fault, Fault::Status { status: 404, .. }) {
            self.catalogue.forget();
        }
    }

    fn explain(&self, fault: &Fault, model: Option<&str>) -> ModelError {
        fault.explain(&self.wire.named, model, Kept::Nothing)
    }

    fn presence(&self) -> std::sync::MutexGuard<'_, Option<Presence>> {
        self.presence.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note_presence(&self, there: bool) {
        let seen_at = self.wire.clock.monotonic();
        *self.presence() = Some(Presence { seen_at, there });
    }
}

/// Nobody is there, as against somebody who answers badly.
fn is_absence(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::Unreachable | Fault::HostUnknown | Fault::ConnectTimeout(_) | Fault::ControlTimeout
    )
}

/// One answer from the line to its end.
struct Running {
    shared: Arc<Shared>,
    model: String,
    waiting: Option<Waiting>,
    place: Option<Place>,
    kept: Kept,
    source: Source,
}

enum Source {
    Wire(Box<WireAnswer>),
    Demo(DemoAnswer),
}

impl Running {
    async fn next(&mut self) -> Result<Piece, ModelError> {
        if let Some(waiting) = &mut self.waiting {
            match waiting.next().await {
                Turn::Position(position) => return Ok(Piece::Queued { position }),
                Turn::Now(place) => {
                    self.place = Some(place);
                    self.waiting = None;
                }
            }
        }
        let piece = match &mut self.source {
            Source::Wire(answer) => answer.next().await,
            Source::Demo(answer) => answer.next(&mut self.place).await,
        };
        if let Ok(Piece::Text(_)) = &piece {
            self.kept = Kept::Part;
        }
        piece.map_err(|fault| {
            self.shared.learn(&fault);
            let named = match &self.source {
                Source::Wire(_) => self.shared.wire.named.clone(),
                Source::Demo(_) => Named {
                    kind: ProviderKind::Demo,
                    address: String::new(),
                    loopback: true,
                },
            };
            fault.explain(&named, Some(&self.model), self.kept)
        })
    }
}
