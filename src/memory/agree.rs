//! Whether the text index and the stored memories are the same, and making them so.
//!
//! Must stay true: search keeps answering, and with everything there is, while the index is made anew.

use std::collections::BTreeSet;
use std::time::Duration;

use storage::TextOp;
use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::follow::caught_up;
use super::row::Memory;
use super::{figures, store};
use crate::app::App;
use crate::error::{Error, Result};

/// Rows read in one go.
const STEP: usize = 1000;
/// How long the follower may take to catch up before that is a finding.
const PATIENCE: Duration = Duration::from_mins(10);

/// What a comparison read, and what it found.
#[derive(Debug, Default)]
pub struct Agreement {
    pub findings: Vec<String>,
    pub memories: u64,
}

type Ids = BTreeSet<(Uuid, Uuid)>;

/// Compares the text index with the rows, both ways.
pub async fn disagreements(app: &App) -> Result<Agreement> {
    let mut findings = Vec::new();
    let in_time = app.clock.timeout(PATIENCE, catch_up(app)).await.is_ok();
    if !in_time {
        findings.push("text index: it has not taken up all changes".to_owned());
    }
    let (memories, mut missing, mut stray) = blocking(app, |app| compare(&app)).await?;
    if in_time && !(missing.is_empty() && stray.is_empty()) {
        // What was stored or forgotten in between looks like a difference; a real one is still there.
        let _ = app.clock.timeout(PATIENCE, catch_up(app)).await;
        let (_, again, strays) = blocking(app, |app| compare(&app)).await?;
        missing.retain(|id| again.contains(id));
        stray.retain(|id| strays.contains(id));
    }
    let advice = "`novacore reindex` repairs it";
    if in_time && !missing.is_empty() {
        let count = missing.len();
        findings.push(format!(
            "text index: {count} stored memories are not in it; {advice}"
        ));
    }
    if !stray.is_empty() {
        let count = stray.len();
        findings.push(format!(
            "text index: {count} of its documents are of no stored memory; {advice}"
        ));
    }
    Ok(Agreement { findings, memories })
}

/// Waits until every stored change can be found.
async fn catch_up(app: &App) {
    let mut indexed = app.indexed.subscribe();
    while !caught_up(app).unwrap_or(true) {
        if indexed.changed().await.is_err() {
            return;
        }
    }
}

/// How many memories there are, those that the index lacks, and its documents that are of none.
fn compare(app: &App) -> Result<(u64, Ids, Ids)> {
    let mut stray: Ids = app.text.documents()?.into_iter().collect();
    let (mut memories, mut missing, mut after) = (0, Ids::new(), None);
    loop {
        let rows = app.store.read(|tx| store::all_after(tx, after, STEP))?;
        for (user, id, _) in &rows {
            memories += 1;
            if !stray.remove(&(*user, *id)) {
                missing.insert((*user, *id));
            }
        }
        match rows.last() {
            Some((user, id, _)) => after = Some((*user, *id)),
            None => return Ok((memories, missing, stray)),
        }
    }
}

/// Puts every stored memory into the text index again, takes out what is of none, and rewrites its
/// files. Returns how many memories there are.
pub async fn reindex(app: &App, tell: impl Fn(u64, u64) + Send + 'static) -> Result<u64> {
    let done = blocking(app, move |app| {
        let total = app.store.read(figures::count_all)?;
        let (mut done, mut after) = (0, None);
        loop {
            let rows = app.store.read(|tx| store::all_after(tx, after, STEP))?;
            let Some((user, id, _)) = rows.last() else {
                break;
            };
            after = Some((*user, *id));
            done += rows.len() as u64;
            put(&app, rows)?;
            app.text.commit(app.text.watermark())?;
            tell(done, total);
        }
        let (_, _, stray) = compare(&app)?;
        let removed = stray
            .into_iter()
            .map(|(owner, id)| TextOp::Remove { owner, id });
        app.text.apply(removed.collect())?;
        app.text.commit(app.text.watermark())?;
        app.text.purge()?;
        Ok(done)
    });
    done.await
}

/// Puts these rows in, and again what was changed or forgotten meanwhile: the follower may have told
/// the index of that before we told it the older state.
fn put(app: &App, mut rows: Vec<(Uuid, Uuid, Memory)>) -> Result<()> {
    while !rows.is_empty() {
        let ops = rows.iter().map(|(owner, id, memory)| TextOp::Put {
            owner: *owner,
            id: *id,
            place: memory.place,
            text: memory.text.clone(),
        });
        app.text.apply(ops.collect())?;
        let mut changed = Vec::new();
        app.store.read(|tx| {
            for (owner, id, told) in rows.drain(..) {
                match store::memory(tx, owner, id)? {
                    Some(now) if now.text == told.text && now.place == told.place => {}
                    Some(now) => changed.push((owner, id, now)),
                    None => app.text.apply(vec![TextOp::Remove { owner, id }])?,
                }
            }
            Ok::<_, Error>(())
        })?;
        rows = changed;
    }
    Ok(())
}

async fn blocking<T: Send + 'static>(
    app: &App,
    work: impl FnOnce(App) -> Result<T> + Send + 'static,
) -> Result<T> {
    let app = app.clone();
    spawn_blocking(move || work(app))
        .await
        .map_err(|e| Error::internal("comparing the text index", e))?
}
