//! What is still to be asked about a session: a summary and chunk after chunk of facts; or a look back.
//!
//! Must stay true: of one session each item is asked for once per `source::CHUNK` turns at most, unless what
//! was said has changed since; what was done is not asked again when a job goes on.

use storage::{Read, WriteTx};

use super::About;
use super::prompt::Item;
use super::source::{self, CHUNK, MOST_CHUNKS, Sign, Turn};
use super::store::{self, Mark, Task, Waiting};
use crate::error::Result;
use crate::memory::figures;
use crate::memory::row::Speaker;

/// So many turns are worth a summary and a look back.
const WORTH_A_SUMMARY: usize = 4;
/// The bit of the summary, or of the look back; chunks of facts follow.
const FIRST: u32 = 0;

/// Which of the two jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Summary and facts.
    Distil,
    Reflect,
}

impl Part {
    pub fn task(self, waiting: &mut Waiting) -> &mut Task {
        match self {
            Self::Distil => &mut waiting.distil,
            Self::Reflect => &mut waiting.reflect,
        }
    }
}

/// One call: what is asked for, about which turns.
pub struct Step {
    pub number: u32,
    pub item: Item,
    pub shown: Vec<Turn>,
    /// Of what the session was when it was shown.
    pub mark: Mark,
}

/// What a job is to do now.
pub enum Next {
    /// Its session does not wait any more.
    Nothing,
    /// To be planned first; also when the session was begun anew since.
    Plan,
    Ask(Step),
    /// All was asked.
    Finish,
}

/// Says what is to be done, unless that was said already.
pub fn plan(tx: &mut WriteTx<'_>, about: About, part: Part) -> Result<()> {
    let key = (about.user, about.session);
    let Some(mut waiting) = store::waiting(tx, key)? else {
        return Ok(());
    };
    let from = waiting.from;
    let task = part.task(&mut waiting);
    if task.done || task.todo.is_some() {
        return Ok(());
    }
    let next = figures::next_position(tx, about.user, about.session)?.unwrap_or(0);
    task.until = next.min(from.saturating_add(CHUNK * MOST_CHUNKS));
    let all = source::signs(tx, key, task.until)?;
    task.todo = Some(match part {
        Part::Distil => to_distil(&all, (from, task.until)),
        Part::Reflect => u64::from(!to_look_back_at(all).is_empty()) << FIRST,
    });
    store::put_waiting(tx, key, &waiting)
}

fn to_distil(all: &[Sign], (from, until): (u32, u32)) -> u64 {
    let mut todo = u64::from(all.len() >= WORTH_A_SUMMARY) << FIRST;
    for number in 0..chunks(from, until) {
        if !to_find_facts_in(all, from, number).is_empty() {
            todo |= 1 << (number + 1);
        }
    }
    todo
}

fn chunks(from: u32, until: u32) -> u32 {
    until.saturating_sub(from).div_ceil(CHUNK).min(MOST_CHUNKS)
}

/// What a summary is about; nothing where that is not worth one.
fn to_summarise(all: Vec<Sign>) -> Vec<Sign> {
    if all.len() < WORTH_A_SUMMARY {
        return Vec::new();
    }
    source::best(all)
}

/// What Nova looks back at: its own words and the person's. What others wrote, who come in by an import, is
/// nothing that it conducted, and is not to become its advice.
fn to_look_back_at(mut all: Vec<Sign>) -> Vec<Sign> {
    all.retain(|sign| !matches!(sign.speaker, Speaker::Named(_)));
    if !all.iter().any(|sign| sign.speaker == Speaker::Assistant) {
        return Vec::new();
    }
    to_summarise(all)
}

/// A chunk; nothing where it states nothing.
fn to_find_facts_in(all: &[Sign], from: u32, number: u32) -> Vec<Sign> {
    let chunk = source::chunk(all, from, number);
    let states = |sign: &Sign| sign.speaker != Speaker::Assistant && !sign.asks;
    if chunk.iter().any(states) {
        chunk
    } else {
        Vec::new()
    }
}

/// The next call, or what is to be done instead. `most` facts are kept of a session.
pub fn next(tx: &impl Read, about: About, part: Part, most: usize) -> Result<Next> {
    let key = (about.user, about.session);
    let Some(mut waiting) = store::waiting(tx, key)? else {
        return Ok(Next::Nothing);
    };
    let (from, mark) = (waiting.from, waiting.mark());
    let task = part.task(&mut waiting);
    if task.done {
        return Ok(Next::Nothing);
    }
    let todo = match task.todo {
        None => return Ok(Next::Plan),
        Some(0) => return Ok(Next::Finish),
        Some(todo) => todo,
    };
    let all = source::signs(tx, key, task.until)?;
    let number = todo.trailing_zeros();
    let (item, chosen) = match (part, number) {
        (Part::Reflect, _) => (Item::REFLECTION, to_look_back_at(all)),
        (Part::Distil, FIRST) => (Item::SUMMARY, to_summarise(all)),
        (Part::Distil, number) => {
            let left = most.saturating_sub(task.facts as usize);
            let share = left.div_ceil(todo.count_ones() as usize);
            (Item::facts(share), to_find_facts_in(&all, from, number - 1))
        }
    };
    Ok(Next::Ask(Step {
        number,
        item,
        shown: source::turns(tx, about.user, &chosen)?,
        mark,
    }))
}
