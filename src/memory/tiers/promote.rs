//! The job that promotes the best turns of a session that ended, and marks what they say is no longer so.
//!
//! Must stay true: of all that a person has, only signs are read, a page at a time and beside whoever waits
//! for an answer; texts only of what is new in the session.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::WriteTx;
use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::choose::{Rank, choose, importance_of};
use super::corrects::{corrects, tells_of_change};
use super::store as sessions;
use crate::app::App;
use crate::billing::Moment;
use crate::error::{Error, Result};
use crate::jobs::{Job, Outcome};
use crate::memory::place::{group_of, position_of};
use crate::memory::row::{Kind, Memory, Speaker, Tier};
use crate::memory::signs::Signs;
use crate::memory::{Wanted, distil, figures, recall, remember, store};

/// The kind of job.
pub const KIND: &str = "memory.promote";

/// Rows read in one go.
const STEP: usize = 1_000;
/// Turns that one transaction promotes.
const PROMOTED: usize = 500;
/// Older statements that a correction is compared with.
const LOOKED_AT: usize = 30;
/// Corrections of one session that are looked at, the newest: each is a search.
const CORRECTIONS: usize = 100;

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
    let inside = app.clone();
    let looking = spawn_blocking(move || Look::at(&inside, ended));
    let looked = looking
        .await
        .map_err(|e| Error::internal("looking at a session", e))??;
    let Some(until) = looked.until else {
        return Ok(());
    };
    let share = app.config.memory.promote_share;
    let replaced = replaced(app, ended.user, &looked.corrections).await?;
    let chosen = choose(looked.all, &looked.candidates, looked.has_some, share);
    for some in chosen.chunks(PROMOTED) {
        lift(app, ended, some.to_vec()).await?;
    }
    for some in replaced.chunks(PROMOTED) {
        end(app, ended.user, some.to_vec()).await?;
    }
    let write = move |tx: &mut WriteTx<'_>| {
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

/// Promotes these; what was done before a crash is the same when it is done again.
async fn lift(app: &App, ended: Ended, chosen: Vec<Uuid>) -> Result<()> {
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
        Ok::<_, Error>(())
    };
    app.store.write(write).await
}

/// Marks the older ones of these pairs as over.
async fn end(app: &App, user: Uuid, pairs: Vec<(Uuid, Uuid)>) -> Result<()> {
    let inside = app.clone();
    let write = move |tx: &mut WriteTx<'_>| {
        for pair in pairs {
            mark(tx, Moment::now(&inside), user, pair)?;
        }
        Ok::<_, Error>(())
    };
    app.store.write(write).await
}

/// What a look at everything the person said, up to the end of a session, brings: the bar is that of all of it.
#[derive(Default)]
struct Look {
    all: Vec<Rank>,
    /// New turns of the session that may be promoted.
    candidates: Vec<(Uuid, Rank)>,
    /// Whether the session has long-term ones.
    has_some: bool,
    /// The position before which all of the session has been looked at then; none when nothing is new.
    until: Option<u32>,
    /// New statements of the session that tell of a change, the newest ones.
    corrections: VecDeque<(Uuid, Memory)>,
}

impl Look {
    fn at(app: &App, ended: Ended) -> Result<Self> {
        let Ended { user, session, .. } = ended;
        let (group, reached) = app.store.read(|tx| {
            let group = figures::group_of_session(tx, user, session)?;
            Ok::<_, Error>((group, sessions::reached(tx, user, session)?.promoted))
        })?;
        let (mut look, mut after) = (Self::default(), None);
        loop {
            let rows = app
                .store
                .read(|tx| figures::signs_after(tx, user, after, STEP))?;
            let Some((last, _)) = rows.last() else {
                return Ok(look);
            };
            after = Some(*last);
            for (place, signs) in rows {
                if !said(signs.kind) || signs.at > ended.at.as_second() {
                    continue;
                }
                let rank = Rank {
                    importance: importance_of(signs.importance),
                    at: signs.at,
                    place,
                };
                look.all.push(rank);
                if group == Some(group_of(place)) {
                    look.here(app, ended, (rank, &signs), reached)?;
                }
            }
        }
    }

    /// Looks at a turn of the session; its row is read when it is new.
    fn here(
        &mut self,
        app: &App,
        ended: Ended,
        (rank, signs): (Rank, &Signs),
        reached: u32,
    ) -> Result<()> {
        let position = position_of(rank.place);
        self.has_some |= signs.tier == Tier::Ltm;
        if position < reached {
            return Ok(());
        }
        let id = signs.id;
        let row = app.store.read(|tx| store::memory(tx, ended.user, id))?;
        let Some(memory) = row.filter(|memory| memory.created_at <= ended.at) else {
            return Ok(());
        };
        self.until = self.until.max(Some(position + 1));
        if memory.tier == Tier::Itm && !memory.kept_itm {
            self.candidates.push((id, rank));
        }
        if memory.speaker != Speaker::Assistant && tells_of_change(&memory.text) {
            if self.corrections.len() == CORRECTIONS {
                self.corrections.pop_front();
            }
            self.corrections.push_back((id, memory));
        }
        Ok(())
    }
}

const fn said(kind: Kind) -> bool {
    matches!(kind, Kind::Turn | Kind::Note)
}

/// Pairs of a new statement and an older one of the same speaker that it takes the place of.
async fn replaced(
    app: &App,
    user: Uuid,
    news: &VecDeque<(Uuid, Memory)>,
) -> Result<Vec<(Uuid, Uuid)>> {
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
            .filter(|old| takes_place(new, &old.memory));
        pairs.extend(older.map(|old| (*id, old.id)));
    }
    Ok(pairs)
}

fn takes_place(new: &Memory, old: &Memory) -> bool {
    let theirs = said(old.kind) && old.speaker == new.speaker;
    // A fact is about the person; what they wrote of themselves only they change.
    let of_them = old.kind == Kind::Fact && new.speaker == Speaker::User && !distil::own(old);
    let earlier = (old.created_at, old.place) < (new.created_at, new.place);
    let before = if said(old.kind) {
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
