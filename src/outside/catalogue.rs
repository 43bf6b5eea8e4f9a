//! The models of one server over HTTP, remembered, so that a turn of a chat asks for nothing but
//! its answer.
//!
//! Must stay true: what is not known is asked for before it is called missing; a failure is never
//! remembered.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::json;

use super::model::{ModelInfo, ProviderKind};
use super::ollama::{Show, Tag, Tags, full_name};
use super::openai::Models;
use super::problem::Fault;
use super::wire::Wire;

pub(super) struct Catalogue {
    wire: Wire,
    /// From the settings; empty = the first that can chat.
    default: String,
    num_ctx: u32,
    known: Mutex<Option<Known>>,
    /// By name and digest: asked once a model, for servers whose list does not tell.
    details: Mutex<HashMap<(String, String), Details>>,
    /// Many turns that miss at once ask once.
    asking: tokio::sync::Mutex<()>,
}

#[derive(Clone)]
pub(super) struct Known {
    entries: Arc<Vec<Entry>>,
    asked_at: Duration,
}

struct Entry {
    info: ModelInfo,
    chats: bool,
}

#[derive(Clone, Copy)]
struct Details {
    context_length: Option<u32>,
    chats: bool,
    thinks: bool,
}

impl Known {
    pub fn chat_models(&self) -> Vec<ModelInfo> {
        let chatting = self.entries.iter().filter(|entry| entry.chats);
        chatting.map(|entry| entry.info.clone()).collect()
    }
}

impl Catalogue {
    pub fn new(wire: Wire, default: &str, num_ctx: u32) -> Self {
        Self {
            wire,
            default: default.trim().to_owned(),
            num_ctx,
            known: Mutex::default(),
            details: Mutex::default(),
            asking: tokio::sync::Mutex::default(),
        }
    }

    /// The model of that name, or the default one. Asks the server only for what is not known.
    pub async fn find(&self, wanted: Option<&str>) -> Result<ModelInfo, Fault> {
        if let Some(known) = self.known()
            && let Ok(info) = self.choose(&known, wanted)
        {
            return Ok(info);
        }
        let known = self.refresh().await?;
        self.choose(&known, wanted)
    }

    /// What the server has, not older than `age`.
    pub async fn at_most(&self, age: Duration) -> Result<Known, Fault> {
        let now = self.wire.clock.monotonic();
        match self.known() {
            Some(known) if now.saturating_sub(known.asked_at) <= age => Ok(known),
            _ => self.refresh().await,
        }
    }

    /// After the server said that it does not have what we thought it has.
    pub fn forget(&self) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub fn choose(&self, known: &Known, wanted: Option<&str>) -> Result<ModelInfo, Fault> {
        let configured = (!self.default.is_empty()).then_some(self.default.as_str());
        let Some(name) = wanted.or(configured) else {
            let first = known.entries.iter().find(|entry| entry.chats);
            return first
                .map(|entry| entry.info.clone())
                .ok_or(Fault::NothingInstalled);
        };
        let full = match self.wire.named.kind {
            ProviderKind::Ollama => full_name(name),
            _ => name.to_owned(),
        };
        match known.entries.iter().find(|entry| entry.info.name == full) {
            Some(entry) if entry.chats => Ok(entry.info.clone()),
            Some(_) => Err(Fault::CannotChat(name.to_owned())),
            // A server in front of many others need not list what it knows.
            None if self.wire.named.kind == ProviderKind::Openai && configured == Some(name) => {
                Ok(self.info(name, None, false))
            }
            None => Err(Fault::NotInstalled(name.to_owned())),
        }
    }

    fn known(&self) -> Option<Known> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.clone()
    }

    /// Asks the server, unless somebody else has done so since this was called.
    pub async fn refresh(&self) -> Result<Known, Fault> {
        let missed_at = self.wire.clock.monotonic();
        let _turn = self.asking.lock().await;
        if let Some(known) = self.known()
            && known.asked_at > missed_at
        {
            return Ok(known);
        }
        let asked_at = self.wire.clock.monotonic();
        let entries = match self.wire.named.kind {
            ProviderKind::Ollama => self.ask_ollama().await?,
            _ => self.ask_openai().await?,
        };
        let known = Known {
            entries: Arc::new(entries),
            asked_at,
        };
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(known.clone());
        Ok(known)
    }

    async fn ask_ollama(&self) -> Result<Vec<Entry>, Fault> {
        let tags: Tags = self.wire.get("/api/tags", Wire::control_limit()).await?;
        let mut entries = Vec::with_capacity(tags.models.len());
        for tag in tags.models {
            let details = match details_in(&tag) {
                Some(details) => details,
                None => match self.show(&tag).await {
                    Ok(details) => details,
                    // One broken model must not hide the others.
                    Err(Fault::Status { .. }) => continue,
                    Err(fault) => return Err(fault),
                },
            };
            entries.push(Entry {
                info: self.info(&tag.name, details.context_length, details.thinks),
                chats: details.chats,
            });
        }
        Ok(entries)
    }

    async fn show(&self, tag: &Tag) -> Result<Details, Fault> {
        let key = (tag.name.clone(), tag.digest.clone());
        let known = {
            let details = self.details.lock().unwrap_or_else(PoisonError::into_inner);
            details.get(&key).copied()
        };
        if let Some(details) = known {
            return Ok(details);
        }
        let asked = json!({"model": tag.name});
        let limit = Wire::control_limit();
        let show: Show = self.wire.post("/api/show", &asked, limit).await?;
        let can = |what: &str| {
            show.capabilities
                .as_ref()
                .map(|all| all.iter().any(|c| c == what))
        };
        let details = Details {
            context_length: show.context_length(),
            chats: can("completion").unwrap_or(true),
            thinks: can("thinking").unwrap_or(false),
        };
        let mut remembered = self.details.lock().unwrap_or_else(PoisonError::into_inner);
        remembered.insert(key, details);
        Ok(details)
    }

    async fn ask_openai(&self) -> Result<Vec<Entry>, Fault> {
        let models: Models = match self.wire.get("/models", Wire::control_limit()).await {
            // Not every compatible server has a list; the configured name must do then.
            Err(Fault::Status {
                status: 404 | 405 | 501,
                ..
            }) if !self.default.is_empty() => Models { data: vec![] },
            other => other?,
        };
        let entries = models.data.into_iter().map(|model| Entry {
            info: self.info(&model.id, model.context_length, false),
            // The list does not tell what a model is for; embedding models carry it in the name.
            chats: !model.id.contains("embed"),
        });
        Ok(entries.collect())
    }

    fn info(&self, name: &str, context_length: Option<u32>, thinking: bool) -> ModelInfo {
        ModelInfo {
            name: name.to_owned(),
            provider: self.wire.named.kind,
            context_length,
            num_ctx: context_length.map_or(self.num_ctx, |own| own.min(self.num_ctx)),
            thinking,
        }
    }
}

/// What the list itself says, when it says all that is needed.
fn details_in(tag: &Tag) -> Option<Details> {
    let capabilities = tag.capabilities.as_ref()?;
    let can = |what: &str| capabilities.iter().any(|capability| capability == what);
    let context_length = tag.details.as_ref().and_then(|d| d.context_length);
    // A model that cannot chat is never asked anything, so its length does not matter.
    (context_length.is_some() || !can("completion")).then(|| Details {
        context_length,
        chats: can("completion"),
        thinks: can("thinking"),
    })
}
