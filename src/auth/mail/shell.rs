//! The same as `admin` for whoever has a shell on the server, in plain text.

use uuid::Uuid;

use super::admin::{MailItem, MailState, look_at, page};
use super::{mailer, send_test};
use crate::app::App;
use crate::auth::audit::{Actor, Event, What};
use crate::error::Result;

/// Mails shown, newest first.
const MOST: usize = 100;

/// A line for each mail.
pub fn list(app: &App) -> Result<String> {
    let (items, more) = app.store.read(|tx| page(app, tx, None, MOST))?;
    let mut lines: Vec<_> = items.iter().map(line).collect();
    if lines.is_empty() {
        lines.push("There is no mail.".into());
    }
    if more.is_some() {
        lines.push(format!("Only the newest {MOST} are shown."));
    }
    if let Err(reason) = mailer(app) {
        lines.push(format!("Nothing is sent now: {reason}."));
    }
    Ok(lines.join("\n"))
}

fn line(item: &MailItem) -> String {
    let state = match item.state {
        MailState::Waiting => "waiting",
        MailState::Kept => "kept",
        MailState::Sent => "sent",
        MailState::Failed => "failed",
        MailState::Expired => "expired",
    };
    let to = item.to.as_deref().unwrap_or("(nobody any more)");
    let (id, at, purpose) = (item.id, item.created_at, item.purpose.word());
    let reason = item.last_error.as_ref().map(|reason| {
        let tries = item.attempts;
        format!("  ({tries} tries; {reason})")
    });
    let reason = reason.unwrap_or_default();
    format!("{id}  {at}  {state:8} {purpose:22} {to}{reason}")
}

/// A mail as it would be sent now. The person is told, like with an administrator.
pub async fn show(app: &App, id: Uuid) -> Result<String> {
    let event = Event::new(app, What::MailShown, Actor::Operator);
    let letter = look_at(app, None, id, event).await?;
    Ok(format!(
        "To: {}\nSubject: {}\n\n{}",
        letter.to,
        letter.subject,
        letter.text.trim_end()
    ))
}

/// Sends a test now; returns what the mail server said.
pub async fn test(app: &App, to: &str) -> Result<String> {
    let said = send_test(app, to).await?;
    Ok(format!("The mail server took it: {said}"))
}
