//! For administrators: what mail there is and what became of it, and the link of one that does not
//! arrive.
//!
//! Must stay true: text and link are answered by `show` alone, which stores who looked, and tells the
//! person, in the same transaction.

use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::{Read, WriteTx};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::letter::{self, Letter, Rendered};
use super::{KIND, Mail, OVER, Purpose, mailer, send_test};
use crate::app::App;
use crate::auth::audit::{Actor, Event, What};
use crate::auth::caller::{Admin, CurrentUser};
use crate::error::{Error, Result};
use crate::http::failure::Failure;
use crate::http::rate::Limit;
use crate::http::{Client, Json, Path, Query};
use crate::jobs::{Job, State as JobState};

/// A test goes out at once and to any address, so there are few.
const TESTS: Limit = Limit::per_hour(20);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum MailState {
    Waiting,
    /// No mail server is configured, or the data is held: it can be shown.
    Kept,
    Sent,
    Failed,
    /// Nobody needed it any more.
    Expired,
}

#[derive(Serialize, ToSchema)]
pub struct MailItem {
    pub id: Uuid,
    pub purpose: Purpose,
    /// None when nobody is there any more.
    pub to: Option<String>,
    pub user_id: Option<Uuid>,
    pub state: MailState,
    pub attempts: u32,
    pub last_error: Option<String>,
    pub created_at: Timestamp,
    pub next_try_at: Option<Timestamp>,
    pub sent_at: Option<Timestamp>,
}

#[derive(Serialize, ToSchema)]
pub struct MailList {
    /// Whether a mail server is configured.
    pub configured: bool,
    /// This data is a copy that nobody adopted, so nothing is sent.
    pub held: bool,
    /// Who mail comes from.
    pub from: Option<String>,
    pub items: Vec<MailItem>,
    pub next_before: Option<Uuid>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct MailQuery {
    pub limit: Option<usize>,
    /// `next_before` of the page before.
    pub before: Option<Uuid>,
}

/// A mail as it would be sent now.
#[derive(Serialize, ToSchema)]
pub struct ShownMail {
    pub to: String,
    pub subject: String,
    pub text: String,
    pub link: Option<String>,
}

impl From<Letter> for ShownMail {
    fn from(letter: Letter) -> Self {
        Self {
            to: letter.to,
            subject: letter.subject,
            text: letter.text,
            link: letter.link,
        }
    }
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct TestMail {
    pub to: String,
}

fn state(app: &App, job: &Job) -> MailState {
    let over = job
        .last_error
        .as_ref()
        .is_some_and(|reason| reason.starts_with(OVER));
    match job.state {
        JobState::Done => MailState::Sent,
        JobState::Failed if over => MailState::Expired,
        JobState::Failed => MailState::Failed,
        JobState::Waiting | JobState::Held if mailer(app).is_err() => MailState::Kept,
        JobState::Waiting | JobState::Held => MailState::Waiting,
    }
}

/// A page of mails, newest first.
pub(super) fn page(
    app: &App,
    tx: &impl Read,
    before: Option<Uuid>,
    limit: usize,
) -> Result<(Vec<MailItem>, Option<Uuid>)> {
    let mut jobs = app.jobs.list(tx, Some(KIND), before, limit + 1)?;
    let more = jobs.len() > limit;
    jobs.truncate(limit);
    let next = jobs.last().filter(|_| more).map(|job| job.id);
    let items = jobs
        .into_iter()
        .filter_map(|job| Some((Mail::of(&job)?, job)));
    let items = items.map(|(mail, job)| item(app, tx, &mail, job));
    Ok((items.collect::<Result<_>>()?, next))
}

fn item(app: &App, tx: &impl Read, mail: &Mail, job: Job) -> Result<MailItem> {
    let state = state(app, &job);
    Ok(MailItem {
        id: job.id,
        purpose: mail.purpose,
        to: letter::recipient(app, tx, mail)?,
        user_id: mail.user,
        state,
        attempts: job.attempts,
        last_error: job.last_error,
        created_at: job.created_at,
        next_try_at: job.due_at.filter(|_| state == MailState::Waiting),
        sent_at: job.ended_at.filter(|_| state == MailState::Sent),
    })
}

/// What mail there is, newest first.
#[utoipa::path(get, path = "/api/admin/mails", tag = "admin", params(MailQuery), responses(
    (status = 200, body = MailList), (status = 401, body = Failure), (status = 403, body = Failure)))]
pub async fn list(
    State(app): State<App>,
    _admin: Admin,
    Query(query): Query<MailQuery>,
) -> Result<Json<MailList>> {
    let limit = query.limit.unwrap_or(50).clamp(1, 1000);
    let (items, next_before) = app.store.read(|tx| page(&app, tx, query.before, limit))?;
    let configured = app.mailer.is_some();
    Ok(Json(MailList {
        configured,
        held: app.held(),
        from: configured.then(|| app.config.mail.from.clone()),
        items,
        next_before,
    }))
}

/// The text and link of a mail, for when it does not arrive. The person is told.
#[utoipa::path(post, path = "/api/admin/mails/{id}/show", tag = "admin", params(("id" = Uuid, Path)), responses(
    (status = 200, body = ShownMail), (status = 401, body = Failure), (status = 403, body = Failure),
    (status = 404, body = Failure), (status = 409, body = Failure, description = "mail_expired")))]
pub async fn show(
    State(app): State<App>,
    client: Client,
    Admin(admin): Admin,
    Path(id): Path<Uuid>,
) -> Result<Json<ShownMail>> {
    let event = Event::new(&app, What::MailShown, Actor::Administrator(admin.id)).from(&client);
    Ok(Json(look_at(&app, Some(admin), id, event).await?.into()))
}

/// Renders a mail for somebody it is not for, an administrator or the operator, with the event that says
/// so.
pub(super) async fn look_at(
    app: &App,
    by: Option<CurrentUser>,
    id: Uuid,
    event: Event,
) -> Result<Letter> {
    let inside = app.clone();
    let look = move |tx: &mut WriteTx<'_>| {
        if let Some(admin) = &by {
            admin.still(tx)?;
        }
        let (job, mail) = find(&inside, tx, id)?;
        let letter = match letter::render(&inside, tx, &job, &mail)? {
            Rendered::Letter(letter) => *letter,
            Rendered::Over(reason) => {
                let message = format!("This mail is over: {reason}.");
                return Err(Error::conflict("mail_expired", message));
            }
        };
        let event = event.detail(mail.purpose.word());
        let Some(user) = mail.user else {
            event.record(tx)?;
            return Ok(letter);
        };
        event.about(user).record(tx)?;
        if inside.mailer.is_some() && mail.purpose != Purpose::MailShown {
            Mail::to(user, Purpose::MailShown)
                .about(id)
                .send(&inside, tx)?;
        }
        Ok(letter)
    };
    app.store.write(look).await
}

fn find(app: &App, tx: &impl Read, id: Uuid) -> Result<(Job, Mail)> {
    let job = app.jobs.get(tx, id)?;
    let found = job.and_then(|job| Some((Mail::of(&job)?, job)));
    let (mail, job) = found.ok_or(Error::NotFound { what: "mail" })?;
    Ok((job, mail))
}

/// Has a mail sent again now, also one that was given up.
#[utoipa::path(post, path = "/api/admin/mails/{id}/retry", tag = "admin", params(("id" = Uuid, Path)), responses(
    (status = 202), (status = 401, body = Failure), (status = 403, body = Failure),
    (status = 404, body = Failure), (status = 409, body = Failure, description = "mail_sent")))]
pub async fn retry(
    State(app): State<App>,
    Admin(admin): Admin,
    Path(id): Path<Uuid>,
) -> Result<StatusCode> {
    let inside = app.clone();
    let again = move |tx: &mut WriteTx<'_>| {
        admin.still(tx)?;
        find(&inside, tx, id)?;
        if inside.jobs.retry(tx, id)? {
            return Ok(());
        }
        Err(Error::conflict("mail_sent", "This mail was sent already."))
    };
    app.store.write(again).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Sends a test now, to see whether the mail server takes it.
#[utoipa::path(post, path = "/api/admin/mails/test", tag = "admin", request_body = TestMail, responses(
    (status = 204), (status = 401, body = Failure), (status = 403, body = Failure), (status = 422, body = Failure),
    (status = 429, body = Failure), (status = 503, body = Failure, description = "mail_unavailable, with what the mail server said")))]
pub async fn test(
    State(app): State<App>,
    Admin(admin): Admin,
    Json(TestMail { to }): Json<TestMail>,
) -> Result<StatusCode> {
    app.rates.take("mail tests", &admin.id, TESTS)?;
    app.store.read(|tx| admin.still(tx))?;
    send_test(&app, &to).await?;
    Ok(StatusCode::NO_CONTENT)
}
