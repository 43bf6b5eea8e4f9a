//! Settings of what turns texts into vectors.

use serde::{Deserialize, Serialize};

use super::Provider;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EmbeddingProvider {
    /// Decided once, when the first vector is stored, and kept from then on.
    Auto,
    Ollama,
    Builtin,
    Off,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Embedding {
    pub provider: EmbeddingProvider,
    pub model: String,
}

impl Default for Embedding {
    fn default() -> Self {
        Self {
            provider: EmbeddingProvider::Auto,
            model: "all-minilm".into(),
        }
    }
}

impl Embedding {
    /// What the types cannot say.
    pub(super) fn check(&self, server: Provider) -> Result<(), String> {
        if self.provider != EmbeddingProvider::Ollama {
            return Ok(());
        }
        if self.model.trim().is_empty() {
            return Err(
                "embedding.provider = ollama, so embedding.model must name a model; for example all-minilm"
                    .into(),
            );
        }
        if server == Provider::Openai {
            return Err(
                "embedding.provider = ollama, but model.provider = openai, and model.url names one server; set embedding.provider to builtin"
                    .into(),
            );
        }
        Ok(())
    }
}
