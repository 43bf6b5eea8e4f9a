//! What memories mean, as vectors: which model makes them, what waits for one, and what is near to a
//! question.
//!
//! | file | what it is for |
//! |---|---|
//! | `pieces.rs` | a text as pieces that a model can take in |
//! | `decision.rs` | what was decided, as it is stored |
//! | `decide.rs` | which model, decided once; what happens when it is another |
//! | `work.rs` | the worker: embeds what waits, while nobody waits for an answer |
//! | `refused/` | texts that the model does not take, found out one by one |
//! | `query.rs` | what a question means, within a budget |
//! | `near.rs` | what is near to it |
//! | `tend.rs` | graphs of those who have very many |
//! | `figures.rs` | how far it has come, in numbers |
//! | `admin.rs` | what administrators see and decide |
//! | `store.rs` | the tables |
//!
//! Must stay true: what is written to memory waits for no model, it only says that a vector is wanted;
//! vectors go in the transaction in which their text goes; those of two models are never compared, and
//! without any of it memories are found by their words.

pub mod admin;
mod decide;
mod decision;
mod figures;
mod near;
mod pieces;
mod query;
mod refused;
mod store;
mod tend;
mod work;

use storage::{Read, WriteTx};
use uuid::Uuid;

pub use decide::greet;
pub use figures::{EmbeddingStats, How, how, model_of, progress, standing, totals};
pub use near::{cosines, near};
pub use query::{QueryVector, query};
pub use refused::CATALOGUE as REFUSED_CATALOGUE;
pub use store::CATALOGUE;
pub use tend::{tend, tidy};
pub use work::{keep_embedding, settled};

use crate::app::App;
use crate::config::EmbeddingProvider;
use crate::error::Result;

/// The feed that the vectors in memory follow; its keys are owner and place.
pub const FEED: &str = "memory_vectors";

/// A new or changed text: it has no vector any more, and waits for one.
pub fn want(tx: &mut WriteTx<'_>, user: Uuid, place: u64) -> Result<()> {
    clear(tx, user, place)?;
    store::put_waiting(tx, user, place)
}

/// A text that is gone.
pub fn drop_place(tx: &mut WriteTx<'_>, user: Uuid, place: u64) -> Result<()> {
    clear(tx, user, place)?;
    store::delete_waiting(tx, user, place).map(drop)
}

fn clear(tx: &mut WriteTx<'_>, user: Uuid, place: u64) -> Result<()> {
    refused::delete(tx, (user, place))?;
    if store::delete_vectors(tx, user, place)? > 0 {
        tx.record_change(FEED, &feed_key(user, place))?;
    }
    Ok(())
}

/// Removes some of what an account that is being deleted has here; how many rows.
pub fn erase(tx: &mut WriteTx<'_>, user: Uuid, limit: usize) -> Result<usize> {
    let removed = store::erase(tx, user, limit)?;
    let left = limit.saturating_sub(removed);
    Ok(removed + refused::erase(tx, user, left)?)
}

fn feed_key(user: Uuid, place: u64) -> [u8; 24] {
    let mut key = [0; 24];
    key[..16].copy_from_slice(user.as_bytes());
    key[16..].copy_from_slice(&place.to_be_bytes());
    key
}

/// What the vectors in memory are to be told of a place.
pub struct Told {
    owner: Uuid,
    place: u64,
    model: String,
    pieces: Vec<(u8, Vec<f32>)>,
}

/// Reads what became of the place that a change in the feed is about.
pub fn told(tx: &impl Read, key: &[u8]) -> Result<Option<Told>> {
    let Some((user, place)) = key.split_first_chunk::<16>() else {
        return Ok(None);
    };
    let Ok(place) = place.try_into().map(u64::from_be_bytes) else {
        return Ok(None);
    };
    let owner = Uuid::from_bytes(*user);
    let (model, pieces) = match store::decision(tx)? {
        Some(decision) => (
            decide::named(&decision),
            store::of_place(tx, owner, place, decision.tag)?,
        ),
        None => (String::new(), Vec::new()),
    };
    Ok(Some(Told {
        owner,
        place,
        model,
        pieces,
    }))
}

impl Told {
    /// Passes it on. Telling twice is the same as telling once.
    pub fn tell(&self, app: &App) {
        app.vectors.remove(self.owner, self.place);
        for (piece, vector) in &self.pieces {
            let label = (self.place, *piece);
            app.vectors.put(self.owner, &self.model, label, vector);
        }
    }
}

/// Forgets somebody's vectors in memory and in the files of the cache; those that are stored went before.
pub fn forget_cached(app: &App, user: Uuid) -> Result<()> {
    Ok(app.vectors.remove_owner(user)?)
}

/// Whether memories may be embedded at all.
fn on(app: &App) -> bool {
    app.config.embedding.provider != EmbeddingProvider::Off
}
