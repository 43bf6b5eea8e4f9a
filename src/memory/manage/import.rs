//! Memories from a file of JSON lines, as `export` writes it.
//!
//! Must stay true: the file is read as it comes; held are the lines of one transaction, which are few or
//! short, so many as wait for what they cite, and ids of what is superseded; a line that is no good says why
//! and keeps no other one out; the same file twice stores nothing twice, also where the first time was cut
//! off; what a model wrote comes in only with all that it comes from, which is what was said and nothing
//! that a model wrote.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use serde::Serialize;
use storage::WriteTx;
use utoipa::ToSchema;
use uuid::Uuid;

use super::line::{Line, VERSION, Wanted};
use crate::app::App;
use crate::auth::{Caller, MemoryWrite};
use crate::billing::{self, Costly, Moment};
use crate::error::{Error, Result};
use crate::http::Json;
use crate::http::body::Lines;
use crate::http::failure::Failure;
use crate::memory::{checked, figures, follow, remember, store};

/// Bytes of a whole file.
const MOST_BYTES: usize = 32 * 1024 * 1024;
/// Bytes of a line: a text of the greatest length, each byte written as an escape, and the rest.
const LINE_BYTES: usize = 512 * 1024;
/// Lines that one transaction stores.
const BATCH: usize = 200;
/// Where a transaction ends before that. Nobody can write meanwhile, and each word is counted.
const BATCH_BYTES: usize = 64 * 1024;
/// What finding a cited memory costs, in bytes of text.
const CITED_BYTES: usize = 64;
/// Lines that may wait until what they cite has come.
const WAITING: usize = 20_000;
/// Failures that are told.
const TOLD: usize = 100;

/// What became of the lines of a file.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct ImportResult {
    pub imported: u64,
    /// Already there.
    pub skipped: u64,
    /// The first hundred that were no good.
    pub failed: Vec<FailedLine>,
    /// How many were no good.
    pub failed_total: u64,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct FailedLine {
    /// From 1 on.
    pub line: u64,
    pub code: &'static str,
    pub error: String,
}

impl ImportResult {
    fn fail(&mut self, line: u64, code: &'static str, error: String) {
        self.failed_total += 1;
        if self.failed.len() < TOLD {
            self.failed.push(FailedLine { line, code, error });
        }
    }
}

/// What becomes of a line.
enum Became {
    Stored {
        id: Uuid,
        bytes: usize,
    },
    There,
    /// What it cites is not there yet.
    Waits(Box<Wanted>),
    Failed(&'static str, String),
}

/// What cites others cites something that is not there, or something derived.
enum Uncited {
    Missing,
    Derived,
}

/// What cites others and stands before them has a second turn, when all lines were read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pass {
    First,
    Last,
}

/// What was stored, how long it is, and by what it is superseded: an id of the file's.
struct Superseded {
    id: Uuid,
    bytes: usize,
    newer: Uuid,
}

/// An import under way.
struct Import {
    app: App,
    caller: Caller<MemoryWrite>,
    told: ImportResult,
    /// Lines that wait for their transaction.
    batch: Vec<(u64, Wanted)>,
    /// How much it is to store them.
    batch_bytes: usize,
    /// Lines that wait for what they cite.
    waiting: Vec<(u64, Wanted)>,
    superseded: Vec<Superseded>,
}

/// Stores memories from a file of JSON lines, at most 32 MiB. What is there already is passed over.
#[utoipa::path(post, path = "/api/memory/import", tag = "memory",
    request_body(content = String, content_type = "application/x-ndjson"),
    responses((status = 200, body = ImportResult), (status = 400, body = Failure), (status = 413, body = Failure),
    (status = 422, body = Failure, description = "import_version"), (status = 429, body = Failure)))]
pub async fn import(
    State(app): State<App>,
    Costly(caller): Costly<MemoryWrite>,
    request: Request,
) -> Result<Json<ImportResult>> {
    must_be_lines(request.headers())?;
    let mut lines = Lines::new(&app, request, (MOST_BYTES, LINE_BYTES));
    let mut import = Import {
        app,
        caller,
        told: ImportResult::default(),
        batch: Vec::new(),
        batch_bytes: 0,
        waiting: Vec::new(),
        superseded: Vec::new(),
    };
    while let Some((number, line)) = lines.next().await? {
        import.take(number, line.as_deref())?;
        if import.is_full() {
            import.store(Pass::First).await?;
        }
    }
    import.store(Pass::First).await?;
    for (number, wanted) in std::mem::take(&mut import.waiting) {
        import.add(number, wanted);
        if import.is_full() {
            import.store(Pass::Last).await?;
        }
    }
    import.store(Pass::Last).await?;
    import.supersede().await?;
    follow::findable(&import.app).await;
    import.told.failed.sort_by_key(|failed| failed.line);
    Ok(Json(import.told))
}

fn must_be_lines(headers: &HeaderMap) -> Result<()> {
    let declared = headers.get(header::CONTENT_TYPE);
    let declared = declared.and_then(|value| value.to_str().ok()).unwrap_or("");
    let declared = declared.split(';').next().unwrap_or("").trim();
    // A single line is JSON, too.
    let known = [
        "application/x-ndjson",
        "application/jsonl",
        "application/json",
    ];
    if known.iter().any(|kind| declared.eq_ignore_ascii_case(kind)) {
        return Ok(());
    }
    let message = "The body must be JSON lines, with Content-Type: application/x-ndjson.";
    Err(Error::Malformed(message.into()))
}

impl Import {
    /// Reads a line, and puts what is to be stored aside. `None` was too long to be read.
    fn take(&mut self, number: u64, line: Option<&[u8]>) -> Result<()> {
        let Some(line) = line else {
            let message = format!("A line has at most {LINE_BYTES} bytes.");
            self.told.fail(number, "line_too_long", message);
            return Ok(());
        };
        if line.trim_ascii().is_empty() {
            return Ok(());
        }
        let line: Line = match serde_json::from_slice(line) {
            Ok(line) => line,
            Err(error) => {
                let message = format!("This line cannot be read: {error}.");
                self.told.fail(number, "line_invalid", message);
                return Ok(());
            }
        };
        match line.r#type.as_deref() {
            Some("header") if line.version == Some(VERSION) => return Ok(()),
            Some("header") => {
                let message = format!(
                    "This file is of another version than {VERSION}, which this NovaCore reads."
                );
                return Err(Error::field("import_version", "version", message));
            }
            Some("memory") | None => {}
            Some(_) => {
                let message = "A line is a header or a memory.".to_owned();
                self.told.fail(number, "type_unknown", message);
                return Ok(());
            }
        }
        match line.read(self.app.clock.now()) {
            Ok(wanted) => self.add(number, wanted),
            Err(error) => self.told.fail(number, error.code(), error.message()),
        }
        Ok(())
    }

    fn add(&mut self, number: u64, wanted: Wanted) {
        let Wanted { memory, .. } = &wanted;
        self.batch_bytes += memory.text.len() + CITED_BYTES * memory.evidence.len();
        self.batch.push((number, wanted));
    }

    fn is_full(&self) -> bool {
        self.batch.len() >= BATCH || self.batch_bytes >= BATCH_BYTES
    }

    /// Stores a batch, in one transaction.
    async fn store(&mut self, pass: Pass) -> Result<()> {
        let batch = std::mem::take(&mut self.batch);
        self.batch_bytes = 0;
        let (inside, caller) = (self.app.clone(), self.caller.clone());
        let write = move |tx: &mut WriteTx<'_>| {
            caller.still(tx)?;
            let moment = Moment::now(&inside);
            let mut all = Vec::with_capacity(batch.len());
            for (number, wanted) in batch {
                let superseded_by = wanted.superseded_by;
                let became = store_one(tx, moment, caller.id, (wanted, pass))?;
                all.push((number, became, superseded_by));
            }
            Ok::<_, Error>(all)
        };
        for (number, became, superseded_by) in self.app.store.write(write).await? {
            match became {
                Became::Stored { id, bytes } => {
                    self.told.imported += 1;
                    let superseded = superseded_by.map(|newer| Superseded { id, bytes, newer });
                    self.superseded.extend(superseded);
                }
                Became::There => self.told.skipped += 1,
                Became::Waits(wanted) if self.waiting.len() < WAITING => {
                    self.waiting.push((number, *wanted));
                }
                Became::Waits(_) => {
                    let message = format!(
                        "{WAITING} lines wait for what they cite already. Split the file, and put messages before what was made of them."
                    );
                    self.told.fail(number, "derived_too_many", message);
                }
                Became::Failed(code, error) => self.told.fail(number, code, error),
            }
        }
        Ok(())
    }

    /// Says of what was stored by what it is superseded, now that all of it is there.
    async fn supersede(&mut self) -> Result<()> {
        while !self.superseded.is_empty() {
            let (mut some, mut bytes) = (Vec::new(), 0);
            while some.len() < BATCH
                && bytes < BATCH_BYTES
                && let Some(next) = self.superseded.pop()
            {
                bytes += next.bytes;
                some.push(next);
            }
            let (inside, caller) = (self.app.clone(), self.caller.clone());
            let write = move |tx: &mut WriteTx<'_>| {
                caller.still(tx)?;
                let (user, moment) = (caller.id, Moment::now(&inside));
                for Superseded { id, newer, .. } in some {
                    // Nothing takes its own place.
                    if let Some(newer) = here(tx, user, newer)?.filter(|newer| *newer != id) {
                        remember::change(tx, moment, (user, id), |memory| {
                            memory.superseded_by = Some(newer);
                        })?;
                    }
                }
                Ok::<_, Error>(())
            };
            self.app.store.write(write).await?;
        }
        Ok(())
    }
}

/// The memory that an id of the file's means here.
fn here(tx: &WriteTx<'_>, user: Uuid, id: Uuid) -> Result<Option<Uuid>> {
    match store::memory(tx, user, id)? {
        Some(_) => Ok(Some(id)),
        None => store::of_origin(tx, user, id),
    }
}

fn store_one(
    tx: &mut WriteTx<'_>,
    moment: Moment<'_>,
    user: Uuid,
    (wanted, pass): (Wanted, Pass),
) -> Result<Became> {
    let there = match wanted.id {
        Some(id) => here(tx, user, id)?,
        None => None,
    };
    if there.is_some() || store::of_origin(tx, user, wanted.print)?.is_some() {
        return Ok(Became::There);
    }
    let evidence = match cited(tx, user, &wanted.memory.evidence)? {
        Ok(evidence) => evidence,
        Err(Uncited::Missing) if pass == Pass::First => {
            return Ok(Became::Waits(Box::new(wanted)));
        }
        Err(Uncited::Missing) => {
            let message = "What it comes from is not there, so that nobody could check it.";
            return Ok(Became::Failed("evidence_missing", message.into()));
        }
        Err(Uncited::Derived) => {
            let message = "It cites what a model wrote. It must cite what was said.";
            return Ok(Became::Failed("evidence_derived", message.into()));
        }
    };
    let mut memory = wanted.memory;
    memory.evidence = evidence;
    let bytes = memory.text.len();
    match billing::room_for(tx, moment, user, bytes as u64) {
        Err(error) if error.code() == "quota_exceeded" => {
            return Ok(Became::Failed("quota_exceeded", error.message()));
        }
        other => other?,
    }
    let id = moment.app.ids.next();
    let (session, key) = group(tx, moment.app, user, (id, wanted.key))?;
    memory.session = session;
    remember::remember_in_group(tx, moment, (user, id), &memory, key.as_deref())?;
    Ok(Became::Stored { id, bytes })
}

/// What a derived memory cites, by the ids it has here, each once: two ids of the file's may be of one
/// memory. Forgetting takes what cites what is forgotten, and looks no further, so nothing derived is cited.
fn cited(
    tx: &WriteTx<'_>,
    user: Uuid,
    ids: &[Uuid],
) -> Result<std::result::Result<Vec<Uuid>, Uncited>> {
    let mut cited = Vec::with_capacity(ids.len());
    for id in ids {
        let Some(turn) = here(tx, user, *id)? else {
            return Ok(Err(Uncited::Missing));
        };
        if store::memory(tx, user, turn)?.is_some_and(|memory| memory.kind.derived()) {
            return Ok(Err(Uncited::Derived));
        }
        if !cited.contains(&turn) {
            cited.push(turn);
        }
    }
    Ok(Ok(cited))
}

/// Where it belongs: to a conversation of this account, which is exported by its id, also when nothing of it
/// is remembered any more; to what has the same key; or nowhere.
fn group(
    tx: &WriteTx<'_>,
    app: &App,
    user: Uuid,
    (id, key): (Uuid, Option<String>),
) -> Result<(Uuid, Option<String>)> {
    let Some(key) = key else {
        return Ok((id, None));
    };
    if let Ok(session) = key.parse::<Uuid>()
        && ((app.conversations.is_there)(tx, user, session)?
            || figures::group_of_session(tx, user, session)?.is_some())
    {
        return Ok((session, None));
    }
    Ok((checked::group_of(user, &key), Some(key)))
}
