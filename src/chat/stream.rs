//! Asking, following, stopping: the routes of a turn.

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::ask::{Ask, AskRequest, EditRequest, Question, checked_text};
use super::attempts;
use super::store::{self, Status, Turn};
use super::turn::{Begun, begin};
use super::view::{self, UsedMemoryView};
use crate::app::App;
use crate::auth::{self, Caller, ChatRead, ChatWrite};
use crate::billing::{self, Costly, Quota};
use crate::error::{Error, Result};
use crate::http::events::{self, Resume};
use crate::http::failure::Failure;
use crate::http::observe::CorrelationId;
use crate::http::presence::Door;
use crate::http::{Json, Path};
use crate::outside::http_code;

/// Asks and streams the answer as server-sent events. The answer is written to its end whether
/// anybody follows it or not.
#[utoipa::path(post, path = "/api/chat/stream", tag = "chat", request_body = AskRequest, responses(
    (status = 200, content_type = "text/event-stream", description = "start, queued, thinking, delta, quota, done or error"),
    (status = 404, body = Failure), (status = 409, body = Failure), (status = 422, body = Failure),
    (status = 429, body = Failure, description = "quota_exceeded, with resets_at")))]
pub async fn stream(
    State(app): State<App>,
    Costly(caller): Costly<ChatWrite>,
    Extension(correlation): Extension<CorrelationId>,
    headers: HeaderMap,
    Json(request): Json<AskRequest>,
) -> Result<Response> {
    let ask = new_question(&app, &headers, request, correlation)?;
    let begun = begin(&app, &caller, ask).await?;
    tell(&app, caller.id, begun, None, caller.door)
}

#[derive(Serialize, ToSchema)]
pub struct Answer {
    pub response: String,
    pub session_id: Uuid,
    pub turn_id: Uuid,
    pub message_id: Uuid,
    pub model: Option<String>,
    pub status: Status,
    pub finish_reason: Option<String>,
    pub tokens_used: u32,
    pub latency_ms: u64,
    pub memories: Vec<UsedMemoryView>,
    /// What is left of today.
    pub quota: Quota,
    /// Why the answer broke off, when its status is `interrupted`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<view::MessageError>,
}

/// Asks and waits for the whole answer.
#[utoipa::path(post, path = "/api/chat/message", tag = "chat", request_body = AskRequest, responses(
    (status = 200, body = Answer), (status = 404, body = Failure), (status = 409, body = Failure),
    (status = 422, body = Failure), (status = 429, body = Failure, description = "quota_exceeded, with resets_at"),
    (status = 503, body = Failure, description = "model_unavailable")))]
pub async fn message(
    State(app): State<App>,
    Costly(caller): Costly<ChatWrite>,
    Extension(correlation): Extension<CorrelationId>,
    headers: HeaderMap,
    Json(request): Json<AskRequest>,
) -> Result<Json<Answer>> {
    let ask = new_question(&app, &headers, request, correlation)?;
    let begun = begin(&app, &caller, ask).await?;
    if let Some(log) = &begun.log {
        tokio::select! {
            () = log.until_finished() => {}
            () = caller.door.closed() => return Err(auth::session_revoked()),
        }
    }
    let Turn {
        id: turn_id,
        session,
        answer,
        ..
    } = begun.turn;
    app.store.read(|tx| {
        let message = store::message(tx, caller.id, session, answer)?
            .ok_or(Error::NotFound { what: "message" })?;
        if message.status == Status::Streaming {
            // Its end was told, and is still to be stored.
            return Err(Error::Unavailable {
                code: "storage_read_only",
                message: view::NOT_STORED_YET.into(),
            });
        }
        let failed = message
            .error
            .as_ref()
            .filter(|_| message.status == Status::Failed);
        if let Some((code, error)) = failed {
            return Err(Error::Unavailable {
                code: http_code(code),
                message: error.clone(),
            });
        }
        let person = auth::user(tx, caller.id)?.ok_or_else(auth::session_revoked)?;
        Ok(Json(Answer {
            quota: billing::quota(&app.config, tx, &person, app.clock.now())?,
            memories: view::memories(tx, caller.id, &message.memories)?,
            response: message.content,
            session_id: session,
            turn_id,
            message_id: message.id,
            model: message.model,
            status: message.status,
            finish_reason: message.finish_reason,
            tokens_used: message.tokens_used.unwrap_or(0),
            latency_ms: message.latency_ms.unwrap_or(0),
            error: message
                .error
                .map(|(code, error)| view::MessageError { error, code }),
        }))
    })
}

/// Writes another answer to the same question, beside the one given.
#[utoipa::path(post, path = "/api/chat/messages/{id}/regenerate", tag = "chat", params(("id" = Uuid, Path)), responses(
    (status = 200, content_type = "text/event-stream"), (status = 404, body = Failure), (status = 409, body = Failure)))]
pub async fn regenerate(
    State(app): State<App>,
    Costly(caller): Costly<ChatWrite>,
    Extension(correlation): Extension<CorrelationId>,
    Path(id): Path<Uuid>,
) -> Result<Response> {
    branch_off(
        &app,
        &caller,
        Question::Again { answer: id },
        id,
        correlation,
    )
    .await
}

/// Puts other words in the place of one of the caller's messages and answers them, in a branch of
/// its own; the old branch stays.
#[utoipa::path(post, path = "/api/chat/messages/{id}/edit", tag = "chat", params(("id" = Uuid, Path)), request_body = EditRequest,
    responses((status = 200, content_type = "text/event-stream"), (status = 404, body = Failure),
    (status = 409, body = Failure), (status = 422, body = Failure)))]
pub async fn edit(
    State(app): State<App>,
    Costly(caller): Costly<ChatWrite>,
    Extension(correlation): Extension<CorrelationId>,
    Path(id): Path<Uuid>,
    Json(request): Json<EditRequest>,
) -> Result<Response> {
    let text = checked_text(&app, &request.message)?;
    branch_off(
        &app,
        &caller,
        Question::Edited { text, message: id },
        id,
        correlation,
    )
    .await
}

/// A turn beside an earlier one uses memory exactly as that one did.
async fn branch_off(
    app: &App,
    caller: &Caller<ChatWrite>,
    question: Question,
    beside: Uuid,
    CorrelationId(correlation): CorrelationId,
) -> Result<Response> {
    let use_memory = app.store.read(|tx| {
        let (_, message) = store::message_anywhere(tx, caller.id, beside)?;
        Ok::<_, Error>(store::turn(tx, caller.id, message.turn)?.use_memory)
    })?;
    let ask = Ask {
        question,
        use_memory,
        model: None,
        key: None,
        correlation_id: Some(correlation),
    };
    let begun = begin(app, caller, ask).await?;
    tell(app, caller.id, begun, None, caller.door.clone())
}

/// Follows a turn from the event after `Last-Event-ID`, or from the start.
#[utoipa::path(get, path = "/api/chat/turns/{id}/events", tag = "chat",
    params(("id" = Uuid, Path), ("Last-Event-ID" = Option<String>, Header)),
    responses((status = 200, content_type = "text/event-stream"), (status = 404, body = Failure)))]
pub async fn events(
    State(app): State<App>,
    caller: Caller<ChatRead>,
    headers: HeaderMap,
    Path(id): Path<Uuid>,
) -> Result<Response> {
    let turn = app.store.read(|tx| store::turn(tx, caller.id, id))?;
    let last = headers
        .get("last-event-id")
        .map(|value| value.to_str().unwrap_or("unknown").to_owned());
    tell(
        &app,
        caller.id,
        Begun {
            log: app.streams.get(turn.id),
            turn,
        },
        last.as_deref(),
        caller.door,
    )
}

/// Stops an answer; what was written stays. Returns when the end is stored; a turn that has ended
/// already is left as it is.
#[utoipa::path(post, path = "/api/chat/turns/{id}/stop", tag = "chat", params(("id" = Uuid, Path)),
    responses((status = 204), (status = 404, body = Failure)))]
pub async fn stop(
    State(app): State<App>,
    caller: Caller<ChatWrite>,
    Path(id): Path<Uuid>,
) -> Result<StatusCode> {
    let turn = app.store.read(|tx| {
        caller.still(tx)?;
        store::turn(tx, caller.id, id)
    })?;
    if let Some(log) = app.streams.get(turn.id) {
        log.stop.cancel();
        log.until_finished().await;
    }
    Ok(StatusCode::NO_CONTENT)
}

fn new_question(
    app: &App,
    headers: &HeaderMap,
    request: AskRequest,
    CorrelationId(correlation): CorrelationId,
) -> Result<Ask> {
    let key = attempts::key(headers, &request)?;
    let text = checked_text(app, &request.message)?;
    Ok(Ask {
        question: Question::New {
            text,
            session: request.session_id,
        },
        use_memory: request.use_memory,
        model: request.model.filter(|name| !name.trim().is_empty()),
        key,
        correlation_id: Some(correlation),
    })
}

/// The events of a turn: the very same again while they are kept, otherwise told from storage as
/// `start`, `snapshot`, and the end.
fn tell(app: &App, user: Uuid, begun: Begun, last: Option<&str>, door: Door) -> Result<Response> {
    let Begun { turn, log } = begun;
    let wanted = last.map_or(Some(0), |id| id.parse().ok());
    let known = wanted.zip(log.as_ref()).filter(|(id, log)| log.knows(*id));
    if let Some((after, log)) = known {
        return Ok(events::follow(
            log.clone(),
            &Resume::<()>::After(after),
            app.clock.clone(),
            door,
        ));
    }
    let (start, message) = app.store.read(|tx| told_again(tx, user, &turn))?;
    match log {
        Some(log) => Ok(events::follow(
            log,
            &Resume::Snapshot(&start),
            app.clock.clone(),
            door,
        )),
        None => Ok(events::replay(&[
            ("start", events::to_json(&start)),
            (
                "snapshot",
                events::to_json(&events::Snapshot {
                    content: message.content.clone(),
                }),
            ),
            ending(&turn, &message),
        ])),
    }
}

fn told_again(
    tx: &impl storage::Read,
    user: Uuid,
    turn: &Turn,
) -> Result<(view::Start, store::Message)> {
    let missing = Error::NotFound { what: "turn" };
    // Of a conversation that was deleted, messages may still be there.
    if store::begun(tx, user, turn.id)?.is_none() {
        return Err(missing);
    }
    let message = store::message(tx, user, turn.session, turn.answer)?.ok_or(missing)?;
    let start = view::Start {
        session_id: turn.session,
        turn_id: turn.id,
        user_message_id: turn.user_message,
        message_id: turn.answer,
        model: message.model.clone(),
        memories: view::memories(tx, user, &message.memories)?,
        context: None,
    };
    Ok((start, message))
}

fn ending(turn: &Turn, message: &store::Message) -> (&'static str, String) {
    if let Some((code, error)) = &message.error {
        let failed = view::Failed {
            error: error.clone(),
            code: code.clone(),
            done: true,
        };
        return ("error", events::to_json(&failed));
    }
    if message.status == Status::Interrupted {
        let error = view::INTERRUPTED.into();
        return (
            "error",
            events::to_json(&view::Failed {
                error,
                code: "interrupted".into(),
                done: true,
            }),
        );
    }
    let done = view::Done {
        content: "",
        done: true,
        session_id: turn.session,
        message_id: message.id,
        tokens_used: message.tokens_used.unwrap_or(0),
        latency_ms: message.latency_ms.unwrap_or(0),
        finish_reason: message.finish_reason.clone().unwrap_or_default(),
        quota: None,
    };
    ("done", events::to_json(&done))
}
