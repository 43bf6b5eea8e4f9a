//! Asking Ollama for vectors, and whether it has the model.
//!
//! Must stay true: an answer or a query that comes while passages are embedded ends their request,
//! which makes Ollama stop; they are asked for again when it is quiet. What a server says is counted
//! before it is believed.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::watch;

use super::{EmbedPurpose, Shared};
use crate::outside::ollama::{Tags, keep_alive_value};
use crate::outside::problem::Fault;
use crate::outside::wire::Wire;

/// Texts in one request: enough to be quick, few enough that little is lost when it gives way.
const BATCH: usize = 16;
/// For a query; whoever searches has a far shorter patience of their own.
const QUERY_LIMIT: Duration = Duration::from_secs(10);

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    input: &'a [&'a str],
    /// A text longer than the model reads counts as far as it is read.
    truncate: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    keep_alive: Option<Value>,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    embeddings: Vec<Vec<f32>>,
}

impl Shared {
    /// The digest of the installed model of that name; `typed` is what people call it.
    pub(super) async fn digest(&self, name: &str, typed: &str) -> Result<String, Fault> {
        let wire = self.servers.wire();
        let tags: Tags = wire.get("/api/tags", Wire::control_limit()).await?;
        let tag = tags.models.into_iter().find(|tag| tag.name == name);
        let tag = tag.ok_or_else(|| Fault::NotInstalled(typed.to_owned()))?;
        // Servers before 2026 do not tell what a model can; they will when it is asked.
        match tag.capabilities {
            Some(can) if !can.iter().any(|what| what == "embedding") => {
                Err(Fault::CannotEmbed(typed.to_owned()))
            }
            _ => Ok(tag.digest),
        }
    }

    /// As many vectors as texts, of one length, none empty.
    pub(super) async fn ask_for(
        &self,
        model: &str,
        texts: &[&str],
        purpose: EmbedPurpose,
    ) -> Result<Vec<Vec<f32>>, Fault> {
        let mut vectors = Vec::with_capacity(texts.len());
        for batch in texts.chunks(BATCH) {
            let found = match purpose {
                EmbedPurpose::Query => {
                    let _under_way = UnderWay::new(&self.queries);
                    self.ask(model, batch, QUERY_LIMIT).await?
                }
                EmbedPurpose::Passage => self.ask_when_quiet(model, batch).await?,
            };
            vectors.extend(found);
        }
        let numbers = vectors.first().map_or(0, Vec::len);
        let sound = |vector: &Vec<f32>| {
            !vector.is_empty() && vector.len() == numbers && vector.iter().all(|x| x.is_finite())
        };
        if vectors.iter().all(sound) {
            Ok(vectors)
        } else {
            Err(Fault::Garbage)
        }
    }

    async fn ask_when_quiet(&self, model: &str, batch: &[&str]) -> Result<Vec<Vec<f32>>, Fault> {
        let _turn = self.passages.lock().await;
        let limit = self.servers.wire().first_byte_limit;
        loop {
            self.quiet().await;
            tokio::select! {
                biased;
                found = self.ask(model, batch, limit) => return found,
                () = self.disturbed() => {}
            }
        }
    }

    async fn ask(
        &self,
        model: &str,
        input: &[&str],
        limit: Duration,
    ) -> Result<Vec<Vec<f32>>, Fault> {
        let body = Body {
            model,
            input,
            truncate: true,
            keep_alive: keep_alive_value(&self.keep_alive),
        };
        let answer: Result<Answer, Fault> =
            self.servers.wire().post("/api/embed", &body, limit).await;
        let found = match answer {
            Err(Fault::ControlTimeout) => return Err(Fault::FirstPieceTimeout(limit)),
            other => other?.embeddings,
        };
        if found.len() == input.len() {
            Ok(found)
        } else {
            Err(Fault::Garbage)
        }
    }

    /// Nobody waits for an answer or for what a query finds.
    async fn quiet(&self) {
        let mut queries = self.queries.subscribe();
        loop {
            self.servers.line().until(true).await;
            // The sender lives in `self`, so the wait cannot fail.
            let _ = queries.wait_for(|&n| n == 0).await;
            if self.servers.line().is_idle() {
                return;
            }
        }
    }

    async fn disturbed(&self) {
        let mut queries = self.queries.subscribe();
        tokio::select! {
            () = self.servers.line().until(false) => {}
            _ = queries.wait_for(|&n| n > 0) => {}
        }
    }
}

/// A query, counted until dropped.
struct UnderWay<'a>(&'a watch::Sender<usize>);

impl<'a> UnderWay<'a> {
    fn new(count: &'a watch::Sender<usize>) -> Self {
        count.send_modify(|n| *n += 1);
        Self(count)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|n| *n -= 1);
    }
}
