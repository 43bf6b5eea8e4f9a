//! Recall: from the words of a question to the memories worth putting into the prompt.
//!
//! Must stay true: no model call; only the asker's own memories; what was chosen, and why, is kept
//! with the answer and shown.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::{Read, TextHit, WriteTx};
use tokio::task::spawn_blocking;
use utoipa::ToSchema;
use uuid::Uuid;

use super::rank;
use super::row::Memory;
use super::store;
use crate::app::App;
use crate::error::{Error, Result};
use crate::metrics;

/// How many the index is asked for, before ranking.
const CANDIDATES: usize = 200;

/// One reason of a score: the parts of a score add up to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ScorePart {
    pub name: String,
    pub value: f32,
}

/// A memory that was found, with why.
#[derive(Clone, Debug)]
pub struct Recalled {
    pub id: Uuid,
    pub memory: Memory,
    pub score: f32,
    pub parts: Vec<ScorePart>,
    /// Words of the question that occur in it.
    pub matched: Vec<String>,
}

/// What an answer keeps of a memory it used: never the text, so that forgetting leaves no trace.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UsedMemory {
    pub id: Uuid,
    pub score: f32,
    pub matched: Vec<String>,
    #[serde(default)]
    pub parts: Vec<ScorePart>,
}

impl From<&Recalled> for UsedMemory {
    fn from(recalled: &Recalled) -> Self {
        Self {
            id: recalled.id,
            score: recalled.score,
            matched: recalled.matched.clone(),
            parts: recalled.parts.clone(),
        }
    }
}

/// The memories for a prompt: of this user, from other conversations than `current`.
pub async fn recall(
    app: &App,
    user: Uuid,
    question: &str,
    current: Option<Uuid>,
    cost: impl Fn(&Recalled) -> usize + Send + 'static,
) -> Result<Vec<Recalled>> {
    let settings = app.config.memory.clone();
    let found = find(app, user, question.to_owned(), CANDIDATES).await?;
    let earlier = found
        .into_iter()
        .filter(|found| Some(found.memory.session) != current)
        .collect();
    let chosen = rank::choose(earlier, settings.recall_limit, settings.recall_tokens, cost);
    metrics::recalled(chosen.len());
    Ok(chosen)
}

/// What the index finds, each checked against the truth: a hit that storage does not have under this
/// owner is no hit.
pub async fn find(app: &App, user: Uuid, question: String, limit: usize) -> Result<Vec<Recalled>> {
    let app = app.clone();
    let search = move || {
        let hits = app.text.search(user, &question, limit)?;
        app.store.read(|tx| {
            let mut found = Vec::with_capacity(hits.len());
            for hit in hits {
                if let Some(memory) = store::memory(tx, user, hit.id)? {
                    found.push(recalled(hit, memory));
                }
            }
            Ok::<_, Error>(found)
        })
    };
    spawn_blocking(search)
        .await
        .map_err(|e| Error::internal("searching memories", e))?
}

fn recalled(hit: TextHit, memory: Memory) -> Recalled {
    let words = ScorePart {
        name: "words".into(),
        value: hit.score,
    };
    Recalled {
        id: hit.id,
        memory,
        score: hit.score,
        parts: vec![words],
        matched: hit.matched,
    }
}

/// The text of the memories an answer used, as far as they are still remembered.
pub fn used(
    tx: &impl Read,
    user: Uuid,
    kept: &[UsedMemory],
) -> Result<Vec<(UsedMemory, Option<Memory>)>> {
    kept.iter()
        .map(|used| Ok((used.clone(), store::memory(tx, user, used.id)?)))
        .collect()
}

/// Counts that an answer was given these memories.
pub fn count_uses(
    tx: &mut WriteTx<'_>,
    (user, now): (Uuid, Timestamp),
    used: &[UsedMemory],
) -> Result<()> {
    for used in used {
        if store::memory(tx, user, used.id)?.is_some() {
            store::count_use(tx, user, used.id, now)?;
        }
    }
    Ok(())
}
