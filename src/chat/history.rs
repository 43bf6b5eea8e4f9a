//! The messages of a conversation, a page at a time.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::store;
use super::view::{self, MessageView};
use crate::app::App;
use crate::auth::{Caller, ChatRead};
use crate::error::{Error, Result};
use crate::http::failure::Failure;
use crate::http::{Json, Path, Query};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct HistoryQuery {
    /// At most this many, 50 unless told, 1000 at most.
    limit: Option<usize>,
    /// `next_before` of the page before.
    before: Option<Uuid>,
}

#[derive(Serialize, ToSchema)]
pub struct MessageList {
    pub items: Vec<MessageView>,
    pub next_before: Option<Uuid>,
}

/// Messages of all branches, newest first; `parent_id` tells the branches apart.
#[utoipa::path(get, path = "/api/chat/history/{id}", tag = "chat", params(("id" = Uuid, Path), HistoryQuery),
    responses((status = 200, body = MessageList), (status = 404, body = Failure)))]
pub async fn history(
    State(app): State<App>,
    caller: Caller<ChatRead>,
    Path(id): Path<Uuid>,
    Query(query): Query<HistoryQuery>,
) -> Result<Json<MessageList>> {
    let limit = query.limit.unwrap_or(50).clamp(1, 1000);
    app.store.read(|tx| {
        store::conversation(tx, caller.id, id)?;
        let mut rows = store::messages(tx, caller.id, id, query.before, limit + 1)?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_before = rows.last().filter(|_| more).map(|message| message.id);
        let items = rows
            .into_iter()
            .map(|row| view::message(tx, caller.id, id, row))
            .collect::<Result<_>>()?;
        Ok(Json(MessageList { items, next_before }))
    })
}

/// How many messages of the conversation that was used last stand in a prompt, unless it has ended.
pub fn in_prompt(tx: &storage::ReadTx, user: Uuid, exchanges: usize) -> Result<u64> {
    let newest = store::conversations(tx, user, None, 1)?;
    let open = newest.first().filter(|newest| newest.ended_at.is_none());
    match open {
        Some(open) => {
            let said = store::branch(tx, user, open.id, open.newest, exchanges * 2)?;
            Ok(said.len() as u64)
        }
        None => Ok(0),
    }
}

/// The message before those that stand in the prompt of the next one; none when all of them do, or there is
/// no such conversation.
pub fn before_prompt(
    tx: &storage::ReadTx,
    user: Uuid,
    id: Uuid,
    exchanges: usize,
) -> Result<Option<Uuid>> {
    let newest = match store::conversation(tx, user, id) {
        Ok(conversation) => conversation.newest,
        Err(Error::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let sent = store::branch(tx, user, id, newest, exchanges * 2)?;
    Ok(sent.last().and_then(|oldest| oldest.parent))
}
