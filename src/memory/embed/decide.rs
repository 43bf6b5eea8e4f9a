//! Which model memories are embedded with: decided once, when the first vector is to be stored, and kept;
//! an administrator may decide anew.
//!
//! Must stay true: what is there at a later start changes nothing; another model, or another content under
//! the same name, gets another tag, and everything is put in line for it.

use storage::WriteTx;

use super::decision::{Decision, Filling};
use super::{refused, store};
use crate::app::App;
use crate::config::EmbeddingProvider;
use crate::error::{Error, Result};
use crate::memory::figures;
use crate::outside::{EmbedModel, EmbedProvider, Embeddings, ModelError};

/// Memories that are put in line in one transaction.
const STEP: usize = 1000;

/// The name of a decision's vectors: no two that may not be compared share it.
pub fn named(decision: &Decision) -> String {
    let Some(model) = &decision.model else {
        return String::new();
    };
    let provider = provider(model.provider);
    let tag = decision.tag;
    format!("{tag} {provider} {} {}", model.name, model.digest)
}

pub const fn provider(provider: EmbedProvider) -> &'static str {
    match provider {
        EmbedProvider::Builtin => "builtin",
        EmbedProvider::Ollama => "ollama",
    }
}

/// What went wrong, for administrators.
pub enum Trouble {
    Model(ModelError),
    Other(Error),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

impl From<ModelError> for Trouble {
    fn from(error: ModelError) -> Self {
        Self::Model(error)
    }
}

impl Trouble {
    /// By its code alone: a model server's sentence may hold the text that it was given.
    pub fn for_administrators(&self) -> String {
        match self {
            Self::Model(error) => format!("{} ({}).", in_our_words(error.code), error.code),
            Self::Other(error) => error.to_string(),
        }
    }
}

fn in_our_words(code: &str) -> &'static str {
    match code {
        "model_unreachable" | "model_host_unknown" => "The model server is not there",
        "model_busy" | "model_timeout" | "queue_full" => "The model server is too busy",
        "model_missing" | "model_not_found" => "The embedding model is not installed",
        "model_unauthorized" | "model_forbidden" => "The model server does not accept our requests",
        "model_changed" => "The embedding model is not the one it was",
        _ => "The model server could not embed anything; its log tells more",
    }
}

/// Decides at the first vector: as configured; where that is left open, Ollama's model if it is there now.
pub async fn first(app: &App) -> Result<Decision, Trouble> {
    let model = match app.config.embedding.provider {
        EmbeddingProvider::Ollama => app.embeddings.ollama().await?,
        EmbeddingProvider::Builtin | EmbeddingProvider::Off => Embeddings::builtin(),
        EmbeddingProvider::Auto => match app.embeddings.ollama().await {
            Ok(model) => model,
            Err(why) => {
                tracing::info!(
                    why = why.code,
                    "memories are embedded with the built-in model"
                );
                Embeddings::builtin()
            }
        },
    };
    Ok(take(app, Some(model)).await?)
}

/// Whether the decided model is still what it was; decides anew when its content is another.
pub async fn look(app: &App, decision: &Decision) -> Result<bool, Trouble> {
    let Some(decided) = decision.in_force() else {
        return Ok(true);
    };
    let now = match decided.provider {
        EmbedProvider::Builtin => Embeddings::builtin(),
        EmbedProvider::Ollama => app.embeddings.ollama_named(&decided.name).await?,
    };
    if now == *decided {
        return Ok(true);
    }
    tracing::warn!(
        model = %now.name,
        "the embedding model is another one than memories were embedded with; all are embedded again"
    );
    take(app, Some(now)).await?;
    Ok(false)
}

/// Records a model, or that there is to be none; everything that has no vector of it is put in line.
async fn take(app: &App, model: Option<EmbedModel>) -> Result<Decision> {
    let now = app.clock.now();
    let record = move |tx: &mut WriteTx<'_>| record(tx, model, now);
    app.store.write(record).await
}

/// The same in a transaction.
pub fn record(
    tx: &mut WriteTx<'_>,
    model: Option<EmbedModel>,
    now: jiff::Timestamp,
) -> Result<Decision> {
    let before = store::decision(tx)?;
    let tag = before.as_ref().map_or(0, |before| before.tag);
    let last = before.and_then(|before| before.model);
    let off = model.is_none();
    let another = model.is_some() && model != last;
    let decision = Decision {
        tag: tag + u32::from(another),
        model: model.or(last),
        off,
        decided_at: now,
        filling: (!off).then(Filling::default),
    };
    store::put_decision(tx, &decision)?;
    Ok(decision)
}

/// Puts some more in line that have no vector of the decided model; nothing is left to put when `filling`
/// is none.
pub async fn fill(app: &App) -> Result<()> {
    let step = |tx: &mut WriteTx<'_>| {
        let Some(mut decision) = store::decision(tx)? else {
            return Ok(());
        };
        let Some(filling) = decision.filling else {
            return Ok(());
        };
        let places = figures::places_after(tx, filling.after, STEP)?;
        for (user, place) in &places {
            if !store::has_vector(tx, (*user, *place), decision.tag)? {
                refused::delete(tx, (*user, *place))?;
                store::put_waiting(tx, *user, *place)?;
            }
        }
        let last = places.last().copied();
        decision.filling = last.map(|last| Filling { after: Some(last) });
        store::put_decision(tx, &decision)
    };
    app.store.write(step).await
}

/// Tells at the start what is configured otherwise than it was decided.
pub fn greet(app: &App) {
    let decision = app.store.read(store::decision);
    let decided = match decision {
        Ok(decision) => decision,
        Err(error) => return tracing::error!(%error, "what embeds memories is not known"),
    };
    let model = decided.as_ref().and_then(Decision::in_force);
    if let Some(difference) = model.and_then(|model| difference(app, model)) {
        tracing::warn!("{difference}");
    }
}

/// How the configuration differs from what was decided, in words.
pub fn difference(app: &App, decided: &EmbedModel) -> Option<String> {
    let config = &app.config.embedding;
    let wanted = match config.provider {
        EmbeddingProvider::Auto | EmbeddingProvider::Off => return None,
        EmbeddingProvider::Builtin => decided.provider == EmbedProvider::Builtin,
        EmbeddingProvider::Ollama => {
            let name = config.model.trim();
            let same = decided.name == name || decided.name == format!("{name}:latest");
            decided.provider == EmbedProvider::Ollama && same
        }
    };
    (!wanted).then(|| {
        format!(
            "The settings name another embedding model than memories were embedded with, which is {} ({}) and goes on being used; an administrator can have all embedded again.",
            decided.name,
            provider(decided.provider)
        )
    })
}
