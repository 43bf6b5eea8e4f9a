//! The tables of what is counted of memories.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use storage::{Read, Record, Span, Table, TableInfo, WriteTx};
use uuid::Uuid;

use crate::error::Result;
use crate::memory::importance::Moments;
use crate::memory::signs::Signs;

const GROUPS: Table<(Uuid, u32), Group> = Table::new("memory_groups");
const GROUP_OF: Table<(Uuid, Uuid), Ordinal> = Table::new("memory_group_of");
const SIGNS: Table<(Uuid, u64), Signs> = Table::new("memory_signs");
const WORDS: Table<(Uuid, String), Documents> = Table::new("memory_words");
const STATISTICS: Table<Uuid, Statistics> = Table::new("memory_statistics");
const SAME: Table<(Uuid, u64, Uuid), ()> = Table::new("memory_same_words");
const WEEKS: Table<(Uuid, u32), Week> = Table::new("memory_weeks");

#[rustfmt::skip]
pub const CATALOGUE: [TableInfo; 7] = [
    GROUPS.info("memory", "user, group", "what was said together: which conversation, how much").by_user(),
    GROUP_OF.info("memory", "user, conversation", "its group").by_user(),
    SIGNS.info("memory", "user, place", "the memory that stands there, without its words").by_user(),
    WORDS.info("memory", "user, stem", "how many memories have it").by_user(),
    STATISTICS.info("memory", "user", "how many memories, of which kinds, how long").by_user(),
    SAME.info("memory", "user, hash of the stems, memory", "(index)").by_user(),
    WEEKS.info("memory", "user, week", "how many were added, promoted, forgotten").by_user(),
];

/// Memories that were said together, in the order of their positions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    pub session: Uuid,
    /// The name that the person gave it, when they stored it by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    pub next_position: u32,
    pub memories: u64,
    /// In stems.
    pub length: u64,
}

impl Record for Group {}

impl Group {
    pub fn new(session: Uuid, key: Option<&str>) -> Self {
        Self {
            session,
            key: key.map(str::to_owned),
            next_position: 0,
            memories: 0,
            length: 0,
        }
    }
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Ordinal(u32);
impl Record for Ordinal {}

impl Record for Signs {}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Documents(u32);
impl Record for Documents {}

/// What all memories of a person come to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Statistics {
    pub next_group: u32,
    /// Counts every change.
    pub revision: u64,
    pub memories: u64,
    /// In stems.
    pub length: u64,
    pub ltm: u64,
    pub pinned: u64,
    pub superseded: u64,
    /// In the order of `Kind::ALL`.
    pub by_kind: [u64; 5],
    #[serde(default)]
    pub groups: u64,
    /// Names of those who speak in them, but for the person and Nova, with how much they said.
    #[serde(default)]
    pub names: BTreeMap<String, u64>,
    /// What the person's turns are like, for telling how important one is.
    #[serde(default)]
    pub moments: Moments,
}

impl Record for Statistics {}

/// What happened in a week, Monday to Sunday, UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Week {
    pub added: u32,
    pub promoted: u32,
    pub forgotten: u32,
    /// By how many the long-term memories changed.
    pub ltm: i64,
}

impl Record for Week {}

pub fn group(tx: &impl Read, user: Uuid, ordinal: u32) -> Result<Option<Group>> {
    Ok(tx.get(&GROUPS, &(user, ordinal))?)
}

pub fn group_of_session(tx: &impl Read, user: Uuid, session: Uuid) -> Result<Option<u32>> {
    let ordinal = tx.get(&GROUP_OF, &(user, session))?;
    Ok(ordinal.map(|Ordinal(ordinal)| ordinal))
}

pub fn put_group(tx: &mut WriteTx<'_>, (user, ordinal): (Uuid, u32), group: &Group) -> Result<()> {
    tx.put(&GROUP_OF, &(user, group.session), &Ordinal(ordinal))?;
    Ok(tx.put(&GROUPS, &(user, ordinal), group)?)
}

pub fn delete_group(
    tx: &mut WriteTx<'_>,
    (user, ordinal): (Uuid, u32),
    group: &Group,
) -> Result<()> {
    tx.delete(&GROUP_OF, &(user, group.session))?;
    tx.delete(&GROUPS, &(user, ordinal))?;
    Ok(())
}

/// What is known of the memory that stands at a place.
pub fn signs(tx: &impl Read, user: Uuid, place: u64) -> Result<Option<Signs>> {
    Ok(tx.get(&SIGNS, &(user, place))?)
}

pub fn put_signs(tx: &mut WriteTx<'_>, user: Uuid, place: u64, signs: &Signs) -> Result<()> {
    Ok(tx.put(&SIGNS, &(user, place), signs)?)
}

pub fn delete_signs(tx: &mut WriteTx<'_>, user: Uuid, place: u64) -> Result<()> {
    tx.delete(&SIGNS, &(user, place))?;
    Ok(())
}

/// How many of a person's memories have a stem.
pub fn documents_with(tx: &impl Read, user: Uuid, stem: &str) -> Result<u32> {
    let row = tx.get(&WORDS, &(user, stem.to_owned()))?;
    Ok(row.map_or(0, |Documents(count)| count))
}

/// Counts the stems of one memory in or out.
pub fn count_words(
    tx: &mut WriteTx<'_>,
    user: Uuid,
    mut stems: Vec<String>,
    by: i64,
) -> Result<()> {
    stems.sort_unstable();
    stems.dedup();
    for stem in stems {
        let key = (user, stem);
        let before = tx.get(&WORDS, &key)?.map_or(0, |Documents(count)| count);
        let now = i64::from(before).saturating_add(by);
        match u32::try_from(now).unwrap_or(0) {
            0 => drop(tx.delete(&WORDS, &key)?),
            now => tx.put(&WORDS, &key, &Documents(now))?,
        }
    }
    Ok(())
}

/// The memory stored first of those with these words.
pub fn first_of_same(tx: &impl Read, user: Uuid, words: u64) -> Result<Option<Uuid>> {
    let rows = tx.scan(&SAME, Span::prefix(&(user, words)), 1)?;
    Ok(rows.into_iter().map(|((_, _, id), ())| id).next())
}

pub fn put_same(tx: &mut WriteTx<'_>, user: Uuid, words: u64, id: Uuid) -> Result<()> {
    Ok(tx.put(&SAME, &(user, words, id), &())?)
}

pub fn delete_same(tx: &mut WriteTx<'_>, user: Uuid, words: u64, id: Uuid) -> Result<()> {
    Ok(tx.delete(&SAME, &(user, words, id)).map(drop)?)
}

pub fn statistics(tx: &impl Read, user: Uuid) -> Result<Statistics> {
    Ok(tx.get(&STATISTICS, &user)?.unwrap_or_default())
}

/// Everybody's memories.
pub fn count_all(tx: &impl Read) -> Result<u64> {
    let all = tx.scan(&STATISTICS, Span::all(), usize::MAX)?;
    Ok(all.iter().map(|(_, statistics)| statistics.memories).sum())
}

/// Everybody's places at which a memory stands, from after `after`.
pub fn places_after(
    tx: &impl Read,
    after: Option<(Uuid, u64)>,
    limit: usize,
) -> Result<Vec<(Uuid, u64)>> {
    let span = after.map_or_else(Span::all, |key| Span::all().after(&key));
    let rows = tx.scan(&SIGNS, span, limit)?;
    Ok(rows.into_iter().map(|(key, _)| key).collect())
}

pub fn put_statistics(tx: &mut WriteTx<'_>, user: Uuid, statistics: &Statistics) -> Result<()> {
    Ok(tx.put(&STATISTICS, &user, statistics)?)
}

/// Number of a week, counted from that of 29 December 1969, a Monday.
pub fn week_of(at: Timestamp) -> u32 {
    let days = at.as_second().div_euclid(86_400);
    u32::try_from((days + 3).div_euclid(7)).unwrap_or(0)
}

pub fn week(tx: &impl Read, user: Uuid, number: u32) -> Result<Week> {
    Ok(tx.get(&WEEKS, &(user, number))?.unwrap_or_default())
}

pub fn put_week(tx: &mut WriteTx<'_>, user: Uuid, number: u32, week: &Week) -> Result<()> {
    Ok(tx.put(&WEEKS, &(user, number), week)?)
}

/// The Monday with which a week begins.
pub fn monday(number: u32) -> Date {
    let days = i64::from(number) * 7 - 3;
    Date::constant(1970, 1, 1).saturating_add(SignedDuration::from_hours(days * 24))
}

/// All weeks in which something happened, oldest first, by number.
pub fn weeks(tx: &impl Read, user: Uuid) -> Result<BTreeMap<u32, Week>> {
    let rows = tx.scan(&WEEKS, Span::prefix(&user), usize::MAX)?;
    Ok(rows
        .into_iter()
        .map(|((_, number), week)| (number, week))
        .collect())
}

/// Removes some of what tells of the content of somebody's memories; returns how many rows. Where they have
/// none left there is nothing to remove, unless something was counted wrongly.
pub fn clear(tx: &mut WriteTx<'_>, user: Uuid, limit: usize) -> Result<usize> {
    let mut removed = tx.delete_some(&GROUPS, Span::prefix(&user), limit)?;
    removed += tx.delete_some(&GROUP_OF, Span::prefix(&user), limit)?;
    removed += tx.delete_some(&SIGNS, Span::prefix(&user), limit)?;
    removed += tx.delete_some(&WORDS, Span::prefix(&user), limit)?;
    Ok(removed + tx.delete_some(&SAME, Span::prefix(&user), limit)?)
}

/// Removes some of what is counted of an account that is being deleted; returns how many rows.
pub fn erase(tx: &mut WriteTx<'_>, user: Uuid, limit: usize) -> Result<usize> {
    let mut removed = clear(tx, user, limit)?;
    removed += tx.delete_some(&WEEKS, Span::prefix(&user), limit)?;
    removed += usize::from(tx.delete(&STATISTICS, &user)?);
    Ok(removed)
}
