//! Keeping what a call came to, in one transaction: what it used, what of it holds, and that this step is
//! done.
//!
//! Must stay true: what is kept cites turns that are there at this moment and say what the model was shown;
//! what the person forgot is not kept again; a step is done in the transaction that keeps what it made, and
//! only when the session was not begun anew since it was shown.

use jiff::Timestamp;
use storage::{Read, WriteTx};
use uuid::Uuid;

use super::About;
use super::ask::{Given, Used};
use super::known::{self, New, Verdict};
use super::source::Turn;
use super::steps::{Part, Step};
use super::store::{self, Made};
use super::valid::{self, Refusal, Valid};
use super::{budget, unwanted, words};
use crate::app::App;
use crate::auth;
use crate::billing::{self, Moment};
use crate::error::Result;
use crate::memory::row::{Kind, Memory, Speaker, Tier};
use crate::memory::tiers::{self, Reached, tells_of_change};
use crate::memory::{remember, store as memories};
use crate::metrics;

/// Turns that a fact rests on when it is told again and again: more would only be in the way of forgetting.
const MOST_EVIDENCE: usize = 8;

/// What became of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    Accepted,
    /// One that is known says the same.
    Merged,
    Refused(Refusal),
}

impl Kept {
    const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Merged => "merged",
            Self::Refused(why) => why.name(),
        }
    }
}

/// Whose job a step belongs to.
#[derive(Clone, Copy)]
pub struct Doing {
    pub about: About,
    pub part: Part,
    pub job: Uuid,
}

/// Books what a call used, for the person and for today.
pub async fn book(app: &App, about: About, used: Used) -> Result<()> {
    let inside = app.clone();
    let book = move |tx: &mut WriteTx<'_>| spend(tx, Moment::now(&inside), about, used);
    app.store.write(book).await
}

fn spend(tx: &mut WriteTx<'_>, moment: Moment<'_>, about: About, used: Used) -> Result<()> {
    budget::book(tx, moment.now, about.user, used)?;
    let source = Some(about.session);
    billing::book_background(tx, moment, (about.user, source), used.tokens)
}

/// Keeps what a step came to.
pub async fn step(app: &App, doing: Doing, step: Step, (given, used): (Given, Used)) -> Result<()> {
    let checked = match given {
        Given::Claims(claims) => Some(checked(&step, &claims)),
        Given::Nothing => None,
        Given::Not(_) => return book(app, doing.about, used).await,
    };
    let inside = app.clone();
    let write = move |tx: &mut WriteTx<'_>| {
        let moment = Moment::now(&inside);
        spend(tx, moment, doing.about, used)?;
        let mut work = Keeping { tx, moment, doing };
        work.all(&step, checked)
    };
    for kept in app.store.write(write).await? {
        metrics::distilled(kept.name());
    }
    Ok(())
}

/// The claims that hold by themselves, and why the others do not.
fn checked(step: &Step, claims: &[valid::Claim]) -> Vec<std::result::Result<Valid, Refusal>> {
    let check = |(at, claim)| {
        if at >= step.item.most {
            return Err(Refusal::TooMany);
        }
        valid::check(step.item.kind, claim, &step.shown)
    };
    claims.iter().enumerate().map(check).collect()
}

/// The transaction of one step.
struct Keeping<'t, 's, 'm> {
    tx: &'t mut WriteTx<'s>,
    moment: Moment<'m>,
    doing: Doing,
}

impl Keeping<'_, '_, '_> {
    fn all(
        &mut self,
        step: &Step,
        checked: Option<Vec<std::result::Result<Valid, Refusal>>>,
    ) -> Result<Vec<Kept>> {
        let About { user, session } = self.doing.about;
        let key = (user, session);
        let there = auth::user(self.tx, user)?.is_some_and(|person| !person.disabled);
        let waiting = store::waiting(self.tx, key)?;
        // Forgotten meanwhile, or begun anew, or nobody's any more.
        if !there || waiting.is_none_or(|waiting| waiting.mark() != step.mark) {
            return Ok(Vec::new());
        }
        let failed = checked.is_none();
        let mut all = Vec::new();
        for claim in checked.unwrap_or_else(|| vec![Err(Refusal::Malformed)]) {
            all.push(match claim {
                Ok(valid) => self.claim(step, valid)?,
                Err(why) => Kept::Refused(why),
            });
        }
        for kept in &all {
            store::count(self.tx, kept.name(), 1)?;
        }
        self.done(step, &all, failed)?;
        Ok(all)
    }

    /// Notes that the step is done, and what it made.
    fn done(&mut self, step: &Step, all: &[Kept], failed: bool) -> Result<()> {
        let About { user, session } = self.doing.about;
        let made = made(step.item.kind, all);
        if let Some(mut begun) = store::job(self.tx, (user, self.doing.job))? {
            begun.made.facts += made.facts;
            begun.made.summaries += made.summaries;
            begun.made.reflections += made.reflections;
            begun.made.rejected += made.rejected;
            store::put_job(self.tx, (user, self.doing.job), &begun)?;
        }
        let Some(mut waiting) = store::waiting(self.tx, (user, session))? else {
            return Ok(());
        };
        let task = self.doing.part.task(&mut waiting);
        task.facts += made.facts;
        let bit = 1 << step.number;
        // What was forgotten or corrected while the model wrote about it is asked for again, of what is
        // said now.
        if !all.contains(&Kept::Refused(Refusal::Gone)) {
            task.todo = task.todo.map(|todo| todo & !bit);
        }
        if failed {
            task.failed |= bit;
        }
        store::put_waiting(self.tx, (user, session), &waiting)
    }

    fn claim(&mut self, step: &Step, valid: Valid) -> Result<Kept> {
        let Some(said) = still_there(self.tx, self.doing.about, &valid, &step.shown)? else {
            return Ok(Kept::Refused(Refusal::Gone));
        };
        let About { user, session } = self.doing.about;
        let kind = step.item.kind;
        if unwanted::is_unwanted(self.tx, user, (kind, &valid.text), &valid.evidence)? {
            return Ok(Kept::Refused(Refusal::Unwanted));
        }
        if !self.has_room(&valid)? {
            return Ok(Kept::Refused(Refusal::Full));
        }
        if kind == Kind::Fact {
            return self.fact(valid, &said);
        }
        let reached = tiers::reached(self.tx, user, session)?;
        let before = if kind == Kind::Summary {
            reached.summary
        } else {
            reached.reflection
        };
        if let Some(old) = before
            && let Some(memory) = memories::memory(self.tx, user, old)?
        {
            if memory.edited_at.is_some() || memory.pinned {
                return Ok(Kept::Refused(Refusal::Corrected));
            }
            if memory.text == valid.text && memory.evidence == valid.evidence {
                return Ok(Kept::Merged);
            }
            remember::forget(self.tx, self.moment, (user, old), &[old])?;
            unwanted::wanted(self.tx, (user, old), &memory)?;
        }
        let said_at = newest(&said);
        let id = self.store(kind, valid, (&said, said_at))?;
        let reached = if kind == Kind::Summary {
            Reached {
                summary: Some(id),
                ..reached
            }
        } else {
            Reached {
                reflection: Some(id),
                ..reached
            }
        };
        tiers::put_reached(self.tx, (user, session), reached)?;
        Ok(Kept::Accepted)
    }

    fn fact(&mut self, valid: Valid, said: &[Memory]) -> Result<Kept> {
        let user = self.doing.about.user;
        // What it only shares a word with tells neither when it was said nor of a change.
        let all = valid.evidence.iter().zip(said);
        let cited = all.filter(|(turn, _)| valid.cited.contains(turn));
        let cited: Vec<&Memory> = cited.map(|(_, memory)| memory).collect();
        let said_at = newest(cited.iter().copied());
        let new = New {
            text: &valid.text,
            said_at,
            changes: tells_of_change(&valid.text) || told_as_change(&valid.text, &cited),
        };
        match known::judge(&new, &known::all(self.tx, user)?) {
            Verdict::Refused(why) => Ok(Kept::Refused(why)),
            Verdict::Same(id) => {
                self.merge(id, valid.cited)?;
                Ok(Kept::Merged)
            }
            Verdict::New(ends) => {
                let id = self.store(Kind::Fact, valid, (said, said_at))?;
                known::end(self.tx, self.moment, (user, id), (said_at, &ends))?;
                Ok(Kept::Accepted)
            }
        }
    }

    /// Adds evidence to a fact that is known, as far as it has not enough of it.
    fn merge(&mut self, id: Uuid, mut turns: Vec<Uuid>) -> Result<()> {
        let user = self.doing.about.user;
        let Some(fact) = memories::memory(self.tx, user, id)? else {
            return Ok(());
        };
        turns.retain(|turn| !fact.evidence.contains(turn));
        turns.truncate(MOST_EVIDENCE.saturating_sub(fact.evidence.len()));
        if !turns.is_empty() {
            remember::change(self.tx, self.moment, (user, id), |fact| {
                fact.evidence.extend(turns);
            })?;
        }
        Ok(())
    }

    fn has_room(&mut self, valid: &Valid) -> Result<bool> {
        let Some(person) = auth::user(self.tx, self.doing.about.user)? else {
            return Ok(false);
        };
        let bytes = valid.text.len() as u64;
        Ok(billing::can_remember(self.tx, self.moment, &person, bytes)?.0)
    }

    /// Stores it in a group of its own, so that it is nobody's neighbour; as of when it was said.
    fn store(
        &mut self,
        kind: Kind,
        valid: Valid,
        (said, said_at): (&[Memory], Timestamp),
    ) -> Result<Uuid> {
        let id = self.moment.app.ids.next();
        let importance = said.iter().map(|turn| turn.importance).fold(0.0, f32::max);
        let memory = Memory {
            kind,
            tier: Tier::Ltm,
            importance,
            evidence: valid.evidence,
            ..Memory::turn(id, Speaker::Assistant, valid.text, said_at)
        };
        let user = self.doing.about.user;
        remember::remember(self.tx, self.moment, (user, id), &memory)?;
        Ok(id)
    }
}

/// The cited turns, if all are there, of this session, and say what the model was shown.
fn still_there(
    tx: &impl Read,
    about: About,
    valid: &Valid,
    shown: &[Turn],
) -> Result<Option<Vec<Memory>>> {
    let mut said = Vec::new();
    for id in &valid.evidence {
        let turn = shown.iter().find(|turn| turn.id == *id);
        let memory = memories::memory(tx, about.user, *id)?;
        match (turn, memory) {
            (Some(turn), Some(memory))
                if memory.session == about.session && memory.text == turn.text =>
            {
                said.push(memory);
            }
            _ => return Ok(None),
        }
    }
    Ok(Some(said))
}

fn newest<'m>(said: impl IntoIterator<Item = &'m Memory>) -> Timestamp {
    let times = said.into_iter().map(|turn| turn.created_at);
    times.max().unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Whether the sentence of the person's that a fact comes from tells of a change. Another one beside it, that
/// something else changed, says nothing of this.
fn told_as_change(text: &str, cited: &[&Memory]) -> bool {
    let own = words::stems(text);
    let (mut most, mut changes) = (0, false);
    let theirs = cited.iter().filter(|turn| turn.speaker == Speaker::User);
    for sentence in theirs.flat_map(|turn| words::sentences(&turn.text)) {
        let shared = own.intersection(&words::stems(sentence)).count();
        if shared > most {
            (most, changes) = (shared, tells_of_change(sentence));
        }
    }
    changes
}

fn made(kind: Kind, all: &[Kept]) -> Made {
    let count = |wanted: fn(&Kept) -> bool| {
        u32::try_from(all.iter().filter(|kept| wanted(kept)).count()).unwrap_or(u32::MAX)
    };
    let accepted = count(|kept| *kept == Kept::Accepted);
    let rejected = count(|kept| matches!(kept, Kept::Refused(_)));
    let mut made = Made {
        rejected,
        ..Made::default()
    };
    match kind {
        Kind::Fact => made.facts = accepted,
        Kind::Reflection => made.reflections = accepted,
        _ => made.summaries = accepted,
    }
    made
}
