//! Texts that the model does not take, each found out alone, so that one of them does not keep all that
//! wait with it from being embedded.
//!
//! Must stay true: it is the text that is refused only when the server embeds another one right after; a
//! server that is away, busy or broken refuses nothing, and what waits goes on waiting. Of an error only
//! its code is kept: the server's words may be the person's.

mod store;

pub use store::{CATALOGUE, count, delete, erase, put};

use crate::app::App;
use crate::outside::{EmbedModel, EmbedPurpose, ModelError};

/// What every model takes.
const HARMLESS: &str = "hello";

/// The vectors of a text's pieces; none for a piece that the model does not take.
pub type Vectors = Vec<Option<Vec<f32>>>;

/// Vectors for texts in pieces, in their order; fewer than texts where the server failed before the end,
/// with why it did.
pub async fn embed(
    app: &App,
    model: &EmbedModel,
    texts: &[Vec<String>],
) -> (Vec<Vectors>, Option<ModelError>) {
    match ask(app, model, &texts.concat()).await {
        Ok(vectors) => {
            let mut vectors = vectors.into_iter().map(Some);
            let of = |pieces: &Vec<String>| vectors.by_ref().take(pieces.len()).collect();
            (texts.iter().map(of).collect(), None)
        }
        Err(error) if is_the_servers(error.code) => (Vec::new(), Some(error)),
        Err(_) => one_by_one(app, model, texts).await,
    }
}

async fn ask(app: &App, model: &EmbedModel, texts: &[String]) -> Result<Vec<Vec<f32>>, ModelError> {
    let asked = app.embeddings.embed(model, texts, EmbedPurpose::Passage);
    asked.await
}

/// Whether another text would have met the same.
fn is_the_servers(code: &str) -> bool {
    matches!(
        code,
        "model_unreachable"
            | "model_host_unknown"
            | "model_forbidden"
            | "model_unauthorized"
            | "model_missing"
            | "model_not_found"
            | "model_busy"
            | "model_changed"
            | "queue_full"
    )
}

async fn one_by_one(
    app: &App,
    model: &EmbedModel,
    texts: &[Vec<String>],
) -> (Vec<Vectors>, Option<ModelError>) {
    let (mut all, mut refused) = (Vec::new(), 0);
    let mut trouble = None;
    'texts: for pieces in texts {
        let mut vectors = Vec::with_capacity(pieces.len());
        for piece in pieces {
            match alone(app, model, piece).await {
                Ok(vector) => vectors.push(vector),
                Err(error) => {
                    trouble = Some(error);
                    break 'texts;
                }
            }
        }
        refused += usize::from(vectors.iter().any(Option::is_none));
        all.push(vectors);
    }
    if refused > 0 {
        tracing::warn!(
            memories = refused,
            model = %model.name,
            "the embedding model does not take the text of some memories; these are found by their words"
        );
    }
    (all, trouble)
}

/// The vector of a text that is asked about alone; none when it is that text that the model does not take.
async fn alone(app: &App, model: &EmbedModel, text: &str) -> Result<Option<Vec<f32>>, ModelError> {
    match ask(app, model, &[text.to_owned()]).await {
        Ok(vectors) => Ok(vectors.into_iter().next()),
        Err(error) if is_the_servers(error.code) => Err(error),
        Err(_) => {
            ask(app, model, &[HARMLESS.to_owned()]).await?;
            Ok(None)
        }
    }
}
