//! The tables of security events. Ids sort by time, so the keys do.

use jiff::Timestamp;
use storage::{Read, Span, Table, TableInfo, WriteTx};
use uuid::Uuid;

use super::{Actor, Event};
use crate::error::Result;

const EVENTS: Table<Uuid, Event> = Table::new("auth_events");
const USER_EVENTS: Table<(Uuid, Uuid), ()> = Table::new("auth_user_events");

pub const CATALOGUE: [TableInfo; 2] = [
    EVENTS.info("auth", "event", "who did what to whom, from where, outcome"),
    USER_EVENTS.info("auth", "user, event", "(index)").by_user(),
];

pub fn put(tx: &mut WriteTx<'_>, event: &Event) -> Result<()> {
    if let Some(user) = event.user {
        tx.put(&USER_EVENTS, &(user, event.id), &())?;
    }
    Ok(tx.put(&EVENTS, &event.id, event)?)
}

pub fn get(tx: &impl Read, id: Uuid) -> Result<Option<Event>> {
    Ok(tx.get(&EVENTS, &id)?)
}

/// Events about a user's account, newest first, older than `before`.
pub fn of_user(
    tx: &impl Read,
    user: Uuid,
    before: Option<Uuid>,
    limit: usize,
) -> Result<Vec<Event>> {
    let span = Span::prefix(&user).rev();
    let span = match before {
        Some(id) => span.before(&(user, id)),
        None => span,
    };
    let ids = tx.scan(&USER_EVENTS, span, limit)?;
    let mut events = Vec::with_capacity(ids.len());
    for ((_, id), ()) in ids {
        events.extend(tx.get(&EVENTS, &id)?);
    }
    Ok(events)
}

/// Everybody's events that `wanted` picks, newest first, older than `before`.
pub fn of_everybody(
    tx: &impl Read,
    before: Option<Uuid>,
    limit: usize,
    wanted: impl Fn(&Event) -> bool,
) -> Result<Vec<Event>> {
    let span = Span::all().rev();
    let span = match &before {
        Some(id) => span.before(id),
        None => span,
    };
    let rows = tx.scan_where(&EVENTS, span, limit, wanted)?;
    Ok(rows.into_iter().map(|(_, event)| event).collect())
}

fn remove(tx: &mut WriteTx<'_>, event: &Event) -> Result<()> {
    if let Some(user) = event.user {
        tx.delete(&USER_EVENTS, &(user, event.id))?;
    }
    tx.delete(&EVENTS, &event.id)?;
    Ok(())
}

/// Removes up to `limit` events from before a moment; returns how many.
pub fn sweep(tx: &mut WriteTx<'_>, before: Timestamp, limit: usize) -> Result<usize> {
    let oldest = tx.scan(&EVENTS, Span::all(), limit)?;
    let old: Vec<_> = oldest.iter().filter(|(_, e)| e.at < before).collect();
    for (_, event) in &old {
        remove(tx, event)?;
    }
    Ok(old.len())
}

/// Removes up to `limit` events about a user's account; returns how many.
pub fn erase(tx: &mut WriteTx<'_>, user: Uuid, limit: usize) -> Result<usize> {
    let events = of_user(tx, user, None, limit)?;
    for event in &events {
        remove(tx, event)?;
    }
    Ok(events.len())
}

/// The events of what somebody did to other accounts than their own.
pub fn acted(tx: &impl Read, user: Uuid) -> Result<Vec<Uuid>> {
    let by = |event: &Event| matches!(event.actor, Actor::User(id) | Actor::Administrator(id) if id == user);
    let events = of_everybody(tx, None, usize::MAX, by)?;
    Ok(events.into_iter().map(|event| event.id).collect())
}

/// Takes off these events who did it, and from where.
pub fn unname(tx: &mut WriteTx<'_>, ids: &[Uuid]) -> Result<()> {
    for id in ids {
        if let Some(mut event) = tx.get(&EVENTS, id)? {
            event.actor = event.actor.unnamed();
            (event.address, event.device) = (None, None);
            tx.put(&EVENTS, id, &event)?;
        }
    }
    Ok(())
}
