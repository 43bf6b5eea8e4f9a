//! The nightly look at what waits to be distilled.
//!
//! Must stay true: each night what waited when it began is begun once, a bounded number of jobs at a time, and
//! of everybody who waits at least one: how much somebody has makes nobody else wait; a night that was slept
//! through is made up for; what waits is looked through without a writer.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use storage::{ReadTx, WriteTx};
use uuid::Uuid;

use super::standing::{enabled, first_at};
use super::store::{self, Waiting};
use super::{begin, is_open};
use crate::app::App;
use crate::auth::CurrentUser;
use crate::error::{Error, Result};

/// Sessions whose jobs are in the queue at a time; beyond these one of each who has none there.
const AT_A_TIME: usize = 200;
/// Rows that are looked at in one go.
const PAGE: usize = 500;

/// A person's session.
type Session = (Uuid, Uuid);

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
    let day = store::day_of(app.clock.now());
    let mut people = look_through(app, day)?;
    // Somebody else is the first each time.
    let [dice] = app.random.bytes::<1>();
    let first = usize::from(dice) % people.len().max(1);
    people.rotate_left(first);
    let (chosen, left) = choose(people);
    let inside = app.clone();
    let begin = move |tx: &mut WriteTx<'_>| {
        if let Some(by) = by {
            by.still(tx)?;
        }
        let mut begun = 0;
        for key in chosen {
            let waiting = store::waiting(tx, key)?;
            if waiting.is_some_and(|waiting| waiting.may_begin(day)) {
                begin(tx, &inside, key, false)?;
                begun += 1;
            }
        }
        if !left {
            let now = inside.clock.now();
            let spent = store::spent(tx, now)?;
            let night = Some(now);
            store::put_spent(tx, &store::Spent { night, ..spent })?;
        }
        Ok::<_, Error>(begun)
    };
    app.store.write(begin).await
}

/// What waits of one person.
#[derive(Debug, Default)]
struct Theirs {
    /// Sessions whose jobs are in the queue.
    queued: usize,
    may_begin: VecDeque<Session>,
    /// More of them than are begun at a time.
    more: bool,
}

/// Everybody of whom something waits that may begin on this day, or is in the queue.
fn look_through(app: &App, day: i64) -> Result<Vec<Theirs>> {
    let mut people: BTreeMap<Uuid, Theirs> = BTreeMap::new();
    let mut after = None;
    loop {
        let page = |tx: &ReadTx| {
            let rows = store::waiting_after(tx, after, PAGE)?;
            let looked = rows.into_iter().map(|(key, waiting)| {
                let open = in_the_queue(tx, app, &waiting)?;
                Ok::<_, Error>((key, open, waiting.may_begin(day)))
            });
            looked.collect::<Result<Vec<_>>>()
        };
        let rows = app.store.read(page)?;
        let Some((last, _, _)) = rows.last() else {
            return Ok(people.into_values().collect());
        };
        after = Some(*last);
        for (key, open, may_begin) in rows {
            let theirs = people.entry(key.0).or_default();
            if open {
                theirs.queued += 1;
            } else if may_begin && theirs.may_begin.len() < AT_A_TIME {
                theirs.may_begin.push_back(key);
            } else {
                theirs.more |= may_begin;
            }
        }
    }
}

fn in_the_queue(tx: &ReadTx, app: &App, waiting: &Waiting) -> Result<bool> {
    Ok(is_open(tx, app, waiting.distil.job)? || is_open(tx, app, waiting.reflect.job)?)
}

/// Those that begin now: one of each person's after the other, of whoever has the fewest in the queue. And
/// whether there are more.
fn choose(mut people: Vec<Theirs>) -> (Vec<Session>, bool) {
    let queued: usize = people.iter().map(|theirs| theirs.queued).sum();
    let more = people.iter().any(|theirs| theirs.more);
    let waits = people.iter().enumerate();
    let waits = waits.filter(|(_, theirs)| !theirs.may_begin.is_empty());
    let mut line: BTreeSet<(usize, usize)> = waits
        .map(|(number, theirs)| (theirs.queued, number))
        .collect();
    let mut chosen = Vec::new();
    while let Some((in_queue, number)) = line.pop_first() {
        let full = queued + chosen.len() >= AT_A_TIME;
        if (full && in_queue > 0) || chosen.len() >= AT_A_TIME {
            return (chosen, true);
        }
        let Some(theirs) = people.get_mut(number) else {
            continue;
        };
        chosen.extend(theirs.may_begin.pop_front());
        if !theirs.may_begin.is_empty() {
            line.insert((in_queue + 1, number));
        }
    }
    (chosen, more)
}

/// Begins jobs for what waits of one person's, or for one session again from its start; the jobs.
pub fn begin_theirs(
    tx: &mut WriteTx<'_>,
    app: &App,
    (user, session): (Uuid, Option<Uuid>),
) -> Result<(Vec<Uuid>, usize)> {
    let sessions = if let Some(session) = session {
        super::whole(tx, (user, session))?;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn person(number: u128, queued: usize, waits: u128) -> Theirs {
        let user = Uuid::from_u128(number);
        Theirs {
            queued,
            may_begin: (0..waits).map(|n| (user, Uuid::from_u128(n))).collect(),
            more: waits > 190,
        }
    }

    fn of(chosen: &[Session], number: u128) -> usize {
        let user = Uuid::from_u128(number);
        chosen.iter().filter(|(of, _)| *of == user).count()
    }

    /// Places are shared evenly, whoever comes first and however much somebody has.
    #[test]
    fn places_are_shared() {
        let people = vec![person(1, 0, 200), person(2, 0, 3), person(3, 0, 200)];
        let (chosen, left) = choose(people);
        assert_eq!(chosen.len(), AT_A_TIME);
        assert_eq!(
            (of(&chosen, 1), of(&chosen, 2), of(&chosen, 3)),
            (99, 3, 98)
        );
        assert!(left);
        assert_eq!(chosen[1].0, Uuid::from_u128(2), "one after the other");
    }

    /// A queue that is full of one person's has a place for everybody else.
    #[test]
    fn a_full_queue_keeps_nobody_out() {
        let (chosen, left) = choose(vec![person(1, 200, 50), person(2, 0, 5), person(3, 1, 5)]);
        assert_eq!((of(&chosen, 1), of(&chosen, 2), of(&chosen, 3)), (0, 1, 0));
        assert!(left);
        let (chosen, left) = choose(vec![person(1, 3, 5), person(2, 1, 0)]);
        assert_eq!((chosen.len(), left), (5, false));
    }
}
