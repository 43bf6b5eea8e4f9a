//! What a person's memories come to, and how that grew.

use axum::extract::State;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use storage::ReadTx;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::{Caller, MemoryRead};
use crate::billing::{Moment, all_amounts};
use crate::error::Result;
use crate::http::Json;
use crate::memory::distil;
use crate::memory::embed::{self, EmbeddingStats};
use crate::memory::figures::{self, Statistics};
use crate::memory::row::Kind;
use crate::memory::store::{self, Stretch};

/// Weeks that are told at most.
const WEEKS: usize = 104;

#[derive(Serialize, ToSchema)]
pub struct MemoryStats {
    pub total: u64,
    /// Of their texts.
    pub bytes: u64,
    /// Null where the plan sets no limit.
    pub limit_bytes: Option<u64>,
    pub by_tier: ByTier,
    pub by_kind: ByKind,
    pub pinned: u64,
    /// Conversations and groups stored with a `session_key`, counted together, that something is remembered of.
    pub sessions: u64,
    /// What is no longer so.
    pub superseded: u64,
    pub oldest_at: Option<Timestamp>,
    pub newest_at: Option<Timestamp>,
    /// Weeks, oldest first, at most 104.
    pub growth: Vec<Growth>,
    pub embedding: EmbeddingStats,
    pub distilling: DistillingStats,
}

#[derive(Serialize, ToSchema)]
pub struct ByTier {
    /// Messages of the conversation that runs; these are not stored as memories of their own.
    pub stm: u64,
    pub itm: u64,
    pub ltm: u64,
}

#[derive(Serialize, ToSchema)]
pub struct ByKind {
    pub turn: u64,
    pub note: u64,
    pub fact: u64,
    pub summary: u64,
    pub reflection: u64,
}

impl ByKind {
    fn of(all: &Statistics) -> Self {
        let of = |kind: Kind| all.by_kind.get(kind as usize).copied().unwrap_or(0);
        Self {
            turn: of(Kind::Turn),
            note: of(Kind::Note),
            fact: of(Kind::Fact),
            summary: of(Kind::Summary),
            reflection: of(Kind::Reflection),
        }
    }

    /// Of all but turns each stands in a group of its own.
    fn alone(&self) -> u64 {
        self.note + self.fact + self.summary + self.reflection
    }
}

/// A week, Monday to Sunday, UTC.
#[derive(Serialize, ToSchema)]
pub struct Growth {
    /// Its Monday.
    #[schema(value_type = String, format = Date)]
    pub date: Date,
    pub added: u32,
    pub promoted: u32,
    pub forgotten: u32,
    /// At its end.
    pub total: i64,
    pub ltm: i64,
}

/// How far conversations are summed up.
#[derive(Serialize, ToSchema)]
pub struct DistillingStats {
    pub enabled: bool,
    pub last_at: Option<Timestamp>,
    pub waiting: u64,
    pub failed: u64,
}

impl From<distil::Standing> for DistillingStats {
    fn from(standing: distil::Standing) -> Self {
        Self {
            enabled: standing.enabled,
            last_at: standing.last_at,
            waiting: standing.waiting as u64,
            failed: standing.failed as u64,
        }
    }
}

/// What the caller's memories come to.
#[utoipa::path(get, path = "/api/memory/stats", tag = "memory", responses((status = 200, body = MemoryStats)))]
pub async fn stats(
    State(app): State<App>,
    caller: Caller<MemoryRead>,
) -> Result<Json<MemoryStats>> {
    let user = caller.id;
    let moment = Moment::now(&app);
    app.store.read(|tx| {
        let all = figures::statistics(tx, user)?;
        let by_kind = ByKind::of(&all);
        let end = |page: Vec<(_, crate::memory::Memory)>| {
            let first = page.into_iter().next();
            first.map(|(_, memory)| memory.created_at)
        };
        let held = all_amounts(tx, user)?.amounts.memory_bytes;
        let exchanges = app.config.chat.history_exchanges;
        Ok(Json(MemoryStats {
            total: all.memories,
            bytes: u64::try_from(held).unwrap_or(0),
            limit_bytes: moment.limits(&caller.user).memory,
            by_tier: ByTier {
                stm: (app.conversations.in_prompt)(tx, user, exchanges)?,
                itm: all.memories.saturating_sub(all.ltm),
                ltm: all.ltm,
            },
            pinned: all.pinned,
            sessions: all.groups.saturating_sub(by_kind.alone()),
            by_kind,
            superseded: all.superseded,
            oldest_at: end(store::page_up(tx, user, Stretch::default(), 1)?),
            newest_at: end(store::page(tx, user, Stretch::default(), 1)?),
            growth: growth(tx, user, moment.now)?,
            embedding: embed::standing(tx, &app, user)?,
            distilling: distil::standing(tx, &app, user)?.into(),
        }))
    })
}

/// Every week from the first in which something was stored, also those in which nothing happened.
fn growth(tx: &ReadTx, user: uuid::Uuid, now: Timestamp) -> Result<Vec<Growth>> {
    let weeks = figures::weeks(tx, user)?;
    let Some((first, last)) = weeks.keys().next().zip(weeks.keys().next_back()) else {
        return Ok(Vec::new());
    };
    let last = (*last).max(figures::week_of(now));
    let shown = last.saturating_sub(u32::try_from(WEEKS).unwrap_or(u32::MAX) - 1);
    let (mut total, mut ltm) = (0, 0);
    let mut growth = Vec::new();
    // What came before the weeks that are shown counts, without walking through all of them.
    for (_, week) in weeks.range(..shown) {
        total += i64::from(week.added) - i64::from(week.forgotten);
        ltm += week.ltm;
    }
    for number in shown.max(*first)..=last {
        let week = weeks.get(&number).copied().unwrap_or_default();
        total += i64::from(week.added) - i64::from(week.forgotten);
        ltm += week.ltm;
        growth.push(Growth {
            date: figures::monday(number),
            added: week.added,
            promoted: week.promoted,
            forgotten: week.forgotten,
            total,
            ltm,
        });
    }
    Ok(growth)
}
