//! The models that the fake server has installed.

use serde_json::{Value, json};

/// An installed model, as `/api/tags` lists it.
#[derive(Clone)]
pub struct FakeModel {
    pub(super) name: String,
    pub(super) capabilities: Vec<&'static str>,
    pub(super) context_length: u32,
    /// Servers before 2026 tell capabilities and context length only through `/api/show`.
    terse: bool,
    /// Changes when another version is pulled.
    version: usize,
}

impl FakeModel {
    pub fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            capabilities: vec!["completion", "tools"],
            context_length: 131_072,
            terse: false,
            version: 1,
        }
    }

    pub fn embedding(name: &str) -> Self {
        Self {
            capabilities: vec!["embedding"],
            context_length: 512,
            ..Self::new(name)
        }
    }

    pub fn thinking(mut self) -> Self {
        self.capabilities.push("thinking");
        self
    }

    pub fn context(mut self, tokens: u32) -> Self {
        self.context_length = tokens;
        self
    }

    pub fn version(mut self, version: usize) -> Self {
        self.version = version;
        self
    }

    pub fn terse(mut self) -> Self {
        self.terse = true;
        self
    }

    pub(super) fn tag(&self) -> Value {
        let mut tag = json!({
            "name": self.name, "model": self.name, "modified_at": "2026-01-02T03:04:05Z",
            "size": 1_234_567, "digest": format!("{:063x}{}", self.name.len(), self.version),
            "details": {"format": "gguf", "family": "llama"},
        });
        if !self.terse {
            tag["capabilities"] = json!(self.capabilities);
            tag["details"]["context_length"] = json!(self.context_length);
        }
        tag
    }

    /// What Ollama refuses before the model is asked.
    pub(super) fn refusal(&self, body: &Value) -> Option<String> {
        let name = &self.name;
        if !self.capabilities.contains(&"completion") {
            return Some(format!("\"{name}\" does not support chat"));
        }
        if body["think"] == true && !self.capabilities.contains(&"thinking") {
            return Some(format!("\"{name}\" does not support thinking"));
        }
        let messages = body["messages"].as_array().map_or(&[][..], Vec::as_slice);
        let letters: usize = messages
            .iter()
            .map(|m| m["content"].as_str().unwrap_or("").len())
            .sum();
        let (tokens, window) = (
            letters / 4,
            body["options"]["num_ctx"].as_u64().unwrap_or(4096),
        );
        (body["truncate"] == false && tokens as u64 > window).then(|| {
            format!("request ({tokens} tokens) exceeds the available context size ({window} tokens), try increasing it")
        })
    }
}

/// A unit vector, near to that of texts that share words.
pub(super) fn direction(text: &str, numbers: usize) -> Vec<f32> {
    let mut vector = vec![0f32; numbers];
    for word in text.split_whitespace() {
        let hash = word.bytes().fold(7usize, |hash, byte| {
            hash.wrapping_mul(31) + usize::from(byte)
        });
        if let Some(number) = vector.get_mut(hash % numbers.max(1)) {
            *number += 1.0;
        }
    }
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt().max(1e-9);
    vector.iter().map(|x| x / length).collect()
}
