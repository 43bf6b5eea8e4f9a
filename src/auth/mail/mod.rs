//! What is written to people about their accounts.
//!
//! Must stay true: a mail in the queue holds its purpose, whose it is, and the id of the row it is about,
//! or facts such as the name of a plan; text and link are made when it is sent or shown, and are never stored or logged; nobody is shown
//! somebody else's mail without that person being told.

pub(super) mod admin;
mod facts;
mod letter;
mod plan_words;
mod shell;
mod words;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use storage::WriteTx;
use utoipa::ToSchema;
use uuid::Uuid;

pub use facts::{Facts, Limited};
pub use shell::{list as list_in_words, show as show_in_words, test as test_in_words};

use crate::app::App;
use crate::error::{Error, Result};
use crate::jobs::{Job, Outcome};
use crate::metrics;
use crate::outside::{self, Mailer, Undelivered};
use letter::{Letter, Rendered};

/// The kind of job that sends one.
pub const KIND: &str = "auth.mail";

/// What a mail is for. The words are stable: pages know them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// `row` is the link.
    VerifyEmail,
    /// `row` is the link.
    ResetPassword,
    /// To somebody without an account; `row` is the invitation.
    Invitation,
    /// Somebody tried to register with an address that has an account.
    AddressTaken,
    /// `row`, if any, is the event that tells from where.
    PasswordChanged,
    /// `row` is the event that tells what.
    SecondFactorChanged,
    /// `row`, if any, is the event that tells from where.
    PasskeyAdded,
    /// `row`, if any, is the event that tells from where.
    PasskeyRemoved,
    /// There is an API token more, or another service tied to the account; `row` is the event.
    AccessAdded,
    /// `row` is the event that tells how.
    NewSignIn,
    /// An administrator looked at a mail to this person; `row` is that mail.
    MailShown,
    /// `row` is the feedback.
    FeedbackAnswered,
    /// Much or all of what a plan holds is used; `facts` is `Facts::Used`.
    QuotaWarning,
    /// `facts` is `Facts::Plan`, as with the three below.
    TrialEnding,
    SubscriptionStarted,
    PaymentFailed,
    SubscriptionEnded,
    /// Sent by the job that erases the account, before the account's row goes; see `say_goodbye`.
    AccountDeleted,
}

impl Purpose {
    /// The word that pages and programs know.
    fn word(self) -> String {
        let word = serde_json::to_value(self).unwrap_or_default();
        word.as_str().unwrap_or_default().to_owned()
    }

    /// The same for the person it went to.
    fn in_words(self) -> &'static str {
        match self {
            Self::VerifyEmail => "the one with the link that verifies your address",
            Self::ResetPassword => "the one with the link to set a new password",
            Self::Invitation => "your invitation",
            Self::AddressTaken => "the one about an account with your address",
            Self::PasswordChanged => "the one about your password",
            Self::SecondFactorChanged => "the one about your second factor",
            Self::PasskeyAdded => "the one about a new passkey",
            Self::PasskeyRemoved => "the one about a passkey that was removed",
            Self::AccessAdded => "the one about a new way into your account",
            Self::NewSignIn => "the one about a new sign-in",
            Self::MailShown => "the one about a mail that was shown",
            Self::FeedbackAnswered => "the one about your feedback",
            Self::QuotaWarning => "the one about what you used",
            Self::TrialEnding => "the one about the end of your trial",
            Self::SubscriptionStarted => "the one about the beginning of your subscription",
            Self::PaymentFailed => "the one about a payment that did not go through",
            Self::SubscriptionEnded => "the one about the end of your subscription",
            Self::AccountDeleted => "the one about the end of your account",
        }
    }
}

/// A mail in the queue.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Mail {
    pub purpose: Purpose,
    pub user: Option<Uuid>,
    pub row: Option<Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<Facts>,
}

impl Mail {
    pub fn to(user: Uuid, purpose: Purpose) -> Self {
        Self {
            purpose,
            user: Some(user),
            row: None,
            facts: None,
        }
    }

    pub fn about(mut self, row: Uuid) -> Self {
        self.row = Some(row);
        self
    }

    pub fn telling(mut self, facts: Facts) -> Self {
        self.facts = Some(facts);
        self
    }

    /// Queues it in the caller's transaction.
    pub fn send(&self, app: &App, tx: &mut WriteTx<'_>) -> Result<Uuid> {
        app.jobs.add(tx, KIND, self)
    }

    /// The mail that a job is to send.
    fn of(job: &Job) -> Option<Self> {
        let mail = (job.kind == KIND).then(|| serde_json::from_str(&job.payload));
        mail?.ok()
    }
}

/// What the reason of a mail begins with that nobody needs any more.
const OVER: &str = "not sent: ";
const HELD: &str = "this data is a copy that nobody has adopted (novacore adopt)";
const NO_SERVER: &str = "no mail server is configured (mail.smtp_url)";

/// The mail server, or why nothing may be handed to it.
fn mailer(app: &App) -> Result<&Mailer, &'static str> {
    if app.held() {
        return Err(HELD);
    }
    app.mailer.as_ref().ok_or(NO_SERVER)
}

/// Sends a mail of the queue.
pub async fn send(app: App, job: Job) -> Outcome {
    let outcome = tokio::select! {
        outcome = deliver(&app, &job) => outcome,
        () = app.tasks.stop.cancelled() => {
            Outcome::Retry("NovaCore stopped before the mail server had answered".into())
        }
    };
    match &outcome {
        Outcome::Done => metrics::mail("sent"),
        Outcome::Retry(_) => metrics::mail("delayed"),
        Outcome::Fail(reason) if reason.starts_with(OVER) => metrics::mail("expired"),
        Outcome::Fail(_) => metrics::mail("refused"),
        Outcome::Hold(_) | Outcome::Later(..) => {}
    }
    outcome
}

async fn deliver(app: &App, job: &Job) -> Outcome {
    let Some(mail) = Mail::of(job) else {
        return Outcome::Fail("this program does not know what the mail is for".into());
    };
    deliver_to(app, job, &mail).await
}

async fn deliver_to(app: &App, job: &Job, mail: &Mail) -> Outcome {
    let letter = match app.store.read(|tx| letter::render(app, tx, job, mail)) {
        Ok(Rendered::Letter(letter)) => letter,
        Ok(Rendered::Over(reason)) => return Outcome::Fail(format!("{OVER}{reason}")),
        Err(error) => return Outcome::Retry(error.to_string()),
    };
    let mailer = match mailer(app) {
        Ok(mailer) => mailer,
        Err(reason) => return Outcome::Hold(reason.into()),
    };
    let letter = outgoing(job.id, *letter);
    match Box::pin(mailer.send(&letter)).await {
        Ok(_) => Outcome::Done,
        Err(Undelivered::Refused(reason)) => Outcome::Fail(reason),
        Err(Undelivered::Later(reason)) => Outcome::Retry(reason),
    }
}

/// How long an erasure waits for the mail server.
const GOODBYE: Duration = Duration::from_secs(30);

/// Tells somebody that their account is being deleted, for the job that does it. One try, and whatever
/// comes of it the deletion goes on: nobody's data stays because a mail server is away.
pub async fn say_goodbye(app: &App, job: &Job, user: Uuid) {
    let mail = Mail::to(user, Purpose::AccountDeleted);
    let sending = app.clock.timeout(GOODBYE, deliver_to(app, job, &mail));
    let stopped = app.tasks.stop.cancelled();
    let outcome = tokio::select! {
        outcome = sending => outcome.unwrap_or(Outcome::Retry("it took too long".into())),
        () = stopped => return,
    };
    match outcome {
        Outcome::Done => metrics::mail("sent"),
        Outcome::Hold(why) | Outcome::Later(_, why) => {
            tracing::info!(job = %job.id, why, "an account is erased without a mail about it");
        }
        Outcome::Retry(reason) | Outcome::Fail(reason) => {
            metrics::mail("refused");
            tracing::warn!(job = %job.id, reason, "the mail about the end of an account was not taken; the account is erased all the same");
        }
    }
}

fn outgoing(id: Uuid, letter: Letter) -> outside::Letter {
    outside::Letter {
        id,
        to: letter.to,
        subject: letter.subject,
        text: letter.text,
        html: letter.html,
    }
}

/// Sends a test now; returns what the mail server said.
async fn send_test(app: &App, to: &str) -> Result<String> {
    let unavailable = |reason: &str| Error::Unavailable {
        code: "mail_unavailable",
        message: format!("The test was not sent: {reason}."),
    };
    let to = crate::auth::address::checked_address(to)?;
    let mailer = mailer(app).map_err(unavailable)?;
    let letter = letter::lay_out(app, to, words::test(), None)?;
    let letter = outgoing(app.ids.next(), letter);
    // A whole conversation is a large thing to carry around.
    let sent = Box::pin(mailer.send(&letter)).await;
    sent.map_err(|undelivered| unavailable(undelivered.reason()))
}

/// What it means that there is no mail server, for whoever starts the program.
pub fn warn_without_mail() {
    tracing::warn!(
        "no mail server is configured (mail.smtp_url): mail is kept and not sent, so nobody gets links to verify an address or to set a new password by themselves; an administrator can show them, on the page under Administration, Mail, or with `novacore mail list` and `novacore mail show`"
    );
}

/// At the start: looks again at what was kept while there was no mail server.
pub async fn start(app: &App) -> Result<()> {
    if mailer(app).is_err()
        || app
            .store
            .read(|tx| app.jobs.list(tx, None, None, 1))?
            .is_empty()
    {
        return Ok(());
    }
    app.jobs.release().await
}
