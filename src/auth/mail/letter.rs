//! From a job to a letter: who it goes to, whether it is still worth sending, and its two texts.
//!
//! Must stay true: a link is made here, from `server.public_url`, each time anew, and goes nowhere but
//! into the letter; a letter whose link was used, replaced or ran out is none any more.

use askama::Template;
use jiff::{SignedDuration, Timestamp};
use storage::Read;
use uuid::Uuid;

use super::words::{self, Words};
use super::{Mail, Purpose, facts};
use crate::app::App;
use crate::auth::invitations::{self, Standing};
use crate::auth::store::{self, User};
use crate::auth::{audit, links};
use crate::error::{Error, Result};
use crate::jobs::Job;

/// What only tells of something is not sent later than this.
const NEWS: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A mail as it would be sent now.
#[derive(Debug)]
pub struct Letter {
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    /// The link that is the mail's purpose.
    pub link: Option<String>,
}

/// What became of a mail in the queue.
#[derive(Debug)]
pub enum Rendered {
    Letter(Box<Letter>),
    /// Nobody needs it any more, for this reason.
    Over(&'static str),
}

/// What an invitation's mail needs to know.
#[derive(Debug)]
pub struct InvitationLetter {
    pub to: String,
    /// `invitations::link`: the token stands in its fragment.
    pub link: String,
    pub expires_at: Timestamp,
}

/// The letter of an open invitation; None when it is over, or names no address.
///
/// The one place where mail meets invitations: `row` is the invitation's id.
pub fn invitation_letter(app: &App, tx: &impl Read, row: Uuid) -> Result<Option<InvitationLetter>> {
    let open = invitations::get(tx, row)?
        .filter(|invitation| invitation.standing(app.clock.now()) == Standing::Open);
    Ok(open.and_then(|invitation| {
        Some(InvitationLetter {
            to: invitation.address?,
            link: invitations::link(app, row),
            expires_at: invitation.expires_at,
        })
    }))
}

#[derive(Template)]
#[template(path = "letter.html")]
struct Html<'a> {
    words: &'a Words,
    server: &'a str,
    support: &'a str,
}

#[derive(Template)]
#[template(path = "letter.txt")]
struct Text<'a> {
    words: &'a Words,
    server: &'a str,
    support: &'a str,
}

/// Lays words out for an address.
pub fn lay_out(app: &App, to: String, words: Words, link: Option<String>) -> Result<Letter> {
    let (server, support) = (&app.base(), &app.config.support.address);
    let failed = |e| Error::internal("writing a mail", e);
    let html = Html {
        words: &words,
        server,
        support,
    };
    let text = Text {
        words: &words,
        server,
        support,
    };
    Ok(Letter {
        text: text.render().map_err(failed)?,
        html: html.render().map_err(failed)?,
        subject: words.subject,
        to,
        link,
    })
}

/// The letter of a job as it is now.
pub fn render(app: &App, tx: &impl Read, job: &Job, mail: &Mail) -> Result<Rendered> {
    if mail.purpose == Purpose::Invitation {
        return invitation(app, tx, mail);
    }
    let user = mail.user.map(|id| store::user(tx, id)).transpose()?;
    let Some(user) = user.flatten() else {
        return Ok(Rendered::Over("the account is no more"));
    };
    if user.erasing && mail.purpose != Purpose::AccountDeleted {
        return Ok(Rendered::Over("the account is being deleted"));
    }
    match mail.purpose {
        Purpose::VerifyEmail => by_link(app, tx, mail, &user, links::Purpose::VerifyEmail),
        Purpose::ResetPassword => by_link(app, tx, mail, &user, links::Purpose::ResetPassword),
        _ => notice(app, tx, (job, mail), user),
    }
}

/// Who a mail goes to, as far as anybody can tell now.
pub fn recipient(app: &App, tx: &impl Read, mail: &Mail) -> Result<Option<String>> {
    match (mail.purpose, mail.user, mail.row) {
        (Purpose::Invitation, _, Some(row)) => {
            Ok(invitation_letter(app, tx, row)?.map(|letter| letter.to))
        }
        (_, Some(user), _) => Ok(store::user(tx, user)?.map(|user| user.email)),
        _ => Ok(None),
    }
}

fn invitation(app: &App, tx: &impl Read, mail: &Mail) -> Result<Rendered> {
    let found = match mail.row {
        Some(row) => invitation_letter(app, tx, row)?,
        None => None,
    };
    let now = app.clock.now();
    let Some(found) = found.filter(|found| now < found.expires_at) else {
        return Ok(Rendered::Over("the invitation is over"));
    };
    let known = &app.config.support.known_limits;
    let words = words::invitation(found.link.clone(), found.expires_at, known);
    letter(app, found.to, words, Some(found.link))
}

fn by_link(
    app: &App,
    tx: &impl Read,
    mail: &Mail,
    user: &User,
    purpose: links::Purpose,
) -> Result<Rendered> {
    let link = match mail.row {
        Some(row) => links::get(tx, user.id, row)?,
        None => None,
    };
    let Some(link) = link.filter(|link| link.purpose == purpose) else {
        return Ok(Rendered::Over("a newer link was asked for, or it ran out"));
    };
    let over = [
        (link.used_at.is_some(), "its link was used"),
        (app.clock.now() >= link.expires_at, "its link ran out"),
        (link.email != user.email, "the address was changed since"),
        (user.disabled, "the account is disabled"),
    ];
    if let Some((_, reason)) = over.iter().find(|(is_so, _)| *is_so) {
        return Ok(Rendered::Over(reason));
    }
    let (base, token) = (app.base(), links::token(app, link.id));
    let (url, words): (_, fn(String, Timestamp) -> Words) = match purpose {
        links::Purpose::VerifyEmail => (
            format!("{base}/verify-email?token={token}"),
            words::verify_email,
        ),
        links::Purpose::ResetPassword => (
            format!("{base}/reset-password#token={token}"),
            words::reset_password,
        ),
    };
    let words = words(url.clone(), link.expires_at);
    letter(app, link.email, words, Some(url))
}

fn notice(app: &App, tx: &impl Read, (job, mail): (&Job, &Mail), user: User) -> Result<Rendered> {
    let (base, at) = (app.base(), job.created_at);
    if app.clock.now().duration_since(at) >= NEWS {
        return Ok(Rendered::Over("it is older than seven days"));
    }
    let event = || match mail.row {
        Some(row) => audit::get(tx, row),
        None => Ok(None),
    };
    let gone = Ok(Rendered::Over("what it tells of is no longer known"));
    let words = match mail.purpose {
        Purpose::AddressTaken => words::address_taken(&base),
        Purpose::PasswordChanged => words::password_changed(&base, at, event()?.as_ref()),
        Purpose::PasskeyAdded => words::passkey_added(&base, at, event()?.as_ref()),
        Purpose::PasskeyRemoved => words::passkey_removed(&base, at, event()?.as_ref()),
        Purpose::FeedbackAnswered => words::feedback_answered(&base),
        Purpose::AccountDeleted => words::account_deleted(at),
        Purpose::SecondFactorChanged => match event()? {
            Some(event) => words::second_factor_changed(&base, &event),
            None => return gone,
        },
        Purpose::AccessAdded => match event()? {
            Some(event) => words::access_added(&base, &event),
            None => return gone,
        },
        Purpose::NewSignIn => match event()? {
            Some(event) => words::new_sign_in(&base, &event),
            None => return gone,
        },
        Purpose::MailShown => match shown(app, tx, mail)? {
            Some(purpose) => words::mail_shown(&base, purpose.in_words(), at),
            None => return gone,
        },
        Purpose::QuotaWarning
        | Purpose::TrialEnding
        | Purpose::SubscriptionStarted
        | Purpose::PaymentFailed
        | Purpose::SubscriptionEnded => {
            let told = mail.facts.as_ref();
            match told.and_then(|told| facts::words(app, mail.purpose, told, &user)) {
                Some(Ok(words)) => words,
                Some(Err(reason)) => return Ok(Rendered::Over(reason)),
                None => return gone,
            }
        }
        // They have a link, or no account.
        Purpose::VerifyEmail | Purpose::ResetPassword | Purpose::Invitation => return gone,
    };
    letter(app, user.email, words, None)
}

/// What the mail was for that a `MailShown` is about.
fn shown(app: &App, tx: &impl Read, mail: &Mail) -> Result<Option<Purpose>> {
    let job = mail.row.map(|row| app.jobs.get(tx, row)).transpose()?;
    let mail = job.flatten().and_then(|job| Mail::of(&job));
    Ok(mail.map(|mail| mail.purpose))
}

fn letter(app: &App, to: String, words: Words, link: Option<String>) -> Result<Rendered> {
    let letter = lay_out(app, to, words, link)?;
    Ok(Rendered::Letter(Box::new(letter)))
}
