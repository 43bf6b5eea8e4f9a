//! One's memories as a file of JSON lines, which `import` reads.
//!
//! Must stay true: it is read and sent in pages, so that it may be of any length; who asked is asked again
//! before each. It is in the order of time, so that nearly all that cites comes after what it cites; a fact
//! that was said again later cites newer ones, too, and `import` copes with that.

use std::collections::HashMap;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use jiff::tz::TimeZone;
use serde::Serialize;
use storage::ReadTx;
use uuid::Uuid;

use super::line::{Header, Written};
use crate::app::App;
use crate::auth::{self, Caller, MemoryRead};
use crate::billing;
use crate::error::{Error, Result};
use crate::http::failure::Failure;
use crate::memory::figures;
use crate::memory::place::group_of;
use crate::memory::row::{Kind, Memory};
use crate::memory::store::{self, Cursor, Stretch};

/// Memories read at once.
const STEP: usize = 500;

/// How far an export has come.
struct Under {
    app: App,
    caller: Caller<MemoryRead>,
    cursor: Option<Cursor>,
}

/// All of the caller's memories, oldest first, as JSON lines.
#[utoipa::path(get, path = "/api/memory/export", tag = "memory", responses(
    (status = 200, content_type = "application/x-ndjson", body = String), (status = 401, body = Failure),
    (status = 403, body = Failure, description = "email_unverified"), (status = 429, body = Failure)))]
pub async fn export(State(app): State<App>, caller: Caller<MemoryRead>) -> Result<Response> {
    if !caller.user.trusted() {
        return Err(auth::verification_needed());
    }
    billing::admit_export(&app, caller.id)?;
    let now = app.clock.now();
    let count = app.store.read(|tx| {
        caller.still(tx)?;
        Ok::<_, Error>(figures::statistics(tx, caller.id)?.memories)
    })?;
    let mut first = String::new();
    write(&mut first, &Header::new(now, count))?;
    let under = Under {
        app,
        caller,
        cursor: None,
    };
    let pages = stream::try_unfold(Some(under), async |under| match under {
        Some(under) => under.page(),
        None => Ok(None),
    });
    let lines = futures_util::StreamExt::chain(stream::iter([Ok(first)]), pages);

    let today = now.to_zoned(TimeZone::UTC).date();
    let name = format!("attachment; filename=\"novacore-memory-{today}.jsonl\"");
    let attached =
        HeaderValue::from_str(&name).map_err(|e| Error::internal("naming the file", e))?;
    let kind = HeaderValue::from_static("application/x-ndjson");
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_DISPOSITION, attached),
    ];
    Ok((headers, Body::from_stream(lines)).into_response())
}

impl Under {
    /// The lines of the next page, and what is left then; none at the end.
    fn page(mut self) -> Result<Option<(String, Option<Self>)>> {
        let user = self.caller.id;
        let (lines, whole) = self.app.store.read(|tx| {
            self.caller.still(tx)?;
            let stretch = Stretch {
                cursor: self.cursor,
                ..Stretch::default()
            };
            let rows = store::page_up(tx, user, stretch, STEP)?;
            let mut names = Names::new(tx, user);
            let mut lines = String::new();
            for (id, memory) in &rows {
                self.cursor = Some(store::cursor(*id, memory));
                let key = names.key(memory)?;
                write(&mut lines, &Written::of(*id, memory, key.as_deref()))?;
            }
            Ok::<_, Error>((lines, rows.len() < STEP))
        })?;
        Ok(Some((lines, (!whole).then_some(self))))
    }
}

fn write(lines: &mut String, line: &impl Serialize) -> Result<()> {
    let line = serde_json::to_string(line).map_err(|e| Error::internal("writing a memory", e))?;
    lines.push_str(&line);
    lines.push('\n');
    Ok(())
}

/// What names the groups of memories in the file.
struct Names<'a> {
    tx: &'a ReadTx,
    user: Uuid,
    known: HashMap<Uuid, String>,
}

impl<'a> Names<'a> {
    fn new(tx: &'a ReadTx, user: Uuid) -> Self {
        Self {
            tx,
            user,
            known: HashMap::new(),
        }
    }

    /// The key with which it was stored, or the conversation's id.
    fn key(&mut self, memory: &Memory) -> Result<Option<String>> {
        if memory.kind != Kind::Turn {
            return Ok(None);
        }
        if let Some(known) = self.known.get(&memory.session) {
            return Ok(Some(known.clone()));
        }
        let group = figures::group(self.tx, self.user, group_of(memory.place))?;
        let key = group.and_then(|group| group.key);
        let key = key.unwrap_or_else(|| memory.session.to_string());
        self.known.insert(memory.session, key.clone());
        Ok(Some(key))
    }
}
