//! The list of conversations: begin, name, end, delete.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use storage::WriteTx;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::store::{self, Conversation, Cursor};
use super::view::SessionView;
use super::{closing, removing, title};
use crate::app::App;
use crate::auth::{Caller, ChatRead, ChatWrite};
use crate::billing::Moment;
use crate::error::{Error, Result};
use crate::http::failure::Failure;
use crate::http::{Json, Path, Query};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// At most this many, 50 unless told, 1000 at most.
    limit: Option<usize>,
    /// `next_before` of the page before.
    before: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct SessionList {
    pub items: Vec<SessionView>,
    pub next_before: Option<String>,
}

fn written(cursor: Cursor) -> String {
    format!("{}.{}", cursor.0, cursor.1)
}

fn read(cursor: &str) -> Result<Cursor> {
    let parts = cursor
        .split_once('.')
        .and_then(|(millis, id)| Some((millis.parse().ok()?, id.parse().ok()?)));
    parts.ok_or_else(|| {
        Error::Malformed("`before` must be the `next_before` of an earlier page.".into())
    })
}

/// The caller's conversations, last used first.
#[utoipa::path(get, path = "/api/chat/sessions", tag = "chat", params(PageQuery), responses((status = 200, body = SessionList)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller<ChatRead>,
    Query(query): Query<PageQuery>,
) -> Result<Json<SessionList>> {
    let limit = query.limit.unwrap_or(50).clamp(1, 1000);
    let after = query.before.as_deref().map(read).transpose()?;
    let mut rows = app
        .store
        .read(|tx| store::conversations(tx, caller.id, after, limit + 1))?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next_before = rows
        .last()
        .filter(|_| more)
        .map(|last| written(store::cursor(last)));
    Ok(Json(SessionList {
        items: rows.into_iter().map(SessionView::from).collect(),
        next_before,
    }))
}

#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct NewSession {
    pub title: Option<String>,
    /// The model for this conversation, where the person prefers one.
    pub model: Option<String>,
    /// `false`: it neither recalls earlier conversations nor is remembered.
    pub use_memory: Option<bool>,
}

/// Begins an empty conversation.
#[utoipa::path(post, path = "/api/chat/sessions", tag = "chat", request_body = NewSession,
    responses((status = 201, body = SessionView), (status = 422, body = Failure)))]
pub async fn create(
    State(app): State<App>,
    caller: Caller<ChatWrite>,
    Json(asked): Json<NewSession>,
) -> Result<(StatusCode, Json<SessionView>)> {
    let mut conversation = title::new_conversation(&app, "", app.clock.now());
    if let Some(name) = &asked.title {
        conversation.title = title::checked(name)?;
        conversation.title_is_first_words = false;
    }
    conversation.model = asked.model;
    conversation.use_memory = asked.use_memory.unwrap_or(true);
    let view = SessionView::from(conversation.clone());
    app.store
        .write(move |tx| {
            caller.still(tx)?;
            store::put_conversation(tx, caller.id, &conversation)
        })
        .await?;
    Ok((StatusCode::CREATED, Json(view)))
}

/// One conversation.
#[utoipa::path(get, path = "/api/chat/sessions/{id}", tag = "chat", params(("id" = Uuid, Path)),
    responses((status = 200, body = SessionView), (status = 404, body = Failure)))]
pub async fn read_one(
    State(app): State<App>,
    caller: Caller<ChatRead>,
    Path(id): Path<Uuid>,
) -> Result<Json<SessionView>> {
    let conversation = app
        .store
        .read(|tx| store::conversation(tx, caller.id, id))?;
    Ok(Json(conversation.into()))
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct Rename {
    pub title: Option<String>,
    /// `false`: it neither recalls earlier conversations nor is remembered from now on. What is remembered
    /// of it already stays.
    pub use_memory: Option<bool>,
}

/// Renames a conversation, or has it remembered or not.
#[utoipa::path(patch, path = "/api/chat/sessions/{id}", tag = "chat", params(("id" = Uuid, Path)), request_body = Rename,
    responses((status = 200, body = SessionView), (status = 404, body = Failure), (status = 422, body = Failure)))]
pub async fn rename(
    State(app): State<App>,
    caller: Caller<ChatWrite>,
    Path(id): Path<Uuid>,
    Json(asked): Json<Rename>,
) -> Result<Json<SessionView>> {
    let title = asked.title.as_deref().map(title::checked).transpose()?;
    change(&app, caller, id, move |conversation| {
        if let Some(title) = title {
            conversation.title = title;
            conversation.title_is_first_words = false;
        }
        conversation.use_memory = asked.use_memory.unwrap_or(conversation.use_memory);
    })
    .await
}

/// Marks a conversation as ended. A later message reopens it.
#[utoipa::path(post, path = "/api/chat/sessions/{id}/end", tag = "chat", params(("id" = Uuid, Path)),
    responses((status = 200, body = SessionView), (status = 404, body = Failure)))]
pub async fn end(
    State(app): State<App>,
    caller: Caller<ChatWrite>,
    Path(id): Path<Uuid>,
) -> Result<Json<SessionView>> {
    let inside = app.clone();
    let end = move |tx: &mut WriteTx<'_>| {
        caller.still(tx)?;
        let conversation = closing::close(tx, Moment::now(&inside), (caller.id, id))?;
        Ok::<_, Error>(Json(conversation.into()))
    };
    app.store.write(end).await
}

async fn change(
    app: &App,
    caller: Caller<ChatWrite>,
    id: Uuid,
    edit: impl FnOnce(&mut Conversation) + Send + 'static,
) -> Result<Json<SessionView>> {
    app.store
        .write(move |tx| {
            caller.still(tx)?;
            let user = caller.id;
            let mut conversation = store::conversation(tx, user, id)?;
            edit(&mut conversation);
            store::put_conversation(tx, user, &conversation)?;
            Ok(Json(conversation.into()))
        })
        .await
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DeleteQuery {
    /// `true` keeps what is remembered from it.
    #[serde(default)]
    keep_memory: bool,
}

/// Deletes a conversation, and forgets what was said in it unless `keep_memory` is set. An answer
/// that is being written is stopped. When it is answered, all of it is gone.
#[utoipa::path(delete, path = "/api/chat/sessions/{id}", tag = "chat", params(("id" = Uuid, Path), DeleteQuery),
    responses((status = 204), (status = 404, body = Failure)))]
pub async fn delete(
    State(app): State<App>,
    caller: Caller<ChatWrite>,
    Path(id): Path<Uuid>,
    Query(query): Query<DeleteQuery>,
) -> Result<StatusCode> {
    let keep_memory = query.keep_memory;
    let running = app.clone();
    app.tasks
        .to_the_end(async move { removing::begin(&running, caller, id, keep_memory).await })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
