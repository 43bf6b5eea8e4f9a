//! Feedback for administrators: read it, answer it, take it out as a table.

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::{Read, WriteTx};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::store::{self, Feedback};
use super::{checked_text, csv};
use crate::app::App;
use crate::auth::{self, Admin, Mail, MailPurpose, What};
use crate::billing;
use crate::error::{Error, Result};
use crate::http::failure::Failure;
use crate::http::{Client, Json, Path, Query};

const MOST: usize = 200;

/// Which feedback.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum FeedbackFilter {
    #[default]
    All,
    Unanswered,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FeedbackQuery {
    #[serde(default)]
    #[param(inline)]
    filter: FeedbackFilter,
    /// At most this many, 50 unless told, 200 at most.
    limit: Option<usize>,
    /// `next_before` of the page before.
    before: Option<Uuid>,
}

/// Somebody's feedback.
#[derive(Serialize, ToSchema)]
pub struct FeedbackItem {
    pub id: Uuid,
    pub user_id: Uuid,
    pub email: String,
    pub text: String,
    pub rating: Option<u8>,
    pub correlation_id: Option<String>,
    pub created_at: Timestamp,
    pub answer: Option<String>,
    pub answered_at: Option<Timestamp>,
}

fn item(tx: &impl Read, feedback: Feedback) -> Result<FeedbackItem> {
    let user = auth::user(tx, feedback.user)?;
    Ok(FeedbackItem {
        id: feedback.id,
        user_id: feedback.user,
        email: user.map(|user| user.email).unwrap_or_default(),
        text: feedback.text,
        rating: feedback.rating,
        correlation_id: feedback.correlation_id,
        created_at: feedback.created_at,
        answer: feedback.answer,
        answered_at: feedback.answered_at,
    })
}

#[derive(Serialize, ToSchema)]
pub struct AllFeedback {
    pub items: Vec<FeedbackItem>,
    pub next_before: Option<Uuid>,
}

/// What people wrote, newest first.
#[utoipa::path(get, path = "/api/admin/feedback", tag = "admin", params(FeedbackQuery), responses(
    (status = 200, body = AllFeedback), (status = 401, body = Failure), (status = 403, body = Failure)))]
pub async fn all(
    State(app): State<App>,
    _admin: Admin,
    Query(query): Query<FeedbackQuery>,
) -> Result<Json<AllFeedback>> {
    let limit = query.limit.unwrap_or(50).clamp(1, MOST);
    let unanswered = query.filter == FeedbackFilter::Unanswered;
    app.store.read(|tx| {
        let mut rows = store::page(tx, unanswered, query.before, limit + 1)?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_before = rows.last().filter(|_| more).map(|row| row.id);
        let items = rows.into_iter().map(|row| item(tx, row));
        let items = items.collect::<Result<Vec<_>>>()?;
        Ok(Json(AllFeedback { items, next_before }))
    })
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct FeedbackAnswer {
    /// 1 to 4000 characters.
    pub answer: String,
}

/// Answers somebody, or changes the answer. They are told by mail that there is one; it stands in the
/// page alone.
#[utoipa::path(post, path = "/api/admin/feedback/{id}/answer", tag = "admin", params(("id" = Uuid, Path)),
    request_body = FeedbackAnswer, responses((status = 200, body = FeedbackItem), (status = 403, body = Failure),
    (status = 404, body = Failure), (status = 422, body = Failure)))]
pub async fn answer(
    State(app): State<App>,
    Admin(admin): Admin,
    Path(id): Path<Uuid>,
    Json(given): Json<FeedbackAnswer>,
) -> Result<Json<FeedbackItem>> {
    let text = checked_text(&given.answer, "answer")?;
    let (now, inside) = (app.clock.now(), app.clone());
    let answer = move |tx: &mut WriteTx<'_>| {
        admin.still(tx)?;
        let mut feedback = store::get(tx, id)?.ok_or(Error::NotFound { what: "feedback" })?;
        let first = feedback.answer.replace(text).is_none();
        feedback.answered_at = Some(now);
        store::put(tx, &feedback)?;
        let open = auth::user(tx, feedback.user)?.is_some_and(|user| !user.disabled);
        if first && open {
            let mail = Mail::to(feedback.user, MailPurpose::FeedbackAnswered);
            mail.about(id).send(&inside, tx)?;
        }
        item(tx, feedback)
    };
    Ok(Json(app.store.write(answer).await?))
}

const COLUMNS: [&str; 9] = [
    "id",
    "created_at",
    "user_id",
    "email",
    "rating",
    "text",
    "correlation_id",
    "answered_at",
    "answer",
];

fn written(item: &FeedbackItem) -> String {
    let text = |at: Option<Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
    let rating = item.rating.map(|stars| stars.to_string());
    csv::row([
        item.id.to_string().as_str(),
        &item.created_at.to_string(),
        &item.user_id.to_string(),
        &item.email,
        &rating.unwrap_or_default(),
        &item.text,
        item.correlation_id.as_deref().unwrap_or_default(),
        &text(item.answered_at),
        item.answer.as_deref().unwrap_or_default(),
    ])
}

/// All of it as a table, newest first.
#[utoipa::path(get, path = "/api/admin/feedback/export", tag = "admin", responses(
    (status = 200, content_type = "text/csv", body = String), (status = 401, body = Failure), (status = 403, body = Failure)))]
pub async fn export(
    State(app): State<App>,
    client: Client,
    Admin(admin): Admin,
) -> Result<Response> {
    let by = admin.id;
    billing::admit_export(&app, by)?;
    let event = auth::Event::new(&app, What::FeedbackExported, auth::Actor::Administrator(by));
    let event = event.from(&client);
    let export = move |tx: &mut WriteTx<'_>| {
        admin.still(tx)?;
        event.record(tx)
    };
    app.store.write(export).await?;
    let table = app.store.read(|tx| {
        let mut table = csv::row(COLUMNS);
        for feedback in store::page(tx, false, None, usize::MAX)? {
            table += &written(&item(tx, feedback)?);
        }
        Ok::<_, Error>(table)
    })?;
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/csv; charset=utf-8"),
        ),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::from_static("attachment; filename=\"feedback.csv\""),
        ),
    ];
    Ok((headers, table).into_response())
}
