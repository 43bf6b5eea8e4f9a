//! Feedback: what people write to whoever runs this server, and what they are answered.
//!
//! Must stay true: it holds what somebody chose to write here and nothing of their conversations; it
//! goes with the account.

mod admin;
mod csv;
mod store;

use axum::extract::State;
use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use self::store::Feedback;
use crate::app::App;
use crate::auth::CurrentUser;
use crate::error::{Error, Result};
use crate::http::Json;
use crate::http::failure::Failure;

pub use admin::{__path_all, __path_answer, __path_export, all, answer, export};
pub use store::{CATALOGUE, erase};

/// The longest text, and the longest answer.
const MOST_CHARS: usize = 4_000;
/// So many a person within 24 hours.
const A_DAY: usize = 20;
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// A person's own list shows the newest so many.
const SHOWN: usize = 200;

#[derive(Debug, Deserialize, ToSchema)]
pub struct NewFeedback {
    /// 1 to 4000 characters.
    pub text: String,
    /// 1 to 5.
    pub rating: Option<u8>,
    /// Of the request that it is about.
    pub correlation_id: Option<String>,
}

/// One's own feedback.
#[derive(Serialize, ToSchema)]
pub struct FeedbackView {
    pub id: Uuid,
    pub text: String,
    pub rating: Option<u8>,
    pub correlation_id: Option<String>,
    pub created_at: Timestamp,
    pub answer: Option<String>,
    pub answered_at: Option<Timestamp>,
}

impl From<Feedback> for FeedbackView {
    fn from(feedback: Feedback) -> Self {
        Self {
            id: feedback.id,
            text: feedback.text,
            rating: feedback.rating,
            correlation_id: feedback.correlation_id,
            created_at: feedback.created_at,
            answer: feedback.answer,
            answered_at: feedback.answered_at,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct FeedbackList {
    pub items: Vec<FeedbackView>,
}

/// A text without the space around it, if it is neither empty nor too long.
fn checked_text(text: &str, field: &'static str) -> Result<String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > MOST_CHARS {
        let message = format!("Write between 1 and {MOST_CHARS} characters.");
        return Err(Error::field("text_length", field, message));
    }
    Ok(text.to_owned())
}

fn prepare(app: &App, user: Uuid, given: NewFeedback) -> Result<Feedback> {
    let text = checked_text(&given.text, "text")?;
    if given.rating.is_some_and(|stars| !(1..=5).contains(&stars)) {
        return Err(Error::field("rating_invalid", "rating", "Between 1 and 5."));
    }
    let correlation_id = given.correlation_id.filter(|id| !id.is_empty());
    let fits = |id: &String| {
        id.len() <= 64
            && id
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_.:".contains(c))
    };
    if correlation_id.as_ref().is_some_and(|id| !fits(id)) {
        return Err(Error::field(
            "correlation_id_invalid",
            "correlation_id",
            "Send the correlation id as the answer gave it.",
        ));
    }
    Ok(Feedback {
        id: app.ids.next(),
        user,
        text,
        rating: given.rating,
        correlation_id,
        created_at: app.clock.now(),
        answer: None,
        answered_at: None,
    })
}

/// Writes to whoever runs this server; 20 times within 24 hours at most.
#[utoipa::path(post, path = "/api/account/feedback", tag = "account", request_body = NewFeedback, responses(
    (status = 201, body = FeedbackView), (status = 401, body = Failure), (status = 422, body = Failure),
    (status = 429, body = Failure)))]
pub async fn give(
    State(app): State<App>,
    caller: CurrentUser,
    Json(given): Json<NewFeedback>,
) -> Result<(StatusCode, Json<FeedbackView>)> {
    let feedback = prepare(&app, caller.id, given)?;
    let give = move |tx: &mut storage::WriteTx<'_>| {
        caller.still(tx)?;
        let newest = store::of_user(tx, feedback.user, A_DAY)?;
        if let Some(first) = newest.get(A_DAY - 1) {
            must_be_over(first.created_at, feedback.created_at)?;
        }
        store::put(tx, &feedback)?;
        Ok::<_, Error>(feedback)
    };
    let feedback = app.store.write(give).await?;
    Ok((StatusCode::CREATED, Json(feedback.into())))
}

/// Passes when a day is over since the first of the last twenty.
fn must_be_over(first: Timestamp, now: Timestamp) -> Result<()> {
    let resets_at = first.checked_add(DAY).unwrap_or(now);
    if now >= resets_at {
        return Ok(());
    }
    let seconds = resets_at.duration_since(now).as_secs();
    Err(Error::TooMany {
        code: "rate_limited",
        message: format!("You wrote {A_DAY} times within a day. Please write again later."),
        retry_after: u64::try_from(seconds).unwrap_or(0).max(1),
        resets_at: Some(resets_at),
    })
}

/// What the caller wrote, newest first, with the answers.
#[utoipa::path(get, path = "/api/account/feedback", tag = "account", responses(
    (status = 200, body = FeedbackList), (status = 401, body = Failure)))]
pub async fn list(State(app): State<App>, caller: CurrentUser) -> Result<Json<FeedbackList>> {
    let rows = app.store.read(|tx| store::of_user(tx, caller.id, SHOWN))?;
    let items = rows.into_iter().map(FeedbackView::from).collect();
    Ok(Json(FeedbackList { items }))
}
