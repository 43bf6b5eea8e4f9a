//! The nightly look at what waits to be distilled.
//!
//! Must stay true: each night what waited when it began is begun once, a bounded number of jobs at a time;
//! a night that was slept through is made up for.

use storage::WriteTx;
use uuid::Uuid;

use super::standing::{enabled, first_at};
use super::store::{self, Task};
use super::{begin, is_open};
use crate::app::App;
use crate::auth::CurrentUser;
use crate::error::{Error, Result};

/// Sessions whose jobs are in the queue at a time.
const AT_A_TIME: usize = 200;

/// Begins what waits, when it is time; called now and then.
pub async fn nightly(app: &App) -> Result<()> {
    if !enabled(app) || app.held() {
        return Ok(());
    }
    let now = app.clock.now();
    let spent = app.store.read(|tx| store::spent(tx, now))?;
    let time = app.config.memory.time().unwrap_or_default();
    let Some(last) = spent.night.or(spent.watched) else {
        // Its first night is the next one.
        let watch = move |tx: &mut WriteTx<'_>| {
            let spent = store::spent(tx, now)?;
            let watched = Some(now);
            store::put_spent(tx, &store::Spent { watched, ..spent })
        };
        return app.store.write(watch).await;
    };
    if first_at(time, last) > now {
        return Ok(());
    }
    begin_everybodys(app, None).await.map(drop)
}

/// Begins jobs for what waits, as many as may be in the queue; how many sessions. When none is left, the
/// night is over.
pub async fn begin_everybodys(app: &App, by: Option<CurrentUser>) -> Result<usize> {
    let inside = app.clone();
    let begin = move |tx: &mut WriteTx<'_>| {
        if let Some(by) = by {
            by.still(tx)?;
        }
        let now = inside.clock.now();
        let mut spent = store::spent(tx, now)?;
        let (mut queued, mut begun, mut left) = (0, 0, false);
        for (key, waiting) in store::all_waiting(tx, None, usize::MAX)? {
            let tasks = [&waiting.distil, &waiting.reflect];
            let mut open = false;
            for task in tasks {
                open |= is_open(tx, &inside, task.job)?;
            }
            if open {
                queued += 1;
            } else if tasks.iter().any(|task| may_begin(task, spent.day)) {
                if queued + begun >= AT_A_TIME {
                    left = true;
                    continue;
                }
                begin(tx, &inside, key, false)?;
                begun += 1;
            }
        }
        if !left {
            spent.night = Some(now);
        }
        store::put_spent(tx, &spent)?;
        Ok::<_, Error>(begun)
    };
    app.store.write(begin).await
}

/// Not again on the day on which its answers could not be used.
fn may_begin(task: &Task, day: i64) -> bool {
    !task.done && task.failed_on != Some(day)
}

/// Begins jobs for what waits of one person's, or for one session again from its start; the jobs.
pub fn begin_theirs(
    tx: &mut WriteTx<'_>,
    app: &App,
    (user, session): (Uuid, Option<Uuid>),
) -> Result<(Vec<Uuid>, usize)> {
    let now = app.clock.now();
    let sessions = if let Some(session) = session {
        super::whole(tx, now, (user, session))?;
        vec![(user, session)]
    } else {
        let waiting = store::all_waiting(tx, Some(user), AT_A_TIME)?;
        waiting.into_iter().map(|(key, _)| key).collect()
    };
    let mut jobs = Vec::new();
    for key in &sessions {
        jobs.extend(begin(tx, app, *key, true)?);
    }
    Ok((jobs, sessions.len()))
}
