//! What is still to be asked about a session: a summary and chunk after chunk of facts; or a look back.
//!
//! Must stay true: of one session each item is asked for once per `source::CHUNK` turns at most; what was
//! done is not asked again when a job goes on.

use storage::{Read, WriteTx};

use super::About;
use super::prompt::Item;
use super::source::{self, CHUNK, MOST_CHUNKS, Turn};
use super::store::{self, Task, Waiting};
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
}

/// Says what is to be done, once for each job; false when nothing waits.
pub fn plan(tx: &mut WriteTx<'_>, about: About, part: Part) -> Result<bool> {
    let key = (about.user, about.session);
    let Some(mut waiting) = store::waiting(tx, key)? else {
        return Ok(false);
    };
    let from = waiting.from;
    let task = part.task(&mut waiting);
    if task.done {
        return Ok(false);
    }
    if task.todo.is_none() {
        let turns = source::turns(tx, about.user, about.session)?;
        let next = figures::next_position(tx, about.user, about.session)?.unwrap_or(0);
        task.until = next.min(from.saturating_add(CHUNK * MOST_CHUNKS));
        task.todo = Some(match part {
            Part::Distil => to_distil(&turns, (from, task.until)),
            Part::Reflect => to_reflect(&turns),
        });
        store::put_waiting(tx, key, &waiting)?;
    }
    Ok(true)
}

fn to_distil(turns: &[Turn], (from, until): (u32, u32)) -> u64 {
    let mut todo = u64::from(turns.len() >= WORTH_A_SUMMARY) << FIRST;
    for number in 0..chunks(from, until) {
        let shown = source::chunk(turns, from, number);
        if shown.iter().any(states_something) {
            todo |= 1 << (number + 1);
        }
    }
    todo
}

fn to_reflect(turns: &[Turn]) -> u64 {
    let answered = turns.iter().any(|t| t.speaker == Speaker::Assistant);
    u64::from(answered && turns.len() >= WORTH_A_SUMMARY) << FIRST
}

fn chunks(from: u32, until: u32) -> u32 {
    until.saturating_sub(from).div_ceil(CHUNK).min(MOST_CHUNKS)
}

/// What only asks holds no fact.
fn states_something(turn: &Turn) -> bool {
    turn.speaker != Speaker::Assistant && !turn.text.trim_end().ends_with('?')
}

/// The next call; None when nothing is left. `most` facts are kept of a session.
pub fn next(tx: &impl Read, about: About, part: Part, most: usize) -> Result<Option<Step>> {
    let Some(mut waiting) = store::waiting(tx, (about.user, about.session))? else {
        return Ok(None);
    };
    let from = waiting.from;
    let task = part.task(&mut waiting);
    let todo = task.todo.unwrap_or(0);
    if task.done || todo == 0 {
        return Ok(None);
    }
    let turns = source::turns(tx, about.user, about.session)?;
    let number = todo.trailing_zeros();
    let (item, shown) = match (part, number) {
        (Part::Reflect, _) => (Item::REFLECTION, source::best(&turns)),
        (Part::Distil, FIRST) => (Item::SUMMARY, source::best(&turns)),
        (Part::Distil, number) => {
            let left = most.saturating_sub(task.facts as usize);
            let share = left.div_ceil(todo.count_ones() as usize);
            (Item::facts(share), source::chunk(&turns, from, number - 1))
        }
    };
    Ok(Some(Step {
        number,
        item,
        shown,
    }))
}
