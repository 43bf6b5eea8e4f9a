//! Forgetting many at once: named, of a conversation, of a time, what a search shows, or everything.
//!
//! Must stay true: what a model made of forgotten ones goes with them; it is done to the end even when
//! whoever asked goes away; a dry run says beforehand what it comes to; a transaction is of bounded size,
//! however many memories there are and however long they are.

use std::collections::BTreeSet;

use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::{Read, WriteTx};
use tokio::task::spawn_blocking;
use utoipa::ToSchema;
use uuid::Uuid;

use super::search;
use crate::app::App;
use crate::auth::{Caller, MemoryWrite};
use crate::billing::Moment;
use crate::error::{Error, Result};
use crate::http::Json;
use crate::http::failure::Failure;
use crate::memory::filter::{self, Filter, Wish};
use crate::memory::recall::{self, Wanted};
use crate::memory::remember::STEP_BYTES;
use crate::memory::row::Memory;
use crate::memory::store::{self, Stretch};
use crate::memory::{figures, remember};

/// Memories that one transaction forgets.
const STEP: usize = 500;
/// Memories that can be named at once.
const MOST_IDS: usize = 1000;
/// More than a person looks through.
const MOST_FOUND: usize = 100;
const CONFIRM: &str = "forget everything";

/// Exactly one of: `ids`; `session_id`; `from` and `to`; `query`; `everything`.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct ForgetRequest {
    /// At most 1000.
    pub ids: Option<Vec<Uuid>>,
    pub session_id: Option<Uuid>,
    /// A day or a time.
    pub from: Option<String>,
    /// A day, which is included, or a time.
    pub to: Option<String>,
    /// What such a search shows; at most 100 results.
    pub query: Option<String>,
    /// With `query`: of these tiers.
    pub tier: Option<String>,
    /// With `query`: of these kinds.
    pub kind: Option<String>,
    #[serde(default)]
    pub everything: bool,
    /// With `everything`: `forget everything`.
    pub confirm: Option<String>,
    /// Only says what it would come to.
    #[serde(default)]
    pub dry_run: bool,
}

/// What forgetting came to.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
pub struct ForgetResult {
    /// Those that were meant.
    pub forgotten: u64,
    /// What a model had made of them.
    pub derived: u64,
    /// Of all of these.
    pub bytes: u64,
}

/// Which are to be forgotten.
#[derive(Clone)]
enum What {
    Ids(BTreeSet<Uuid>),
    Session(Uuid),
    Time(Timestamp, Timestamp),
    Everything,
}

impl What {
    /// Whether a memory is one of those that are meant, not only one that goes with them.
    fn means(&self, id: Uuid, memory: &Memory) -> bool {
        match self {
            Self::Ids(ids) => ids.contains(&id),
            Self::Session(session) => memory.session == *session,
            Self::Time(from, to) => (*from..*to).contains(&memory.created_at),
            Self::Everything => true,
        }
    }

    /// Some of those that are there, from after `after`, as much as one transaction takes; what has been
    /// forgotten is not there.
    fn some(
        &self,
        tx: &impl Read,
        user: Uuid,
        after: Option<&Seen>,
    ) -> Result<Vec<(Uuid, Memory)>> {
        let stretch = |from, to| Stretch {
            from,
            to,
            cursor: after.map(|seen| store::cursor(seen.0, &seen.1)),
        };
        let last = after.map(|seen| seen.0);
        let ids: Vec<_> = match self {
            Self::Ids(ids) => {
                let rest = ids.iter().filter(|id| last.is_none_or(|last| **id > last));
                rest.copied().collect()
            }
            Self::Session(session) => store::of_session_after(tx, (user, *session), last, STEP)?,
            Self::Time(from, to) => store::ids_up(tx, user, stretch(Some(*from), Some(*to)), STEP)?,
            Self::Everything => store::ids_up(tx, user, stretch(None, None), STEP)?,
        };
        let (mut some, mut bytes) = (Vec::new(), 0);
        for id in ids {
            if let Some(memory) = store::memory(tx, user, id)? {
                bytes += memory.text.len();
                some.push((id, memory));
            }
            if some.len() == STEP || bytes >= STEP_BYTES {
                break;
            }
        }
        Ok(some)
    }
}

type Seen = (Uuid, Memory);

/// Forgets what is named, of a conversation, of a time, what a search shows, or everything.
#[utoipa::path(post, path = "/api/memory/forget", tag = "memory", request_body = ForgetRequest, responses((status = 200, body = ForgetResult),
    (status = 422, body = Failure, description = "forget_what, ids_too_many, from_invalid, to_invalid, query_empty, query_too_wide, tier_invalid, kind_invalid, confirm_wrong")))]
pub async fn forget(
    State(app): State<App>,
    caller: Caller<MemoryWrite>,
    Json(request): Json<ForgetRequest>,
) -> Result<Json<ForgetResult>> {
    let dry_run = request.dry_run;
    let what = what(&app, caller.id, request).await?;
    if dry_run {
        let counted = spawn_blocking(move || count(&app, caller.id, &what));
        return counted
            .await
            .map_err(|e| Error::internal("counting what would be forgotten", e))?
            .map(Json);
    }
    let running = app.clone();
    let forgotten = app
        .tasks
        .to_the_end(async move { run(&running, caller, what).await });
    Ok(Json(forgotten.await?))
}

async fn what(app: &App, user: Uuid, request: ForgetRequest) -> Result<What> {
    let time = request.from.is_some() || request.to.is_some();
    let named = [
        request.ids.is_some(),
        request.session_id.is_some(),
        time,
        request.query.is_some(),
        request.everything,
    ];
    if named.into_iter().filter(|named| *named).count() != 1 {
        return Err(not_one_thing());
    }
    if let Some(ids) = request.ids {
        if ids.len() > MOST_IDS {
            let message = format!("Name at most {MOST_IDS} memories at once.");
            return Err(Error::field("ids_too_many", "ids", message));
        }
        return Ok(What::Ids(ids.into_iter().collect()));
    }
    if let Some(session) = request.session_id {
        return Ok(What::Session(session));
    }
    if let Some(query) = request.query {
        let wish = Wish {
            tier: request.tier.as_deref(),
            kind: request.kind.as_deref(),
            ..Wish::default()
        };
        return found(app, user, query, Filter::read(&wish)?).await;
    }
    if request.everything {
        if request.confirm.as_deref() != Some(CONFIRM) {
            let message = format!("Confirm with \"{CONFIRM}\".");
            return Err(Error::field("confirm_wrong", "confirm", message));
        }
        return Ok(What::Everything);
    }
    let (Some(from), Some(to)) = (request.from, request.to) else {
        return Err(not_one_thing());
    };
    let (from, to) = (filter::from(&from)?, filter::to(&to)?);
    if to <= from {
        let message = "The end must come after the beginning.";
        return Err(Error::field("to_invalid", "to", message));
    }
    Ok(What::Time(from, to))
}

fn not_one_thing() -> Error {
    let message =
        "Say one thing to forget: ids, session_id, from and to, query, or everything.".to_owned();
    Error::field("forget_what", "ids", message)
}

async fn found(app: &App, user: Uuid, query: String, filter: Filter) -> Result<What> {
    search::words(&query)?;
    let wanted = Wanted {
        query,
        limit: MOST_FOUND + 1,
        filter,
    };
    let found = recall::search(app, user, wanted).await?.results;
    if found.len() > MOST_FOUND {
        let message = format!(
            "More than {MOST_FOUND} memories match. Search for them, and forget those you mean by their ids."
        );
        return Err(Error::field("query_too_wide", "query", message));
    }
    let ids = found.into_iter().map(|found| found.id);
    Ok(What::Ids(ids.collect()))
}

/// Ids of what a model made of these and would go with them, without those that are meant themselves.
fn beside(tx: &impl Read, user: Uuid, what: &What, some: &[Seen]) -> Result<Vec<(Uuid, Memory)>> {
    let mut beside = Vec::new();
    for (id, _) in some {
        for derived in store::citing(tx, user, *id)? {
            let memory = store::memory(tx, user, derived)?;
            // What the person wrote themselves stays.
            let goes = memory.filter(|memory| memory.edited_at.is_none());
            let goes = goes.filter(|memory| !what.means(derived, memory));
            beside.extend(goes.map(|memory| (derived, memory)));
        }
    }
    Ok(beside)
}

/// What forgetting would come to.
fn count(app: &App, user: Uuid, what: &What) -> Result<ForgetResult> {
    let (mut count, mut last, mut derived) = (ForgetResult::default(), None, BTreeSet::new());
    let bytes = |memory: &Memory| memory.text.len() as u64;
    loop {
        let more = app.store.read(|tx| {
            let some = what.some(tx, user, last.as_ref())?;
            for (id, memory) in beside(tx, user, what, &some)? {
                if derived.insert(id) {
                    count.derived += 1;
                    count.bytes += bytes(&memory);
                }
            }
            count.forgotten += some.len() as u64;
            count.bytes += some.iter().map(|(_, memory)| bytes(memory)).sum::<u64>();
            last = some.into_iter().next_back();
            Ok::<_, Error>(last.is_some())
        })?;
        if !more {
            return Ok(count);
        }
    }
}

async fn run(app: &App, caller: Caller<MemoryWrite>, what: What) -> Result<ForgetResult> {
    let user = caller.id;
    let mut sum = ForgetResult::default();
    // Asked once: what was begun for somebody who was allowed to is not left half done.
    let mut caller = Some(caller);
    loop {
        let (inside, step_of, asks) = (app.clone(), what.clone(), caller.take());
        let step = move |tx: &mut WriteTx<'_>| {
            if let Some(caller) = asks {
                caller.still(tx)?;
            }
            step(tx, Moment::now(&inside), user, &step_of)
        };
        let (forgotten, more) = app.store.write(step).await?;
        // Answers that are told again have the words, too.
        app.streams.forget(user);
        sum.forgotten += forgotten.forgotten;
        sum.derived += forgotten.derived;
        sum.bytes += forgotten.bytes;
        if !more {
            return Ok(sum);
        }
    }
}

/// Forgets some of what was said in a conversation; whether there is more. For conversations that are
/// deleted, however long they are.
pub fn forget_some_of(
    tx: &mut WriteTx<'_>,
    moment: Moment<'_>,
    user: Uuid,
    session: Uuid,
) -> Result<bool> {
    step(tx, moment, user, &What::Session(session))?;
    Ok(!store::of_session(tx, user, session, 1)?.is_empty())
}

/// One transaction of it, and whether there may be more to do.
fn step(
    tx: &mut WriteTx<'_>,
    moment: Moment<'_>,
    user: Uuid,
    what: &What,
) -> Result<(ForgetResult, bool)> {
    let some = what.some(tx, user, None)?;
    if some.is_empty() {
        let cleared = match what {
            What::Everything => figures::clear(tx, user, STEP)?,
            _ => 0,
        };
        return Ok((ForgetResult::default(), cleared > 0));
    }
    let beside = beside(tx, user, what, &some)?;
    let beside: BTreeSet<_> = beside.into_iter().map(|(id, _)| id).collect();
    let ids: Vec<_> = some.into_iter().map(|(id, _)| id).collect();
    let source = match (what, ids.as_slice()) {
        (What::Session(session), _) => *session,
        (_, [first, ..]) => *first,
        (_, []) => user,
    };
    let forgotten = remember::forget(tx, moment, (user, source), &ids)?;
    let derived = beside.len() as u64;
    let told = ForgetResult {
        forgotten: forgotten.memories.saturating_sub(derived),
        derived,
        bytes: u64::try_from(forgotten.bytes).unwrap_or(0),
    };
    Ok((told, true))
}
