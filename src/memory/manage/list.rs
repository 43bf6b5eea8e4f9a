//! The list of memories, newest first, filtered; or best first for words.
//!
//! Must stay true: a request looks at a bounded number of rows; where that is not enough for a full page
//! it says where to go on.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use storage::Read;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::app::App;
use crate::auth::MemoryRead;
use crate::billing::Searching;
use crate::error::{Error, Result};
use crate::http::failure::Failure;
use crate::http::{Json, Query};
use crate::memory::figures;
use crate::memory::filter::{Filter, Wish};
use crate::memory::recall::{self, ScorePart, Wanted};
use crate::memory::row::{Kind, Memory, Tier};
use crate::memory::store::{self, Cursor, Stretch};
use crate::memory::view::{Found, MemoryView, Views};

pub const MOST: usize = 1000;
/// Rows that one request looks at.
const LOOK: usize = 10_000;
const STEP: usize = 1000;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Words to search for instead of listing by time.
    q: Option<String>,
    /// `itm`, `ltm`, or several with commas. Nothing is stored of `stm`, the conversation that runs.
    tier: Option<String>,
    /// `turn`, `note`, `fact`, `summary`, `reflection`, or several with commas.
    kind: Option<String>,
    tag: Option<String>,
    session_id: Option<Uuid>,
    /// `true`: only pinned ones.
    #[serde(default)]
    pinned: bool,
    /// `true`: without what is no longer so.
    #[serde(default)]
    current: bool,
    /// A day or a time: only what was said then or later.
    from: Option<String>,
    /// A day, which is included, or a time: only what was said before its end.
    to: Option<String>,
    /// At most this many, 50 unless told, 1000 at most.
    limit: Option<usize>,
    /// `next_before` of the page before.
    before: Option<String>,
}

impl ListQuery {
    fn filter(&self) -> Result<Filter> {
        Filter::read(&Wish {
            tier: self.tier.as_deref(),
            kind: self.kind.as_deref(),
            tag: self.tag.as_deref(),
            session: self.session_id,
            pinned: self.pinned,
            current: self.current,
            from: self.from.as_deref(),
            to: self.to.as_deref(),
        })
    }
}

/// A memory of a list; where words were searched, with what they found in it.
#[derive(Serialize, ToSchema)]
pub struct Listed {
    #[serde(flatten)]
    pub memory: MemoryView,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parts: Option<Vec<ScorePart>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matched: Option<Vec<String>>,
}

impl From<MemoryView> for Listed {
    fn from(memory: MemoryView) -> Self {
        Self {
            memory,
            score: None,
            parts: None,
            matched: None,
        }
    }
}

impl From<Found> for Listed {
    fn from(found: Found) -> Self {
        Self {
            memory: found.memory,
            score: Some(found.score),
            parts: Some(found.parts),
            matched: Some(found.matched),
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct MemoryList {
    pub items: Vec<Listed>,
    /// There may be more where this is given, even after a short page.
    pub next_before: Option<String>,
    /// How many there are of what is listed; null for a search, and where counting would take long.
    pub total: Option<u64>,
}

/// What is remembered, newest first, or best first for a search.
#[utoipa::path(get, path = "/api/memory", tag = "memory", params(ListQuery), responses((status = 200, body = MemoryList),
    (status = 422, body = Failure, description = "tier_invalid, kind_invalid, from_invalid, to_invalid")))]
pub async fn list(
    State(app): State<App>,
    Searching(caller): Searching<MemoryRead>,
    Query(query): Query<ListQuery>,
) -> Result<Json<MemoryList>> {
    let limit = query.limit.unwrap_or(50).clamp(1, MOST);
    let filter = query.filter()?;
    if let Some(words) = query.q.filter(|words| !words.trim().is_empty()) {
        let wanted = Wanted {
            query: words,
            limit,
            filter,
        };
        let found = recall::search(&app, caller.id, wanted).await?.results;
        let items = app
            .store
            .read(|tx| Views::new(&app, tx, caller.id).all_found(found))?;
        return Ok(Json(MemoryList {
            items: items.into_iter().map(Listed::from).collect(),
            next_before: None,
            total: None,
        }));
    }
    let before = query.before.as_deref().map(read).transpose()?;
    app.store.read(|tx| {
        let page = page(tx, caller.id, &filter, (before, limit))?;
        let items = Views::new(&app, tx, caller.id).all(page.memories)?;
        Ok(Json(MemoryList {
            items: items.into_iter().map(Listed::from).collect(),
            next_before: page.next.map(written),
            total: page.total,
        }))
    })
}

fn written(cursor: Cursor) -> String {
    format!("{}.{}", cursor.0, cursor.1)
}

fn read(cursor: &str) -> Result<Cursor> {
    let parts = cursor
        .split_once('.')
        .and_then(|(millis, id)| Some((millis.parse().ok()?, id.parse().ok()?)));
    parts.ok_or_else(|| {
        Error::Malformed("`before` must be the `next_before` of an earlier page.".into())
    })
}

struct Page {
    memories: Vec<(Uuid, Memory)>,
    next: Option<Cursor>,
    total: Option<u64>,
}

fn page(
    tx: &impl Read,
    user: Uuid,
    filter: &Filter,
    (before, limit): (Option<Cursor>, usize),
) -> Result<Page> {
    if let Some(few) = few(tx, user, filter)? {
        return Ok(sorted(few, filter, (before, limit)));
    }
    let known = known_total(tx, user, filter)?;
    by_time(tx, user, filter, (before, limit), known)
}

/// All that can be meant, where an index leads to not too many.
fn few(tx: &impl Read, user: Uuid, filter: &Filter) -> Result<Option<Vec<(Uuid, Memory)>>> {
    let mut found = Vec::new();
    if let Some(session) = filter.session {
        let group = match figures::group_of_session(tx, user, session)? {
            Some(ordinal) => figures::group(tx, user, ordinal)?,
            None => None,
        };
        if group.is_some_and(|group| group.memories > LOOK as u64) {
            return Ok(None);
        }
        for id in store::of_session(tx, user, session, LOOK)? {
            found.extend(store::memory(tx, user, id)?.map(|memory| (id, memory)));
        }
        return Ok(Some(found));
    }
    let counted = figures::statistics(tx, user)?.by_kind;
    let count = |kind: &Kind| counted.get(*kind as usize).copied().unwrap_or(0);
    let kinds = &filter.kinds;
    let fits = kinds.iter().map(count).sum::<u64>() <= LOOK as u64;
    if kinds.is_empty() || kinds.contains(&Kind::Turn) || !fits {
        return Ok(None);
    }
    for kind in Kind::ALL.iter().filter(|kind| kinds.contains(kind)) {
        found.extend(store::of_kind(tx, user, *kind)?);
    }
    Ok(Some(found))
}

fn sorted(
    mut few: Vec<(Uuid, Memory)>,
    filter: &Filter,
    (before, limit): (Option<Cursor>, usize),
) -> Page {
    few.retain(|(_, memory)| filter.admits(memory));
    let total = few.len() as u64;
    few.sort_by_key(|(id, memory)| std::cmp::Reverse(store::cursor(*id, memory)));
    few.retain(|(id, memory)| before.is_none_or(|before| store::cursor(*id, memory) < before));
    let more = few.len() > limit;
    few.truncate(limit);
    let last = few.last().filter(|_| more);
    Page {
        next: last.map(|(id, memory)| store::cursor(*id, memory)),
        memories: few,
        total: Some(total),
    }
}

/// How many there are, where that is counted anyway.
fn known_total(tx: &impl Read, user: Uuid, filter: &Filter) -> Result<Option<u64>> {
    let all = figures::statistics(tx, user)?;
    let open = Filter::default;
    let tier = |tier| Filter {
        tiers: Some(vec![tier]),
        ..open()
    };
    let none = Filter {
        tiers: Some(Vec::new()),
        ..open()
    };
    let kind = |kind: &Kind| Filter {
        kinds: vec![*kind],
        ..open()
    };
    let of_kind = || Kind::ALL.iter().position(|one| *filter == kind(one));
    Ok(match filter {
        filter if filter.is_open() => Some(all.memories),
        filter if *filter == none => Some(0),
        filter if *filter == tier(Tier::Ltm) => Some(all.ltm),
        filter if *filter == tier(Tier::Itm) => Some(all.memories.saturating_sub(all.ltm)),
        filter
            if filter.pinned
                && *filter
                    == (Filter {
                        pinned: true,
                        ..open()
                    }) =>
        {
            Some(all.pinned)
        }
        filter
            if filter.current
                && *filter
                    == (Filter {
                        current: true,
                        ..open()
                    }) =>
        {
            Some(all.memories.saturating_sub(all.superseded))
        }
        _ => of_kind().and_then(|at| all.by_kind.get(at).copied()),
    })
}

/// Walks back in time. The first page also counts, as far as it looks.
fn by_time(
    tx: &impl Read,
    user: Uuid,
    filter: &Filter,
    (before, limit): (Option<Cursor>, usize),
    known: Option<u64>,
) -> Result<Page> {
    let counts = known.is_none() && before.is_none();
    let mut stretch = Stretch {
        from: filter.from,
        to: filter.to,
        cursor: before,
    };
    let (mut memories, mut count, mut looked, mut next) = (Vec::new(), 0, 0, None);
    if known == Some(0) {
        return Ok(Page {
            memories,
            next,
            total: known,
        });
    }
    loop {
        let step = if filter.is_open() { limit + 1 } else { STEP };
        let rows = store::page(tx, user, stretch, step)?;
        let whole = rows.len() < step;
        for (id, memory) in rows {
            looked += 1;
            let before_it = stretch.cursor.replace(store::cursor(id, &memory));
            if !filter.admits(&memory) {
                continue;
            }
            count += 1;
            if memories.len() < limit {
                memories.push((id, memory));
                continue;
            }
            next = next.or(before_it);
            if !counts {
                return Ok(Page {
                    memories,
                    next,
                    total: known,
                });
            }
        }
        let total = known.or((counts && whole).then_some(count));
        if whole || looked >= LOOK {
            let next = if whole { next } else { next.or(stretch.cursor) };
            return Ok(Page {
                memories,
                next,
                total,
            });
        }
    }
}
