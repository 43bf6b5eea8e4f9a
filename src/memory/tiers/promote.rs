//! The job that promotes the best turns of a session that ended, and marks what they say is no longer so.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::WriteTx;
use uuid::Uuid;

use super::choose::{Scored, choose, importance_of};
use super::corrects::{corrects, tells_of_change};
use super::store as sessions;
use crate::app::App;
use crate::billing::Moment;
use crate::error::{Error, Result};
use crate::jobs::{Job, Outcome};
use crate::memory::place::position_of;
use crate::memory::row::{Kind, Memory, Speaker, Tier};
use crate::memory::{Wanted, distil, figures, recall, remember, store};

/// The kind of job.
pub const KIND: &str = "memory.promote";

/// Rows read in one go.
const STEP: usize = 1_000;
/// Older statements that a correction is compared with.
const LOOKED_AT: usize = 30;

/// Which session, and when it ended: what is said later makes no difference.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Ended {
    user: Uuid,
    session: Uuid,
    at: Timestamp,
}

/// Has a session promoted.
pub fn add(tx: &mut WriteTx<'_>, moment: Moment<'_>, (user, session): (Uuid, Uuid)) -> Result<()> {
    let at = moment.now;
    let ended = Ended { user, session, at };
    let job = moment.app.jobs.add(tx, KIND, &ended)?;
    distil::note_job(tx, moment.app, (user, job), (KIND, session))
}

/// Promotes a session of the queue.
pub async fn promote(app: App, job: Job) -> Outcome {
    let Ok(ended) = serde_json::from_str::<Ended>(&job.payload) else {
        return Outcome::Fail("it does not say which session".into());
    };
    match run(&app, ended).await {
        Ok(()) => Outcome::Done,
        Err(error) => Outcome::Retry(error.to_string()),
    }
}

async fn run(app: &App, ended: Ended) -> Result<()> {
    let Some((chosen, until)) = chosen(app, ended)? else {
        return Ok(());
    };
    let replaced = replaced(app, ended).await?;
    let inside = app.clone();
    let write = move |tx: &mut WriteTx<'_>| {
        let moment = Moment::now(&inside);
        for id in chosen {
            remember::change(tx, moment, (ended.user, id), |memory| {
                if memory.tier == Tier::Itm && !memory.kept_itm {
                    memory.tier = Tier::Ltm;
                    memory.promoted_at = Some(ended.at);
                }
            })?;
        }
        for (new, old) in replaced {
            mark(tx, moment, ended.user, (new, old))?;
        }
        let key = (ended.user, ended.session);
        if figures::next_position(tx, key.0, key.1)?.is_some() {
            let reached = sessions::reached(tx, key.0, key.1)?;
            let promoted = reached.promoted.max(until);
            sessions::put_reached(
                tx,
                key,
                sessions::Reached {
                    promoted,
                    ..reached
                },
            )?;
        }
        Ok::<_, Error>(())
    };
    app.store.write(write).await
}

/// The turns to promote, and the position before which all has been looked at then; None when nothing was
/// said. Reads everything the person said: the bar is that of all of it.
fn chosen(app: &App, ended: Ended) -> Result<Option<(Vec<Uuid>, u32)>> {
    let Ended { user, session, at } = ended;
    let reached = app.store.read(|tx| sessions::reached(tx, user, session))?;
    let (mut all, mut after, mut until) = (Vec::new(), None, None);
    loop {
        let rows = app.store.read(|tx| store::after(tx, user, after, STEP))?;
        let Some((last, _)) = rows.last() else { break };
        after = Some(*last);
        for (id, memory) in rows {
            if !said(&memory) || memory.created_at > at {
                continue;
            }
            let here = memory.session == session;
            let position = position_of(memory.place);
            if here {
                until = until.max(Some(position + 1));
            }
            all.push(Scored {
                id,
                importance: importance_of(&memory),
                at: memory.created_at,
                place: memory.place,
                here,
                new: here && position >= reached.promoted,
                tier: memory.tier,
                kept_itm: memory.kept_itm,
            });
        }
    }
    let share = app.config.memory.promote_share;
    Ok(until.map(|until| (choose(all, share), until)))
}

const fn said(memory: &Memory) -> bool {
    matches!(memory.kind, Kind::Turn | Kind::Note)
}

/// Pairs of a new statement and an older one of the same speaker that it takes the place of.
async fn replaced(app: &App, ended: Ended) -> Result<Vec<(Uuid, Uuid)>> {
    let Ended { user, session, at } = ended;
    let news = app.store.read(|tx| {
        let reached = sessions::reached(tx, user, session)?;
        let mut news = Vec::new();
        for id in store::of_session(tx, user, session, usize::MAX)? {
            let memory = store::memory(tx, user, id)?;
            let new = memory.filter(|memory| {
                said(memory)
                    && position_of(memory.place) >= reached.promoted
                    && memory.created_at <= at
                    && memory.speaker != Speaker::Assistant
                    && tells_of_change(&memory.text)
            });
            news.extend(new.map(|memory| (id, memory)));
        }
        Ok::<_, Error>(news)
    })?;
    let mut pairs = Vec::new();
    for (id, new) in news {
        let wanted = Wanted {
            query: new.text.clone(),
            limit: LOOKED_AT,
            ..Wanted::default()
        };
        let found = recall::search(app, user, wanted).await?;
        let older = found
            .results
            .into_iter()
            .filter(|old| takes_place(&new, &old.memory));
        pairs.extend(older.map(|old| (id, old.id)));
    }
    Ok(pairs)
}

fn takes_place(new: &Memory, old: &Memory) -> bool {
    let theirs = said(old) && old.speaker == new.speaker;
    // A fact is about the person; what they wrote of themselves only they change.
    let of_them = old.kind == Kind::Fact && new.speaker == Speaker::User && !distil::own(old);
    let earlier = (old.created_at, old.place) < (new.created_at, new.place);
    let before = if said(old) {
        earlier
    } else {
        old.created_at < new.created_at
    };
    (theirs || of_them) && before && old.ended_at.is_none() && corrects(&new.text, &old.text)
}

/// Marks `old` as no longer so since `new`, if both are still there and still say so.
fn mark(
    tx: &mut WriteTx<'_>,
    moment: Moment<'_>,
    user: Uuid,
    (new, old): (Uuid, Uuid),
) -> Result<()> {
    let newer = store::memory(tx, user, new)?;
    let older = store::memory(tx, user, old)?;
    let (Some(newer), Some(older)) = (newer, older) else {
        return Ok(());
    };
    if takes_place(&newer, &older) {
        remember::change(tx, moment, (user, old), |memory| {
            memory.ended_at = Some(newer.created_at);
            memory.superseded_by = Some(new);
        })?;
    }
    Ok(())
}
