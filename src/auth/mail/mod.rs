//! What is written to people about their accounts.
//!
//! Must stay true: a mail in the queue holds its purpose, whose it is, and the id of the row it is about;
//! text and link are made when it is sent or shown, and are never stored or logged.

use serde::{Deserialize, Serialize};
use storage::WriteTx;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::error::Result;
use crate::jobs::{Job, Outcome};

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
    PasswordChanged,
    /// `row` is the event that tells what.
    SecondFactorChanged,
    PasskeyAdded,
    /// `row` is the event that tells how.
    NewSignIn,
    /// An administrator looked at a mail to this person; `row` is that mail.
    MailShown,
    /// `row` is the feedback.
    FeedbackAnswered,
}

/// A mail in the queue.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Mail {
    pub purpose: Purpose,
    pub user: Option<Uuid>,
    pub row: Option<Uuid>,
}

impl Mail {
    pub fn to(user: Uuid, purpose: Purpose) -> Self {
        Self {
            purpose,
            user: Some(user),
            row: None,
        }
    }

    pub fn about(mut self, row: Uuid) -> Self {
        self.row = Some(row);
        self
    }

    /// Queues it in the caller's transaction.
    pub fn send(&self, app: &App, tx: &mut WriteTx<'_>) -> Result<Uuid> {
        app.jobs.add(tx, KIND, self)
    }
}

/// Sends a mail of the queue.
pub async fn send(app: App, job: Job) -> Outcome {
    let _ = (&app, &job);
    Outcome::Hold("no mail server is configured (mail.smtp_url)".into())
}
