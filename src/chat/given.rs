//! What the model is given for a turn: the prompt, with what is known of the person and what is recalled.
//!
//! Must stay true: nothing of memory stands in the way of an answer; what is told to have been given stood in
//! the prompt, and nothing stands there twice.

use jiff::Timestamp;
use uuid::Uuid;

use super::answer::Ready;
use super::ask;
use super::prompt::{self, Parts, Prompt, TooLong};
use super::spot::Spot;
use super::tokens;
use crate::app::App;
use crate::error::Result;
use crate::memory::{self, Beside, Chosen, Known, Recalled, Running, UsedMemory};
use crate::outside::{ModelInfo, ProviderKind};

/// What is known of the person; nothing stands in the way of an answer.
fn known(app: &App, user: Uuid) -> Known {
    let most = app.config.memory.recall_tokens;
    memory::known(app, user, most, tokens::estimate).unwrap_or_else(|error| {
        tracing::error!(%error, "the profile cannot be read; answering without it");
        Known::default()
    })
}

/// What is remembered and does not stand in the prompt anyway.
async fn recall(
    app: &App,
    (user, spot): (Uuid, &Spot),
    (parts, known): (&Parts<'_>, &Known),
) -> Result<Vec<Recalled>, TooLong> {
    let most = app.config.memory.recall_tokens;
    let sent = parts.surely(most.saturating_sub(known.tokens))?;
    // Beside the branch that goes on stands what was said in its place before: nobody means that.
    let after = sent.last().map_or(spot.parent, |oldest| oldest.parent);
    let running = Running {
        conversation: spot.conversation.id,
        after,
    };
    let beside = Beside {
        running: (!spot.new).then_some(running),
        known: known.clone(),
    };
    let chosen = memory::recall(app, user, &spot.text, beside, memory::price).await;
    let chosen = chosen.unwrap_or_else(|error| {
        tracing::error!(%error, "recall failed; answering without memories");
        Chosen::default()
    });
    Ok(chosen.memories)
}

fn instructions<'a>(app: &'a App, model: &ModelInfo) -> &'a str {
    let own = app.config.chat.instructions.as_str();
    if own.is_empty() && model.provider == ProviderKind::Demo {
        prompt::SHORT_INSTRUCTIONS
    } else {
        own
    }
}

/// What goes to the model, and which memories stand in it.
pub async fn put_together(
    app: &App,
    model: ModelInfo,
    (user, spot): (Uuid, &Spot),
    (uses_memory, now): (bool, Timestamp),
) -> Result<(Ready, Vec<UsedMemory>)> {
    let window = model.num_ctx as usize;
    let parts = Parts {
        instructions: instructions(app, &model),
        now,
        known: "",
        memories: &[],
        history: &spot.history,
        question: &spot.text,
        window,
        answer_reserve: (app.config.model.answer_reserve as usize).min(window / 4),
    };
    let built = if uses_memory {
        with_memory(app, (user, spot), parts).await
    } else {
        prompt::build(&parts).map(|prompt| (prompt, Vec::new()))
    };
    let (prompt, memories) = built.map_err(|long| {
        ask::too_long(format!(
            "The message needs about {} tokens; the model's window has room for {}. Shorten it, or raise model.num_ctx.",
            long.tokens, long.room
        ))
    })?;
    Ok(((model, prompt.messages, prompt.context), memories))
}

/// The prompt with what memory adds to it, and what of that stands in it: first what was recalled, then
/// what is known anyway.
async fn with_memory(
    app: &App,
    (user, spot): (Uuid, &Spot),
    parts: Parts<'_>,
) -> Result<(Prompt, Vec<UsedMemory>), TooLong> {
    let mut known = known(app, user);
    let offered = Parts {
        known: &known.text,
        ..parts
    };
    if !offered.has_room_for_known()? {
        // What does not stand there may be recalled.
        known = Known::default();
    }
    let parts = Parts {
        known: &known.text,
        ..parts
    };
    let mut memories = recall(app, (user, spot), (&parts, &known)).await?;
    let prompt = loop {
        let prompt = prompt::build(&Parts {
            memories: &memories,
            ..parts
        })?;
        let offered = memories.len();
        memories.retain(|memory| !prompt.history.contains(&memory.id));
        if memories.len() == offered {
            break prompt;
        }
    };
    memories.retain(|memory| prompt.memories.contains(&memory.id));
    let mut told: Vec<_> = memories.iter().map(UsedMemory::from).collect();
    told.extend(known.facts().iter().copied().map(UsedMemory::fact));
    told.extend(known.advice().iter().copied().map(UsedMemory::advice));
    Ok((prompt, told))
}
