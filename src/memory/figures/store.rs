//! The tables of what is counted of memories.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

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
const NAMES: Table<(Uuid, String, String), Said> = Table::new("memory_names");
const COUNTING: Table<u32, Counted> = Table::new("memory_counting");

/// Words of a name by which it is known.
const WORDS_OF_A_NAME: usize = 4;

/// Words of a text that are looked up as names: more than a question has.
const LOOKED_UP: usize = 640;
/// Names that differ in nothing but their capitals.
const SPELLINGS: usize = 8;

#[rustfmt::skip]
pub const CATALOGUE: [TableInfo; 9] = [
    GROUPS.info("memory", "user, group", "what was said together: which conversation, how much").by_user(),
    GROUP_OF.info("memory", "user, conversation", "its group").by_user(),
    SIGNS.info("memory", "user, place", "the memory that stands there, without its words").by_user(),
    WORDS.info("memory", "user, stem", "how many memories have it").by_user(),
    STATISTICS.info("memory", "user", "how many memories, of which kinds, how long").by_user(),
    SAME.info("memory", "user, hash of the stems, memory", "(index)").by_user(),
    WEEKS.info("memory", "user, week", "how many were added, promoted, forgotten").by_user(),
    NAMES.info("memory", "user, name or word of it in small letters, name", "how much somebody of that name said").by_user(),
    COUNTING.info("memory", "0", "how far the memories of an older program are counted; gone at the end"),
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
    /// Where names stood before they had a table; the next change moves them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    names: BTreeMap<String, u64>,
    /// What the person's turns are like, for telling how important one is: as they came, those that were
    /// forgotten since with the others, until nothing is left.
    #[serde(default)]
    pub moments: Moments,
}

impl Record for Statistics {}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Said(u64);
impl Record for Said {}

/// The last memory that is counted; none at the beginning.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Counted(pub Option<(Uuid, Uuid)>);
impl Record for Counted {}

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

/// What is known of a person's memories in the order of their places, from after `after`.
pub fn signs_after(
    tx: &impl Read,
    user: Uuid,
    after: Option<u64>,
    limit: usize,
) -> Result<Vec<(u64, Signs)>> {
    let mut span = Span::prefix(&user);
    if let Some(place) = after {
        span = span.after(&(user, place));
    }
    let rows = tx.scan(&SIGNS, span, limit)?;
    let places = rows.into_iter();
    Ok(places.map(|((_, place), signs)| (place, signs)).collect())
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

/// Counts how much somebody who is neither the person nor Nova said. `all` may have names of before.
pub fn count_name(
    tx: &mut WriteTx<'_>,
    (user, all): (Uuid, &mut Statistics),
    name: &str,
    by: i64,
) -> Result<()> {
    for (name, said) in std::mem::take(&mut all.names) {
        move_name(tx, user, &name, i64::try_from(said).unwrap_or(i64::MAX))?;
    }
    move_name(tx, user, name, by)
}

fn move_name(tx: &mut WriteTx<'_>, user: Uuid, name: &str, by: i64) -> Result<()> {
    for word in known_by(name) {
        let key = (user, word, name.to_owned());
        let before = tx.get(&NAMES, &key)?.map_or(0, |Said(said)| said);
        match before.saturating_add_signed(by) {
            0 => drop(tx.delete(&NAMES, &key)?),
            said => tx.put(&NAMES, &key, &Said(said))?,
        }
    }
    Ok(())
}

/// A name as a whole, and each of its words, in small letters.
fn known_by(name: &str) -> BTreeSet<String> {
    let lower = name.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric());
    let words = words.filter(|word| !word.is_empty()).map(str::to_owned);
    let mut all: BTreeSet<String> = words.take(WORDS_OF_A_NAME).collect();
    all.insert(lower);
    all
}

/// Which words of a text are names of those who speak in somebody's memories; of names that differ in their
/// capitals alone first the one that said most. The words are looked up, so that it is as quick with a
/// hundred thousand names as with one.
pub fn names_in(
    tx: &impl Read,
    (user, all): (Uuid, &Statistics),
    text: &str,
) -> Result<Vec<String>> {
    let none = tx.scan(&NAMES, Span::prefix(&user), 1)?.is_empty();
    if none && all.names.is_empty() {
        return Ok(Vec::new());
    }
    let words = text.split(|c: char| !c.is_alphanumeric());
    let words = words.filter(|word| !word.is_empty()).take(LOOKED_UP);
    let words: BTreeSet<String> = words.map(str::to_lowercase).collect();
    let mut names: Vec<String> = all.names.keys().cloned().collect();
    names.retain(|name| words.contains(&name.to_lowercase()));
    for word in words {
        let mut alike = tx.scan(&NAMES, Span::prefix(&(user, word)), SPELLINGS)?;
        alike.sort_by_key(|(_, Said(said))| Reverse(*said));
        for ((_, _, name), _) in alike {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    Ok(names)
}

/// Has the memories of an older program counted, from the first one on.
pub fn count_from_the_first(tx: &mut WriteTx<'_>) -> Result<()> {
    Ok(tx.put(&COUNTING, &0, &Counted(None))?)
}

/// After which memory counting goes on; None when all are counted.
pub fn counting(tx: &impl Read) -> Result<Option<Counted>> {
    Ok(tx.get(&COUNTING, &0)?)
}

/// Notes the last memory that is counted, or that it was the last of all.
pub fn put_counting(tx: &mut WriteTx<'_>, last: Option<(Uuid, Uuid)>) -> Result<()> {
    match last {
        Some(last) => Ok(tx.put(&COUNTING, &0, &Counted(Some(last)))?),
        None => Ok(tx.delete(&COUNTING, &0).map(drop)?),
    }
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
    removed += tx.delete_some(&NAMES, Span::prefix(&user), limit)?;
    let all = statistics(tx, user)?;
    // A place is never given twice.
    let none = Statistics {
        next_group: all.next_group,
        revision: all.revision,
        ..Statistics::default()
    };
    if all != none {
        put_statistics(tx, user, &none)?;
    }
    Ok(removed + tx.delete_some(&SAME, Span::prefix(&user), limit)?)
}

/// Removes some of what is counted of an account that is being deleted; returns how many rows.
pub fn erase(tx: &mut WriteTx<'_>, user: Uuid, limit: usize) -> Result<usize> {
    let mut removed = clear(tx, user, limit)?;
    removed += tx.delete_some(&WEEKS, Span::prefix(&user), limit)?;
    removed += usize::from(tx.delete(&STATISTICS, &user)?);
    Ok(removed)
}
