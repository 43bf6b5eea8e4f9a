//! SLICE: talking. Conversations, messages, and the answers that are written to them.
//!
//! Enter here: the handlers, `recover` at start. Must stay true: an answer belongs to the server, not
//! to the connection that asked for it; a message is stored before a model sees it; every row is kept
//! under its owner, so that nobody's id leads to somebody else's words.

mod admit;
mod allowance;
mod answer;
mod ask;
mod attempts;
mod closing;
mod conversations;
mod ending;
mod given;
mod history;
mod keep;
mod models;
mod prompt;
mod recover;
mod remembering;
mod removing;
mod spot;
mod store;
mod stream;
mod title;
mod turn;
mod view;

pub use crate::outside::tokens::estimate as estimate_tokens;
pub use allowance::CATALOGUE as ALLOWANCE_CATALOGUE;
pub use attempts::CATALOGUE as ATTEMPTS_CATALOGUE;
pub use conversations::{create, delete, end, list, read_one, rename};
pub use history::history;
pub use models::models;
pub use recover::{recover, sweep};
pub use removing::{KIND as REMOVE, remove as remove_job};
pub use store::{CATALOGUE, count, list_open};
pub use stream::{edit, events, message, regenerate, stop, stream};

use crate::outside::tokens;

/// Removes up to about `limit` of a person's rows; returns how many.
pub fn erase(
    tx: &mut storage::WriteTx<'_>,
    user: uuid::Uuid,
    limit: usize,
) -> crate::error::Result<usize> {
    allowance::erase(tx, user)?;
    let erased = attempts::erase(tx, user, limit)?;
    Ok(erased + store::erase(tx, user, limit - erased)?)
}

/// What memory is told of conversations, which it may not name.
pub const CONVERSATIONS: crate::app::Conversations = crate::app::Conversations {
    title: store::title,
    is_there: store::is_there,
    in_prompt: history::in_prompt,
    before_prompt: history::before_prompt,
};

pub mod data {
    //! The data of the events that an answer streams.
    pub use super::view::{Done, Failed, Queued, Start};
}

pub mod paths {
    //! For the OpenAPI document: the handlers with their descriptions.
    pub use super::conversations::{
        __path_create, __path_delete, __path_end, __path_list, __path_read_one, __path_rename,
        create, delete, end, list, read_one, rename,
    };
    pub use super::history::{__path_history, history};
    pub use super::models::{__path_models, models};
    pub use super::stream::{
        __path_edit, __path_events, __path_message, __path_regenerate, __path_stop, __path_stream,
        edit, events, message, regenerate, stop, stream,
    };
}
