//! Recall: from the words of a question to the memories worth putting into the prompt.
//!
//! Must stay true: no model call; only the asker's own memories; what was chosen, and why, is kept
//! with the answer and shown.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use storage::{Read, WriteTx};
use tokio::task::spawn_blocking;
use utoipa::ToSchema;
use uuid::Uuid;

use super::filter::Filter;
use super::gather::{self, Asked};
use super::place::group_of;
use super::profile::Known;
use super::quote;
use super::ranking::{self, Limits, Reasons, Scored};
use super::row::{Kind, Memory};
use super::signs::dates;
use super::{embed, figures, store};
use crate::app::App;
use crate::error::{Error, Result};
use crate::metrics;

/// How many of the best are read before it is decided which fit into a prompt.
const TASTED: usize = 100;

/// The part of what was not recalled, but stands in the prompt as a fact or as advice.
const PROFILE: &str = "profile";
const ADVICE: &str = "advice";

/// What was chosen for a prompt, best first.
#[derive(Debug, Default)]
pub struct Chosen {
    pub memories: Vec<Recalled>,
    /// Whether meaning was searched, not words alone.
    pub meaning: bool,
}

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

impl UsedMemory {
    /// A fact that stood in the prompt, as all of the profile that fits does; nothing was searched for it.
    pub fn fact(id: Uuid) -> Self {
        Self::in_view(id, PROFILE)
    }

    /// Advice that stood in the prompt.
    pub fn advice(id: Uuid) -> Self {
        Self::in_view(id, ADVICE)
    }

    fn in_view(id: Uuid, name: &str) -> Self {
        let name = name.to_owned();
        Self {
            id,
            score: 0.0,
            matched: Vec::new(),
            parts: vec![ScorePart { name, value: 0.0 }],
        }
    }

    /// Whether it was found for the question, and did not stand there anyway.
    pub fn was_recalled(&self) -> bool {
        let mut names = self.parts.iter().map(|part| part.name.as_str());
        !names.any(|name| name == PROFILE || name == ADVICE)
    }
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

/// What stands in a prompt already.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    /// The conversation that goes on.
    pub running: Option<Running>,
    pub known: Known,
}

/// A conversation of which the newest part stands in the prompt, message by message.
#[derive(Clone, Copy, Debug)]
pub struct Running {
    pub conversation: Uuid,
    /// The last message that need not stand there; what is newer does, or was said beside it. A turn's id is
    /// its message's id, and ids grow.
    pub after: Option<Uuid>,
}

impl Beside {
    /// What stands in the prompt of the next message of a conversation, if that is one of the person's.
    pub fn next_of(
        app: &App,
        user: Uuid,
        conversation: Option<Uuid>,
        known: Known,
    ) -> Result<Self> {
        let exchanges = app.config.chat.history_exchanges;
        let before = |conversation| {
            let after = app
                .store
                .read(|tx| (app.conversations.before_prompt)(tx, user, conversation, exchanges))?;
            Ok::<_, Error>(Running {
                conversation,
                after,
            })
        };
        let running = conversation.map(before).transpose()?;
        Ok(Self { running, known })
    }

    /// Whether a memory stands in the prompt, as a message or as a fact. `group` is that of the
    /// conversation that goes on.
    fn has(&self, group: Option<u32>, (place, id): (u64, Uuid)) -> bool {
        let here = group == Some(group_of(place));
        let message = self
            .running
            .is_some_and(|running| here && running.after.is_none_or(|after| id > after));
        message || self.known.says(id)
    }
}

/// The memories for a prompt: of this user, that do not stand in it already. What was said earlier in the
/// same conversation, and is no longer in its prompt, may be among them.
pub async fn recall(
    app: &App,
    user: Uuid,
    question: &str,
    beside: Beside,
    cost: impl Fn(&Recalled) -> usize + Send + 'static,
) -> Result<Chosen> {
    let settings = app.config.memory.clone();
    let (inside, question) = (app.clone(), question.to_owned());
    let meaning = embed::query(app, user, &question).await;
    let choose = move || {
        inside.store.read(|tx| {
            let asked = Asked {
                query: &question,
                wanted: &Filter::default(),
                meaning: meaning.as_ref(),
            };
            let gathered = gather::gather(&inside, tx, user, &asked)?;
            let group = match beside.running {
                Some(running) => figures::group_of_session(tx, user, running.conversation)?,
                None => None,
            };
            let may = |scored: &&Scored| {
                let signs = gathered.signs.get(&scored.place);
                signs.is_some_and(|signs| {
                    signs.kind != Kind::Reflection && !beside.has(group, (scored.place, signs.id))
                })
            };
            let mut found = BTreeMap::new();
            for scored in gathered.order.iter().filter(may).take(TASTED) {
                if let Some(recalled) = gathered.recalled(tx, user, scored)? {
                    found.insert(scored.place, recalled);
                }
            }
            let taken = beside.known.tokens + quote::heading_price();
            let limits = Limits {
                memories: settings.recall_limit,
                tokens: settings.recall_tokens.saturating_sub(taken),
            };
            let mut order = gathered.order;
            order.retain(|scored| found.contains_key(&scored.place));
            let price = |scored: &Scored| found.get(&scored.place).map_or(0, &cost);
            let chosen =
                ranking::choose(order, (&gathered.question, &gathered.signs), limits, price);
            let memories = chosen
                .iter()
                .filter_map(|scored| found.get(&scored.place).cloned());
            Ok::<_, Error>(Chosen {
                memories: memories.collect(),
                meaning: gathered.meaning,
            })
        })
    };
    let chosen = spawn_blocking(choose)
        .await
        .map_err(|e| Error::internal("recalling", e))??;
    metrics::recalled(chosen.memories.len());
    Ok(chosen)
}

/// Searches a person's memories: the one way for whatever asks by words.
pub async fn search(app: &App, user: Uuid, wanted: Wanted) -> Result<Searched> {
    let inside = app.clone();
    let meaning = embed::query(app, user, &wanted.query).await;
    let search = move || {
        inside.store.read(|tx| {
            let asked = Asked {
                query: &wanted.query,
                wanted: &wanted.filter,
                meaning: meaning.as_ref(),
            };
            let gathered = gather::gather(&inside, tx, user, &asked)?;
            let (mut results, mut total) = (Vec::new(), 0);
            let reasons = Reasons::of(&gathered.order, &gathered.question);
            for scored in gathered.order.iter().filter(|s| reasons.relevant(s)) {
                if results.len() == wanted.limit && wanted.filter.is_open() {
                    total += 1; // Nothing of it needs to be read.
                    continue;
                }
                let found = gathered.recalled(tx, user, scored)?;
                if let Some(found) = found.filter(|found| wanted.filter.admits(&found.memory)) {
                    total += 1;
                    if results.len() < wanted.limit {
                        results.push(found);
                    }
                }
            }
            Ok::<_, Error>(Searched {
                total,
                results,
                meaning: gathered.meaning,
                understood: gathered.understood(),
            })
        })
    };
    spawn_blocking(search)
        .await
        .map_err(|e| Error::internal("searching memories", e))?
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

/// Counts that an answer was given these memories, where they were recalled for it.
pub fn count_uses(
    tx: &mut WriteTx<'_>,
    (user, now): (Uuid, Timestamp),
    given: &[UsedMemory],
) -> Result<()> {
    let day = dates::number(now.to_zoned(TimeZone::UTC).date());
    for used in given.iter().filter(|used| used.was_recalled()) {
        if let Some(memory) = store::memory(tx, user, used.id)? {
            store::count_use(tx, user, used.id, now)?;
            figures::note_use(tx, user, memory.place, day)?;
        }
    }
    Ok(())
}
