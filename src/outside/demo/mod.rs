//! The demonstration model as a model server: it answers when nothing else is installed, computed in
//! this process by candle. Here are its file, its thread, its place in line and its rest; `talker`
//! reads and writes with the model (`llama`, `tokens`, `sample`), `alone` keeps it to one core.
//!
//! Must stay true: one answer at a time, on a blocking thread that stops when the reader is gone;
//! only the one known file is loaded; the memory is given back after a while without use.

mod alone;
mod llama;
mod sample;
mod talker;
#[cfg(test)]
mod tests;
mod tokens;

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use crate::clock::Clock;
use crate::config;
use crate::outside::model::{ChatRequest, Finish, ModelInfo, Piece, ProviderKind, Role, Stats};
use crate::outside::problem::Fault;
use crate::outside::queue::{Line, Place};

use alone::alone;
use talker::{Ending, Manner, Outcome, Talker};

/// SmolLM2-135M-Instruct, 4 bits a weight, Apache-2.0; fetched by `packaging/demo-model/fetch.sh`.
const FILE: &str = "smollm2-135m-instruct-q4_1.gguf";
const SHA256: &str = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53";
const NAME: &str = "smollm2-135m-demo";
/// Beyond this the little model loses the thread, and reading takes too long.
const LONGEST_WINDOW: u32 = 2048;
const LONGEST_ANSWER: u32 = 512;
/// Low, because a small model wanders.
const TEMPERATURE: f32 = 0.2;
/// As near as can be to the one it was trained with: other words make its answers worse.
const SYSTEM: &str = "You are a helpful AI assistant named Nova.";
/// How long the weights stay in memory without use.
const RESTS_AFTER: Duration = Duration::from_mins(10);

#[derive(Clone)]
pub(super) struct Demo(Arc<Inner>);

struct Inner {
    path: PathBuf,
    num_ctx: u32,
    clock: Clock,
    line: Line,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    loaded: Option<Talker>,
    used_at: Duration,
    answers: u64,
}

impl Demo {
    pub const BUILT_IN: bool = true;

    #[expect(
        clippy::unnecessary_wraps,
        reason = "has the form of what stands in for it in other builds"
    )]
    pub fn find(config: &config::Model, clock: Clock) -> Option<Self> {
        Some(Self(Arc::new(Inner {
            path: config.demo_dir.join(FILE),
            num_ctx: config.num_ctx.min(LONGEST_WINDOW),
            clock,
            line: Line::new(1),
            state: Mutex::default(),
        })))
    }

    /// The weights are in the folder. Looked at each time, so that they may come later.
    pub fn is_there(&self) -> bool {
        self.0.path.is_file()
    }

    pub fn info(&self) -> ModelInfo {
        ModelInfo {
            name: NAME.into(),
            provider: ProviderKind::Demo,
            context_length: Some(LONGEST_WINDOW),
            num_ctx: self.0.num_ctx,
            thinking: false,
        }
    }

    pub fn line(&self) -> &Line {
        &self.0.line
    }

    /// Gives the memory back when it has not been used for a while. Called now and then.
    pub fn rest(&self) {
        let mut state = match self.0.state.try_lock() {
            Ok(state) => state,
            Err(TryLockError::Poisoned(state)) => state.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        let unused = self.0.clock.monotonic().saturating_sub(state.used_at);
        if unused >= RESTS_AFTER {
            state.loaded = None;
        }
    }

    pub fn answer(&self, request: ChatRequest) -> DemoAnswer {
        DemoAnswer::Ahead {
            demo: self.clone(),
            request: Box::new(request),
        }
    }
}

pub(super) enum DemoAnswer {
    Ahead {
        demo: Demo,
        request: Box<ChatRequest>,
    },
    Running(mpsc::Receiver<Result<Piece, Fault>>),
}

impl DemoAnswer {
    /// The place goes with the thread, which may outlive the reader for a moment.
    pub async fn next(&mut self, place: &mut Option<Place>) -> Result<Piece, Fault> {
        if let Self::Ahead { demo, request } = self {
            let (pieces, receiver) = mpsc::channel(16);
            let (inner, request, place) = (Arc::clone(&demo.0), request.clone(), place.take());
            tokio::task::spawn_blocking(move || {
                let last = alone(|| inner.run(&request, &pieces)).flatten();
                // Who sees the end finds the place free.
                drop(place);
                if let Some(last) = last {
                    let _ = pieces.blocking_send(last);
                }
            });
            *self = Self::Running(receiver);
        }
        let Self::Running(pieces) = self else {
            return Err(Fault::Cut);
        };
        // Only a panic in the thread leaves the reader without a last word.
        let stopped = || Err(Fault::Demo("it stopped by itself".into()));
        pieces.recv().await.unwrap_or_else(stopped)
    }
}

impl Inner {
    /// Answers on the calling thread; the last piece is returned, if anybody wants it.
    fn run(
        &self,
        request: &ChatRequest,
        pieces: &mpsc::Sender<Result<Piece, Fault>>,
    ) -> Option<Result<Piece, Fault>> {
        // Taken out meanwhile: a panic loses the model, and the next answer loads a sound one.
        let taken = self.state().loaded.take();
        let begun = self.clock.monotonic();
        let mut model = match taken.map_or_else(|| load(&self.path, self.num_ctx), Ok) {
            Ok(model) => model,
            Err(reason) => return Some(Err(Fault::Demo(reason))),
        };
        let load_time = self.clock.monotonic().saturating_sub(begun);
        let manner = self.manner(request);
        let wanted = || !pieces.is_closed();
        let say = |text: &str| pieces.blocking_send(Ok(Piece::Text(text.into()))).is_ok();
        let outcome = match model.answer(&conversation(request), manner, wanted, say) {
            Ok(outcome) => outcome,
            Err(cause) => return Some(Err(Fault::Demo(cause.to_string()))),
        };
        let mut state = self.state();
        state.loaded = Some(model);
        state.used_at = self.clock.monotonic();
        last_piece(outcome, load_time)
    }

    fn manner(&self, request: &ChatRequest) -> Manner {
        let mut state = self.state();
        state.answers += 1;
        let window = request.model.num_ctx.min(self.num_ctx);
        let longest = request.max_tokens.unwrap_or(LONGEST_ANSWER);
        let longest = longest.min(LONGEST_ANSWER);
        Manner {
            window: window as usize,
            longest: longest.min(window) as usize,
            temperature: request.temperature.unwrap_or(TEMPERATURE),
            // The same question asked again may be answered otherwise.
            seed: state.answers,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn conversation(request: &ChatRequest) -> Vec<(Role, &str)> {
    let mut conversation = Vec::with_capacity(request.messages.len() + 1);
    if !request.messages.iter().any(|m| m.role == Role::System) {
        conversation.push((Role::System, SYSTEM));
    }
    let messages = request.messages.iter();
    conversation.extend(messages.map(|m| (m.role, m.content.as_str())));
    conversation
}

fn last_piece(outcome: Outcome, load_time: Duration) -> Option<Result<Piece, Fault>> {
    let finish = match outcome.ending {
        Ending::Stop => Finish::Stop,
        Ending::Length => Finish::Length,
        Ending::PromptTooLong => return Some(Err(Fault::PromptTooLong)),
        Ending::Told => return None,
    };
    Some(Ok(Piece::Done(Stats {
        finish,
        prompt_tokens: u32::try_from(outcome.prompt_tokens).ok(),
        output_tokens: u32::try_from(outcome.output_tokens).ok(),
        load_ms: u64::try_from(load_time.as_millis()).ok(),
    })))
}

fn load(path: &Path, window: u32) -> Result<Talker, String> {
    let unreadable = |cause: io::Error| format!("its weights cannot be read: {cause}");
    let mut file = BufReader::with_capacity(1 << 16, File::open(path).map_err(unreadable)?);
    if checksum(&mut file).map_err(unreadable)? != SHA256 {
        return Err(format!(
            "{} is not the expected file; delete it and fetch it again",
            path.display()
        ));
    }
    file.rewind().map_err(unreadable)?;
    Talker::load(&mut file, window as usize).map_err(|cause| cause.to_string())
}

fn checksum(file: &mut impl Read) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let mut part = vec![0; 1 << 16];
    loop {
        let length = file.read(&mut part)?;
        if length == 0 {
            break;
        }
        hasher.update(&part[..length]);
    }
    let mut sum = String::with_capacity(64);
    for byte in hasher.finalize() {
        let _ = write!(sum, "{byte:02x}");
    }
    Ok(sum)
}
