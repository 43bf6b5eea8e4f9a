//! Recall: from the words of a question to the memories worth putting into the prompt.
//!
//! Must stay true: no model call; only the asker's own memories; what was chosen, and why, is kept
//! with the answer and shown.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use storage::{Read, TextHit, WriteTx};
use tokio::task::spawn_blocking;
use utoipa::ToSchema;
use uuid::Uuid;

use super::filter::Filter;
use super::row::Memory;
use super::{rank, store};
use crate::app::App;
use crate::error::{Error, Result};
use crate::metrics;

/// How many the index is asked for, before ranking.
const CANDIDATES: usize = 200;
/// How many it is asked for when only some of them are wanted.
const MOST_CANDIDATES: usize = 2000;

/// What somebody searches for.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    pub query: String,
    pub limit: usize,
    pub filter: Filter,
}

/// What a search found, best first.
#[derive(Debug)]
pub struct Searched {
    pub results: Vec<Recalled>,
    pub total: usize,
    /// Whether meaning was searched, not words alone.
    pub meaning: bool,
    pub understood: Understood,
}

/// How a query was read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Understood {
    /// The days it asks about.
    #[schema(value_type = Option<String>, format = Date)]
    pub from: Option<Date>,
    #[schema(value_type = Option<String>, format = Date)]
    pub to: Option<Date>,
    /// Whose words it asks for: `user`, `assistant`, or a name.
    pub speaker: Option<String>,
    /// The words that were searched.
    pub words: Vec<String>,
}

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
    let wanted = Wanted {
        query: question.to_owned(),
        limit: CANDIDATES,
        filter: Filter::default(),
    };
    let found = search(app, user, wanted).await?;
    let earlier = found
        .results
        .into_iter()
        .filter(|found| Some(found.memory.session) != current)
        .collect();
    let chosen = rank::choose(earlier, settings.recall_limit, settings.recall_tokens, cost);
    metrics::recalled(chosen.len());
    Ok(chosen)
}

/// Searches a person's memories: the one way for whatever asks by words. Each hit is checked against the
/// truth: one that storage does not have under this owner is none.
pub async fn search(app: &App, user: Uuid, wanted: Wanted) -> Result<Searched> {
    let app = app.clone();
    let search = move || {
        let candidates = if wanted.filter.is_open() {
            wanted.limit
        } else {
            wanted.limit.max(MOST_CANDIDATES)
        };
        let hits = app.text.search(user, &wanted.query, candidates)?;
        let results = app.store.read(|tx| {
            let mut found = Vec::new();
            for hit in hits {
                let memory = store::memory(tx, user, hit.id)?;
                let memory = memory.filter(|memory| wanted.filter.admits(memory));
                found.extend(memory.map(|memory| recalled(hit, memory)));
                if found.len() == wanted.limit {
                    break;
                }
            }
            Ok::<_, Error>(found)
        })?;
        Ok(Searched {
            total: results.len(),
            results,
            meaning: false,
            understood: Understood {
                words: words(&wanted.query),
                ..Understood::default()
            },
        })
    };
    spawn_blocking(search)
        .await
        .map_err(|e| Error::internal("searching memories", e))?
}

/// The words of a query that can be searched, as they were typed, each once.
fn words(query: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in query.split(|c: char| !c.is_alphanumeric()) {
        if !storage::analyse(word).is_empty() && !words.iter().any(|known| known == word) {
            words.push(word.to_owned());
        }
    }
    words
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
    given: &[UsedMemory],
) -> Result<()> {
    for used in given {
        if store::memory(tx, user, used.id)?.is_some() {
            store::count_use(tx, user, used.id, now)?;
        }
    }
    Ok(())
}
