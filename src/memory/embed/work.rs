//! The worker that embeds what waits: a batch of one person's, then of the next one's.
//!
//! Must stay true: a vector is stored only for the text that it was made of, while that is there; what
//! fails is tried again, later and later, and nothing is lost; nobody's import, and no text that the model
//! does not take, keeps others waiting; an answer that is being written comes first.

use std::time::Duration;

use storage::WriteTx;
use uuid::Uuid;

use super::decide::{self, Trouble};
use super::decision::Decision;
use super::pieces::pieces;
use super::refused::{self, Vectors};
use super::store;
use super::{FEED, feed_key};
use crate::app::App;
use crate::error::Result;
use crate::memory::row::{Memory, Speaker};
use crate::memory::{figures, store as memories};
use crate::outside::EmbedModel;

/// Memories of one person in a batch.
const BATCH: usize = 64;
const FIRST_PAUSE: Duration = Duration::from_secs(10);
const LONGEST_PAUSE: Duration = Duration::from_mins(10);
/// Whether the model is still the same, and there, is looked at so often when nothing is to be done.
const LOOK_AGAIN: Duration = Duration::from_mins(10);

/// Runs until the program stops.
pub async fn keep_embedding(app: App) {
    if !super::on(&app) {
        return;
    }
    let mut indexed = app.indexed.subscribe();
    let mut turn = Turn {
        last: None,
        look: true,
    };
    loop {
        indexed.borrow_and_update();
        let worked = tokio::select! {
            biased;
            () = app.tasks.drain.cancelled() => return,
            worked = round(&app, &mut turn) => worked,
        };
        let pause = match worked {
            Ok(true) => {
                note(&app, None);
                // Others have their turn on this thread.
                tokio::task::yield_now().await;
                continue;
            }
            Ok(false) => {
                note(&app, None);
                LOOK_AGAIN
            }
            Err(trouble) => note(&app, Some(&trouble)),
        };
        let failed = app.care.embedding.borrow().failures > 0;
        turn.look = failed;
        tokio::select! {
            () = app.tasks.drain.cancelled() => return,
            () = app.clock.sleep(pause) => turn.look = true,
            () = app.care.embed_now.notified() => turn.look = true,
            changed = indexed.changed(), if !failed => if changed.is_err() { return },
        }
    }
}

/// Whose turn it was, and whether the model is to be looked at.
struct Turn {
    last: Option<Uuid>,
    look: bool,
}

/// Tells how it went; how long to wait when it did not.
fn note(app: &App, trouble: Option<&Trouble>) -> Duration {
    let mut pause = FIRST_PAUSE;
    app.care.embedding.send_modify(|how| {
        how.rounds += 1;
        how.failures = trouble.map_or(0, |_| how.failures.saturating_add(1));
        how.trouble = trouble.map(Trouble::for_administrators);
        let doubled = how.failures.saturating_sub(1).min(10);
        pause = FIRST_PAUSE.saturating_mul(1 << doubled).min(LONGEST_PAUSE);
    });
    if let Some(trouble) = trouble {
        tracing::warn!(trouble = %trouble.for_administrators(), again_in = pause.as_secs(), "memories could not be embedded; nothing is lost");
    }
    pause
}

/// Does one step; false when nothing is to be done.
async fn round(app: &App, turn: &mut Turn) -> Result<bool, Trouble> {
    let (decision, next) = app.store.read(|tx| {
        let next = store::next_waiting(tx, turn.last)?;
        Ok::<_, crate::error::Error>((store::decision(tx)?, next))
    })?;
    let decision = match decision {
        Some(decision) => decision,
        None if next.is_none() => return Ok(false),
        None => decide::first(app).await?,
    };
    let Some(model) = decision.in_force() else {
        return Ok(false);
    };
    if (turn.look || next.is_some()) && !decide::look(app, &decision).await? {
        return Ok(true);
    }
    turn.look = false;
    if decision.filling.is_some() {
        decide::fill(app).await?;
        return Ok(true);
    }
    let Some(user) = next else {
        return Ok(false);
    };
    turn.last = Some(user);
    embed(app, user, &decision, model).await?;
    Ok(true)
}

/// A memory that is being embedded.
struct Item {
    place: u64,
    id: Uuid,
    text: String,
    pieces: Vec<String>,
}

async fn embed(
    app: &App,
    user: Uuid,
    decision: &Decision,
    model: &EmbedModel,
) -> Result<(), Trouble> {
    let (items, gone) = read(app, user)?;
    let texts: Vec<_> = items.iter().map(|item| item.pieces.clone()).collect();
    let (vectors, trouble) = refused::embed(app, model, &texts).await;
    // What was embedded before the server failed is kept.
    let embedded: Vec<_> = items.into_iter().zip(vectors).collect();
    let tag = decision.tag;
    let keep = move |tx: &mut WriteTx<'_>| {
        for place in gone {
            if figures::signs(tx, user, place)?.is_none() {
                store::delete_waiting(tx, user, place)?;
            }
        }
        keep(tx, user, tag, embedded)
    };
    app.store.write(keep).await?;
    match trouble {
        Some(error) => Err(error.into()),
        None => Ok(()),
    }
}

/// Some that wait, and places at which nothing is any more.
fn read(app: &App, user: Uuid) -> Result<(Vec<Item>, Vec<u64>)> {
    app.store.read(|tx| {
        let (mut items, mut gone) = (Vec::new(), Vec::new());
        for place in store::waiting(tx, user, BATCH)? {
            let signs = figures::signs(tx, user, place)?;
            let memory = match &signs {
                Some(signs) => memories::memory(tx, user, signs.id)?,
                None => None,
            };
            match signs.zip(memory) {
                Some((signs, memory)) => items.push(Item {
                    place,
                    id: signs.id,
                    pieces: said(&memory),
                    text: memory.text,
                }),
                None => gone.push(place),
            }
        }
        Ok((items, gone))
    })
}

/// What is embedded of a memory. A name belongs to what it means: people ask for somebody by it. Who talks
/// with Nova is "I" in most questions, and has none.
fn said(memory: &Memory) -> Vec<String> {
    let pieces = pieces(&memory.text).into_iter();
    match &memory.speaker {
        Speaker::Named(name) => pieces.map(|piece| format!("{name}: {piece}")).collect(),
        Speaker::User | Speaker::Assistant => pieces.collect(),
    }
}

/// Stores the vectors of what is still there with the same words, unless another model was decided since.
fn keep(tx: &mut WriteTx<'_>, user: Uuid, tag: u32, embedded: Vec<(Item, Vectors)>) -> Result<()> {
    let decided = store::decision(tx)?;
    if decided.is_none_or(|decision| decision.tag != tag || decision.off) {
        return Ok(());
    }
    for (item, vectors) in embedded {
        let memory = memories::memory(tx, user, item.id)?;
        let same = memory.is_some_and(|m| m.place == item.place && m.text == item.text);
        if !same || !store::delete_waiting(tx, user, item.place)? {
            continue;
        }
        store::delete_vectors(tx, user, item.place)?;
        let refused = vectors.iter().any(Option::is_none);
        let mut kept = false;
        for (piece, vector) in (0_u8..).zip(vectors) {
            // What says nothing is near to nothing.
            let said = |vector: &Vec<f32>| vector.iter().any(|number| *number != 0.0);
            if let Some(vector) = vector.filter(said) {
                store::put_vector(tx, (user, item.place, piece), tag, vector)?;
                kept = true;
            }
        }
        if refused && !kept {
            refused::put(tx, (user, item.place))?;
        }
        tx.record_change(FEED, &feed_key(user, item.place))?;
    }
    Ok(())
}

/// Whether everything that can be embedded now is: nothing waits, or it is off, or it does not work.
pub fn settled(app: &App) -> Result<bool> {
    if !super::on(app) {
        return Ok(true);
    }
    let (decision, next) = app.store.read(|tx| {
        let next = store::next_waiting(tx, None)?;
        Ok::<_, crate::error::Error>((store::decision(tx)?, next))
    })?;
    let off = decision.as_ref().is_some_and(|decision| decision.off);
    let filling = decision.is_some_and(|decision| decision.filling.is_some());
    let failing = app.care.embedding.borrow().failures > 0;
    Ok(off || failing || (next.is_none() && !filling))
}
