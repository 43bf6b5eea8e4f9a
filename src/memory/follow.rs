//! The follower: keeps the text index, and the vectors in memory, up with what is stored, from the change
//! feed.
//!
//! Must stay true: the index can only be behind, never ahead; what is behind is caught up after a
//! crash, and an index that was deleted or does not belong to this data is filled again.

use std::time::Duration;

use storage::{Change, Read as _, ReadTx, TextOp};
use tokio::sync::watch;
use tokio::task::spawn_blocking;

use super::{embed, store};
use crate::app::App;
use crate::error::{Error, Result};
use crate::metrics;

/// Changes taken up in one go.
const STEP: usize = 1000;
/// The index's durable commit costs about 40 ms, so it is made at most this often.
const COMMIT_EVERY: Duration = Duration::from_secs(1);

/// How long somebody who stored something may be kept waiting until it can be found.
const FINDABLE: Duration = Duration::from_secs(1);

/// What is not committed is searched beside the index and slows its owner's searches: of a large import
/// at most so many changes wait for the next commit.
const COMMIT_AT: usize = 4000;

/// How long to wait after the disk refused, before it is tried again.
const AGAIN: Duration = Duration::from_secs(10);

/// Runs until the program stops. `committed` carries the number of the newest batch.
pub async fn follow(app: App, mut committed: watch::Receiver<u64>) {
    let Some(mut applied) = start(&app).await else {
        return;
    };
    let mut settled = app.clock.monotonic();
    let mut wait = COMMIT_EVERY;
    let mut waiting = 0;
    loop {
        committed.borrow_and_update();
        match catch_up(&app, applied).await {
            Ok(taken) => {
                applied = taken.seq;
                waiting += taken.texts;
                show_lag(&app, applied);
                if waiting >= COMMIT_AT && wait == COMMIT_EVERY {
                    app.indexed.send_replace(applied);
                    let kept = settle(&app, applied).await;
                    wait = if kept { COMMIT_EVERY } else { AGAIN };
                    (settled, waiting) = (app.clock.monotonic(), 0);
                }
                if !taken.all {
                    continue;
                }
            }
            Err(error) => {
                tracing::error!(%error, "the text index could not take up changes; trying again");
                metrics::index_lag(app.store.seq().saturating_sub(app.text.watermark()));
            }
        }
        app.indexed.send_replace(applied);
        // New changes are searchable at once; only their durable commit waits, and never longer than
        // this, however busy the writers are.
        let due = (settled + wait).saturating_sub(app.clock.monotonic());
        tokio::select! {
            biased;
            () = app.tasks.stop.cancelled() => break,
            () = app.clock.sleep(due), if app.text.pending() => {
                let kept = settle(&app, applied).await;
                wait = if kept { COMMIT_EVERY } else { AGAIN };
                (settled, waiting) = (app.clock.monotonic(), 0);
            }
            changed = committed.changed() => {
                if changed.is_err() {
                    break;
                }
            }
        }
    }
    settle(&app, applied).await;
}

/// Where to begin: at the index's watermark, or by filling an empty index from the truth, as often as
/// it takes. None when the program stops first.
async fn start(app: &App) -> Option<u64> {
    loop {
        let watermark = app.text.watermark();
        if watermark > 0 {
            return Some(watermark);
        }
        match fill(app).await {
            Ok(seq) => {
                settle(app, seq).await;
                return Some(seq);
            }
            Err(error) => {
                tracing::error!(%error, "the text index could not be filled, so recall by words is incomplete; trying again");
                metrics::index_lag(app.store.seq());
            }
        }
        tokio::select! {
            () = app.tasks.stop.cancelled() => return None,
            () = app.clock.sleep(AGAIN) => {}
        }
    }
}

/// Puts everything stored into the index, still under the watermark of an empty one; returns the
/// number up to which all is applied.
async fn fill(app: &App) -> Result<u64> {
    put_everything(app).await?;
    // An earlier filling that was cut off may have left something that was removed since. The feed
    // still has that removal, for it is only trimmed once the index has a watermark.
    let mut seq = 0;
    loop {
        let taken = catch_up(app, seq).await?;
        seq = taken.seq;
        if taken.all {
            return Ok(seq);
        }
    }
}

async fn put_everything(app: &App) -> Result<()> {
    let app = app.clone();
    let fill = move || {
        let mut after = None;
        let mut filled = 0;
        loop {
            let rows = app.store.read(|tx| store::all_after(tx, after, STEP))?;
            let Some((user, id, _)) = rows.last() else {
                break;
            };
            after = Some((*user, *id));
            filled += rows.len();
            app.text.apply(
                rows.into_iter()
                    .map(|(owner, id, memory)| TextOp::Put {
                        owner,
                        id,
                        place: memory.place,
                        text: memory.text,
                    })
                    .collect(),
            )?;
            app.text.commit(0)?;
        }
        if filled > 0 {
            tracing::info!(memories = filled, "the text index was rebuilt");
        }
        Ok(())
    };
    spawn_blocking(fill)
        .await
        .map_err(|e| Error::internal("filling the text index", e))?
}

/// What was applied.
struct Taken {
    /// Everything up to here.
    seq: u64,
    texts: usize,
    /// Whether that was all there is.
    all: bool,
}

/// Applies changes after `seq`: all, or as many as may wait for a commit.
async fn catch_up(app: &App, mut seq: u64) -> Result<Taken> {
    let app = app.clone();
    let work = move || {
        let mut texts = 0;
        loop {
            let truth = app.store.seq();
            let (changes, ops, vectors) = app.store.read(|tx| read_changes(tx, seq))?;
            texts += ops.len();
            if !ops.is_empty() {
                app.text.apply(ops)?;
            }
            for told in vectors {
                told.tell(&app);
            }
            let all = changes.len() < STEP;
            seq = changes.last().map_or(seq, |last| last.seq);
            if all || texts >= COMMIT_AT {
                seq = if all { seq.max(truth) } else { seq };
                return Ok(Taken { seq, texts, all });
            }
        }
    };
    spawn_blocking(work)
        .await
        .map_err(|e| Error::internal("following changes", e))?
}

type Read = (Vec<Change>, Vec<TextOp>, Vec<embed::Told>);

/// Some changes, and what the index and the vectors in memory are to be told: what is stored now.
fn read_changes(tx: &ReadTx, seq: u64) -> Result<Read> {
    let changes = tx.changes_after(seq, STEP)?;
    let (mut ops, mut vectors) = (Vec::with_capacity(changes.len()), Vec::new());
    for change in &changes {
        if change.feed == embed::FEED {
            vectors.extend(embed::told(tx, &change.key)?);
        }
        let key = store::from_feed_key(&change.key).filter(|_| change.feed == store::FEED);
        let Some((owner, id)) = key else {
            continue;
        };
        ops.push(match store::memory(tx, owner, id)? {
            Some(memory) => TextOp::Put {
                owner,
                id,
                place: memory.place,
                text: memory.text,
            },
            None => TextOp::Remove { owner, id },
        });
    }
    Ok((changes, ops, vectors))
}

/// Makes what was applied durable, and drops the changes nobody needs any more; false when the index
/// could not be written.
async fn settle(app: &App, seq: u64) -> bool {
    let committing = app.clone();
    let outcome = spawn_blocking(move || committing.text.commit(seq)).await;
    match outcome {
        Ok(Ok(())) => show_lag(app, seq),
        Ok(Err(error)) => {
            tracing::error!(%error, "the text index could not commit; trying again");
            return false;
        }
        Err(error) => {
            tracing::error!(%error, "the text index's commit was cut off");
            return false;
        }
    }
    let trimmed = app.store.write(move |tx| {
        tx.trim_changes(seq);
        Ok::<_, Error>(())
    });
    if let Err(error) = trimmed.await {
        tracing::warn!(%error, "could not trim the change feed");
    }
    true
}

/// Batches are counted: one without a memory in it makes no difference once nothing is pending.
fn show_lag(app: &App, applied: u64) {
    let lag = if app.text.pending() {
        applied.saturating_sub(app.text.watermark())
    } else {
        0
    };
    metrics::index_lag(lag);
}

/// Waits until what is stored by now can be found, which takes the follower a few milliseconds. When it is
/// behind, as while an index is filled, nobody is kept waiting for it.
pub async fn findable(app: &App) {
    let seq = app.store.seq();
    let mut indexed = app.indexed.subscribe();
    let taken_up = async {
        // What came later is somebody else's to wait for.
        while first_untaken(app).is_ok_and(|first| first.is_some_and(|first| first <= seq)) {
            if indexed.changed().await.is_err() {
                return;
            }
        }
    };
    drop(app.clock.timeout(FINDABLE, taken_up).await);
}

/// The oldest batch with a change that the index has not taken up.
fn first_untaken(app: &App) -> Result<Option<u64>> {
    let applied = *app.indexed.borrow();
    app.store.read(|tx| {
        let changes = tx.changes_after(applied, 1)?;
        Ok(changes.first().map(|change| change.seq))
    })
}

/// Waits until the index has taken up, durably, every change stored by now, and drops those changes; false
/// when the program stops first, or the disk refuses.
pub async fn taken_up(app: &App) -> bool {
    let mut indexed = app.indexed.subscribe();
    while !caught_up(app).unwrap_or(false) {
        tokio::select! {
            () = app.tasks.drain.cancelled() => return false,
            changed = indexed.changed() => if changed.is_err() { return false },
        }
    }
    let applied = *app.indexed.borrow();
    loop {
        if !settle(app, applied).await {
            return false;
        }
        // A batch drops some thousand changes at most.
        let oldest = app.store.read(|tx| tx.changes_after(0, 1));
        let oldest = oldest.map(|changes| changes.first().map(|change| change.seq));
        match oldest {
            Ok(Some(seq)) if seq <= applied => {}
            oldest => return oldest.is_ok(),
        }
    }
}

/// Whether every stored change can be found by a search.
pub fn caught_up(app: &App) -> Result<bool> {
    first_untaken(app).map(|first| first.is_none())
}

/// The number of the newest batch, as the store tells it.
pub fn commits(app: &App) -> watch::Receiver<u64> {
    let (sender, receiver) = watch::channel(app.store.seq());
    app.store.on_commit(move |seq| {
        sender.send_replace(seq);
    });
    receiver
}
