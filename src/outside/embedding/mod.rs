//! Texts to vectors whose angle says how near their meanings are: by the built-in model, or by one in
//! Ollama.
//!
//! Must stay true: vectors have length 1, or are all zero for a text that says nothing; those of two
//! models are never compared, which is why every call names its model; embedding never stands in an
//! answer's way: passages are embedded while nobody waits for an answer and no query comes, and give
//! way when that changes.

mod builtin;
mod ollama;
mod recent;
mod tokens;

use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::config::Config;

use self::recent::Recent;
use super::model::ProviderKind;
use super::ollama::full_name;
use super::problem::{Fault, Kept, ModelError};
use super::servers::ModelServers;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EmbedProvider {
    Builtin,
    Ollama,
}

/// What a vector was made by. Two vectors can be compared when these are equal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmbedModel {
    pub provider: EmbedProvider,
    pub name: String,
    /// Of the model's content; empty where the server does not tell.
    pub digest: String,
    /// Numbers in a vector.
    pub dim: usize,
}

/// Whether somebody waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmbedPurpose {
    /// What somebody searches for, right now.
    Query,
    /// What is to be found later.
    Passage,
}

/// Texts between which others get their turn, a fraction of a millisecond.
const BREATH: usize = 32;

/// The embedding models of this installation. Cheap to clone; all clones are the same.
#[derive(Clone)]
pub struct Embeddings(Arc<Shared>);

struct Shared {
    servers: ModelServers,
    /// Of the model in Ollama.
    name: String,
    keep_alive: String,
    /// As Ollama last told, with the dimension that its first answer showed.
    known: Mutex<Option<EmbedModel>>,
    /// Under way.
    queries: watch::Sender<usize>,
    /// One batch of passages at a time.
    passages: tokio::sync::Mutex<()>,
    recent: Recent,
}

impl Embeddings {
    pub fn new(config: &Config, servers: ModelServers) -> Self {
        Self(Arc::new(Shared {
            servers,
            name: config.embedding.model.trim().to_owned(),
            keep_alive: config.model.keep_alive.clone(),
            known: Mutex::default(),
            queries: watch::Sender::new(0),
            passages: tokio::sync::Mutex::default(),
            recent: Recent::default(),
        }))
    }

    /// The model in this program, which is always there.
    pub fn builtin() -> EmbedModel {
        builtin::info()
    }

    /// The configured model in Ollama as it is now, if it is installed there. A model that is new to
    /// us is asked for one vector, as a passage: that waits until nobody waits for an answer.
    pub async fn ollama(&self) -> Result<EmbedModel, ModelError> {
        self.ollama_named(&self.0.name).await
    }

    /// The same of any model in Ollama.
    pub async fn ollama_named(&self, name: &str) -> Result<EmbedModel, ModelError> {
        let shared = &self.0;
        let found = shared.look(name).await;
        found.map_err(|fault| shared.explain(&fault, name))
    }

    /// Whether that model is installed in Ollama, without asking it for anything.
    pub async fn installed(&self, name: &str) -> Result<(), ModelError> {
        let shared = &self.0;
        let found = shared.listed(name).await;
        found
            .map(drop)
            .map_err(|fault| shared.explain(&fault, name))
    }

    /// A vector for each text, in their order. Fails with `model_changed` when the model is not the
    /// one it was; whether Ollama's model was replaced by one of equal dimension, `ollama` tells.
    pub async fn embed(
        &self,
        model: &EmbedModel,
        texts: &[String],
        purpose: EmbedPurpose,
    ) -> Result<Vec<Vec<f32>>, ModelError> {
        let shared = &self.0;
        let vectors = match model.provider {
            EmbedProvider::Builtin => embed_here(model, texts).await,
            EmbedProvider::Ollama => shared.embed(model, texts, purpose).await,
        };
        vectors.map_err(|fault| shared.explain(&fault, &model.name))
    }
}

impl Shared {
    /// The whole name and the digest of a model that is installed.
    async fn listed(&self, name: &str) -> Result<(String, String), Fault> {
        if self.servers.wire().named.kind != ProviderKind::Ollama || name.is_empty() {
            return Err(Fault::NotInstalled(name.to_owned()));
        }
        let full = full_name(name);
        let digest = self.digest(&full, name).await?;
        Ok((full, digest))
    }

    async fn look(&self, name: &str) -> Result<EmbedModel, Fault> {
        let (name, digest) = self.listed(name).await?;
        let known = self.known().clone();
        if let Some(known) = known.filter(|known| known.name == name && known.digest == digest) {
            return Ok(known);
        }
        let vectors = self
            .ask_for(&name, &["dimension"], EmbedPurpose::Passage)
            .await?;
        let model = EmbedModel {
            provider: EmbedProvider::Ollama,
            name,
            digest,
            dim: vectors.first().map_or(0, Vec::len),
        };
        *self.known() = Some(model.clone());
        Ok(model)
    }

    async fn embed(
        &self,
        model: &EmbedModel,
        texts: &[String],
        purpose: EmbedPurpose,
    ) -> Result<Vec<Vec<f32>>, Fault> {
        let mut vectors = vec![vec![0.0; model.dim]; texts.len()];
        // What says nothing is not asked about: servers differ in what they make of it.
        let (places, said): (Vec<_>, Vec<_>) = vectors
            .iter_mut()
            .zip(texts)
            .map(|(vector, text)| (vector, text.trim()))
            .filter(|(_, text)| !text.is_empty())
            .unzip();
        let found = self.ask_for(&model.name, &said, purpose).await?;
        for (place, vector) in places.into_iter().zip(found) {
            if vector.len() != model.dim {
                return Err(Fault::OtherModel(model.name.clone()));
            }
            *place = of_length_one(vector);
        }
        Ok(vectors)
    }

    fn explain(&self, fault: &Fault, model: &str) -> ModelError {
        fault.explain(&self.servers.wire().named, Some(model), Kept::Nothing)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Option<EmbedModel>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn embed_here(model: &EmbedModel, texts: &[String]) -> Result<Vec<Vec<f32>>, Fault> {
    // Vectors that an earlier version stored are not to be compared with this one's.
    if *model != builtin::info() {
        return Err(Fault::OtherModel(model.name.clone()));
    }
    let mut vectors = Vec::with_capacity(texts.len());
    for some in texts.chunks(BREATH) {
        vectors.extend(some.iter().map(|text| builtin::embed(text)));
        tokio::task::yield_now().await;
    }
    Ok(vectors)
}

/// The same direction at length 1; zeros where there is no direction.
fn of_length_one(mut vector: Vec<f32>) -> Vec<f32> {
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    let factor = if length > 0.0 { length.recip() } else { 0.0 };
    for number in &mut vector {
        *number *= factor;
    }
    vector
}
