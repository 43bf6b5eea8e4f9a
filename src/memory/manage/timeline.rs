//! What was said day by day: how much, in which conversations, and the most important of it.
//!
//! Must stay true: a request looks at a bounded number of rows. A day with more of them than that is told
//! as far as was looked, and the days before it on the next page.

use std::collections::{HashMap, HashSet};

use axum::extract::State;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};
use storage::ReadTx;
use tokio::task::spawn_blocking;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::app::App;
use crate::auth::{Caller, MemoryRead};
use crate::error::{Error, Result};
use crate::http::failure::Failure;
use crate::http::{Json, Query};
use crate::memory::place::group_of;
use crate::memory::row::{Kind, Memory, Tier};
use crate::memory::store::{self, Stretch};
use crate::memory::view::{MemoryView, Views};
use crate::memory::{figures, filter, tiers};

/// Rows that one request looks at.
const LOOK: usize = 10_000;
const STEP: usize = 1000;
const MOST_DAYS: usize = 366;
/// The most important of a conversation's day.
const HIGHLIGHTS: usize = 3;
/// A summary cites some of the turns that matter most: it is looked for at so many of them.
const SUMMED_UP: usize = 24;
/// What cites a turn: so many of it are looked at, the newest.
const CITING: usize = 24;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TimelineQuery {
    /// `next_before` of the page before: only days before this one.
    before: Option<String>,
    /// At most so many days, 30 unless told, 366 at most.
    limit: Option<usize>,
}

#[derive(Serialize, ToSchema)]
pub struct Timeline {
    /// Days on which something is remembered, newest first, UTC.
    pub days: Vec<TimelineDay>,
    #[schema(value_type = Option<String>, format = Date)]
    pub next_before: Option<Date>,
}

#[derive(Serialize, ToSchema)]
pub struct TimelineDay {
    #[schema(value_type = String, format = Date)]
    pub date: Date,
    /// What was said or stored with a `session_key`.
    pub turns: u64,
    /// How many of those said and the notes are long-term ones.
    pub promoted: u64,
    /// Facts learned that day.
    pub facts: u64,
    /// Newest first.
    pub sessions: Vec<TimelineSession>,
}

#[derive(Serialize, ToSchema)]
pub struct TimelineSession {
    pub session_id: Uuid,
    pub title: Option<String>,
    pub kind: Origin,
    /// Of this day.
    pub memories: u64,
    pub summary: Option<MemoryView>,
    /// The most important of this day, at most three.
    pub highlights: Vec<MemoryView>,
}

/// How memories came together.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    Conversation,
    Stored,
}

type Row = (Uuid, Memory);

/// What is remembered, day by day, newest first. A day on which only summaries or advice were written is not there.
#[utoipa::path(get, path = "/api/memory/timeline", tag = "memory", params(TimelineQuery), responses((status = 200, body = Timeline),
    (status = 422, body = Failure, description = "before_invalid")))]
pub async fn timeline(
    State(app): State<App>,
    caller: Caller<MemoryRead>,
    Query(query): Query<TimelineQuery>,
) -> Result<Json<Timeline>> {
    let limit = query.limit.unwrap_or(30).clamp(1, MOST_DAYS);
    let before = match &query.before {
        Some(day) => Some(begin_of(day)?),
        None => None,
    };
    let look = move || {
        app.store.read(|tx| {
            let (days, next_before) = days(tx, caller.id, before, limit)?;
            let views = Views::new(&app, tx, caller.id);
            let days = days.into_iter().map(|day| told(&views, tx, caller.id, day));
            Ok::<_, Error>(Timeline {
                days: days.collect::<Result<_>>()?,
                next_before,
            })
        })
    };
    let line = spawn_blocking(look)
        .await
        .map_err(|e| Error::internal("telling the timeline", e))??;
    Ok(Json(line))
}

fn begin_of(day: &str) -> Result<Timestamp> {
    let day = day.parse::<Date>().ok();
    let begin = day.and_then(|day| filter::from(&day.to_string()).ok());
    begin.ok_or_else(|| {
        let message = "Give a day such as 2026-03-31.";
        Error::field("before_invalid", "before", message)
    })
}

fn date_of(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

/// Whether a day is told because of it: neither a summary nor advice is something of a day.
fn tells(memory: &Memory) -> bool {
    !memory.kind.derived() || memory.kind == Kind::Fact
}

/// The rows of as many days as are wanted, and before which day to go on.
fn days(
    tx: &ReadTx,
    user: Uuid,
    before: Option<Timestamp>,
    limit: usize,
) -> Result<(Vec<Vec<Row>>, Option<Date>)> {
    let mut days: Vec<Vec<Row>> = Vec::new();
    // The last day that is told, and those of the first row and the last that were looked at.
    let (mut date, mut first, mut last, mut looked) = (None, None, None, 0);
    let mut stretch = Stretch {
        to: before,
        ..Stretch::default()
    };
    loop {
        let rows = store::page(tx, user, stretch, STEP)?;
        let whole = rows.len() < STEP;
        for (id, memory) in rows {
            stretch.cursor = Some(store::cursor(id, &memory));
            looked += 1;
            let this = date_of(memory.created_at);
            first.get_or_insert(this);
            last = Some(this);
            if !tells(&memory) {
                continue;
            }
            if date != Some(this) {
                if days.len() == limit {
                    return Ok((days, date));
                }
                date = Some(this);
                days.push(Vec::new());
            }
            if let Some(day) = days.last_mut() {
                day.push((id, memory));
            }
        }
        if whole {
            return Ok((days, None));
        }
        if looked >= LOOK {
            if first == last {
                return Ok((days, last));
            }
            // The last day may not be whole: it comes on the next page.
            if date == last {
                days.pop();
            }
            return Ok((days, last.map(|day| day.saturating_add(1.day()))));
        }
    }
}

fn told(views: &Views<'_>, tx: &ReadTx, user: Uuid, day: Vec<Row>) -> Result<TimelineDay> {
    let date = day.first().map(|(_, memory)| date_of(memory.created_at));
    let count = |is: fn(&Memory) -> bool| day.iter().filter(|(_, memory)| is(memory)).count();
    let mut told = TimelineDay {
        date: date.unwrap_or_default(),
        turns: count(|memory| memory.kind == Kind::Turn) as u64,
        promoted: count(|memory| !memory.kind.derived() && memory.tier == Tier::Ltm) as u64,
        facts: count(|memory| memory.kind == Kind::Fact) as u64,
        sessions: Vec::new(),
    };
    let mut sessions: Vec<Vec<Row>> = Vec::new();
    let mut at = HashMap::new();
    for row in day.into_iter().filter(|(_, memory)| !memory.kind.derived()) {
        let next = sessions.len();
        let at = *at.entry(row.1.session).or_insert(next);
        match sessions.get_mut(at) {
            Some(session) => session.push(row),
            None => sessions.push(vec![row]),
        }
    }
    for rows in sessions {
        told.sessions.extend(session(views, tx, user, rows)?);
    }
    Ok(told)
}

fn session(
    views: &Views<'_>,
    tx: &ReadTx,
    user: Uuid,
    mut rows: Vec<Row>,
) -> Result<Option<TimelineSession>> {
    let Some((_, newest)) = rows.first() else {
        return Ok(None);
    };
    let group = figures::group(tx, user, group_of(newest.place))?;
    let stored = newest.kind == Kind::Note || group.is_some_and(|group| group.key.is_some());
    let (session_id, title) = (newest.session, views.title(newest)?);
    let memories = rows.len() as u64;
    // The newest first among those that are equally important.
    rows.sort_by(|(_, a), (_, b)| b.importance.total_cmp(&a.importance));
    let summary = summary(tx, user, &rows)?;
    let summary = summary.map(|(id, memory)| views.memory(id, memory));
    rows.truncate(HIGHLIGHTS);
    Ok(Some(TimelineSession {
        session_id,
        title,
        kind: if stored {
            Origin::Stored
        } else {
            Origin::Conversation
        },
        memories,
        summary: summary.transpose()?,
        highlights: views.all(rows)?,
    }))
}

/// The summary that cites one of these turns: the last that was made of their session, else the newest of
/// those that cite the turns it would cite.
fn summary(tx: &ReadTx, user: Uuid, rows: &[Row]) -> Result<Option<Row>> {
    let ids: HashSet<Uuid> = rows.iter().map(|(id, _)| *id).collect();
    if let Some((_, memory)) = rows.first()
        && let Some(id) = tiers::reached(tx, user, memory.session)?.summary
        && let Some(summary) = store::memory(tx, user, id)?
        && summary.evidence.iter().any(|turn| ids.contains(turn))
    {
        return Ok(Some((id, summary)));
    }
    let mut likely: Vec<&Row> = rows.iter().collect();
    likely.sort_by(|(_, a), (_, b)| {
        let better = b.importance.total_cmp(&a.importance);
        better.then(a.place.cmp(&b.place))
    });
    let mut newest: Option<Row> = None;
    let mut seen = HashSet::new();
    for (id, _) in likely.into_iter().take(SUMMED_UP) {
        for derived in store::newest_citing(tx, user, *id, CITING)? {
            let newer = newest.as_ref().is_none_or(|(known, _)| *known < derived);
            if !newer || !seen.insert(derived) {
                continue;
            }
            let memory = store::memory(tx, user, derived)?;
            let summary = memory.filter(|memory| memory.kind == Kind::Summary);
            newest = summary.map(|memory| (derived, memory)).or(newest);
        }
    }
    Ok(newest)
}
