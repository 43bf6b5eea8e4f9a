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
    pub query_ms: u64,
}

impl Default for Embedding {
    fn default() -> Self {
        Self {
            provider: EmbeddingProvider::Auto,
            model: "all-minilm".into(),
            query_ms: 300,
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Ollama is asked at `model.url`, so what stands there must be Ollama, and have a model's name.
    #[test]
    fn ollama_must_be_there_to_be_chosen() {
        let chosen = |provider, model: &str| Embedding {
            provider,
            model: model.into(),
            ..Embedding::default()
        };
        let ollama = chosen(EmbeddingProvider::Ollama, "all-minilm");
        assert!(ollama.check(Provider::Auto).is_ok());
        assert!(ollama.check(Provider::Openai).is_err());
        let nameless = chosen(EmbeddingProvider::Ollama, " ");
        assert!(nameless.check(Provider::Ollama).is_err());
        let builtin = chosen(EmbeddingProvider::Builtin, "");
        assert!(builtin.check(Provider::Openai).is_ok());
    }
}
