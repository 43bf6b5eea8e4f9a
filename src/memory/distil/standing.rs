//! Whether distilling goes on, for one person and for administrators: numbers and times, never text.

use jiff::Timestamp;
use jiff::ToSpan as _;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use serde::Serialize;
use storage::Read;
use utoipa::ToSchema;
use uuid::Uuid;

use super::store;
use super::work::is_ours;
use crate::app::App;
use crate::config::{Distil, Provider};
use crate::error::Result;

/// One person's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Standing {
    pub enabled: bool,
    /// When something of theirs was distilled last.
    pub last_at: Option<Timestamp>,
    /// Sessions that wait.
    pub waiting: usize,
    /// Of these, so many whose answers could not be used so far.
    pub failed: usize,
}

/// Whether the settings allow it at all.
pub fn enabled(app: &App) -> bool {
    let toy = app.config.model.provider == Provider::Demo;
    match app.config.memory.distil {
        Distil::Off => false,
        Distil::On => true,
        Distil::Auto => !toy,
    }
}

pub fn standing(tx: &impl Read, app: &App, user: Uuid) -> Result<Standing> {
    const LOOKED_AT: usize = 50;
    let waiting = store::all_waiting(tx, Some(user), usize::MAX)?;
    let mut last_at = None;
    for (id, begun) in store::jobs(tx, user, true, LOOKED_AT)? {
        if is_ours(&begun.kind)
            && let Some(job) = app.jobs.get(tx, id)?
        {
            last_at = last_at.max(job.ended_at);
        }
    }
    Ok(Standing {
        enabled: enabled(app),
        last_at,
        waiting: waiting.len(),
        failed: waiting.iter().filter(|(_, w)| tried(w)).count(),
    })
}

fn tried(waiting: &store::Waiting) -> bool {
    waiting.distil.tries + waiting.reflect.tries > 0
}

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Budget {
    pub calls: u32,
    pub tokens: u64,
    pub seconds: u64,
}

/// Everybody's, as administrators see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Distilling {
    pub enabled: bool,
    /// The model has nothing else to do.
    pub idle: bool,
    /// Sessions.
    pub waiting: usize,
    /// Jobs.
    pub running: usize,
    pub failed: usize,
    /// What models wrote that was kept, what says the same as something known included.
    pub accepted: u64,
    pub rejected: u64,
    /// How often what, by its short name: accepted, merged, or why it was not kept.
    pub outcomes: std::collections::BTreeMap<String, u64>,
    pub calls_today: u32,
    pub tokens_today: u64,
    pub seconds_today: u64,
    pub budget: Budget,
    pub last_night_at: Option<Timestamp>,
}

pub fn everybodys(tx: &impl Read, app: &App) -> Result<Distilling> {
    let waiting = store::all_waiting(tx, None, usize::MAX)?;
    let outcomes = store::outcomes(tx)?;
    let spent = store::spent(tx, app.clock.now())?;
    let kept = |name: &str| ["accepted", "merged"].contains(&name);
    let sum = |wanted: bool| {
        let all = outcomes.iter();
        let these = all.filter(|(name, _)| kept(name.as_str()) == wanted);
        these.map(|(_, times)| times).sum()
    };
    let settings = &app.config.memory;
    Ok(Distilling {
        enabled: enabled(app),
        idle: app.models.idle(),
        waiting: waiting.len(),
        running: app.jobs.running_of(&super::ALONE),
        failed: waiting.iter().filter(|(_, w)| tried(w)).count(),
        accepted: sum(true),
        rejected: sum(false),
        calls_today: spent.calls,
        tokens_today: spent.tokens,
        seconds_today: spent.millis / 1_000,
        budget: Budget {
            calls: settings.distil_calls,
            tokens: settings.distil_tokens,
            seconds: settings.distil_seconds,
        },
        last_night_at: spent.night,
        outcomes,
    })
}

/// When it is distilled next, after `now`: by then a new day's budget is there.
pub fn next_night(app: &App, now: Timestamp) -> Timestamp {
    let time = app.config.memory.time().unwrap_or_default();
    let first = first_at(time, now);
    let day = |at: Timestamp| at.as_second().div_euclid(86_400);
    if day(first) > day(now) {
        first
    } else {
        first_at(time, first)
    }
}

/// The first moment after `after` with this time of day, UTC.
pub fn first_at(time: Time, after: Timestamp) -> Timestamp {
    let day = after.to_zoned(TimeZone::UTC).date();
    let at = |day: jiff::civil::Date| {
        let zoned = day.to_datetime(time).to_zoned(TimeZone::UTC);
        zoned.map(|moment| moment.timestamp())
    };
    match at(day) {
        Ok(today) if today > after => today,
        _ => day
            .checked_add(1.day())
            .and_then(at)
            .unwrap_or(Timestamp::MAX),
    }
}
