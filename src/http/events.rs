//! Events that outlive the connection: a log per running answer that any number of readers follow
//! from wherever they left off, and its form as server-sent events.
//!
//! Must stay true: an event's id is its place in the log, counting from 1, and never changes; a
//! reader that is slow or gone costs the writer nothing.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Serialize;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;
use uuid::Uuid;

use super::presence::Door;
use crate::clock::Clock;

/// A comment is sent after this long without an event, so that proxies keep the connection.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long the log of a finished answer can still be repeated event by event.
const KEPT: Duration = Duration::from_hours(1);

/// What a piece of text belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    Delta,
    Thinking,
}

impl Channel {
    const fn event(self) -> &'static str {
        match self {
            Self::Delta => "delta",
            Self::Thinking => "thinking",
        }
    }
}

/// Text pieces are kept as ranges of one string per channel: an answer of a thousand tokens costs
/// its text and 16 bytes a token, not a thousand allocations.
#[derive(Debug)]
enum Entry {
    Text(Channel, Range<u32>),
    Json(Box<(&'static str, String)>),
}

#[derive(Debug, Default)]
struct State {
    delta: String,
    thinking: String,
    entries: Vec<Entry>,
    finished_at: Option<Duration>,
}

impl State {
    fn text(&self, channel: Channel) -> &str {
        match channel {
            Channel::Delta => &self.delta,
            Channel::Thinking => &self.thinking,
        }
    }
}

/// The events of one answer.
#[derive(Debug)]
pub struct EventLog {
    state: Mutex<State>,
    length: watch::Sender<usize>,
    /// Cancelled when the person asks to stop.
    pub stop: CancellationToken,
    owner: Uuid,
    /// What it tells was forgotten since: it is not told again.
    stale: AtomicBool,
}

/// Event `snapshot`: replaces what the client has.
#[derive(Serialize, ToSchema)]
pub struct Snapshot {
    pub content: String,
}

/// Events `delta` and `thinking`.
#[derive(Serialize, ToSchema)]
pub struct Piece<'a> {
    pub content: &'a str,
    /// Always false.
    pub done: bool,
}

impl EventLog {
    fn new(owner: Uuid) -> Self {
        Self {
            state: Mutex::default(),
            length: watch::Sender::new(0),
            stop: CancellationToken::new(),
            owner,
            stale: AtomicBool::new(false),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn push_text(&self, channel: Channel, text: &str) {
        let mut state = self.state();
        let target = match channel {
            Channel::Delta => &mut state.delta,
            Channel::Thinking => &mut state.thinking,
        };
        let (Ok(start), Ok(end)) = (
            u32::try_from(target.len()),
            u32::try_from(target.len() + text.len()),
        ) else {
            return; // four gigabytes of answer; the model servers end long before
        };
        target.push_str(text);
        state.entries.push(Entry::Text(channel, start..end));
        self.announce(&state);
    }

    pub fn push(&self, event: &'static str, data: &impl Serialize) {
        let mut state = self.state();
        state
            .entries
            .push(Entry::Json(Box::new((event, to_json(data)))));
        self.announce(&state);
    }

    /// The last event; readers end after it.
    pub fn finish(&self, clock: &Clock, event: &'static str, data: &impl Serialize) {
        let mut state = self.state();
        state
            .entries
            .push(Entry::Json(Box::new((event, to_json(data)))));
        state.finished_at = Some(clock.monotonic());
        self.announce(&state);
    }

    fn announce(&self, state: &State) {
        self.length.send_replace(state.entries.len());
    }

    /// The answer's text so far.
    pub fn text(&self, channel: Channel) -> String {
        self.state().text(channel).to_owned()
    }

    /// Bytes of answer text so far.
    pub fn text_len(&self) -> usize {
        let state = self.state();
        state.delta.len() + state.thinking.len()
    }

    pub fn finished(&self) -> bool {
        self.state().finished_at.is_some()
    }

    /// Waits for the last event.
    pub async fn until_finished(&self) {
        let mut length = self.length.subscribe();
        while !self.finished() {
            if length.changed().await.is_err() {
                return;
            }
        }
    }

    /// All events after number `after` in their form on the wire, and whether the last is among them.
    fn wire_after(&self, after: usize) -> (String, usize, bool) {
        let state = self.state();
        let mut wire = String::new();
        for (index, entry) in state.entries.iter().enumerate().skip(after) {
            match entry {
                Entry::Text(channel, range) => {
                    let content = &state.text(*channel)[range.start as usize..range.end as usize];
                    frame(
                        &mut wire,
                        index + 1,
                        channel.event(),
                        &to_json(&Piece {
                            content,
                            done: false,
                        }),
                    );
                }
                Entry::Json(entry) => frame(&mut wire, index + 1, entry.0, &entry.1),
            }
        }
        (wire, state.entries.len(), state.finished_at.is_some())
    }

    /// The beginning of a stream for a reader who cannot say what it has: how many events the snapshot
    /// covers, all but the last, and its form on the wire.
    fn snapshot(&self, start: &impl Serialize) -> (usize, String) {
        let state = self.state();
        let covered = state.entries.len() - usize::from(state.finished_at.is_some());
        let mut wire = String::new();
        frame(&mut wire, 1, "start", &to_json(start));
        frame(
            &mut wire,
            covered.max(1),
            "snapshot",
            &to_json(&Snapshot {
                content: state.delta.clone(),
            }),
        );
        (covered, wire)
    }

    /// Whether the events after `id` can be told (0 = from the start).
    pub fn knows(&self, id: usize) -> bool {
        let stale = self.stale.load(Ordering::Relaxed);
        id <= self.state().entries.len() && !(stale && id == 0)
    }
}

/// One event's data on the wire.
pub fn to_json(data: &impl Serialize) -> String {
    serde_json::to_string(data).unwrap_or_else(|_| "{}".to_owned())
}

fn frame(wire: &mut String, id: usize, event: &str, data: &str) {
    // JSON never holds a raw line break, so one data line is enough.
    let _ = write!(wire, "id: {id}\nevent: {event}\ndata: {data}\n\n");
}

/// The logs of running answers, and of those that finished within the last hour.
#[derive(Debug, Default)]
pub struct Streams {
    logs: Mutex<HashMap<Uuid, Arc<EventLog>>>,
}

impl Streams {
    fn logs(&self) -> MutexGuard<'_, HashMap<Uuid, Arc<EventLog>>> {
        self.logs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn open(&self, id: Uuid, owner: Uuid) -> Arc<EventLog> {
        let log = Arc::new(EventLog::new(owner));
        self.logs().insert(id, Arc::clone(&log));
        log
    }

    pub fn get(&self, id: Uuid) -> Option<Arc<EventLog>> {
        self.logs().get(&id).cloned()
    }

    /// After `owner` forgot something: logs may hold its words, so that from now on their answers are
    /// told from storage, which has them no more.
    pub fn forget(&self, owner: Uuid) {
        self.logs().retain(|_, log| {
            let theirs = log.owner == owner;
            log.stale.fetch_or(theirs, Ordering::Relaxed);
            !(theirs && log.finished())
        });
    }

    /// Stops every answer that is being written for `owner`.
    pub fn stop(&self, owner: Uuid) {
        let theirs = self.logs();
        for log in theirs.values().filter(|log| log.owner == owner) {
            log.stop.cancel();
        }
    }

    pub fn remove(&self, id: Uuid) {
        self.logs().remove(&id);
    }

    /// Drops the logs that have been finished for an hour.
    pub fn sweep(&self, clock: &Clock) {
        let now = clock.monotonic();
        self.logs().retain(|_, log| {
            log.state()
                .finished_at
                .is_none_or(|at| now.saturating_sub(at) < KEPT)
        });
    }

    /// How many are still running.
    pub fn running(&self) -> usize {
        self.logs().values().filter(|log| !log.finished()).count()
    }
}

/// Where a reader takes up the events.
pub enum Resume<'a, T: Serialize> {
    /// After the event with this id; 0 is the beginning.
    After(usize),
    /// With a `start` event of this content and a `snapshot` of the text so far, whose id is that of
    /// the newest event it covers, so that a reader can take up again from there.
    Snapshot(&'a T),
}

/// Server-sent events from `log` to the end of the answer, or until `door` closes.
pub fn follow<T: Serialize>(
    log: Arc<EventLog>,
    resume: &Resume<'_, T>,
    clock: Clock,
    door: Door,
) -> Response {
    struct Reader {
        log: Arc<EventLog>,
        length: watch::Receiver<usize>,
        sent: usize,
        clock: Clock,
        door: Door,
        ended: bool,
        prelude: String,
    }
    let (sent, prelude) = match resume {
        Resume::After(id) => (*id, String::new()),
        Resume::Snapshot(start) => log.snapshot(*start),
    };
    let length = log.length.subscribe();
    let reader = Reader {
        log,
        length,
        sent,
        clock,
        door,
        ended: false,
        prelude,
    };
    let events = stream::unfold(reader, |mut reader| async move {
        if reader.ended {
            return None;
        }
        loop {
            reader.length.borrow_and_update();
            let (events, sent, finished) = reader.log.wire_after(reader.sent);
            let wire = std::mem::take(&mut reader.prelude) + &events;
            reader.ended = finished;
            if !wire.is_empty() || finished {
                reader.sent = sent;
                return Some((Ok::<_, std::convert::Infallible>(Bytes::from(wire)), reader));
            }
            let heartbeat = tokio::select! {
                biased;
                () = reader.door.closed() => return None,
                heartbeat = reader.clock.timeout(HEARTBEAT, reader.length.changed()) => heartbeat,
            };
            if heartbeat.is_err() {
                return Some((Ok(Bytes::from_static(b": still here\n\n")), reader));
            }
        }
    });
    event_stream(Body::from_stream(events))
}

/// Server-sent events that are already known in full.
pub fn replay(events: &[(&'static str, String)]) -> Response {
    let mut wire = String::new();
    for (index, (event, data)) in events.iter().enumerate() {
        frame(&mut wire, index + 1, event, data);
    }
    event_stream(Body::from(wire))
}

fn event_stream(body: Body) -> Response {
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/event-stream"),
        ),
        (
            header::CACHE_CONTROL,
            HeaderValue::from_static("no-cache, no-transform"),
        ),
        (
            HeaderName::from_static("x-accel-buffering"),
            HeaderValue::from_static("no"),
        ),
    ];
    (headers, body).into_response()
}
