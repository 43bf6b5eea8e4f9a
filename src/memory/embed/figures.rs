//! How far memories are embedded, in numbers.

use serde::Serialize;
use storage::Read;
use utoipa::ToSchema;
use uuid::Uuid;

use super::decide::provider;
use super::{refused, store};
use crate::app::App;
use crate::error::Result;
use crate::memory::figures;

/// How far a person's memories can be found by their meaning.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct EmbeddingStats {
    /// `builtin`, `ollama` or `off`.
    pub provider: String,
    pub model: Option<String>,
    pub dimension: Option<usize>,
    pub with_vector: u64,
    pub waiting: u64,
    /// Texts that the model does not take: they are found by their words.
    pub refused: u64,
    /// Whether searches use it just now.
    pub meaning: bool,
}

pub fn standing(tx: &impl Read, app: &App, user: Uuid) -> Result<EmbeddingStats> {
    let decision = store::decision(tx)?.filter(|_| super::on(app));
    let all = figures::statistics(tx, user)?.memories;
    // While everything is put in line, what was not reached yet has no vector of the model either.
    let filling = decision.as_ref().and_then(|decision| decision.filling);
    let reached = filling.is_none_or(|filling| filling.after.is_some_and(|(at, _)| at > user));
    let waiting = if reached {
        store::count_waiting(tx, Some(user))?.min(all)
    } else {
        all
    };
    let model = decision.as_ref().and_then(|decision| decision.in_force());
    let open = super::on(app) && decision.is_none();
    let refused = match model {
        Some(_) => refused::count(tx, Some(user))?.min(all - waiting),
        None => 0,
    };
    let with_vector = model.map_or(0, |_| all - waiting - refused);
    Ok(EmbeddingStats {
        provider: match model {
            Some(model) => provider(model.provider).to_owned(),
            // As long as nothing was embedded, the built-in model is what there is in any case.
            None if open => "builtin".to_owned(),
            None => "off".to_owned(),
        },
        model: model.map(|model| model.name.clone()),
        dimension: model.map(|model| model.dim),
        with_vector,
        waiting,
        refused,
        meaning: with_vector > 0 && app.care.embedding.borrow().failures == 0,
    })
}

/// How many of a person's memories have been embedded, and of how many; none when nothing waits, or nothing is
/// to be found by meaning.
pub fn progress(tx: &impl Read, app: &App, user: Uuid) -> Result<Option<(u64, u64)>> {
    let decided = store::decision(tx)?;
    if !super::on(app) || decided.is_some_and(|decided| decided.off) {
        return Ok(None);
    }
    let standing = standing(tx, app, user)?;
    let done = standing.with_vector + standing.refused;
    Ok((standing.waiting > 0).then_some((done, done + standing.waiting)))
}

/// The name of the model whose vector a memory has.
pub fn model_of(tx: &impl Read, user: Uuid, place: u64) -> Result<Option<String>> {
    let Some(decision) = store::decision(tx)? else {
        return Ok(None);
    };
    let there = store::has_vector(tx, (user, place), decision.tag)?;
    Ok(decision.model.filter(|_| there).map(|model| model.name))
}

/// Everybody's: memories with a vector, memories that wait for one, and those that the model does not take.
pub fn totals(tx: &impl Read) -> Result<Totals> {
    let all = figures::count_all(tx)?;
    let decision = store::decision(tx)?;
    let filling = decision.as_ref().is_some_and(|d| d.filling.is_some());
    let waiting = store::count_waiting(tx, None)?.min(all);
    let waiting = if filling || decision.is_none() {
        all
    } else {
        waiting
    };
    let refused = refused::count(tx, None)?.min(all - waiting);
    Ok(Totals {
        vectors: all - waiting - refused,
        waiting,
        refused,
    })
}

/// Everybody's memories, by whether they have a vector.
#[derive(Clone, Copy, Debug)]
pub struct Totals {
    pub vectors: u64,
    pub waiting: u64,
    pub refused: u64,
}

/// Whether memories can be embedded and found by meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    Off,
    Fine,
    /// They are found by their words alone, or not all of them by meaning.
    Troubled(String),
}

pub fn how(app: &App) -> How {
    if !super::on(app) {
        return How::Off;
    }
    match app.care.embedding.borrow().trouble.clone() {
        Some(why) => How::Troubled(format!(
            "Memories are found by their words alone, or not all by meaning: {why}"
        )),
        None => How::Fine,
    }
}
