//! What a question means, in time or not at all.
//!
//! Must stay true: nobody waits longer than `embedding.query_ms`; who has no vectors causes no call; what a
//! server finishes too late serves the next one who asks the same, and has it load its model.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use uuid::Uuid;

use super::{decide, store};
use crate::app::App;
use crate::error::Error;
use crate::memory::question;
use crate::metrics;
use crate::outside::{EmbedModel, EmbedProvider, EmbedPurpose};

/// What a question means to the model that was decided.
#[derive(Clone, Debug)]
pub struct QueryVector {
    pub(super) tag: u32,
    /// What names the vectors that it may be compared with.
    pub(super) model: String,
    pub(super) numbers: Arc<Vec<f32>>,
}

/// The meaning of a question of this person's; none where nothing can be found by it now.
pub async fn query(app: &App, user: Uuid, text: &str) -> Option<QueryVector> {
    if !super::on(app) || text.trim().is_empty() {
        return None;
    }
    let text = question::opening(text);
    let known = app.store.read(|tx| {
        let decision = store::decision(tx)?.filter(|decision| decision.in_force().is_some());
        Ok::<_, Error>(match decision {
            Some(decision) if store::has_vectors(tx, user)? => Some(decision),
            _ => None,
        })
    });
    let decision = match known {
        Ok(decision) => decision?,
        Err(error) => {
            tracing::error!(%error, "vectors cannot be read; searching words alone");
            return None;
        }
    };
    let model = decision.in_force()?;
    let now = app.clock.monotonic();
    let numbers = match app.embeddings.recent(model, text, now) {
        Some(numbers) => numbers,
        None => ask(app, model, text).await?,
    };
    Some(QueryVector {
        tag: decision.tag,
        model: decide::named(&decision),
        numbers,
    })
}

async fn ask(app: &App, model: &EmbedModel, text: &str) -> Option<Arc<Vec<f32>>> {
    let place = app.embeddings.place()?;
    let begun = app.clock.monotonic();
    let (tell, told) = oneshot::channel();
    let asking = {
        let (app, model, text) = (app.clone(), model.clone(), text.to_owned());
        async move {
            let _place = place;
            let texts = [text];
            let found = app.embeddings.embed(&model, &texts, EmbedPurpose::Query);
            let found = tokio::select! {
                () = app.tasks.drain.cancelled() => return,
                found = found => found,
            };
            let [text] = texts;
            match found.map(|mut vectors| vectors.pop().map(Arc::new)) {
                Ok(Some(vector)) => {
                    let now = app.clock.monotonic();
                    app.embeddings.keep(&model, &text, vector.clone(), now);
                    // Whoever asked may have gone on.
                    let _ = tell.send(vector);
                }
                Ok(None) => {}
                Err(error) => {
                    tracing::debug!(code = error.code, "what a question means is not known");
                }
            }
        }
    };
    match model.provider {
        EmbedProvider::Builtin => asking.await,
        EmbedProvider::Ollama => app.tasks.work(asking),
    }
    let budget = Duration::from_millis(app.config.embedding.query_ms);
    let found = app.clock.timeout(budget, told).await;
    metrics::query_embedded(app.clock.monotonic().saturating_sub(begun));
    found.ok()?.ok()
}
